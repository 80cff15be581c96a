"""Read conda-lock.yml, which lists exactly what to install on several platforms, and write it for one."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from typing import Literal

from msgspec import Struct

from condatui_core.analyses.match_specs import parse_match_spec
from condatui_core.analyses.platforms import main_platform
from condatui_core.environment_files.environment_yml import dump_yaml
from condatui_core.environment_files.explicit_list import archive_url, parse_archive_url
from condatui_core.environment_files.export_model import ExportModel, conda_packages, pinned_comments, wheels
from condatui_core.environment_files.selectors import Target, choose_platform
from condatui_core.errors import UsageError
from condatui_core.records.package import Distribution, PackageRecord
from condatui_core.records.prefix import PrefixContents
from condatui_core.text import mask_credentials, sanitize, strip_credentials

# Reading


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


# Writing, in the first version of the format, which micromamba reads as well


class LockText(Struct, frozen=True, kw_only=True):
    """A lock file, ready to be written."""

    text: str
    packages: int
    """How many packages it locks, conda's and pip's."""
    without_archive: tuple[str, ...] = ()
    """The conda packages whose URL or md5 is unknown, without which the format has no package."""
    without_origin: tuple[str, ...] = ()
    """What pip has installed without recording the URL and the sha256 of its archive: that is only done for URLs."""


def lock_text(contents: PrefixContents, model: ExportModel) -> LockText:
    """Lock the packages of an environment for its platform. UsageError if none of them tells the platform."""
    platform = main_platform(contents.packages)
    if not platform:
        raise UsageError("The lock file has no platform: no package is built for one.", hint="Export it as YAML.")
    packages = sorted(conda_packages(contents), key=lambda each: (each.name, each.version))
    locked = [each for each in packages if archive_url(each) and each.md5]
    pip = sorted(contents.pip_distributions, key=lambda each: each.name.casefold())
    items = [_locked(each, "conda", platform) for each in locked]
    checked = [each for each in wheels(contents) if archive_url(each) and each.sha256]
    items += [_locked(each, "pip", platform) for each in checked]
    items += [_locked_distribution(each, platform) for each in pip if _has_origin(each)]
    text = dump_yaml({"version": 1, "metadata": _metadata(model, items, platform), "package": items})
    return LockText(
        text="".join((*pinned_comments(model), text)),
        packages=len(items),
        without_archive=tuple(each.name for each in packages if each not in locked),
        without_origin=(
            *(each.name for each in wheels(contents) if each not in checked),
            *(each.name for each in pip if not _has_origin(each)),
        ),
    )


def _metadata(model: ExportModel, items: list[dict[str, object]], platform: str) -> Mapping[str, object]:
    digest = hashlib.sha256("".join(f"{each['url']}\n" for each in items).encode("utf-8", "replace")).hexdigest()
    return {
        "content_hash": {platform: digest},
        "channels": [{"url": sanitize(each), "used_env_vars": []} for each in model.channels],
        "platforms": [platform],
        "sources": ["environment.yml"],  # micromamba wants one, and conda-lock reads it only to lock again
    }


def _locked(record: PackageRecord, manager: str, platform: str) -> dict[str, object]:
    hashes = {"md5": record.md5, "sha256": record.sha256}
    return {
        "name": sanitize(record.name),
        "version": sanitize(record.version),
        "manager": manager,
        "platform": platform,
        "dependencies": dict(sorted(_dependencies(record))) if manager == "conda" else {},
        "url": sanitize(archive_url(record)),
        "hash": {name: sanitize(value) for name, value in hashes.items() if value},
        "category": "main",
        "optional": False,
    }


def _dependencies(record: PackageRecord) -> Iterator[tuple[str, str]]:
    """Name and constraint of each dependency; what stands for the machine is none of conda-lock's."""
    for spec in record.depends:
        wanted = parse_match_spec(spec)
        if wanted and not wanted.name.startswith("__"):
            yield wanted.name, sanitize(spec.partition(" ")[2].strip())


def _has_origin(distribution: Distribution) -> bool:
    """Whether it can be fetched again, and checked: micromamba takes no package without a checksum."""
    return distribution.origin == "url" and bool(distribution.url and distribution.sha256)


def _locked_distribution(distribution: Distribution, platform: str) -> dict[str, object]:
    return {
        "name": sanitize(distribution.name),
        "version": sanitize(distribution.version),
        "manager": "pip",
        "platform": platform,
        "dependencies": {},
        "url": sanitize(strip_credentials(distribution.url or "")),
        "hash": {"sha256": distribution.sha256},
        "category": "main",
        "optional": False,
    }
