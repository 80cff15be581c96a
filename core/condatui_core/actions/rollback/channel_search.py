"""Asks conda where channels have the packages of which a history tells only names and channels; changes nothing."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from condatui_core.actions.listed_archives import private_directory
from condatui_core.actions.protocol import JobContext
from condatui_core.analyses.specs import exact_spec
from condatui_core.conda.answer import CondaAnswer
from condatui_core.conda.commands import search, solve_new, solving_environ
from condatui_core.conda.errors import no_solution
from condatui_core.conda.parsers import KnownArchive, parse_fetched, parse_found
from condatui_core.errors import CondaError
from condatui_core.records.installation import Installation
from condatui_core.records.package import PackageRecord
from condatui_core.records.revision import HistoryPackage, PackageSource
from condatui_core.text import strip_credentials

SECONDS = 600
"""Seconds that all questions about one revision may take."""
_ASKED = "say where packages can be had"


@dataclass(frozen=True, slots=True)
class ChannelSearch:
    """What conda has said of the packages that it was asked for."""

    found: tuple[PackageSource, ...] = ()
    missing: tuple[HistoryPackage, ...] = ()
    """Those that conda does not find at their channels."""
    problem: CondaError | None = None
    """Why conda could not tell of the others; None if it has told of all."""


async def search_channels(
    packages: Sequence[HistoryPackage], installation: Installation, context: JobContext
) -> ChannelSearch:
    """Ask conda for the URLs and checksums of packages, each at the channel that its history names."""
    asking = _Asking(installation, context, context.clock() + timedelta(seconds=SECONDS))
    problem = None
    try:
        await asking.ask(packages)
    except CondaError as error:
        problem = error
    return ChannelSearch(tuple(asking.found), tuple(asking.missing), problem)


@dataclass(slots=True)
class _Asking:
    """The questions about the packages of one revision, and what is known by now."""

    installation: Installation
    context: JobContext
    until: datetime
    found: list[PackageSource] = field(default_factory=list)
    missing: list[HistoryPackage] = field(default_factory=list)

    async def ask(self, packages: Sequence[HistoryPackage]) -> None:
        """Ask for all in one go, which takes conda no longer than for one, and for halves of what has no solution."""
        if len(packages) == 1:
            self.missing += self._take(packages, await self._searched(packages[0]))
            return
        archives = await self._solved(packages)
        if archives is None:
            middle = len(packages) // 2
            await self.ask(packages[:middle])
            await self.ask(packages[middle:])
            return
        for each in self._take(packages, archives):
            await self.ask((each,))

    def _take(self, packages: Iterable[HistoryPackage], archives: Iterable[KnownArchive]) -> Sequence[HistoryPackage]:
        """Note where packages are; returns those that are not among the archives."""
        known = {(each.name.lower(), each.version, each.build, each.subdir): each for each in archives}
        anywhere = {(name, version, build, ""): each for (name, version, build, _), each in known.items()}
        lacking = []
        for package in packages:
            archive = (known | anywhere).get((package.name, package.version, package.build, package.subdir))
            if archive is None:
                lacking.append(package)
            else:
                self.found.append(_source(package, archive))
        return lacking

    async def _solved(self, packages: Sequence[HistoryPackage]) -> Sequence[KnownArchive] | None:
        """What conda would download for a new environment of these; None if they do not go together."""
        channels = dict.fromkeys(each.channel for each in packages)
        async with private_directory(self.context.locations) as place:
            nowhere = os.path.join(place, "environment")
            conda, specs = self.installation.executable, map(_spec, packages)
            argv = solve_new(conda, nowhere, specs, offline=False, channels=channels, alone=True)
            answer = await self._run(argv)
        return None if no_solution(answer) is not None else parse_fetched(answer, _ASKED)

    async def _searched(self, package: HistoryPackage) -> Sequence[KnownArchive]:
        """The archives of one package, whatever it needs."""
        answer = await self._run(search(self.installation.executable, _spec(package), channels=(package.channel,)))
        return () if no_solution(answer) is not None else parse_found(answer, _ASKED)

    async def _run(self, argv: Sequence[str]) -> CondaAnswer:
        left = (self.until - self.context.clock()).total_seconds()
        environ = solving_environ(self.context.caller, self.installation)
        return await self.context.ask_conda(argv, environ=environ, seconds=max(left, 1.0))


def _spec(package: HistoryPackage) -> str:
    return exact_spec(
        PackageRecord(name=package.name, version=package.version, build=package.build, base_url=package.channel)
    )


def _source(package: HistoryPackage, archive: KnownArchive) -> PackageSource:
    return PackageSource(
        package=package,
        place="channel",
        url=strip_credentials(archive.url),
        md5=archive.md5 or "",
        sha256=archive.sha256 or "",
        archive_bytes=archive.size or 0,
    )
