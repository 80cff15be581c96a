"""An environment as the list shows it."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from msgspec import Struct

from condatui_core.records.finding import Finding
from condatui_core.records.installation import ChannelConfig, Installation
from condatui_core.records.prefix import PrefixContents

State = Literal["ok", "broken", "orphan", "missing", "unreadable"]


class LastUsed(Struct, frozen=True, kw_only=True):
    """When an environment was last used, by the best evidence there is."""

    at: datetime
    evidence: str
    """What says so, in words: `python 3.11 runs from it (pid 4711)`, `bin/python3.11 was read`."""
    reliable: bool
    """Whether `at` can be trusted to a day; False where access times are not kept or others may have touched it."""


class Environment(Struct, frozen=True, kw_only=True):
    """One environment: a prefix and all that is known of it so far."""

    prefix: str
    """The real path; the identity. Undecodable bytes are surrogates, as os.fsdecode makes them."""
    name: str
    """`base`, the directory's name for one in an envs directory, else the whole prefix. Names collide."""
    aliases: tuple[str, ...] = ()
    """Symlinks through which the same environment is listed as well."""
    installation: str | None = None
    """The root prefix of the installation that owns it."""
    base: bool = False
    active: bool = False
    frozen: bool = False
    writable: bool | None = None
    """None if unknown."""
    owner: str = ""
    """The user whose it is."""
    state: State = "ok"
    contents: PrefixContents | None = None
    """None until it is read."""
    python: str = ""
    """The version of its python; empty if it has none or it is not read yet."""
    channels: tuple[tuple[str, int], ...] = ()
    """(short name, packages) pairs, most packages first; `pypi` for what pip installed."""
    managed_bytes: int = 0
    """What its records claim, face value."""
    created: datetime | None = None
    modified: datetime | None = None
    last_used: LastUsed | None = None
    findings: tuple[Finding, ...] = ()
    """Gravest first."""


class Inventory(Struct, frozen=True, kw_only=True):
    """All that is known of the machine at one moment of loading; a later one replaces it whole."""

    environments: tuple[Environment, ...] = ()
    """In the order they are shown by default: base, then those with a name, then those known by their prefix only."""
    installations: tuple[Installation, ...] = ()
    channel_configs: tuple[tuple[str, ChannelConfig], ...] = ()
    """(root prefix, configuration) pairs of the installations that have answered."""
    problems: tuple[Finding, ...] = ()
    """What is wrong with the machine rather than with one environment: a conda that hangs, a root that is not there."""
    pkgs_dirs: tuple[str, ...] = ()
    """The package caches that the installations have named, as they spell them."""
    pending: int = 0
    """How many environments have not been read yet."""
    asking_conda: bool = False
    """Whether a conda has not answered yet."""

    @property
    def complete(self) -> bool:
        """Whether nothing more is to come."""
        return not self.pending and not self.asking_conda

    def channel_config(self, environment: Environment) -> ChannelConfig:
        """How channels are called in an environment: as its installation has it, or by conda's defaults."""
        configs = dict(self.channel_configs)
        return configs.get(environment.installation or "", ChannelConfig())
