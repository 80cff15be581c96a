"""The document that a snapshot of a machine is, `docs/snapshots.md`: whatever it does not name is ignored."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from msgspec import Meta, Struct, field

from condatui_core.records.environment import LastUsed, State
from condatui_core.records.finding import Severity
from condatui_core.records.gpu import VerdictClass
from condatui_core.records.installation import ChannelConfig, Kind
from condatui_core.records.package import Origin

FORMAT = 1
"""Of the documents that this condatui writes and reads. Fields may be added to it; it is raised when one goes or comes
to mean something else."""

Collector = Literal["condatui", "standalone"]
"""What has made a snapshot: condatui itself, or the script that needs nothing but a Python and examines nothing."""

Count = Annotated[int, Meta(ge=0, le=(1 << 63) - 1)]
ZonedTime = Annotated[datetime, Meta(tz=True)]


class PackageRow(Struct, frozen=True, array_like=True):
    """One package that environments of the machine have, once for all of them; later fields may be left out."""

    name: str
    """conda's name, or pip's as its metadata spells it."""
    version: str
    build: str
    """conda's build string; empty for pip."""
    channel: str | None
    """The channel's base URL without credentials; None if it is unknown, and for pip."""
    subdir: str
    """The platform directory, `linux-64` or `noarch`; empty for pip."""
    kind: Literal["conda", "pypi"]
    """The installer."""
    size: Count
    """Installed bytes, as the records state them; 0 if they do not."""
    build_number: Count = 0
    md5: str = ""
    """Of conda's archive."""
    sha256: str = ""
    license: str = ""
    files: Count = 0
    """The number of files that conda's record states; 0 if unknown, and for pip."""
    provides: tuple[tuple[str, str], ...] = ()
    """The (name, version) of the Python distributions that a conda package ships, if its files are known."""
    origin: Origin = "index"
    """Where pip got it from."""
    url: str | None = None
    """pip's direct URL, without credentials."""
    revision: str = ""
    """The commit of an install from version control."""
    location: str = ""
    """The directory of an editable or local install."""


class ReplacedRow(Struct, frozen=True, array_like=True):
    """A conda package whose files pip has replaced."""

    package: str
    distribution: str
    conda_version: str
    pip_version: str
    conda_build: str = ""


class HeldPackages(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What one environment holds."""

    rows: tuple[Count, ...] = ()
    """Places in the table of packages."""
    requested: dict[str, str] = {}
    """Package name → the spec that the user requested; empty text if only the name is known."""
    replaced: tuple[ReplacedRow, ...] = ()
    foreign: str = ""
    """The platform that its packages were built for, if its machine does not run their programs."""
    slimmed: tuple[str, ...] | None = None
    """What condatui left out of it when it was copied; None if it is whole."""


class HeldBytes(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What one environment occupies on its machine's disk."""

    bytes: Count
    """Allocated bytes, without places inside it."""
    exclusive: Count | None = None
    """The part that no other environment or package cache holds; None if unknown."""
    inodes: Count | None = None
    """The number of its inodes; None if unknown."""


class ToldVerdict(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What the last GPU check of an environment has found, on its machine."""

    verdict: str
    """The id of the rule that applied: `works`, `driver-too-old`."""
    kind: VerdictClass = field(name="class")
    message: str = ""
    """One line."""
    at: ZonedTime | None = None
    """The time of the check."""


class ListedFinding(Struct, frozen=True, kw_only=True):
    """A finding as `condatui list --json` prints it, its remedy in words."""

    id: str
    severity: Severity
    message: str
    label: str = ""
    remedy: str = ""
    evidence: tuple[str, ...] = ()


class ListedKeep(Struct, frozen=True, kw_only=True):
    """The mark of an environment that stays."""

    note: str = ""
    at: datetime | None = None
    by: str = ""


class ListedEnvironment(Struct, frozen=True, kw_only=True):
    """An environment as `condatui list --json` prints it, as far as others need it."""

    name: str
    prefix: str
    aliases: tuple[str, ...] = ()
    installation: str | None = None
    base: bool = False
    frozen: bool = False
    writable: bool | None = None
    owner: str = ""
    state: State = "ok"
    python: str | None = None
    channels: dict[str, Count] = {}
    created: ZonedTime | None = None
    modified: ZonedTime | None = None
    last_used: LastUsed | None = None
    managed_bytes: Count | None = None
    kept: ListedKeep | None = None
    findings: tuple[ListedFinding, ...] = ()


class ListedInstallation(Struct, frozen=True, kw_only=True):
    """A conda installation as `condatui list --json` prints it."""

    executable: str
    root_prefix: str
    version: str = ""
    kind: Kind = "conda"
    error: str = ""


class HostList(Struct, frozen=True, kw_only=True):
    """What `condatui list --json` prints, as far as others need it."""

    environments: tuple[ListedEnvironment, ...] = ()
    installations: tuple[ListedInstallation, ...] = ()
    problems: tuple[ListedFinding, ...] = ()


class HostSnapshot(Struct, frozen=True, kw_only=True):
    """All that is known of a machine."""

    format: int
    host: str
    """The machine's name, as it calls itself."""
    at: ZonedTime
    """When it was made, by the machine's clock."""
    condatui: str = ""
    """The version of condatui, or of the script, that has made it."""
    collector: Collector = "condatui"
    platform: str = ""
    """`linux-64`, `osx-arm64`."""
    list: HostList = HostList()
    channel_configs: tuple[tuple[str, ChannelConfig], ...] = ()
    """(root prefix, configuration) pairs of the installations that have answered."""
    table: tuple[PackageRow, ...] = ()
    """Every package that any of its environments has, once."""
    packages: dict[str, HeldPackages] = {}
    """Prefix → what it holds; what could not be read is not there."""
    disk: dict[str, HeldBytes] = {}
    """Prefix → what it occupies; what was not measured is not there."""
    gpu: dict[str, ToldVerdict] = {}
    """Prefix → what the last GPU check has found; what was never checked is not there."""
    unread: tuple[tuple[str, str], ...] = ()
    """(prefix, reason) pairs of what could not be read or measured."""
