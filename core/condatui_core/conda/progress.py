"""Reads how far a command of conda has come, from what little it tells while it runs.

With `--json`, conda tells of downloads alone, and only to a terminal (since 23.9): an object for each piece that has
come, then one for each package when all of them are unpacked. Nothing depends on it: what is not understood is output.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec
from msgspec import Struct


class CondaProgress(Struct, frozen=True):
    """What a conda is doing, as far as it tells."""

    doing: str
    """In words: `downloading numpy-1.26.4`."""
    percent: int | None = None
    """How much of it is done; None if it does not tell."""


# By the command


_CHANGING = ("create", "install")


def tells_progress(argv: Sequence[str]) -> bool:
    """Whether a command of conda tells a terminal what it downloads."""
    return _command(argv) in _CHANGING and "--json" in argv and "--dry-run" not in argv


def told_environ(environ: Mapping[str, str]) -> Mapping[str, str]:
    """The variables for a command that is to tell: conda tells nothing to a terminal that is called dumb."""
    return {**environ, "TERM": "xterm"}


def doing_at_first(argv: Sequence[str]) -> str:
    """What a command of conda does before it tells anything, in words; empty if it changes no packages."""
    command = _command(argv)
    if command not in (*_CHANGING, "remove"):
        return ""
    if "--dry-run" in argv:
        return "solving"
    if command == "remove":
        return "removing"
    return "linking" if "--file" in argv or "--clone" in argv else "solving, then linking"


def _command(argv: Sequence[str]) -> str:
    return argv[1] if len(argv) > 1 else ""


# By what it writes


PROGRESS_BEGINNING = b'{"fetch":'
"""How each line that tells of progress begins."""
_LABEL = 20
"""Characters of a package's name and version that conda tells at most."""


class _Told(Struct, frozen=True):
    fetch: str
    progress: float
    finished: bool = False


_TOLD = msgspec.json.Decoder(_Told)


class ProgressReader:
    """Reads the lines of one command."""

    def __init__(self) -> None:
        self._shares: dict[str, float] = {}
        """How much of each package has come, in the order in which they began: at most 1."""
        self._finished: set[str] = set()

    def read(self, line: bytes) -> bool:
        """Take in a line; whether it tells of progress, so that it is no output."""
        if not line.startswith(PROGRESS_BEGINNING):
            return False
        try:
            told = _TOLD.decode(line)
        except (msgspec.DecodeError, UnicodeDecodeError):
            return False
        label = told.fetch
        self._shares[label] = max(self._shares.get(label, 0.0), min(told.progress, 1.0))
        if told.finished:
            self._finished.add(label)
        return True

    @property
    def now(self) -> CondaProgress:
        """What conda is doing: of several downloads the first that is not over."""
        coming = [(label, share) for label, share in self._shares.items() if share < 1]
        if coming:
            label, share = coming[0]
            more = f" and {len(coming) - 1} more" if len(coming) > 1 else ""
            return CondaProgress(f"downloading {_package(label)}{more}", int(max(share, 0) * 100))
        return CondaProgress("linking" if len(self._finished) == len(self._shares) else "unpacking")


def _package(label: str) -> str:
    """The package in a label such as `numpy-1.26.4         | 8.1 MB    | `, which conda cuts after some characters."""
    padded = label.partition(" | ")[0]
    name = padded.strip()
    return f"{name.rstrip('.')}…" if len(name) == _LABEL else name
