"""Everything that one prefix says of itself, and what points to it."""

from __future__ import annotations

from datetime import datetime

from msgspec import Struct

from condatui_core.records.finding import Problem
from condatui_core.records.package import Distribution, PackageRecord, Replacement

# A prefix that something on this machine points to, and what a glance at it shows.


class PrefixPointer(Struct, frozen=True, kw_only=True):
    """A prefix by its real path, and who knows of it."""

    prefix: str
    """The real path."""
    aliases: tuple[str, ...] = ()
    """Symlinks that lead to it and were listed as well."""
    sources: tuple[str, ...] = ()
    """Who points to it: `environments.txt`, `conda`, an envs directory, a root directory, `last time`."""
    envs_dir: str | None = None
    """The envs directory that it (or an alias) lies in; it is known by its directory's name there."""
    root: bool = False
    """Whether it is the root prefix of an installation."""


class PrefixProbe(Struct, frozen=True, kw_only=True):
    """What stat says of a prefix, without reading a file."""

    exists: bool
    readable: bool = True
    """Whether its conda-meta can be listed."""
    has_conda_meta: bool = False
    has_history: bool = False
    half_made: bool = False
    """Whether condatui is making it, or was when it was interrupted."""
    remains: tuple[str, ...] = ()
    """Of a directory that is no environment: what in it looks like one (`conda-meta`, `bin`, `lib`)."""
    writable: bool | None = None
    owner: str = ""


# Everything that one prefix says of itself.


class Revision(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One transaction in conda-meta/history."""

    number: int
    """As `conda list --revisions` counts them: from 0."""
    at: datetime | None = None
    """When, in UTC (the file holds local time without a zone); None if the line cannot be read."""
    command: str = ""
    """The `# cmd:` line, credentials masked."""
    conda_version: str = ""
    added: tuple[str, ...] = ()
    """What came in, as `name-version-build`."""
    removed: tuple[str, ...] = ()
    """What went out."""
    update_specs: tuple[str, ...] = ()
    remove_specs: tuple[str, ...] = ()
    neutered_specs: tuple[str, ...] = ()


class History(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The history file of a prefix."""

    created: datetime | None = None
    """conda-meta/created_at where conda wrote it, else the first revision."""
    modified: datetime | None = None
    """When conda last changed the prefix: mtime of the history file."""
    revisions: tuple[Revision, ...] = ()
    requested: tuple[tuple[str, str], ...] = ()
    """What the user asked for and still stands, as (package name, spec) pairs sorted by name."""

    @property
    def cloned_specs(self) -> frozenset[str]:
        """The specs that stand in the history only because the prefix was cloned."""
        clones = (each for each in self.revisions if " --clone " in each.command)
        return frozenset(spec for revision in clones for spec in revision.update_specs)


class PrefixContents(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a prefix holds by its own records: conda-meta, history and site-packages."""

    packages: tuple[PackageRecord, ...] = ()
    """Sorted by name."""
    distributions: tuple[Distribution, ...] = ()
    """All that lie in site-packages, those of conda packages too (these have an owner); sorted by name."""
    replaced: tuple[Replacement, ...] = ()
    history: History = History()
    pinned: tuple[str, ...] = ()
    """The specs in conda-meta/pinned."""
    frozen: str | None = None
    """The message of conda-meta/frozen, empty if it has none; None if the prefix is not frozen."""
    variables: tuple[tuple[str, str], ...] = ()
    """Environment variables set by `conda env config vars`. The values may be secrets: show the names."""
    problems: tuple[Problem, ...] = ()
    """What could not be read. Everything else is still here."""
    has_conda_meta: bool = True
    has_history: bool = True

    @property
    def pip_distributions(self) -> tuple[Distribution, ...]:
        """The distributions that no conda package owns."""
        return tuple(each for each in self.distributions if each.owner is None)

    @property
    def requested_names(self) -> frozenset[str]:
        """The conda packages that the user asked for: by the history, or by their own records where it has gone.

        conda writes down that all packages of a clone were asked for one by one; the user asked for the clone.
        """
        if self.history.requested:
            copied = self.history.cloned_specs
            return frozenset(name for name, spec in self.history.requested if spec not in copied)
        return frozenset(record.name for record in self.packages if record.requested_specs)
