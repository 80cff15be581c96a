"""Plans how the conda packages of an environment go back to those of a revision, each from a known place."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import msgspec

from condatui_core.actions.checkpoint import (
    PlannedCheckpoint,
    no_room,
    plan_checkpoint,
    points_there,
    subject_of,
    unreadable,
)
from condatui_core.actions.guards import (
    blockers_to_alter,
    bytes_problem,
    bytes_to_unpack,
    contents_blockers,
    observe_prefix,
    unknown_to_conda,
    warnings_to_change,
)
from condatui_core.actions.listed_archives import ARCHIVES
from condatui_core.actions.prefix_state import PrefixState
from condatui_core.actions.protocol import JobContext, caches_of
from condatui_core.actions.verified_change import left_behind
from condatui_core.analyses.package_moves import Held, package_moves
from condatui_core.analyses.revisions import never_named, state_after
from condatui_core.conda.commands import install_explicit, remove_exactly
from condatui_core.errors import CondatuiError
from condatui_core.fs.safe_read import reason
from condatui_core.prefixes.history import requested_after
from condatui_core.prefixes.snapshot import PrefixSnapshot, read_snapshot
from condatui_core.records.environment import Environment
from condatui_core.records.finding import Finding, blocker
from condatui_core.records.installation import Installation
from condatui_core.records.job import Plan, PlannedRollback, Step
from condatui_core.records.package import PackageRecord
from condatui_core.records.prefix import PrefixContents
from condatui_core.records.request import RollbackRequest
from condatui_core.records.restore_point import Occasion
from condatui_core.records.revision import HistoryPackage, PackageSource
from condatui_core.remedy import AllowDownloads
from condatui_core.restore_points.package_sources import PackageFinder, SearchedPlaces
from condatui_core.restore_points.store import directory_of_points
from condatui_core.text import counted, format_bytes, sanitize, some_of

_MOST_SPECS = 6


@dataclass(frozen=True, kw_only=True)
class RollbackTarget:
    """An environment that is to go back to a revision, as it is now."""

    prefix: str
    name: str
    observed: PrefixState
    environment: Environment | None
    installation: Installation | None
    snapshot: PrefixSnapshot | None = None
    checkpoint: PlannedCheckpoint | None = None
    sources: tuple[PackageSource, ...] = ()
    """The packages that it had after the revision, with where each is."""
    unnamed: tuple[PackageRecord, ...] = ()
    """Those that no revision names, and that stay."""
    requested: tuple[tuple[str, str], ...] = ()
    blockers: tuple[Finding, ...] = ()

    @property
    def contents(self) -> PrefixContents:
        """What is in it now."""
        return self.snapshot.contents if self.snapshot else PrefixContents()

    @cached_property
    def coming(self) -> tuple[PackageSource, ...]:
        """The packages that conda has to link."""
        return tuple(each for each in self.sources if each.place != "installed" or self._is_linked_again(each))

    @cached_property
    def planned(self) -> PlannedRollback:
        """What is going to be done to it."""
        coming = {each.package.name: each for each in self.coming}
        stays = {each.package.name for each in self.sources} | {each.name for each in self.unnamed}
        leaves = [each for each in self.contents.packages if each.name not in stays or each.name in coming]
        out = [each.name for each in leaves if each.name not in stays or self._is_as_it_comes(each, coming)]
        return PlannedRollback(
            prefix=self.prefix,
            identity=self.snapshot.tree.entries[0].inode if self.snapshot else (0, 0),
            removed=tuple(each.dist_name for each in leaves),
            added=tuple(each.package.dist_name for each in coming.values()),
            archives=tuple(each.explicit for each in coming.values()),
            going=tuple(sorted(out)),
            requested=self.requested,
            over_limit=self.checkpoint is not None and self.checkpoint.too_large,
        )

    @property
    def pythons(self) -> tuple[str, str]:
        """The versions of python now and afterwards; empty where there is none."""
        now = next((each.version for each in self.contents.packages if each.name == "python"), "")
        return now, next((each.package.version for each in self.sources if each.package.name == "python"), "")

    @property
    def other_python(self) -> bool:
        """Whether what lies in site-packages is no longer read afterwards."""
        now, after = (each.split(".")[:2] for each in self.pythons)
        return now != after

    def _is_linked_again(self, source: PackageSource) -> bool:
        records = (each for each in self.contents.packages if each.name == source.package.name)
        return self.other_python and any(each.noarch == "python" for each in records)

    @staticmethod
    def _is_as_it_comes(record: PackageRecord, coming: Mapping[str, PackageSource]) -> bool:
        """Whether conda would take a package for one that is there already, and link nothing."""
        return record.name in coming and coming[record.name].package.dist_name == record.dist_name


def occasion_of(request: RollbackRequest) -> Occasion:
    """Why a restore point is made before a rollback."""
    return Occasion(change="rollback", revision=request.revision)


async def plan(request: RollbackRequest, context: JobContext) -> Plan:
    """Find out which packages come and go, and where those that come are."""
    target = await read_target(request, context)
    return await asyncio.to_thread(rollback_plan, target, request, context)


async def read_target(request: RollbackRequest, context: JobContext) -> RollbackTarget:
    """Read the environment, and look for the packages that it had; changes nothing."""
    observed = await observe_prefix(request.prefix, context)
    return await asyncio.to_thread(_read, observed, request, context)


def _read(observed: PrefixState, request: RollbackRequest, context: JobContext) -> RollbackTarget:
    environment = context.environment(observed.real)
    subject = subject_of(observed.real, context, occasion_of(request))
    found = RollbackTarget(
        prefix=observed.real,
        name=subject.name,
        observed=observed,
        environment=environment,
        installation=context.installation(environment),
        blockers=(*blockers_to_alter(observed, environment, context), *unknown_to_conda(observed, subject.name)),
    )
    try:
        snapshot = read_snapshot(observed.real)
        checkpoint = plan_checkpoint(snapshot, subject, context)
    except (OSError, CondatuiError) as error:
        return replace(found, blockers=(*found.blockers, unreadable(subject.name, error)))
    found = replace(
        found,
        snapshot=snapshot,
        checkpoint=checkpoint,
        blockers=(*found.blockers, *checkpoint.blockers, *contents_blockers(snapshot, subject.name)),
    )
    return _with_state(found, request, context)


def _with_state(found: RollbackTarget, request: RollbackRequest, context: JobContext) -> RollbackTarget:
    """The same with the packages and requests that the revision left; a blocker if the history does not have it."""
    history = found.contents.history
    try:
        state = state_after(history, request.revision)
    except LookupError:
        message = f"{sanitize(found.name)} has no revision {request.revision}."
        return replace(found, blockers=(*found.blockers, blocker("no-revision", message)))
    try:
        found = _with_sources(found, state, PackageFinder(_places(found, context)))
    except OSError as error:
        return replace(found, blockers=(*found.blockers, _not_readable(error)))
    number = next(at for at, each in enumerate(history.revisions) if each.number == request.revision)
    requests = next(dict(each) for at, each in enumerate(requested_after(history.revisions)) if at == number)
    names = {each.name for each in state}
    return replace(
        found,
        unnamed=never_named(history, found.contents.packages),
        requested=tuple(sorted((name, spec) for name, spec in requests.items() if name in names)),
    )


def _with_sources(found: RollbackTarget, state: Iterable[HistoryPackage], finder: PackageFinder) -> RollbackTarget:
    """The same with where each package is, and the checksums of those that come.

    OSError if an archive whose checksum no record states cannot be read.
    """
    found = replace(found, sources=tuple(map(finder.find, state)))
    coming = {each.package.name for each in found.coming}
    sources = (finder.with_checksum(each) if each.package.name in coming else each for each in found.sources)
    return replace(found, sources=tuple(sources))


def _not_readable(error: OSError) -> Finding:
    message = f"An archive in a package cache cannot be read: {sanitize(reason(error))}"
    return blocker("no-source", message, "Delete it, so that it is downloaded again.", (sanitize(str(error.filename)),))


def _places(found: RollbackTarget, context: JobContext) -> SearchedPlaces:
    points = directory_of_points(context.settings, context.locations)
    caches = caches_of(found.installation, context)
    if found.environment is None:
        return SearchedPlaces(installed=found.contents.packages, pkgs_dirs=caches, points=points)
    places = SearchedPlaces.of(found.environment, context.inventory, pkgs_dirs=caches, points=points)
    return msgspec.structs.replace(places, installed=found.contents.packages)


def rollback_plan(target: RollbackTarget, request: RollbackRequest, context: JobContext) -> Plan:
    """Plan the rollback of an environment that was read; blocks."""
    name, planned = sanitize(target.name), target.planned
    kept = target.checkpoint.kept_bytes if target.checkpoint else 0
    before = {each.name: Held(each.version, each.build) for each in target.contents.packages}
    after = {each.package.name: Held(each.package.version, each.package.build) for each in target.sources}
    after |= {each.name: before[each.name] for each in target.unnamed}
    stranded = target.other_python and bool(target.contents.pip_distributions)
    return Plan(
        request=request,
        title=f"Bring {name} back to revision {request.revision}",
        steps=tuple(_steps(target)),
        prefixes=(target.prefix,),
        bytes_needed=kept + _bytes_needed(target),
        kept_bytes=kept,
        packages=len({*planned.removed, *planned.added}),
        facts=tuple(_facts(target, request, kept)),
        warnings=tuple(_warnings(target, context)),
        blockers=(*blockers_of(target, request), *no_room(kept, context)),
        restore_points=points_there((target.prefix,), context),
        confirm=name if planned.over_limit or stranded else "",
        rollback=planned,
        moves=package_moves(before, after, requested=target.contents.requested_names) if target.sources else (),
    )


def blockers_of(target: RollbackTarget, request: RollbackRequest) -> tuple[Finding, ...]:
    """What stands against the rollback."""
    return (*target.blockers, *_blockers(target, request))


def _blockers(target: RollbackTarget, request: RollbackRequest) -> Iterator[Finding]:
    if any(each.id == "no-revision" for each in target.blockers) or target.snapshot is None:
        return
    name, planned = sanitize(target.name), target.planned
    if not target.sources:
        yield blocker("empty-revision", f"{name} had no packages after revision {request.revision}.", "Remove it.")
    elif not planned.added and not planned.removed:
        message = f"{name} has exactly the packages of revision {request.revision}."
        yield blocker("nothing-to-do", message)
    if lost := [each.package.dist_name for each in target.coming if not each.url]:
        message = f"Where {counted(len(lost), 'package')} of revision {request.revision} can be had is not known."
        yield blocker("no-source", message, "Install them in other versions.", map(sanitize, lost))
    if request.offline and (away := [each.package.dist_name for each in _to_download(target)]):
        message = f"{counted(len(away), 'package is', 'packages are')} not on this machine."
        yield blocker("download", message, AllowDownloads(), map(sanitize, away))
    yield from bytes_problem(_bytes_needed(target), target.observed)


def _to_download(target: RollbackTarget) -> Sequence[PackageSource]:
    return [each for each in target.coming if each.place == "channel"]


def _downloaded(target: RollbackTarget) -> int:
    return sum(each.archive_bytes for each in _to_download(target))


def _bytes_needed(target: RollbackTarget) -> int:
    return bytes_to_unpack(_downloaded(target))


def _steps(target: RollbackTarget) -> Iterator[Step]:
    name, planned, conda = sanitize(target.name), target.planned, target.installation
    yield Step(title=f"Make a restore point of {name}")
    if planned.going and conda:
        argv = remove_exactly(conda.executable, target.prefix, planned.going)
        yield Step(title=f"Let conda take out {counted(len(planned.going), 'package')}", argv=argv)
    if planned.added and conda:
        argv = install_explicit(conda.executable, target.prefix, ARCHIVES, offline=not _to_download(target))
        yield Step(title=f"Let conda link {counted(len(planned.added), 'package')}, exactly these", argv=argv)
    yield Step(title=f"Verify every package of {name}, and start its python")


def _facts(target: RollbackTarget, request: RollbackRequest, kept: int) -> Iterator[tuple[str, str]]:
    at = next((each.at for each in target.contents.history.revisions if each.number == request.revision), None)
    if at:
        yield "revision", f"{request.revision}, {at:%Y-%m-%d %H:%M}"
    if away := _to_download(target):
        yield "to download", f"{counted(len(away), 'package')}, {format_bytes(_downloaded(target))}"
    yield from _requests(target)
    if pip := target.contents.pip_distributions:
        yield "pip's, which stay", ", ".join(sanitize(f"{each.name} {each.version}") for each in pip)
    if target.unnamed:
        yield "in no revision, stay", ", ".join(sanitize(each.dist_name) for each in target.unnamed)
    yield "restore point", f"{format_bytes(kept)} that conda could not put back, before compression"


def _warnings(target: RollbackTarget, context: JobContext) -> Iterator[Finding]:
    if not target.observed.exists:
        return
    yield from warnings_to_change(target.observed, target.environment, context)
    if target.checkpoint:
        yield from target.checkpoint.warnings
    pip = target.contents.pip_distributions
    if target.other_python and pip and target.sources:
        yield left_behind(target.name, *target.pythons, pip)


def _requests(target: RollbackTarget) -> Iterator[tuple[str, str]]:
    """What the user will have requested again, and what no more."""
    now, after = dict(target.contents.history.requested), dict(target.requested)
    again = [spec for name, spec in sorted(after.items()) if now.get(name) != spec]
    no_more = [spec for name, spec in sorted(now.items()) if name not in after]
    for label, specs in (("requested again", again), ("requested no more", no_more)):
        if specs:
            yield label, sanitize(some_of(specs, _MOST_SPECS))
