"""Ask whether conda can still build what a file describes, without building it: by its own solver, or by the caches."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from tempfile import TemporaryDirectory

from msgspec.structs import replace

from condatui_core.analyses.channels import channel_urls
from condatui_core.analyses.columns import entries_of
from condatui_core.analyses.drift import drift_of
from condatui_core.analyses.match_specs import ANY
from condatui_core.conda.answer import CondaAnswer
from condatui_core.conda.client import run_conda
from condatui_core.conda.commands import Caller, solve_new, solving_environ
from condatui_core.conda.errors import no_solution
from condatui_core.conda.index_cache import channel_indexes
from condatui_core.conda.parsers import SolvedPackage, parse_transaction
from condatui_core.errors import CondaError
from condatui_core.proc.runner import Runner
from condatui_core.records.comparison import Cell, Column, ColumnKind, Listing
from condatui_core.records.drift import Drift
from condatui_core.records.installation import ChannelConfig, Installation
from condatui_core.records.package import PackageRecord
from condatui_core.records.prefix import PrefixContents
from condatui_core.records.restore_point import KeptPackage, kept_package
from condatui_core.records.solution import ChannelIndex, Solution
from condatui_core.restore_points.cached_packages import missing_packages
from condatui_core.text import counted

SECONDS = 600.0
"""Seconds that one solve may take."""
_ARCHIVES: frozenset[ColumnKind] = frozenset({"explicit list", "lock file"})
"""The kinds of files that name archives, which need no solving."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SolvingConda:
    """The conda that is asked, and what it asks by."""

    installation: Installation
    caller: Caller
    runner: Runner
    channels: ChannelConfig
    pkgs_dirs: tuple[str, ...]
    platform: str


async def solve(
    contents: PrefixContents, listing: Listing, channels: Sequence[str], conda: SolvingConda, *, offline: bool
) -> Solution:
    """Find out whether conda can build what a file lists, and how an environment differs from that.

    `channels` are those that the file names for all of its packages. The caches of this machine are asked first, and
    with `offline` they alone. Never raises CondaError: then it cannot be told.
    """
    left = tuple(_not_part(listing))
    if listing.column.kind in _ARCHIVES:
        found = await asyncio.to_thread(_by_archives, listing, conda)
    elif specs := tuple(spec_of(each.cell) for each in listing.entries if each.cell.source == "conda"):
        found = await _Solver(contents, specs, _searched(listing, channels), conda).solve(offline=offline)
    else:
        found = Solution(solvable=None, reason=("The file asks nothing of conda.",))
    return replace(found, not_part=left)


def _not_part(listing: Listing) -> Sequence[str]:
    pip = sum(each.cell.source == "pypi" for each in listing.entries)
    return (f"What pip is asked for is not part of this: {counted(pip, 'distribution')}.",) if pip else ()


# Archives


def _by_archives(listing: Listing, conda: SolvingConda) -> Solution:
    """Look whether the caches have every archive of a list."""
    wanted = [_kept(each.cell) for each in listing.entries if each.cell.source == "conda"]
    missing = missing_packages(wanted, conda.pkgs_dirs)
    nowhere = tuple(
        f"{each.dist_name}: no cache has it, and the file has no URL for it" for each in missing if not each.url
    )
    return Solution(
        solvable=False if nowhere else None if missing else True,
        reason=nowhere,
        to_download=tuple(each.dist_name for each in missing if each.url),
    )


def _kept(cell: Cell) -> KeptPackage:
    record = PackageRecord(
        name=cell.name,
        version=cell.version,
        build=cell.build,
        url=cell.url,
        md5=cell.md5,
        sha256=cell.sha256,
        file_name=(cell.url or "").rpartition("/")[2],
    )
    return kept_package(record, kept=False)


# conda's own solver


def _searched(listing: Listing, channels: Sequence[str]) -> tuple[str, ...]:
    """The channels to search; those of a list of packages are where these came from."""
    if listing.column.kind == "package list":
        return tuple(dict.fromkeys(each.cell.base_url for each in listing.entries if each.cell.base_url))
    return tuple(each for each in channels if each != "nodefaults")


def spec_of(cell: Cell) -> str:
    """The match spec of what a file asks of conda."""
    stated = {
        "build": "" if cell.version else cell.build,
        "build_number": cell.build_numbers,
        "subdir": cell.subdir,
        "sha256" if len(cell.digest) > _MD5 else "md5": cell.digest,
    }
    brackets = ",".join(f"{name}='{value}'" for name, value in stated.items() if value)
    channel = cell.base_url or cell.channel
    named = f"{channel}::{cell.name}" if channel else cell.name
    return f"{named}{_version(cell)}{f'[{brackets}]' if brackets else ''}"


_MD5 = 32
"""Digits of an md5; a sha256 has twice as many."""


def _version(cell: Cell) -> str:
    """The part of a spec that follows the name. In brackets conda would take `=1.2` for `==1.2`."""
    if cell.version:
        return f"={cell.version}={cell.build}" if cell.build else f"=={cell.version}"
    constraint = "" if cell.constraint == ANY else cell.constraint
    return f" {constraint}" if constraint and constraint[0] not in "=<>!~" else constraint


@dataclass(frozen=True, slots=True)
class _Solver:
    """Asks conda for a dry run of a new environment, in a directory of its own."""

    contents: PrefixContents
    specs: tuple[str, ...]
    channels: tuple[str, ...]
    conda: SolvingConda

    async def solve(self, *, offline: bool) -> Solution:
        found = await self._ask(offline=True)
        if found.solvable is False and (unknown := _without_index(found.indexes)):
            found = replace(found, solvable=None, reason=(unknown, *found.reason))
        if found.solvable or offline:
            return found
        online = await self._ask(offline=False)
        return found if online.solvable is None and found.solvable is False else online

    async def _ask(self, *, offline: bool) -> Solution:
        try:
            answer = await self._run(offline=offline)
            if (reason := no_solution(answer)) is not None:
                return await self._indexed(Solution(solvable=False, reason=reason, solved=True, offline=offline))
            transaction = parse_transaction(answer, "build what the file describes")
        except CondaError as error:
            reason = tuple(filter(None, (error.title, *error.detail.splitlines())))
            return await self._indexed(Solution(solvable=None, reason=reason, solved=True, offline=offline))
        return await self._indexed(
            Solution(
                solvable=True,
                solved=True,
                offline=offline,
                differs=self._differs(transaction.added),
                to_download=transaction.to_download,
                download_bytes=transaction.download_bytes,
            )
        )

    async def _run(self, *, offline: bool) -> CondaAnswer:
        with TemporaryDirectory(prefix="condatui-solve-") as place:
            argv = solve_new(
                self.conda.installation.executable,
                os.path.join(place, "environment"),
                self.specs,
                offline=offline,
                channels=self.channels,
            )
            environ = solving_environ(self.conda.caller, self.conda.installation)
            return await run_conda(self.conda.runner, argv, environ=environ, seconds=SECONDS)

    async def _indexed(self, found: Solution) -> Solution:
        """The answer with the age of the indexes, which conda may just have fetched again."""
        config = self.conda.channels
        names = self.channels or config.channels or ("defaults",)
        locations = [location for each in names for location in channel_urls(each, config)]
        subdirs = (self.conda.platform, "noarch")
        indexes = await asyncio.to_thread(partial(channel_indexes, locations, subdirs, self.conda.pkgs_dirs))
        return replace(found, indexes=indexes)

    def _differs(self, added: Sequence[SolvedPackage]) -> tuple[Drift, ...]:
        records = tuple(
            PackageRecord(name=each.name, version=each.version, build=each.build, base_url=each.base_url)
            for each in added
        )
        config = self.conda.channels
        built = Listing(
            column=Column(label="", kind="package list"), entries=entries_of(PrefixContents(packages=records), config)
        )
        return drift_of(replace(self.contents, distributions=(), replaced=()), built, config)


def _without_index(indexes: Sequence[ChannelIndex]) -> str:
    """Which indexes conda does not have at hand, in a sentence; empty if it has all of them."""
    lacking = [each.channel for each in indexes if each.at is None and not each.channel.startswith("file:")]
    return f"No cache of this machine has the index of {', '.join(lacking)}." if lacking else ""
