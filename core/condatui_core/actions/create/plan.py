"""Plans a new environment by conda's own dry run: what comes, what is downloaded, and what stands against it."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterator
from dataclasses import replace

from condatui_core.actions import guards
from condatui_core.actions.create.facts import CreateFacts, Solution, find_archives, read_facts, solve
from condatui_core.actions.from_file import (
    file_blockers,
    file_facts,
    file_warnings,
    no_pip,
    pip_itself,
    pip_unknown,
    variable_blockers,
)
from condatui_core.actions.pip_part import pip_argv
from condatui_core.actions.policy_warnings import packages_of, policy_warnings
from condatui_core.actions.protocol import JobContext
from condatui_core.actions.room import OWN_NOTES, bytes_of_coming, coming_by
from condatui_core.conda import commands
from condatui_core.environment_files.asked import Asked
from condatui_core.records.finding import Finding, blocker, finding
from condatui_core.records.installation import Installation
from condatui_core.records.job import PackageMove, Plan, PlannedCreation, Step
from condatui_core.records.request import CreateRequest
from condatui_core.remedy import AllowDownloads, NameConda
from condatui_core.text import counted, format_bytes, mask_credentials, sanitize

_MOST_LINES = 20


async def plan(request: CreateRequest, context: JobContext) -> Plan:
    """Ask conda what it would make of the specs, unless something stands against that already; changes nothing."""
    facts = await read_facts(request, context)
    before = await asyncio.to_thread(blockers_of, facts, context)
    if not before and facts.installation:
        solution = await _solution(facts, facts.installation, context)
        known = await asyncio.to_thread(_installed_bytes, solution, context)
        takes = 0 if solution.refusal else await asyncio.to_thread(_takes, facts, solution, context)
        facts = replace(facts, solution=replace(solution, installed_bytes=known, takes=takes))
    return await asyncio.to_thread(lambda: plan_of(facts, (*before, *_solver_blockers(facts)), context))


async def _solution(facts: CreateFacts, installation: Installation, context: JobContext) -> Solution:
    if facts.asked.archives:
        return await asyncio.to_thread(find_archives, facts.asked, installation, context)
    return await solve(facts.asking, installation, context)


def plan_of(facts: CreateFacts, blockers: tuple[Finding, ...], context: JobContext) -> Plan:
    """The plan of an environment for which conda was asked, or against which these blockers stand; blocks."""
    solution = facts.solution or Solution()
    added = solution.transaction.added
    return Plan(
        request=facts.request,
        title=f"Create {sanitize(facts.name)}",
        steps=() if blockers else tuple(_steps(facts, solution)),
        prefixes=(facts.target.prefix,),
        bytes_needed=solution.takes,
        needs_at_least=bool(facts.asked.pip.requirements),
        packages=len(added),
        facts=tuple(_facts(facts, solution, blocked=bool(blockers))),
        warnings=(*_warnings(facts), *_against_policy(facts, context)),
        blockers=blockers,
        creation=PlannedCreation(
            packages=tuple(each.dist_name for each in added), offline=solution.offline, digest=facts.asked.digest
        ),
        moves=tuple(PackageMove(name=each.name, change="new", after=each.version) for each in added),
    )


def blockers_of(facts: CreateFacts, context: JobContext) -> tuple[Finding, ...]:
    """What stands against it before conda is asked; blocks."""
    return tuple(_blockers(facts, context))


def _blockers(facts: CreateFacts, context: JobContext) -> Iterator[Finding]:
    request = facts.request
    if request.installation and facts.installation is None:
        message = f"The conda in {sanitize(request.installation)} cannot be used."
        yield blocker("no-conda", message, NameConda(why="unusable"))
    elif facts.installation:
        yield from guards.not_conda(facts.installation)
    else:
        yield from guards.no_conda(context, None)
    yield from guards.blockers_to_make(facts.target, context)
    yield from file_blockers(facts.asked)
    yield from _content_blockers(facts.asking, facts.asked)


def _content_blockers(request: CreateRequest, asked: Asked) -> Iterator[Finding]:
    if asked.archives and asked.pip.asks and not any(each.name == "pip" for each in asked.archives):
        yield no_pip(os.path.basename(request.target))
    if not request.specs and not asked.archives:
        yield blocker("bad-spec", "Nothing is asked for.", "Name packages, such as numpy, or numpy=1.26.")
    for spec in request.specs:
        if spec.startswith("-") or not spec.strip():
            yield blocker("bad-spec", f"`{sanitize(spec)}` is no spec of a package.", "Such as numpy, or numpy=1.26.")
    if request.pip:
        message = f"{counted(len(request.pip), 'package')} would have to be installed by pip, which is not done here."
        yield blocker("pip", message, "Take them out, and let pip install them afterwards.", map(sanitize, request.pip))
    yield from variable_blockers(request.variables)


def _solver_blockers(facts: CreateFacts) -> Iterator[Finding]:
    solution = facts.solution
    if solution is None:
        return
    if solution.refusal:
        lines = (solution.refusal.title, *solution.refusal.detail.splitlines()[:_MOST_LINES])
        remedy = AllowDownloads() if facts.request.offline else ""
        yield blocker("not-solved", "conda cannot make an environment of this.", remedy, map(sanitize, lines))
    if facts.request.offline and (missing := solution.transaction.to_download):
        message = f"{counted(len(missing), 'package')} would have to be downloaded."
        yield blocker("not-cached", message, AllowDownloads(), map(sanitize, missing))
    yield from guards.bytes_problem(solution.takes, facts.target)


def _takes(facts: CreateFacts, solution: Solution, context: JobContext) -> int:
    """The most bytes that it takes on the disk: what is linked, what comes into package caches, and what is noted."""
    listed = {each.dist_name: each for each in facts.asked.archives}
    coming = (
        replace(each, url=record.url or "", archive_bytes=record.archive_bytes)
        if (record := listed.get(each.dist_name))
        else each
        for each in coming_by(solution.transaction, context)
    )
    return bytes_of_coming(coming, facts.target, facts.installation, context) + OWN_NOTES


def _installed_bytes(solution: Solution, context: JobContext) -> tuple[int, ...]:
    """The bytes of the files of each package that some environment of this machine has."""
    known = {
        record.dist_name: record.installed_bytes
        for each in context.inventory.environments
        if each.contents
        for record in each.contents.packages
    }
    return tuple(known[each.dist_name] for each in solution.transaction.added if each.dist_name in known)


def _warnings(facts: CreateFacts) -> Iterator[Finding]:
    yield from file_warnings(facts.asked)
    if added := pip_itself(facts.asked):
        message = f"The file does not ask for {' and '.join(added)}, which pip's part needs: conda is asked for it too."
        yield finding("pip-needed", "note", message)
    if facts.asked.pip.requirements and not facts.asked.lists_everything:
        yield pip_unknown(facts.asked, "pip can be asked only once the environment is there.")
    if " " in facts.target.prefix:
        yield finding("bad-name", "warning", "There is a space in its path, which some packages do not support.")


def _against_policy(facts: CreateFacts, context: JobContext) -> Iterator[Finding]:
    if facts.solution is not None:
        added = facts.solution.transaction.added
        found = packages_of([(each.name, each.version, each.build, each.base_url) for each in added])
        yield from policy_warnings(facts.target.prefix, found, context, whole=False)


def _steps(facts: CreateFacts, solution: Solution) -> Iterator[Step]:
    assert facts.installation is not None  # otherwise there are blockers
    request, target = facts.asking, facts.target.prefix
    yield Step(title=f"Make {target}, which must not be there, and mark it as not whole")
    packages = counted(len(solution.transaction.added), "package")
    yield Step(title=f"Let conda put {packages} into it", argv=_shown_argv(facts, facts.installation, solution))
    if asks := facts.asked.pip.requirements:
        argv = pip_argv(target, facts.asked, offline=request.offline)
        yield Step(title=f"Let its pip install {counted(len(asks), 'requirement')} of the file", argv=argv)
    yield Step(title="Look whether all that is asked for is there, and start its python")
    if request.requested:
        yield Step(title=f"Note {counted(len(request.requested), 'package')} of these as requested, in any version")
    if request.variables:
        yield Step(title=f"Write down {counted(len(request.variables), 'variable')} for its activation")


def _shown_argv(facts: CreateFacts, installation: Installation, solution: Solution) -> tuple[str, ...]:
    """The command as it can be run by hand, without passwords; empty for a lock file, which conda cannot read."""
    conda, offline = installation.executable, solution.offline
    if not facts.asked.archives:
        return tuple(map(mask_credentials, making_argv(facts.asking, conda, offline=offline)))
    if facts.asked.listing.column.kind != "explicit list":
        return ()
    return commands.install_explicit(conda, facts.target.prefix, facts.request.file, offline=offline)


def making_argv(request: CreateRequest, executable: str, *, offline: bool) -> tuple[str, ...]:
    """The command that fills the environment: unlike `conda create`, it deletes nothing that is there."""
    return commands.install_specs(executable, request.target, request.specs, offline=offline, channels=request.channels)


def _facts(facts: CreateFacts, solution: Solution, *, blocked: bool) -> Iterator[tuple[str, str]]:
    request, transaction = facts.request, solution.transaction
    if origin := request.origin or request.file:
        yield "from", sanitize(origin)
    yield from file_facts(facts.asked)
    if blocked:
        return
    if len(solution.installed_bytes) == len(transaction.added):  # all of them are known on this machine
        size = format_bytes(sum(solution.installed_bytes))
        yield "files", f"{size}, linked from the package cache where that is possible"
    if transaction.to_download:
        size = f", {format_bytes(transaction.download_bytes)}" if transaction.download_bytes else ""
        yield "to download", f"{counted(len(transaction.to_download), 'package')}{size}"
