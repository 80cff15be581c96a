"""The private directory into which traced Pythons write, and the reading of what they wrote."""

from __future__ import annotations

import os
import tempfile
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from condatui_core.errors import CondatuiError
from condatui_core.fs.delete_tree import delete_tree
from condatui_core.fs.safe_read import read_bounded

HOOK = Path(__file__).with_name("hook")
"""The directory with the `sitecustomize` that each traced Python imports."""
_LARGEST = 64 << 20
"""Bytes of what one process wrote."""
_LONGEST_PID = 20


class TraceNotes:
    """Made before a command starts, removed when it is over. Its methods touch the disk: call them in a thread."""

    def __init__(self) -> None:
        try:
            self.directory = tempfile.mkdtemp(prefix="condatui-trace-")
        except OSError as error:
            hint = "Free some space there, or set TMPDIR to another directory."
            raise CondatuiError("No temporary directory could be made for the trace.", str(error), hint) from error

    def added_to(self, environ: Mapping[str, str], prefix: str) -> dict[str, str]:
        """The variables by which each Python that the command starts writes down what it opens.

        The user's own PYTHONPATH stays behind the hook, and Python writes no byte code.
        """
        path = os.pathsep.join(filter(None, (str(HOOK), environ.get("PYTHONPATH"))))
        prefixes = os.pathsep.join(dict.fromkeys((prefix, os.path.realpath(prefix))))
        return {
            **environ,
            "PYTHONPATH": path,
            "PYTHONDONTWRITEBYTECODE": "1",
            "CONDATUI_TRACE": self.directory,
            "CONDATUI_TRACE_PREFIXES": prefixes,
        }

    def read(self) -> Told:
        """What was written so far; what makes no sense, or cannot be read, is passed over."""
        told = Told()
        try:
            paths = sorted(Path(self.directory).iterdir())
        except OSError:  # the command may clean up all of TMPDIR
            paths, told.overflowed = [], True
        for path in paths:
            try:
                data = read_bounded(str(path), _LARGEST)
            except OSError:  # the command may have put anything there
                told.overflowed = True
                continue
            told.add(data)
        return told

    def remove(self) -> None:
        """Remove the directory, as far as that is possible."""
        delete_tree(self.directory)


@dataclass(slots=True)
class Told:
    """What the traced Pythons wrote down."""

    paths: Mapping[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    """By the letter of the hook, `o`, `w`, `l` and `m`, the paths."""
    pids: set[int] = field(default_factory=set)
    ended: set[int] = field(default_factory=set)
    without_hooks: set[str] = field(default_factory=set)
    overflowed: bool = False

    def add(self, data: bytes) -> None:
        """Take in what one process, and those that it forked, wrote."""
        program = ""
        for kind, text in _lines(data):
            if kind in "owlm":
                self.paths[kind].add(text)
            elif kind in "pe" and len(text) <= _LONGEST_PID and text.isascii() and text.isdigit():
                (self.pids if kind == "p" else self.ended).add(int(text))
            elif kind == "x":
                program = text
            elif kind == "n":
                self.without_hooks.add(program)
            elif kind == "f":
                self.overflowed = True


def _lines(data: bytes) -> Iterator[tuple[str, str]]:
    for line in data.split(b"\0")[:-1]:  # the last one may be cut off
        text = os.fsdecode(line)
        if text:
            yield text[0], text[1:]
