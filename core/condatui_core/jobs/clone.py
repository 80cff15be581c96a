"""Clone an environment: conda links its packages, what is not conda's is copied, and the disk says whether it is so."""

from __future__ import annotations

import asyncio
import os
from functools import partial

from msgspec.structs import replace

from condatui_core.bounded_read import reason
from condatui_core.conda import changing
from condatui_core.conda.conda_environ import conda_environ
from condatui_core.conda.failure import check
from condatui_core.errors import CondaError, CondatuiError
from condatui_core.jobs.cloning.facts import CloneFacts, find_out
from condatui_core.jobs.cloning.linking import link_packages
from condatui_core.jobs.cloning.mirror import Mirror, Mirrored
from condatui_core.jobs.cloning.outcome import outcome_of
from condatui_core.jobs.cloning.planning import plan_of
from condatui_core.jobs.cloning.prefix_change import PrefixChange
from condatui_core.jobs.cloning.put_back import put_back
from condatui_core.jobs.cloning.python_check import python_problem
from condatui_core.jobs.cloning.reserving import declare_whole, give_up, is_empty, is_reserved, mark_bytes, reserve
from condatui_core.jobs.cloning.source import Source
from condatui_core.jobs.cloning.verify import verify
from condatui_core.jobs.cloning.wheel_records import amend_records
from condatui_core.jobs.guarding import guards
from condatui_core.jobs.restoring.tree import read_tree
from condatui_core.jobs.work import Surroundings, Work
from condatui_core.prefixes.conda_meta import read_conda_meta
from condatui_core.prefixes.history_specs import spec_name
from condatui_core.records.job import Aftermath, Outcome, Plan
from condatui_core.records.request import CloneRequest, RemoveRequest


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
    return await asyncio.to_thread(_look_after, request, stage)


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
    try:
        check(await work.run(command, environ=conda_environ(around.caller, installation)), f"add {specs}")
        missing = await work.beside(partial(_not_there, target, request.add))
        if missing:
            raise CondaError("conda says that it is done.", f"Not there: {', '.join(missing)}")
    except CondaError as error:
        detail = "\n".join(filter(None, (error.title, error.detail, error.hint)))
        hint = f"It is whole without it. Try: conda install -p {target} {specs}"
        raise CondaError(f"{name} was made, and {specs} could not be added to it.", detail, hint) from error
    tree = await work.beside(partial(read_tree, target))
    return replace(made, message=f"{made.message} {specs} was added.", bytes_used=tree.exclusive_bytes)


def _not_there(prefix: str, specs: tuple[str, ...]) -> tuple[str, ...]:
    packages, _ = read_conda_meta(prefix)
    names = {each.record.name for each in packages}
    return tuple(each for each in specs if spec_name(each) not in names)


def _look_after(request: CloneRequest, stage: str) -> Aftermath:
    target = os.path.normpath(request.target)
    if not os.path.lexists(target):
        return Aftermath(state="untouched", message=f"Nothing was made at {target}.")
    if is_reserved(target) or (stage == "link" and is_empty(target)):
        return Aftermath(
            state="half",
            message=f"{target} is half-made: it still has the mark of what is not whole.",
            way_out=RemoveRequest(prefixes=(target,), restore_point=False),
            way_out_title=f"Remove the half-made {target}",
        )
    if stage not in ("verify", "add"):
        return Aftermath(state="untouched", message=f"What is at {target} was not made by this job.")
    try:
        missing = _not_there(target, request.add)
    except OSError as error:
        return Aftermath(state="half", message=f"{target} was made, and cannot be read: {reason(error)}.")
    if missing:
        message = f"{target} was made and is whole; {' '.join(missing)} was not added to it."
        return Aftermath(state="half", message=message)
    return Aftermath(state="done", message=f"{target} was made and is whole.")
