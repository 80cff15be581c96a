"""Plans a slimmed copy from its facts."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterator

from msgspec.structs import replace

from condatui_core.actions.protocol import JobContext
from condatui_core.actions.slim.facts import SlimFacts, read_facts
from condatui_core.analyses.needs import Node
from condatui_core.analyses.slimming.classes import CLASSES
from condatui_core.analyses.slimming.going import needed_by_what_stays, packages_named, size_lines, sizes_of
from condatui_core.records.finding import Finding, blocker, finding
from condatui_core.records.job import Plan, PlannedSlimming, Step
from condatui_core.records.request import SlimRequest
from condatui_core.text import counted, format_apart, format_bytes, percent, sanitize

_MOST_LINES = 20


async def plan(request: SlimRequest, context: JobContext) -> Plan:
    """Find out what a slimmed copy would lack and weigh, changing nothing."""
    facts = await read_facts(request, context)
    return await asyncio.to_thread(plan_of, facts, context)


def plan_of(facts: SlimFacts, context: JobContext) -> Plan:
    """Plan the steps: those of the clone, the leaving out, the proof; blocks."""
    planned = planned_of(facts)
    blockers = (*facts.cloning.blockers, *_blockers(facts, context))
    target = os.path.basename(os.path.normpath(facts.request.target))
    return replace(
        facts.cloning,
        request=facts.request,
        title=f"Make {sanitize(target)}, a copy of {sanitize(facts.name)} without what a service does not need",
        steps=() if blockers else (*facts.cloning.steps, *_steps(facts, planned)),
        facts=tuple(_facts(facts, planned)),
        warnings=(*facts.cloning.warnings, *_warnings(facts)),
        blockers=blockers,
        slimming=planned,
    )


def planned_of(facts: SlimFacts) -> PlannedSlimming:
    """What the copy will lack, and what it will weigh."""
    return PlannedSlimming(
        packages=facts.going.packages,
        distributions=facts.going.distributions,
        sizes=sizes_of(facts.slimmed, facts.going.paths) if facts.slimmed else (),
    )


def _blockers(facts: SlimFacts, context: JobContext) -> Iterator[Finding]:
    request, name = facts.request, sanitize(facts.name)
    if "kept" in request.classes:
        yield blocker("bad-class", "`kept` is what stays: it cannot be left out.")
    if not request.classes and not request.leave_out:
        yield blocker("nothing-chosen", "Nothing was chosen that the copy could lack.", "A clone has everything.")
    if unknown := facts.unknown:
        message = f"{name} has no package {', '.join(map(sanitize, unknown))}."
        yield blocker("no-such-package", message, "Look what it has.")
    if both := sorted(
        {node.name for node in packages_named(request.keep, facts.records.contents)[0] & facts.going.named}
    ):
        message = f"{sanitize(', '.join(both))} of {name}: to be kept, and to be left out."
        yield blocker("kept-and-left-out", message, "Keep what a service uses, or leave it out.")
    if needed := [(one, other) for one, other in _needed(facts) if other in facts.going.named]:
        lines = [f"{one.name} needs {other.name}" for one, other in needed]
        message = f"What is to be left out of {name} is needed by what stays."
        yield blocker("is-needed", message, "Leave that out too, or neither.", lines, most=_MOST_LINES)
    if _lacks_python(facts):
        message = f"The python of {name} is gone: nothing could prove that a copy works."
        yield blocker("no-python", message, "Install python again; `condatui verify` says what else is missing.")
    if "conda-meta" in request.classes and _is_listed_there(facts, context):
        where = os.path.dirname(os.path.normpath(request.target))
        message = f"Without conda-meta it is no environment, and in {sanitize(where)} it would be taken for remains."
        yield blocker(
            "bad-place", message, "Choose a path outside of the directories in which conda keeps environments."
        )


def _lacks_python(facts: SlimFacts) -> bool:
    """Whether a python was installed that is not there any more."""
    python = os.path.join(facts.records.prefix, "bin", "python")
    recorded = any(each.name == "python" for each in facts.records.contents.packages)
    return recorded and not os.path.exists(python)


def _needed(facts: SlimFacts) -> tuple[tuple[Node, Node], ...]:
    return needed_by_what_stays(facts.going, facts.records.contents)


def _is_listed_there(facts: SlimFacts, context: JobContext) -> bool:
    """Whether environments are looked for in the directory of the copy."""
    directory = os.path.realpath(os.path.dirname(facts.clone.target.prefix))
    known = {*context.settings.roots, *(each for found in context.conda_facts.values() for each in found.envs_dirs)}
    return directory in {os.path.realpath(each) for each in known}


def _warnings(facts: SlimFacts) -> Iterator[Finding]:
    name = sanitize(facts.name)
    if not facts.going.paths:
        yield finding("nothing-chosen", "warning", f"{name} has nothing of what was chosen: this is a plain clone.")
    taken = [each for each in CLASSES if each.name in facts.going.classes]
    if risky := [f"{each.label}: {each.why}" for each in taken if each.risk == "medium"]:
        count = counted(len(risky), "class that a service may miss is", "classes that a service may miss are")
        yield finding("risky-class", "warning", f"{count} left out.", "The proof imports; it does not compute.", risky)
    if "conda-meta" in facts.request.classes:
        message = "The copy will be no conda environment: conda and condatui neither list nor verify it."
        yield finding("no-environment", "warning", message)
    if needed := [(one, other) for one, other in _needed(facts) if other not in facts.going.named]:
        lines = [f"{one.name} needs {other.name}, by its record" for one, other in needed]
        yield finding("is-needed", "warning", "Something that stays needs what goes.", "", lines, most=_MOST_LINES)
    if facts.slimmed and (bound := facts.slimmed.slimming.cannot_travel):
        message = f"Not all of {name} can travel: the copy uses what lies outside of it as well."
        yield finding("cannot-travel", "warning", message, "", map(sanitize, bound), most=_MOST_LINES)


def _steps(facts: SlimFacts, planned: PlannedSlimming) -> Iterator[Step]:
    target = facts.clone.target.prefix
    size = format_bytes(planned.before - planned.after)
    paths = len(facts.going.paths)
    yield Step(title=f"Leave {counted(paths, 'path')} out of {target} ({size}); {sanitize(facts.name)} stays as it is")
    checks = "" if "conda-meta" in facts.request.classes else ", and let conda list it"
    yield Step(title=f"Import what was requested, look up what its commands call{checks}")


def _facts(facts: SlimFacts, planned: PlannedSlimming) -> Iterator[tuple[str, str]]:
    yield from facts.cloning.facts[:1]
    before, after = planned.before, planned.after
    if before:
        share = percent(after / before)
        weighs, rest = format_apart(before, after)
        yield "contents", f"{weighs} become {rest}, {share} of it, each file once"
    yield from size_lines(planned.sizes)
    if whole := (*planned.packages, *planned.distributions):
        yield "left out whole", sanitize(", ".join(whole))
    if kept := facts.kept:
        yield (
            "kept as used",
            f"{sanitize(', '.join(kept))}: the run used them or you named them, or one of those needs them",
        )
