"""Plans what is stored once: how much that frees, by which method and why, and what it means."""

from __future__ import annotations

from collections.abc import Iterator

from condatui_core.actions.protocol import JobContext
from condatui_core.actions.relink.facts import RelinkFacts, read_facts
from condatui_core.analyses.relinking import places_of
from condatui_core.records.finding import Finding, blocker, finding
from condatui_core.records.job import Plan, PlannedRelink, Step
from condatui_core.records.relinking import LinkMethod, RelinkSurvey, SkippedFiles, SkipReason
from condatui_core.records.request import RelinkRequest
from condatui_core.text import counted, format_bytes, sanitize, some_of

_MOST_LINES = 12
_MOST_NAMES = 6

WHY: dict[SkipReason, str] = {
    "small": "smaller than asked for",
    "changed": "not as their records say, or changed meanwhile",
    "unreadable": "not readable for this user",
    "other-owner": "of another owner",
    "other-mode": "of another mode",
    "other-attributes": "with other attributes, flags or access lists",
    "byte-code": "sources whose byte code goes by their time",
    "prefix-inside": "with the path of their environment inside",
    "editable": "configuration or data that people edit",
    "in-use": "in use",
    "frozen": "in frozen environments",
    "managed": "in environments that another tool manages",
    "last-use": "by whose access times the last use is told",
    "linked-elsewhere": "that are linked to a place which is not known, or was not asked for",
    "file-system": "on a file system that cannot do this",
    "link-limit": "more hard links than the file system allows",
}
"""Why files are left alone, in words."""

_ALONE: dict[SkipReason, str] = {
    "in-use": "where something runs",
    "frozen": "in what is frozen",
    "managed": "in what another tool manages",
}
"""Whole environments that are left alone, in words."""

_METHODS: dict[LinkMethod, str] = {
    "reflink": "shared blocks: the file system compares and keeps the contents once, and every file stays independent",
    "hardlink": "hard links: the same file under several paths",
}


async def plan(request: RelinkRequest, context: JobContext) -> Plan:
    """Find out what can be stored once, changing nothing."""
    return plan_of(await read_facts(request, context), context)


def plan_of(facts: RelinkFacts, context: JobContext) -> Plan:
    """Plan the joining of what was found."""
    survey, planned = facts.survey, planned_of(facts.survey)
    blockers = tuple(_blockers(facts))
    return Plan(
        request=facts.request,
        title="Store once what is stored several times",
        steps=() if blockers else tuple(_steps(planned, facts.left)),
        prefixes=tuple(sorted(environments_of(survey, context))),
        bytes_freed=survey.frees,
        facts=tuple(_facts(facts, planned)),
        warnings=tuple(_warnings(facts, planned)) if facts.survey.sets and not blockers else (),
        blockers=blockers,
        relink=planned,
    )


def planned_of(survey: RelinkSurvey) -> PlannedRelink:
    """What is going to be joined, in numbers."""
    linked = any(method == "hardlink" for _, method in survey.methods)
    return PlannedRelink(
        groups=len(survey.sets),
        files=sum(len(inode.paths) for each in survey.sets for inode in each.joined),
        bytes=survey.frees,
        method="hardlink" if linked else "reflink",
        skipped=survey.skipped,
    )


def environments_of(survey: RelinkSurvey, context: JobContext) -> frozenset[str]:
    """The prefixes of the environments whose files are joined to others, or others to them."""
    inodes = (inode for same in survey.sets for inode in (same.kept, *same.joined))
    holders = {file.holder for inode in inodes for file in inode.paths}
    return frozenset(each.prefix for each in context.inventory.environments if each.prefix in holders)


def left_alone(skipped: tuple[SkippedFiles, ...]) -> str:
    """What is left alone and why, in one line."""
    told = [f"{counted(each.files, 'file')} {WHY[each.reason]}, {format_bytes(each.bytes)}" for each in skipped]
    return "; ".join(told)


def _blockers(facts: RelinkFacts) -> Iterator[Finding]:
    yield from facts.busy
    if facts.survey.sets or facts.left:
        return
    if facts.request.method == "reflink" and not facts.sharing:
        message = "No file system here lets files share blocks."
        yield blocker("no-reflinks", message, "Hard links work: leave out the method, or choose `hardlink`.")
        return
    told = left_alone(facts.survey.skipped)
    yield blocker("nothing-to-do", "Nothing that may be joined is stored several times.", evidence=(told,) * bool(told))


def _steps(planned: PlannedRelink, left: int) -> Iterator[Step]:
    if left:
        yield Step(title=f"Delete {counted(left, 'temporary name')} that an interrupted job has left")
    if not planned.files:
        return
    yield Step(title="Look again for what is the same, and for who uses it")
    files = counted(planned.files, "file")
    if planned.method == "hardlink":
        yield Step(title=f"Compare {files} byte for byte, and put a hard link in the place of each that is the same")
    else:
        yield Step(title=f"Let {files} share their blocks with others, which the kernel compares")


def _facts(facts: RelinkFacts, planned: PlannedRelink) -> Iterator[tuple[str, str]]:
    if not facts.survey.sets:
        return
    yield "files", f"{counted(planned.files, 'file')} in {counted(planned.groups, 'set')} of the same content"
    used = {method for _, method in facts.survey.methods}
    for method, words in _METHODS.items():
        if method in used:
            yield "method", f"{words} ({_why(method, facts)})"
    for each in facts.survey.packages[:_MOST_LINES]:
        yield sanitize(each.package), f"in {places_of([each])}, {format_bytes(each.bytes)} over"
    if more := facts.survey.packages[_MOST_LINES:]:
        yield "further packages", f"{len(more):,}, {format_bytes(sum(each.bytes for each in more))} over"
    if told := left_alone(facts.survey.skipped):
        yield "left alone", told


def _why(method: LinkMethod, facts: RelinkFacts) -> str:
    if facts.request.method:
        return "as asked for"
    return "the file system can" if method == "reflink" else "the file system cannot share blocks"


def _warnings(facts: RelinkFacts, planned: PlannedRelink) -> Iterator[Finding]:
    if planned.method == "hardlink":
        message = "A file that is joined is one for all: who edits it in place changes it everywhere."
        lines = (
            "conda links its packages that way already; pip, uv and conda delete a file before they write another one.",
            "All its paths have the time of the file that stays; sources whose byte code needs theirs are left alone.",
            "The files of an environment can become its own again, which needs the space.",
        )
        instead = "Shared blocks have no such price: the method `reflink`." if facts.sharing else ""
        yield finding("one-file-for-all", "warning", message, instead, lines)
    for reason, where in _ALONE.items():
        names = [sanitize(prefix) for prefix, why in facts.alone if why == reason]
        if names:
            message = f"Nothing is joined {where}: {some_of(names, _MOST_NAMES)}."
            yield finding(reason, "note", message)
