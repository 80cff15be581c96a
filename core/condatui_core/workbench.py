"""The façade for the commands and the screens: load, refresh, detect changes, plan and submit jobs."""

from __future__ import annotations

import asyncio
import logging
import os
import time
from collections.abc import AsyncIterator, Callable, Collection, Iterable, Mapping, Sequence
from datetime import datetime
from functools import cached_property, partial
from threading import Lock
from typing import TYPE_CHECKING, TypeVar

from condatui_core.conda.client import CondaClient, InstallationAnswer, ask, remembered, run_conda
from condatui_core.conda.commands import Caller
from condatui_core.conda.discovery import find_installations, installations_on_disk, usual_places
from condatui_core.conda.errors import last_words
from condatui_core.errors import CondaError, RefusedError
from condatui_core.inventory import Machine
from condatui_core.keep_marks import KeepMarks
from condatui_core.prefixes.probe import set_aside_from, user_name
from condatui_core.prefixes.read_ahead import start_reading_ahead, stop_reading_ahead
from condatui_core.proc.child import Child
from condatui_core.proc.runner import CommandLog, ProcessRunner, Runner
from condatui_core.records.environment import Environment, Inventory, KeepMark, UserMarks
from condatui_core.records.finding import Finding
from condatui_core.records.installation import ChannelConfig, Installation
from condatui_core.settings import Locations, Settings

if TYPE_CHECKING:
    from condatui_core.actions.protocol import JobContext
    from condatui_core.analyses.alike import AlikeFinder
    from condatui_core.analyses.baseline_proposal import BaselineDraft
    from condatui_core.disk.cleanup import CleanupSurvey
    from condatui_core.disk.usage import Disk, DiskUsage
    from condatui_core.environment_files.export import ExportText
    from condatui_core.gpu.check import GpuCheck
    from condatui_core.jobs.queue import JobQueue
    from condatui_core.records.alike import AlikeGroup
    from condatui_core.records.disk import FileSystem
    from condatui_core.records.doctor import AskedInstallation
    from condatui_core.records.kernel import Reference
    from condatui_core.records.policy import Policy
    from condatui_core.records.request import ExportRequest
    from condatui_core.records.restore_point import RestorePointSummary
    from condatui_core.records.revision import RevisionFacts


_T = TypeVar("_T")
_logger = logging.getLogger(__name__)

_BATCH_SECONDS = 0.2
"""Seconds of reading environments between two inventories."""


class Workbench:
    """The source of everything that the commands and the screens know about the machine."""

    # What loads have come to so far
    _surveyed = False
    _pointed: tuple[str, ...] = ()
    """Root prefixes that environments point to, as far as the last load has found them."""
    _complete: Inventory | None = None
    """The inventory of the last complete load."""
    _logged: frozenset[str] = frozenset()
    """The problems that the last load logged, so that repeated loads do not fill the log."""
    _loaded_by_job = False
    """Whether a job has loaded the machine, so that `changed` must still report the changes."""

    def __init__(
        self,
        settings: Settings,
        locations: Locations,
        *,
        environ: Mapping[str, str],
        clock: Callable[[], datetime],
        runner: Runner | None = None,
    ) -> None:
        self.settings = settings
        self.locations = locations
        self.log = CommandLog()
        """Every command that was run."""
        self._client = CondaClient(
            runner=runner or ProcessRunner(self.log, clock, summarize=last_words),
            caller=Caller(environ, locations.home, os.geteuid()),
            cache=locations.conda_cache,
            now=clock,
            seconds=settings.conda_seconds,
        )
        self._places = usual_places(locations.home) if settings.usual_places else ()
        self._turn = Lock()
        """Held while the machine is used: a cancelled load may still be reading in its thread."""
        self._machine = Machine(settings, locations, environ, clock)
        self.frees: Callable[[Sequence[str]], int | None] = lambda _: None
        """The bytes that removing exactly these prefixes would free; set by the owner of the disk measurement."""

    @cached_property
    def disk(self) -> Disk:
        """Measures the disk; imported at its first use, since the first screen does not need it."""
        from condatui_core.disk.usage import Disk  # noqa: PLC0415 - as above

        return Disk(self.locations, environ=self._client.caller.environ, clock=self._client.now)

    @cached_property
    def gpu(self) -> GpuCheck:
        """Checks whether CUDA works in environments; imported at its first use."""
        from condatui_core.gpu.check import GpuCheck  # noqa: PLC0415 - as above

        environ, clock = self._client.caller.environ, self._client.now
        return GpuCheck(self.settings, self.locations, environ=environ, clock=clock, log=self.log)

    @cached_property
    def jobs(self) -> JobQueue:
        """The queue of jobs that change environments; imported at its first use."""
        from condatui_core.actions.registry import find_action  # noqa: PLC0415 - as above
        from condatui_core.jobs.queue import JobQueue  # noqa: PLC0415 - as above

        return JobQueue(self.locations, self.job_context, find_action=find_action, log=self.log, clock=self._client.now)

    def point_to(self, prefixes: Iterable[str]) -> None:
        """Take in prefixes that the user has named, whether or not anything on this machine points to them."""
        self._machine.point_to(prefixes)

    def glance(self) -> Inventory:
        """An inventory of names from the disk, by milliseconds of stats and no process; call it in a thread."""
        with self._turn:
            if not self._surveyed:  # on a slow disk a load may have overtaken it
                self._survey(installations_on_disk(self.settings.conda, self._places, self._client), last_time=True)
            return self._machine.inventory(asking_conda=True)

    async def load(self, *, refresh: bool = False) -> AsyncIterator[Inventory]:
        """Yield inventories, each more complete; the last one is complete.

        Names come first, then packages, while the condas are asked concurrently. Unchanged prefixes are not read
        again unless `refresh` is True. All reading happens in threads.
        """
        began = time.monotonic()
        installations = await self._find_installations()
        unanswered = await self._in_thread(partial(self._begin, installations, refresh=refresh))
        asking = asyncio.create_task(self._ask(unanswered))
        ahead: Child | None = None
        try:
            searching = bool(self.settings.roots)
            while True:
                more = await self._read_some(refresh=refresh)
                if ahead is None and more and not refresh:
                    ahead = await self._start_reading_ahead()
                if asking.done() or not more:
                    break
                yield await self._inventory(asking_conda=True)
            if not asking.done() or searching:
                yield await self._inventory(asking_conda=True)
            await self._in_thread(partial(self._record, await asking, searching=searching))
            while await self._read_some(refresh=refresh) or await self._take_in_pointed(refresh=refresh):
                yield await self._inventory()
        finally:
            asking.cancel()
            await stop_reading_ahead(ahead)
        await self._in_thread(self._machine.read_kernels)
        await self._in_thread(self._machine.remember)
        inventory = await self._inventory()
        self._complete = inventory if inventory.complete else self._complete
        self._log_load(inventory, time.monotonic() - began)
        yield inventory

    async def ask_installations(self) -> tuple[AskedInstallation, ...]:
        """Ask every conda of this machine now, without kept answers, and measure how long each took."""
        found = await self._find_installations()
        return tuple(await asyncio.gather(*map(self._ask_one, found)))

    async def _ask_one(self, installation: Installation) -> AskedInstallation:
        from condatui_core.records.doctor import AskedInstallation  # noqa: PLC0415 - only the doctor needs it

        began = time.monotonic()
        problems = () if installation.error else (await ask(installation, self._client)).problems
        reasons = [" ".join((each.title, each.detail.partition("\n")[0])).strip() for each in problems]
        return AskedInstallation(
            executable=installation.executable,
            root_prefix=installation.root_prefix,
            version=installation.version,
            kind=installation.kind,
            found_by=installation.found_by,
            answered=not installation.error and not problems,
            milliseconds=None if installation.error else round((time.monotonic() - began) * 1000),
            error=installation.error or " ".join(reasons),
        )

    async def changed(self) -> bool:
        """Whether anything was changed from outside since it was read; checks in a thread."""
        if self._loaded_by_job:
            self._loaded_by_job = False
            return True
        return await asyncio.to_thread(self._machine.changed)

    async def job_context(self) -> JobContext:
        """The context for an action; loads again if anything has changed since the last load."""
        from condatui_core.actions.protocol import JobContext  # noqa: PLC0415 - as above

        if self._complete is not None and await asyncio.to_thread(self._machine.changed):
            self._complete, self._loaded_by_job = None, True
        while self._complete is None:  # a load that another one interrupts is not complete
            async for _ in self.load():
                pass
        return JobContext(
            inventory=self._complete,
            settings=self.settings,
            locations=self.locations,
            caller=self._client.caller,
            clock=self._client.now,
            conda_facts=await self._in_thread(lambda: self._machine.facts),
            frees=self.frees,
            ask_conda=partial(run_conda, self._client.runner),
        )

    async def check_files(self, environment: Environment, *, checksums: bool = False) -> tuple[Finding, ...]:
        """The findings about the files of conda packages: a stat of each, or with `checksums` a read of each."""
        from condatui_core.analyses.consistency import file_findings  # noqa: PLC0415 - not before somebody looks
        from condatui_core.prefixes.installed_files import check_files  # noqa: PLC0415 - as above

        faults = await asyncio.to_thread(partial(check_files, environment.prefix, checksums=checksums))
        return tuple(file_findings(faults))

    async def groups(
        self,
        inventory: Inventory,
        *,
        threshold: float | None = None,
        chosen: Collection[str] = (),
        working_gpu: Collection[str] = (),
    ) -> tuple[AlikeGroup, ...]:
        """The groups of alike environments, found in a thread; by the threshold of the settings unless one is given.

        What holds since the last call is remembered: another threshold costs little, an unchanged inventory nothing.
        """
        find = partial(
            self._alike.find,
            inventory,
            threshold=self.settings.alike_threshold if threshold is None else threshold,
            chosen=frozenset(chosen),
            working_gpu=frozenset(working_gpu),
        )
        return await asyncio.to_thread(find)

    def survey_cleanup(
        self,
        inventory: Inventory,
        usage: DiskUsage | None,
        groups: tuple[AlikeGroup, ...],
        policy: Policy | None = None,
    ) -> CleanupSurvey:
        """Find what could go, and what that frees, by a measurement of the disk or before there is one; blocks."""
        from condatui_core.disk.cleanup import CleanupSurvey  # noqa: PLC0415 - not before somebody looks
        from condatui_core.restore_points.store import directory_of_points, is_beside  # noqa: PLC0415 - as above

        points = directory_of_points(self.settings, self.locations)
        return CleanupSurvey.of(
            inventory,
            usage,
            groups,
            counts_points=any(is_beside(points, place.path) for place in (usage.places if usage else ())),
            now=self._client.now(),
            user=user_name(self._client.caller.euid),
            policy=policy,
            pace=self._pace,
        )

    @cached_property
    def _pace(self) -> float | None:
        """The packages that restores and clones put into place here a minute, by their journals at the first look."""
        from condatui_core.analyses.cleanup.way_back import pace_of  # noqa: PLC0415 - not before somebody looks
        from condatui_core.jobs.journal_store import survey_journals  # noqa: PLC0415 - as above
        from condatui_core.proc.owner import this_process  # noqa: PLC0415 - as above

        return pace_of(each.job for each in survey_journals(self.locations.jobs, this_process()).journals)

    def file_systems(self, paths: Iterable[str]) -> tuple[FileSystem, ...]:
        """The file systems that these paths lie on, with what is free there; blocks.

        What is gone is left out. Raises CondatuiError if a file system does not say how much is free.
        """
        from condatui_core.restore_points.store import directory_of_points, file_systems_of  # noqa: PLC0415 - as above

        return file_systems_of(paths, directory_of_points(self.settings, self.locations))

    def working_gpus(self, inventory: Inventory) -> frozenset[str]:
        """The prefixes of the environments that the last GPU check saw compute; reads a file for each, so it blocks."""
        if not self.locations.gpu_cache.is_dir():  # nothing was ever checked
            return frozenset()
        results = (self.gpu.remembered(each) for each in inventory.environments if each.contents is not None)
        return frozenset(result.prefix for result in results if result and result.works)

    @cached_property
    def _alike(self) -> AlikeFinder:
        from condatui_core.analyses.alike import AlikeFinder  # noqa: PLC0415 - names come first

        return AlikeFinder()

    async def preview_export(self, request: ExportRequest) -> ExportText:
        """The text of an export, without writing it. Raises CondatuiError if it cannot be made."""
        from condatui_core.actions.export import preview  # noqa: PLC0415 - only an export needs it

        return await preview(request, await self.job_context())

    async def references(self, prefix: str) -> tuple[Reference, ...]:
        """The kernels of this user, and the lines of shell files and condarc, that name an environment."""
        from condatui_core.prefixes.references import references_to  # noqa: PLC0415 - not before somebody asks

        inventory = (await self.job_context()).inventory
        environ, home = self._client.caller.environ, self.locations.home
        return await asyncio.to_thread(references_to, prefix, inventory, environ=environ, home=home)

    async def revisions(self, environment: Environment) -> tuple[RevisionFacts, ...]:
        """What going back to each revision of an environment takes, oldest first; looks for packages in a thread."""
        from condatui_core.actions.protocol import caches_of  # noqa: PLC0415 - not before somebody looks
        from condatui_core.restore_points.look_back import look_back  # noqa: PLC0415 - as above
        from condatui_core.restore_points.package_sources import SearchedPlaces  # noqa: PLC0415 - as above
        from condatui_core.restore_points.store import directory_of_points  # noqa: PLC0415 - as above

        context = await self.job_context()
        places = SearchedPlaces.of(
            environment,
            context.inventory,
            pkgs_dirs=caches_of(context.installation(environment), context),
            points=directory_of_points(self.settings, self.locations),
        )
        return await asyncio.to_thread(look_back, environment, places)

    async def restore_points(self) -> tuple[RestorePointSummary, ...]:
        """The restore points, the newest first, with what of them is still on this machine."""
        from condatui_core.actions.restore.listing import restore_points  # noqa: PLC0415 - only a restore needs it

        return await restore_points(await self.job_context())

    def set_aside_from(self, prefix: str) -> str:
        """Where an environment was that a removal has set aside under this name; empty if it is none of those."""
        return set_aside_from(prefix)

    def marks(self) -> UserMarks:
        """What the user has said of environments, as the file has it now; blocks. Raises CondatuiError as `keep`."""
        return KeepMarks(self.locations).read()

    async def keep(
        self, prefixes: Sequence[str], note: str = "", *, marks: Mapping[str, KeepMark] | None = None
    ) -> UserMarks:
        """Mark environments as those that stay, and return all marks; an empty note leaves the note of a marked one.

        `marks` has those that come back as they were, by prefix. Raises CondatuiError if the file of the marks
        cannot be read or written; then nothing is changed.
        """
        by, at = user_name(self._client.caller.euid), self._client.now()
        return await asyncio.to_thread(
            partial(KeepMarks(self.locations).keep, prefixes, note, by=by, at=at, marks=marks)
        )

    async def unkeep(self, prefixes: Sequence[str]) -> UserMarks:
        """Take the keep marks of environments away, and return those that are left. Raises CondatuiError as `keep`."""
        return await asyncio.to_thread(KeepMarks(self.locations).unkeep, prefixes)

    async def set_baseline(self, prefix: str) -> UserMarks:
        """Remember an environment as the baseline, or with an empty prefix that there is none.

        Raises RefusedError if the settings name a baseline, which would win, CondatuiError as `keep`.
        """
        if wins := self.settings.baseline:
            hint = "Change it there, or take it out: in settings.yaml, or in the variable CONDATUI_BASELINE."
            raise RefusedError("The setting `baseline` says which environment it is.", f"It is {wins}.", hint)
        return await asyncio.to_thread(KeepMarks(self.locations).set_baseline, prefix)

    async def propose_baseline(self, inventory: Inventory, *, share: float = 0.5) -> BaselineDraft:
        """Propose what more than `share` of the environments have as a baseline, and measure what it would have saved.

        Stats the files of these packages, in a thread.
        """
        return await asyncio.to_thread(partial(self._propose_baseline, inventory, share))

    def _propose_baseline(self, inventory: Inventory, share: float) -> BaselineDraft:
        from condatui_core.analyses.baseline_proposal import BaselineDraft, propose_baseline  # noqa: PLC0415 - as above
        from condatui_core.disk.shared_copies import saved_by_sharing  # noqa: PLC0415 - as above
        from condatui_core.environment_files.export import specs_text  # noqa: PLC0415 - as above

        proposal = propose_baseline(inventory, share=share)
        config = next((config for _, config in inventory.channel_configs), ChannelConfig())
        form, export = specs_text("baseline", proposal.records, config)
        saved = saved_by_sharing({each.prefix: each.same for each in proposal.environments})
        return BaselineDraft(proposal=proposal, format=form, text=export.text, saved_bytes=saved)

    async def last_change(self) -> str:
        """The id of the restore point that undoes the last change. UsageError if there is none to undo."""
        from condatui_core.actions.restore.listing import find_last_change  # noqa: PLC0415 - only an undo needs it

        return await find_last_change(await self.job_context())

    async def close(self) -> None:
        """End the running jobs in order and wait for them; call this before the process ends."""
        if "jobs" in vars(self):  # not made only to be closed
            await self.jobs.close()

    def journal_findings(self) -> tuple[Finding, ...]:
        """What journals say of jobs that were interrupted, and which journals cannot be read; blocks."""
        from condatui_core.jobs.journal_store import journal_findings  # noqa: PLC0415 - as for `jobs`

        return journal_findings(self.locations.jobs)

    def _log_load(self, inventory: Inventory, seconds: float) -> None:
        for problem in inventory.problems:
            if problem.message not in self._logged:
                _logger.warning("%s: %s", problem.id, problem.message)
        self._logged = frozenset(problem.message for problem in inventory.problems)
        environments, installations = len(inventory.environments), len(inventory.installations)
        milliseconds = round(seconds * 1000)
        _logger.debug("loaded %d environments of %d condas in %d ms", environments, installations, milliseconds)

    def _begin(self, installations: tuple[Installation, ...], *, refresh: bool) -> list[Installation]:
        self._surveyed = True
        unanswered = self._survey(installations, refresh=refresh)
        self._machine.begin()
        return unanswered

    def _survey(
        self, installations: tuple[Installation, ...], *, last_time: bool = False, refresh: bool = False
    ) -> list[Installation]:
        """Survey the disk; returns the installations without a valid kept answer, whose conda has to be asked."""
        self._machine.found(installations)
        unanswered = []
        for installation in installations:
            if installation.error:
                continue
            if not refresh and (facts := remembered(installation, self._client)):
                self._machine.learn(installation, facts)
            else:
                unanswered.append(installation)
        self._machine.survey(last_time=last_time)
        return unanswered

    async def _find_installations(self) -> tuple[Installation, ...]:
        return await find_installations(self.settings.conda, self._places, self._client, pointed=self._pointed)

    async def _take_in_pointed(self, *, refresh: bool) -> bool:
        """Add the installations that environments point to; returns whether there are new ones."""
        roots = await self._in_thread(self._machine.pointed_roots)
        new = tuple(each for each in roots if each not in self._pointed)
        if not new:
            return False
        self._pointed += new
        installations = await self._find_installations()
        unanswered = await self._in_thread(partial(self._survey, installations, refresh=refresh))
        await self._in_thread(partial(self._record, await self._ask(unanswered), searching=False))
        await self._in_thread(self._machine.add_new)
        return True

    async def _in_thread(self, use: Callable[[], _T]) -> _T:
        """Use the machine in a thread, once no other thread uses it."""

        def in_turn() -> _T:
            with self._turn:
                return use()

        return await asyncio.to_thread(in_turn)

    async def _read_some(self, *, refresh: bool) -> bool:
        return await self._in_thread(partial(self._machine.read_some, _BATCH_SECONDS, refresh=refresh))

    async def _inventory(self, *, asking_conda: bool = False) -> Inventory:
        return await self._in_thread(partial(self._machine.inventory, asking_conda=asking_conda))

    async def _start_reading_ahead(self) -> Child | None:
        environ = self._client.caller.environ
        return await start_reading_ahead(self._machine.pending, self.locations.prefix_cache, environ=environ)

    async def _ask(self, installations: list[Installation]) -> list[tuple[Installation, InstallationAnswer]]:
        """Ask these condas concurrently."""
        answers = await asyncio.gather(*(ask(each, self._client) for each in installations))
        return list(zip(installations, answers, strict=True))

    def _record(self, answers: list[tuple[Installation, InstallationAnswer]], *, searching: bool) -> None:
        """Record the answers of the condas and search the root directories: there may be new environments."""
        for installation, asked in answers:
            self._machine.learn(installation, asked.facts, [_problem(installation, each) for each in asked.problems])
        if searching:
            self._machine.search_roots()
        if answers or searching:
            self._machine.survey()
            self._machine.add_new()


def _problem(installation: Installation, error: CondaError) -> Finding:
    return Finding(
        id="conda-unusable",
        severity="warning",
        message=f"{installation.executable}: {error.title}",
        remedy=error.advice,
        evidence=tuple(error.detail.splitlines()),
        source="machine",
    )
