"""The JSON documents: a public interface, so fields are added but keep their names and their meaning.

Some records are documents without a conversion: `Finding`, `LastUsed`, `Installation`.
"""

from __future__ import annotations

from datetime import datetime

from msgspec import UNSET, Struct, UnsetType

from condatui_core.analyses.channel_shares import ChannelTotal
from condatui_core.records.environment import BehindPackage, LastUsed, State
from condatui_core.records.finding import Finding, Problem
from condatui_core.records.host_snapshot import Collector, HeldBytes, ToldVerdict
from condatui_core.records.installation import Installation
from condatui_core.records.package import Replacement
from condatui_core.records.prefix import ManagingTool


class CondaDocument(Struct, frozen=True, kw_only=True):
    """The conda that condatui uses."""

    executable: str
    """Its path."""
    version: str
    """Such as `24.7.1`."""
    root_prefix: str
    """The real path of its base environment."""


class KeepMarkDocument(Struct, frozen=True, kw_only=True):
    """The user's word that an environment stays."""

    note: str
    """Empty if there is none."""
    at: datetime | None
    """When it was set; None if the file does not say."""
    by: str
    """The user who set it; empty if the file does not say."""


class KeptDocument(Struct, frozen=True, kw_only=True):
    """An environment that stays."""

    prefix: str
    """Its real path."""
    name: str | None
    """None if it is not there any more."""
    mark: KeepMarkDocument
    """What the user has said of it."""


class KeepDocument(Struct, frozen=True, kw_only=True):
    """The environments that stay, after the change if there was one."""

    kept: tuple[KeptDocument, ...]
    """In the order of the file."""


class PackageDocument(Struct, frozen=True, kw_only=True):
    """One package, in short."""

    name: str
    """conda's name, or pip's as its metadata spells it."""
    version: str
    """The version, as the record states it."""
    build: str | None
    """None for packages that pip installed."""
    channel: str
    """The channel's short name; `pypi` for packages that pip installed, `<unknown>` if the record states none."""
    source: str
    """`conda` or `pypi`."""


class PackageDetailDocument(PackageDocument, frozen=True, kw_only=True):
    """One package with everything that its records state."""

    url: str | None = None
    """The URL that it came from, credentials masked; None if not stated, and for packages from an index."""
    base_url: str | None = None
    """The channel's URL without platform and file name; None for pip, and if not stated."""
    md5: str | None = None
    """The digest of the archive; None if not stated, and for pip."""
    sha256: str | None = None
    """As `md5`."""
    build_number: int | None = None
    """None for pip."""
    subdir: str | None = None
    """The platform directory, such as `linux-64` or `noarch`; None for pip."""
    requested: bool | None = None
    """Whether the user requested it; None for pip, which does not record this."""
    installer: str | None = None
    """The contents of a distribution's INSTALLER file; None for conda packages."""
    origin: str | None = None
    """Where pip got it from: index, vcs, local, editable, url, unknown; None for conda packages."""
    location: str | None = None
    """The directory of an editable or local install."""
    revision: str | None = None
    """The commit of an install from version control."""
    license: str | None = None
    """None if it is not stated."""
    bytes: int
    """Installed bytes, as its records state them."""


class RevisionDocument(Struct, frozen=True, kw_only=True):
    """One transaction of the history."""

    revision: int
    """The number in `conda list --revisions`, from 0."""
    at: datetime | None
    """The time; None if the line cannot be parsed."""
    command: str
    """The command, credentials masked; empty if not stated."""
    conda_version: str
    """Empty if not stated."""
    added: tuple[str, ...]
    """Added packages, as `name-version-build`."""
    removed: tuple[str, ...]
    """Removed packages, as `name-version-build`."""


class SizesDocument(Struct, frozen=True, kw_only=True):
    """What one environment occupies, in allocated bytes."""

    total: int
    """Its size by `du -s`, without environments and package caches inside it."""
    exclusive: int
    """What `df` gains if only this environment is removed."""
    shared: int
    """The rest: the sum of the next three."""
    shared_with_cache: int
    """Bytes of inodes that only this environment and package caches hold."""
    shared_with_environments: int
    """Bytes of inodes that another environment holds as well."""
    outside: int
    """Bytes held by links that condatui does not see."""
    inodes: int
    """Its files and directories by `du --inodes -s`, each inode once."""
    exclusive_inodes: int
    """What `df -i` gains if only this environment is removed."""
    nested: tuple[str, ...]
    """Environments and package caches inside it."""
    with_nested: int
    """Its size by `du -s` with everything nested."""


class TakenFromDocument(Struct, frozen=True, kw_only=True):
    """A machine that a snapshot tells of."""

    host: str
    """Its name."""
    file: str
    """The path of the snapshot."""
    at: datetime
    """When the snapshot was made, by the clock of the machine."""
    platform: str
    """Such as `linux-64`; empty if it is not told."""
    collector: Collector
    """What has made the snapshot; `standalone` has examined nothing, so that no finding means nothing."""
    condatui: str
    """Its version."""
    environments: int
    """How many it has."""
    unread: tuple[tuple[str, str], ...]
    """(path, reason) pairs of what could not be read or measured there."""
    older: tuple[str, ...]
    """Other snapshots of the same machine, which do not count."""


class EnvironmentDocument(Struct, frozen=True, kw_only=True):
    """One environment."""

    name: str
    """`base`, the directory's name in an envs directory, otherwise the whole prefix; names are not unique."""
    prefix: str
    """Its real path, the only unique identification."""
    aliases: tuple[str, ...]
    """Symlinks under which it is also listed."""
    installation: str | None
    """The root prefix of the installation that owns it; None if none does."""
    base: bool
    """Whether it is the root prefix of an installation."""
    active: bool
    """Whether it is the activated one."""
    frozen: bool
    """Whether conda-meta/frozen protects it."""
    writable: bool | None
    """Whether this user may change it; None if unknown."""
    owner: str
    """The name of its owner; empty if unknown."""
    managed_by: ManagingTool | None = None
    """The tool that has made it, and by which alone it is changed; None if that is conda or mamba."""
    project: str | None = None
    """The directory of the project that it belongs to; None if it belongs to none."""
    state: State
    """Complete, damaged, left by a failure, registered but missing, or not readable by this user."""
    python: str | None
    """The version of its python; None if it has none or could not be read."""
    conda_packages: int | None
    """None if they could not be read, as `pip_packages` and `managed_bytes` are."""
    pip_packages: int | None
    """Distributions that no conda package owns; None as for `conda_packages`."""
    channels: dict[str, int]
    """Short name → number of packages from this channel, the most first."""
    created: datetime | None
    """None if unknown."""
    modified: datetime | None
    """When conda last changed it; None if unknown."""
    last_used: LastUsed | None
    """None if there is no evidence."""
    managed_bytes: int | None
    """Bytes that its records claim; None as for `conda_packages`."""
    kept: KeepMarkDocument | None = None
    """Set if it stays, whatever is proposed for removal; None if it is not marked so."""
    baseline: bool = False
    """Whether the user has made it the one that new environments are cloned from."""
    behind: tuple[BehindPackage, ...] = ()
    """If it is made from the baseline, or alike to it: what the baseline has in a newer version."""
    disk: SizesDocument | None = None
    """The sizes on disk; None without `--sizes`, and for a missing environment."""
    findings: tuple[Finding, ...]
    """Its findings, the gravest first."""
    host: str | UnsetType = UNSET
    """The machine that it is on, as are all paths of it; only with `--snapshots`."""
    occupies: HeldBytes | UnsetType | None = UNSET
    """What it occupied there, as its snapshot tells; None if it does not; only with `--snapshots`."""
    gpu: ToldVerdict | UnsetType | None = UNSET
    """What the last GPU check had found there; None if there was none; only with `--snapshots`."""
    packages: tuple[PackageDocument, ...] | UnsetType = UNSET
    """Its packages by name; only in `show`, and in `list` with `--packages`."""


class EnvironmentDetailDocument(EnvironmentDocument, frozen=True, kw_only=True):
    """One environment in full."""

    packages: tuple[PackageDetailDocument, ...] = ()
    """All of them, by name."""
    frozen_message: str | None
    """The message of conda-meta/frozen, empty if it has none; None if it is not frozen."""
    history: tuple[RevisionDocument, ...]
    """Its transactions, oldest first."""
    requested: dict[str, str]
    """Package name → the spec that the user requested."""
    pinned: tuple[str, ...]
    """The specs in conda-meta/pinned."""
    variables: tuple[str, ...]
    """The names of the environment variables that activation sets; their values may be secrets."""
    replaced: tuple[Replacement, ...]
    """conda packages whose files pip has replaced."""
    problems: tuple[Problem, ...]
    """Files that could not be read, and second records of one package."""


class ListDocument(Struct, frozen=True, kw_only=True):
    """All environments of the machine."""

    conda: CondaDocument | None
    """The first working conda; None if there is none, and with `--snapshots`."""
    environments: tuple[EnvironmentDocument, ...]
    """base first, then those with a name, then those known only by their prefix."""
    installations: tuple[Installation, ...]
    """All condas, mambas and micromambas that were found; with `--snapshots` their paths begin with `HOST:`."""
    channels: tuple[ChannelTotal, ...]
    """The packages of all environments by channel, the most bytes first."""
    problems: tuple[Finding, ...]
    """Problems of the machine rather than of one environment; with `--snapshots` of all, and of their files."""
    machines: tuple[TakenFromDocument, ...] | UnsetType = UNSET
    """The machines that the snapshots tell of, by name; only with `--snapshots`."""
