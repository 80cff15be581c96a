"""The JSON documents: a public interface, so fields are added but keep their names and their meaning.

Where a record is what the document says, it stands for itself: `Finding`, `LastUsed`, `Installation`.
"""

from __future__ import annotations

from datetime import datetime

from msgspec import UNSET, Struct, UnsetType

from condatui_core.analyses.channels import ChannelTotal
from condatui_core.records.environment import LastUsed, State
from condatui_core.records.finding import Finding, Problem
from condatui_core.records.installation import Installation
from condatui_core.records.package import Replacement


class CondaDocument(Struct, frozen=True, kw_only=True):
    """The conda that condatui uses."""

    executable: str
    """Its path."""
    version: str
    """Such as `24.7.1`."""
    root_prefix: str
    """The real path of its base environment."""


class PackageDocument(Struct, frozen=True, kw_only=True):
    """One package, in short."""

    name: str
    """conda's name, or pip's as its metadata spells it."""
    version: str
    """As the record states it."""
    build: str | None
    """None for what pip installed."""
    channel: str
    """Its short name; `pypi` for what pip installed, `<unknown>` if the record does not say."""
    source: str
    """`conda` or `pypi`."""


class PackageDetailDocument(PackageDocument, frozen=True, kw_only=True):
    """One package with all that its records say."""

    url: str | None = None
    """Where it came from, credentials masked; None if the record does not say, and for what came from an index."""
    base_url: str | None = None
    """The channel's URL without platform and file name; None for pip, and if the record does not say."""
    md5: str | None = None
    """Of the archive; None if the record does not say, and for pip."""
    sha256: str | None = None
    """As `md5`."""
    build_number: int | None = None
    """None for pip."""
    subdir: str | None = None
    """The platform directory, such as `linux-64` or `noarch`; None for pip."""
    requested: bool | None = None
    """Whether the user asked for it; None for pip, which keeps no account of that."""
    installer: str | None = None
    """What a distribution's INSTALLER file says; None for conda packages."""
    origin: str | None = None
    """Where pip had it from: index, vcs, local, editable, url, unknown; None for conda packages."""
    location: str | None = None
    """The directory of an editable or local install."""
    revision: str | None = None
    """The commit of an install from version control."""
    license: str | None = None
    """None if it is not stated."""
    bytes: int
    """Installed bytes as its records state them."""


class RevisionDocument(Struct, frozen=True, kw_only=True):
    """One transaction of the history."""

    revision: int
    """As `conda list --revisions` counts them: from 0."""
    at: datetime | None
    """When; None if the line cannot be read."""
    command: str
    """The command that made it, credentials masked; empty if the history does not say."""
    conda_version: str
    """Empty if the history does not say."""
    added: tuple[str, ...]
    """What came in, as `name-version-build`."""
    removed: tuple[str, ...]
    """What went out, as `name-version-build`."""


class SizesDocument(Struct, frozen=True, kw_only=True):
    """What one environment occupies, in allocated bytes."""

    total: int
    """What `du -s` says of it, environments and package caches inside it left out."""
    exclusive: int
    """What `df` gains when it alone goes."""
    shared: int
    """The rest, which the next three make up."""
    shared_with_cache: int
    """Of inodes that besides this environment only package caches hold."""
    shared_with_environments: int
    """Of inodes that another environment holds as well."""
    outside: int
    """Held by links that condatui does not see."""
    nested: tuple[str, ...]
    """Environments and package caches inside it."""
    with_nested: int
    """What `du -s` says of it with all that is nested."""


class EnvironmentDocument(Struct, frozen=True, kw_only=True):
    """One environment."""

    name: str
    """`base`, the directory's name for one in an envs directory, else the whole prefix; names collide."""
    prefix: str
    """Its real path, by which alone it is identified."""
    aliases: tuple[str, ...]
    """Symlinks by which it is listed as well."""
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
    """The user whose it is; empty if unknown."""
    state: State
    """Whole, damaged, left by something that failed, registered but gone, or not readable by this user."""
    python: str | None
    """The version of its python; None if it has none or could not be read."""
    conda_packages: int | None
    """None if they could not be read, as `pip_packages` and `managed_bytes` are."""
    pip_packages: int | None
    """Distributions that no conda package owns; None as for `conda_packages`."""
    channels: dict[str, int]
    """Short name → how many packages came from there, most first."""
    created: datetime | None
    """None if unknown."""
    modified: datetime | None
    """When conda last changed it; None if unknown."""
    last_used: LastUsed | None
    """None if nothing says when."""
    managed_bytes: int | None
    """What its records claim, face value; None as for `conda_packages`."""
    disk: SizesDocument | None = None
    """What was measured on disk; None without `--sizes`, and for what is not there."""
    findings: tuple[Finding, ...]
    """What is worth knowing about it, gravest first."""
    packages: tuple[PackageDocument, ...] | UnsetType = UNSET
    """Its packages by name: in `show`, and in `list` with `--packages`, else not there."""


class EnvironmentDetailDocument(EnvironmentDocument, frozen=True, kw_only=True):
    """One environment with all that is known of it."""

    packages: tuple[PackageDetailDocument, ...] = ()
    """All of them, by name."""
    frozen_message: str | None
    """The message of conda-meta/frozen, empty if it has none; None if it is not frozen."""
    history: tuple[RevisionDocument, ...]
    """Its transactions, oldest first."""
    requested: dict[str, str]
    """Package name → the spec that the user asked for."""
    pinned: tuple[str, ...]
    """The specs in conda-meta/pinned."""
    variables: tuple[str, ...]
    """The names of the environment variables that activation sets; their values may be secrets."""
    replaced: tuple[Replacement, ...]
    """conda packages whose files pip has replaced."""
    problems: tuple[Problem, ...]
    """Files that could not be read."""


class ListDocument(Struct, frozen=True, kw_only=True):
    """All environments of the machine."""

    conda: CondaDocument | None
    """The first that works; None if there is none."""
    environments: tuple[EnvironmentDocument, ...]
    """base first, then those with a name, then those known by their prefix only."""
    installations: tuple[Installation, ...]
    """All condas, mambas and micromambas that were found."""
    channels: tuple[ChannelTotal, ...]
    """Where the packages of all of them came from, most bytes first."""
    problems: tuple[Finding, ...]
    """What is wrong with the machine rather than with one environment."""
