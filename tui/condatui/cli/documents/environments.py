"""Convert records of environments to JSON documents."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, TypeVar

from msgspec import UNSET, UnsetType, structs

from condatui.cli.documents.schema import (
    CondaDocument,
    EnvironmentDetailDocument,
    EnvironmentDocument,
    KeepDocument,
    KeepMarkDocument,
    KeptDocument,
    ListDocument,
    PackageDetailDocument,
    PackageDocument,
    RevisionDocument,
    SizesDocument,
    TakenFromDocument,
)
from condatui.cli.remedies import findings_in_words
from condatui_core.analyses.channel_shares import ChannelTotal, channel_shares, channel_totals
from condatui_core.analyses.channels import PYPI, channel_label
from condatui_core.records.environment import Environment, Inventory, KeepMark, UserMarks
from condatui_core.records.installation import ChannelConfig, Installation
from condatui_core.records.package import Distribution, PackageRecord
from condatui_core.records.prefix import PrefixContents, Revision

if TYPE_CHECKING:
    from condatui_core.records.disk import DiskUse
    from condatui_core.records.other_machine import OtherMachines


# Packages of a prefix, conda's and pip's in one list by name


_Package = TypeVar("_Package", bound=PackageDocument)

_CONDA = "conda"


class PackageSummaries:
    """Describes packages in short; the same record, which many environments have in common, once."""

    def __init__(self) -> None:
        self._described: dict[tuple[int, str], PackageDocument] = {}

    def of(self, contents: PrefixContents, config: ChannelConfig) -> tuple[PackageDocument, ...]:
        """The packages of an environment, by name."""
        labels = {url: channel_label(url, config) for url in {record.base_url for record in contents.packages}}
        conda = (self._conda(record, labels[record.base_url]) for record in contents.packages)
        pip = (
            PackageDocument(name=each.name, version=each.version, build=None, channel=PYPI, source=PYPI)
            for each in contents.pip_distributions
        )
        return _by_name((*conda, *pip))

    def _conda(self, record: PackageRecord, channel: str) -> PackageDocument:
        key = (id(record), channel)
        if key not in self._described:
            self._described[key] = PackageDocument(
                name=record.name, version=record.version, build=record.build, channel=channel, source=_CONDA
            )
        return self._described[key]


def package_details(contents: PrefixContents, config: ChannelConfig) -> tuple[PackageDetailDocument, ...]:
    """Describe the packages in full."""
    requested = contents.requested_names
    conda = (_conda_detail(record, config, record.name in requested) for record in contents.packages)
    return _by_name((*conda, *map(_pip_detail, contents.pip_distributions)))


def _by_name(packages: Iterable[_Package]) -> tuple[_Package, ...]:
    return tuple(sorted(packages, key=lambda package: (package.name.casefold(), package.source)))


def _conda_detail(record: PackageRecord, config: ChannelConfig, requested: bool) -> PackageDetailDocument:
    return PackageDetailDocument(
        name=record.name,
        version=record.version,
        build=record.build,
        channel=channel_label(record.base_url, config),
        source=_CONDA,
        url=record.url,
        base_url=record.base_url,
        md5=record.md5 or None,
        sha256=record.sha256 or None,
        build_number=record.build_number,
        subdir=record.subdir or None,
        requested=requested,
        license=record.license or None,
        bytes=record.installed_bytes,
    )


def _pip_detail(distribution: Distribution) -> PackageDetailDocument:
    return PackageDetailDocument(
        name=distribution.name,
        version=distribution.version,
        build=None,
        channel=PYPI,
        source=PYPI,
        url=distribution.url,
        installer=distribution.installer or None,
        origin=distribution.origin,
        location=distribution.location or None,
        revision=distribution.revision or None,
        bytes=distribution.installed_bytes,
    )


def describe_inventory(inventory: Inventory, *, packages: bool, uses: Mapping[str, DiskUse]) -> ListDocument:
    """Describe the inventory, optionally with the packages of each environment, and with its measurement."""
    summaries = PackageSummaries()
    return ListDocument(
        conda=_conda(inventory.installations),
        environments=tuple(
            _environment(
                each,
                summaries.of(each.contents or PrefixContents(), inventory.channel_config(each)) if packages else UNSET,
                uses.get(each.prefix),
            )
            for each in inventory.environments
        ),
        installations=inventory.installations,
        channels=describe_channels(inventory),
        problems=findings_in_words(inventory.problems),
    )


def describe_other_machines(others: OtherMachines, inventory: Inventory, *, packages: bool) -> ListDocument:
    """Describe what snapshots tell, of those environments that are in the inventory."""
    described = describe_inventory(inventory, packages=packages, uses={})
    known = zip(inventory.environments, described.environments, strict=True)
    return structs.replace(
        described,
        conda=None,
        environments=tuple(_on_its_host(environment, document, others) for environment, document in known),
        machines=tuple(
            TakenFromDocument(
                host=each.host,
                file=each.file,
                at=each.at,
                platform=each.platform,
                collector=each.collector,
                condatui=each.condatui,
                environments=each.environments,
                unread=each.unread,
                older=each.older,
            )
            for each in others.machines
        ),
    )


def _on_its_host(environment: Environment, document: EnvironmentDocument, others: OtherMachines) -> EnvironmentDocument:
    return structs.replace(
        document,
        host=environment.host,
        prefix=environment.path,
        installation=environment.installation and environment.installation.removeprefix(f"{environment.host}:"),
        occupies=others.disk.get(environment.prefix),
        gpu=others.gpu.get(environment.prefix),
    )


def describe_channels(inventory: Inventory) -> tuple[ChannelTotal, ...]:
    """Sum up the packages of all environments by channel."""
    read = (each for each in inventory.environments if each.contents is not None)
    return channel_totals(
        channel_shares(each.contents or PrefixContents(), inventory.channel_config(each)) for each in read
    )


def describe_environment(environment: Environment, config: ChannelConfig) -> EnvironmentDetailDocument:
    """Describe one environment in full."""
    contents = environment.contents or PrefixContents()
    in_short = _environment(environment, package_details(contents, config))
    return EnvironmentDetailDocument(
        **structs.asdict(in_short),
        frozen_message=contents.frozen,
        history=tuple(map(_revision, contents.history.revisions)),
        requested=dict(contents.history.requested),
        pinned=contents.pinned,
        variables=tuple(name for name, _ in contents.variables),
        replaced=contents.replaced,
        problems=contents.problems,
    )


def _environment(
    environment: Environment, packages: tuple[PackageDocument, ...] | UnsetType, use: DiskUse | None = None
) -> EnvironmentDocument:
    contents = environment.contents
    return EnvironmentDocument(
        name=environment.name,
        prefix=environment.prefix,
        aliases=environment.aliases,
        installation=environment.installation,
        base=environment.base,
        active=environment.active,
        frozen=environment.frozen,
        writable=environment.writable,
        owner=environment.owner,
        managed_by=environment.manager.tool if environment.manager else None,
        project=environment.project or None,
        state=environment.state,
        python=environment.python or None,
        conda_packages=None if contents is None else len(contents.packages),
        pip_packages=None if contents is None else len(contents.pip_distributions),
        channels=dict(environment.channels),
        created=environment.created,
        modified=environment.modified,
        last_used=environment.last_used,
        managed_bytes=None if contents is None else environment.managed_bytes,
        kept=_mark(environment.keep) if environment.keep else None,
        baseline=environment.baseline,
        behind=environment.behind,
        disk=_sizes(use) if use else None,
        findings=findings_in_words((*environment.findings, *(use.findings if use else ()))),
        packages=packages,
    )


def _mark(mark: KeepMark) -> KeepMarkDocument:
    return KeepMarkDocument(note=mark.note, at=mark.at, by=mark.by)


def _sizes(use: DiskUse) -> SizesDocument:
    return SizesDocument(
        total=use.total,
        exclusive=use.exclusive,
        shared=use.shared,
        shared_with_cache=use.shared_with_cache,
        shared_with_environments=use.shared_with_environments,
        outside=use.outside,
        inodes=use.inodes,
        exclusive_inodes=use.exclusive_inodes,
        nested=use.nested,
        with_nested=use.with_nested,
    )


def _conda(installations: Sequence[Installation]) -> CondaDocument | None:
    """The first working conda, which condatui uses if no installation owns the environment."""
    for each in installations:
        if not each.error:
            return CondaDocument(executable=each.executable, version=each.version, root_prefix=each.root_prefix)
    return None


def _revision(revision: Revision) -> RevisionDocument:
    return RevisionDocument(
        revision=revision.number,
        at=revision.at,
        command=revision.command,
        conda_version=revision.conda_version,
        added=revision.added,
        removed=revision.removed,
    )


# What is kept


def describe_kept(marks: UserMarks, names: Mapping[str, str]) -> KeepDocument:
    """Describe what is kept; `names` has those that are there, by prefix."""
    return KeepDocument(
        kept=tuple(KeptDocument(prefix=prefix, name=names.get(prefix), mark=_mark(mark)) for prefix, mark in marks.kept)
    )
