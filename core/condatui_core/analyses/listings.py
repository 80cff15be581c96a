"""An environment as a column of a comparison."""

from __future__ import annotations

from collections.abc import Iterator

from packaging.utils import canonicalize_name

from condatui_core.analyses.channels import PYPI, channel_name
from condatui_core.records.comparison import Cell, Column, Entry, Listing
from condatui_core.records.installation import ChannelConfig
from condatui_core.records.package import Distribution, PackageRecord, Replacement
from condatui_core.records.prefix import PrefixContents


def environment_listing(prefix: str, label: str, contents: PrefixContents, config: ChannelConfig) -> Listing:
    """List what an environment really has: where pip replaced a conda package, what Python imports now."""
    return Listing(column=Column(label=label, prefix=prefix), entries=entries_of(contents, config))


def entries_of(contents: PrefixContents, config: ChannelConfig) -> tuple[Entry, ...]:
    """List the packages of a prefix, or of a file that states them as a prefix does."""
    return (*_conda_entries(contents, config), *_pip_entries(contents))


def _conda_entries(contents: PrefixContents, config: ChannelConfig) -> Iterator[Entry]:
    requested = contents.requested_names
    replaced = {each.package: each for each in contents.replaced}
    by_pip = {canonicalize_name(each.name): each for each in contents.pip_distributions} if replaced else {}
    channels = {url: channel_name(url, config) for url in {record.base_url for record in contents.packages}}
    for record in contents.packages:
        cell = _conda_cell(record, channels[record.base_url], record.name in requested)
        if replacement := replaced.get(record.name):
            cell = _replaced_cell(cell, replacement, by_pip.get(canonicalize_name(replacement.distribution)))
        yield Entry(
            cell=cell,
            package=record.name,
            provides=record.provides,
            known=bool(record.provides or record.file_count),
        )


def _pip_entries(contents: PrefixContents) -> Iterator[Entry]:
    shown = {canonicalize_name(each.distribution) for each in contents.replaced}
    for distribution in contents.pip_distributions:
        if canonicalize_name(distribution.name) not in shown:
            yield Entry(cell=_pip_cell(distribution))


def _conda_cell(record: PackageRecord, channel: str, requested: bool) -> Cell:
    return Cell(
        name=record.name,
        source="conda",
        version=record.version,
        build=record.build,
        build_number=record.build_number,
        channel=channel,
        base_url=record.base_url,
        url=record.url,
        subdir=record.subdir,
        md5=record.md5,
        sha256=record.sha256,
        bytes=record.installed_bytes,
        license=record.license,
        requested=requested,
    )


def _pip_cell(distribution: Distribution) -> Cell:
    return Cell(
        name=distribution.name,
        source="pypi",
        version=distribution.version,
        build=distribution.revision[:12],
        channel=PYPI,
        url=distribution.url,
        bytes=distribution.installed_bytes,
    )


def _replaced_cell(conda: Cell, replacement: Replacement, pip: Distribution | None) -> Cell:
    return Cell(
        name=replacement.distribution,
        source="pypi",
        version=replacement.pip_version,
        channel=PYPI,
        url=pip.url if pip else None,
        bytes=pip.installed_bytes if pip else 0,
        license=conda.license,
        requested=conda.requested,
        replaced=f"{replacement.conda_version} {conda.build}".rstrip(),
    )
