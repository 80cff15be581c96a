"""A workbench that shows what a test tells it to, and waits for the test where the real one waits for conda."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from msgspec.structs import replace

from condatui_core.actions.last_change import Undo, separation
from condatui_core.actions.protocol import JobContext
from condatui_core.actions.restore.listing import last_change
from condatui_core.analyses.alike import alike_groups
from condatui_core.analyses.baseline_proposal import BaselineDraft, propose_baseline
from condatui_core.analyses.package_facts import PackageFacts, package_facts
from condatui_core.disk.cleanup import CleanupSurvey
from condatui_core.disk.usage import DiskUsage
from condatui_core.environment_files.export import ExportText
from condatui_core.errors import CondatuiError, RefusedError
from condatui_core.gpu.examination import GpuProgress
from condatui_core.prefixes.probe import set_aside_from
from condatui_core.proc.runner import CommandRun
from condatui_core.records.alike import AlikeGroup
from condatui_core.records.cleanup import CleanupCandidate
from condatui_core.records.disk import Breakdown
from condatui_core.records.drift import Verification
from condatui_core.records.environment import Environment, Inventory, KeepMark, UserMarks
from condatui_core.records.finding import Finding
from condatui_core.records.gpu import GpuResult
from condatui_core.records.installation import ChannelConfig, Installation
from condatui_core.records.kernel import Reference
from condatui_core.records.other_machine import OtherMachines
from condatui_core.records.package import Distribution, PackageFiles, PackageRecord
from condatui_core.records.relinking import RelinkSurvey
from condatui_core.records.request import ExportRequest, RestoreRequest, RollbackRequest
from condatui_core.records.restore_point import RestorePointSummary
from condatui_core.records.revision import RevisionFacts
from condatui_core.records.slimming import Slimming
from condatui_core.records.usage import Run, Usage
from condatui_core.remedy import LeaveReadOnly
from condatui_core.settings import Locations, Settings
from condatui_core.shells import ActivatedShell
from condatui_core.verification import verify_file
from support.contexts import made_context
from support.fake_jobs import FakeJobs
from support.gpu_facts import no_torch
from support.inventories import NOW


@dataclass
class FakeLog:
    """A command log that tests add to."""

    runs: tuple[CommandRun, ...] = ()
    callbacks: list[Callable[[CommandRun], None]] = field(default_factory=list)

    def add(self, run: CommandRun) -> None:
        self.runs = (*self.runs, run)
        for tell in self.callbacks:
            tell(run)

    def subscribe(self, callback: Callable[[CommandRun], None]) -> Callable[[], None]:
        self.callbacks.append(callback)
        return lambda: self.callbacks.remove(callback)


@dataclass
class FakeDisk:
    """A disk of which a test tells what is found on it; an asyncio.Event among that is waited for."""

    script: Sequence[DiskUsage | Exception | asyncio.Event] = ()
    walks: list[bool] = field(default_factory=list)
    """For every walk, whether it read everything anew."""
    ended: int = 0
    """How many walks were left, at their end or before."""
    breakdowns: dict[str, Breakdown] = field(default_factory=dict)
    """By prefix."""

    async def survey(
        self, inventory: Inventory, *, anew: bool = False, former: DiskUsage | None = None
    ) -> AsyncGenerator[DiskUsage, None]:
        self.walks.append(anew)
        try:
            for step in self.script:
                if isinstance(step, Exception):
                    raise step
                if isinstance(step, asyncio.Event):
                    await step.wait()
                else:
                    yield step
                    await asyncio.sleep(0)
        finally:
            self.ended += 1

    async def break_down(self, environment: Environment, places: object) -> Breakdown:
        empty = Breakdown(prefix=environment.prefix, packages=(), pip=0, untracked=0, bookkeeping=0)
        return self.breakdowns.get(environment.prefix, empty)


@dataclass
class FakeGpu:
    """GPU checks of which a test tells what they come to; an asyncio.Event in a script is waited for."""

    at_once: dict[str, GpuResult] = field(default_factory=dict)
    """What is known without a run, by prefix; elsewhere there is no torch."""
    scripts: dict[str, Sequence[GpuProgress | GpuResult | Exception | asyncio.Event]] = field(default_factory=dict)
    """What a check tells, by prefix."""
    looked: list[str] = field(default_factory=list)
    checked: list[str] = field(default_factory=list)
    ended: int = 0
    """How many checks were left, at their end or before."""
    dying: asyncio.Event | None = None
    """What a check that is left waits for before it ends."""

    def remembered(self, environment: Environment) -> GpuResult | None:
        return None

    async def preliminary(self, environment: Environment) -> GpuResult:
        self.looked.append(environment.prefix)
        return self.at_once.get(environment.prefix) or no_torch(environment.prefix)

    async def check(self, environments: Sequence[Environment]) -> AsyncGenerator[GpuProgress | GpuResult, None]:
        for environment in environments:
            self.checked.append(environment.prefix)
            try:
                for step in self.scripts.get(environment.prefix, ()):
                    if isinstance(step, Exception):
                        raise step
                    if isinstance(step, asyncio.Event):
                        await step.wait()
                    else:
                        yield step
                        await asyncio.sleep(0)
            finally:
                if self.dying:
                    await self.dying.wait()
                self.ended += 1


@dataclass
class FakeTraces:
    """Commands that are run in an environment, of which a test tells what comes of them."""

    usage: Usage | CondatuiError = field(default_factory=lambda: CondatuiError("Nothing is run here."))
    runs: list[Run] = field(default_factory=list)
    waits: bool = False
    """Whether each runs until it is stopped."""
    ended: int = 0
    """How many were left, at their end or before."""

    async def trace(self, run: Run, stop: asyncio.Event) -> Usage:
        self.runs.append(run)
        try:
            if self.waits:
                await stop.wait()
        finally:
            self.ended += 1
        if isinstance(self.usage, CondatuiError):
            raise self.usage
        return replace(self.usage, end="stopped") if stop.is_set() else self.usage


class FakeWorkbench:
    """Yields scripted inventories; an exception among them is raised, an asyncio.Event is waited for."""

    stored_twice = RelinkSurvey()
    joined: tuple[str, ...] = ()
    """The environments with files that were joined after all other changes."""
    same_files_error: CondatuiError | None = None
    same_files_gate: asyncio.Event | None = None
    """The search for what is stored twice waits for it, if there is one."""
    same_files_asked = 0

    def __init__(  # noqa: PLR0915 - all that a test may tell it
        self,
        *script: Inventory | Exception | asyncio.Event,
        first: Inventory | None = None,
        settings: Settings | None = None,
    ) -> None:
        self.script: Sequence[Inventory | Exception | asyncio.Event] = script
        self.first = first or Inventory(pending=1, asking_conda=True)
        self.settings = settings or Settings(watch_seconds=0)
        here = Path("/nowhere")
        self.locations = Locations(home=here, config=here, cache=here, state=here)
        self.environ: dict[str, str] = {}
        self.log = FakeLog()
        self.jobs = FakeJobs(check_writable=self.check_writable)
        self.disk = FakeDisk()
        self.gpu = FakeGpu()
        self.alike: tuple[AlikeGroup, ...] = ()
        """The groups that are found."""
        self.searches: list[frozenset[str]] = []
        """For every search for groups, the environments whose GPU works."""
        self.loads: list[bool] = []
        """For every load, whether it was a refresh."""
        self.file_findings: dict[str, tuple[Finding, ...]] = {}
        self.file_checks: list[str] = []
        """The prefixes whose files were checked."""
        self.file_gate: asyncio.Event | None = None
        """What each check of files waits for."""
        self.past: dict[str, tuple[RevisionFacts, ...]] = {}
        """What is found out about revisions, by prefix."""
        self.looks_back: list[str] = []
        """The prefixes whose revisions were looked into."""
        self.past_gate: asyncio.Event | None = None
        """What each look into revisions waits for."""
        self.slim: dict[str, Slimming | CondatuiError] = {}
        """What a service would not need, by prefix."""
        self.slimmed: list[str] = []
        """The prefixes whose files were looked at for that."""
        self.slim_gate: asyncio.Event | None = None
        """What each such look waits for."""
        self.package_files: PackageFiles | CondatuiError = PackageFiles()
        """The files of every package."""
        self.package_gate: asyncio.Event | None = None
        """What each look at a package waits for."""
        self.traces = FakeTraces()
        self.written_settings: dict[str, object] = {}
        """What was written into the settings file, by name."""
        self.thresholds: list[float] = []
        """With which threshold groups were looked for."""
        self.group_gate: asyncio.Event | None = None
        """What each look for groups waits for."""
        self.kept: dict[str, int] = {}
        """By the path of a candidate, what its restore point keeps; elsewhere it is what the records tell."""
        self.named_by: dict[str, tuple[Reference, ...]] = {}
        """What names an environment, by its prefix."""
        self.counts_points = True
        """Whether restore points lie on the file system on which something could go."""
        self.looks = 0
        """How often somebody asked whether anything changed."""
        self.changes = False
        """What is answered to that, once."""
        self.user_marks = UserMarks()
        """What the user has said of environments."""
        self.read_only = self.settings.read_only
        """Whether nothing can be changed."""
        self.snapshots = ""
        """Where snapshots of other machines would be; empty if there are none."""
        self.others: Sequence[OtherMachines | Exception | asyncio.Event] = ()
        """What the snapshots tell, bit by bit; an exception among that is raised, an asyncio.Event is waited for."""
        self.waiting = False
        """Whether a load stands before an event that the test has not set."""

    def check_writable(self) -> None:
        if self.read_only:
            advice = LeaveReadOnly(started=self.settings.read_only)
            raise RefusedError("condatui is read-only: nothing is changed.", hint=advice)

    def set_read_only(self, read_only: bool) -> None:
        if self.settings.read_only:
            self.check_writable()
        self.read_only = read_only

    def marks(self) -> UserMarks:
        return self.user_marks

    def set_aside_from(self, prefix: str) -> str:
        return set_aside_from(prefix)

    async def keep(
        self, prefixes: Sequence[str], note: str = "", *, marks: Mapping[str, KeepMark] | None = None
    ) -> UserMarks:
        self.check_writable()
        former = marks or {}
        now = {prefix: former.get(prefix, KeepMark(note=note)) for prefix in prefixes}
        kept = {**dict(self.user_marks.kept), **now}
        self.user_marks = replace(self.user_marks, kept=tuple(kept.items()))
        return self.user_marks

    async def unkeep(self, prefixes: Sequence[str]) -> UserMarks:
        kept = tuple((path, mark) for path, mark in self.user_marks.kept if path not in prefixes)
        self.user_marks = replace(self.user_marks, kept=kept)
        return self.user_marks

    async def set_baseline(self, prefix: str) -> UserMarks:
        if self.settings.baseline:
            raise RefusedError("The setting `baseline` says which environment it is.")
        self.user_marks = replace(self.user_marks, baseline=prefix)
        return self.user_marks

    async def write_setting(self, name: str, value: object) -> Path:
        self.check_writable()
        self.written_settings[name] = value
        return Path("/nowhere/settings.yaml")

    async def verify(self, environment: Environment, file: str, channels: ChannelConfig) -> Verification:
        return await asyncio.to_thread(verify_file, environment, file, channels, "linux-64")

    async def remember_file(self, environment: Environment, file: str) -> UserMarks:
        self.user_marks = replace(self.user_marks, files=((environment.prefix, file),))
        return self.user_marks

    async def remember_filter(self, name: str, text: str) -> UserMarks:
        self.check_writable()
        filters = {**dict(self.user_marks.filters), name: text}
        self.user_marks = replace(self.user_marks, filters=tuple(filters.items()))
        return self.user_marks

    async def forget_filter(self, name: str) -> UserMarks:
        left = tuple(each for each in self.user_marks.filters if each[0] != name)
        self.user_marks = replace(self.user_marks, filters=left)
        return self.user_marks

    async def propose_baseline(self, inventory: Inventory, *, share: float = 0.5) -> BaselineDraft:
        proposal = propose_baseline(inventory, share=share)
        return BaselineDraft(proposal=proposal, format="explicit", text="@EXPLICIT\n", saved_bytes=12_000_000)

    def glance(self) -> Inventory:
        return self.first

    async def load(self, *, refresh: bool = False, names: bool = False) -> AsyncIterator[Inventory]:
        self.loads.append(refresh)
        for step in self.script:
            if isinstance(step, Exception):
                raise step
            if isinstance(step, asyncio.Event):
                self.waiting = True
                await step.wait()
                self.waiting = False
            else:
                yield step
                await asyncio.sleep(0)

    async def other_machines(self, place: str) -> AsyncIterator[OtherMachines]:
        assert place == self.snapshots
        for step in self.others:
            if isinstance(step, Exception):
                raise step
            if isinstance(step, asyncio.Event):
                await step.wait()
            else:
                yield step
                await asyncio.sleep(0)

    async def job_context(self) -> JobContext:
        known = [each for each in self.script if isinstance(each, Inventory)]
        return made_context(known[-1] if known else self.first, self.locations.home)

    async def check_files(self, environment: Environment, *, checksums: bool = False) -> tuple[Finding, ...]:
        assert not checksums
        self.file_checks.append(environment.prefix)
        if self.file_gate:
            await self.file_gate.wait()
        return self.file_findings.get(environment.prefix, ())

    async def inspect_package(
        self, environment: Environment, package: PackageRecord | Distribution
    ) -> tuple[PackageFacts, PackageFiles]:
        assert environment.contents
        if self.package_gate:
            await self.package_gate.wait()
        if isinstance(self.package_files, CondatuiError):
            raise self.package_files
        return package_facts(environment.contents, package), self.package_files

    async def revisions(self, environment: Environment) -> tuple[RevisionFacts, ...]:
        self.looks_back.append(environment.prefix)
        if self.past_gate:
            await self.past_gate.wait()
        return self.past.get(environment.prefix, ())

    async def slimming(self, environment: Environment, inventory: Inventory) -> Slimming:
        self.slimmed.append(environment.prefix)
        if self.slim_gate:
            await self.slim_gate.wait()
        found = self.slim[environment.prefix]
        if isinstance(found, CondatuiError):
            raise found
        return found

    async def trace(self, environment: Environment, run: Run, stop: asyncio.Event) -> Usage:
        return await self.traces.trace(run, stop)

    async def groups(
        self,
        inventory: Inventory,
        *,
        working_gpu: frozenset[str],
        threshold: float | None = None,
        chosen: Collection[str] = (),
    ) -> tuple[AlikeGroup, ...]:
        if threshold is None:
            self.searches.append(working_gpu)
            return self.alike
        self.thresholds.append(threshold)
        if self.group_gate:
            await self.group_gate.wait()
        return alike_groups(inventory, threshold=threshold, chosen=chosen, working_gpu=working_gpu)

    def survey_cleanup(
        self, inventory: Inventory, usage: DiskUsage | None, groups: tuple[AlikeGroup, ...]
    ) -> CleanupSurvey:
        return CleanupSurvey.of(inventory, usage, groups, counts_points=self.counts_points, now=NOW, user="ada")

    async def same_files(self) -> RelinkSurvey:
        self.same_files_asked += 1
        if self.same_files_gate:
            await self.same_files_gate.wait()
        if self.same_files_error:
            raise self.same_files_error
        return self.stored_twice

    def shell_in(self, environment: Environment, installation: Installation | None) -> ActivatedShell:
        self.check_writable()
        return ActivatedShell(environment, installation, environ=self.environ, private=self.locations.private)

    async def references(self, prefix: str) -> tuple[Reference, ...]:
        return self.named_by.get(prefix, ())

    async def kept_bytes(self, candidate: CleanupCandidate) -> int:
        return self.kept.get(candidate.path, candidate.way_back.kept_bytes)

    async def preview_export(self, request: ExportRequest) -> ExportText:
        return await self.jobs.preview(request)

    async def restore_points(self) -> tuple[RestorePointSummary, ...]:
        return await self.jobs.restore_points()

    async def count_restore_points(self) -> int:
        return len(self.jobs.points)

    async def undo_of_last_change(self, environment: Environment | None) -> Undo:
        if self.joined:
            return separation(environment.prefix if environment else None, self.joined)
        return RestoreRequest(id=last_change(await self.jobs.restore_points()))

    async def before_last_change(self, environment: Environment) -> RollbackRequest:
        assert environment.contents
        return RollbackRequest(prefix=environment.prefix, revision=environment.contents.history.revisions[-2].number)

    async def changed(self) -> bool:
        self.looks += 1
        answer, self.changes = self.changes, False
        return answer
