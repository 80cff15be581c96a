"""Environments in any number, without conda: what a machine of a hundred people has, in seconds."""

from __future__ import annotations

import os
import random
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from condatui_core.errors import RefusedError
from condatui_core.sandbox.scale_packages import CachedPackage, ScalePackage, cache_package, make_package

_LEFT_OUT = 0.1
"""The part of all packages that one environment does not have."""

_OTHER_VERSION = 0.08
"""The part of its packages that it has in another version than most."""


@dataclass(frozen=True, slots=True)
class ScaleTree:
    """A package cache and environments that are hard-linked from it, with records as conda writes them."""

    directory: Path
    packages: Path
    """The package cache."""
    environments: Path
    """The directory of the environments."""
    contents: Mapping[Path, tuple[ScalePackage, ...]]
    """Prefix → what is installed in it, by name."""


def _ignore(_: str) -> None:
    pass


def build_scale(
    directory: Path,
    *,
    environments: int,
    packages: int,
    seed: int = 0,
    files: tuple[int, int] = (10, 40),
    report: Callable[[str], None] = _ignore,
) -> ScaleTree:
    """Build so many environments of about so many packages each, of `files` (fewest, most) files each.

    `pkgs` and `envs` in the directory may exist already, as in a conda's root prefix. The same arguments make the
    same tree. Raises RefusedError if one of the environments is there already.
    """
    cache, envs = directory / "pkgs", directory / "envs"
    prefixes = [envs / f"scale-{number:03}" for number in range(environments)]
    if taken := [str(prefix) for prefix in prefixes if os.path.lexists(prefix)]:
        raise RefusedError("The directory has such environments already.", "\n".join(taken[:3]), "Nothing was changed.")
    report(f"Writing {packages} packages")
    pool = _Pool(cache, seed, files)
    contents: dict[Path, tuple[ScalePackage, ...]] = {}
    for number, prefix in enumerate(prefixes):
        report(f"Linking {prefix.name}")
        chosen = sorted(pool.choose(packages, number), key=lambda each: each.package.name)
        _link(prefix, chosen)
        contents[prefix] = tuple(each.package for each in chosen)
    return ScaleTree(directory=directory, packages=cache, environments=envs, contents=contents)


class _Pool:
    """The packages that environments choose from; a package is written when the first one chooses it."""

    def __init__(self, cache: Path, seed: int, files: tuple[int, int]) -> None:
        self._cache = cache
        self._seed = f"{seed} {files}"
        self._files = files
        self._written: dict[tuple[int, int], CachedPackage] = {}

    def choose(self, count: int, environment: int) -> Iterable[CachedPackage]:
        """Choose `count` packages for an environment: most of them are in most environments, in the same version."""
        chance = random.Random(f"{self._seed} environment {environment}")
        there = int(count / (1 - _LEFT_OUT))
        others = chance.sample(range(1, there), min(count, there) - 1) if count > 1 else []
        for index in (0, *others):
            variant = 1 if index and chance.random() < _OTHER_VERSION else 0
            yield self._get(index, variant)

    def _get(self, index: int, variant: int) -> CachedPackage:
        key = (index, variant)
        if key not in self._written:
            self._written[key] = cache_package(self._cache, make_package(index, self._seed, variant), self._files)
        return self._written[key]


def _link(prefix: Path, packages: list[CachedPackage]) -> None:
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
