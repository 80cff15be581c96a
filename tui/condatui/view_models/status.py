"""The problems of the machine, and the line about the marked environments."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING

from rich.text import Text

from condatui.view_models import styles
from condatui.view_models.format import short_count
from condatui.view_models.glyphs import UNICODE, Glyphs
from condatui.view_models.remedies import RemedyWords
from condatui_core.errors import CondatuiError
from condatui_core.records.environment import Environment
from condatui_core.records.finding import Finding
from condatui_core.text import counted, format_bytes, sanitize

if TYPE_CHECKING:
    from condatui_core.records.disk import BlockDoubt, Freed, Sharing


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
    count = _count(marked, hidden)
    if freed is None or not freed.measured:
        return Text(f"{count} {glyphs.separator} {_claimed(marked, freed, glyphs)}")
    if freed.nested:
        count += f" {glyphs.separator} {_holding(marked, freed.nested, names)}"
    room = width - len(f"{count} {glyphs.separator} ")
    wordings = tuple(_wordings(freed, "it" if len(marked) == 1 else "them", names, glyphs))
    return Text(f"{count} {glyphs.separator} {next((each for each in wordings if len(each) <= room), wordings[-1])}")


def _count(marked: Sequence[Environment], hidden: int) -> str:
    return f"{len(marked)} marked{f', {hidden} hidden by the filter' if hidden else ''}"


def marked_elsewhere(marked: Sequence[Environment], *, hidden: int = 0, glyphs: Glyphs = UNICODE) -> str:
    """How many environments are marked of which some are on other machines: these can only be compared."""
    there = sum(1 for each in marked if each.host)
    machines = len({each.host for each in marked if each.host})
    count = _count(marked, hidden)
    return f"{count} {glyphs.separator} {there} of them on {counted(machines, 'other machine')}: only to be compared"


def _holding(marked: Sequence[Environment], inside: int, names: Mapping[str, str]) -> str:
    """Which of the marked environments hold others that go with them: `base holds 12 environments`."""
    holders = [each for each in marked if any(prefix.startswith(f"{each.prefix}/") for prefix in names)]
    many = counted(inside, "environment")
    return f"{sanitize(holders[0].name)} holds {many}" if len(holders) == 1 else f"they hold {many}"


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
