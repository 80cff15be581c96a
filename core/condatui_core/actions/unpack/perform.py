"""Unpacks an archive: into a directory that is marked as not whole, until its python has started there."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterator
from functools import partial

from condatui_core.actions.guards import observe_prefix, refuse
from condatui_core.actions.incomplete_marker import (
    mark_bytes,
    mark_complete,
    mark_incomplete,
    remove_if_untouched,
    sync_made,
)
from condatui_core.actions.protocol import JobContext, Work
from condatui_core.actions.python_start import start_problem
from condatui_core.actions.unpack.builder_paths import builder_paths
from condatui_core.actions.unpack.extract import Telling, extract, links_leading_out
from condatui_core.actions.unpack.plan import target_blockers, unpacking_argv
from condatui_core.actions.verified_change import missing_files
from condatui_core.conda.commands import program_environ
from condatui_core.conda.errors import last_words
from condatui_core.conda.registry import register
from condatui_core.errors import CondatuiError
from condatui_core.fs.held_tree import HeldTree, Identity
from condatui_core.fs.safe_read import reason
from condatui_core.fs.tree import read_tree
from condatui_core.prefixes.snapshot import PrefixRecords, read_records
from condatui_core.records.finding import Finding, finding
from condatui_core.records.job import Outcome, Plan, PlannedUnpack
from condatui_core.records.request import UnpackRequest
from condatui_core.text import counted, format_bytes, sanitize

_MOST_LINES = 50
_SECONDS = 3600.0
"""After which conda-unpack hangs: it reads each file with a prefix once."""


async def perform(plan: Plan, request: UnpackRequest, context: JobContext, work: Work) -> Outcome:
    """Unpack the archive as planned, and prove that the environment works here.

    Raises RefusedError if there are blockers by now, CondatuiError if it could not be made; then it is gone, or still
    marked as incomplete.
    """
    assert plan.unpacking is not None  # otherwise there are blockers
    observed = await observe_prefix(request.target, context)
    refuse(await work.in_thread(partial(target_blockers, observed, context)))
    return await _Unpacking(plan, plan.unpacking, request, context, work).run()


class _Unpacking:
    """The making of one environment from an archive."""

    def __init__(
        self, plan: Plan, planned: PlannedUnpack, request: UnpackRequest, context: JobContext, work: Work
    ) -> None:
        self._plan = plan
        self._planned = planned
        self._request = request
        self._context = context
        self._work = work
        self._target = request.target
        self._name = sanitize(os.path.basename(request.target))
        self._identity: Identity | None = None
        """That of the directory, once it is made."""

    async def run(self) -> Outcome:
        """Go through all stages."""
        try:
            await self._extract()
            await self._relocate()
            outcome = await self._verify()
            await self._work.in_thread(partial(mark_complete, self._target, self._identity))
        except OSError as error:
            place = sanitize(str(error.filename or self._target))
            raise CondatuiError(f"{self._name} could not be unpacked.", f"{place}: {reason(error)}") from error
        return outcome

    async def _extract(self) -> None:
        work, archive = self._work, self._request.archive
        await work.stage("unpack", f"Unpacking {sanitize(os.path.basename(archive))}")
        marking = partial(
            mark_incomplete,
            self._target,
            job=work.job_id,
            now=self._context.clock(),
            archive=archive,
            though_empty=True,
        )
        self._identity = await work.in_thread(marking)
        telling = Telling(lambda done, total: work.progress(done, total, "bytes"), lambda: work.cancelled)
        try:
            await work.in_thread(partial(self._write, telling))
        except (CondatuiError, OSError, asyncio.CancelledError):
            await work.in_thread(partial(remove_if_untouched, self._target))
            raise

    def _write(self, telling: Telling) -> None:
        with HeldTree(self._target, self._identity) as tree:
            extract(self._request.archive, tree, self._planned, telling)
        if leading := links_leading_out(self._target):
            raise CondatuiError(
                "The archive holds links that lead out of the environment.", "\n".join(map(sanitize, leading))
            )

    async def _relocate(self) -> None:
        """Let the archive's own script write the new path into its files."""
        work, script = self._work, os.path.join(self._target, "bin/conda-unpack")
        if not await work.in_thread(partial(os.path.isfile, script)):
            return
        await work.stage("relocate", f"Writing the path of {self._name} into its files")
        python = await work.in_thread(partial(os.path.lexists, os.path.join(self._target, "bin/python")))
        argv = unpacking_argv(self._target, python=python)
        done = await work.run(argv, environ=program_environ(self._context.caller), seconds=_SECONDS)
        if done.exit_code:
            words = last_words(done.stderr) or f"conda-unpack ended with exit code {done.exit_code}."
            raise CondatuiError(f"{self._name} could not be moved to its place.", words)

    async def _verify(self) -> Outcome:
        work, target = self._work, self._target
        await work.stage("verify", f"Verifying {self._name}")
        if problem := await start_problem(target, program_environ(self._context.caller), work):
            raise CondatuiError(f"The python of {self._name} does not start here.", sanitize(problem))
        records = await work.in_thread(partial(read_records, target))
        leftover = await work.in_thread(partial(builder_paths, records))
        missing = await work.in_thread(lambda: tuple(missing_files(records)))
        if self._request.register:
            await work.in_thread(partial(register, self._context.caller.home, target))
        await work.in_thread(partial(sync_made, target, self._context.caller.home))
        return await work.in_thread(partial(self._outcome, records, leftover, missing))

    def _outcome(self, records: PrefixRecords, leftover: tuple[str, ...], missing: tuple[str, ...]) -> Outcome:
        used = read_tree(self._target).exclusive_bytes - mark_bytes(self._target)
        python = next((each.version for each in records.contents.packages if each.name == "python"), "")
        starts = f", python {python} starts" if python else ""
        packages = counted(len(records.contents.packages), "package")
        return Outcome(
            message=f"{self._name} was unpacked: {packages}, {format_bytes(used)} on the disk{starts}.",
            findings=(*self._plan.warnings, *_findings(leftover, missing)),
            bytes_used=used,
            says_bytes=True,
            files=(self._target,),
        )


def _findings(leftover: tuple[str, ...], missing: tuple[str, ...]) -> Iterator[Finding]:
    if leftover:
        count = counted(len(leftover), "file still leads", "files still lead")
        message = f"{count} to another place, mostly where it was packed."
        remedy = "Whoever packed it can install their packages again, or leave these files out."
        yield finding("builder-paths", "warning", message, remedy, leftover, most=_MOST_LINES)
    if missing:
        message = f"{counted(len(missing), 'file')} of conda's packages are not in the archive."
        remedy = "They were left out when it was packed, or were missing there."
        yield finding("missing-files", "warning", message, remedy, map(sanitize, missing), most=_MOST_LINES)
