"""Collects what is known about this machine: its installations, prefixes and their contents."""

from __future__ import annotations

import os
import platform
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from functools import lru_cache, partial
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import replace

from condatui_core.analyses.environments import describe, environment_name, in_order
from condatui_core.analyses.health import PrefixObservations
from condatui_core.analyses.installations import OwningRoots, root_of_program
from condatui_core.analyses.platforms import native_subdir
from condatui_core.conda.registry import environments_txt, registered_prefixes
from condatui_core.conda.roots import roots_among
from condatui_core.errors import CondatuiError
from condatui_core.fs.far_calls import AT_ONCE, are_far, ask_each
from condatui_core.fs.mounts import Mount, mounts
from condatui_core.keep_marks import KeepMarks
from condatui_core.prefixes import discovery
from condatui_core.prefixes.last_list import read_last_list, write_last_list
from condatui_core.prefixes.probe import probe_prefix
from condatui_core.records.environment import Environment, Inventory, UserMarks
from condatui_core.records.finding import Finding
from condatui_core.records.installation import ChannelConfig, CondaFacts, Installation
from condatui_core.records.kernel import Kernel
from condatui_core.records.prefix import PrefixPointer, PrefixProbe
from condatui_core.settings import Locations, Settings, expand_home
from condatui_core.settings_files.server import read_server_settings

if TYPE_CHECKING:
    from condatui_core.analyses.baseline import BaselineComparison
    from condatui_core.analyses.policy_findings import PolicyFindings
    from condatui_core.prefixes.reader import PrefixReader, Reading


class _Described(Struct, frozen=True):
    """An environment and its inputs, so that it is described again only if they change."""

    observed: PrefixObservations
    described_from: tuple[object, ...]
    environment: Environment


class Machine:
    """Everything that is known about this machine so far.

    Its methods read the disk, so call them in a thread; only `changed` may run concurrently with another method.
    """

    def __init__(
        self, settings: Settings, locations: Locations, environ: Mapping[str, str], clock: Callable[[], datetime]
    ) -> None:
        self._settings = settings
        self._locations = locations
        self._environ = environ
        self._clock = clock
        self._reader: PrefixReader | None = None
        self._installations: tuple[Installation, ...] = ()
        self._facts: dict[str, CondaFacts] = {}
        self._problems: dict[str, tuple[Finding, ...]] = {}
        self._pointers: tuple[PrefixPointer, ...] = ()
        self._probes: dict[str, PrefixProbe] = {}
        self._readings: dict[str, Reading] = {}
        self._described: dict[str, _Described] = {}
        self._baseline: BaselineComparison | None = None
        self._policy: PolicyFindings | None = None
        self._policy_problem: Finding | None = None
        self._pending: list[str] = []
        self._mounts: tuple[Mount, ...] = ()
        self._searched: tuple[tuple[str, str], ...] = ()
        self._named: tuple[str, ...] = ()
        self._marks: tuple[tuple[str, int], ...] = ()
        self._user_marks = UserMarks()
        wrong = read_server_settings(locations).problems
        self._settings_problems = tuple(_file_unreadable("server-settings", each) for each in wrong)
        self._marks_problem: Finding | None = None
        self._kernels: tuple[Kernel, ...] = ()
        self._platform = native_subdir(platform.system(), platform.machine())
        self._real_path = lru_cache(4096)(_followed)

    def found(self, installations: Sequence[Installation]) -> None:
        """Record the installations of this machine; an error of one becomes a problem of the machine."""
        self._installations = tuple(installations)
        self._real_path.cache_clear()
        self._problems = {each.executable: (_unusable(each),) for each in installations if each.error}

    def learn(self, installation: Installation, facts: CondaFacts, problems: Sequence[Finding] = ()) -> None:
        """Record what the conda of an installation has answered."""
        self._facts[installation.root_prefix] = facts
        self._problems[installation.executable] = tuple(problems)

    def survey(self, *, last_time: bool = False) -> None:
        """Find the prefixes, without reading one; `last_time` also uses the list of the last run."""
        envs_dirs = discovery.envs_directories(self._installations, self._facts, self._locations.home, self._environ)
        self._marks = self._mark(envs_dirs)
        self._read_user_marks()
        self._read_policy()
        roots = [each.root_prefix for each in self._installations if each.root_prefix]
        pointers = [*self._named_prefixes(roots, envs_dirs)]
        if last_time:
            known = read_last_list(self._locations.last_list)
            pointers += [(prefix, discovery.LAST_TIME) for prefix in known if os.path.isdir(prefix)]
        self._pointers = discovery.merge(pointers, roots, envs_dirs)
        prefixes = [each.prefix for each in self._pointers]
        self._mounts = mounts()
        self._probes = dict(zip(prefixes, ask_each(probe_prefix, prefixes, self._mounts), strict=True))
        for known_things in (self._readings, self._described):
            for gone in known_things.keys() - self._probes.keys():
                del known_things[gone]

    def _read_user_marks(self) -> None:
        """Read what the user has said of environments; if that cannot be read, what was read before still holds."""
        try:
            self._user_marks, self._marks_problem = KeepMarks(self._locations).read(), None
        except CondatuiError as error:
            self._marks_problem = _file_unreadable("keep-unreadable", error)

    def _read_policy(self) -> None:
        """Read the policy of the settings; if that cannot be read, environments are held against none."""
        if not self._settings.policy:
            return
        from condatui_core.analyses.policy_findings import PolicyFindings  # noqa: PLC0415 - most have none
        from condatui_core.policy_file import read_policy  # noqa: PLC0415 - as above

        home = self._locations.home
        try:
            policy = read_policy(Path(expand_home(self._settings.policy, home)), home=home)
        except CondatuiError as error:
            self._policy, self._policy_problem = None, _file_unreadable("policy-unreadable", error)
            return
        self._policy_problem = None
        if self._policy is None or self._policy.policy != policy:
            self._policy = PolicyFindings(policy)

    def point_to(self, prefixes: Iterable[str]) -> None:
        """Add prefixes that the user has named, for the next survey; the next run does not know of them."""
        self._named = tuple(dict.fromkeys((*self._named, *prefixes)))

    def pointed_roots(self) -> tuple[str, ...]:
        """The root prefixes that environments point to, and that are not among the installations.

        An environment is one itself, lies in the `envs` of one, or its history names the conda of one.
        """
        known = [each.root_prefix for each in self._installations if each.root_prefix]
        within = tuple(os.path.join(root, "") for root in known)
        pointing = [each.prefix for each in self._pointers if not f"{each.prefix}{os.sep}".startswith(within)]
        programs = {
            revision.program
            for reading in self._readings.values()
            for revision in reading.contents.history.revisions
            if revision.program and not revision.program.startswith(within)
        }
        found = roots_among((*pointing, *filter(None, map(root_of_program, sorted(programs)))), self._mounts)
        return tuple(each for each in found if each not in known)

    def search_roots(self) -> None:
        """Search the root directories of the settings, which may be slow."""
        found: list[tuple[str, str]] = []
        for root in self._settings.roots:
            directory = expand_home(root, self._locations.home)
            prefixes, whole = discovery.search_root(directory)
            found += [(prefix, root) for prefix in prefixes]
            self._problems[root] = _searched(directory, whole)
        self._searched = tuple(found)

    def read_kernels(self) -> None:
        """Read the Jupyter kernels of this user and of the environments, once these are known."""
        from condatui_core.prefixes.kernels import read_kernels  # noqa: PLC0415 - names and packages come first

        there = [each.prefix for each in self._pointers if self._probes[each.prefix].exists]
        self._kernels = read_kernels(there, environ=self._environ, home=self._locations.home, mounted=self._mounts)

    def begin(self) -> None:
        """Queue all environments for reading, in the order in which they are shown."""
        if self._reader is None:
            own_uses = self._locations.own_uses
            from condatui_core.prefixes.reader import PrefixReader  # noqa: PLC0415 - names come first

            self._reader = PrefixReader(self._locations.prefix_cache, self._clock, own_uses=own_uses)
        else:
            self._reader.snapshot_machine()
        shown = [each.prefix for each in self.inventory().environments]
        self._pending = [prefix for prefix in shown if self._probes[prefix].exists]

    @property
    def facts(self) -> Mapping[str, CondaFacts]:
        """Root prefix → what its conda has answered so far."""
        return dict(self._facts)

    @property
    def pending(self) -> tuple[str, ...]:
        """The prefixes that have not been read yet, in the order of reading."""
        return tuple(self._pending)

    @property
    def reads_files(self) -> bool:
        """Whether the cache did not have all that was read so far."""
        return self._reader is not None and self._reader.reads_files

    def add_new(self) -> None:
        """Queue the prefixes that the last survey found for the first time."""
        waiting = {*self._pending, *self._readings}
        self._pending += [prefix for prefix, probe in self._probes.items() if probe.exists and prefix not in waiting]

    def read_some(self, seconds: float, *, refresh: bool = False) -> bool:
        """Read environments for about this time; returns whether there are more to read."""
        deadline = time.monotonic() + seconds
        while self._reader and self._pending and time.monotonic() < deadline:
            count = AT_ONCE if are_far(self._pending[:1], self._mounts) else 1
            some, self._pending = self._pending[:count], self._pending[count:]
            some = [prefix for prefix in some if prefix in self._probes]
            readings = ask_each(partial(self._reader.read, refresh=refresh), some, self._mounts)
            self._readings.update(zip(some, readings, strict=True))
        return bool(self._pending)

    def inventory(self, *, asking_conda: bool = False) -> Inventory:
        """The inventory of everything known so far; `asking_conda` is whether a conda has not answered yet."""
        now = self._clock()
        roots = OwningRoots(self._installations, self._facts, real_path=self._real_path)
        machine = Inventory(
            environments=in_order(self._describe(each, roots, now) for each in self._pointers),
            installations=self._installations,
            channel_configs=tuple((root, facts.channels) for root, facts in self._facts.items()),
            pkgs_dirs=tuple(dict.fromkeys(path for facts in self._facts.values() for path in facts.pkgs_dirs)),
            problems=(
                *(finding for found in self._problems.values() for finding in found),
                *self._settings_problems,
                *filter(None, [self._marks_problem, self._policy_problem]),
            ),
            marks=self._user_marks,
            marks_unknown=self._marks_problem is not None,
            kernels=self._kernels,
            pending=len(self._pending),
            asking_conda=asking_conda,
        )
        return self._with_baseline(self._policy.added_to(machine, now) if self._policy else machine)

    def _with_baseline(self, machine: Inventory) -> Inventory:
        """The inventory with what the baseline of the settings, or else the one that the user has set, says of it."""
        wanted = expand_home(self._settings.baseline, self._locations.home) or self._user_marks.baseline
        if not wanted:
            return machine
        if self._baseline is None:
            from condatui_core.analyses.baseline import BaselineComparison  # noqa: PLC0415 - many have none

            self._baseline = BaselineComparison(self._settings.alike_threshold)
        return self._baseline.of(machine, wanted, cwd=str(self._locations.home), real_path=self._real_path)

    def remember(self) -> None:
        """Save the names for the first screen of the next run."""
        passing = {*self._settings.roots, discovery.NAMED}
        own = {each.prefix: environment_name(each) for each in self._pointers if set(each.sources) - passing}
        write_last_list(self._locations.last_list, own)

    def changed(self) -> bool:
        """Whether an environment, or a directory with environments, has changed since it was read, by some stats."""
        if self._mark(path for path, _ in self._marks) != self._marks:
            return True
        return self._reader is not None and not all(map(self._reader.unchanged, tuple(self._readings)))

    def _named_prefixes(self, roots: Sequence[str], envs_dirs: Sequence[str]) -> Iterator[tuple[str, str]]:
        yield from ((root, discovery.CONDA) for root in roots)
        for facts in self._facts.values():
            yield from ((prefix, discovery.CONDA) for prefix in facts.environments)
        for envs_dir in envs_dirs:
            yield from ((child, envs_dir) for child in discovery.children(envs_dir))
        for directory in discovery.tool_directories(self._locations.home):
            yield from ((child, directory) for child in discovery.children(directory))
        yield from ((prefix, discovery.REGISTERED) for prefix in registered_prefixes(self._locations.home))
        yield from self._searched
        yield from ((prefix, discovery.NAMED) for prefix in self._named)

    def _mark(self, envs_dirs: Iterable[str]) -> tuple[tuple[str, int], ...]:
        """The modification times of the places that list environments, of the user's marks and of the policy."""
        home = self._locations.home
        own = (environments_txt(home), self._locations.keep_file, expand_home(self._settings.policy, home))
        places = dict.fromkeys((*envs_dirs, *filter(None, map(str, own))))
        return tuple((place, _modified(place)) for place in places)

    def _describe(self, pointer: PrefixPointer, roots: OwningRoots, now: datetime) -> Environment:
        reading = self._readings.get(pointer.prefix)
        contents = reading.contents if reading else None
        root = roots.owner_of(pointer, contents)
        observed = PrefixObservations(
            pointer=pointer,
            probe=self._probes[pointer.prefix],
            name=environment_name(pointer),
            contents=contents,
            last_used=reading.last_used if reading else None,
            processes=reading.processes if reading else (),
            kernels=self._kernels_elsewhere(pointer.prefix),
            config=self._facts[root].channels if root in self._facts else ChannelConfig(),
            machine=self._platform,
        )
        keep = self._user_marks.mark_of(pointer.prefix)
        described_from = (root, now.date(), keep)
        former = self._described.get(pointer.prefix)
        if former and former.described_from == described_from and _same(former.observed, observed):
            return former.environment
        active = self._environ.get("CONDA_PREFIX")
        environment = describe(
            observed,
            installation=root,
            active_prefix=os.path.realpath(active) if active else None,
            now=now,
            stale_days=self._settings.stale_days,
            keep=keep,
        )
        self._described[pointer.prefix] = _Described(observed, described_from, environment)
        return environment

    def _kernels_elsewhere(self, prefix: str) -> tuple[str, ...]:
        return tuple(each.path for each in self._kernels if each.prefix == prefix and each.inside != prefix)


def _same(one: PrefixObservations, other: PrefixObservations) -> bool:
    """Whether two are equal; contents by identity, since the cache returns the same object until they change."""
    return one.contents is other.contents and replace(one, contents=None) == replace(other, contents=None)


def _followed(path: str) -> str:
    return os.path.realpath(path)


def _modified(path: str) -> int:
    try:
        return os.stat(path).st_mtime_ns
    except OSError:
        return 0


def _unusable(installation: Installation) -> Finding:
    return Finding(
        id="conda-unusable",
        severity="warning",
        message=f"{installation.executable} cannot be used: {installation.error}",
        remedy="If it has environments, they are shown, and cannot be changed through it.",
        evidence=(f"found by {installation.found_by}",),
        source="machine",
    )


def _file_unreadable(id: str, error: CondatuiError) -> Finding:  # noqa: A002 - the name of the record's field
    return Finding(
        id=id,
        severity="warning",
        message=error.in_one_line,
        remedy=error.advice,
        evidence=tuple(error.detail.splitlines()),
        source="machine",
    )


def _searched(root: str, whole: bool) -> tuple[Finding, ...]:
    if not os.path.isdir(root):
        return (_root_unusable(f"{root} is not a directory"),)
    if whole:
        return ()
    message = f"{root} has too much below it to search it all: some environments are not shown"
    return (_root_unusable(message, "name a smaller one"),)


def _root_unusable(message: str, remedy: str = "") -> Finding:
    return Finding(id="root-unusable", severity="warning", message=message, remedy=remedy, source="machine")
