"""Files that are stored twice, as something that could go: a row a disk, and what joining them adds to a choice."""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from msgspec import Struct

from condatui_core.analyses.relinking import by_package, places_of
from condatui_core.records.cleanup import CleanupCandidate, CleanupReason, WayBack, key_of_part
from condatui_core.records.relinking import LinkMethod, RelinkSurvey, SameFiles, StoredInode, StoredTwice
from condatui_core.text import counted, format_bytes, some_of

_NAME = "stored twice"
_MOST_PACKAGES = 6
_MOST_NAMES = 8
_BACK = "can be undone for each environment, which takes the space again"
_HOW: Mapping[LinkMethod, str] = {
    "reflink": "their blocks are shared, and every file stays independent",
    "hardlink": "they become hard links, as conda's packages are: an edit in place shows in all of them",
}


class _Place(Struct, frozen=True):
    """What decides whether an inode is there, and may be joined, once some environments are gone."""

    holders: frozenset[str]
    """The environments with a path of it."""
    cached: bool
    """Whether a cache has a path of it."""
    needed_by: frozenset[str]
    """The environments that have the packages whose caches have it: with the last of them it is cleaned, too."""
    elsewhere: bool
    """Whether it has links that are not known."""


@dataclass(frozen=True, slots=True)
class Relink:
    """What joining the files of one disk frees, depending on what else goes.

    What goes in the same choice takes no part in it: its files are freed by its going.
    """

    candidate: CleanupCandidate
    classes: Mapping[tuple[_Place, ...], list[int]]
    """The inodes of sets that are alike, those that stay first → the bytes at each place of all of them."""

    def adds(self, gone: Collection[str]) -> int:
        """The bytes that joining frees beside what these environments free, which go in the same choice."""
        going = frozenset(gone)
        return sum(_freed(places, sizes, going) for places, sizes in self.classes.items())


def relinks_of(survey: RelinkSurvey, cached_by: Mapping[str, Sequence[str]]) -> tuple[Relink, ...]:
    """The rows for what is stored twice, one for each disk; `cached_by` as `copied_by` of `DiskUsage`."""
    by_device: defaultdict[int, list[SameFiles]] = defaultdict(list)
    for each in survey.sets:
        by_device[each.device].append(each)
    methods = dict(survey.methods)
    made = (_relink(sets, methods.get(device, "hardlink"), cached_by) for device, sets in by_device.items())
    return tuple(sorted(made, key=lambda each: (-each.candidate.bytes, each.candidate.key)))


def _relink(
    sets: Sequence[SameFiles],
    method: LinkMethod,
    cached_by: Mapping[str, Sequence[str]],
) -> Relink:
    classes: dict[tuple[_Place, ...], list[int]] = {}
    for each in sets:
        inodes = (each.kept, *each.joined)
        key = tuple(_place(inode, cached_by) for inode in inodes)
        sums = classes.setdefault(key, [0] * len(key))
        for number, inode in enumerate(inodes):
            sums[number] += inode.bytes
    prefixes = sorted({holder for places in classes for place in places for holder in place.holders})
    size = sum(each.frees for each in sets)
    packages = by_package(sets)
    reason = CleanupReason(
        id="relink",
        text=f"the same content in {places_of(packages)}: {_some(packages)}; nothing is removed",
        evidence=(*_lines(packages), _losing(sets), _HOW[method]),
    )
    candidate = CleanupCandidate(
        key=key_of_part(prefixes[0], "same-files"),
        kind="relink",
        path=prefixes[0],
        name=f"{_NAME} ({_first(packages)})",
        tier="relink",
        reasons=(reason,),
        bytes=size,
        prefixes=tuple(prefixes),
        way_back=WayBack(text=_BACK),
    )
    return Relink(candidate, classes)


def _place(inode: StoredInode, cached_by: Mapping[str, Sequence[str]]) -> _Place:
    holders: set[str] = set()
    needed: set[str] = set()
    cached = False
    for each in inode.paths:
        if each.cached:
            cached = True
            below = each.path[len(each.holder) :].split("/")
            needed.update(prefix for name in below for prefix in cached_by.get(name, ()))
        else:
            holders.add(each.holder)
    return _Place(frozenset(holders), cached, frozenset(needed), inode.elsewhere > 0)


def _freed(places: Sequence[_Place], sizes: Sequence[int], gone: frozenset[str]) -> int:
    """What joining frees of sets of one kind: all that may be joined, but for one if nothing else stays."""
    free: list[int] = []
    kept: tuple[bool, bool, int] | None = None
    for number, place in enumerate(places):
        here = place.holders - gone
        needed = bool(place.needed_by - gone)
        if not here and not needed and not place.elsewhere:
            continue
        may_go = bool(here) and len(here) == len(place.holders) and not place.elsewhere
        rank = (not place.cached, may_go, number)
        kept = min(kept, rank) if kept else rank
        if may_go:
            free.append(number)
    return sum(sizes[number] for number in free if kept and number != kept[2])


def _first(packages: Sequence[StoredTwice]) -> str:
    """The name of the package that occupies most too much, or a word for none."""
    return packages[0].package.partition(" ")[0] if packages else "other"


def _some(packages: Sequence[StoredTwice]) -> str:
    first = _first(packages)
    return f"{first} and {counted(len(packages) - 1, 'other package')}" if len(packages) > 1 else first


def _lines(packages: Sequence[StoredTwice]) -> Iterator[str]:
    for each in packages[:_MOST_PACKAGES]:
        yield f"{each.package} in {places_of([each])}, {format_bytes(each.bytes)} over"
    if more := packages[_MOST_PACKAGES:]:
        yield f"{counted(len(more), 'further package')}, {format_bytes(sum(each.bytes for each in more))} over"


def _losing(sets: Iterable[SameFiles]) -> str:
    """The environments whose copies go, by their names."""
    joined = (inode for each in sets for inode in each.joined)
    holders = {path.holder for inode in joined for path in inode.paths if not path.cached}
    return f"copies go in {some_of(sorted(map(os.path.basename, holders)), _MOST_NAMES)}; one of each stays"


def adds_together(relinks: Iterable[Relink], chosen: Collection[str], gone: Collection[str]) -> int:
    """What the chosen ones of these, by path, free beside what goes in the same choice."""
    return sum(each.adds(gone) for each in relinks if each.candidate.path in chosen)
