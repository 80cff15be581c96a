"""Find the environments that have most of their packages in common, without comparing every two of them."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import NamedTuple, TypeVar

from condatui_core.analyses.package_sets import PackageSet

# How similar two are: of the names in either, the part with the same name, version and channel in both


def share(one: PackageSet, other: PackageSet) -> float:
    """How similar two environments are, from 0 to 1."""
    return len(one.numbers & other.numbers) / names_in_either(one, other)


def names_in_either(one: PackageSet, other: PackageSet) -> int:
    """The number of packages that one or both have; a conda package and the distribution that it ships are one."""
    return len(one.names | other.names) - len(corresponding(one, other))


def corresponding(one: PackageSet, other: PackageSet) -> Mapping[str, str]:
    """Distribution that pip installed in one → conda package of the other that ships it."""
    if one.pip.isdisjoint(other.shipped) and other.pip.isdisjoint(one.shipped):
        return {}
    from condatui_core.analyses.columns import partners  # noqa: PLC0415 - seldom needed, and slow to import

    return partners((one.shipping, other.shipping))


class SimilarPair(NamedTuple):
    """Two environments by their places, and how similar they are, from 0 to 1."""

    one: int
    other: int
    similarity: float


def similar_pairs(sets: Sequence[PackageSet], threshold: float) -> Iterator[SimilarPair]:
    """Every two of these whose similarity reaches a threshold.

    Only those that share one of their rarest packages are looked at. Of n packages `threshold` × n or more have to be
    the same, so the rarest of them, if one more than the others, cannot all be different.
    """
    counting = _Counting(sets, threshold)
    by_rare: defaultdict[int, list[int]] = defaultdict(list)
    for one in sorted(range(len(sets)), key=lambda place: len(sets[place].numbers)):
        rarest = counting.rarest(one)
        for other in sorted({found for number in rarest for found in by_rare[number]}):
            if similarity := counting.similarity(one, other):
                yield SimilarPair(one, other, similarity)
        for number in rarest:
            by_rare[number].append(one)


_ROUNDING = 1e-9
"""0.9 × 10 is 9, whatever a binary fraction makes of it."""


class _Counting:
    """Counts what environments have in common, as the bits that two integers share."""

    def __init__(self, sets: Sequence[PackageSet], threshold: float) -> None:
        self._sets = sets
        self._threshold = threshold - _ROUNDING
        self._uses = Counter(number for each in sets for number in each.numbers)
        self._numbers = _as_bits([each.numbers for each in sets], self._uses)
        self._names = _as_bits([each.names for each in sets], Counter(name for each in sets for name in each.names))

    def rarest(self, place: int) -> Sequence[int]:
        """One more of the rarest packages of an environment than may differ."""
        numbers = self._sets[place].numbers
        most = len(numbers) - self._needed(place) + 1
        return sorted(numbers, key=lambda number: (self._uses[number], number))[:most]

    def similarity(self, one: int, other: int) -> float:
        """How similar two are, of which the first has no fewer packages; 0 below the threshold."""
        same = (self._numbers[one] & self._numbers[other]).bit_count()
        if same < self._needed(one):
            return 0
        larger, smaller = self._sets[one], self._sets[other]
        if larger.environment.foreign != smaller.environment.foreign:
            return 0
        shared_names = (self._names[one] & self._names[other]).bit_count()
        either = len(larger.names) + len(smaller.names) - shared_names - len(corresponding(larger, smaller))
        return same / either if same / either >= self._threshold else 0

    def _needed(self, place: int) -> int:
        """How many packages of an environment must be the same."""
        return max(1, math.ceil(self._threshold * len(self._sets[place].numbers)))


_Item = TypeVar("_Item", int, str)


def _as_bits(sets: Sequence[Collection[_Item]], uses: Counter[_Item]) -> list[int]:
    """Each set as an integer, with a bit for each item that another set has too; the most common have the lowest."""
    common = [item for item, count in uses.most_common() if count > 1]
    bits = {item: 1 << place for place, item in enumerate(common)}
    return [sum(bits[item] for item in each if item in bits) for each in sets]
