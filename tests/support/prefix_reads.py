"""What this very process reads of a prefix, seen from outside of all code: by the interpreter's audit events."""

from __future__ import annotations

import os
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field


@dataclass
class PrefixReads:
    """How often each record, and each RECORD of pip, was opened to be parsed, and each directory listed."""

    prefix: str
    records: Counter[str] = field(default_factory=Counter)
    directories: Counter[str] = field(default_factory=Counter)
    of_pip: Counter[str] = field(default_factory=Counter)
    opened: Counter[str] = field(default_factory=Counter)
    """All that was opened or listed, or was to be: a slow disk lets each of them wait."""

    @property
    def parses(self) -> int:
        """The most often that one record was read."""
        return max(self.records.values(), default=0)

    @property
    def walks(self) -> int:
        """The most often that one directory was listed; conda-meta is listed once more for each reading of records."""
        found = (count for path, count in self.directories.items() if os.path.basename(path) != "conda-meta")
        return max(found, default=0)

    def note(self, event: str, arguments: tuple[object, ...]) -> None:
        """Take note of an event if it is of this prefix."""
        path = arguments[0]
        if not isinstance(path, str) or not path.startswith(self.prefix):
            return
        relative = os.path.relpath(path, self.prefix)
        self.opened[relative] += 1
        if event == "os.scandir":
            self.directories[relative] += 1
        elif event == "open" and relative.endswith(".dist-info/RECORD"):
            self.of_pip[relative] += 1
        elif event == "open" and relative.startswith("conda-meta/") and relative.endswith(".json"):
            # What is only copied is opened without following a link (`open_regular`).
            flags = arguments[2]
            if isinstance(flags, int) and not flags & (os.O_NOFOLLOW | os.O_WRONLY | os.O_RDWR):
                self.records[relative] += 1


_watching: list[PrefixReads] = []
_hooked: list[bool] = []


@contextmanager
def reads_of(prefix: object) -> Iterator[PrefixReads]:
    """Count what is read of a prefix meanwhile, in any thread."""
    if not _hooked:  # a hook cannot be taken away again
        sys.addaudithook(_note)
        _hooked.append(True)
    reads = PrefixReads(str(prefix))
    _watching.append(reads)
    try:
        yield reads
    finally:
        _watching.remove(reads)


def _note(event: str, arguments: tuple[object, ...]) -> None:
    if _watching and event in ("open", "os.scandir", "os.listdir"):
        for each in tuple(_watching):
            each.note(event, arguments)
