"""Which directories are measured: every environment that is there, and every package cache."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from pathlib import Path

from condatui_core.records.disk import DiskPlace
from condatui_core.records.environment import Inventory


def disk_places(inventory: Inventory, *, environ: Mapping[str, str], home: Path) -> tuple[DiskPlace, ...]:
    """List the prefixes of an inventory and the package caches of its installations, existing ones, each once.

    Besides the package caches that the condas have named, those are looked at where conda would look by default.
    """
    places = {each.prefix: DiskPlace(path=each.prefix) for each in inventory.environments if each.state != "missing"}
    roots = (os.path.join(each.root_prefix, "pkgs") for each in inventory.installations if each.root_prefix)
    variables = (environ.get(name, "") for name in ("CONDA_PKGS_DIRS", "CONDA_PKGS_PATH"))
    named = (part for variable in variables for part in variable.split(os.pathsep) if part)
    for path in (*inventory.pkgs_dirs, *named, *roots, str(home / ".conda" / "pkgs")):
        real = os.path.realpath(os.path.expanduser(path))
        if real not in places and os.path.isdir(real):
            places[real] = DiskPlace(path=real, cache=True, writable=_is_writable(real))
    return tuple(places.values())


def nested_in(path: str, places: Iterable[DiskPlace]) -> tuple[str, ...]:
    """Name the places inside a directory, relative to it; those inside one of these are left to it."""
    below = path.rstrip(os.sep) + os.sep
    inside = sorted(place.path[len(below) :] for place in places if place.path.startswith(below))
    outermost: list[str] = []
    for each in inside:
        if not outermost or not each.startswith(outermost[-1] + os.sep):
            outermost.append(each)
    return tuple(outermost)


def _is_writable(cache: str) -> bool:
    """Whether conda takes it for writable: it tries the list of URLs in it."""
    marker = os.path.join(cache, "urls.txt")
    return os.access(marker if os.path.exists(marker) else cache, os.W_OK)
