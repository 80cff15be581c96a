"""Clone an environment: conda links its packages, what is not conda's is copied, and the disk says whether it is so."""

from __future__ import annotations

import asyncio
import os
import shlex
from functools import partial

from msgspec.structs import replace

from condatui_core.bounded_read import reason
from condatui_core.conda import changing
from condatui_core.conda.conda_environ import conda_environ
from condatui_core.conda.failure import check
from condatui_core.errors import CondaError, CondatuiError
from condatui_core.jobs.cloning.aftermath import look_after, not_there
from condatui_core.jobs.cloning.facts import CloneFacts, find_out
from condatui_core.jobs.cloning.linking import link_packages
from condatui_core.jobs.cloning.mirror import Mirror, Mirrored
from condatui_core.jobs.cloning.outcome import outcome_of
from condatui_core.jobs.cloning.planning import plan_of
from condatui_core.jobs.cloning.prefix_change import PrefixChange
from condatui_core.jobs.cloning.put_back import put_back
from condatui_core.jobs.cloning.python_check import python_problem
from condatui_core.jobs.cloning.reserving import declare_whole, give_up, mark_bytes, reserve
from condatui_core.jobs.cloning.source import Source
from condatui_core.jobs.cloning.verify import verify
from condatui_core.jobs.cloning.wheel_records import amend_records
from condatui_core.jobs.guarding import guards
from condatui_core.jobs.removing.detours import leads_out
from condatui_core.jobs.restoring.tree import read_tree
from condatui_core.jobs.work import Surroundings, Work
from condatui_core.records.job import Aftermath, Outcome, Plan
from condatui_core.records.request import CloneRequest


async def plan(request: CloneRequest, around: Surroundings) -> Plan:
    """Find out what cloning would do, changing nothing."""
    return plan_of(await find_out(request, around), around)


async def perform(plan: Plan, request: CloneRequest, around: Surroundings, work: Work) -> Outcome:  # noqa: ARG001 - as all actions
    """Make the clone, compare it with its source, and add what was asked for.

    Raises RefusedError if something has come up against it, CondatuiError if it could not be made, or not be added to.
    """
    facts = await find_out(request, around)
    guards.refuse(plan_of(facts, around).blockers)
    assert facts.source is not None  # or something stood against it
    outcome = await _Cloning(facts, facts.source, around, work).run()
    return await _add(facts, around, work, outcome) if request.add else outcome


async def aftermath(plan: Plan, request: CloneRequest, stage: str, around: Surroundings) -> Aftermath:  # noqa: ARG001 - as all actions
    """Look what is there of a clone that was interrupted, changing nothing."""
    return await asyncio.to_thread(look_after, request, stage)


class _Cloning:
    """One clone on its way."""

    def __init__(self, facts: CloneFacts, source: Source, around: Surroundings, work: Work) -> None:
        self._facts = facts
        self._source = source
        self._around = around
        self._work = work
        self._target = facts.target.prefix
        self._name = os.path.basename(self._target)
        self._change = PrefixChange(source.prefix, self._target, spellings=source.spellings, spared=source.spared)

    async def run(self) -> Outcome:
        """Go through all stages; what is there afterwards is whole, or is marked as not being so."""
        try:
            complaint = await self._link()
            mirrored, amended = await self._copy()
            problems = await self._put_back()
            return await self._verify(mirrored, amended, problems, complaint)
        except OSError as error:
            place = str(error.filename or self._target)
            raise CondatuiError(f"{self._name} could not be made.", f"{place}: {reason(error)}") from error

    async def _link(self) -> str:
        work = self._work
        await work.stage("link", f"Linking {len(self._source.records)} packages into {self._name}")
        making = partial(reserve, self._target, source=self._source.prefix, job=work.job_id, now=self._around.clock())
        await work.beside(making)
        try:
            return await link_packages(self._facts, self._around, work)
        except (CondatuiError, OSError, asyncio.CancelledError):
            await work.beside(partial(give_up, self._target))
            raise

    async def _copy(self) -> tuple[Mirrored, frozenset[str]]:
        work, total = self._work, len(self._source.tree.entries)
        await work.stage("copy", f"Copying to {self._name} what is not conda's")

        def copy() -> tuple[Mirrored, frozenset[str]]:
            mirror = Mirror(self._source, self._change, lambda done: work.progress(done, total, "files"))
            mirrored = mirror.run(lambda: work.cancelled)
            return mirrored, amend_records(self._target, mirrored.copied, frozenset(mirrored.rewritten))

        return await work.beside(copy)

    async def _put_back(self) -> tuple[str, ...]:
        await self._work.stage("put-back", f"Putting back history, pins and variables of {self._name}")
        assert self._facts.installation is not None
        command = changing.clone(self._facts.installation.executable, self._source.prefix, self._target)
        putting = partial(
            put_back,
            self._change,
            self._source.records,
            self._source.left_out,
            command=" ".join(command),
            now=self._around.clock(),
        )
        return await self._work.beside(putting)

    async def _verify(
        self, mirrored: Mirrored, amended: frozenset[str], problems: tuple[str, ...], complaint: str
    ) -> Outcome:
        work = self._work
        await work.stage("verify", f"Comparing {self._name} with its source")
        untold = {*amended, *(line.rpartition(": ")[0] for line in mirrored.unreadable)}
        marked = await work.beside(partial(mark_bytes, self._target))
        verified = await work.beside(partial(verify, self._source, self._change, untold=untold, apart=marked))
        python = await python_problem(self._facts, self._around, work)
        await work.beside(partial(declare_whole, self._target))
        return outcome_of(self._facts, mirrored, verified, problems=problems, complaint=complaint, python=python)


async def _add(facts: CloneFacts, around: Surroundings, work: Work, made: Outcome) -> Outcome:
    """Install the specs that were asked for besides; raises CondaError, and the clone stays as it is without them."""
    request, installation = facts.request, facts.installation
    assert installation is not None
    specs, name = " ".join(request.add), os.path.basename(facts.target.prefix)
    await work.stage("add", f"Adding {specs} to {name}")
    target = facts.target.prefix
    command = changing.install_specs(installation.executable, target, request.add, offline=request.offline)
    if out := await work.beside(lambda: leads_out(read_tree(target))):
        detail = f"{out[0]} leads out of it: conda would change what lies there, for its source as well."
        raise CondaError(f"{name} was made, and {specs} was not added to it.", detail, "Copy in what lies there first.")
    try:
        check(await work.run(command, environ=conda_environ(around.caller, installation)), f"add {specs}")
        missing = await work.beside(partial(not_there, target, request.add))
        if missing:
            raise CondaError("conda says that it is done.", f"Not there: {', '.join(missing)}")
    except CondaError as error:
        detail = "\n".join(filter(None, (error.title, error.detail, error.hint)))
        there = await work.beside(partial(look_after, request, "add"))
        hint = f"{there.message} Try: conda install -p {shlex.quote(target)} {shlex.join(request.add)}"
        raise CondaError(f"{name} was made, and {specs} could not be added to it.", detail, hint) from error
    tree = await work.beside(partial(read_tree, target))
    return replace(made, message=f"{made.message} {specs} was added.", bytes_used=tree.exclusive_bytes)
