"""The packages of a prefix → JSON documents, conda's and pip's in one list by name."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeVar

from condatui.commands.documents import PackageDetailDocument, PackageDocument
from condatui_core.analyses.channels import PYPI, channel_name
from condatui_core.records.installation import ChannelConfig
from condatui_core.records.package import Distribution, PackageRecord
from condatui_core.records.prefix import PrefixContents

_Package = TypeVar("_Package", bound=PackageDocument)

_CONDA = "conda"


def package_summaries(contents: PrefixContents, config: ChannelConfig) -> tuple[PackageDocument, ...]:
    """Describe the packages in short."""
    conda = (
        PackageDocument(
            name=record.name,
            version=record.version,
            build=record.build,
            channel=channel_name(record.base_url, config),
            source=_CONDA,
        )
        for record in contents.packages
    )
    pip = (
        PackageDocument(name=each.name, version=each.version, build=None, channel=PYPI, source=PYPI)
        for each in contents.pip_distributions
    )
    return _by_name((*conda, *pip))


def package_details(contents: PrefixContents, config: ChannelConfig) -> tuple[PackageDetailDocument, ...]:
    """Describe the packages with all that is known of them."""
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
        channel=channel_name(record.base_url, config),
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
