"""Records of a conda installation: its root prefix, its executable, its configuration."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

Kind = Literal["conda", "mamba", "micromamba"]


class ChannelConfig(Struct, frozen=True, kw_only=True):
    """How an installation resolves channel names to URLs; URLs have no credentials and no trailing slash."""

    channel_alias: str = "https://conda.anaconda.org"
    custom_channels: tuple[tuple[str, str], ...] = (
        ("pkgs/main", "https://repo.anaconda.com/pkgs/main"),
        ("pkgs/r", "https://repo.anaconda.com/pkgs/r"),
        ("pkgs/pro", "https://repo.anaconda.com/pkgs/pro"),
    )
    """(name, the channel's base URL) pairs."""
    custom_multichannels: tuple[tuple[str, tuple[str, ...]], ...] = (
        ("defaults", ("https://repo.anaconda.com/pkgs/main", "https://repo.anaconda.com/pkgs/r")),
    )
    """(name, the base URLs of its members) pairs."""
    migrated_channel_aliases: tuple[str, ...] = ()
    """Base URLs that mean the same as the alias: those of earlier aliases."""
    channels: tuple[str, ...] = ()
    """The channels that it searches unless told otherwise, by descending priority: names or URLs."""


class Installation(Struct, frozen=True, kw_only=True):
    """One conda installation of the machine."""

    executable: str
    root_prefix: str
    """The real path of its base environment."""
    version: str = ""
    """Such as `24.7.1`; empty if unknown."""
    kind: Kind = "conda"
    found_by: str = ""
    """Where it was found: `--conda`, `$CONDA_EXE`, `PATH`, or the directory that was searched."""
    error: str = ""
    """Why it cannot be used; empty if it can."""


class CondaFacts(Struct, frozen=True, kw_only=True):
    """What an installation's conda answers: its environments and its configuration."""

    environments: tuple[str, ...] = ()
    """Prefixes as conda lists them, links not resolved."""
    envs_dirs: tuple[str, ...] = ()
    pkgs_dirs: tuple[str, ...] = ()
    channels: ChannelConfig = ChannelConfig()


def can_change(installation: Installation) -> bool:
    """Whether it can change environments: it must be a working conda, not a mamba."""
    return installation.kind == "conda" and not installation.error


def can_freeze(installation: Installation) -> bool:
    """Whether it is a conda that honours conda-meta/frozen and knows `--override-frozen`: 25.5 or newer."""
    from packaging.version import InvalidVersion, Version  # noqa: PLC0415 - the first screen does not need it

    try:
        return installation.kind == "conda" and Version(installation.version).release >= (25, 5)
    except InvalidVersion:
        return False
