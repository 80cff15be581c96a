"""A prefix that something on this machine points to, and what a glance at it shows."""

from __future__ import annotations

from msgspec import Struct


class Sighting(Struct, frozen=True, kw_only=True):
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


class Look(Struct, frozen=True, kw_only=True):
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
