"""What lies outside of an environment and is imported from it all the same."""

from __future__ import annotations

import os
from collections.abc import Iterator

from condatui_core.bounded_read import read_bounded
from condatui_core.prefixes.site_packages import site_directories, site_packages_candidates

_LARGEST = 1 << 20
_IN_PLACE = "__editable__"


def paths_outside(prefix: str) -> Iterator[str]:
    """Say which `.pth` files lead out of a prefix, and where to; those of projects installed in place among them."""
    for directory in site_directories(prefix, site_packages_candidates(prefix)):
        path = os.path.join(prefix, directory.path)
        for name in sorted(each for each in os.listdir(path) if each.endswith(".pth")):
            yield from _leading_out(prefix, path, name)


def _leading_out(prefix: str, directory: str, name: str) -> Iterator[str]:
    try:
        text = os.fsdecode(read_bounded(os.path.join(directory, name), _LARGEST))
    except OSError:
        return
    places = [line.strip() for line in text.splitlines()]
    outside = [each for each in places if os.path.isabs(each) and "\0" not in each and not _within(prefix, each)]
    yield from (f"{name}: {each}" for each in outside)
    if not outside and name.startswith(_IN_PLACE):
        yield f"{name}: found by code"


def _within(prefix: str, path: str) -> bool:
    root = os.path.realpath(prefix)
    return os.path.commonpath((root, os.path.realpath(path))) == root
