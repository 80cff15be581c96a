"""Facts for a bug report about condatui and its surroundings. They are also the document of `doctor --json`."""

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
    """Versions by distribution; None if it is not installed."""


class TerminalFacts(Struct, frozen=True, kw_only=True):
    """The terminal that shows condatui."""

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
    """The colors that condatui would use on a terminal: `truecolor`, `256`, `standard` or `none`."""
    no_color: bool
    ssh: bool


class TmuxFacts(Struct, frozen=True, kw_only=True):
    """The tmux, if there is one."""

    version: str
    """Empty if there is none."""
    inside: bool
    options: dict[str, str | None]
    """Options, read only inside tmux; None for an option that this tmux does not know."""


class AskedInstallation(Struct, frozen=True, kw_only=True):
    """A conda installation, and whether it answers."""

    executable: str
    root_prefix: str
    version: str
    kind: Kind
    found_by: str
    answered: bool
    milliseconds: int | None
    """The time until it had answered everything or failed; None if it cannot be run."""
    error: str


class DirectoryFacts(Struct, frozen=True, kw_only=True):
    """A directory that condatui uses, or the nearest existing directory above it."""

    name: str
    """The purpose of the directory."""
    path: str
    exists: bool
    writable: bool
    """Whether it is writable, or can be created if it does not exist."""
    free_bytes: int | None
    file_system: str
    """Such as `ext4`; empty if unknown."""
    mount_point: str
    locks: bool | None
    """Whether locks between processes work; None if not tried."""
    notes: tuple[str, ...]


class LogFacts(Struct, frozen=True, kw_only=True):
    """The log file and its last warnings and errors."""

    path: str
    bytes: int | None
    """None if there is no log file."""
    entries: tuple[LogEntry, ...]
    """The last warnings and errors, oldest first."""


class DoctorReport(Struct, frozen=True, kw_only=True):
    """The whole report, credentials masked, the home directory written as `~`."""

    format: int = 1
    at: datetime
    versions: Versions
    terminal: TerminalFacts
    tmux: TmuxFacts
    installations: tuple[AskedInstallation, ...]
    directories: tuple[DirectoryFacts, ...]
    settings: tuple[SettingSource, ...]
    environments: dict[str, int]
    """The number of environments by state."""
    log: LogFacts
    problems: tuple[str, ...]
    """Problems with the settings or the machine, and facts that could not be determined."""
