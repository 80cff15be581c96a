"""The top line, the problems of the machine, and the line about the marked environments."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING

from msgspec import Struct
from rich.text import Text

from condatui.view_models import styles
from condatui.view_models.format import short_bytes, short_count, shorten_text
from condatui.view_models.glyphs import UNICODE, Glyphs
from condatui.view_models.remedies import RemedyWords
from condatui_core.errors import CondatuiError
from condatui_core.records.environment import Environment, Inventory
from condatui_core.records.finding import Finding
from condatui_core.text import counted, format_bytes, sanitize

if TYPE_CHECKING:
    from condatui.view_models.cleanup.found import FoundCleanup
    from condatui_core.disk.usage import DiskUsage
    from condatui_core.records.disk import BlockDoubt, Freed, Sharing
    from condatui_core.records.other_machine import OtherMachines


# The top line


class _StatusPart(Struct, frozen=True):
    text: str
    style: str = styles.PLAIN
    priority: int = 0
    """Parts with the highest number leave first if the line is too long; 0 stays."""


def top_line(  # noqa: PLR0913 - the line says something of all of these
    inventory: Inventory,
    *,
    host: str,
    width: int,
    glyphs: Glyphs = UNICODE,
    disk: DiskUsage | None = None,
    gpus: str = "",
    waiting: str = "",
    read_only: bool = False,
    others: OtherMachines | None = None,
) -> Text:
    """One line of at most `width` cells: host, conda, environments, their disk use, and what is still being read.

    `gpus` describes the GPUs of the machine, `waiting` what waits in the places, `others` what snapshots tell. That
    nothing can be changed is said first.
    """
    ends = (_StatusPart(waiting, priority=4), _StatusPart(sanitize(gpus), priority=5))
    first = _StatusPart("read-only" if read_only else "", styles.WARNING)
    parts = [part for part in (first, *_parts(inventory, host, glyphs, disk), *_others(others), *ends) if part.text]
    line = _joined(parts, glyphs)
    while line.cell_len > width and (dispensable := max((part.priority for part in parts), default=0)):
        parts = [part for part in parts if part.priority != dispensable]
        line = _joined(parts, glyphs)
    return shorten_text(line, width, glyphs.ellipsis, cut="end")


def cleanup_waiting(found: FoundCleanup | None, key: str) -> str:
    """What waits in the cleanup place, which `key` goes to: `3 cleanup 14 G`; empty if that is nothing or unknown."""
    return f"{key} cleanup {short_bytes(found.waiting)}" if found and found.waiting and found.waiting > 0 else ""


def with_jobs(line: Text, jobs: int, width: int, *, glyphs: Glyphs = UNICODE) -> Text:
    """The line, with the number of jobs at work at its end if there are any: `jobs ●1`."""
    if not jobs:
        return line
    end = Text.assemble(("jobs ", styles.DIM), (f"{glyphs.mark}{jobs}", styles.STRONG))
    room = max(0, width - end.cell_len - 1)
    start = shorten_text(line, room, glyphs.ellipsis, cut="end")
    return Text.assemble(start, " " * (width - start.cell_len - end.cell_len), end)


def _parts(inventory: Inventory, host: str, glyphs: Glyphs, disk: DiskUsage | None) -> tuple[_StatusPart, ...]:
    count = len(inventory.environments)
    problems = len(inventory.problems)
    return (
        _StatusPart(sanitize(host), priority=2),
        _conda(inventory),
        _StatusPart(counted(count, "environment"), priority=1),
        *_sizes(inventory, glyphs, disk),
        _StatusPart(_outstanding(inventory), styles.DIM),
        _StatusPart(_measuring(disk), styles.DIM, priority=1),
        _StatusPart(f"{glyphs.warning} {counted(problems, 'problem')}" if problems else "", styles.WARNING),
    )


def _others(others: OtherMachines | None) -> tuple[_StatusPart, ...]:
    """How many other machines are looked at, and how many of their snapshots are still to be read."""
    if others is None or not (others.machines or others.pending):
        return ()
    there = f"{len(others.inventory.environments):,} on {counted(len(others.machines), 'other machine')}"
    reading = f"reading {others.pending} more" if others.pending else ""
    return _StatusPart(there, priority=1), _StatusPart(reading, styles.DIM)


def _sizes(inventory: Inventory, glyphs: Glyphs, disk: DiskUsage | None) -> tuple[_StatusPart, ...]:
    if disk is None or disk.graph is None:
        managed = sum(environment.managed_bytes for environment in inventory.environments)
        claim = f"{glyphs.approximately}{format_bytes(managed)} by their records" if managed else ""
        return (_StatusPart(claim, priority=3),)
    reclaimable = f"{format_bytes(disk.reclaimable)} free to reclaim" if disk.reclaimable else ""
    inodes = f"{short_count(disk.inodes)} inodes" if disk.inodes else ""
    return (
        _StatusPart(f"{format_bytes(disk.total)} on disk", priority=3),
        _StatusPart(inodes, priority=7),
        _StatusPart(reclaimable, priority=6),
    )


def _measuring(disk: DiskUsage | None) -> str:
    return "" if disk is None or disk.complete else f"measuring the disk: {disk.entries:,} entries"


def _conda(inventory: Inventory) -> _StatusPart:
    usable = [installation for installation in inventory.installations if not installation.error]
    if not usable:
        if inventory.complete:
            return _StatusPart("read-only: no conda found", styles.WARNING)
        return _StatusPart("looking for conda", styles.DIM)
    more = f" +{len(usable) - 1}" if len(usable) > 1 else ""
    return _StatusPart(sanitize(f"{usable[0].kind} {usable[0].version}".rstrip() + more), priority=0 if more else 1)


def _outstanding(inventory: Inventory) -> str:
    if inventory.pending:
        return f"reading {inventory.pending} more"
    return "asking conda" if inventory.asking_conda else ""


def _joined(parts: Sequence[_StatusPart], glyphs: Glyphs) -> Text:
    line = Text.assemble(("condatui", styles.STRONG))
    for index, part in enumerate(parts):
        line.append(f" {glyphs.separator} " if index else "  ", styles.DIM)
        line.append(part.text, part.style)
    return line


# The problems


_MOST = 3
"""The largest number of problems that are shown."""


def problem_lines(
    problems: Sequence[Finding], failure: CondatuiError | None, glyphs: Glyphs, *, words: RemedyWords
) -> Text:
    """A line for each problem with its remedy, the failure first; empty if all is well."""
    lines = [_failure(failure, glyphs, words)] if failure else []
    lines += [_problem(problem, glyphs, words) for problem in problems]
    hidden = len(lines) - _MOST
    if hidden > 0:
        lines[_MOST - 1 :] = [Text(f"  and {hidden + 1} more problems", styles.DIM)]
    return Text("\n").join(lines)


def _failure(failure: CondatuiError, glyphs: Glyphs, words: RemedyWords) -> Text:
    said = f"{glyphs.error} {sanitize(failure.title)}"
    more = " ".join(sanitize(line) for line in f"{failure.detail}\n{words(failure.advice)}".splitlines() if line)
    return Text.assemble((said, styles.ERROR), f"  {more}" if more else "")


def _problem(problem: Finding, glyphs: Glyphs, words: RemedyWords) -> Text:
    said = f"{glyphs.of(problem.severity)} {sanitize(problem.message)}"
    remedy = f"  {glyphs.remedy} {sanitize(words(problem.remedy))}" if problem.remedy else ""
    return Text.assemble((said, styles.for_severity(problem.severity)), remedy)


# The marked environments: what removing them frees, and why that is less than the sum of their sizes


def kept_limit(key: str) -> str:
    """A note beside the figures of a walk that has read only the directories that have changed; `key` reads all."""
    return f"{key} measures all again, also files that have only grown"


_UPPER_BOUNDS: Mapping[BlockDoubt, str] = MappingProxyType(
    {
        "file-system": "the file system does not tell which files share blocks",
        "unreadable": "some files may not be opened to ask with which they share blocks",
        "compressed": "files are compressed, and nobody tells how much",
    }
)


def upper_bound(reason: BlockDoubt) -> str:
    """Why something may occupy, and free, less than its figures say."""
    return _UPPER_BOUNDS[reason]


_MOST_NAMES = 2
"""The largest number of environments that are named as holders; the others are counted."""


def marked_line(
    marked: Sequence[Environment],
    freed: Freed | None,
    *,
    names: Mapping[str, str],
    width: int,
    hidden: int = 0,
    glyphs: Glyphs = UNICODE,
) -> Text:
    """How many environments are marked and what removing them frees, in the longest wording that fits.

    Empty if none is marked. `hidden`: how many of them the filter hides. `names`: those of all environments by prefix;
    other holders of links are package caches.
    """
    if not marked:
        return Text()
    count = f"{len(marked)} marked{f' ({hidden} not on the screen)' if hidden else ''}"
    if freed is None or not freed.measured:
        return Text(f"{count} {glyphs.separator} {_claimed(marked, freed, glyphs)}")
    if freed.nested:
        count += f", {freed.nested} more inside"
    room = width - len(f"{count} {glyphs.separator} ")
    wordings = tuple(_wordings(freed, "it" if len(marked) == 1 else "them", names, glyphs))
    return Text(f"{count} {glyphs.separator} {next((each for each in wordings if len(each) <= room), wordings[-1])}")


def marked_elsewhere(marked: Sequence[Environment], *, hidden: int = 0, glyphs: Glyphs = UNICODE) -> str:
    """How many environments are marked of which some are on other machines: these can only be compared."""
    there = sum(1 for each in marked if each.host)
    machines = len({each.host for each in marked if each.host})
    count = f"{len(marked)} marked{f' ({hidden} not on the screen)' if hidden else ''}"
    return f"{count} {glyphs.separator} {there} of them on {counted(machines, 'other machine')}: only to be compared"


def _claimed(marked: Sequence[Environment], freed: Freed | None, glyphs: Glyphs) -> str:
    claimed = format_bytes(sum(environment.managed_bytes for environment in marked))
    own = f", {glyphs.approximately}{format_bytes(freed.frees)} of it in no other environment" if freed else ""
    return f"{glyphs.approximately}{claimed} by their records{own}"


def _wordings(freed: Freed, them: str, names: Mapping[str, str], glyphs: Glyphs) -> Iterator[str]:
    """The wordings from the longest to the figure alone."""
    frees = f"frees {glyphs.at_least if freed.at_least else ''}{format_bytes(freed.frees)}"
    inodes = f" and {short_count(freed.inodes)} inodes" if freed.inodes else ""
    cleaned = freed.with_cache_clean - freed.frees
    clean = f" {glyphs.separator} +{format_bytes(cleaned)} with the cache cleaned" if cleaned else ""
    in_short = f" {glyphs.separator} +{format_bytes(cleaned)} of cache" if cleaned else ""
    sizes = format_bytes(freed.one_by_one)
    if sizes != format_bytes(freed.frees):
        named, counted = (", ".join(_reasons(freed, _holders(freed, names, most))) for most in (_MOST_NAMES, 0))
        yield f"removing {them} {frees}{inodes} (not {sizes}: {named}){clean}"
        yield f"removing {them} {frees} (not {sizes}: {named}){clean}"
        yield f"removing {them} {frees} (not {sizes}: {counted}){clean}"
        yield f"removing {them} {frees} (not {sizes}: {counted}){in_short}"
        reason = _reason_in_short(freed, names)
        yield f"{frees} (not {sizes}: {reason}){in_short}"
        yield f"{frees} (not {sizes}: {reason})"
        yield f"{frees} (not {sizes}){in_short}"
        yield f"{frees} (not {sizes})"
    yield f"removing {them} {frees}{inodes}{clean}"
    yield f"removing {them} {frees}{clean}"
    yield f"{frees}{in_short}"
    yield frees


def _reasons(freed: Freed, holders: str) -> Iterator[str]:
    among, kept = freed.one_by_one - freed.together, freed.together - freed.frees
    if among:
        yield f"{format_bytes(among)} is shared among them"
    if kept:
        yield f"{format_bytes(kept)} {'' if among else 'is shared '}with {holders}"


def _reason_in_short(freed: Freed, names: Mapping[str, str]) -> str:
    others = sum(each.path in names for each in freed.kept_by)
    if others:
        return f"shared with {counted(others, 'other')}"
    if freed.kept_by:
        tool = freed.kept_by[0].tool
        return f"shared with the {tool} cache" if tool else "shared with the cache"
    return "links elsewhere" if freed.outside else "shared among them"


def _caches(sharing: Iterable[Sharing]) -> list[str]:
    """The caches among the holders, each kind once: `the package cache`, `the uv cache`."""
    return list(dict.fromkeys(f"the {each.tool or 'package'} cache" for each in sharing))


def _holders(freed: Freed, names: Mapping[str, str], most: int) -> str:
    """The holders of the bytes that stay: the first by name, the others by their number."""
    environments = [sanitize(names[each.path]) for each in freed.kept_by if each.path in names]
    named = environments if most and len(environments) == most + 1 else environments[:most]
    others = len(environments) - len(named)
    words = list(named)
    if others:
        words.append(f"{others} more" if named else counted(others, "environment"))
    words += _caches(each for each in freed.kept_by if each.path not in names)
    if freed.outside:
        words.append("links elsewhere")
    return " and ".join(filter(None, (", ".join(words[:-1]), *words[-1:])))
