"""Plans a clone from its facts."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterator
from dataclasses import replace
from functools import partial

from condatui_core.actions import guards
from condatui_core.actions.clone.addition import (
    addition_blockers,
    addition_cost,
    addition_warnings,
    solve_addition,
)
from condatui_core.actions.clone.facts import CloneFacts, read_facts
from condatui_core.actions.clone.source import Source
from condatui_core.actions.policy_warnings import policy_warnings
from condatui_core.actions.protocol import JobContext
from condatui_core.actions.room import OWN_NOTES
from condatui_core.conda import commands
from condatui_core.disk.merged_size import most_more_than, most_of_extracting
from condatui_core.records.finding import Finding, blocker
from condatui_core.records.finding import finding as any_finding
from condatui_core.records.installation import Installation
from condatui_core.records.job import Plan, Step
from condatui_core.records.request import CloneRequest
from condatui_core.remedy import AllowDownloads, Reload, TakeConda
from condatui_core.text import counted, format_bytes, shell_words

EXPLICIT_FILE = "explicit.txt"
"""The name of the explicit file in the commands of a plan; each job writes one of its own."""
_MOST_LINES = 20
"""Lines of evidence that a finding shows at most."""
finding = partial(any_finding, most=_MOST_LINES)
"""Makes a finding with a bounded number of evidence lines."""
_error = partial(blocker, most=_MOST_LINES)


def plan_of(facts: CloneFacts, context: JobContext) -> Plan:
    """Plan the steps of the clone, with warnings and blockers; blocks."""
    request, target = facts.request, facts.target
    blockers = tuple(_blockers(facts, context))
    return Plan(
        request=request,
        title=f"Clone {_name(facts)} to {os.path.basename(target.prefix) or target.prefix}",
        steps=() if blockers else tuple(_steps(facts)),
        prefixes=(target.prefix,),
        bytes_needed=None if facts.source is None else _bytes_needed(facts),
        packages=_packages(facts),
        facts=tuple(_facts(facts, blocked=bool(blockers))),
        warnings=(*_warnings(facts), *_against_policy(facts, context)),
        blockers=blockers,
        moves=facts.addition.moves(facts.source.records) if facts.addition and facts.source else (),
    )


def _blockers(facts: CloneFacts, context: JobContext) -> Iterator[Finding]:
    name = _name(facts)
    if not facts.origin.exists:
        yield _error("not-an-environment", f"{name} is not there any more.", Reload())
    elif facts.source is None:
        yield _error("not-an-environment", f"{name} cannot be read.", "Is it an environment?", (facts.unread,))
    elif not facts.origin.has_conda_meta:
        yield guards.no_environment(facts.origin.prefix)
    elif not facts.source.records and facts.source.contents.problems:
        lines = tuple(f"{each.path}: {each.reason}" for each in facts.source.contents.problems)
        yield _error("not-an-environment", f"The packages of {name} cannot be read.", "Repair it first.", lines)
    if facts.environment and (foreign := facts.environment.foreign):
        message = f"{name} was built for {foreign}, which the conda of this machine cannot install."
        yield _error("other-platform", message, "Clone it on a machine that runs it.")
    yield from guards.no_conda(context, facts.environment)
    yield from guards.blockers_to_make(facts.target, context)
    yield from guards.bytes_problem(_bytes_needed(facts), facts.target)
    for spec in facts.request.add:
        if spec.startswith("-") or not spec.strip():
            yield _error("bad-spec", f"`{spec}` is no spec of a package.", "Such as numpy, or numpy=1.26.")
    yield from _unobtainable(facts)
    if facts.addition:
        yield from addition_blockers(facts.addition)


def _unobtainable(facts: CloneFacts) -> Iterator[Finding]:
    nowhere = _named(facts, "nowhere")
    if nowhere:
        message = f"{counted(len(nowhere), 'package')} cannot be obtained again: neither an archive nor a URL is left."
        yield _error("no-cache", message, "Install them again in the source: conda install --force-reinstall.", nowhere)
    gone = _named(facts, "download")
    if gone and facts.request.offline:
        count = counted(len(gone), "package is", "packages are")
        message = f"{count} not in the package cache any more, and nothing may be downloaded."
        yield _error("no-cache", message, AllowDownloads(), gone)


def _warnings(facts: CloneFacts) -> Iterator[Finding]:
    source, seen = facts.source, facts.survey
    if source is None:
        return
    if gone := _named(facts, "download"):
        size = sum(each.record.archive_bytes for each in facts.provided if each.way == "download")
        count = counted(len(gone), "package is", "packages are")
        message = f"{count} not in the package cache any more: {format_bytes(size)} are downloaded."
        yield finding("no-cache", "warning", message, "", gone)
    yield from _of_pip(source)
    if seen.binaries:
        count = counted(len(seen.binaries), "binary file names", "binary files name")
        message = f"{count} {source.prefix}: in the clone as well."
        yield finding("old-prefix", "warning", message, "Install their packages again in the clone.", seen.binaries)
    if seen.unreadable:
        message = f"{counted(len(seen.unreadable), 'file')} cannot be read: the clone will lack what is in there."
        yield finding("unreadable", "warning", message, "Ask its owner.", seen.unreadable)
    if seen.missing:
        count = counted(len(seen.missing), "file of conda's packages is", "files of conda's packages are")
        message = f"{count} gone here: the clone will lack what is gone."
        yield finding(
            "missing-files", "warning", message, "conda install --force-reinstall brings that back.", seen.missing
        )
    for problem in source.contents.problems:
        yield finding("broken", "warning", f"{problem.path}: {problem.reason}", "What it says is not cloned.")
    yield from _notes(facts, source)
    if facts.addition:
        yield from addition_warnings(facts.addition)


def _against_policy(facts: CloneFacts, context: JobContext) -> Iterator[Finding]:
    if facts.source is not None:
        added = facts.addition.added if facts.addition else ()
        yield from policy_warnings(facts.target.prefix, facts.source.contents, context, coming=added)


def _of_pip(source: Source) -> Iterator[Finding]:
    replaced = [f"{each.package} {each.conda_version}, by pip {each.pip_version}" for each in source.contents.replaced]
    if replaced:
        message = f"pip has replaced {counted(len(replaced), 'package')} of conda's: the clone gets pip's, as here."
        yield finding("pip-over-conda", "note", message, "conda's own clone would mix both.", replaced)
    editable = [f"{each.name}: {each.location}" for each in source.contents.distributions if each.origin == "editable"]
    if editable:
        message = f"{counted(len(editable), 'project')} installed in place: the clone will use the same sources."
        yield finding("editable", "note", message, "What changes there changes in both.", editable)


def _notes(facts: CloneFacts, source: Source) -> Iterator[Finding]:
    if facts.origin.frozen is not None:
        yield finding("frozen", "note", "It is frozen; the clone will not be.")
    if names := [each.name for each in source.left_out if each.name not in facts.without]:
        yield finding("base", "note", f"conda itself stays behind: {', '.join(names)}.", TakeConda())
    if facts.survey.special:
        count = counted(len(facts.survey.special), "pipe, socket or device is", "pipes, sockets and devices are")
        yield finding("special-files", "note", f"{count} not copied.", "", facts.survey.special)
    if facts.survey.links:
        message = f"{counted(len(facts.survey.links), 'link')} into {source.prefix} will lead into the clone."
        yield finding("old-prefix", "note", message, "", facts.survey.links)
    for kind, found in (("environment", source.tree.environments), ("file system", source.tree.mounts)):
        if found:
            yield finding(
                "holds-environments",
                "note",
                f"{counted(len(found), f'{kind} inside it stays', f'{kind}s inside it stay')} behind.",
                "",
                found,
            )
    if " " in facts.target.prefix:
        yield finding("bad-name", "warning", "There is a space in its path, which some packages do not support.")


def _steps(facts: CloneFacts) -> Iterator[Step]:
    request, target = facts.request, facts.target.prefix
    assert facts.installation is not None and facts.source is not None  # otherwise there are blockers
    executable = facts.installation.executable
    offline = not _named(facts, "download")
    packages = counted(len(facts.source.records), "package")
    yield Step(
        title=f"Write down its {packages} with their checksums, from its own records",
        argv=commands.list_explicit(executable, facts.origin.real),
    )
    yield Step(title=f"Make {target}, which must not be there, and mark it as not whole")
    yield Step(
        title=f"Link the {packages} into it" + (", from the package cache" if offline else ""),
        argv=commands.install_explicit(executable, target, EXPLICIT_FILE, offline=offline),
    )
    size = format_bytes(facts.survey.copied_bytes)
    yield Step(title=f"Copy {counted(facts.survey.copied, 'file that is', 'files that are')} not conda's ({size})")
    yield Step(title="Put back its history, pins, variables and what was asked for")
    yield Step(title="Compare it with its source, and start its python")
    if request.add:
        yield Step(
            title=f"Add {' '.join(request.add)}",
            argv=commands.install_specs(executable, target, request.add, offline=request.offline),
        )


def _facts(facts: CloneFacts, *, blocked: bool) -> Iterator[tuple[str, str]]:
    if facts.source is None:
        return
    pip = len(facts.source.contents.pip_distributions)
    yield "packages", f"{len(facts.source.records)} of conda, {pip} of pip"
    yield "copied", f"{counted(facts.survey.copied, 'file')}, {format_bytes(facts.survey.copied_bytes)}"
    if facts.addition and not blocked:
        yield "added", addition_cost(facts.addition)
    if facts.installation and not blocked:  # run by hand, it would delete a target that exists
        yield "as conda does it", _by_hand(facts, facts.installation)


def _packages(facts: CloneFacts) -> int:
    """How many packages the clone will have, those of pip and those that are added with them."""
    if facts.source is None:
        return 0
    names = {each.name for each in facts.source.records}
    if facts.addition:
        names -= {each.name for each in facts.addition.transaction.removed}
        names |= {each.name for each in facts.addition.transaction.added}
    return len(names) + len(facts.source.contents.pip_distributions)


def _by_hand(facts: CloneFacts, installation: Installation) -> str:
    """The commands of conda that come to much the same."""
    target = facts.target.prefix
    said = [commands.clone(installation.executable, facts.origin.real, target)]
    if facts.request.add:
        said.append((installation.executable, "install", "-p", target, "--", *facts.request.add))
    return " && ".join(map(shell_words, said))


def _bytes_needed(facts: CloneFacts) -> int:
    added = facts.addition.bytes_needed if facts.addition else 0
    return facts.survey.bytes_needed + _unpacked_bytes(facts) + _written_anew(facts) + added + OWN_NOTES


def _written_anew(facts: CloneFacts) -> int:
    """By how many bytes at most what conda writes anew exceeds the same in the source."""
    source = facts.source
    return most_more_than(source.prefix, source.packages, facts.target.prefix) if source else 0


def _unpacked_bytes(facts: CloneFacts) -> int:
    """The most bytes that packages will take in the package cache that are not extracted there yet."""
    lacking = (each.record for each in facts.provided if each.way not in ("extracted", "nowhere"))
    return sum(map(most_of_extracting, lacking))


def _named(facts: CloneFacts, way: str) -> tuple[str, ...]:
    found = (each.record for each in facts.provided if each.way == way)
    return tuple(each.dist_name for each in found)


def _name(facts: CloneFacts) -> str:
    return facts.environment.name if facts.environment else facts.request.source


async def plan(request: CloneRequest, context: JobContext) -> Plan:
    """Find out what cloning would do, and what conda would do for the specs that are added; changes nothing."""
    facts = await read_facts(request, context)
    if request.add and not await asyncio.to_thread(lambda: any(_blockers(facts, context))):
        facts = replace(facts, addition=await solve_addition(facts, context))
    return await asyncio.to_thread(plan_of, facts, context)
