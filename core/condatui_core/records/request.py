"""What the user wants done: one record an action, complete enough to be planned, carried out and written down."""

from __future__ import annotations

from typing import Literal, TypeAlias

from msgspec import Struct

ExportFormat = Literal["yaml", "explicit", "requirements", "json"]
Cleanable = Literal["tarballs", "packages", "index", "logs"]


class CloneRequest(Struct, frozen=True, kw_only=True, tag="clone"):
    """Make an environment like another one."""

    source: str
    """A prefix."""
    target: str
    """The prefix to make."""
    add: tuple[str, ...] = ()
    """Specs to install into it afterwards."""
    with_conda: bool = False
    """Whether conda itself comes along when base is cloned."""
    offline: bool = False
    """Whether nothing may be downloaded; otherwise it is tried offline first."""


class ExportRequest(Struct, frozen=True, kw_only=True, tag="export"):
    """Write down what an environment holds."""

    prefix: str
    file: str
    """Absolute."""
    format: ExportFormat = "yaml"
    builds: bool = True
    from_history: bool = False
    """Only what was asked for; YAML and JSON only."""
    replace: bool = False
    """Whether a file that is there may be replaced."""


class PackRequest(Struct, frozen=True, kw_only=True, tag="pack"):
    """Pack an environment into an archive that works elsewhere."""

    prefix: str
    file: str
    """Absolute; its suffix tells the format unless `format` does."""
    format: str = ""
    """As conda-pack calls them: `tar.gz`, `zip`, `tar.zst`, `squashfs`, `no-archive` …"""
    level: int = 4
    """Of compression, 0 to 9 (19 for zstd, 22 at most)."""
    threads: int = 1
    """0 or less is all cores."""
    dest_prefix: str = ""
    """Where it will lie, if that is known: then no `conda-unpack` is needed."""
    excludes: tuple[str, ...] = ()
    """Patterns of paths to leave out."""
    replace: bool = False
    ignore_editable: bool = False
    ignore_missing: bool = False


class RemoveRequest(Struct, frozen=True, kw_only=True, tag="remove"):
    """Remove environments, or what is left of them."""

    prefixes: tuple[str, ...]
    """As they were chosen: not resolved, so that a symlink is seen for what it is."""
    restore_point: bool = True
    override_frozen: bool = False
    """Whether frozen environments go as well."""


class RestoreRequest(Struct, frozen=True, kw_only=True, tag="restore"):
    """Bring a removed environment back."""

    id: str
    """Of the restore point."""


class CleanRequest(Struct, frozen=True, kw_only=True, tag="clean"):
    """Delete what nobody needs from package caches."""

    pkgs_dirs: tuple[str, ...]
    what: tuple[Cleanable, ...]


class ForgetRequest(Struct, frozen=True, kw_only=True, tag="forget"):
    """Delete restore points."""

    ids: tuple[str, ...]


Request: TypeAlias = (
    CloneRequest | ExportRequest | PackRequest | RemoveRequest | RestoreRequest | CleanRequest | ForgetRequest
)
