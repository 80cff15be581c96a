"""Read conda-lock.yml, which lists exactly what to install on several platforms."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

from condatui_core.environment_files.explicit_list import parse_archive_url
from condatui_core.errors import UsageError
from condatui_core.records.package import Distribution, PackageRecord
from condatui_core.records.prefix import PrefixContents
from condatui_core.text import mask_credentials


class LockHash(Struct, frozen=True):
    """The hashes of an archive."""

    md5: str = ""
    sha256: str = ""


class LockedPackage(Struct, frozen=True, kw_only=True):
    """One package for one platform."""

    name: str
    version: str
    platform: str
    url: str
    manager: Literal["conda", "pip"] = "conda"
    hash: LockHash = LockHash()
    build: str = ""


class LockFile(Struct, frozen=True):
    """The part of a lock file that states what the environment will contain."""

    package: tuple[LockedPackage, ...]


def lock_contents(document: LockFile, platform: str, file: str) -> PrefixContents:
    """The packages for a platform, or for the file's only platform.

    Raises UsageError, which names the file, if the file has several platforms and `platform` is not among them.
    """
    platforms = {each.platform for each in document.package}
    chosen = platform if platform in platforms or len(platforms) != 1 else next(iter(platforms))
    if platforms and chosen not in platforms:
        raise UsageError(
            f"The lock file has nothing for {platform}.",
            f"{file} is for {', '.join(sorted(platforms))}.",
            "Compare it on a machine with one of these platforms, or lock it for this platform.",
        )
    packages = [each for each in document.package if each.platform == chosen]
    return PrefixContents(
        packages=tuple(_record(each) for each in packages if each.manager == "conda"),
        distributions=tuple(_distribution(each) for each in packages if each.manager == "pip"),
        has_history=False,
    )


def _record(package: LockedPackage) -> PackageRecord:
    stated = parse_archive_url(package.url)
    return PackageRecord(
        name=package.name,
        version=package.version,
        build=package.build or (stated.build if stated else ""),
        base_url=stated.base_url if stated else None,
        url=mask_credentials(package.url),
        subdir=stated.subdir if stated else "",
        md5=package.hash.md5,
        sha256=package.hash.sha256,
    )


def _distribution(package: LockedPackage) -> Distribution:
    return Distribution(name=package.name, version=package.version, path="", url=mask_credentials(package.url))
