"""Read the output of `condatui show --json` from another machine, or of `conda list --json`, which is similar."""

from __future__ import annotations

from msgspec import Struct

from condatui_core.analyses.channels import PYPI, UNKNOWN, channel_location
from condatui_core.records.package import Distribution, PackageRecord, Replacement
from condatui_core.records.prefix import PrefixContents
from condatui_core.text import mask_credentials


class ListedPackage(Struct, frozen=True, kw_only=True):
    """One package; a field that is not stated is None."""

    name: str
    version: str | None = None
    build: str | None = None
    build_string: str | None = None
    """conda's name for `build`."""
    build_number: int | None = None
    channel: str | None = None
    base_url: str | None = None
    url: str | None = None
    md5: str | None = None
    sha256: str | None = None
    subdir: str | None = None
    requested: bool | None = None
    source: str | None = None
    """`conda` or `pypi` in condatui's own list; pixi has the channel here."""
    kind: str | None = None
    """pixi's name for what condatui's list calls `source`."""
    revision: str | None = None
    license: str | None = None
    bytes: int | None = None


PACKAGE_LIST_FORMAT = 1
"""The newest format of `condatui show --json` that this version reads."""


class PackageList(Struct, frozen=True, kw_only=True):
    """One environment."""

    packages: tuple[ListedPackage, ...]
    format: int = 1
    """The version of the format; the first release stated none, and neither does conda."""
    prefix: str | None = None
    replaced: tuple[Replacement, ...] = ()


def package_list_contents(document: PackageList) -> PrefixContents:
    """The packages of the other machine's prefix."""
    return PrefixContents(
        packages=tuple(_record(each) for each in document.packages if not _is_pip(each)),
        distributions=tuple(_distribution(each) for each in document.packages if _is_pip(each)),
        replaced=document.replaced,
        has_history=False,
    )


def _is_pip(package: ListedPackage) -> bool:
    stated = package.kind or package.source or package.channel
    # pip's own list has nothing but names, versions, and where a project is that was installed in place.
    return stated == PYPI if stated else not (package.base_url or package.url or package.build or package.build_string)


def _record(package: ListedPackage) -> PackageRecord:
    return PackageRecord(
        name=package.name,
        version=package.version or "",
        build=package.build or package.build_string or "",
        build_number=package.build_number or 0,
        base_url=_location(package),
        url=mask_credentials(package.url) if package.url else None,
        subdir=package.subdir or "",
        md5=package.md5 or "",
        sha256=package.sha256 or "",
        installed_bytes=package.bytes or 0,
        license=package.license or "",
        requested_specs=(package.name,) if package.requested else (),
    )


def _location(package: ListedPackage) -> str | None:
    """The channel's base URL: stated, or from the archive's URL, or by its name under the default alias."""
    if package.base_url or package.url:
        return channel_location(package.base_url, package.url, package.subdir or "")
    if not package.channel or package.channel == UNKNOWN:
        return None
    return channel_location(package.channel, None, "")


def _distribution(package: ListedPackage) -> Distribution:
    return Distribution(
        name=package.name,
        version=package.version or "",
        path="",
        revision=package.revision or "",
        url=mask_credentials(package.url) if package.url else None,
        installed_bytes=package.bytes or 0,
    )
