"""What is marked, what removing it would free, and why that is less than its sizes add up to."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from rich.text import Text

from condatui.view_models.glyphs import UNICODE, Glyphs
from condatui_core.records.environment import Environment
from condatui_core.text import format_bytes, sanitize

if TYPE_CHECKING:
    from condatui_core.records.disk import Freed


KEPT_LIMIT = "R also measures files that grew in place"
"""What a walk that reads only directories that have changed cannot see; stands beside its figures."""

_MOST_NAMES = 2
"""Environments that are named as holders; more are counted."""


def marked_line(
    marked: Sequence[Environment],
    freed: Freed | None,
    *,
    names: Mapping[str, str],
    width: int,
    signs: Glyphs = UNICODE,
) -> Text:
    """How many environments are marked and what removing them frees, in as many words as there is room for.

    Empty if none is marked. `names` are those of all environments by prefix; what else holds links is a package cache.
    """
    if not marked:
        return Text()
    count = f"{len(marked)} marked"
    if freed is None or not freed.measured:
        return Text(f"{count} {signs.separator} {_claimed(marked, freed, signs)}")
    if freed.nested:
        count += f", {freed.nested} more inside"
    room = width - len(f"{count} {signs.separator} ")
    wordings = tuple(_wordings(freed, "it" if len(marked) == 1 else "them", names, signs))
    return Text(f"{count} {signs.separator} {next((each for each in wordings if len(each) <= room), wordings[-1])}")


def _claimed(marked: Sequence[Environment], freed: Freed | None, signs: Glyphs) -> str:
    claimed = format_bytes(sum(environment.managed_bytes for environment in marked))
    own = f", {signs.approximately}{format_bytes(freed.frees)} of it in no other environment" if freed else ""
    return f"{signs.approximately}{claimed} by their records{own}"


def _wordings(freed: Freed, them: str, names: Mapping[str, str], signs: Glyphs) -> Iterator[str]:
    """What there is to say, from everything to the figure alone."""
    frees = f"frees {signs.at_least if freed.at_least else ''}{format_bytes(freed.frees)}"
    cleaned = freed.with_cache_clean - freed.frees
    clean = f" {signs.separator} +{format_bytes(cleaned)} with the cache cleaned" if cleaned else ""
    in_short = f" {signs.separator} +{format_bytes(cleaned)} of cache" if cleaned else ""
    sizes = format_bytes(freed.one_by_one)
    if sizes != format_bytes(freed.frees):
        named, counted = (", ".join(_reasons(freed, _holders(freed, names, most))) for most in (_MOST_NAMES, 0))
        yield f"removing {them} {frees} (not {sizes}: {named}){clean}"
        yield f"removing {them} {frees} (not {sizes}: {counted}){clean}"
        yield f"removing {them} {frees} (not {sizes}: {counted}){in_short}"
        reason = _reason_in_short(freed, names)
        yield f"{frees} (not {sizes}: {reason}){in_short}"
        yield f"{frees} (not {sizes}: {reason})"
        yield f"{frees} (not {sizes}){in_short}"
        yield f"{frees} (not {sizes})"
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
        return f"shared with {others} other{'' if others == 1 else 's'}"
    if freed.kept_by:
        return "shared with the cache"
    return "links elsewhere" if freed.outside else "shared among them"


def _holders(freed: Freed, names: Mapping[str, str], most: int) -> str:
    """Who holds what stays: some by name, the others by their number."""
    environments = [sanitize(names[each.path]) for each in freed.kept_by if each.path in names]
    named = environments if most and len(environments) == most + 1 else environments[:most]
    others = len(environments) - len(named)
    words = list(named)
    if others:
        words.append(f"{others} more" if named else f"{others} environment{'' if others == 1 else 's'}")
    if len(environments) < len(freed.kept_by):
        words.append("the package cache")
    if freed.outside:
        words.append("links elsewhere")
    return " and ".join(filter(None, (", ".join(words[:-1]), *words[-1:])))
