"""The document that a snapshot of a machine is, `docs/snapshots.md`: whatever it does not name is ignored."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from msgspec import Meta, Raw, Struct, field

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

LONGEST = 4096
"""Characters of a text in a snapshot."""
Line = Annotated[str, Meta(max_length=LONGEST)]
"""A text or a path as a machine has them; a longer one is no part of a snapshot."""
LARGEST = (1 << 63) - 1
"""The largest number in a snapshot."""
Count = Annotated[int, Meta(ge=0, le=LARGEST)]
ZonedTime = Annotated[datetime, Meta(tz=True)]


class PackageRow(Struct, frozen=True, array_like=True):
    """One package that environments of the machine have, once for all of them; later fields may be left out."""

    name: Line
    """conda's name, or pip's as its metadata spells it."""
    version: Line
    build: Line
    """conda's build string; empty for pip."""
    channel: Line | None
    """The channel's base URL without credentials; None if it is unknown, and for pip."""
    subdir: Line
    """The platform directory, `linux-64` or `noarch`; empty for pip."""
    kind: Literal["conda", "pypi"]
    """The installer."""
    size: Count
    """Installed bytes, as the records state them; 0 if they do not."""
    build_number: Count = 0
    md5: Line = ""
    """Of conda's archive."""
    sha256: Line = ""
    license: Line = ""
    files: Count = 0
    """The number of files that conda's record states; 0 if unknown, and for pip."""
    provides: tuple[tuple[Line, Line], ...] = ()
    """The (name, version) of the Python distributions that a conda package ships, if its files are known."""
    origin: Origin = "index"
    """Where pip got it from."""
    url: Line | None = None
    """pip's direct URL, without credentials."""
    revision: Line = ""
    """The commit of an install from version control."""
    location: Line = ""
    """The directory of an editable or local install."""


class ReplacedRow(Struct, frozen=True, array_like=True):
    """A conda package whose files pip has replaced."""

    package: Line
    distribution: Line
    conda_version: Line
    pip_version: Line
    conda_build: Line = ""


class HeldPackages(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What one environment holds."""

    rows: tuple[Count, ...] = ()
    """Places in the table of packages."""
    requested: dict[Line, Line] = {}
    """Package name → the spec that the user requested; empty text if only the name is known."""
    replaced: tuple[ReplacedRow, ...] = ()
    foreign: Line = ""
    """The platform that its packages were built for, if its machine does not run their programs."""
    slimmed: tuple[Line, ...] | None = None
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

    verdict: Line
    """The id of the rule that applied: `works`, `driver-too-old`."""
    kind: VerdictClass = field(name="class")
    """Whether CUDA works, fails for a reason outside the environment, is broken by it, or is not there."""
    message: Line = ""
    """One line."""
    at: ZonedTime | None = None
    """The time of the check."""


class ListedFinding(Struct, frozen=True, kw_only=True):
    """A finding as `condatui list --json` prints it, its remedy in words."""

    id: Line
    severity: Severity
    message: Line
    label: Line = ""
    remedy: Line = ""
    evidence: tuple[Line, ...] = ()


class ListedKeep(Struct, frozen=True, kw_only=True):
    """The mark of an environment that stays."""

    note: Line = ""
    at: datetime | None = None
    by: Line = ""


class ListedEnvironment(Struct, frozen=True, kw_only=True):
    """An environment as `condatui list --json` prints it, as far as others need it."""

    name: Line
    prefix: Line
    aliases: tuple[Line, ...] = ()
    installation: Line | None = None
    base: bool = False
    frozen: bool = False
    writable: bool | None = None
    owner: Line = ""
    state: State = "ok"
    python: Line | None = None
    channels: dict[Line, Count] = {}
    created: ZonedTime | None = None
    modified: ZonedTime | None = None
    last_used: LastUsed | None = None
    managed_bytes: Count | None = None
    kept: ListedKeep | None = None
    findings: tuple[ListedFinding, ...] = ()


class ListedInstallation(Struct, frozen=True, kw_only=True):
    """A conda installation as `condatui list --json` prints it."""

    executable: Line
    root_prefix: Line
    version: Line = ""
    kind: Kind = "conda"
    error: Line = ""


class HostList(Struct, frozen=True, kw_only=True):
    """What `condatui list --json` prints, as far as others need it."""

    environments: tuple[ListedEnvironment, ...] = ()
    installations: tuple[ListedInstallation, ...] = ()
    problems: tuple[ListedFinding, ...] = ()


class HostSnapshot(Struct, frozen=True, kw_only=True):
    """All that is known of a machine."""

    format: int
    host: Line
    """The machine's name, as it calls itself."""
    at: ZonedTime
    """When it was made, by the machine's clock."""
    condatui: Line = ""
    """The version of condatui, or of the script, that has made it."""
    collector: Collector = "condatui"
    platform: Line = ""
    """`linux-64`, `osx-arm64`."""
    list: HostList = HostList()
    channel_configs: tuple[tuple[Line, ChannelConfig], ...] = ()
    """(root prefix, configuration) pairs of the installations that have answered."""
    table: tuple[Raw, ...] = ()
    """Every package that any of its environments has, once: a PackageRow each, which is decoded only where no other
    machine has had it."""
    packages: dict[Line, HeldPackages] = {}
    """Prefix → what it holds; what could not be read is not there."""
    disk: dict[Line, HeldBytes] = {}
    """Prefix → what it occupies; what was not measured is not there."""
    gpu: dict[Line, ToldVerdict] = {}
    """Prefix → what the last GPU check has found; what was never checked is not there."""
    unread: tuple[tuple[Line, Line], ...] = ()
    """(prefix, reason) pairs of what could not be read or measured."""
