"""What can be typed at the cursor of a filter: fields before a colon, their values after it, and remembered filters."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from types import MappingProxyType

from msgspec import Struct

from condatui.view_models.environments.filter_fields import FIELDS, GPU_WORDS
from condatui.view_models.environments.filters import Remembered, words_of
from condatui_core.records.environment import Environment
from condatui_core.text import counted, sanitize

_MOST = 200
"""The largest number of choices: nobody goes through more by arrow keys."""
_MINOR = re.compile(r"\d+\.\d+")


class Choice(Struct, frozen=True):
    """One thing that can be typed."""

    text: str
    """What stands in the filter if it is taken."""
    meaning: str = ""
    """What it shows, in a few words."""


class Choices(Struct, frozen=True):
    """What can be typed in place of a part of the filter."""

    begin: int = 0
    """The index of the first character of that part."""
    end: int = 0
    """The index after its last one."""
    choices: tuple[Choice, ...] = ()


class KnownValues(Struct, frozen=True):
    """The values that environments have, found once for each inventory."""

    counts: Mapping[str, Mapping[str, int]] = MappingProxyType({})
    """By field, how many environments have each value."""
    packages: tuple[str, ...] = ()
    """The names of all packages, sorted."""


NOTHING_KNOWN = KnownValues()


def known_values(environments: Iterable[Environment], here: str) -> KnownValues:
    """The values that these environments have; takes a moment for a thousand of them, so call it in a thread.

    `here` is the name of this machine.
    """
    counts: dict[str, Counter[str]] = {
        name: Counter() for name in ("finding", "channel", "python", "host", "state", "managed")
    }
    packages: set[str] = set()
    for each in environments:
        counts["finding"].update({finding.id for finding in each.findings})
        counts["channel"].update({name.removeprefix("pkgs/") for name, _ in each.channels})
        counts["host"][each.host or here] += 1
        counts["state"][each.state] += 1
        if each.manager:
            counts["managed"][each.manager.tool] += 1
        if minor := _MINOR.match(each.python):
            counts["python"][minor[0]] += 1
        if contents := each.contents:
            packages.update(package.name for package in contents.packages)
            packages.update(distribution.name for distribution in contents.pip_distributions)
    return KnownValues(counts, tuple(sorted(each for each in packages if _can_be_typed(each))))


def choices_at(text: str, cursor: int, known: KnownValues, remembered: Remembered) -> Choices:
    """What can be typed at the cursor: at the beginning everything, else what begins like the word before it."""
    word = next((each for each in words_of(text) if each.begin < cursor <= each.begin + len(each.text)), None)
    if word is None or word.text == "|":
        return Choices(cursor, cursor, tuple(_beginnings("", remembered))) if not text.strip() else Choices()
    inverted = len(word.text) - len(word.text.lstrip("!"))
    begin, end = word.begin + inverted, word.begin + len(word.text)
    typed = text[begin:cursor]
    field, colon, value = typed.partition(":")
    if not colon:
        found = tuple(_beginnings(typed, remembered))
        return Choices(begin, end, _unless_it_is_whole(found, text[begin:end]))
    if field.lower() not in FIELDS or value.startswith('"'):
        return Choices()
    offered = tuple(_values(field.lower(), value.casefold(), known))
    return Choices(begin + len(field) + 1, end, _unless_it_is_whole(offered, text[begin + len(field) + 1 : end]))


def _unless_it_is_whole(choices: tuple[Choice, ...], typed: str) -> tuple[Choice, ...]:
    """Nothing where what is typed is the only thing left to choose."""
    return () if [each.text for each in choices] == [typed] else choices[:_MOST]


def _beginnings(typed: str, remembered: Remembered) -> Iterator[Choice]:
    """The remembered filters and the fields that begin like this."""
    wanted = typed.casefold()
    for name, text in remembered.items():
        if f"@{name}".casefold().startswith(wanted):
            yield Choice(f"@{name}", sanitize(text))
    for name, field in FIELDS.items():
        if name.startswith(wanted):
            yield Choice(f"{name}:", f"{field.example} {field.meaning}")


def _values(field: str, wanted: str, known: KnownValues) -> Iterator[Choice]:
    """The values of a field that begin like this: those that are always there, then those that environments have."""
    if field == "package":
        yield from map(Choice, _packages(wanted, known.packages))
        return
    counts = known.counts.get(field, {})
    choices = sorted(FIELDS[field].choices, key=lambda each: not counts.get(each))  # first what finds something
    fixed = [Choice(each, _meaning(field, each, counts)) for each in choices]
    offered = [Choice(*each) for each in FIELDS[field].offered]
    names = {each.text for each in (*fixed, *offered)}
    found = (Choice(each, _many(counts[each])) for each in _ordered(field, counts) if each not in names)
    for choice in (*offered, *fixed, *found):
        if choice.text.casefold().startswith(wanted) and _can_be_typed(choice.text):
            yield choice


def _packages(wanted: str, names: Sequence[str]) -> Sequence[str]:
    """The names that begin like this, once a letter is typed; they are sorted."""
    if not wanted:
        return ()
    first = bisect_left(names, wanted)
    return [each for each in names[first : first + _MOST] if each.startswith(wanted)]


def _ordered(field: str, counts: Mapping[str, int]) -> list[str]:
    """The values that environments have: newest python first, of the others what most have."""
    if field == "python":
        return sorted(counts, key=lambda each: tuple(map(int, each.split("."))), reverse=True)
    return sorted(counts, key=lambda each: (-counts[each], each))


def _meaning(field: str, value: str, counts: Mapping[str, int]) -> str:
    if field == "gpu":
        return GPU_WORDS[value]
    return _many(counts.get(value, 0)) if field in ("finding", "state", "managed") else ""


def _many(count: int) -> str:
    return counted(count, "environment") if count else "none here"


def _can_be_typed(text: str) -> bool:
    """Whether a value means itself in a filter: no space or quote ends it, and no sign would be shown in its place."""
    return bool(text) and text == sanitize(text) and not re.search(r'[\s"|]', text)
