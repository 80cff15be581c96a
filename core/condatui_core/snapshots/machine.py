"""What a snapshot says of its machine, as the records that are made of this machine's own environments too."""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Iterator, Mapping, Sequence
from operator import attrgetter, itemgetter
from typing import Any, TypeVar

import msgspec
from msgspec import Raw
from msgspec.structs import replace

from condatui_core.fs.documents import decode
from condatui_core.fs.safe_read import reason
from condatui_core.records.environment import Environment, KeepMark, prefix_on
from condatui_core.records.finding import Finding
from condatui_core.records.host_snapshot import (
    HeldPackages,
    HostSnapshot,
    ListedEnvironment,
    ListedFinding,
    ListedInstallation,
    ListedKeep,
    PackageRow,
    ReplacedRow,
    ToldVerdict,
)
from condatui_core.records.installation import ChannelConfig, Installation
from condatui_core.records.package import Distribution, PackageRecord, ProvidedDistribution, Replacement
from condatui_core.records.prefix import History, PrefixContents
from condatui_core.snapshots.document import SnapshotError, decode_snapshot
from condatui_core.text import masked, sanitize, strip_credentials

Package = PackageRecord | Distribution
_NAME = attrgetter("name")
_ROW = msgspec.json.Decoder(PackageRow)
_Told = TypeVar("_Told")
_Requested = tuple[tuple[str, str], ...]


class SharedPackages:
    """Hands out one object for all equal packages of all machines: two hundred hosts have the same few thousand."""

    def __init__(self) -> None:
        self._numbers: dict[bytes, int] = {}
        """The text of a row → the number of its package."""
        self._packages: list[Package] = []
        """By number."""
        self._of_pip: set[int] = set()
        """The numbers of what pip has installed."""
        self._contents: dict[tuple[object, ...], PrefixContents] = {}
        self._requested: dict[_Requested, _Requested] = {}
        self._configs: dict[ChannelConfig, ChannelConfig] = {}

    def __len__(self) -> int:
        return len(self._packages)

    def numbers(self, table: Iterable[Raw]) -> list[int]:
        """The numbers of the packages in a table, each the same wherever the same row is. Raises OSError for no row."""
        numbers, known = [], self._numbers
        for raw in table:
            text = bytes(raw)
            number = known.get(text)
            numbers.append(self._add(text) if number is None else number)
        return numbers

    def _add(self, text: bytes) -> int:
        row = decode(text, _ROW)
        number = self._numbers[text] = len(self._packages)
        if row.kind == "pypi":
            self._of_pip.add(number)
        self._packages.append(_conda_package(row) if row.kind == "conda" else _distribution(row))
        return number

    def contents(self, numbers: Sequence[int], held: HeldPackages) -> PrefixContents:
        """What an environment holds; environments that hold the same have one object, wherever they are."""
        wanted = self._wanted(held)
        key = (array("L", numbers).tobytes(), id(wanted), held.replaced, held.slimmed)
        known = self._contents.get(key)
        if known is None:
            known = self._contents[key] = PrefixContents(
                packages=self._picked(numbers, of_pip=False),
                distributions=self._picked(numbers, of_pip=True),
                replaced=tuple(map(_replacement, held.replaced)),
                slimmed=held.slimmed,
                history=History(requested=wanted),
            )
        return known

    def _picked(self, numbers: Sequence[int], *, of_pip: bool) -> tuple[Any, ...]:
        """Some packages by their numbers, sorted by name: those of pip, or those of conda."""
        if self._of_pip.isdisjoint(numbers):
            picked = () if of_pip else numbers
        else:
            picked = [number for number in numbers if (number in self._of_pip) == of_pip]
        return tuple(sorted(map(self._packages.__getitem__, picked), key=_NAME))

    def _wanted(self, held: HeldPackages) -> _Requested:
        """What the user requested, by name: one object for all equal requests."""
        told = tuple(held.requested.items())
        known = self._requested.get(told)
        if known is None:
            known = self._requested[told] = tuple(sorted((name, masked(spec)) for name, spec in told))
        return known

    def config(self, config: ChannelConfig) -> ChannelConfig:
        """One object for all equal configurations of channels, without credentials."""
        known = self._configs.get(config)
        if known is None:
            known = self._configs[config] = _without_credentials(config)
        return known


def verified_snapshot(data: bytes, where: str) -> HostSnapshot:
    """Decode a snapshot that came from `where`, and look at everything in it. Raises as `read_snapshot`."""
    snapshot = decode_snapshot(data, where)
    environments_of(snapshot, SharedPackages(), where)
    return snapshot


# Packages


def _conda_package(row: PackageRow) -> PackageRecord:
    return PackageRecord(
        name=row.name,
        version=row.version,
        build=row.build,
        build_number=row.build_number,
        base_url=strip_credentials(row.channel) if row.channel else None,
        subdir=row.subdir,
        md5=row.md5,
        sha256=row.sha256,
        installed_bytes=row.size,
        file_count=row.files,
        license=masked(row.license),
        provides=tuple(ProvidedDistribution(name, version, "") for name, version in row.provides),
    )


def _distribution(row: PackageRow) -> Distribution:
    return Distribution(
        name=row.name,
        version=row.version,
        path="",
        origin=row.origin,
        url=masked(row.url) if row.url else None,
        revision=masked(row.revision),
        location=masked(row.location),
        installed_bytes=row.size,
    )


def _without_credentials(config: ChannelConfig) -> ChannelConfig:
    return ChannelConfig(
        channel_alias=strip_credentials(config.channel_alias),
        custom_channels=tuple((name, strip_credentials(url)) for name, url in config.custom_channels),
        custom_multichannels=tuple(
            (name, tuple(map(strip_credentials, urls))) for name, urls in config.custom_multichannels
        ),
        migrated_channel_aliases=tuple(map(strip_credentials, config.migrated_channel_aliases)),
        channels=tuple(map(strip_credentials, config.channels)),
    )


def _replacement(row: ReplacedRow) -> Replacement:
    return Replacement(
        package=row.package,
        distribution=row.distribution,
        conda_version=row.conda_version,
        pip_version=row.pip_version,
        conda_build=row.conda_build,
    )


# Environments and installations


def environments_of(snapshot: HostSnapshot, shared: SharedPackages, where: str) -> tuple[Environment, ...]:
    """The environments of a machine, in the order of its snapshot. SnapshotError if a package in it is none."""
    try:
        numbers = shared.numbers(snapshot.table)
    except OSError as error:
        raise SnapshotError(f"A package in it is none: {reason(error)}.", sanitize(where)) from error
    held = snapshot.packages
    return tuple(
        _environment(snapshot.host, each, held.get(each.prefix), numbers, shared) for each in snapshot.list.environments
    )


def _contents(held: HeldPackages, numbers: Sequence[int], shared: SharedPackages) -> PrefixContents:
    picked = itemgetter(*held.rows)(numbers) if len(held.rows) > 1 else [numbers[row] for row in held.rows]
    return shared.contents(picked, held)


def _environment(
    host: str,
    listed: ListedEnvironment,
    held: HeldPackages | None,
    numbers: Sequence[int],
    shared: SharedPackages,
) -> Environment:
    return Environment(
        host=host,
        prefix=prefix_on(host, listed.prefix),
        name=masked(listed.name),
        aliases=listed.aliases,
        installation=prefix_on(host, listed.installation) if listed.installation else None,
        base=listed.base,
        frozen=listed.frozen,
        writable=listed.writable,
        owner=listed.owner,
        state=listed.state,
        foreign=held.foreign if held else "",
        contents=_contents(held, numbers, shared) if held else None,
        python=listed.python or "",
        channels=tuple((masked(name), count) for name, count in listed.channels.items()),
        managed_bytes=listed.managed_bytes or 0,
        created=listed.created,
        modified=listed.modified,
        last_used=listed.last_used,
        keep=_keep_mark(listed.kept) if listed.kept else None,
        findings=tuple(map(told_finding, listed.findings)),
    )


def _keep_mark(kept: ListedKeep) -> KeepMark:
    return KeepMark(note=kept.note, at=kept.at, by=kept.by)


def told_finding(listed: ListedFinding) -> Finding:
    """A finding of another machine: what it says, without a remedy that could be carried out from here."""
    return Finding(
        id=listed.id,
        severity=listed.severity,
        message=masked(listed.message),
        label=listed.label,
        remedy=masked(listed.remedy),
        evidence=tuple(map(masked, listed.evidence)),
    )


def problems_of(snapshot: HostSnapshot) -> tuple[Finding, ...]:
    """The problems of a machine, which say whose they are."""
    told = map(told_finding, snapshot.list.problems)
    return tuple(replace(each, message=f"{snapshot.host}: {each.message}", source="machine") for each in told)


def installations_of(snapshot: HostSnapshot) -> tuple[Installation, ...]:
    """The condas of a machine; none of them can be run from here."""
    return tuple(_installation(snapshot.host, each) for each in snapshot.list.installations)


def _installation(host: str, listed: ListedInstallation) -> Installation:
    return Installation(
        executable=listed.executable and prefix_on(host, listed.executable),
        root_prefix=listed.root_prefix and prefix_on(host, listed.root_prefix),
        version=listed.version,
        kind=listed.kind,
        found_by=f"the snapshot of {host}",
        error=masked(listed.error),
    )


def channel_configs_of(snapshot: HostSnapshot, shared: SharedPackages) -> Iterator[tuple[str, ChannelConfig]]:
    """How the condas of a machine name channels, by the root prefixes of its installations."""
    for root, config in snapshot.channel_configs:
        yield prefix_on(snapshot.host, root), shared.config(config)


def unread_of(snapshot: HostSnapshot) -> tuple[tuple[str, str], ...]:
    """What could not be read on a machine, with the reasons."""
    return tuple((path, masked(why)) for path, why in snapshot.unread)


def told_of(snapshot: HostSnapshot, told: Mapping[str, _Told]) -> Iterator[tuple[str, _Told]]:
    """What a snapshot tells of environments that are in its list, by their prefixes with the host."""
    for listed in snapshot.list.environments:
        if listed.prefix in told:
            yield prefix_on(snapshot.host, listed.prefix), told[listed.prefix]


def verdicts_of(snapshot: HostSnapshot) -> Iterator[tuple[str, ToldVerdict]]:
    """The GPU verdicts of a snapshot, by the environments' prefixes with the host."""
    for prefix, verdict in told_of(snapshot, snapshot.gpu):
        yield prefix, replace(verdict, message=masked(verdict.message))
