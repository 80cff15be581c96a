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
    version: str
    root_prefix: str


class PackageDocument(Struct, frozen=True, kw_only=True):
    """One package, in short."""

    name: str
    version: str
    build: str | None
    """None for what pip installed."""
    channel: str
    source: str
    """`conda` or `pypi`."""


class PackageDetailDocument(PackageDocument, frozen=True, kw_only=True):
    """One package with all that its records say."""

    url: str | None = None
    base_url: str | None = None
    md5: str | None = None
    sha256: str | None = None
    build_number: int | None = None
    subdir: str | None = None
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
    bytes: int
    """Installed bytes as its records state them."""


class RevisionDocument(Struct, frozen=True, kw_only=True):
    """One transaction of the history."""

    revision: int
    at: datetime | None
    command: str
    conda_version: str
    added: tuple[str, ...]
    removed: tuple[str, ...]


class SizesDocument(Struct, frozen=True, kw_only=True):
    """What one environment occupies, in allocated bytes."""

    total: int
    """What `du -s` says of it, environments and package caches inside it left out."""
    exclusive: int
    """What `df` gains when it alone goes."""
    shared: int
    """The rest, which the next three make up."""
    shared_with_cache: int
    shared_with_environments: int
    outside: int
    """Held by links that condatui does not see."""
    nested: tuple[str, ...]
    """Environments and package caches inside it."""
    with_nested: int
    """What `du -s` says of it with all that is nested."""


class EnvironmentDocument(Struct, frozen=True, kw_only=True):
    """One environment."""

    name: str
    prefix: str
    aliases: tuple[str, ...]
    installation: str | None
    base: bool
    active: bool
    frozen: bool
    writable: bool | None
    owner: str
    state: State
    python: str | None
    conda_packages: int | None
    """None if they could not be read, as `pip_packages` and `managed_bytes` are."""
    pip_packages: int | None
    channels: dict[str, int]
    created: datetime | None
    modified: datetime | None
    last_used: LastUsed | None
    managed_bytes: int | None
    disk: SizesDocument | None = None
    """What was measured on disk; None without `--sizes`, and for what is not there."""
    findings: tuple[Finding, ...]
    packages: tuple[PackageDocument, ...] | UnsetType = UNSET


class EnvironmentDetailDocument(EnvironmentDocument, frozen=True, kw_only=True):
    """One environment with all that is known of it."""

    frozen_message: str | None
    history: tuple[RevisionDocument, ...]
    requested: dict[str, str]
    """Package name → the spec that the user asked for."""
    pinned: tuple[str, ...]
    variables: tuple[str, ...]
    """The names of the environment variables that activation sets; their values may be secrets."""
    replaced: tuple[Replacement, ...]
    problems: tuple[Problem, ...]


class ListDocument(Struct, frozen=True, kw_only=True):
    """All environments of the machine."""

    conda: CondaDocument | None
    environments: tuple[EnvironmentDocument, ...]
    installations: tuple[Installation, ...]
    channels: tuple[ChannelTotal, ...]
    """Where the packages of all of them came from, most bytes first."""
    problems: tuple[Finding, ...]
    """What is wrong with the machine rather than with one environment."""
