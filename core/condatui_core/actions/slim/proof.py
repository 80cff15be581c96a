"""Proves a slimmed copy: what was requested imports, its commands find what they call, and conda still lists it."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

from packaging.utils import canonicalize_name

from condatui_core.actions.imports import Modules, Wanted, entry_points_of, import_problems, modules_there, wanted_of
from condatui_core.actions.protocol import JobContext, Work
from condatui_core.actions.python_start import python_problem
from condatui_core.actions.slim.facts import SlimFacts
from condatui_core.actions.verified_change import missing_files
from condatui_core.analyses.needs import Node
from condatui_core.analyses.specs import spec_name
from condatui_core.conda import commands
from condatui_core.conda.commands import conda_environ
from condatui_core.conda.errors import check_answer
from condatui_core.errors import CondaError, CondatuiError
from condatui_core.prefixes.last_used import OwnUses
from condatui_core.prefixes.snapshot import PrefixRecords, read_records
from condatui_core.records.finding import Finding, finding
from condatui_core.text import counted, first_of, sanitize

_MOST_LINES = 20
_SECONDS = 300.0
"""How long conda may take to list a copy."""


async def prove(facts: SlimFacts, context: JobContext, work: Work) -> tuple[Finding, ...]:
    """Prove the copy; returns what to tell of it.

    Raises CondatuiError if something does not work in it that works in its source.
    """
    target, installation = facts.clone.target.prefix, facts.clone.installation
    if problem := await python_problem(target, installation, context, work):
        raise CondatuiError("The python of the copy does not run.", sanitize(problem))
    findings = await _import(facts, context, work)
    if "conda-meta" not in facts.request.classes:
        await _look_at_records(facts, context, work)
    return findings


# Imports


def still_wanted(facts: SlimFacts) -> Wanted:
    """What was requested of the source and stays."""
    wanted = wanted_of(facts.records)
    return Wanted(
        tuple(each for each in wanted.packages if Node("conda", each.name) not in facts.going.nodes),
        tuple(
            each for each in wanted.distributions if Node("pypi", canonicalize_name(each.name)) not in facts.going.nodes
        ),
    )


async def _import(facts: SlimFacts, context: JobContext, work: Work) -> tuple[Finding, ...]:
    installation, source = facts.clone.installation, facts.records
    assert installation is not None  # otherwise there are blockers
    environ = conda_environ(context.caller, installation)
    tried = await work.in_thread(partial(_tried, source, still_wanted(facts)))
    problems = await import_problems(facts.clone.target.prefix, tried, work, environ=environ)
    if not problems:
        return ()
    begun, environment = context.clock(), context.environment(source.prefix)
    before = await import_problems(source.prefix, {name: tried[name] for name in problems}, work, environ=environ)
    last_used, uses = environment.last_used if environment else None, OwnUses(context.locations.own_uses)
    await work.in_thread(lambda: uses.note(source.prefix, begun, context.clock(), last_used))
    if broken := {name: why for name, why in problems.items() if name not in before}:
        title = f"{counted(len(broken), 'requested package does', 'requested packages do')} not work in the copy."
        raise CondatuiError(title, _lines(broken), f"They do in {sanitize(facts.name)}: leave less out.")
    count = counted(len(problems), "requested package does", "requested packages do")
    message = f"{count} not import, as in {sanitize(facts.name)}."
    return (finding("does-not-import", "warning", message, "", _lines(problems).splitlines()),)


def _tried(records: PrefixRecords, wanted: Wanted) -> Modules:
    """By package, its modules and what its commands call."""
    modules, points = modules_there(records, wanted), entry_points_of(records, wanted)
    return {name: (*modules.get(name, ()), *points.get(name, ())) for name in {*modules, *points}}


def _lines(problems: Mapping[str, str]) -> str:
    lines = [f"{name}: {why}" for name, why in problems.items()]
    return "\n".join(map(sanitize, first_of(lines, _MOST_LINES)))


# What conda and condatui read of it


async def _look_at_records(facts: SlimFacts, context: JobContext, work: Work) -> None:
    """Look whether the copy has the records of exactly what stays, and conda lists the same.

    Raises CondatuiError if not.
    """
    target, installation = facts.clone.target.prefix, facts.clone.installation
    assert installation is not None and facts.clone.source is not None  # otherwise there are blockers
    records = await work.in_thread(partial(read_records, target))
    there = {each.name for each in records.contents.packages}
    wanted = {each.name for each in facts.clone.source.records}
    unreadable = [f"{each.path}: {each.reason}" for each in records.contents.unreadable]
    if there != wanted or unreadable:
        lines = (*sorted(there ^ wanted), *unreadable)
        raise CondatuiError("The records of the copy are not those of what stays.", "\n".join(map(sanitize, lines)))
    if lost := await work.in_thread(partial(_lost, records, facts.records)):
        lines = first_of(lost, _MOST_LINES)
        raise CondatuiError("Records of the copy list what was left out.", "\n".join(map(sanitize, lines)))
    argv = commands.list_explicit(installation.executable, target)  # any other list deletes records that it distrusts
    answer = await context.ask_conda(argv, environ=conda_environ(context.caller, installation), seconds=_SECONDS)
    check_answer(answer, "list the copy")
    listed = {spec_name(line.partition("#")[0]) for line in answer.stdout.splitlines() if "://" in line}
    if other := listed ^ {each.name for each in records.contents.packages if each.url}:
        raise CondaError("conda does not list what is in the copy.", sanitize(", ".join(sorted(other))))


def _lost(records: PrefixRecords, before: PrefixRecords) -> list[str]:
    """Lines that name files which records state and which are not there, though they are in the source."""
    return sorted({*missing_files(records)} - {*missing_files(before)})
