"""Finds where the packages of past revisions are: in the environment, on this machine, or only at their channels."""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from itertools import product
from pathlib import Path
from typing import NamedTuple
from urllib.parse import unquote, urlsplit

from msgspec import Struct
from msgspec.structs import replace

from condatui_core.analyses.channels import (
    ANACONDA_NAMES,
    PYPI,
    channel_identity,
    channel_name,
    channel_urls,
    split_platform,
)
from condatui_core.fs.safe_read import read_bounded
from condatui_core.records.environment import Environment, Inventory
from condatui_core.records.installation import ChannelConfig
from condatui_core.records.package import PackageRecord
from condatui_core.records.restore_point import KeptPackage, kept_package
from condatui_core.records.revision import HistoryPackage, PackagePlace, PackageSource
from condatui_core.restore_points.cached_packages import find_package, md5_of, read_record
from condatui_core.restore_points.store import all_points
from condatui_core.text import strip_credentials

_EXTENSIONS = (".conda", ".tar.bz2")
_LARGEST_LIST = 64 << 20
"""Bytes of a cache's list of URLs."""


class SearchedPlaces(Struct, frozen=True, kw_only=True):
    """Where the packages of one environment's revisions are looked for."""

    installed: tuple[PackageRecord, ...] = ()
    """The conda packages of the environment."""
    elsewhere: tuple[PackageRecord, ...] = ()
    """Those of other environments, whose records state URLs and checksums."""
    pkgs_dirs: tuple[str, ...] = ()
    """The package caches of its conda."""
    points: Path | None = None
    """The directory of restore points, whose manifests state URLs and checksums."""
    channels: ChannelConfig = ChannelConfig()

    @classmethod
    def of(
        cls, environment: Environment, inventory: Inventory, *, pkgs_dirs: Sequence[str], points: Path
    ) -> SearchedPlaces:
        """The places of an environment on this machine; `pkgs_dirs` are those of the conda that would go back."""
        others = (each.contents for each in inventory.environments if each.prefix != environment.prefix)
        return cls(
            installed=environment.contents.packages if environment.contents else (),
            elsewhere=tuple(record for contents in others if contents for record in contents.packages),
            pkgs_dirs=tuple(pkgs_dirs),
            points=points,
            channels=inventory.channel_config(environment),
        )


class _Known(NamedTuple):
    """What is known of a package by a record of it."""

    facts: KeptPackage
    base: str
    """The location of its channel; empty if the record does not state it."""
    subdir: str


class PackageFinder:
    """Finds packages by what a history says of them, each once; its methods block."""

    def __init__(self, places: SearchedPlaces) -> None:
        self._places = places
        self._found: dict[HistoryPackage, PackageSource] = {}
        self._installed = _by_dist_name(map(_of_record, places.installed))
        self._urls = {each: _urls(each) for each in places.pkgs_dirs}
        self._locations: dict[str, tuple[str, ...]] = {"": ()}
        """By the name or URL of a channel, where it is."""

    def find(self, package: HistoryPackage) -> PackageSource:
        """Where a package is."""
        if package not in self._found:
            self._found[package] = self._look(package)
        return self._found[package]

    def with_checksum(self, source: PackageSource) -> PackageSource:
        """The same source; if no record states the md5 of its archive but the archive is here, it is computed.

        Raises OSError.
        """
        archive = "" if source.md5 else _local_file(source.url) or next(self._archives(source.package), "")
        return replace(source, md5=md5_of(archive)) if archive else source

    def _look(self, package: HistoryPackage) -> PackageSource:
        if facts := next(self._matching(package, self._installed), None):
            return _source(package, "installed", facts)
        if facts := next(self._stated(package), None):
            here = _local_file(facts.url) or find_package(facts, self._places.pkgs_dirs)
            return _source(package, "here" if here else "channel", facts)
        if archive := next(self._archives(package), ""):
            url = strip_credentials(self._urls[os.path.dirname(archive)][os.path.basename(archive)])
            return PackageSource(package=package, place="here", url=url, archive_bytes=os.path.getsize(archive))
        if local := next(filter(_local_file, self._possible_urls(package)), ""):
            return PackageSource(package=package, place="here", url=local)
        return PackageSource(package=package, place="channel" if self._bases(package) else "unknown")

    # What states URL and checksums

    def _stated(self, package: HistoryPackage) -> Iterator[KeptPackage]:
        """What package caches, other environments and restore points state of a package."""
        yield from self._extracted(package)
        yield from self._matching(package, self._elsewhere)

    def _matching(self, package: HistoryPackage, known: Mapping[str, Sequence[_Known]]) -> Iterator[KeptPackage]:
        same = known.get(package.dist_name, ())
        return (each.facts for each in same if self._is_from(package, each.base, each.subdir))

    @cached_property
    def _elsewhere(self) -> Mapping[str, Sequence[_Known]]:
        """What states a URL; read from the restore points when a package is neither installed nor extracted."""
        known = [_of_record(each) for each in self._places.elsewhere]
        for point in all_points(self._places.points) if self._places.points else ():
            known += (_Known(each, *_place_of(each.url)) for each in point.packages)
        return _by_dist_name(each for each in known if each.facts.url)

    def _extracted(self, package: HistoryPackage) -> Iterator[KeptPackage]:
        """What the package caches state of a package that is extracted there."""
        for directory in (*self._places.pkgs_dirs, *self._nested(package)):
            record = read_record(os.path.join(directory, package.dist_name))
            if record and record.url and self._is_from(package, *_place_of(record.url)):
                yield KeptPackage(
                    name=package.name,
                    version=package.version,
                    build=package.build,
                    url=strip_credentials(record.url),
                    md5=record.md5 or "",
                    sha256=record.sha256 or "",
                    file_name=record.url.rpartition("/")[2],
                    archive_bytes=record.size or 0,
                    kept=False,
                )

    def _nested(self, package: HistoryPackage) -> Iterator[str]:
        """Where mamba 2.6 and later extract a package, apart by channel and platform; conda does not look there."""
        for base, directory in product(self._bases(package), self._places.pkgs_dirs):
            path = f"{base}/{package.subdir}".replace("://", "/").replace(":", "_")
            yield os.path.join(directory, path)

    # Archives

    def _archives(self, package: HistoryPackage) -> Iterator[str]:
        """The archives of a package in the caches, by the URLs that conda has noted beside them."""
        for directory, extension in product(self._places.pkgs_dirs, _EXTENSIONS):
            name = package.dist_name + extension
            url = self._urls[directory].get(name, "")
            path = os.path.join(directory, name)
            if url and self._is_from(package, *_place_of(url)) and os.path.isfile(path):
                yield path

    def _possible_urls(self, package: HistoryPackage) -> Iterator[str]:
        """The URLs under which its channel would have a package, if that is a directory of this machine."""
        if package.subdir:
            bases = (each for each in self._bases(package) if each.startswith("file:"))
            for base, extension in product(bases, _EXTENSIONS):
                yield f"{base}/{package.subdir}/{package.dist_name}{extension}"

    # Channels

    def _bases(self, package: HistoryPackage) -> tuple[str, ...]:
        """The locations of the channel that a history states; none for what pip has installed."""
        stated = package.channel if package.build and package.channel != PYPI else ""
        if stated not in self._locations:
            self._locations[stated] = tuple(filter(None, channel_urls(stated, self._places.channels)))
        return self._locations[stated]

    def _is_from(self, package: HistoryPackage, base: str, subdir: str) -> bool:
        """Whether nothing contradicts that a package of this name comes from a channel and platform."""
        if package.subdir and subdir and package.subdir != subdir:
            return False
        return not package.channel or not base or self._is_channel(package.channel, base)

    def _is_channel(self, stated: str, base: str) -> bool:
        """Whether a name or URL in a history means the channel at a location."""
        channels = self._places.channels
        identity = channel_identity(base, channels)
        if stated == "defaults" and identity in ANACONDA_NAMES:
            return True
        meant = (channel_identity(each, channels) for each in (stated, *channel_urls(stated, channels)))
        return identity in meant or channel_name(base, channels) == stated


def _of_record(record: PackageRecord) -> _Known:
    return _Known(kept_package(record, kept=False), record.base_url or "", record.subdir)


def _by_dist_name(known: Iterable[_Known]) -> Mapping[str, Sequence[_Known]]:
    by_name: defaultdict[str, list[_Known]] = defaultdict(list)
    for each in known:
        by_name[each.facts.dist_name].append(each)
    return by_name


def _source(package: HistoryPackage, place: PackagePlace, facts: KeptPackage) -> PackageSource:
    return PackageSource(
        package=package,
        place=place,
        url=facts.url,
        md5=facts.md5,
        sha256=facts.sha256,
        archive_bytes=facts.archive_bytes,
    )


def _place_of(url: str) -> tuple[str, str]:
    """Channel and platform in the URL of an archive."""
    return split_platform(strip_credentials(url.rpartition("/")[0]))


def _local_file(url: str) -> str:
    """The file that a URL names on this machine; empty if it is elsewhere or not there."""
    parts = urlsplit(url)
    path = unquote(parts.path) if parts.scheme == "file" else ""
    return path if path and os.path.isfile(path) else ""


def _urls(pkgs_dir: str) -> Mapping[str, str]:
    """File name → the URL that a package cache notes for it; the last one counts."""
    try:
        lines = read_bounded(os.path.join(pkgs_dir, "urls.txt"), _LARGEST_LIST).decode("utf-8", "replace")
    except OSError:
        return {}
    return {line.rpartition("/")[2]: line for line in map(str.strip, lines.splitlines()) if line}
