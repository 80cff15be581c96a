"""Creates an environment: made exclusively, filled by conda, verified by the disk, and only then whole."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Iterator
from functools import partial

from condatui_core.actions.create.facts import CreateFacts, making_environ, read_facts
from condatui_core.actions.create.plan import blockers_of, making_argv
from condatui_core.actions.guards import refuse
from condatui_core.actions.incomplete_marker import (
    mark_bytes,
    mark_complete,
    mark_incomplete,
    remove_if_untouched,
    sync_made,
)
from condatui_core.actions.protocol import JobContext, Work
from condatui_core.actions.python_start import python_problem
from condatui_core.actions.requested_specs import not_among, request_only
from condatui_core.conda.errors import check_answer
from condatui_core.errors import CondatuiError
from condatui_core.fs.held_tree import HeldTree, Identity
from condatui_core.fs.safe_read import reason
from condatui_core.fs.tree import read_tree
from condatui_core.prefixes.snapshot import PrefixRecords, read_records
from condatui_core.records.finding import Finding, finding
from condatui_core.records.job import Outcome, Plan, PlannedCreation
from condatui_core.records.request import CreateRequest
from condatui_core.text import counted, first_of, format_bytes, sanitize

_MOST_LINES = 20


async def perform(plan: Plan, request: CreateRequest, context: JobContext, work: Work) -> Outcome:
    """Create the environment as planned.

    Raises RefusedError if there are blockers by now, CondatuiError if it is not as it was to become; then it is gone,
    or still marked as incomplete.
    """
    assert plan.creation is not None  # otherwise there are blockers
    facts = await read_facts(request, context)
    refuse(await work.in_thread(partial(blockers_of, facts, context)))
    return await _Creation(facts, plan.creation, context, work).run()


class _Creation:
    """The making of one environment."""

    def __init__(self, facts: CreateFacts, planned: PlannedCreation, context: JobContext, work: Work) -> None:
        assert facts.installation is not None  # otherwise there are blockers
        self._installation = facts.installation
        self._request = facts.request
        self._planned = planned
        self._context = context
        self._work = work
        self._target = facts.request.target
        self._name = sanitize(facts.name)
        self._identity: Identity | None = None
        """That of the directory, once it is made."""

    async def run(self) -> Outcome:
        """Go through all stages."""
        try:
            await self._make()
            outcome = await self._verify()
            await self._work.in_thread(partial(mark_complete, self._target, self._identity))
        except OSError as error:
            place = str(error.filename or self._target)
            raise CondatuiError(f"{self._name} could not be made.", f"{place}: {reason(error)}") from error
        return outcome

    async def _make(self) -> None:
        work, planned = self._work, self._planned
        await work.stage("create", f"Letting conda put {counted(len(planned.packages), 'package')} into {self._name}")
        now, packages = self._context.clock(), planned.packages
        marking = partial(mark_incomplete, self._target, job=work.job_id, now=now, packages=packages)
        self._identity = await work.in_thread(marking)
        try:
            await self._run_conda()
        except (CondatuiError, OSError, asyncio.CancelledError):
            await work.in_thread(partial(remove_if_untouched, self._target))
            raise

    async def _run_conda(self) -> None:
        argv = making_argv(self._request, self._installation.executable, offline=self._planned.offline)
        environ = making_environ(self._installation, self._context)
        check_answer(await self._work.run(argv, environ=environ), f"make {self._name}")

    def _note(self) -> None:
        """Note what is requested, and the variables as `conda env config vars set` does."""
        request = self._request
        with HeldTree(self._target, self._identity) as tree:
            if request.requested:
                request_only(tree, request.requested)
            if request.variables:
                state = {"version": 1, "env_vars": dict(request.variables)}
                tree.replace("conda-meta/state", json.dumps(state, indent=2).encode())

    async def _verify(self) -> Outcome:
        work, target = self._work, self._target
        await work.stage("verify", f"Verifying {self._name}")
        records = await work.in_thread(partial(read_records, target))
        problems = await work.in_thread(lambda: [*_problems(records, self._request)])
        if not problems and (python := await python_problem(target, self._installation, self._context, work)):
            problems.append(f"python: {python}")
        if problems:
            lines = "\n".join(map(sanitize, first_of(problems, _MOST_LINES)))
            raise CondatuiError(f"{self._name} is not as it was to become.", lines)
        await work.in_thread(self._note)
        await work.in_thread(partial(sync_made, target, self._context.caller.home))
        return await work.in_thread(partial(self._outcome, records))

    def _outcome(self, records: PrefixRecords) -> Outcome:
        used = read_tree(self._target).exclusive_bytes - mark_bytes(self._target)
        packages = counted(len(records.packages), "package")
        return Outcome(
            message=f"{self._name} was made: {packages}, {format_bytes(used)} on the disk.",
            findings=tuple(_otherwise(records, self._planned)),
            bytes_used=used,
            says_bytes=True,
            files=(self._target,),
        )


def _problems(records: PrefixRecords, request: CreateRequest) -> Iterator[str]:
    """Lines that name what of the request is not there, and what of the packages."""
    there = [each.record for each in records.packages]
    yield from (f"{spec}: is not there" for spec in not_among(there, request.specs))
    yield from (f"{each.path}: {each.reason}" for each in records.contents.unreadable)
    paths = (path.path for each in records.packages for path in each.paths)
    missing = (path for path in paths if not os.path.lexists(os.path.join(records.prefix, path)))
    yield from (f"{path}: is missing" for path in missing)


def _otherwise(records: PrefixRecords, planned: PlannedCreation) -> Iterator[Finding]:
    """What conda has found since the plan, such as a newer build, which the specs allow as well."""
    there = {each.record.dist_name for each in records.packages}
    if other := sorted(there ^ set(planned.packages)):
        message = "conda has found other packages than it did for the plan; all that was asked for is there."
        yield finding("not-as-planned", "note", message, evidence=other)
