"""What belongs into a bug report: facts about condatui and what it runs on. Also the document of `doctor --json`."""

from __future__ import annotations

from datetime import datetime

from msgspec import Struct

from condatui_core.log import LogEntry
from condatui_core.records.installation import Kind
from condatui_core.settings import SettingSource


class Versions(Struct, frozen=True, kw_only=True):
    """What runs."""

    condatui: str
    python: str
    executable: str
    """The Python that runs condatui."""
    platform: str
    packages: dict[str, str | None]
    """By distribution; None for what is not installed."""


class TerminalFacts(Struct, frozen=True, kw_only=True):
    """Where condatui is shown."""

    term: str
    colorterm: str
    program: str
    locale: str
    encoding: str
    """Of stdout."""
    columns: int | None
    """None if none of stdin, stdout and stderr is a terminal."""
    rows: int | None
    colors: str
    """`truecolor`, `256`, `standard`, or `none`: what would be used on a terminal."""
    no_color: bool
    ssh: bool


class TmuxFacts(Struct, frozen=True, kw_only=True):
    """The tmux, if there is one."""

    version: str
    """Empty if there is none."""
    inside: bool
    options: dict[str, str | None]
    """Asked only inside; None for an option that this tmux does not know."""


class AskedInstallation(Struct, frozen=True, kw_only=True):
    """A conda installation, and whether it answers."""

    executable: str
    root_prefix: str
    version: str
    kind: Kind
    found_by: str
    answered: bool
    milliseconds: int | None
    """Until it had answered everything or given up; None if it cannot be asked."""
    error: str


class DirectoryFacts(Struct, frozen=True, kw_only=True):
    """A directory that condatui uses, or the nearest one above it that is there."""

    name: str
    """What it is for."""
    path: str
    exists: bool
    writable: bool
    """Whether it can be written, or made if it does not exist."""
    free_bytes: int | None
    file_system: str
    """Such as `ext4`; empty if that cannot be known."""
    mount_point: str
    locks: bool | None
    """Whether locks between processes work; None where that was not tried."""
    notes: tuple[str, ...]


class LogFacts(Struct, frozen=True, kw_only=True):
    """The log and what went wrong lately."""

    path: str
    bytes: int | None
    """None if there is none."""
    entries: tuple[LogEntry, ...]
    """The last warnings and errors, oldest first."""


class DoctorReport(Struct, frozen=True, kw_only=True):
    """All of it; credentials masked, the home directory written `~`."""

    format: int = 1
    at: datetime
    versions: Versions
    terminal: TerminalFacts
    tmux: TmuxFacts
    installations: tuple[AskedInstallation, ...]
    directories: tuple[DirectoryFacts, ...]
    settings: tuple[SettingSource, ...]
    environments: dict[str, int]
    """How many by state."""
    log: LogFacts
    problems: tuple[str, ...]
    """What is wrong with the settings or the machine, and what could not be found out."""
