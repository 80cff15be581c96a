"""A conda installation: a root prefix, the executable that runs it, and what its version can do."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

Kind = Literal["conda", "mamba", "micromamba"]


class ChannelConfig(Struct, frozen=True, kw_only=True):
    """How an installation turns channel names into URLs; URLs without credentials and without a slash at the end."""

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


class Installation(Struct, frozen=True, kw_only=True):
    """One conda installation of the machine, with what it can do."""

    executable: str
    root_prefix: str
    """The real path of its base environment."""
    version: str = ""
    """Such as `24.7.1`; empty if it could not be found out."""
    kind: Kind = "conda"
    found_by: str = ""
    """Where it was found: `--conda`, `$CONDA_EXE`, `PATH`, or the directory that was looked into."""
    error: str = ""
    """Why it cannot be used; empty if it can."""


class CondaFacts(Struct, frozen=True, kw_only=True):
    """What an installation's conda says when asked: its environments and its configuration."""

    environments: tuple[str, ...] = ()
    """Prefixes as conda lists them, not resolved."""
    envs_dirs: tuple[str, ...] = ()
    pkgs_dirs: tuple[str, ...] = ()
    channels: ChannelConfig = ChannelConfig()


def can_change(installation: Installation) -> bool:
    """Whether environments may be changed through it: a conda that works, no mamba."""
    return installation.kind == "conda" and not installation.error


def can_freeze(installation: Installation) -> bool:
    """Whether it is a conda that honours conda-meta/frozen and knows `--override-frozen`: 25.5 or newer."""
    from packaging.version import InvalidVersion, Version  # noqa: PLC0415 - the first picture does without it

    try:
        return installation.kind == "conda" and Version(installation.version).release >= (25, 5)
    except InvalidVersion:
        return False
