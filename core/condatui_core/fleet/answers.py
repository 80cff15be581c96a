"""Judge what a host has said: its snapshot, or why there is none."""

from __future__ import annotations

import base64
import binascii
import re

from condatui_core.collector.main import BEGIN, END
from condatui_core.errors import CondatuiError
from condatui_core.fleet.messages import HostAnswer
from condatui_core.records.fleet import HostState
from condatui_core.records.host_snapshot import HostSnapshot
from condatui_core.snapshots.machine import verified_snapshot
from condatui_core.text import mask_credentials, sanitize

_NOT_CONNECTED = 255
"""What ssh exits with if there is no connection, or it is lost."""
_NOT_FOUND = 127
_LET_NOT_IN = re.compile(r"permission denied|host key verification|too many authentication|no matching host key", re.I)
_BEFORE_THE_REASON = re.compile(r"ssh: (?:connect to host \S+ port \d+: )?")
_OWN_WORDS = re.compile(r"condatui-failed \d+")
_LONGEST = 200
_LINE_ENDS = b"\r\n"


class NoSnapshotError(Exception):
    """A host has given no snapshot."""

    def __init__(self, state: HostState, reason: str) -> None:
        super().__init__(state, reason)
        self.state: HostState = state
        self.reason = reason
        """In a line, sanitized."""


def snapshot_in(answer: HostAnswer, *, timeout: float) -> HostSnapshot:
    """The snapshot in what a host has said, checked as any other. NoSnapshotError if there is none."""
    if answer.ended == "timed-out":
        raise NoSnapshotError("timed-out", f"it has not come to an end within {timeout:g} s")
    if answer.ended == "too-much":
        raise NoSnapshotError("no-snapshot", "it said far more than a snapshot has")
    data = _between_marks(answer.said)
    if not data:
        raise _without_data(answer)
    try:
        return verified_snapshot(base64.b64decode(data, validate=True), answer.host)
    except binascii.Error:
        raise NoSnapshotError("no-snapshot", "what it said was damaged on its way") from None
    except CondatuiError as error:
        raise NoSnapshotError("no-snapshot", _line(error.title)) from error


def _between_marks(said: bytes) -> bytes:
    """What stands between the two marks, without line ends; empty if one of them is missing."""
    lines = [line.strip(_LINE_ENDS) for line in said.split(b"\n")]
    try:
        begin = lines.index(BEGIN.encode())
        return b"".join(lines[begin + 1 : lines.index(END.encode(), begin)])
    except ValueError:
        return b""


def _without_data(answer: HostAnswer) -> NoSnapshotError:
    words = _last_line(answer.complained)
    if answer.exit_code is None:
        return NoSnapshotError("failed", words or "it was ended before it was done")
    if answer.exit_code == _NOT_CONNECTED:
        state: HostState = "denied" if _LET_NOT_IN.search(answer.complained) else "unreachable"
        return NoSnapshotError(state, words or "there is no connection")
    if answer.exit_code == _NOT_FOUND:
        return NoSnapshotError("nothing-to-run", words or "there is no python3")
    if words or answer.exit_code:
        return NoSnapshotError("failed", words or f"the command there exited with {answer.exit_code}")
    said = _first_line(answer.said.decode("utf-8", "replace"))
    return NoSnapshotError("no-snapshot", f"it said `{said}`" if said else "it said nothing")


def _last_line(complained: str) -> str:
    """The last line of what a command complained of, which is the error itself."""
    lines = [line for line in complained.splitlines() if line.strip() and not _OWN_WORDS.fullmatch(line.strip())]
    return _line(_BEFORE_THE_REASON.sub("", lines[-1], count=1)) if lines else ""


def _first_line(text: str) -> str:
    return _line(next((line for line in text.splitlines() if line.strip()), ""))


def _line(text: str) -> str:
    line = sanitize(mask_credentials(text.strip()[: 4 * _LONGEST]))
    return line if len(line) <= _LONGEST else f"{line[: _LONGEST - 1]}…"
