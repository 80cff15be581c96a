"""What could be stored once, as it is now, and which environments are left alone because of their state."""

from __future__ import annotations

import asyncio
import os
import stat
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial

from condatui_core.actions.guards import conda_busy, observe_prefixes
from condatui_core.actions.joined_files import temporary_names
from condatui_core.actions.prefix_state import PrefixState
from condatui_core.actions.protocol import JobContext
from condatui_core.disk.measure import disk_places
from condatui_core.disk.same_files import survey_same_files
from condatui_core.fs.mounts import Mount, mount_of, mounts
from condatui_core.fs.reflink import can_share
from condatui_core.fs.safe_read import open_regular
from condatui_core.prefixes.managers import managed_by
from condatui_core.records.disk import DiskPlace
from condatui_core.records.finding import Finding
from condatui_core.records.relinking import LinkMethod, RelinkRules, RelinkSurvey, SkipReason
from condatui_core.records.request import RelinkRequest


@dataclass(frozen=True, slots=True, kw_only=True)
class RelinkFacts:
    """Everything that a relink depends on."""

    request: RelinkRequest
    survey: RelinkSurvey
    alone: tuple[tuple[str, SkipReason], ...] = ()
    """(prefix, why nothing in it is changed) pairs of what was asked for."""
    busy: tuple[Finding, ...] = ()
    """The condas that are at work."""
    sharing: bool = False
    """Whether there is a disk on which files can share blocks."""
    left: int = 0
    """Temporary names that interrupted jobs have left."""


async def read_facts(request: RelinkRequest, context: JobContext) -> RelinkFacts:
    """Look at the environments, and find the files that the request would store once; changes nothing.

    Raises CondatuiError if the search fails.
    """
    there = (each for each in context.inventory.environments if each.state != "missing")
    environments = [each for each in there if each.prefix not in request.leaving_out]
    seen = await observe_prefixes([each.prefix for each in environments], context)
    alone = await asyncio.to_thread(lambda: tuple(_left_alone(seen, context.caller.euid)))
    places = await asyncio.to_thread(_places, context)
    mounted = await asyncio.to_thread(mounts)
    methods = await asyncio.to_thread(partial(_methods, places, request.method, mounted))
    could = await asyncio.to_thread(_methods, places, "reflink", mounted) if request.method == "hardlink" else ()
    rules = RelinkRules(
        user=context.caller.euid,
        smallest=request.smallest,
        prefixes=await asyncio.to_thread(lambda: tuple(map(os.path.realpath, request.prefixes))),
        left_alone=alone,
        methods=methods,
        mounts=tuple(each.point for each in mounted),
    )
    survey = await survey_same_files(
        environments, places, rules, kept=context.locations.disk_cache, environ=context.caller.environ
    )
    # Where no installation is known, the conda of any user of this machine would seem to be at work on it.
    owned = (each for each in seen if context.installation(context.environment(each.real)))
    busy = {found.message: found for each in owned for found in conda_busy(each)}
    return RelinkFacts(
        request=request,
        survey=survey,
        alone=tuple(each for each in alone if not rules.prefixes or each[0] in rules.prefixes),
        busy=tuple(busy.values()),
        sharing=any(method == "reflink" for _, method in (could or methods)),
        left=await asyncio.to_thread(temporary_names, context.locations.relinked),
    )


def _places(context: JobContext) -> tuple[DiskPlace, ...]:
    return disk_places(context.inventory, environ=context.caller.environ, home=context.locations.home)


def _left_alone(seen: Iterable[PrefixState], user: int) -> Iterator[tuple[str, SkipReason]]:
    """The environments that nothing is changed in, by their state at this moment."""
    for each in seen:
        if each.frozen is not None:
            yield each.real, "frozen"
        elif managed_by(each.real):
            yield each.real, "managed"
        elif each.owner_uid != user or not each.writable:
            yield each.real, "other-owner"
        elif any(use.way != "works in it" for use in each.uses):
            yield each.real, "in-use"


def _methods(
    places: Sequence[DiskPlace], wanted: LinkMethod | None, mounted: Sequence[Mount]
) -> tuple[tuple[int, LinkMethod], ...]:
    """By device, how files are joined there; nothing for a file system that may not tell the truth about links."""
    methods: dict[int, LinkMethod] = {}
    for place in places:
        with suppress(OSError):
            device = os.stat(place.path).st_dev
            mount = mount_of(place.path, mounted)
            if device in methods or (mount and mount.remote):
                continue
            method: LinkMethod = "reflink" if wanted != "hardlink" and _shares(place.path) else "hardlink"
            if wanted in (None, method):
                methods[device] = method
    return tuple(methods.items())


_MOST_TRIED = 64


def _shares(directory: str) -> bool:
    """Whether files below a directory can share blocks, asked of one of its own files; changes nothing."""
    for path in _some_files(directory):
        with suppress(OSError), open_regular(path, buffering=0) as stream:
            if os.fstat(stream.fileno()).st_size:
                return can_share(stream.fileno())
    return False


def _some_files(directory: str) -> Iterator[str]:
    """Some of the regular files that lie in a directory, or not far below it."""
    waiting, tried = [directory], 0
    while waiting and tried < _MOST_TRIED:
        here = waiting.pop(0)
        tried += 1
        with suppress(OSError), os.scandir(here) as found:
            for each in sorted(found, key=lambda entry: entry.name):
                mode = each.stat(follow_symlinks=False).st_mode
                if stat.S_ISDIR(mode):
                    waiting.append(each.path)
                elif stat.S_ISREG(mode):
                    yield each.path
