"""Makes the snapshot of this machine from what is known of it; its encoding masks credentials and cuts long texts."""

from __future__ import annotations

import platform
from collections.abc import Iterator, Mapping
from datetime import datetime

from msgspec import Raw

from condatui_core import __version__
from condatui_core.analyses.platforms import native_subdir
from condatui_core.records.disk import DiskUse
from condatui_core.records.environment import Environment, Inventory
from condatui_core.records.gpu import GpuResult
from condatui_core.records.host_snapshot import (
    FORMAT,
    LARGEST,
    HeldBytes,
    HeldPackages,
    HostSnapshot,
    PackageRow,
    ReplacedRow,
    ToldVerdict,
)
from condatui_core.records.package import Distribution, PackageRecord
from condatui_core.records.prefix import PrefixContents
from condatui_core.snapshots.document import encode_row
from condatui_core.text import strip_credentials


def snapshot_of(
    inventory: Inventory,
    *,
    host: str,
    at: datetime,
    uses: Mapping[str, DiskUse],
    verdicts: Mapping[str, GpuResult],
) -> HostSnapshot:
    """The snapshot of this machine, but for its list; `uses` and `verdicts` are by prefix, as far as there are any."""
    table = _Table()
    read = [(each, each.contents) for each in inventory.environments if each.contents is not None]
    return HostSnapshot(
        format=FORMAT,
        host=host,
        at=at,
        condatui=__version__,
        platform=native_subdir(platform.system(), platform.machine()),
        channel_configs=inventory.channel_configs,
        packages={each.prefix: _held(each, contents, table) for each, contents in read},
        table=table.rows,
        disk={prefix: _bytes(use) for prefix, use in uses.items()},
        gpu={prefix: _verdict(each) for prefix, each in verdicts.items() if not each.main.verdict.preliminary},
        unread=tuple(_unread(inventory, uses)),
    )


class _Table:
    """The packages of all environments, each once."""

    def __init__(self) -> None:
        self._places: dict[PackageRow, int] = {}

    @property
    def rows(self) -> tuple[Raw, ...]:
        """The packages in the order of their places."""
        return tuple(map(encode_row, self._places))

    def place(self, row: PackageRow) -> int:
        """The place of a package."""
        return self._places.setdefault(row, len(self._places))


def _held(environment: Environment, contents: PrefixContents, table: _Table) -> HeldPackages:
    specs = dict(contents.history.requested)
    rows = (*map(_conda_row, contents.packages), *map(_pip_row, contents.pip_distributions))
    return HeldPackages(
        rows=tuple(map(table.place, rows)),
        requested={name: specs.get(name, "") for name in sorted(contents.requested_names)},
        replaced=tuple(
            ReplacedRow(each.package, each.distribution, each.conda_version, each.pip_version, each.conda_build)
            for each in contents.replaced
        ),
        foreign=environment.foreign,
        slimmed=contents.slimmed,
    )


def _conda_row(record: PackageRecord) -> PackageRow:
    return PackageRow(
        record.name,
        record.version,
        record.build,
        strip_credentials(record.base_url) if record.base_url else None,
        record.subdir,
        "conda",
        _count(record.installed_bytes),
        _count(record.build_number),
        record.md5,
        record.sha256,
        record.license,
        _count(record.file_count),
        tuple((each.name, each.version) for each in record.provides),
    )


def _pip_row(distribution: Distribution) -> PackageRow:
    return PackageRow(
        distribution.name,
        distribution.version,
        "",
        None,
        "",
        "pypi",
        _count(distribution.installed_bytes),
        origin=distribution.origin,
        url=distribution.url,
        revision=distribution.revision,
        location=distribution.location,
    )


def _count(stated: int) -> int:
    """A number of a record, which may state anything, as a snapshot may have it."""
    return min(max(0, stated), LARGEST)


def _bytes(use: DiskUse) -> HeldBytes:
    return HeldBytes(bytes=use.total, exclusive=use.exclusive, inodes=use.inodes or None)


def _verdict(result: GpuResult) -> ToldVerdict:
    verdict = result.main.verdict
    return ToldVerdict(verdict=verdict.id, kind=verdict.kind, message=verdict.message, at=result.at)


def _unread(inventory: Inventory, uses: Mapping[str, DiskUse]) -> Iterator[tuple[str, str]]:
    """What could not be read or measured, with the reason."""
    for environment in inventory.environments:
        prefix = environment.prefix
        if environment.contents is None:
            yield prefix, environment.state
        for problem in environment.contents.unreadable if environment.contents else ():
            yield prefix, f"{problem.path}: {problem.reason}"
        use = uses.get(prefix)
        yield from ((prefix, finding.message) for finding in (use.findings if use else ()) if finding.hides_bytes)
