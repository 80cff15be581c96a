"""The façade for the commands and the screens: all that is known of the machine, and the jobs that change it."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Callable, Collection, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec.structs import replace

from condatui_core.conda.client import CondaClient, run_conda
from condatui_core.conda.commands import Caller
from condatui_core.conda.errors import last_words
from condatui_core.errors import RefusedError
from condatui_core.keep_marks import KeepMarks
from condatui_core.loading import Loading
from condatui_core.prefixes.probe import set_aside_from, user_name
from condatui_core.proc.runner import CommandLog, ProcessRunner, Runner
from condatui_core.records.environment import Environment, Inventory, KeepMark, UserMarks, elsewhere, host_of
from condatui_core.records.finding import Finding
from condatui_core.records.package import PackageFiles
from condatui_core.records.prefix import PrefixContents
from condatui_core.remedy import LeaveReadOnly
from condatui_core.settings import Locations, Settings, expand_home
from condatui_core.text import sanitize

if TYPE_CHECKING:
    from condatui_core.actions.last_change import Undo
    from condatui_core.actions.protocol import JobContext
    from condatui_core.analyses.alike import AlikeFinder
    from condatui_core.analyses.baseline_proposal import BaselineDraft
    from condatui_core.analyses.package_facts import PackageFacts
    from condatui_core.disk.cleanup import CleanupSurvey
    from condatui_core.disk.usage import Disk, DiskUsage
    from condatui_core.environment_files.export import ExportText
    from condatui_core.gpu.check import GpuCheck
    from condatui_core.jobs.queue import JobQueue
    from condatui_core.records.alike import AlikeGroup
    from condatui_core.records.cleanup import CleanupCandidate
    from condatui_core.records.disk import DiskUse, FileSystem
    from condatui_core.records.doctor import AskedInstallation
    from condatui_core.records.drift import Verification
    from condatui_core.records.gpu import GpuResult
    from condatui_core.records.installation import ChannelConfig, Installation
    from condatui_core.records.kernel import Reference
    from condatui_core.records.other_machine import OtherMachines
    from condatui_core.records.package import Distribution, PackageRecord
    from condatui_core.records.policy import GpuVerdict, Policy
    from condatui_core.records.relinking import RelinkSurvey
    from condatui_core.records.request import ExportRequest, RestoreRequest, RollbackRequest
    from condatui_core.records.restore_point import RestorePointSummary
    from condatui_core.records.revision import RevisionFacts
    from condatui_core.records.slimming import Slimming
    from condatui_core.records.solution import Solution
    from condatui_core.records.usage import Run, Usage
    from condatui_core.shells import ActivatedShell

_BATCH_SECONDS = 0.3
"""Seconds of reading snapshots between two inventories of other machines."""
_UNENDING = timedelta(days=1)
"""How long a command without a time limit is assumed to have run if condatui is killed meanwhile."""


class Workbench:
    """The source of everything that the commands and the screens know about the machine."""

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
        self.environ = environ
        """The variables of this process."""
        self.log = CommandLog()
        """Every command that was run."""
        self._client = CondaClient(
            runner=runner or ProcessRunner(self.log, clock, summarize=last_words),
            caller=Caller(environ, locations.home, os.geteuid()),
            cache=locations.conda_cache,
            now=clock,
            seconds=settings.conda_seconds,
        )
        self._loading = Loading(settings, locations, self._client)
        self.read_only = settings.read_only
        """Whether nothing can be changed: the queue takes no job, and marks stay as they are."""
        self.snapshots = ""
        """The directory with the snapshots of other machines that the screens show too; empty for none."""
        self.frees: Callable[[Sequence[str]], int | None] = lambda _: None
        """The bytes that removing exactly these prefixes would free; set by the owner of the disk measurement."""

    @cached_property
    def disk(self) -> Disk:
        """Measures the disk; imported at its first use, since the first screen does not need it."""
        from condatui_core.disk.usage import Disk  # noqa: PLC0415 - as above

        environ, clock = self._client.caller.environ, self._client.now
        return Disk(self.locations, environ=environ, clock=clock, settings=self.settings)

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

        return JobQueue(
            self.locations,
            self.job_context,
            find_action=find_action,
            log=self.log,
            clock=self._client.now,
            check_writable=self.check_writable,
            check_here=self.check_here,
        )

    def check_writable(self) -> None:
        """Raise RefusedError while nothing can be changed."""
        if self.read_only:
            advice = LeaveReadOnly(started=self.settings.read_only)
            raise RefusedError("condatui is read-only: nothing is changed.", hint=advice)

    def check_here(self, prefixes: Iterable[str]) -> None:
        """Raise RefusedError if one of these is an environment of another machine: that can only be looked at."""
        for prefix in prefixes:
            if host := host_of(prefix):
                raise RefusedError(elsewhere(sanitize(host)), sanitize(prefix))

    def set_read_only(self, read_only: bool) -> None:
        """Allow changes or not; RefusedError if it was started without them: then that stays so until its end."""
        if self.settings.read_only:
            self.check_writable()
        self.read_only = read_only

    def point_to(self, prefixes: Iterable[str]) -> None:
        """Take in prefixes that the user has named, whether or not anything on this machine points to them."""
        self._loading.point_to(prefixes)

    def glance(self) -> Inventory:
        """An inventory of names from the disk, by milliseconds of stats and no process; call it in a thread."""
        return self._loading.glance()

    def load(self, *, refresh: bool = False, names: bool = False) -> AsyncIterator[Inventory]:
        """Yield inventories, each more complete; the last one is complete.

        Packages come while the condas are asked concurrently; with `names` those come before, if no conda has to be
        asked. Unchanged prefixes are not read again unless `refresh` is True. All reading happens in threads.
        """
        return self._loading.load(refresh=refresh, names=names)

    async def ask_installations(self) -> tuple[AskedInstallation, ...]:
        """Ask every conda of this machine now, without kept answers, and measure how long each took."""
        return await self._loading.ask_installations()

    async def snapshot(
        self, inventory: Inventory, listing: bytes, *, host: str, uses: Mapping[str, DiskUse], compressed: bool = True
    ) -> bytes:
        """The snapshot of this machine, made in a thread: `listing` is what `condatui list --json` prints of it."""
        from condatui_core.snapshots.document import encode_snapshot  # noqa: PLC0415 - only a snapshot needs it
        from condatui_core.snapshots.making import snapshot_of  # noqa: PLC0415 - as above

        def made() -> bytes:
            verdicts = self._remembered_gpu(inventory)
            snapshot = snapshot_of(inventory, host=host, at=self._client.now(), uses=uses, verdicts=verdicts)
            return encode_snapshot(snapshot, listing, compressed=compressed)

        return await asyncio.to_thread(made)

    def look_at_snapshots(self, place: str) -> None:
        """Let the screens show what the snapshots in a directory tell; UsageError if `place` has none."""
        from condatui_core.snapshots.directory import SnapshotDirectory  # noqa: PLC0415 - most have none

        SnapshotDirectory(place, self._client.now)
        self.snapshots = place

    async def other_machines(self, place: str) -> AsyncIterator[OtherMachines]:
        """Yield what the snapshots in a directory tell, each time of more of them; the last one is complete.

        All reading happens in threads. Raises UsageError if the absolute path `place` has no snapshot.
        """
        from condatui_core.snapshots.directory import SnapshotDirectory  # noqa: PLC0415 - most have none

        snapshots = await asyncio.to_thread(SnapshotDirectory, place, self._client.now)
        more = True
        while more:
            more = await asyncio.to_thread(snapshots.read_some, _BATCH_SECONDS)
            yield await asyncio.to_thread(snapshots.machines)

    async def changed(self) -> bool:
        """Whether anything was changed from outside since it was read; checks in a thread."""
        return await self._loading.changed()

    async def job_context(self) -> JobContext:
        """The context for an action; loads again if anything has changed since the last load."""
        from condatui_core.actions.protocol import JobContext  # noqa: PLC0415 - as above

        return JobContext(
            inventory=await self._loading.complete(),
            settings=self.settings,
            locations=self.locations,
            caller=self._client.caller,
            clock=self._client.now,
            conda_facts=await self._loading.facts(),
            frees=self.frees,
            ask_conda=partial(run_conda, self._client.runner),
        )

    async def check_files(self, environment: Environment, *, checksums: bool = False) -> tuple[Finding, ...]:
        """The findings about the files of conda packages: a stat of each, or with `checksums` a read of each."""
        from condatui_core.analyses.consistency import file_findings  # noqa: PLC0415 - not before somebody looks
        from condatui_core.prefixes.installed_files import check_files  # noqa: PLC0415 - as above

        faults = await asyncio.to_thread(partial(check_files, environment.prefix, checksums=checksums))
        return tuple(file_findings(faults, environment.prefix))

    async def inspect_package(
        self, environment: Environment, package: PackageRecord | Distribution
    ) -> tuple[PackageFacts, PackageFiles]:
        """What a package needs, who needs it, what has changed it, and its files, each of which is looked at.

        In a thread. Of an environment on another machine the files are not known.
        """
        from condatui_core.analyses.package_facts import package_facts  # noqa: PLC0415 - not before somebody looks
        from condatui_core.prefixes.package_files import read_package_files  # noqa: PLC0415 - as above

        def inspected() -> tuple[PackageFacts, PackageFiles]:
            facts = package_facts(environment.contents or PrefixContents(), package)
            if environment.host:
                return facts, PackageFiles(why_not="A snapshot tells no files.")
            return facts, read_package_files(environment.prefix, package)

        return await asyncio.to_thread(inspected)

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

    async def same_files(self) -> RelinkSurvey:
        """What is stored twice and may be stored once, as files and processes are now. CondatuiError if it fails."""
        from condatui_core.actions.relink.facts import read_facts  # noqa: PLC0415 - not before somebody looks
        from condatui_core.records.request import RelinkRequest  # noqa: PLC0415 - as above

        return (await read_facts(RelinkRequest(), await self.job_context())).survey

    @cached_property
    def _pace(self) -> float | None:
        """The packages that restores and clones put into place here a minute, by their journals at the first look."""
        from condatui_core.analyses.cleanup.way_back import pace_of  # noqa: PLC0415 - not before somebody looks
        from condatui_core.jobs.journal_store import read_jobs  # noqa: PLC0415 - as above

        return pace_of(read_jobs(self.locations.jobs))

    def file_systems(self, paths: Iterable[str]) -> tuple[FileSystem, ...]:
        """The file systems that these paths lie on, with what is free there; blocks.

        What is gone is left out. Raises CondatuiError if a file system does not say how much is free.
        """
        from condatui_core.restore_points.store import directory_of_points, file_systems_of  # noqa: PLC0415 - as above

        return file_systems_of(paths, directory_of_points(self.settings, self.locations))

    def working_gpus(self, inventory: Inventory) -> frozenset[str]:
        """The prefixes of the environments that the last GPU check saw compute; reads a file for each, so it blocks."""
        return frozenset(prefix for prefix, result in self._remembered_gpu(inventory).items() if result.works)

    def gpu_verdicts(self, inventory: Inventory) -> dict[str, GpuVerdict]:
        """By prefix, what the last GPU check that ran something has found; reads a file for each, so it blocks."""
        results = self._remembered_gpu(inventory)
        return {prefix: each.main.verdict.kind for prefix, each in results.items() if not each.main.verdict.preliminary}

    def _remembered_gpu(self, inventory: Inventory) -> dict[str, GpuResult]:
        """By prefix, the results of the last GPU checks."""
        if not self.locations.gpu_cache.is_dir():  # nothing was ever checked
            return {}
        read = (each for each in inventory.environments if each.contents is not None and not each.host)
        results = ((each.prefix, self.gpu.remembered(each)) for each in read)
        return {prefix: result for prefix, result in results if result}

    def policy(self, file: str = "") -> Policy | None:
        """The policy of a file, given by its absolute path, or that of the settings; None if they name none.

        Raises UsageError, with the line, if it is no policy.
        """
        from condatui_core.policy_file import read_policy  # noqa: PLC0415 - not before somebody asks

        home = self.locations.home
        path = file or expand_home(self.settings.policy, home)
        return read_policy(Path(path), home=home) if path else None

    @cached_property
    def _alike(self) -> AlikeFinder:
        from condatui_core.analyses.alike import AlikeFinder  # noqa: PLC0415 - names come first

        return AlikeFinder()

    async def preview_export(self, request: ExportRequest) -> ExportText:
        """The text of an export, without writing it. Raises CondatuiError if it cannot be made."""
        from condatui_core.actions.export.one_file import preview  # noqa: PLC0415 - only an export needs it

        return await preview(request, await self.job_context())

    async def verify(
        self, environment: Environment, file: str, channels: ChannelConfig, *, platform: str | None = None
    ) -> Verification:
        """Hold an environment against a file, given by its absolute path; `FILE#NAME` is one part of a lock file.

        `channels` says which URLs are one channel to the conda of the environment. Lines for several platforms are read
        for `platform`, which is this machine's unless it is given.
        Raises UsageError if the file cannot be read, or if the environment has nothing to hold against it.
        """
        from condatui_core.verification import verify_file  # noqa: PLC0415 - not before somebody asks

        return await asyncio.to_thread(verify_file, environment, file, channels, platform)

    async def solve(
        self, environment: Environment, file: str, *, offline: bool = False, platform: str | None = None
    ) -> Solution:
        """Find out whether conda can still build what a file describes, and how an environment differs from that.

        With `offline`, only the caches of this machine are asked. Raises UsageError as `verify` and for the platform
        of another machine, NoCondaError if there is no conda to ask.
        """
        from condatui_core.verification import solve_file  # noqa: PLC0415 - as above

        context = await self.job_context()
        return await solve_file(environment, file, context, self._client.runner, offline=offline, platform=platform)

    async def trace(self, environment: Environment, run: Run, stop: asyncio.Event) -> Usage:
        """Run a command in an environment, until `stop` is set at most, and say which packages it used.

        Raises UsageError if there is no such command, or nothing to run it in, and RefusedError while nothing can be
        changed: a command may write.
        """
        self.check_here((environment.prefix,))
        self.check_writable()
        from condatui_core.prefixes.last_used import OwnUses  # noqa: PLC0415 - not before somebody asks
        from condatui_core.tracing.usage import trace_usage  # noqa: PLC0415 - as above

        at_most = timedelta(seconds=run.seconds) if run.seconds else _UNENDING
        uses = OwnUses(self.locations.own_uses)  # condatui runs it, not the user
        async with uses.noting(environment.prefix, self._client.now, before=environment.last_used, at_most=at_most):
            return await trace_usage(environment, run, stop, environ=self._client.caller.environ)

    def shell_in(self, environment: Environment, installation: Installation | None) -> ActivatedShell:
        """Prepare a shell with an environment, which `installation` owns; blocks.

        Raises CondatuiError if that cannot be done, and RefusedError while nothing can be changed: a shell can.
        """
        self.check_here((environment.prefix,))
        self.check_writable()
        from condatui_core.shells import ActivatedShell  # noqa: PLC0415 - not before somebody asks

        return ActivatedShell(
            environment, installation, environ=self._client.caller.environ, private=self.locations.private
        )

    async def references(self, prefix: str) -> tuple[Reference, ...]:
        """The kernels of this user, and the lines of shell files and condarc, that name an environment."""
        from condatui_core.prefixes.references import references_to  # noqa: PLC0415 - not before somebody asks

        inventory = (await self.job_context()).inventory
        environ, home = self._client.caller.environ, self.locations.home
        return await asyncio.to_thread(references_to, prefix, inventory, environ=environ, home=home)

    async def kept_bytes(self, candidate: CleanupCandidate) -> int:
        """The bytes that the restore point of a candidate keeps, as the plan says that lets it go; changes nothing.

        Raises CondatuiError if it cannot be looked at.
        """
        from condatui_core.analyses.cleanup.choice import choice_of, request_of  # noqa: PLC0415 - not before somebody asks
        from condatui_core.records.request import RemoveRequest  # noqa: PLC0415 - as above

        # A merge keeps what the removal of its member keeps; its own plan would let conda look for a solution.
        merged = candidate.kind == "merge"
        request = RemoveRequest(prefixes=(candidate.path,)) if merged else request_of(choice_of((candidate,)))
        return (await self.jobs.plan(request)).kept_bytes if request else 0

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

    async def slimming(self, environment: Environment, inventory: Inventory) -> Slimming:
        """What a service would not need of an environment, by class; walks over its files, in a thread.

        Raises UsageError if nothing can be said of it, CondatuiError if it cannot be read.
        """
        return (await self.disk.slim(environment, inventory)).slimming

    async def restore_points(self) -> tuple[RestorePointSummary, ...]:
        """The restore points, the newest first, with what of them is still on this machine."""
        from condatui_core.actions.restore.listing import restore_points  # noqa: PLC0415 - only a restore needs it

        return await restore_points(await self.job_context())

    async def count_restore_points(self) -> int:
        """How many restore points there are; lists their directory and reads none of them, in a thread."""
        from condatui_core.restore_points.store import directory_of_points, point_ids  # noqa: PLC0415 - as above

        return len(await asyncio.to_thread(point_ids, directory_of_points(self.settings, self.locations)))

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
        self.check_here(prefixes)
        self.check_writable()
        by, at = user_name(self._client.caller.euid), self._client.now()
        return await asyncio.to_thread(
            partial(KeepMarks(self.locations).keep, prefixes, note, by=by, at=at, marks=marks)
        )

    async def unkeep(self, prefixes: Sequence[str]) -> UserMarks:
        """Take the keep marks of environments away, and return those that are left. Raises CondatuiError as `keep`."""
        self.check_here(prefixes)
        self.check_writable()
        return await asyncio.to_thread(KeepMarks(self.locations).unkeep, prefixes)

    async def set_baseline(self, prefix: str) -> UserMarks:
        """Remember an environment as the baseline, or with an empty prefix that there is none.

        Raises RefusedError as `may_set_baseline`, CondatuiError as `keep`.
        """
        self.check_here((prefix,))
        self.may_set_baseline()
        self.check_writable()
        return await asyncio.to_thread(KeepMarks(self.locations).set_baseline, prefix)

    async def write_setting(self, name: str, value: object) -> Path:
        """Write one setting into the user's settings file, for the next runs, and return the file.

        Raises RefusedError if nothing may be changed, CondatuiError if the file cannot be read, changed or written.
        """
        from condatui_core.settings_files.editing import change_settings  # noqa: PLC0415 - as above

        def changed(settings: Settings) -> Settings:
            return replace(settings, **{name: value})

        self.check_writable()
        await asyncio.to_thread(change_settings, self.locations, changed)
        return self.locations.settings_file

    def may_set_baseline(self) -> None:
        """Raise RefusedError if the settings name a baseline, which would win over one that is remembered."""
        if wins := self.settings.baseline:
            hint = "Change it there, or take it out: in settings.yaml, or in the variable CONDATUI_BASELINE."
            raise RefusedError("The setting `baseline` says which environment it is.", f"It is {wins}.", hint)

    async def remember_file(self, environment: Environment, file: str) -> UserMarks:
        """Remember the file that describes an environment, by its absolute path. Raises CondatuiError as `keep`."""
        self.check_here((environment.prefix,))
        self.check_writable()
        return await asyncio.to_thread(KeepMarks(self.locations).remember_file, environment.prefix, file)

    async def remember_filter(self, name: str, text: str) -> UserMarks:
        """Remember a filter under a name. UsageError for a name that is none; CondatuiError as `keep`."""
        self.check_writable()
        return await asyncio.to_thread(KeepMarks(self.locations).remember_filter, name, text)

    async def forget_filter(self, name: str) -> UserMarks:
        """Forget the filter of a name. UsageError if there is none; CondatuiError as `keep`."""
        self.check_writable()
        return await asyncio.to_thread(KeepMarks(self.locations).forget_filter, name)

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
        config = inventory.first_channel_config
        form, export = specs_text("baseline", proposal.records, config)
        seconds = 60 * len(proposal.packages) / self._pace if self._pace else None
        saved = saved_by_sharing({each.prefix: each.same for each in proposal.environments})
        return BaselineDraft(proposal=proposal, format=form, text=export.text, saved_bytes=saved, clone_seconds=seconds)

    async def undo_of_last_change(self, environment: Environment | None) -> Undo:
        """What undoes the last job; a relink is undone in this environment. UsageError if there is none to undo."""
        context = await self.job_context()
        return await asyncio.to_thread(self.undo_in, environment.prefix if environment else None, context)

    def undo_in(self, prefix: str | None, context: JobContext) -> Undo:
        """The same for whoever has a context already; blocks."""
        from condatui_core.actions.last_change import undo_of_last_change  # noqa: PLC0415 - only an undo needs it
        from condatui_core.jobs.journal_store import read_jobs  # noqa: PLC0415 - as for `jobs`

        return undo_of_last_change(prefix, context, read_jobs(self.locations.jobs))

    async def before_last_change(self, environment: Environment) -> RestoreRequest | RollbackRequest:
        """What brings an environment back to before its last change. UsageError if nothing is known to have changed."""
        from condatui_core.actions.restore.listing import before_last_change  # noqa: PLC0415 - only a rollback needs it

        return await asyncio.to_thread(before_last_change, environment, await self.job_context())

    async def close(self) -> None:
        """End the running jobs in order and wait for them; call this before the process ends."""
        if "jobs" in vars(self):  # not made only to be closed
            await self.jobs.close()

    def journal_findings(self) -> tuple[Finding, ...]:
        """What journals say of jobs that were interrupted, and which journals cannot be read; blocks."""
        if not self.locations.jobs.is_dir():
            return ()  # nothing was ever changed from here
        from condatui_core.jobs.journal_store import journal_findings  # noqa: PLC0415 - as for `jobs`

        return journal_findings(self.locations.jobs)
