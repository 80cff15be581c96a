"""What lies behind where nothing reads it any more: site-packages of an older python, and kernels without a python."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass

from condatui_core.fs.tree import PrefixTree, TreeEntry, read_tree
from condatui_core.prefixes.snapshot import PrefixSnapshot, read_snapshot
from condatui_core.records.environment import Inventory
from condatui_core.records.kernel import Kernel
from condatui_core.records.package import StaleSitePackages

_SHARED = ("", "lib", "lib64", "Lib")
"""Directories above a site-packages that are not those of one python."""


@dataclass(frozen=True, slots=True)
class Leftovers:
    """One site-packages that goes, with the directory of its python if nothing else lies in that."""

    stale: StaleSitePackages
    top: str
    """What is deleted, relative to the prefix: the site-packages, or the directory of its python."""
    going: tuple[TreeEntry, ...]
    """All that goes: what no record of conda states."""
    kept: frozenset[str] = frozenset()
    """The paths in it that stay, since a record of conda states them, with the directories that they lie in."""

    @property
    def files(self) -> int:
        """The number of things that go that are no directories."""
        return sum(1 for each in self.going if each.kind != "directory")


def leftovers_in(snapshot: PrefixSnapshot) -> tuple[Leftovers, ...]:
    """The site-packages of an environment that no python of it reads, with all that may go of them."""
    stated = snapshot.stated
    return tuple(_leftovers(each, snapshot.tree, stated) for each in snapshot.contents.stale_site_packages)


def freed_by(leftovers: Iterable[Leftovers]) -> int:
    """The bytes that `df` gains when these leftovers of one environment go."""
    return PrefixTree("", [entry for each in leftovers for entry in each.going]).exclusive_bytes


def measured_leftovers(inventory: Inventory) -> Mapping[str, int]:
    """What deleting the leftovers frees, by prefix, and the kernels whose environment is gone, by path; blocks.

    What cannot be read is left out.
    """
    return dict(_measured(inventory))


def _measured(inventory: Inventory) -> Iterator[tuple[str, int]]:
    for each in inventory.environments:
        if each.contents and each.contents.stale_site_packages:
            with suppress(OSError):
                yield each.prefix, freed_by(leftovers_in(read_snapshot(each.prefix)))
    yield from measured_kernels(inventory.kernels).items()


def measured_kernels(kernels: Iterable[Kernel], known: Collection[str] = ()) -> Mapping[str, int]:
    """By path, what deleting those kernels frees whose environment is gone, without those known; blocks.

    One that lies in an environment goes with that. What cannot be read is left out.
    """
    found: dict[str, int] = {}
    for each in kernels:
        if each.gone and not each.inside and each.path not in known:
            with suppress(OSError):
                found[each.path] = read_tree(each.path).exclusive_bytes
    return found


def _leftovers(stale: StaleSitePackages, tree: PrefixTree, stated: frozenset[str]) -> Leftovers:
    top = _top(stale.path, tree)
    inside = [each for each in tree.entries if each.path == top or each.path.startswith(f"{top}/")]
    stays = {path for path in stated if path.startswith(f"{top}/")}
    kept = frozenset(each for path in stays for each in (path, *_directories_of(path)))
    return Leftovers(stale, top, tuple(each for each in inside if each.path not in kept), kept)


def _top(path: str, tree: PrefixTree) -> str:
    """The directory of a python, if nothing lies in it but its site-packages; else the site-packages."""
    above = os.path.dirname(path)
    others = (each.path for each in tree.entries if each.path.startswith(f"{above}/") and each.path != path)
    alone = above not in _SHARED and all(each.startswith(f"{path}/") for each in others)
    return above if alone else path


def _directories_of(path: str) -> Sequence[str]:
    found = []
    while path := os.path.dirname(path):
        found.append(path)
    return found
