"""What becomes of packages when an environment goes from one state to another: which come, go and move."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from typing import NamedTuple

from condatui_core.analyses.versions import Scheme, version_key
from condatui_core.records.job import PackageChange, PackageMove
from condatui_core.records.restore_point import KeptPackage

_REQUIREMENT = re.compile(r"(?P<name>[^=@ ]+)(?:==| @ )(?P<version>.+)")
"""A line of a requirements file with an exact version or a direct URL."""


class Held(NamedTuple):
    """A package as an environment holds it."""

    version: str
    build: str = ""
    source: str = ""
    """The URL or channel that it came from."""


def package_moves(
    before: Mapping[str, Held],
    after: Mapping[str, Held],
    *,
    requested: Collection[str] | None = None,
    pip: bool = False,
) -> tuple[PackageMove, ...]:
    """What becomes of each package that is not the same afterwards, by names; the requested ones first.

    Where it is not known which were `requested`, all of pip's count as such, and none of conda's.
    """
    moves = (
        _move(
            name,
            before.get(name),
            after.get(name),
            requested=pip if requested is None else name in requested,
            pip=pip,
        )
        for name in sorted(before.keys() | after.keys())
        if before.get(name) != after.get(name)
    )
    return tuple(sorted(moves, key=lambda each: not each.requested))


def held_packages(packages: Iterable[KeptPackage]) -> dict[str, Held]:
    """The conda packages of a restore point, by name."""
    return {each.name: Held(each.version, each.build, each.url) for each in packages}


def held_distributions(requirements: Iterable[str]) -> dict[str, Held]:
    """What pip has installed, by name, given as the requirement lines of a restore point."""
    held = {}
    for line in requirements:
        match = _REQUIREMENT.fullmatch(line)
        held[match["name"] if match else line] = Held(match["version"] if match else "")
    return held


def _move(name: str, before: Held | None, after: Held | None, *, requested: bool, pip: bool) -> PackageMove:
    change = _change(before, after, "pep440" if pip else "conda")
    return PackageMove(
        name=name,
        change=change,
        before=_words(before, change),
        after=_words(after, change),
        requested=requested,
        pip=pip,
    )


def _change(before: Held | None, after: Held | None, scheme: Scheme) -> PackageChange:
    if before is None:
        return "new"
    if after is None:
        return "gone"
    if before.version == after.version:
        return "build"
    return "up" if version_key(before.version, scheme) < version_key(after.version, scheme) else "down"


def _words(held: Held | None, change: PackageChange) -> str:
    """A version, with the build where that is what changes."""
    if held is None:
        return ""
    return f"{held.version} {held.build}".strip() if change == "build" else held.version
