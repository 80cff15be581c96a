"""Changes one environment as planned: looked at again, kept, changed by conda, and verified package by package."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from msgspec.structs import replace

from condatui_core.actions.checkpoint import Checkpoint, subject_of
from condatui_core.actions.from_file import (
    drift_from,
    lacking,
    otherwise,
    pip_itself,
    refuse_if_changed,
    set_variables,
)
from condatui_core.actions.guards import refuse
from condatui_core.actions.pip_part import install_by_pip, pip_environ, uninstall_by_pip
from condatui_core.actions.protocol import JobContext, Work
from condatui_core.actions.python_start import python_problem
from condatui_core.actions.requested_specs import one_revision, request_as_before
from condatui_core.actions.update.another_channel import from_another_channel, not_come
from condatui_core.actions.update.facts import (
    UpdateTarget,
    occasion_of,
    read_targets,
    solving_argv,
    solving_environ,
)
from condatui_core.actions.update.moves import moves_between
from condatui_core.actions.update.plan import blockers_of
from condatui_core.actions.update.prune import Unneeded, unneeded, why_they_stay
from condatui_core.actions.verified_change import (
    differences,
    keep,
    kept_bytes,
    names_by_pip,
    naming_way_back,
    not_as_intended,
)
from condatui_core.conda.commands import SOLVE_SECONDS, remove_exactly
from condatui_core.conda.errors import check_answer
from condatui_core.conda.parsers import SolvedPackage, Transaction, parse_transaction
from condatui_core.errors import CondatuiError, RefusedError
from condatui_core.fs.held_tree import HeldTree
from condatui_core.fs.safe_read import reason
from condatui_core.fs.sync import sync_tree
from condatui_core.prefixes.prefix import read_prefix
from condatui_core.prefixes.snapshot import PrefixRecords, PrefixSnapshot, read_records
from condatui_core.records.drift import Drift
from condatui_core.records.finding import Finding, finding
from condatui_core.records.installation import ChannelConfig
from condatui_core.records.job import PlannedUpdate
from condatui_core.records.prefix import PrefixContents
from condatui_core.records.request import UpdateRequest
from condatui_core.text import counted, sanitize


@dataclass(frozen=True, slots=True)
class Changed:
    """An environment that was changed."""

    name: str
    packages: int
    """How many came, went or moved."""
    point: str
    """The id of the restore point of how it was."""
    kept_bytes: int
    findings: tuple[Finding, ...] = ()
    """What is not as the file has it, or as it was planned."""


class SpecsChange:
    """The change of one environment by specs that conda solves."""

    def __init__(self, planned: PlannedUpdate, request: UpdateRequest, context: JobContext, work: Work) -> None:
        self._planned = planned
        self._request = request
        self._context = context
        self._work = work
        self._stay: tuple[str, ...] = ()
        """Why of what was to go some stays, in a line each."""

    async def carry_out(self) -> Changed:
        """Look again, keep, change and verify. CondatuiError at the first surprise."""
        work, planned = self._work, self._planned
        await work.stage("look", f"Looking at {sanitize(planned.prefix)}")
        target = await self._look()
        name = sanitize(target.name)
        await work.stage("keep", f"Making a restore point of {name}")
        subject = subject_of(target.prefix, self._context, occasion_of(self._request))
        limited = not planned.over_limit
        kept = await work.in_thread(partial(keep, subject, self._context, work, limited=limited))
        with naming_way_back(kept):
            records, findings = await self._change(target, kept)
        size = await work.in_thread(partial(kept_bytes, kept, self._context))
        moves = moves_between(kept.snapshot.contents, records.contents)
        return Changed(target.name, len(moves), kept.point.id, size, findings)

    async def _change(self, target: UpdateTarget, kept: Checkpoint) -> tuple[PrefixRecords, tuple[Finding, ...]]:
        work, planned, name = self._work, self._planned, sanitize(target.name)
        await work.stage("conda", f"Letting conda update {name}")
        if planned.added or len(planned.removed) > len(planned.pruned):
            await self._run_conda(target)
            if self._request.like or target.asked.lists_everything:
                await work.in_thread(partial(self._note, target, kept, request_as_before, "What was requested before"))
        if self._request.file:
            await self._follow_file(target)
            if self._planned.pruned:
                await work.in_thread(partial(self._note, target, kept, one_revision, "What has changed"))
        await work.stage("verify", f"Verifying {name}")
        return await self._verify(target, kept)

    async def _look(self) -> UpdateTarget:
        """Read it again and let conda plan again. RefusedError if anything is not as it was planned."""
        request = replace(self._request, prefixes=(self._planned.prefix,))
        (target,) = await read_targets(request, self._context, solve=False)
        refuse(blockers_of(target, request))
        planned = self._planned
        refuse_if_changed(target.asked, planned.digest, request.file)
        if target.identity != planned.identity or (request.like and target.wanted.specs != planned.specs):
            raise _not_as_planned(target.name, "The environment or its baseline has changed.")
        transaction = await self._dry_run(target) if target.wanted.specs else Transaction()
        removed = tuple(each for each in planned.removed if each not in planned.pruned)
        now = _dist_names(transaction.removed), _dist_names(transaction.added)
        channels = from_another_channel(target.contents, transaction)
        if (*now, channels) != (removed, planned.added, planned.from_another_channel):
            raise _not_as_planned(target.name, "conda would do something else now.")
        return target

    async def _dry_run(self, target: UpdateTarget) -> Transaction:
        argv = solving_argv(target, offline=self._planned.offline, dry_run=True)
        answer = await self._work.run(argv, environ=solving_environ(target, self._context), seconds=SOLVE_SECONDS)
        return parse_transaction(answer, f"update {target.name}")

    async def _run_conda(self, target: UpdateTarget) -> None:
        argv = solving_argv(target, offline=self._planned.offline, dry_run=False)
        answer = await self._work.run(argv, environ=solving_environ(target, self._context))
        check_answer(answer, f"update {target.name}")

    async def _follow_file(self, target: UpdateTarget) -> None:
        """What a file wants beyond conda's solution: pip's part, and that goes which it has no need for."""
        assert target.installation
        planned, work, name = self._planned, self._work, sanitize(target.name)
        environ = pip_environ(target.prefix, target.installation, self._context)
        if planned.by_pip:
            await work.stage("pip", f"Letting pip install what the file asks of it into {name}")
            places, offline = self._context.locations, self._request.offline
            await install_by_pip(target.prefix, target.asked, environ, work, places, offline=offline)
        if target.variables:
            await work.in_thread(partial(set_variables, target.prefix, planned.identity, target.variables))
        if not planned.pruned and not planned.pruned_by_pip:
            return
        await work.stage("prune", f"Taking out of {name} what the file has no need for")
        contents = await work.in_thread(partial(read_prefix, target.prefix))
        found = await work.in_thread(partial(unneeded, contents, target.asked))
        if distributions := sorted(found.distributions & set(planned.pruned_by_pip)):
            await uninstall_by_pip(target.prefix, distributions, environ, work)
        gone = {each.dist_name: each.name for each in contents.packages if each.dist_name in planned.pruned}
        pruned = {each: name for each, name in gone.items() if name in found.packages}
        if pruned:
            await self._remove(target, pruned)
        would_go = Unneeded(frozenset(gone.values()), frozenset(planned.pruned_by_pip))
        self._stay = await work.in_thread(partial(why_they_stay, contents, would_go, found))
        for each in self._stay:
            work.say(f"stays: {sanitize(each)}")
        stay = set(gone) - set(pruned)  # what came needs them, which was not known before
        removed = tuple(each for each in planned.removed if each not in stay)
        self._planned = replace(planned, removed=removed, pruned=tuple(pruned))

    async def _remove(self, target: UpdateTarget, pruned: Mapping[str, str]) -> None:
        """Let conda remove packages, unless it would do anything else. CondatuiError if it would."""
        assert target.installation
        command = partial(remove_exactly, target.installation.executable, target.prefix, sorted(pruned.values()))
        environ, what = solving_environ(target, self._context), f"remove packages of {target.name}"
        answer = await self._work.run(command(dry_run=True), environ=environ, seconds=SOLVE_SECONDS)
        transaction = parse_transaction(answer, what)
        if transaction.added or {each.dist_name for each in transaction.removed} != set(pruned):
            others = {each.dist_name for each in transaction.removed} ^ set(pruned)
            more = [f"{each}: conda would treat it otherwise" for each in sorted(others)]
            raise not_as_intended(target.name, more or ["conda would install something"])
        check_answer(await self._work.run(command(), environ=environ), what)

    def _note(
        self, target: UpdateTarget, kept: Checkpoint, note: Callable[[HeldTree, PrefixSnapshot], None], what: str
    ) -> None:
        """Let `note` edit what the environment says of its requests and of what has changed; `what` names that."""
        try:
            with HeldTree(target.prefix, self._planned.identity) as tree:
                note(tree, kept.snapshot)
                tree.sync()
        except OSError as error:
            where = f"{error.filename or target.prefix}: {reason(error)}"
            raise CondatuiError(f"{what} could not be noted.", where) from error

    async def _verify(self, target: UpdateTarget, kept: Checkpoint) -> tuple[PrefixRecords, tuple[Finding, ...]]:
        work, prefix = self._work, target.prefix
        records = await work.in_thread(partial(read_records, prefix))
        problems = await work.in_thread(lambda: [*_problems(records, kept.snapshot, self._planned)])
        drift = await work.in_thread(partial(self._drift, target, records.contents))
        problems += lacking(drift)
        if not problems and (python := await python_problem(prefix, target.installation, self._context, work)):
            problems.append(f"python: {python}")
        if problems:
            raise not_as_intended(target.name, problems)
        await work.in_thread(partial(sync_tree, prefix))
        shown = drift if self._request.prune else [each for each in drift if each.kind != "extra"]
        return records, (*_staying(self._stay), *otherwise(shown))

    def _drift(self, target: UpdateTarget, contents: PrefixContents) -> Sequence[Drift]:
        if not self._request.file:
            return ()
        config = self._context.inventory.channel_config(target.environment) if target.environment else None
        added = pip_itself(target.asked)
        found = drift_from(contents, self._request.file, target.asked, config or ChannelConfig())
        return [each for each in found if each.kind != "extra" or each.name not in added]


def _staying(lines: Sequence[str]) -> Iterator[Finding]:
    """That something stays which was to go."""
    if lines:
        message = f"Of what was to go, {counted(len(lines), 'package stays', 'packages stay')}."
        yield finding("stays", "note", message, evidence=map(sanitize, lines))


def _dist_names(packages: Sequence[SolvedPackage]) -> tuple[str, ...]:
    return tuple(each.dist_name for each in packages)


def _problems(records: PrefixRecords, before: PrefixRecords, planned: PlannedUpdate) -> Iterator[str]:
    """Lines that name what of an environment is otherwise than planned, and what its user requested and has lost."""
    spared = set(planned.pruned_by_pip) | (names_by_pip(records) if planned.by_pip else set())
    yield from differences(records, before, planned.removed, planned.added, spared=spared)
    for each in not_come(records.contents, planned.from_another_channel):
        yield f"{each}: is not from the channel that was planned"
    names = {each.name for each in records.contents.packages}
    pruned = {each.name for each in before.contents.packages if each.dist_name in planned.pruned}
    lost = before.contents.requested_names - names - pruned
    yield from (f"{each}: was requested, and is gone" for each in sorted(lost))


def _not_as_planned(name: str, why: str) -> RefusedError:
    return RefusedError(
        f"{sanitize(name)} was not updated: it is not as it was planned any more.", why, "Plan it again."
    )
