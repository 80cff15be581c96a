"""Records of a prefix: what points to it, what a probe shows, and its contents."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from msgspec import Struct

from condatui_core.records.finding import Problem
from condatui_core.records.package import (
    Distribution,
    LeftoverDistribution,
    MalformedPin,
    PackageRecord,
    PathOutside,
    Replacement,
    StaleSitePackages,
    UnmetDependency,
)
from condatui_core.text import sanitize

# Pointers and probes


class PrefixPointer(Struct, frozen=True, kw_only=True):
    """A prefix that something on this machine points to."""

    prefix: str
    """The real path."""
    aliases: tuple[str, ...] = ()
    """Symlinks to it that were listed as well."""
    sources: tuple[str, ...] = ()
    """What points to it: `environments.txt`, `conda`, an envs directory, a root directory, `the command line` …"""
    envs_dir: str | None = None
    """The envs directory that contains it (or an alias), in which its directory's name is its name."""
    root: bool = False
    """Whether it is the root prefix of an installation."""


ManagingTool = Literal[
    "pixi", "conda-workspaces", "conda-project", "conda-global", "conda-exec", "conda-express", "snakemake"
]


class Manager(Struct, frozen=True, kw_only=True):
    """A tool that has made an environment, and keeps it as its own manifest says."""

    tool: ManagingTool
    project: str = ""
    """The directory of its project or workspace; empty if there is none, or if it is unknown."""
    environment: str = ""
    """The name that it has in its project; empty if it has none there."""
    manifest: str = ""
    """The file by which the tool makes it; empty if that is unknown."""
    command: str = ""
    """The tool's own command, for a shell, by which it goes; empty if the tool has none."""
    removes: str = "it"
    """What that command removes, in words that follow `removes`."""

    @property
    def advice(self) -> str:
        """What to do instead of changing it behind the tool, with the tool's own command."""
        how = f"change it with {self.tool}" + (f", by {sanitize(self.manifest)}" if self.manifest else "")
        return f"{how}; `{sanitize(self.command)}` removes {self.removes}" if self.command else how


SetAsideBy = Literal["removing", "merging", "restoring"]
"""What a job does that sets an environment aside: removes it, merges it into another, or brings back a former state."""


class PrefixProbe(Struct, frozen=True, kw_only=True):
    """What can be seen of a prefix without reading what it holds."""

    exists: bool
    readable: bool = True
    """Whether its conda-meta can be listed."""
    has_conda_meta: bool = False
    has_history: bool = False
    half_made: bool = False
    """Whether condatui is creating it, or was interrupted while it did."""
    set_aside_from: str = ""
    """Where it was, if a job has set it aside and has not ended, or not yet; otherwise empty."""
    set_aside_by: SetAsideBy | None = None
    """What that job does; None if none has set it aside."""
    remains: tuple[str, ...] = ()
    """For a directory that is not an environment: its entries that suggest one (`conda-meta`, `bin`, `lib`)."""
    writable: bool | None = None
    owner: str = ""
    manager: Manager | None = None
    """The tool that manages it; None for conda and mamba themselves."""
    project: str = ""
    """The directory of the project that it belongs to; empty if it belongs to none."""


# Contents


class Revision(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One transaction in conda-meta/history."""

    number: int
    """The number in `conda list --revisions`, from 0."""
    at: datetime | None = None
    """The time in UTC (the file has local time without a zone); None if the line cannot be parsed."""
    command: str = ""
    """The `# cmd:` line with the program's name alone, credentials masked."""
    program: str = ""
    """The absolute path of the conda that ran it; empty if the line has none."""
    conda_version: str = ""
    added: tuple[str, ...] = ()
    """Added packages, as `name-version-build`."""
    removed: tuple[str, ...] = ()
    """Removed packages, as `name-version-build`."""
    added_from: tuple[str, ...] = ()
    """Where each of `added` came from, such as `conda-forge/linux-64`; empty text if its line does not say."""
    removed_from: tuple[str, ...] = ()
    """Where each of `removed` had come from, likewise."""
    update_specs: tuple[str, ...] = ()
    remove_specs: tuple[str, ...] = ()
    neutered_specs: tuple[str, ...] = ()


class History(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The history file of a prefix."""

    created: datetime | None = None
    """The time in conda-meta/created_at if conda wrote it, otherwise that of the first revision."""
    modified: datetime | None = None
    """When conda last changed the prefix: the mtime of the history file."""
    revisions: tuple[Revision, ...] = ()
    requested: tuple[tuple[str, str], ...] = ()
    """The user's requests that still hold, as (package name, spec) pairs sorted by name."""

    @property
    def cloned_specs(self) -> frozenset[str]:
        """The specs that are in the history only because the prefix was cloned."""
        clones = (each for each in self.revisions if " --clone " in each.command)
        return frozenset(spec for revision in clones for spec in revision.update_specs)


class PrefixContents(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The contents of a prefix by its own records: conda-meta, history and site-packages."""

    packages: tuple[PackageRecord, ...] = ()
    """Sorted by name."""
    distributions: tuple[Distribution, ...] = ()
    """All distributions in site-packages, sorted by name; those of conda packages have an owner."""
    leftovers: tuple[LeftoverDistribution, ...] = ()
    """What pip has left behind in site-packages, sorted by name; it is not among the distributions."""
    replaced: tuple[Replacement, ...] = ()
    outside: tuple[PathOutside, ...] = ()
    """Directories outside the prefix that .pth files without an owner add."""
    stale_site_packages: tuple[StaleSitePackages, ...] = ()
    """What lies there is not among the distributions."""
    linked_from: tuple[str, ...] = ()
    """The package caches that its packages came from as the records state, that of most packages first."""
    unmet: tuple[UnmetDependency, ...] = ()
    """Dependencies between its conda packages that are not met."""
    history: History = History()
    pinned: tuple[str, ...] = ()
    """The specs in conda-meta/pinned."""
    malformed_pins: tuple[MalformedPin, ...] = ()
    frozen: str | None = None
    """The message of conda-meta/frozen, empty if it has none; None if the prefix is not frozen."""
    slimmed: tuple[str, ...] | None = None
    """What condatui left out of it when it was copied: the labels of classes, and packages; None if it is whole."""
    variables: tuple[tuple[str, str], ...] = ()
    """Environment variables set by `conda env config vars`. The values may be secrets: show the names."""
    problems: tuple[Problem, ...] = ()
    """What could not be read, and second records of packages; everything else is complete."""
    has_conda_meta: bool = True
    has_history: bool = True

    @property
    def unreadable(self) -> tuple[Problem, ...]:
        """The files that could not be read, so that their contents are missing here."""
        return tuple(each for each in self.problems if each.second is None)

    @property
    def pip_distributions(self) -> tuple[Distribution, ...]:
        """The distributions that no conda package owns."""
        return tuple(each for each in self.distributions if each.owner is None)

    @property
    def requested_names(self) -> frozenset[str]:
        """The conda packages that the user requested, by the history, or by their own records if it is missing.

        conda records every package of a clone as requested; the user only requested the clone.
        """
        if self.history.requested:
            copied = self.history.cloned_specs
            return frozenset(name for name, spec in self.history.requested if spec not in copied)
        return frozenset(record.name for record in self.packages if record.requested_specs)


class PackageFaults(Struct, frozen=True, kw_only=True):
    """The files of one conda package with which something is wrong."""

    package: str
    spec: str
    """Name, version and build, so that conda installs the same again."""
    paths: tuple[str, ...]
    """Relative to the prefix."""
    linked: tuple[str, ...] = ()
    """Those that are hard links to files elsewhere: the package cache, or other environments, have the same content."""

    @property
    def dist_name(self) -> str:
        """The package's name in a cache."""
        return self.spec.replace("=", "-")


class FileFaults(Struct, frozen=True, kw_only=True):
    """What is wrong with the files that conda's records state."""

    missing: tuple[PackageFaults, ...] = ()
    altered: tuple[PackageFaults, ...] = ()
    by_checksum: bool = False
    """Whether the altered ones were found by their checksums; otherwise by their sizes and times."""
