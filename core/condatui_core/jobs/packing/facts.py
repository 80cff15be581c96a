"""What is found out about an environment that is to be packed."""

from __future__ import annotations

from msgspec import Struct


class Differences(Struct, frozen=True, kw_only=True):
    """What was looked at, and what is not as it was installed."""

    linked: int = 0
    """Files that are the cache's own, by hard link."""
    alike: int = 0
    """Files of the same size and time as the cache's."""
    compared: int = 0
    """Files whose content was compared."""
    changed: tuple[str, ...] = ()
    """Paths, relative to the prefix, of files with another content than the cache's or the record's."""


class Survey(Struct, frozen=True, kw_only=True):
    """What conda-pack would find in an environment."""

    files: int = 0
    bytes: int = 0
    """Of all files together, before they are packed."""
    python: bool = False
    """Whether a python is among them."""
    differences: Differences = Differences()
    special: tuple[str, ...] = ()
    """Pipes, sockets and devices."""
    unreadable: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    """Lines that name packages and those of their files that are gone."""
    uncached: tuple[str, ...] = ()
    """Packages that are not in the package cache any more."""
    outside: tuple[str, ...] = ()
    """Lines that name what is imported from outside the prefix."""
    problem: str = ""
    """Why it cannot be packed at all, in conda-pack's words."""
