"""Read conda-lock.yml, which lists exactly what to install on several platforms."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

from msgspec import Struct

from condatui_core.environment_files.explicit_list import parse_archive_url
from condatui_core.environment_files.selectors import Target, choose_platform
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
    category: str = "main"
    optional: bool | str = False
    """Whether the category is installed only on request; a text in YAML."""


class LockFile(Struct, frozen=True):
    """The part of a lock file that states what the environment will contain."""

    package: tuple[LockedPackage, ...]


def lock_contents(document: LockFile, target: Target, file: str) -> tuple[PrefixContents, tuple[str, ...]]:
    """The packages for a platform, or for the file's only platform; and the packages of optional categories.

    The target's environment names an optional category that is included.
    Raises UsageError, which names the file, if the file has nothing for the platform, or no such category.
    """
    platform = choose_platform({each.platform for each in document.package}, target, file)
    packages = [each for each in document.package if each.platform == platform]
    _check_category(packages, target.environment, file)
    chosen = _once(each for each in packages if not _optional(each) or each.category == target.environment)
    names = {(each.manager, each.name) for each in chosen}
    others = [each for each in packages if (each.manager, each.name) not in names]
    return PrefixContents(
        packages=tuple(_record(each) for each in chosen if each.manager == "conda"),
        distributions=tuple(_distribution(each) for each in chosen if each.manager == "pip"),
        has_history=False,
    ), tuple(f"{each.name} {each.version} (of the optional category {each.category})" for each in others)


def _check_category(packages: list[LockedPackage], category: str, file: str) -> None:
    categories = sorted({each.category for each in packages})
    if category and category not in categories:
        raise UsageError(f"The lock file has no category `{category}`.", f"{file} has {', '.join(categories)}.")


def _optional(package: LockedPackage) -> bool:
    return package.optional in (True, "true", "True", "TRUE")


def _once(packages: Iterable[LockedPackage]) -> tuple[LockedPackage, ...]:
    """Each package once: one that several categories need is listed for each of them."""
    return tuple({(each.manager, each.name, each.url): each for each in packages}.values())


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
