"""Plans an update by conda's own dry run: what comes, goes and moves in each environment."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterator, Sequence

from condatui_core.actions.checkpoint import no_room, points_there
from condatui_core.actions.from_file import file_facts, file_warnings, no_pip, pip_unknown
from condatui_core.actions.guards import bytes_problem, warnings_to_change
from condatui_core.actions.pip_part import pip_argv
from condatui_core.actions.protocol import JobContext
from condatui_core.actions.room import POINT_NOTES
from condatui_core.actions.update.facts import UpdateTarget, read_targets, solving_argv
from condatui_core.actions.update.moves import moves_by_conda
from condatui_core.actions.update.prune import NONE, replaced_by
from condatui_core.actions.verified_change import left_behind
from condatui_core.conda.commands import remove_exactly
from condatui_core.conda.parsers import Transaction
from condatui_core.records.finding import Finding, blocker, finding
from condatui_core.records.job import PackageMove, Plan, Step
from condatui_core.records.request import UpdateRequest
from condatui_core.remedy import AllowDownloads
from condatui_core.text import counted, format_bytes, mask_credentials, sanitize

_MOST_LINES = 20


async def plan(request: UpdateRequest, context: JobContext) -> Plan:
    """Ask conda what it would do to each environment, and say what comes, goes and moves."""
    targets = await read_targets(request, context)
    return await asyncio.to_thread(update_plan, targets, request, context)


def update_plan(targets: Sequence[UpdateTarget], request: UpdateRequest, context: JobContext) -> Plan:
    """Plan the update of environments whose dry runs are known; blocks."""
    changing = [each for each in targets if (each.wanted.specs or each.changes) and not each.blockers]
    updates = tuple(each.planned for each in changing)
    kept = sum(each.checkpoint.kept_bytes for each in changing if each.checkpoint)
    prefixes = tuple(each.prefix for each in targets)
    return Plan(
        request=request,
        title=_title(targets, request, context),
        steps=tuple(step for each in changing for step in _steps(each, request)),
        prefixes=prefixes,
        bytes_needed=kept + sum(each.takes + POINT_NOTES for each in changing),
        needs_at_least=any(each.by_pip for each in updates),
        packages=sum(len(each.moves) for each in updates),
        facts=tuple(_facts(targets, kept)),
        warnings=tuple(found for each in targets for found in _warnings(each, context)),
        blockers=(
            *_baseline_blockers(request, context),
            *(found for each in targets for found in blockers_of(each, request)),
            *_nothing_to_do(targets, request, context),
            *no_room(kept, context),
        ),
        restore_points=points_there(prefixes, context),
        confirm=_confirm(changing),
        updates=updates,
        moves=updates[0].moves if len(updates) == 1 else (),
    )


def baseline_name(request: UpdateRequest, context: JobContext) -> str:
    """The name of the environment whose versions the others get, or of the file that they follow."""
    if request.file:
        return sanitize(os.path.basename(request.file))
    baseline = context.environment(request.like)
    return sanitize(baseline.name if baseline else request.like)


def blockers_of(target: UpdateTarget, request: UpdateRequest) -> tuple[Finding, ...]:
    """What stands against the update of this one."""
    return (*target.blockers, *_blockers(target, request))


def _blockers(target: UpdateTarget, request: UpdateRequest) -> Iterator[Finding]:
    name = sanitize(target.name)
    if target.prefix == request.like:
        yield blocker("baseline", f"{name} is the baseline itself.", "Name other environments.")
    if target.refusal:
        lines = target.conflicts or (target.refusal.title, *target.refusal.detail.splitlines()[:_MOST_LINES])
        message = f"conda cannot bring {name} to {'what the file asks for' if request.file else 'these versions'}."
        yield blocker("not-solved", message, AllowDownloads() if request.offline else "", map(sanitize, lines))
    if gone := requested_gone(target):
        message = f"conda would take {', '.join(map(sanitize, gone))} out of {name}, which its user requested."
        remedy = f"{'Add them to the file' if request.file else 'Update it without these'}, or remove them first."
        yield blocker("requested-gone", message, remedy, map(sanitize, gone))
    if (target.planned.by_pip or target.planned.pruned_by_pip) and not _has_pip_then(target):
        yield no_pip(target.name)
    yield from bytes_problem(target.takes, target.observed)


def _has_pip_then(target: UpdateTarget) -> bool:
    """Whether pip is there once conda has done its part, be it conda's or its own."""
    transaction, contents = target.transaction or Transaction(), target.contents
    gone, come = ({each.name for each in some} for some in (transaction.removed, transaction.added))
    stay = {each.name for each in contents.packages} - gone
    return "pip" in come | stay | {each.name for each in contents.pip_distributions}


def requested_gone(target: UpdateTarget) -> tuple[str, ...]:
    """The packages that the user of an environment requested and that a transaction would take away."""
    pruned = target.unneeded.packages | target.unneeded.distributions
    gone = {each.name for each in target.planned.moves if each.change == "gone"} - pruned
    return tuple(sorted(gone & target.contents.requested_names))


def _baseline_blockers(request: UpdateRequest, context: JobContext) -> Iterator[Finding]:
    baseline = context.environment(request.like)
    if not request.file and (baseline is None or baseline.state != "ok"):
        state = f"its state is {baseline.state}" if baseline else "it is not there"
        message = f"The baseline {baseline_name(request, context)} cannot be read: {state}."
        yield blocker("baseline", message, "Name another one.")


def _nothing_to_do(targets: Sequence[UpdateTarget], request: UpdateRequest, context: JobContext) -> Iterator[Finding]:
    able = [each for each in targets if not each.blockers and each.prefix != request.like]
    if able and not any(each.changes or each.refusal for each in able):
        like = baseline_name(request, context)
        if held := [f"{sanitize(each.name)}: {sanitize(line)}" for each in able for line in each.wanted.left_out]:
            count = counted(len(held), "package is", "packages are")
            message = f"Nothing can be updated: {count} not as in {like}, because their users want them so."
            yield blocker("held", message, "Change the requests or pins first.", held)
            return
        same = f"all is there that {like} asks for" if request.file else f"what they have in common is as in {like}"
        yield blocker("nothing-to-do", f"Nothing is to be updated: {same}.")


def _title(targets: Sequence[UpdateTarget], request: UpdateRequest, context: JobContext) -> str:
    what = sanitize(targets[0].name) if len(targets) == 1 else counted(len(targets), "environment")
    how = "from" if request.file else "to be like"
    return f"Update {what} {how} {baseline_name(request, context)}"


def _steps(target: UpdateTarget, request: UpdateRequest) -> Iterator[Step]:
    name, planned = sanitize(target.name), target.planned
    yield Step(title=f"Make a restore point of {name}")
    if target.wanted.specs:
        argv = solving_argv(target, offline=target.offline, dry_run=False) if target.installation else ()
        count = counted(len(moves_by_conda(target.contents, target.transaction or Transaction())), "package")
        yield Step(title=f"Let conda update {count} of {name}", argv=tuple(map(mask_credentials, argv)))
    if planned.by_pip:
        argv = pip_argv(target.prefix, target.asked, offline=request.offline)
        yield Step(title=f"Let its pip install {counted(len(planned.by_pip), 'requirement')} of the file", argv=argv)
    if planned.variables:
        yield Step(title=f"Let its activation set {', '.join(map(sanitize, planned.variables))}")
    if planned.pruned_by_pip:
        count = counted(len(planned.pruned_by_pip), "distribution")
        yield Step(title=f"Let its pip uninstall {count} that the file has no need for")
    if planned.pruned and target.installation:
        argv = remove_exactly(target.installation.executable, target.prefix, sorted(target.unneeded.packages))
        count = counted(len(planned.pruned), "package")
        yield Step(title=f"Let conda remove {count} that the file has no need for", argv=argv)
    yield Step(title=f"Verify every package of {name}, and start its python")


def _facts(targets: Sequence[UpdateTarget], kept: int) -> Iterator[tuple[str, str]]:
    for each in targets:
        yield from file_facts(each.asked)
        if len(targets) > 1:
            yield sanitize(each.name), "\n".join(map(move_words, each.planned.moves)) or "nothing to update"
        if each.wanted.left_out:
            yield f"{sanitize(each.name)} keeps", "\n".join(map(sanitize, each.wanted.left_out))
        if each.stay:
            yield f"{sanitize(each.name)} keeps", "\n".join(map(sanitize, each.stay))
        if each.transaction and each.transaction.to_download:
            size = format_bytes(each.transaction.download_bytes)
            yield "to download", f"{counted(len(each.transaction.to_download), 'package')}, {size}"
    yield "restore point", f"{format_bytes(kept)} that conda could not put back, before compression"


def move_words(move: PackageMove) -> str:
    """What becomes of a package, in a line: `numpy 2.1.3 → 1.26.4`."""
    if not move.before or not move.after:
        return f"{move.name} {move.before or move.after} {'comes' if move.after else 'goes'}"
    return f"{move.name} {move.before} → {move.after}"


def _warnings(target: UpdateTarget, context: JobContext) -> Iterator[Finding]:
    if not target.observed.exists:
        return
    yield from warnings_to_change(target.observed, target.environment, context)
    if target.checkpoint:
        yield from target.checkpoint.warnings
    yield from file_warnings(target.asked)
    if target.coming is None:
        stays = ("What it needs will stay, though it may be listed as going.",) if target.unneeded != NONE else ()
        yield pip_unknown(target.asked, "pip does not say beforehand what it would bring.", *stays)
    if lines := [
        f"{each.distribution} {each.conda_version} by {each.pip_version}"
        for each in replaced_by(target.contents, target.coming or ())
    ]:
        message = f"pip would put its own in the place of {counted(len(lines), 'package')} of conda."
        yield finding("pip-replaces", "warning", message, "Ask conda for them in the file.", map(sanitize, lines))
    python = next((each for each in target.planned.moves if each.name == "python"), None)
    pip = target.contents.pip_distributions
    if python and pip and _minor(python.before) != _minor(python.after):
        yield left_behind(target.name, python.before, python.after, pip)


def _minor(version: str) -> str:
    return ".".join(version.split(".")[:2])


def _confirm(targets: Sequence[UpdateTarget]) -> str:
    large = [each for each in targets if each.checkpoint and each.checkpoint.too_large]
    if not large:
        return ""
    return sanitize(large[0].name) if len(targets) == 1 else f"update {len(targets)}"
