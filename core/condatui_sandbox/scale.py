"""Create any number of environments in seconds, without conda, as on a machine of a hundred people."""

from __future__ import annotations

import hashlib
import json
import os
import random
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from pathlib import Path

from condatui_core.errors import RefusedError
from condatui_sandbox.packages import MadeDistribution, PackageFile, dist_info, filler

# Made-up packages, deterministic by seed, written directly into a package cache


SITE_PACKAGES = "lib/python3.11/site-packages"
"""The directory of the made-up Python packages; the made-up python is a 3.11."""

CHANNELS = ("conda-forge", "conda-forge", "conda-forge", "pkgs/main", "pytorch")
"""The channels of the packages, by weight."""

_CHANNEL_ROOTS = {"pkgs/main": "https://repo.anaconda.com", "pkgs/free": "https://repo.anaconda.com"}
_DEFAULT_ROOT = "https://conda.anaconda.org"

_SUFFIXES = ("", "-core", "-base", "-common", "-devel", "-io", "-extra", "-tools")


@dataclass(frozen=True, slots=True)
class ScalePackage:
    """One made-up package."""

    name: str
    version: str
    build: str
    channel: str
    subdir: str
    distribution: str = ""
    """The Python distribution it provides; empty if none."""
    requested: bool = False
    """Whether the user requested it by name."""

    @property
    def stem(self) -> str:
        """Name, version and build, as in file names."""
        return f"{self.name}-{self.version}-{self.build}"

    @property
    def base_url(self) -> str:
        """The channel's location."""
        return f"{_CHANNEL_ROOTS.get(self.channel, _DEFAULT_ROOT)}/{self.channel}"

    @property
    def url(self) -> str:
        """The URL of the archive in the record."""
        return f"{self.base_url}/{self.subdir}/{self.stem}.conda"


@dataclass(frozen=True, slots=True)
class ScaleCachedPackage:
    """A made-up package in the package cache, ready to be linked into any number of environments."""

    package: ScalePackage
    links: tuple[tuple[str, str], ...]
    """(path in the cache, path below the prefix) pairs."""
    record: bytes
    """The record for conda-meta."""


@cache
def _stems() -> list[str]:
    return resources.files("condatui_sandbox").joinpath("scale_names.txt").read_text(encoding="utf-8").split()


def make_package(index: int, seed: str, variant: int) -> ScalePackage:
    """Create the `index`-th package of a seed; variants are versions of the same package. Index 0 is python."""
    if index == 0:
        return ScalePackage("python", "3.11.9", "hb806964_0_cpython", "conda-forge", "linux-64", requested=True)
    chance = random.Random(f"{seed} {index}")
    suffix, stem = divmod(index - 1, len(_stems()))
    name = _stems()[stem] + (_SUFFIXES[suffix] if suffix < len(_SUFFIXES) else f"-{suffix}")
    python, noarch = chance.random() < 0.5, chance.random() < 0.5
    numbers = (chance.randrange(10), chance.randrange(30), chance.randrange(9) + variant)
    version = ".".join(str(number) for number in numbers)
    digest = hashlib.sha256(f"{seed} {name} {version}".encode()).hexdigest()[:7]
    build = f"pyh{digest}_0" if python and noarch else f"{'py311' if python else ''}h{digest}_{chance.randrange(4)}"
    return ScalePackage(
        name=name,
        version=version,
        build=build,
        channel=chance.choice(CHANNELS),
        subdir="noarch" if python and noarch else "linux-64",
        distribution=name if python else "",
        requested=chance.random() < 0.1,
    )


def cache_package(directory: Path, package: ScalePackage, files: tuple[int, int]) -> ScaleCachedPackage:
    """Write a package's files into the cache, unless they exist, and create its record."""
    chance = random.Random(package.stem)
    return write_package(directory, package, _files(package, chance.randint(*files), chance))


def write_package(
    directory: Path, package: ScalePackage, contents: Sequence[PackageFile], *, folded: str = ""
) -> ScaleCachedPackage:
    """Write a package with these files into the cache, unless it exists, and create its record.

    A directory `folded` is `site-packages` in the cache, as in a package for any Python.
    """
    extracted = directory / package.stem
    in_cache = [
        f"site-packages{path[len(folded) :]}" if folded and path.startswith(folded) else path
        for path in (file.path for file in contents)
    ]
    archive = directory / f"{package.stem}.conda"
    if not extracted.is_dir():
        for path, file in zip(in_cache, contents, strict=True):
            _write(extracted / path, file.content)
        archive.write_bytes(package.stem.encode())  # never opened: only its path and size matter
        _write(extracted / "info" / "repodata_record.json", json.dumps(_index(package, archive), indent=2).encode())
    record = _record(package, contents, extracted, archive)
    links = tuple((os.path.join(extracted, path), file.path) for path, file in zip(in_cache, contents, strict=True))
    return ScaleCachedPackage(package, links, json.dumps(record, indent=2, sort_keys=True).encode())


def _files(package: ScalePackage, count: int, chance: random.Random) -> list[PackageFile]:
    if package.name == "python":
        return [PackageFile("bin/python3.11", filler(package.stem, 9000), executable=True)]
    folder = f"share/{package.name}"
    if package.distribution:
        folder = f"{SITE_PACKAGES}/{package.distribution.replace('-', '_')}"
    names = ["__init__.py", *(f"part{number // 20}/file{number:03}.py" for number in range(1, count))]
    files = [
        PackageFile(f"{folder}/{name}", filler(f"{package.stem} {name}", chance.randint(100, 6000))) for name in names
    ]
    if package.distribution:
        files += dist_info(MadeDistribution(package.distribution, package.version), SITE_PACKAGES, files)
    return files


def _write(file: Path, content: bytes) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(content)


def _index(package: ScalePackage, archive: Path) -> dict[str, object]:
    content = archive.read_bytes()
    index: dict[str, object] = {
        "build": package.build,
        "build_number": _build_number(package.build),
        "channel": f"{package.base_url}/{package.subdir}",
        "constrains": [],
        "depends": ["python >=3.11,<3.12.0a0"] if package.distribution else [],
        "fn": archive.name,
        "license": "BSD-3-Clause",
        "md5": hashlib.md5(content).hexdigest(),
        "name": package.name,
        "sha256": hashlib.sha256(content).hexdigest(),
        "size": len(content),
        "subdir": package.subdir,
        "timestamp": 1_730_000_000_000,
        "url": package.url,
        "version": package.version,
    }
    return {**index, "noarch": "python"} if package.subdir == "noarch" else index


def _build_number(build: str) -> int:
    """The last part of a build that is a number: 0 in `hb806964_0_cpython`."""
    return next((int(part) for part in reversed(build.split("_")) if part.isdigit()), 0)


def _record(package: ScalePackage, files: Sequence[PackageFile], extracted: Path, archive: Path) -> dict[str, object]:
    paths = [
        {
            "_path": file.path,
            "path_type": "hardlink",
            "sha256": file.sha256,
            "sha256_in_prefix": file.sha256,
            "size_in_bytes": len(file.content),
        }
        for file in files
    ]
    record: dict[str, object] = {
        **_index(package, archive),
        "extracted_package_dir": str(extracted),
        "files": [file.path for file in files],
        "link": {"source": str(extracted), "type": 1},
        "package_tarball_full_path": str(archive),
        "paths_data": {"paths": paths, "paths_version": 1},
        "requested_spec": package.name if package.requested else "None",
    }
    return {**record, "package_type": "noarch_python"} if package.subdir == "noarch" else record


# Environments


_LEFT_OUT = 0.1
"""The fraction of all packages that one environment does not have."""

_OTHER_VERSION = 0.08
"""The fraction of its packages that it has in another version than most environments."""


@dataclass(frozen=True, slots=True)
class ScaleTree:
    """A package cache and environments hard-linked from it, with records like conda's."""

    directory: Path
    packages: Path
    """The package cache."""
    environments: Path
    """The directory of the environments."""
    contents: Mapping[Path, tuple[ScalePackage, ...]]
    """Prefix → its packages, by name."""


def ignore(_: str) -> None:
    """Report nothing."""


def build_scale(
    directory: Path,
    *,
    environments: int,
    packages: int,
    seed: int = 0,
    files: tuple[int, int] = (10, 40),
    report: Callable[[str], None] = ignore,
) -> ScaleTree:
    """Build environments of about `packages` packages each, with `files` (fewest, most) files per package.

    `pkgs` and `envs` in the directory may exist already, as in a conda's root prefix. The same arguments create the
    same tree. Raises RefusedError if one of the environments exists already.
    """
    cache, envs = directory / "pkgs", directory / "envs"
    prefixes = [envs / f"scale-{number:03}" for number in range(environments)]
    refuse_existing(prefixes)
    report(f"Writing {packages} packages")
    pool = _Pool(cache, seed, files)
    contents: dict[Path, tuple[ScalePackage, ...]] = {}
    for number, prefix in enumerate(prefixes):
        report(f"Linking {prefix.name}")
        chosen = sorted(pool.choose(packages, number), key=lambda each: each.package.name)
        link_environment(prefix, chosen)
        contents[prefix] = tuple(each.package for each in chosen)
    return ScaleTree(directory=directory, packages=cache, environments=envs, contents=contents)


class _Pool:
    """The packages that environments choose from; a package is written when an environment first chooses it."""

    def __init__(self, cache: Path, seed: int, files: tuple[int, int]) -> None:
        self._cache = cache
        self._seed = f"{seed} {files}"
        self._files = files
        self._written: dict[tuple[int, int], ScaleCachedPackage] = {}

    def choose(self, count: int, environment: int) -> Iterable[ScaleCachedPackage]:
        """Choose `count` packages for an environment; most environments have most of them in the same version."""
        chance = random.Random(f"{self._seed} environment {environment}")
        there = int(count / (1 - _LEFT_OUT))
        others = chance.sample(range(1, there), min(count, there) - 1) if count > 1 else []
        for index in (0, *others):
            variant = 1 if index and chance.random() < _OTHER_VERSION else 0
            yield self._get(index, variant)

    def _get(self, index: int, variant: int) -> ScaleCachedPackage:
        key = (index, variant)
        if key not in self._written:
            self._written[key] = cache_package(self._cache, make_package(index, self._seed, variant), self._files)
        return self._written[key]


def refuse_existing(prefixes: Iterable[Path]) -> None:
    """Raise RefusedError if one of these exists already."""
    if taken := [str(prefix) for prefix in prefixes if os.path.lexists(prefix)]:
        raise RefusedError("The directory has such environments already.", "\n".join(taken[:3]), "Nothing was changed.")


def link_environment(prefix: Path, packages: Sequence[ScaleCachedPackage]) -> None:
    """Make an environment of packages that lie in a cache: hard links, records and a history."""
    root = str(prefix)
    for folder in sorted({os.path.dirname(path) for each in packages for _, path in each.links}):
        os.makedirs(os.path.join(root, folder), exist_ok=True)
    for each in packages:
        for source, path in each.links:
            os.link(source, f"{root}/{path}")
    meta = prefix / "conda-meta"
    meta.mkdir(parents=True)
    for each in packages:
        (meta / f"{each.package.stem}.json").write_bytes(each.record)
    (meta / "history").write_text(_history(prefix, [each.package for each in packages]), encoding="utf-8")


def _history(prefix: Path, packages: list[ScalePackage]) -> str:
    asked = [package.name for package in packages if package.requested]
    lines = [
        "==> 2025-03-14 09:26:53 <==",
        f"# cmd: conda create -n {prefix.name} {' '.join(asked)}",
        "# conda version: 24.7.1",
        *(f"+{package.channel}/{package.subdir}::{package.stem}" for package in packages),
        f"# update specs: {asked!r}",
        "",
    ]
    return "\n".join(lines)
