"""The state that the places share: what is known of the machine, and what the user has marked."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime
from functools import cached_property, partial
from typing import TYPE_CHECKING

from msgspec.structs import replace
from textual.app import App
from textual.signal import Signal

from condatui.actions.keymap import Keymap
from condatui.actions.registry import ACTION_BY_ID
from condatui.clipboard import Clipboard
from condatui.view_models import glyphs
from condatui.view_models.channel_codes import ChannelCodes, CodesOfEnvironments
from condatui.view_models.cleanup.found import CleanupOptions
from condatui.view_models.environments.filter_fields import NO_COSTS, FilterFacts
from condatui.view_models.gpu import GpuState, gpu_word
from condatui.view_models.remedies import RemedyWords, workbench_words
from condatui_core.analyses.duplicates import with_duplicates
from condatui_core.errors import CondatuiError
from condatui_core.records.environment import Environment, Inventory, KeepMark, host_of, shown_names

if TYPE_CHECKING:
    from condatui.view_models.cleanup.found import FoundCleanup
    from condatui.view_models.told import Told, United
    from condatui_core.disk.usage import DiskUsage
    from condatui_core.records.alike import AlikeGroup
    from condatui_core.records.disk import Cost, Freed
    from condatui_core.records.finding import Finding
    from condatui_core.records.job import Job
    from condatui_core.records.other_machine import OtherMachines
    from condatui_core.workbench import Workbench


class Session:
    """One run of the workbench. The app puts in what is new; the places show it and change the marks."""

    def __init__(self, owner: App[None], workbench: Workbench, *, host: str, clock: Callable[[], datetime]) -> None:
        """Raises UsageError for impossible keys in the settings."""
        self.workbench = workbench
        self.clipboard = Clipboard(owner, workbench.environ)
        self.host = host
        self.clock = clock
        self.keymap = Keymap.of_settings(workbench.settings.keys, workbench.settings.keymap)
        self.inventory = Inventory()
        self.others: OtherMachines | None = None
        """What snapshots tell of other machines, which can be looked at, not changed; None if none was read."""
        self.groups_across: tuple[AlikeGroup, ...] = ()
        """The groups of alike environments on several other machines, of which nothing can go from here."""
        self.loads = 0
        """How many loads have come to their end: what was found out before the last one may not hold any more."""
        self.disk: DiskUsage | None = None
        """What is known of the disk; None until all environments have been read."""
        self.groups: tuple[AlikeGroup, ...] = ()
        """The groups of alike environments, by the threshold of the settings."""
        self.gpus = GpuState()
        """What is known of the GPUs."""
        self.cleanup: FoundCleanup | None = None
        """What could go; None until it was looked for."""
        self.cleanup_options = CleanupOptions(workbench.settings.alike_threshold)
        """What the user has chosen for cleaning up."""
        self._freed: tuple[DiskUsage, frozenset[str], Freed] | None = None
        """The last result of `freed` and its arguments, as the bottom line is drawn at every key."""
        self.failure: CondatuiError | None = None
        """Why the last load, measurement or check failed; None if it did not."""
        self.loading = True
        """Whether a load is under way; true from the start, as the app begins with one."""
        self.marked: frozenset[str] = frozenset()
        """Prefixes of the marked environments."""
        self.unkept: dict[str, KeepMark] = {}
        """By prefix, the marks that a key has taken away in this session: the same key brings them back."""
        self.directory = workbench.locations.home
        """The directory of files that the user names without one."""
        self.restore_points = 0
        """How many restore points there were at the end of the last load."""
        self.jobs: tuple[Job, ...] = ()
        """The jobs, newest first."""
        self.interrupted: tuple[Finding, ...] = ()
        """What earlier runs have left half done, until the user has seen it."""
        self.damaged_journals: tuple[Finding, ...] = ()
        """Which journals cannot be read: their jobs are no rows of the jobs place, so it always tells them."""
        self._damage_seen = False
        """Whether the user has seen the damaged journals."""
        self.changed: Signal[Session] = Signal(owner, "session changed")
        """Published after each change of the session except the jobs."""
        self.jobs_changed: Signal[Session] = Signal(owner, "jobs changed")
        """Published after each change of a job."""

    @cached_property
    def words(self) -> RemedyWords:
        """Says what to do about something, with the keys of this user."""
        return partial(workbench_words, key=self.key)

    @cached_property
    def glyphs(self) -> glyphs.Glyphs:
        """The signs that the settings ask for."""
        return glyphs.ASCII if self.workbench.settings.ascii else glyphs.UNICODE

    def key(self, action: str) -> str:
        """The key of an action, the one to show if there are several; the action's title if it has none."""
        labels = self.keymap.labels(ACTION_BY_ID[action])
        return labels[0] if labels else ACTION_BY_ID[action].title

    def take_keymap(self, keymap: Keymap) -> None:
        """Take in other keys, which all places show from now on."""
        self.keymap = keymap
        self.changed.publish(self)

    def show(self, inventory: Inventory) -> None:
        """Take in a new inventory; once it is complete, marks of environments that are gone are dropped."""
        measured = self.disk.added_to(inventory) if self.disk else inventory
        self.inventory = with_duplicates(self.gpus.added_to(measured), self.groups)
        if inventory.complete:
            self.loads += 1
            here = {environment.prefix for environment in inventory.environments}
            self.marked = frozenset(each for each in self.marked if each in here or host_of(each))
        self.changed.publish(self)

    def show_others(self, others: OtherMachines) -> None:
        """Take in what snapshots tell; once all are read, marks of environments that they do not name are dropped."""
        self.others = others
        if not others.pending:
            there = {environment.prefix for environment in others.inventory.environments}
            self.marked = frozenset(each for each in self.marked if each in there or not host_of(each))
        self.changed.publish(self)

    def show_groups_across(self, groups: tuple[AlikeGroup, ...]) -> None:
        """Take in the groups of alike environments on several other machines."""
        self.groups_across = groups
        self.changed.publish(self)

    @property
    def everywhere(self) -> Inventory:
        """The environments of this machine, and after them those that snapshots tell of; the condas are this one's."""
        return self._united.inventory(self.inventory, self.others) if self.others else self.inventory

    @property
    def listed(self) -> tuple[Environment, ...]:
        """The environments of the list: those of this machine once, as they are and not as its snapshot tells."""
        return self._united.listed(self.inventory, self.others) if self.others else self.inventory.environments

    @cached_property
    def columns(self) -> tuple[str, ...]:
        """The ids of the columns of place 1 that the user has chosen, until now; empty for the usual ones."""
        return self.workbench.settings.columns

    @property
    def channel_codes(self) -> ChannelCodes:
        """The code of each channel that any environment has packages from, by its name."""
        return self._code_book.of(self.everywhere.environments)

    @cached_property
    def _code_book(self) -> CodesOfEnvironments:
        return CodesOfEnvironments()

    @cached_property
    def _united(self) -> United:
        """What is known of all machines together."""
        from condatui.view_models.told import United  # noqa: PLC0415 - only snapshots need it

        return United(self.host)

    def told(self, environment: Environment) -> Told | None:
        """What a snapshot tells of an environment on another machine; None for one on this machine."""
        machines = self.others.machines if self.others and environment.host else ()
        machine = next((each for each in machines if each.host == environment.host), None)
        if machine is None or self.others is None:
            return None
        from condatui.view_models.told import Told  # noqa: PLC0415 - as above

        prefix = environment.prefix
        return Told(machine, self.clock(), self.others.disk.get(prefix), self.others.gpu.get(prefix))

    @property
    def gpus_everywhere(self) -> GpuState:
        """What is known of the GPUs, with what snapshots tell of other machines."""
        return replace(self.gpus, told=self.others.gpu) if self.others else self.gpus

    @property
    def filter_facts(self) -> FilterFacts:
        """What a filter asks about that no environment knows by itself."""
        return FilterFacts(
            now=self.clock(),
            here=self.host,
            costs=self.costs,
            gpu_word=partial(gpu_word, self.gpus_everywhere),
            marked=self.marked,
            unexamined=self.others.unexamined if self.others else frozenset(),
        )

    @property
    def remembered_filters(self) -> Mapping[str, str]:
        """The filters that the user has remembered, by name."""
        return dict(self.inventory.marks.filters)

    def show_disk(self, survey: DiskUsage) -> None:
        """Take in a measurement of the disk; its findings become findings of the environments."""
        self.disk = survey
        self.workbench.frees = self._frees
        self.inventory = survey.added_to(self.inventory)
        self.changed.publish(self)

    def _frees(self, prefixes: Sequence[str]) -> int | None:
        """The bytes that removing these prefixes frees, for plans; None while that is not measured."""
        freed = self.disk.freed_by(prefixes) if self.disk else None
        return freed.frees if freed and freed.measured else None

    def show_gpus(self, gpus: GpuState) -> None:
        """Take in the state of the GPU checks; its findings become findings of the environments."""
        self.gpus = gpus
        self.inventory = gpus.added_to(self.inventory)
        self.changed.publish(self)

    def show_groups(self, groups: tuple[AlikeGroup, ...]) -> None:
        """Take in the groups of alike environments; each member has a finding that says to what it is alike."""
        if groups != self.groups:
            self.groups = groups
            self.inventory = with_duplicates(self.inventory, groups)
            self.changed.publish(self)

    def show_cleanup(self, found: FoundCleanup) -> None:
        """Take in what could go."""
        self.cleanup = found
        self.changed.publish(self)

    def choose_cleanup(self, options: CleanupOptions) -> None:
        """Take in what the user has chosen for cleaning up."""
        self.cleanup_options = options
        self.changed.publish(self)

    def choose_columns(self, columns: Sequence[str]) -> None:
        """Take in the columns of place 1; empty for the usual ones."""
        self.columns = tuple(columns)
        self.changed.publish(self)

    @property
    def with_frameworks(self) -> tuple[Environment, ...]:
        """The environments that have a GPU framework, or that were not looked at yet."""
        readable = (each for each in self.inventory.environments if each.readable)
        without = {prefix for prefix, each in self.gpus.results.items() if each.main.verdict.kind == "absent"}
        return tuple(each for each in readable if each.prefix not in without)

    def fail(self, failure: CondatuiError) -> None:
        """Take in a failure of anything but loading."""
        self.failure = failure
        self.changed.publish(self)

    @property
    def costs(self) -> Mapping[str, Cost]:
        """The disk use of environments, by prefix; on other machines as snapshots tell it."""
        here: Mapping[str, Cost] = self.disk.costs if self.disk else NO_COSTS
        return self._united.costs(here, self.others) if self.others else here

    @property
    def names(self) -> Mapping[str, str]:
        """What all environments are called, by prefix."""
        return shown_names(self.inventory.environments)

    @property
    def full_names(self) -> Mapping[str, str]:
        """The same, with those on other machines as `gpu07:nlp-exp` if there are groups of them."""
        if not self.groups_across:
            return self.names
        return shown_names(self.everywhere.environments)

    @property
    def freed(self) -> Freed | None:
        """What removing the marked environments frees; None while nothing is known of the disk."""
        if self.disk is None:
            return None
        if self._freed is None or self._freed[0] is not self.disk or self._freed[1] != self.marked:
            here = [each for each in self.marked if not host_of(each)]
            self._freed = (self.disk, self.marked, self.disk.freed_by(here))
        return self._freed[2]

    def start_loading(self) -> None:
        """Note that a load begins, and drop the last failure."""
        self.loading, self.failure = True, None
        self.changed.publish(self)

    def stop_loading(self, failure: CondatuiError | None = None) -> None:
        """Note that the load is over, with a failure or without."""
        self.loading, self.failure = False, failure
        self.changed.publish(self)

    @property
    def prefixes_at_work(self) -> frozenset[str]:
        """The environments that jobs are changing, creating or removing, and what they have set aside of them."""
        named = {prefix for job in self.jobs if not job.over for prefix in job.plan.prefixes}
        there = (each.prefix for each in self.inventory.environments) if named else ()
        return frozenset((*named, *(each for each in there if self.workbench.set_aside_from(each) in named)))

    @property
    def jobs_at_work(self) -> int:
        """The number of jobs of this process that run or wait."""
        return sum(1 for job in self.jobs if not job.over and not job.elsewhere)

    def show_jobs(self, jobs: tuple[Job, ...]) -> None:
        """Take in the present state of the jobs."""
        self.jobs = jobs
        self.jobs_changed.publish(self)

    @property
    def unseen(self) -> tuple[Finding, ...]:
        """What every place tells of earlier runs, until the user has seen it."""
        return self.interrupted if self._damage_seen else (*self.interrupted, *self.damaged_journals)

    def show_interrupted(self, findings: tuple[Finding, ...], damaged: tuple[Finding, ...]) -> None:
        """Take in what was interrupted in earlier runs, and which of their journals cannot be read."""
        self.interrupted, self.damaged_journals, self._damage_seen = findings, damaged, False
        self.changed.publish(self)

    def dismiss_interrupted(self) -> None:
        """Note that the user has seen what earlier runs have left."""
        unseen, self.interrupted, self._damage_seen = self.unseen, (), True
        if unseen:
            self.changed.publish(self)

    def show_damaged_journals(self, findings: tuple[Finding, ...]) -> None:
        """Take in which journals cannot be read by now."""
        if findings != self.damaged_journals:
            self.damaged_journals = findings
            self.changed.publish(self)

    def mark(self, prefixes: Collection[str], *, marked: bool) -> None:
        """Mark or unmark environments."""
        self.marked = self.marked | set(prefixes) if marked else self.marked - set(prefixes)
        self.changed.publish(self)
