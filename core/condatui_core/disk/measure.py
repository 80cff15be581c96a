"""Measure the disk for the workbench: choose the places, run the walk, and turn its results into records."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncGenerator, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path

import msgspec

from condatui_core.disk.findings import findings_of, holders_of_packages, shared_elsewhere
from condatui_core.disk.link_graph import LinkGraph
from condatui_core.disk.messages import (
    REPLY,
    MountPoint,
    PlaceRequest,
    WalkProgress,
    WalkRequest,
    WalkResult,
    WalkSizes,
    pack,
)
from condatui_core.disk.tool_caches import installer_caches
from condatui_core.disk.tree import ScanProblem
from condatui_core.errors import CondatuiError
from condatui_core.fs.mounts import Mount, mount_of, mounts
from condatui_core.proc.child import ChildError, own_argv, own_environ
from condatui_core.proc.message_child import message_child
from condatui_core.records.disk import CacheUse, DiskPlace, DiskUse, PlaceSizes, UpperBound
from condatui_core.records.environment import Environment, Inventory
from condatui_core.records.finding import Finding
from condatui_core.settings import expand_home

# Places to measure: every existing environment and every package cache


def disk_places(inventory: Inventory, *, environ: Mapping[str, str], home: Path) -> tuple[DiskPlace, ...]:
    """The existing prefixes of an inventory and package caches of its installations, each once.

    Besides the package caches that the condas have named, these include conda's default locations, and the caches of
    rattler, pip and uv.
    """
    places = {each.prefix: DiskPlace(path=each.prefix) for each in inventory.environments if each.state != "missing"}
    prefixes = tuple(places)
    roots = (os.path.join(each.root_prefix, "pkgs") for each in inventory.installations if each.root_prefix)
    variables = (environ.get(name, "") for name in ("CONDA_PKGS_DIRS", "CONDA_PKGS_PATH"))
    named = (part for variable in variables for part in variable.split(os.pathsep) if part)
    for path in (*inventory.pkgs_dirs, *named, *roots, str(home / ".conda" / "pkgs")):
        real = os.path.realpath(expand_home(path, home))
        if real not in places and os.path.isdir(real):
            places[real] = DiskPlace(path=real, cache=True, writable=_is_writable(real))
    for path in _rattler_caches(environ, home):
        real = os.path.realpath(path)
        if real not in places and os.path.isdir(real):
            places[real] = DiskPlace(path=real, cache=True, writable=_is_writable(real), tool="rattler")
    for tool, path in installer_caches(environ, home, prefixes):
        real = os.path.realpath(path)
        if real not in places:
            places[real] = DiskPlace(path=real, cache=True, writable=os.access(real, os.W_OK), tool=tool, named=path)
    return tuple(places.values())


def _rattler_caches(environ: Mapping[str, str], home: Path) -> Iterator[str]:
    """Where rattler and pixi keep extracted packages, to which the environments of pixi are linked."""
    named = (environ.get(name, "") for name in ("PIXI_CACHE_DIR", "RATTLER_CACHE_DIR"))
    caches = (environ.get("XDG_CACHE_HOME") or str(home / ".cache"), str(home / "Library" / "Caches"))
    for place in (*filter(None, named), *(os.path.join(each, "rattler", "cache") for each in caches)):
        yield os.path.join(expand_home(place, home), "pkgs")


def left_out(places: Iterable[DiskPlace], directories: Iterable[str], home: Path) -> frozenset[str]:
    """The paths of the places in some directories that the user does not want to be walked."""
    above = [os.path.join(os.path.realpath(expand_home(each, home)), "") for each in directories]
    return frozenset(each.path for each in places if os.path.join(each.path, "").startswith(tuple(above)))


def nested_in(path: str, places: Iterable[DiskPlace]) -> tuple[str, ...]:
    """The places inside a directory, relative to it, without those inside another one of them."""
    below = path.rstrip(os.sep) + os.sep
    inside = sorted(place.path[len(below) :] for place in places if place.path.startswith(below))
    outermost: list[str] = []
    for each in inside:
        if not outermost or not each.startswith(outermost[-1] + os.sep):
            outermost.append(each)
    return tuple(outermost)


def _is_writable(cache: str) -> bool:
    """Whether conda considers a cache writable, which it decides by the list of URLs in it."""
    marker = os.path.join(cache, "urls.txt")
    return os.access(marker if os.path.exists(marker) else cache, os.W_OK)


# Measuring in a separate process


WALK = own_argv("condatui_core.disk.walk")
"""The command of the walk's process."""

_FAILED = "The disk could not be measured."
_GRACE = 5.0
"""Seconds that the process may take to save its results after it has sent them."""
_MOST_BYTES = 1 << 30
"""The most bytes of one message; the table of a hundred million links has fewer."""
_MOST_WORKERS = 4
_MOST_WAITING = 16
"""The most processes where each waits for the disk; each of them takes some megabytes."""


@dataclass(frozen=True, slots=True)
class Measurement:
    """What is known about the disk so far; a later measurement replaces it completely."""

    places: tuple[DiskPlace, ...]
    sizes: Mapping[str, PlaceSizes]
    """Path → sizes, of the places that are walked already."""
    entries: int = 0
    """The number of directory entries visited."""
    graph: LinkGraph | None = None
    """The graph of who holds what, once everything is measured."""
    findings: Mapping[str, tuple[Finding, ...]] = field(default_factory=dict)
    """Path → what could not be measured there, once everything is measured."""
    upper_bounds: tuple[UpperBound, ...] = ()
    """The places that may occupy less than is shown, once everything is measured."""
    left_out: frozenset[str] = frozenset()
    """The paths of the places that the user does not want to be walked."""

    @property
    def complete(self) -> bool:
        """Whether everything is measured."""
        return self.graph is not None

    def use_of(self, prefix: str) -> DiskUse | None:
        """What a prefix occupies; None before everything is measured, or if it did not exist then."""
        if self.graph is None or not any(place.path == prefix and not place.cache for place in self.places):
            return None
        return self.graph.use_of(prefix, self.findings.get(prefix, ()))

    def cache_uses(self, environments: Iterable[Environment], *, gone: Collection[str] = ()) -> tuple[CacheUse, ...]:
        """What the caches occupy, and what of it is unneeded once some places are gone.

        None before everything is measured. `environments` show who holds copies.
        """
        if self.graph is None:
            return ()
        copied_by = holders_of_packages(environments)
        caches = (place.path for place in self.places if place.cache)
        return tuple(
            self.graph.cache_use(path, copied_by=copied_by, findings=self.findings.get(path, ()), gone=gone)
            for path in caches
        )


async def measure(
    places: Sequence[DiskPlace],
    *,
    kept: Path | None,
    environ: Mapping[str, str],
    now: datetime,
    anew: bool = False,
    interim: bool = True,
    most_processes: int = 0,
    apart: Collection[str] = (),
) -> AsyncGenerator[Measurement, None]:
    """Walk all places in a separate process and yield measurements several times a second; the last is complete.

    The results are kept in the directory `kept` for the next walk, which reads only directories that have changed
    since. Only a walk with `anew` notices a file that grew in place, or that got or lost a link outside all places.
    Without `interim` no sizes are told before the last. At most `most_processes` walk at once, if that is not 0.
    The places `apart`, by path, are not walked, neither by themselves nor as a part of others.
    Closing this generator ends the walk. Raises CondatuiError if the process fails.
    """
    mounted = await asyncio.to_thread(mounts)
    walked = tuple(place for place in places if place.path not in apart)
    most = most_processes or _MOST_WAITING
    request = WalkRequest(
        places=tuple(place_request(place, places) for place in walked),
        directory=os.fsencode(kept) if kept else b"",
        anew=anew,
        workers=min(_MOST_WORKERS, os.cpu_count() or 1, most),
        now=int(now.timestamp()) * 1_000_000_000,
        mounts=mount_points(mounted),
        interim=interim,
        most_workers=most,
    )
    known = Measurement(
        places=walked, sizes={}, upper_bounds=tuple(_silent(walked, mounted)), left_out=frozenset(apart)
    )
    async with aclosing(_replies(request, environ)) as replies:
        async for reply in replies:
            known = await asyncio.to_thread(_with, known, reply)
            yield known


def place_request(place: DiskPlace, places: Sequence[DiskPlace]) -> PlaceRequest:
    """What the walk has to know of a place, which is one of several."""
    skip = tuple(b"./" + os.fsencode(each) for each in nested_in(place.path, places))
    return PlaceRequest(os.fsencode(place.path), place.cache, skip, place.tool, os.fsencode(place.named))


def mount_points(mounted: Sequence[Mount]) -> tuple[MountPoint, ...]:
    """What the walk has to know of what is mounted: nothing if files share blocks nowhere."""
    if not any(each.shared_blocks == "told" for each in mounted):
        return ()
    return tuple(MountPoint(os.fsencode(each.point), each.kind, os.fsencode(each.source)) for each in mounted)


def _silent(places: Iterable[DiskPlace], mounted: Sequence[Mount]) -> Iterator[UpperBound]:
    """The places on file systems that do not tell which blocks files share."""
    for place in places:
        mount = mount_of(place.path, mounted)
        if mount and mount.shared_blocks == "not told":
            yield UpperBound(path=place.path, reason="file-system")


def _with(known: Measurement, reply: WalkProgress | WalkResult) -> Measurement:
    if isinstance(reply, WalkProgress):
        new = [_sizes(known.places[each.place].path, each) for each in reply.measured]
        return replace(known, sizes={**known.sizes, **{each.path: each for each in new}}, entries=reply.entries)
    graph = LinkGraph(known.places, reply.table)
    problems = {known.places[number].path: each for number, each in reply.problems}
    findings = {place.path: _findings(place.path, graph, problems) for place in known.places}
    bounds = (UpperBound(path=known.places[number].path, reason=reason) for number, reason in reply.table.doubts)
    return replace(
        known,
        entries=reply.entries,
        graph=graph,
        findings={path: each for path, each in findings.items() if each},
        upper_bounds=(*known.upper_bounds, *bounds),
    )


def _findings(path: str, graph: LinkGraph, problems: Mapping[str, tuple[ScanProblem, ...]]) -> tuple[Finding, ...]:
    return (*findings_of(path, problems.get(path, ())), *shared_elsewhere(graph.blocks_outside(path)))


def _sizes(path: str, sizes: WalkSizes) -> PlaceSizes:
    return PlaceSizes(
        path=path, total=sizes.total, exclusive=sizes.exclusive, apparent=sizes.apparent, inodes=sizes.inodes
    )


async def _replies(request: WalkRequest, environ: Mapping[str, str]) -> AsyncGenerator[WalkProgress | WalkResult, None]:
    try:
        async with message_child(
            WALK, own_environ(environ), pack(request), most_bytes=_MOST_BYTES, grace=_GRACE
        ) as child:
            finished = False
            try:
                while not finished:
                    reply = await asyncio.to_thread(REPLY.decode, await child.message())
                    finished = isinstance(reply, WalkResult)
                    yield reply
            except (EOFError, ChildError, msgspec.DecodeError) as error:
                raise CondatuiError(_FAILED, await child.last_words() or str(error)) from error
            finally:
                if finished:
                    await child.wait()
    except ChildError as error:  # the process could not be started
        raise CondatuiError(_FAILED, str(error)) from error
