"""Plans a merge: conda has to accept it, and what moves for the user of the member is said first."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import partial

from condatui_core.actions.by_hand import BY_HAND
from condatui_core.actions.guards import observe_prefix
from condatui_core.actions.incomplete_marker import is_marked_incomplete
from condatui_core.actions.merge.estimate import most_of_merged
from condatui_core.actions.merge.extras import conflicts_of, moves_of, requests_that_change
from condatui_core.actions.merge.facts import MergeFacts, read_facts, solve, specs_of, target_of
from condatui_core.actions.merge.put_back import find_interrupted, plan_to_put_back
from condatui_core.actions.protocol import JobContext
from condatui_core.actions.set_aside import set_aside_of
from condatui_core.conda import commands
from condatui_core.records.environment import Environment
from condatui_core.records.finding import Finding
from condatui_core.records.finding import blocker as any_blocker
from condatui_core.records.finding import finding as any_finding
from condatui_core.records.job import PackageMove, Plan, PlannedMerge, Step
from condatui_core.records.package import PackageRecord
from condatui_core.records.request import MergeRequest
from condatui_core.remedy import Reload
from condatui_core.text import counted, format_bytes, sanitize

_MOST_LINES = 20
_blocker = partial(any_blocker, most=_MOST_LINES)
_finding = partial(any_finding, most=_MOST_LINES)
_IN_PLACE = ("target-exists", "symlink", "named-elsewhere", "kernel")
"""What a clone and a removal say of a path that the merged environment takes over, so that what leads there goes on."""


async def plan(request: MergeRequest, context: JobContext) -> Plan:
    """Find out what merging would do, and whether conda would do it; changes nothing."""
    if request.put_back:
        observed = await observe_prefix(target_of(request), context)
        found = await asyncio.to_thread(find_interrupted, request.member)
        return await asyncio.to_thread(plan_to_put_back, request, found, observed, context)
    facts = await read_facts(request, context)
    blockers = await asyncio.to_thread(blockers_of, facts)
    if not blockers:
        facts = await _with_solution(facts, context)
        blockers = tuple(_solution_blockers(facts))
    return await asyncio.to_thread(plan_of, facts, blockers)


async def _with_solution(facts: MergeFacts, context: JobContext) -> MergeFacts:
    assert facts.clone.installation is not None  # otherwise there are blockers
    solution = await solve(
        facts.clone.installation, facts.target, specs_of(facts), context, offline=facts.request.offline
    )
    return replace(facts, solution=solution)


def plan_of(facts: MergeFacts, blockers: Sequence[Finding]) -> Plan:
    """Put together the plans of the clone and the removal, and what moves; blocks."""
    freed, moves = facts.removal.bytes_freed, _moves(facts)
    needed = most_of_merged(facts)
    return Plan(
        request=facts.request,
        title=_title(facts),
        steps=() if blockers else tuple(_steps(facts)),
        prefixes=tuple(dict.fromkeys((facts.member_prefix, facts.target))),
        bytes_needed=None if needed is None else needed + (facts.removal.bytes_needed or 0),
        kept_bytes=facts.removal.kept_bytes,
        bytes_freed=None if freed is None or needed is None else freed - needed,
        frees_at_least=True,
        packages=len(facts.solution.packages),
        facts=tuple(_facts(facts)),
        warnings=tuple(_warnings(facts, moves)),
        blockers=tuple(blockers),
        restore_points=facts.removal.restore_points,
        confirm=facts.removal.confirm,
        removal=facts.removal.removal,
        moves=moves,
        merge=PlannedMerge(
            packages=tuple(sorted(each.dist_name for each in facts.solution.packages)),
            specs=facts.extras.specs,
            distributions=tuple(each.name for each in facts.extras.distributions),
            offline=facts.solution.offline,
        ),
    )


def name_of(environment: Environment | None, prefix: str) -> str:
    """The name of an environment, or its prefix if it is not known."""
    return sanitize(environment.name if environment else prefix)


def _title(facts: MergeFacts) -> str:
    member, keeper = name_of(facts.member, facts.member_prefix), name_of(facts.keeper, facts.request.keeper)
    where = "" if facts.in_place else f" as {sanitize(os.path.basename(facts.target))}"
    return f"Merge {member} into {keeper}{where}"


def _moves(facts: MergeFacts) -> tuple[PackageMove, ...]:
    if facts.source is None or not facts.solution.packages:
        return ()
    return moves_of(facts.records.contents, facts.source.contents, facts.solution.packages)


# What stands against it


_OF_THE_PLACE = frozenset({"target-exists", "managed-by"})
"""What a clone says of a place that is free once the member is set aside; what of it holds, the removal says."""


def blockers_of(facts: MergeFacts) -> tuple[Finding, ...]:
    """What stands against a merge, but for what conda says of it; blocks."""
    of_place = _OF_THE_PLACE if facts.in_place else frozenset[str]()
    cloning = (each for each in facts.cloning.blockers if each.id not in of_place)
    return (*_pair_blockers(facts), *facts.removal.blockers, *cloning, *_pip_blockers(facts))


def _pair_blockers(facts: MergeFacts) -> Iterator[Finding]:
    """What stands against these two together."""
    keeper, member = facts.keeper, facts.member
    names = name_of(keeper, facts.request.keeper), name_of(member, facts.member_prefix)
    if os.path.realpath(facts.request.keeper) == os.path.realpath(facts.member_prefix):
        yield _blocker("same-environment", f"{names[1]} is the keeper itself.", "Choose another member.")
    if member is None:
        yield _blocker("not-an-environment", f"{names[1]} is not known as an environment.", Reload())
        return
    if member.keep is not None:
        note = f": {sanitize(member.keep.note)}" if member.keep.note else "."
        yield _blocker("kept", f"{names[1]} is kept{note}", "Take its mark away first.")
    if member.foreign:
        yield _blocker("other-platform", f"{names[1]} was built for {member.foreign}: its packages are not here.")
    if is_marked_incomplete(facts.request.keeper):
        yield _blocker("half-made", f"{names[0]} was never finished.", "Choose another keeper.")
    if keeper and keeper.installation != member.installation:
        owners = f"{keeper.installation or 'no conda'} and {member.installation or 'no conda'}"
        yield _blocker("other-conda", f"{names[0]} and {names[1]} belong to different condas: {owners}.")
    if facts.in_place and (left := set_aside_of(facts.member_prefix)):
        message = f"What an earlier job has set aside of {names[1]} is still there."
        yield _blocker("set-aside", message, "Put it back or remove it first.", map(sanitize, left))
    if problems := facts.records.contents.unreadable:
        lines = tuple(sanitize(f"{each.path}: {each.reason}") for each in problems)
        yield _blocker("broken", f"Not all records of {names[1]} can be read.", "Repair or remove it.", lines)


def _pip_blockers(facts: MergeFacts) -> Iterator[Finding]:
    """What stands against carrying over what pip has installed."""
    name, extras = name_of(facts.member, facts.member_prefix), facts.extras
    if not extras.distributions or facts.source is None:
        return
    if facts.carried.unknown:
        message = f"What pip has installed in {name} cannot all be carried over: its files are not known."
        yield _blocker("pip-packages", message, "Uninstall it with pip first.", facts.carried.unknown)
    theirs, mine = _python(facts.source.records), _python(facts.records.contents.packages)
    if theirs != mine:
        count = counted(len(extras.distributions), "package that pip", "packages that pip")
        message = f"{count} has installed in {name} are for python {mine or '?'}; the keeper has {theirs or 'none'}."
        names = tuple(each.name for each in extras.distributions)
        yield _blocker("other-python", message, "Uninstall them with pip first.", names)
    there = {each.path for each in facts.source.tree.entries}
    if taken := tuple(path for path in facts.carried.files if path in there):
        message = f"Files that pip has installed in {name} would replace those of the keeper."
        yield _blocker("pip-over-conda", message, "Uninstall their package with pip first.", map(sanitize, taken))


def _python(records: Sequence[PackageRecord]) -> str:
    """The minor version of the python among packages; empty if there is none."""
    version = next((each.version for each in records if each.name == "python"), "")
    return ".".join(version.split(".")[:2])


def _solution_blockers(facts: MergeFacts) -> Iterator[Finding]:
    """What conda says against it, and what it would do beside what it is asked for."""
    solution, keeper = facts.solution, name_of(facts.keeper, facts.request.keeper)
    if problem := solution.problem:
        what = " ".join(each.name for each in facts.extras.packages) or "its packages"
        contents = facts.source.contents if facts.source else facts.records.contents
        said = (line for line in problem.detail.splitlines() if line and not line.startswith("$ "))
        lines = conflicts_of(facts.extras, facts.records.contents, contents) or tuple(said)
        message = f"conda would not put {what} into a clone of {keeper}."
        yield _blocker("conda-refuses", message, problem.advice, lines)
        return
    planned = {each.dist_name for each in solution.packages}
    source = facts.source
    if source and (gone := [each.dist_name for each in source.records if each.dist_name not in planned]):
        message = f"conda would not leave the packages of {keeper} as they are."
        yield _blocker("conda-refuses", message, "Update the keeper first.", sorted(gone))


# What one should know first


def _warnings(facts: MergeFacts, moves: Sequence[PackageMove]) -> Iterator[Finding]:
    yield from _move_warnings(facts, moves)
    yield from _loss_warnings(facts)
    if facts.solution.transaction.to_download:
        count = counted(len(facts.solution.transaction.to_download), "package is", "packages are")
        message = f"{count} downloaded: {format_bytes(facts.solution.transaction.download_bytes)}."
        yield _finding("download", "note", message, "", facts.solution.transaction.to_download)
    both = {each.message: each for each in (*facts.cloning.warnings, *facts.removal.warnings)}
    unsaid = ("base", *(_IN_PLACE if facts.in_place else ()))
    yield from (each for each in both.values() if each.id not in unsaid)


def _move_warnings(facts: MergeFacts, moves: Sequence[PackageMove]) -> Iterator[Finding]:
    name = name_of(facts.member, facts.member_prefix)
    specs = requests_that_change(facts.records.contents, moves)
    after = {each.name: each for each in moves}
    if specs:
        lines = [f"{spec}: {after[package].before} becomes {after[package].after}" for package, spec in specs.items()]
        message = f"{counted(len(lines), 'package')} requested in {name} will have the version of the keeper."
        yield _finding("requested-moves", "warning", message, "Choose another keeper if that matters.", lines)
    if gone := [each for each in moves if each.change == "gone"]:
        lines = [f"{each.name} {each.before}" for each in gone]
        message = f"{counted(len(lines), 'package')} of {name} will not be there any more."
        yield _finding("gone", "warning" if any(each.requested for each in gone) else "note", message, "", lines)


def _loss_warnings(facts: MergeFacts) -> Iterator[Finding]:
    """What only the restore point will have of the member."""
    contents, name = facts.records.contents, name_of(facts.member, facts.member_prefix)
    theirs = facts.source.contents if facts.source else None
    if theirs and theirs.slimmed is not None:
        message = f"The keeper is a slimmed copy: what takes the place of {name} lacks the same."
        yield _finding("slimmed", "warning", message, "Choose another keeper if that matters.", theirs.slimmed)
    if variables := [each for each, _ in contents.variables if theirs is None or each not in dict(theirs.variables)]:
        message = f"Variables of {name} are not set any more: {', '.join(map(sanitize, variables))}."
        yield _finding("variables", "warning", message, "conda env config vars set sets them again.")
    if pins := [each for each in contents.pinned if theirs is None or each not in theirs.pinned]:
        yield _finding("pins", "warning", f"Pins of {name} go: {', '.join(map(sanitize, pins))}.")
    if kept := facts.removal.kept_bytes:
        message = f"Files of no package and changed ones stay only in the restore point: {format_bytes(kept)}."
        yield _finding("only-kept", "note", message)
    if not facts.extras.packages and not facts.extras.distributions:
        message = f"{name} has nothing that its user requested and the keeper lacks."
        yield _finding("nothing-extra", "note", message, "Removing it may be enough.")


# The steps


def _facts(facts: MergeFacts) -> Iterator[tuple[str, str]]:
    if added := " ".join(each.name for each in facts.extras.packages):
        yield "added", sanitize(added)
    if carried := " ".join(each.name for each in facts.extras.distributions):
        yield "carried over", f"{sanitize(carried)}, by pip: {counted(len(facts.carried.files), 'file')}"
    if facts.solution.packages:
        yield "packages", f"{len(facts.solution.packages)} of conda"
    yield from (each for each in facts.removal.facts if each[0] != BY_HAND or not facts.in_place)


def _steps(facts: MergeFacts) -> Iterator[Step]:
    name = name_of(facts.member, facts.member_prefix)
    yield Step(title=f"Try which of the requested packages of {name} import")
    if facts.in_place:
        yield Step(title=f"Make a restore point of {name}")
        yield Step(title=f"Set {name} aside, under a hidden name in the same directory")
        yield Step(title=f"Clone {name_of(facts.keeper, facts.request.keeper)} to {sanitize(facts.target)}")
    else:
        yield from facts.cloning.steps
    yield from _adding_steps(facts)
    yield Step(title=f"Verify that all of them are there and import; else put {name} back as it is")
    if facts.in_place:
        yield Step(title="Delete what was set aside")
    else:
        yield from facts.removal.steps


def _adding_steps(facts: MergeFacts) -> Iterator[Step]:
    installation = facts.clone.installation
    if facts.extras.packages and installation:
        argv = commands.install_specs(
            installation.executable,
            facts.target,
            facts.extras.specs,
            offline=facts.solution.offline,
            freeze=True,
        )
        yield Step(title=f"Add {' '.join(each.name for each in facts.extras.packages)}", argv=argv)
    if facts.extras.distributions:
        names = " ".join(each.name for each in facts.extras.distributions)
        yield Step(title=f"Carry over what pip has installed: {sanitize(names)}")
