"""Clones an environment: conda links its packages, condatui copies all other files, and compares both on the disk."""

from __future__ import annotations

import asyncio
import os
import re
from collections.abc import Sequence
from datetime import timedelta
from functools import partial
from pathlib import Path

from msgspec.structs import replace

from condatui_core.actions import guards
from condatui_core.actions.clone.carry_over import CarriedOver, amend_records, carry_over
from condatui_core.actions.clone.facts import CloneFacts, read_facts
from condatui_core.actions.clone.mirror import Mirror, Mirrored
from condatui_core.actions.clone.plan import plan_of
from condatui_core.actions.clone.recover import inspect_clone
from condatui_core.actions.clone.source import Provided, Source, explicit_lines
from condatui_core.actions.clone.verify import not_linked, outcome_of, verify
from condatui_core.actions.incomplete_marker import (
    mark_bytes,
    mark_complete,
    mark_incomplete,
    remove_if_untouched,
    sync_made,
)
from condatui_core.actions.prefix_change import PrefixChange
from condatui_core.actions.protocol import JobContext, Work
from condatui_core.actions.python_start import python_problem
from condatui_core.actions.requested_specs import not_there
from condatui_core.conda import commands
from condatui_core.conda.answer import CondaAnswer
from condatui_core.conda.commands import conda_environ
from condatui_core.conda.errors import check_answer, last_words
from condatui_core.errors import CondaError, CondatuiError
from condatui_core.fs.atomic_write import put_in_cache
from condatui_core.fs.held_tree import HeldTree, Identity
from condatui_core.fs.safe_read import reason
from condatui_core.fs.tree import read_tree
from condatui_core.prefixes.last_used import OwnUses
from condatui_core.prefixes.snapshot import read_snapshot
from condatui_core.records.installation import ChannelConfig, CondaFacts, Installation
from condatui_core.records.job import Outcome, Plan
from condatui_core.records.request import CloneRequest
from condatui_core.text import counted, shell_words

# Linking the packages: from the package cache first, and only then from channels


_ASKED = "link the packages"
_LACKING = re.compile(
    r"OfflineError|CondaHTTPError|ackage cache records|PackagesNotFound|NoPackagesFound|offline", re.IGNORECASE
)
"""What conda says if a package is not in the cache."""
_MOST_LINES = 20


async def link_packages(facts: CloneFacts, context: JobContext, work: Work) -> str:
    """Let conda link the packages of the source into the target, which `mark_incomplete` has made.

    Returns what conda complained about although it has linked all. Raises CondaError if it has not, even if conda says
    that it has.
    """
    assert facts.source is not None and facts.installation is not None  # otherwise there are blockers
    if not facts.source.records:
        return ""
    file = context.locations.jobs / work.job_id / "explicit.txt"
    await work.in_thread(partial(_write_explicit, file, facts.provided))
    try:
        answer = await _link(facts, facts.installation, file, context, work)
    finally:
        await work.in_thread(partial(file.unlink, missing_ok=True))
    missing = await work.in_thread(partial(not_linked, facts.source.records, facts.target.prefix))
    try:
        check_answer(answer, _ASKED)
    except CondaError as error:
        if answer.exit_code or missing:
            raise
        return error.detail  # conda complains of a damaged package and goes on
    if missing:
        raise _not_done(answer, missing)
    return ""


def _write_explicit(file: Path, provided: Sequence[Provided]) -> None:
    lines = "".join(f"{line}\n" for line in explicit_lines(provided))
    put_in_cache(file, lines.encode("utf-8", "surrogateescape"))


async def _link(
    facts: CloneFacts, installation: Installation, file: Path, context: JobContext, work: Work
) -> CondaAnswer:
    environ = conda_environ(context.caller, installation)
    command = partial(commands.install_explicit, installation.executable, facts.target.prefix, str(file))
    if all(each.way != "download" for each in facts.provided) or facts.request.offline:
        answer = await work.run(command(offline=True), environ=environ)
        if answer.exit_code == 0 or facts.request.offline or not _LACKING.search(answer.stdout + answer.stderr):
            return answer
        work.say("The package cache does not have all of them: the rest is downloaded.")
    return await work.run(command(offline=False), environ=environ)


def _not_done(answer: CondaAnswer, missing: tuple[str, ...]) -> CondaError:
    shown = "\n".join(missing[:_MOST_LINES])
    said = last_words(answer.stdout) or last_words(answer.stderr) or "It said nothing."
    title = f"conda says that it is done, and has not linked {len(missing)} of the packages."
    return CondaError(title, f"{shown}\n{said}", "Run the command by hand to see more.")


_AT_MOST = timedelta(hours=1)
"""How long a clone that is killed is assumed to have read its source."""


async def perform(plan: Plan, request: CloneRequest, context: JobContext, work: Work) -> Outcome:  # noqa: ARG001 - as all actions
    """Make the clone, compare it with its source, and add the specs that the user asked for.

    Raises RefusedError if there are blockers by now, CondatuiError if the clone could not be made, or specs not added.
    """
    facts = await read_facts(request, context)
    outcome = await make_clone(facts, context, work)
    return await _add(facts, context, work, outcome) if request.add else outcome


async def make_clone(facts: CloneFacts, context: JobContext, work: Work, *, complete: bool = True) -> Outcome:
    """Make the clone and compare it with its source; unless it is `complete` then, the marker of half-made ones stays.

    Raises as `perform` does; the clone is gone or still marked then.
    """
    plan = await work.in_thread(partial(plan_of, facts, context))
    guards.refuse(plan.blockers)
    assert facts.source is not None  # otherwise there are blockers
    environment, source = context.environment(facts.source.prefix), facts.source
    before, uses = environment.last_used if environment else None, OwnUses(context.locations.own_uses)
    async with uses.noting(source.prefix, context.clock, before=before, at_most=_AT_MOST):
        return await _Cloning(facts, source, context, work).run(complete=complete)


class _Cloning:
    """The making of one clone."""

    def __init__(self, facts: CloneFacts, source: Source, context: JobContext, work: Work) -> None:
        self._facts = facts
        self._source = source
        self._context = context
        self._work = work
        self._target = facts.target.prefix
        self._name = os.path.basename(self._target)
        self._change = PrefixChange(source.prefix, self._target, spellings=source.spellings, spared=source.spared)
        self._identity: Identity | None = None
        """That of the directory, once it is made."""

    async def run(self, *, complete: bool) -> Outcome:
        """Go through all stages; after each failure, the clone is gone or still marked as incomplete."""
        try:
            complaint = await self._link()
            mirrored, amended = await self._copy()
            carried = await self._carry_over()
            outcome = await self._verify(mirrored, amended, carried, complaint)
            if complete:
                await self._work.in_thread(partial(mark_complete, self._target, self._identity))
            return outcome
        except OSError as error:
            place = str(error.filename or self._target)
            raise CondatuiError(f"{self._name} could not be made.", f"{place}: {reason(error)}") from error

    async def _link(self) -> str:
        work = self._work
        await work.stage("link", f"Linking {counted(len(self._source.records), 'package')} into {self._name}")
        making = partial(
            mark_incomplete, self._target, source=self._source.prefix, job=work.job_id, now=self._context.clock()
        )
        self._identity = await work.in_thread(making)
        try:
            return await link_packages(self._facts, self._context, work)
        except (CondatuiError, OSError, asyncio.CancelledError):
            await work.in_thread(partial(remove_if_untouched, self._target))
            raise

    async def _copy(self) -> tuple[Mirrored, frozenset[str]]:
        work, total = self._work, len(self._source.tree.entries)
        await work.stage("copy", f"Copying to {self._name} what is not conda's")

        def copy() -> tuple[Mirrored, frozenset[str]]:
            with self._held() as tree:
                mirror = Mirror(self._source, self._change, tree, lambda done: work.progress(done, total, "files"))
                mirrored = mirror.run(lambda: work.cancelled)
                return mirrored, amend_records(tree, mirrored.copied, frozenset(mirrored.rewritten))

        return await work.in_thread(copy)

    async def _carry_over(self) -> CarriedOver:
        await self._work.stage("put-back", f"Putting back history, pins and variables of {self._name}")
        assert self._facts.installation is not None
        command = commands.clone(self._facts.installation.executable, self._source.prefix, self._target)
        now = self._context.clock()

        def put_back() -> CarriedOver:
            source = self._source
            with self._held() as tree:
                return carry_over(
                    self._change, tree, source.packages, source.left_out, command=" ".join(command), now=now
                )

        return await self._work.in_thread(put_back)

    def _held(self) -> HeldTree:
        return HeldTree(self._target, self._identity)

    async def _verify(
        self, mirrored: Mirrored, amended: frozenset[str], carried: CarriedOver, complaint: str
    ) -> Outcome:
        work = self._work
        await work.stage("verify", f"Comparing {self._name} with its source")
        ignored = {*amended, *(line.rpartition(": ")[0] for line in mirrored.unreadable)}
        marked = await work.in_thread(partial(mark_bytes, self._target))
        verifying = partial(
            verify,
            self._source,
            self._change,
            carried.contents,
            channels=self._channels(),
            ignored=ignored,
            temporary_bytes=marked,
        )
        verified = await work.in_thread(verifying)
        python = await python_problem(self._facts.target.prefix, self._facts.installation, self._context, work)
        await work.in_thread(partial(sync_made, self._target, self._context.caller.home))
        problems = carried.problems
        return outcome_of(self._facts, mirrored, verified, problems=problems, complaint=complaint, python=python)

    def _channels(self) -> ChannelConfig:
        installation = self._facts.installation
        return self._context.conda_facts.get(installation.root_prefix if installation else "", CondaFacts()).channels


async def _add(facts: CloneFacts, context: JobContext, work: Work, made: Outcome) -> Outcome:
    """Install the additional specs; CondaError if they cannot be installed, and then the clone stays without them."""
    request, installation = facts.request, facts.installation
    assert installation is not None
    specs, name = " ".join(request.add), os.path.basename(facts.target.prefix)
    await work.stage("add", f"Adding {specs} to {name}")
    target = facts.target.prefix
    command = commands.install_specs(installation.executable, target, request.add, offline=request.offline)
    before, out = await work.in_thread(partial(_there, target))
    if out:
        detail = f"{out[0]} leads out of it: conda would change what lies there, for its source as well."
        raise CondaError(f"{name} was made, and {specs} was not added to it.", detail, "Copy in what lies there first.")
    try:
        check_answer(await work.run(command, environ=conda_environ(context.caller, installation)), f"add {specs}")
        missing = await work.in_thread(partial(not_there, target, request.add))
        if missing:
            raise CondaError("conda says that it is done.", f"Not there: {', '.join(missing)}")
    except CondaError as error:
        detail = "\n".join(filter(None, (error.title, error.detail, error.hint)))
        there = await work.in_thread(partial(inspect_clone, request, "add", context))
        hint = f"{there.message} Try: conda install -p {shell_words((target,))} {shell_words(request.add)}"
        raise CondaError(f"{name} was made, and {specs} could not be added to it.", detail, hint) from error
    await work.in_thread(partial(sync_made, target, context.caller.home))
    after, _ = await work.in_thread(partial(_there, target))
    tree = await work.in_thread(partial(read_tree, target))
    verb = "was" if len(request.add) == 1 else "were"
    told = f"{specs} {verb} {'added' if after - before else 'there already'}."
    return replace(made, message=f"{made.message} {told}", bytes_used=tree.exclusive_bytes, says_bytes=False)


def _there(prefix: str) -> tuple[frozenset[str], Sequence[str]]:
    """The packages of an environment as `name-version-build`, and the links by which it leads outside; blocks."""
    snapshot = read_snapshot(prefix)
    return frozenset(each.record.dist_name for each in snapshot.packages), snapshot.symlinked_outside
