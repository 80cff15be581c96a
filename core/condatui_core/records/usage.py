"""Records of what a command has used of an environment: what was seen while it ran, and what that says of packages."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

from condatui_core.records.comparison import Source

RunEnd = Literal["exited", "timed-out", "stopped"]
"""How a traced command came to its end: by itself, by the time limit, or because the user stopped it."""

RUN_SECONDS = 60.0
"""How long a command runs unless the user says otherwise: a service has read most of what it needs by then."""

PackageUse = Literal["used", "needed", "metadata", "never"]
"""What a run says of a package: its files were opened; what was used needs it; nothing but its metadata was read; none.
"""
PACKAGE_USES: tuple[PackageUse, ...] = ("used", "needed", "metadata", "never")
"""All of them, in the order in which they are shown."""

BlindSpot = Literal[
    "not-python",
    "untraced-python",
    "no-audit-hook",
    "ended-early",
    "too-many-files",
    "no-maps",
    "cut-off",
    "import-only",
    "program-outside",
    "scripts-not-run",
    "writes",
    "outside",
]
"""A reason why a run may have used more than was seen, or differs from a run elsewhere."""


class Run(Struct, frozen=True, kw_only=True):
    """What is to be run in an environment, and how."""

    command: tuple[str, ...] = ()
    """The program and its arguments; empty to import modules instead."""
    modules: tuple[str, ...] = ()
    """Modules that the Python of the environment imports, if there is no command."""
    directory: str
    """Where it runs, and where the modules may lie too."""
    seconds: float
    """How long it may run; 0 for as long as it likes."""
    output: int | None = None
    """The descriptor to which it writes, stdout and stderr alike; None if only its last lines are wanted."""


class SeenProcess(Struct, frozen=True, kw_only=True):
    """A process of a traced command."""

    pid: int
    program: str
    """The path of the program that it ran; empty if it ended before that could be seen."""


class Trace(Struct, frozen=True, kw_only=True):
    """What was seen while a command ran; all paths are absolute, as the processes spelled them."""

    command: tuple[str, ...]
    end: RunEnd
    exit_code: int | None
    """Negative if a signal ended it; None if it could not be ended."""
    seconds: float
    opened: frozenset[str] = frozenset()
    """Files that Python opened, inside the environment or, of code, anywhere."""
    written: frozenset[str] = frozenset()
    """Those that it opened for writing."""
    mapped: frozenset[str] = frozenset()
    """Programs and libraries that were mapped into the memory of a process."""
    told: frozenset[int] = frozenset()
    """The ids of the Python processes that told what they opened."""
    ended: frozenset[int] = frozenset()
    """Those of them that came to their end in order, so that all their libraries were seen."""
    without_hooks: tuple[str, ...] = ()
    """The Pythons that are too old to tell which files they open: they named their modules at their end."""
    processes: tuple[SeenProcess, ...] = ()
    """The processes that were seen from outside, not those that were over at once."""
    overflowed: bool = False
    """Whether a process opened more files than are written down."""
    sees_maps: bool = True
    """Whether this system tells what is mapped."""


class Blind(Struct, frozen=True, kw_only=True):
    """Something that a run could not show, or that holds for this run alone."""

    id: BlindSpot
    """A public, stable id."""
    message: str
    """One line."""
    evidence: tuple[str, ...] = ()
    """Such as the programs, scripts or directories that are meant."""


class PackageUsage(Struct, frozen=True, kw_only=True):
    """What a run says of one package."""

    name: str
    """conda's name, or pip's canonical one."""
    source: Source
    """Which of them has installed it."""
    use: PackageUse
    """The mark."""
    bytes: int = 0
    """What its files take, as its record states it."""
    files: int = 0
    """How many of its files were opened or mapped, its metadata not counted."""
    example: str = ""
    """One of them, relative to the prefix; empty if there is none."""
    needed_by: str = ""
    """A package that needs it, if it was not used itself."""


class Usage(Struct, frozen=True, kw_only=True):
    """What a run of a command says of an environment."""

    command: tuple[str, ...]
    """Credentials masked."""
    modules: tuple[str, ...] = ()
    """The modules that it imported, and nothing else; empty for a command of the user's."""
    end: RunEnd
    """How it came to its end: by itself, by the time limit, or because the user stopped it."""
    exit_code: int | None
    """Negative if a signal ended it; None if it could not be ended."""
    seconds: float
    """How long it ran."""
    packages: tuple[PackageUsage, ...]
    """All of the environment: in the order of `PACKAGE_USES`, the largest first."""
    loose: tuple[str, ...] = ()
    """Files in the environment that were used and belong to no package, relative to the prefix."""
    blind: tuple[Blind, ...] = ()
    """What the run could not show."""
    last_lines: tuple[str, ...] = ()
    """The last that it has written, where nobody else got to read it; foreign text."""

    def of(self, use: PackageUse) -> tuple[PackageUsage, ...]:
        """The packages with one mark."""
        return tuple(each for each in self.packages if each.use == use)
