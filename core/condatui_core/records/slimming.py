"""What a service would not need of an environment: each file in one class, each class with its risk."""

from __future__ import annotations

from typing import Literal, NamedTuple

from msgspec import Struct

from condatui_core.fs.tree import PathKind
from condatui_core.records.comparison import Source

SlimClass = Literal[
    "leaves",
    "developer-packages",
    "installer-leftovers",
    "second-blas",
    "unused-cuda",
    "stale-python",
    "caches",
    "conda-meta",
    "byte-code",
    "debug-symbols",
    "static-libraries",
    "second-versions",
    "headers",
    "build-files",
    "tests",
    "man-and-info",
    "documentation",
    "translations",
    "kept",
]
"""Why a service would not need a file, and `kept` for all that it may need; public names."""

Risk = Literal["none", "low", "medium"]
"""How likely a service misses what is left out; public."""


# What is read of a prefix


class EnvironmentFile(NamedTuple):
    """One path of a prefix."""

    path: str
    """Relative to the prefix; `.` is the prefix itself."""
    kind: PathKind
    inode: tuple[int, int]
    """Device and number, which all hard links to a file share."""
    bytes: int
    """Allocated bytes."""
    size: int
    """The bytes of its contents; 0 for all that is no regular file."""
    links: int
    """All its hard links, also outside the prefix."""
    owner: int | None = None
    """The index of its package among conda's packages followed by pip's distributions; None for one of no package."""
    target: str = ""
    """Where a symlink leads, as it is written."""


class LibraryNeeds(Struct, frozen=True):
    """What a shared library or a program loads by its own header, as far as it was read."""

    path: str
    """Relative to the prefix."""
    soname: str = ""
    """The name by which others load it; empty if it states none."""
    needed: tuple[str, ...] = ()
    """The names of the libraries that it loads when it is loaded itself."""


class SurveyedFiles(Struct, frozen=True, kw_only=True):
    """All files of a prefix, with what had to be read of some of them."""

    files: tuple[EnvironmentFile, ...]
    """Each directory before its contents; without other environments and package caches inside."""
    libraries: tuple[LibraryNeeds, ...] = ()
    """Empty unless there is something to decide by them."""
    imported_tests: frozenset[str] = frozenset()
    """The directories of tests that code outside of them imports."""
    asked_of_pip: frozenset[str] | None = None
    """The distributions that pip was asked for, by canonical name; None if what installed them did not note it."""
    unreadable: tuple[str, ...] = ()
    """Directories that could not be listed or that were not looked into, and why, a line each."""


# What follows from it


class SlimmedClass(Struct, frozen=True, kw_only=True):
    """All files of one class. Each inode counts once, however many links it has."""

    name: SlimClass
    label: str
    """What it is, in a few words."""
    risk: Risk
    """`none` for what is kept."""
    why: str
    """Why a service does not need it and what it costs to leave it out, one sentence."""
    bytes: int = 0
    """Allocated bytes, as `du` counts: all classes add up to the total of the environment."""
    image_bytes: int = 0
    """Bytes of contents, which an image weighs: the same in every file system, and nothing for directories."""
    frees: int = 0
    """What `df` gains here if just this class is deleted: bytes of inodes that have no link elsewhere."""
    files: int = 0
    """Inodes that are no directories."""


class SlimmedPackage(Struct, frozen=True, kw_only=True):
    """A package that a service does not need, with its files but without directories, which packages share."""

    name: str
    """conda's name, or pip's as it spells it."""
    version: str
    source: Source
    class_name: SlimClass
    needed_by: tuple[str, ...] = ()
    """Which others of its class need it; empty for those that nothing needs, with which the chain begins."""
    bytes: int = 0
    image_bytes: int = 0
    frees: int = 0
    files: int = 0


class Slimming(Struct, frozen=True, kw_only=True):
    """What a service would not need of one environment."""

    prefix: str
    total: int
    """Allocated bytes of the environment, as `disk` counts them."""
    image_bytes: int
    """What all of it weighs in an image: the contents of each file once."""
    frees: int
    """What `df` gains here if everything but `kept` is deleted."""
    classes: tuple[SlimmedClass, ...]
    """All classes in their order, also those without a file; they add up to the total."""
    packages: tuple[SlimmedPackage, ...] = ()
    """The packages that go as a whole, the largest first: leaves, developer packages, installers, BLAS, CUDA."""
    cannot_travel: tuple[str, ...] = ()
    """What lies outside of the prefix, or is not what conda has recorded, so that no image has it; a line each."""
    limits: tuple[str, ...] = ()
    """What could not be told, and why, a sentence each."""

    @property
    def leaves(self) -> tuple[SlimmedPackage, ...]:
        """The packages that nobody requested and that nothing requested needs, the largest first."""
        return tuple(each for each in self.packages if each.class_name == "leaves")

    def of(self, name: SlimClass) -> SlimmedClass:
        """What is in one class."""
        return next(each for each in self.classes if each.name == name)


class SparedPackage(Struct, frozen=True):
    """A package that stays because the user has named it, or one that needs it."""

    name: str
    class_name: SlimClass
    """The class that it would be of otherwise."""


class SlimmedFiles(Struct, frozen=True, kw_only=True):
    """What a service would not need, and the class of every path."""

    slimming: Slimming
    class_of: dict[str, SlimClass]
    """By path relative to the prefix, `.` for the prefix itself; directories too."""
    files: tuple[EnvironmentFile, ...]
    """All that was counted."""
    spared: tuple[SparedPackage, ...] = ()
    """The packages that would go as a whole if the user had not named some that stay."""
