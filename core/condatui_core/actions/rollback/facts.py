"""What a rollback depends on: the environment as it is, and the packages that it had, each with where it is."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property

from msgspec.structs import replace as replace_fields

from condatui_core.actions.checkpoint import PlannedCheckpoint, plan_checkpoint, subject_of, unreadable
from condatui_core.actions.guards import blockers_to_alter, contents_blockers, observe_prefix, unknown_to_conda
from condatui_core.actions.prefix_state import PrefixState
from condatui_core.actions.protocol import JobContext, caches_of
from condatui_core.actions.rollback.channel_search import ChannelSearch, search_channels
from condatui_core.actions.room import OWN_NOTES, bytes_of_coming
from condatui_core.analyses.revisions import never_named, state_after
from condatui_core.errors import CondatuiError
from condatui_core.fs.safe_read import reason
from condatui_core.prefixes.history import requested_after
from condatui_core.prefixes.snapshot import PrefixSnapshot, read_snapshot
from condatui_core.records.environment import Environment
from condatui_core.records.finding import Finding, blocker
from condatui_core.records.installation import Installation
from condatui_core.records.job import PlannedRollback
from condatui_core.records.package import PackageRecord
from condatui_core.records.prefix import PrefixContents
from condatui_core.records.request import RollbackRequest
from condatui_core.records.restore_point import Occasion
from condatui_core.records.revision import HistoryPackage, PackageSource
from condatui_core.restore_points.package_needs import ComingPackage
from condatui_core.restore_points.package_sources import PackageFinder, SearchedPlaces
from condatui_core.restore_points.store import directory_of_points
from condatui_core.text import sanitize


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
    search: ChannelSearch = field(default_factory=ChannelSearch)
    """What conda has said of the packages whose URLs nothing on this machine states."""
    requested: tuple[tuple[str, str], ...] = ()
    takes: int = 0
    """The most bytes that the packages that come take on the disk, and what is noted meanwhile."""
    blockers: tuple[Finding, ...] = ()

    @property
    def contents(self) -> PrefixContents:
        """What is in it now."""
        return self.snapshot.contents if self.snapshot else PrefixContents()

    @cached_property
    def coming(self) -> tuple[PackageSource, ...]:
        """The packages that conda has to link."""
        return tuple(each for each in self.sources if each.place != "installed" or self._is_linked_again(each))

    @property
    def without_url(self) -> tuple[PackageSource, ...]:
        """Those of which nothing on this machine states a URL, and conda has not found one."""
        return tuple(each for each in self.coming if not each.url)

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


def can_be_asked_for(source: PackageSource) -> bool:
    """Whether the history names a channel that can be asked for a package."""
    return source.place != "unknown" and bool(source.package.channel)


async def read_target(request: RollbackRequest, context: JobContext) -> RollbackTarget:
    """Read the environment, and look for the packages that it had, by conda at their channels too; changes nothing."""
    observed = await observe_prefix(request.prefix, context)
    found = await asyncio.to_thread(_read, observed, request, context)
    searched = found if request.offline or found.blockers else await _searched(found, context)
    return await asyncio.to_thread(_with_bytes, searched, context)


def _with_bytes(found: RollbackTarget, context: JobContext) -> RollbackTarget:
    coming = (
        ComingPackage(dist_name=each.package.dist_name, url=each.url, archive_bytes=each.archive_bytes)
        for each in found.coming
    )
    return replace(found, takes=bytes_of_coming(coming, found.observed, found.installation, context) + OWN_NOTES)


async def _searched(found: RollbackTarget, context: JobContext) -> RollbackTarget:
    """The same with the URLs that only the channels of the packages know."""
    sought = tuple(each.package for each in found.without_url if can_be_asked_for(each))
    if not sought or found.installation is None:
        return found
    search = await search_channels(sought, found.installation, context)
    known = {each.package: each for each in search.found}
    sources = tuple(known.get(each.package, each) for each in found.sources)
    return replace(found, sources=sources, search=search)


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
        found = _with_sources(found, state, _places(found, context))
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


def _with_sources(found: RollbackTarget, state: Iterable[HistoryPackage], places: SearchedPlaces) -> RollbackTarget:
    """The same with where each package is, and the checksums of those that come.

    What is there and has to be linked again is looked for as what is not there. OSError if an archive whose checksum no
    record states cannot be read.
    """
    finder = PackageFinder(places)
    found = replace(found, sources=tuple(map(finder.find, state)))
    again = {each.package for each in found.coming if each.place == "installed"}
    if again:
        finder = PackageFinder(replace_fields(places, installed=(), elsewhere=(*places.installed, *places.elsewhere)))
    coming = {each.package for each in found.coming}
    sources = (finder.find(each.package) if each.package in again else each for each in found.sources)
    with_checksums = (finder.with_checksum(each) if each.package in coming else each for each in sources)
    return replace(found, sources=tuple(with_checksums))


def _not_readable(error: OSError) -> Finding:
    message = f"An archive in a package cache cannot be read: {sanitize(reason(error))}"
    return blocker("no-source", message, "Delete it, so that it is downloaded again.", (sanitize(str(error.filename)),))


def _places(found: RollbackTarget, context: JobContext) -> SearchedPlaces:
    points = directory_of_points(context.settings, context.locations)
    caches = caches_of(found.installation, context)
    if found.environment is None:
        return SearchedPlaces(installed=found.contents.packages, pkgs_dirs=caches, points=points)
    places = SearchedPlaces.of(found.environment, context.inventory, pkgs_dirs=caches, points=points)
    return replace_fields(places, installed=found.contents.packages)
