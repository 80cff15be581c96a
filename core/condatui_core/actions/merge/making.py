"""Makes the merged environment and verifies it, and leaves the mark of what is half-made until that is done."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial

from msgspec.structs import replace

from condatui_core.actions.clone.facts import read_facts as read_clone_facts
from condatui_core.actions.clone.perform import make_clone
from condatui_core.actions.imports import Wanted, import_problems, modules_there, wanted_of
from condatui_core.actions.incomplete_marker import mark_complete, sync_made
from condatui_core.actions.merge.carry import carry
from condatui_core.actions.merge.facts import MergeFacts, clone_request
from condatui_core.actions.merge.plan import name_of
from condatui_core.actions.prefix_change import PrefixChange
from condatui_core.actions.protocol import JobContext, Work
from condatui_core.actions.requested_specs import request_added
from condatui_core.conda import commands
from condatui_core.conda.commands import conda_environ
from condatui_core.conda.errors import check_answer
from condatui_core.errors import CondaError, CondatuiError
from condatui_core.fs.held_tree import HeldTree
from condatui_core.fs.safe_read import reason
from condatui_core.prefixes.last_used import OwnUses
from condatui_core.prefixes.snapshot import read_records, read_snapshot
from condatui_core.records.finding import Finding, finding
from condatui_core.records.installation import Installation
from condatui_core.records.job import Outcome, Plan, PlannedMerge
from condatui_core.records.prefix import PrefixContents
from condatui_core.text import counted, first_of, sanitize

_MOST_LINES = 20


@dataclass(frozen=True, slots=True)
class Tried:
    """What the user of the member requested, and what of it did not import even there."""

    wanted: Wanted
    failing: frozenset[str]


class Merging:
    """The making of one merged environment."""

    def __init__(self, plan: Plan, planned: PlannedMerge, facts: MergeFacts, context: JobContext, work: Work) -> None:
        assert facts.clone.installation is not None  # otherwise there are blockers
        self.plan = plan
        self.facts = facts
        self.context = context
        self.work = work
        self.installation: Installation = facts.clone.installation
        self.name = name_of(facts.member, facts.member_prefix)
        self.limited = plan.removal is None or facts.member_prefix not in plan.removal.over_limit
        """Whether the restore point may not be larger than the settings allow, since the user has not agreed to it."""
        self.planned = planned
        self._environ = conda_environ(context.caller, self.installation)

    async def try_member(self) -> Tried:
        """Find out which of the requested packages import in the member, while it lives."""
        work, member = self.work, self.facts.member_prefix
        await work.stage("try", f"Importing what is requested in {self.name}")
        wanted = wanted_of(self.facts.records)
        modules = await work.in_thread(partial(modules_there, self.facts.records, wanted))
        environment = self.facts.member
        before, uses = environment.last_used if environment else None, OwnUses(self.context.locations.own_uses)
        begun = self.context.clock()
        failing = await import_problems(member, modules, work, environ=self._environ)
        await work.in_thread(lambda: uses.note(member, begun, self.context.clock(), before))
        return Tried(wanted, frozenset(failing))

    async def make(self, member: str, tried: Tried) -> Outcome:
        """Clone the keeper, add the extras of the member, which lies at `member` now, and verify all of it.

        The merged environment is marked as incomplete until then. Raises CondatuiError if it is not as planned.
        """
        facts = await read_clone_facts(clone_request(self.facts.request), self.context)
        outcome = await make_clone(facts, self.context, self.work, complete=False)
        if wrong := [each for each in outcome.findings if each.severity == "error"]:
            raise CondatuiError(wrong[0].message, "\n".join(wrong[0].evidence), wrong[0].remedy)
        await self._add()
        await self._carry(member)
        findings = await self._verify(tried)
        await self.work.in_thread(partial(sync_made, self.facts.target, self.context.caller.home))
        return replace(outcome, findings=(*outcome.findings, *findings))

    async def _add(self) -> None:
        specs, work, target = self.planned.specs, self.work, self.facts.target
        if not specs:
            return
        names = " ".join(each.name for each in self.facts.extras.packages)
        await work.stage("add", f"Adding {names}")
        if out := await work.in_thread(lambda: read_snapshot(target).symlinked_outside):
            detail = f"{out[0]} leads out of it: conda would change what lies there, for the keeper as well."
            raise CondaError(f"{names} cannot be added.", detail, "Copy in what lies there first.")
        offline = self.planned.offline
        argv = commands.install_specs(self.installation.executable, target, specs, offline=offline, freeze=True)
        check_answer(await work.run(argv, environ=self._environ), f"add {names}")
        extras, requested = self.facts.extras.packages, dict(self.facts.records.contents.history.requested)
        await self._change_target(lambda tree: request_added(tree, extras, requested))

    async def _carry(self, member: str) -> None:
        files = self.facts.carried.files
        if files:
            await self.work.stage("carry", f"Carrying over what pip has installed in {self.name}")
            change = PrefixChange(self.facts.member_prefix, self.facts.target)
            await self._change_target(lambda tree: carry(member, change, files, tree))

    async def _change_target(self, change: Callable[[HeldTree], None]) -> None:
        """Change the merged environment, held, in a thread. CondatuiError if it cannot be read or written."""

        def apply() -> None:
            with HeldTree(self.facts.target) as tree:
                change(tree)

        try:
            await self.work.in_thread(apply)
        except OSError as error:
            where = f"{error.filename or self.facts.target}: {reason(error)}"
            raise CondatuiError("What only the member has could not be carried over.", where) from error

    async def _verify(self, tried: Tried) -> tuple[Finding, ...]:
        """Look whether all packages are those of the plan, and import what was requested; returns what to tell."""
        work, target = self.work, self.facts.target
        await work.stage("import", f"Importing what was requested in {self.name}")
        records = await work.in_thread(partial(read_records, target))
        there = sorted(each.dist_name for each in records.contents.packages)
        if other := sorted(set(there) ^ set(self.planned.packages)):
            raise CondaError("conda has not made what was planned.", _lines(other), "Plan it again.")
        keeper = self.facts.source.contents if self.facts.source else records.contents
        if gone := sorted(_of_pip(keeper) - _of_pip(records.contents)):
            raise CondaError("conda has changed what pip has installed in the clone of the keeper.", _lines(gone))
        modules = await work.in_thread(partial(modules_there, records, tried.wanted))
        if missing := [each for each in tried.wanted.names if each not in modules]:
            raise CondatuiError("Not all that was requested is in the merged environment.", _lines(missing))
        problems = await import_problems(target, modules, work, environ=self._environ)
        if failing := {name: why for name, why in problems.items() if name not in tried.failing}:
            lines = [f"{name}: {why}" for name, why in failing.items()]
            title = f"{counted(len(lines), 'requested package does', 'requested packages do')} not import."
            raise CondatuiError(title, _lines(lines), f"They do in {self.name}, which stays as it was.")
        return tuple(_failing_before(self.name, problems))

    def complete(self) -> None:
        """Take the marker away: from now on it is an environment like any other; blocks."""
        mark_complete(self.facts.target, None)


def _of_pip(contents: PrefixContents) -> set[str]:
    return {f"{each.name} {each.version}" for each in contents.pip_distributions}


def _failing_before(name: str, problems: Iterable[str]) -> list[Finding]:
    names = sorted(problems)
    if not names:
        return []
    message = f"{counted(len(names), 'requested package does', 'requested packages do')} not import, as before."
    return [finding("not-importing", "warning", message, f"They did not in {name} either.", names)]


def _lines(lines: Sequence[str]) -> str:
    return "\n".join(map(sanitize, first_of(lines, _MOST_LINES)))
