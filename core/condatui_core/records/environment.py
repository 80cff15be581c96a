"""Records of environments, as the list shows them, and of the inventory."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Literal

from msgspec import Struct

from condatui_core.records.finding import Finding
from condatui_core.records.installation import ChannelConfig, Installation
from condatui_core.records.kernel import Kernel
from condatui_core.records.prefix import Manager, PrefixContents

State = Literal["ok", "broken", "orphan", "missing", "unreadable"]


class LastUsed(Struct, frozen=True, kw_only=True):
    """When an environment was last used, by the best available evidence."""

    at: datetime
    evidence: str
    """The evidence as text: `python 3.11 runs from it (pid 4711)`, `bin/python3.11 was read`."""
    reliable: bool
    """Whether `at` is accurate to a day; False if access times are not kept or a shared file was read elsewhere."""


class KeepMark(Struct, frozen=True, kw_only=True):
    """The user's word that an environment stays."""

    note: str = ""
    at: datetime | None = None
    by: str = ""
    """The user who set it."""


class UserMarks(Struct, frozen=True, kw_only=True):
    """What the user has said: which environments stay, which one is the baseline, and which filters are remembered."""

    kept: tuple[tuple[str, KeepMark], ...] = ()
    """(real path, mark) pairs in the order of the file; some of the environments may be gone."""
    baseline: str = ""
    """The real path of the environment that the user has made the baseline; empty if none."""

    files: tuple[tuple[str, str], ...] = ()
    """(real path, file) pairs: the file that an environment was last verified against, an absolute path."""
    filters: tuple[tuple[str, str], ...] = ()
    """(name, filter) pairs: what the user shows again and again, in the order in which it was remembered."""

    def file_of(self, prefix: str) -> str:
        """The file that a prefix was last verified against; empty if none is known."""
        return next((file for known, file in self.files if known == prefix), "")

    def mark_of(self, prefix: str) -> KeepMark | None:
        """The keep mark of a prefix; None if it has none."""
        return next((mark for kept, mark in self.kept if kept == prefix), None)


class BehindPackage(Struct, frozen=True, kw_only=True):
    """A package that the baseline has in a newer version."""

    name: str
    """conda's name, or pip's canonical one."""
    version: str
    """The version here."""
    newer: str
    """The version of the baseline."""
    pip: bool = False
    """Whether pip installed it."""
    requested: bool = False
    """Whether the user requested it here."""
    held: str = ""
    """Why an update leaves it as it is: the user has pinned or requested another version; empty if it does not."""


class Environment(Struct, frozen=True, kw_only=True):
    """One environment: a prefix and everything that is known about it so far."""

    prefix: str
    """The real path, which identifies it; of one on another machine `HOST:PATH`, as by `prefix_on`, which is no path
    here. Undecodable bytes are surrogates, as by os.fsdecode.
    """
    host: str = ""
    """The machine that it is on, known by a snapshot: it can be looked at, not changed. Empty for this machine."""
    name: str
    """`base`, the directory's name in an envs directory, otherwise the whole prefix. Names are not unique."""
    aliases: tuple[str, ...] = ()
    """Symlinks under which the same environment is also listed, on its machine."""
    installation: str | None = None
    """The root prefix of the installation that owns it, on another machine with the host as in `prefix`."""
    base: bool = False
    active: bool = False
    frozen: bool = False
    writable: bool | None = None
    """None if unknown."""
    owner: str = ""
    """The name of the user who owns it."""
    manager: Manager | None = None
    """The tool that manages it; None for conda and mamba themselves."""
    project: str = ""
    """The directory of the project that it belongs to; empty if it belongs to none."""
    state: State = "ok"
    foreign: str = ""
    """The platform that its packages were built for, such as `win-64`, if this machine does not run their programs."""
    contents: PrefixContents | None = None
    """None until it is read."""
    python: str = ""
    """The version of its python; empty if it has none or is not read yet."""
    channels: tuple[tuple[str, int], ...] = ()
    """(short name, number of packages) pairs, the most first; `pypi` for packages that pip installed."""
    managed_bytes: int = 0
    """Bytes that its records claim."""
    created: datetime | None = None
    modified: datetime | None = None
    last_used: LastUsed | None = None
    keep: KeepMark | None = None
    """Set if nothing may propose it for removal."""
    baseline: bool = False
    """Whether the user has made it the one that new environments are cloned from."""
    behind: tuple[BehindPackage, ...] = ()
    """For one that is made from the baseline, or alike to it, what the baseline has in a newer version."""
    findings: tuple[Finding, ...] = ()
    """Gravest first."""

    @property
    def full_name(self) -> str:
        """The name, of one on another machine as `HOST:NAME`."""
        return prefix_on(self.host, self.name) if self.host else self.name

    @property
    def path(self) -> str:
        """The real path on its machine."""
        return self.prefix[len(self.host) + 1 :] if self.host else self.prefix

    @property
    def label(self) -> str:
        """Its name in a list: `PROJECT/NAME` for one of a project that only its prefix identifies."""
        if not self.project or self.name != self.path:
            return self.name
        own = self.manager.environment if self.manager else ""
        return f"{os.path.basename(self.project)}/{own or os.path.basename(self.path)}"

    @property
    def full_label(self) -> str:
        """The label, of one on another machine as `HOST:LABEL`."""
        return prefix_on(self.host, self.label) if self.host else self.label

    @property
    def readable(self) -> bool:
        """Whether its state lets it be read, wholly or but for what is broken."""
        return self.state in ("ok", "broken")


def prefix_on(host: str, path: str) -> str:
    """What identifies an environment, or an installation, of another machine: no path begins like this."""
    return f"{host}:{path}"


def shown_names(environments: Iterable[Environment]) -> Mapping[str, str]:
    """By prefix, what an environment is called where several are named: its label, on another machine `HOST:LABEL`.

    Where two projects of one name make a label ambiguous, their environments have their prefixes.
    """
    every = tuple(environments)
    uses = Counter((each.host, each.label) for each in every)
    return {each.prefix: each.full_label if uses[each.host, each.label] == 1 else each.full_name for each in every}


class Inventory(Struct, frozen=True, kw_only=True):
    """Everything known about the machine at one moment of loading; a later inventory replaces it completely."""

    environments: tuple[Environment, ...] = ()
    """In the default order: base, then those with a name, then those known only by their prefix."""
    installations: tuple[Installation, ...] = ()
    channel_configs: tuple[tuple[str, ChannelConfig], ...] = ()
    """(root prefix, configuration) pairs of the installations that have answered."""
    problems: tuple[Finding, ...] = ()
    """Problems of the machine rather than of one environment: a conda that hangs, a missing root directory."""
    pkgs_dirs: tuple[str, ...] = ()
    """The package caches that the installations have named, in their spelling."""
    kernels: tuple[Kernel, ...] = ()
    """The Jupyter kernels of this user and of the environments."""
    pending: int = 0
    """The number of environments that have not been read yet."""
    asking_conda: bool = False
    """Whether a conda has not answered yet."""
    marks: UserMarks = UserMarks()
    marks_unknown: bool = False
    """Whether the file with the user's marks cannot be read, so that any environment may be one that stays."""
    baseline_problem: str = ""
    """Why the baseline that the user or the settings name cannot be used: it is not there, or several have its name."""

    @property
    def complete(self) -> bool:
        """Whether the load has ended."""
        return not self.pending and not self.asking_conda

    @property
    def baseline(self) -> Environment | None:
        """The environment that the user has made the baseline; None if there is none, or it is not there."""
        return next((each for each in self.environments if each.baseline), None)

    @property
    def first_channel_config(self) -> ChannelConfig:
        """The channel configuration of the first installation that has answered, or conda's defaults."""
        return next((config for _, config in self.channel_configs), ChannelConfig())

    def channel_config(self, environment: Environment) -> ChannelConfig:
        """The channel configuration of an environment: that of its installation, or conda's defaults."""
        configs = dict(self.channel_configs)
        return configs.get(environment.installation or "", ChannelConfig())


def host_of(prefix: str) -> str:
    """The other machine that a prefix is on, as `prefix_on` has made it; empty for a path of this machine."""
    host, found, _ = prefix.partition(":/")
    return host if found and "/" not in host else ""


def elsewhere(host: str, what: str = "It") -> str:
    """Why nothing is done to an environment of another machine."""
    return f"{what} is on {host}: what a snapshot tells can be looked at, not changed."


def packages_untold(host: str) -> str:
    """Why nothing is known of what an environment of another machine holds: no later moment will bring it."""
    return f"The snapshot of {host} does not tell its packages."
