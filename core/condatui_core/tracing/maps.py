"""What the processes of a command have mapped into their memory, as the kernel tells: programs and libraries."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from condatui_core.records.usage import SeenProcess

_DELETED = b" (deleted)"
_ESCAPED = re.compile(rb"\\([0-7]{3})")
_LARGEST = 16 << 20
"""Bytes of a process's maps; one with ten thousand libraries has a tenth of that."""


@dataclass(slots=True)
class Sightings:
    """What was seen of processes, from one look to the next."""

    mapped: set[str] = field(default_factory=set)
    programs: dict[tuple[int, str], None] = field(default_factory=dict)
    """Process ids with programs: one process may run several, one after the other."""

    def look_at(self, pids: Iterable[int]) -> None:
        """Look at these processes; blocks. Those that are gone, or may not be looked at, are passed over."""
        for pid in pids:
            try:
                program = os.readlink(f"/proc/{pid}/exe")
                self.mapped.update(mapped_files(_read(f"/proc/{pid}/maps")))
            except OSError:
                continue
            self.programs[pid, program.removesuffix(os.fsdecode(_DELETED))] = None

    @property
    def processes(self) -> tuple[SeenProcess, ...]:
        """The processes with their programs, in the order in which they were seen."""
        return tuple(SeenProcess(pid=pid, program=program) for pid, program in self.programs)


def can_be_seen() -> bool:
    """Whether this system tells what a process has mapped."""
    return os.path.exists("/proc/self/maps")


def mapped_files(maps: bytes) -> Iterator[str]:
    """The paths of the files in the text of `/proc/PID/maps`; shared memory and anonymous maps are none."""
    for line in maps.splitlines():
        parts = line.split(None, 5)
        if len(parts) == 6 and parts[5].startswith(b"/"):
            path = _ESCAPED.sub(lambda match: bytes([int(match[1], 8)]), parts[5])
            yield os.fsdecode(path.removesuffix(_DELETED))


def _read(path: str) -> bytes:
    with open(path, "rb") as stream:
        return stream.read(_LARGEST)
