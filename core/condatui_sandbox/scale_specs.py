"""Create environments at scale from explicit specs: the packages of real projects, and files as many as they have.

The packages of `scale` are alike: 10 to 40 files each. Real ones are not. Most have a dozen files, a few have
thousands, and these lie in many small directories; that is what a walk over a real machine spends its time on.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from condatui_core.errors import UsageError
from condatui_sandbox.packages import MadeDistribution, PackageFile, dist_info, filler
from condatui_sandbox.scale import (
    ScaleCachedPackage,
    ScalePackage,
    ScaleTree,
    ignore,
    link_environment,
    refuse_existing,
    write_package,
)

# Specs: one package of a project a line, as `conda-forge/linux-64::numpy-1.26.4-py311h64a7726_0`


_SPEC = re.compile(r"(.+)/([^/]+)::(.+)-([^-]+)-([^-]+)")
_FOR_PYTHON = re.compile(r"py(?:h|\d)")


def parse_specs(text: str) -> tuple[ScalePackage, ...]:
    """The packages that a file of specs names; raises UsageError."""
    return tuple(map(_package, text.split()))


def _package(spec: str) -> ScalePackage:
    found = _SPEC.fullmatch(spec)
    if found is None:
        raise UsageError(f"{spec!r} is no package.", "", "Write it as channel/subdir::name-version-build.")
    channel, subdir, name, version, build = found.groups()
    return ScalePackage(
        name=name,
        version=version,
        build=build,
        channel=channel,
        subdir=subdir,
        distribution=name if _FOR_PYTHON.match(build) else "",
    )


# The shape of a package: how many files it has, how large they are, and in which directories they lie


_FILES_OF = {"python": 1800, "pytorch": 2500, "scipy": 1500, "sympy": 1500, "pandas": 1400}
"""About as many files as these packages really have; many environments have them."""
_COUNT = (3.2, 1.25)
"""Mean and deviation of the logarithm of the number of files of any other package, as measured on real machines."""
_SIZE = (7.5, 1.5)
"""Mean and deviation of the logarithm of the bytes of a file."""
_LARGEST = 1 << 16
"""The most bytes of a file, so that a million entries take a few gigabytes."""
_IN_A_DIRECTORY = 13
"""About as many files lie in one directory."""


def file_count(name: str) -> int:
    """The number of files of a package, which all its versions have."""
    return _FILES_OF.get(name) or max(1, round(random.Random(name).lognormvariate(*_COUNT)))


def _contents(package: ScalePackage, site_packages: str, most_files: int) -> list[PackageFile]:
    chance = random.Random(package.stem)
    paths = _paths(package, site_packages, min(most_files, file_count(package.name)), chance)
    files = [PackageFile(path, filler(f"{package.stem} {path}", _size(chance))) for path in paths]
    if package.distribution:
        files += dist_info(MadeDistribution(package.distribution, package.version), site_packages, files)
    return files


def _size(chance: random.Random) -> int:
    return min(_LARGEST, int(chance.lognormvariate(*_SIZE)))


def _paths(package: ScalePackage, site_packages: str, count: int, chance: random.Random) -> Iterator[str]:
    """The files of a package: those of its Python modules, or a few libraries and what documents them."""
    if package.name == "python":
        yield "bin/python"
        roots = [site_packages.removesuffix("/site-packages")]
    elif package.distribution:
        module = package.distribution.replace("-", "_")
        roots = [f"{site_packages}/{module}"]
        yield f"{roots[0]}/__init__.py"
    else:
        yield f"lib/lib{package.name}.so"
        roots = [f"include/{package.name}", f"share/{package.name}"]
    left = count - 1
    while left > 0:
        folder = chance.choice(roots)
        here = min(left, 1 + int(chance.expovariate(1 / _IN_A_DIRECTORY)))
        yield from (f"{folder}/part{left:04}_{number:02}.py" for number in range(here))
        left -= here
        if len(roots) < _MOST_FOLDERS:
            roots.append(f"{folder}/sub{left:04}")


# Variants of a project, as three people have it who made their environment in three months


_VARIANTS = 3
_OTHER_VERSION = 0.3
"""The fraction of its packages that a variant has in another version."""
_MOST_FOLDERS = 400


def _variant(project: Sequence[ScalePackage], variant: int, seed: str) -> Iterator[ScalePackage]:
    chance = random.Random(f"{seed} {variant}")
    for package in project:
        if variant and package.name != "python" and chance.random() < _OTHER_VERSION:
            yield replace(package, version=f"{package.version}.{variant}")
        else:
            yield package


def build_specs(
    directory: Path,
    projects: Mapping[str, Sequence[ScalePackage]],
    *,
    environments: int,
    most_files: int = 10_000,
    report: Callable[[str], None] = ignore,
) -> ScaleTree:
    """Build environments of the packages of some projects in turn, each project in three variants.

    No package has more than `most_files` files. The same arguments create the same tree. Raises RefusedError if one
    of the environments exists already.
    """
    cache, envs, names = directory / "pkgs", directory / "envs", sorted(projects)
    prefixes = [envs / f"{names[number % len(names)]}-{number:03}" for number in range(environments)]
    refuse_existing(prefixes)
    pool = _Pool(cache, most_files)
    contents: dict[Path, tuple[ScalePackage, ...]] = {}
    for number, prefix in enumerate(prefixes):
        report(f"Linking {prefix.name}")
        turn, project = divmod(number, len(names))
        packages = _variant(projects[names[project]], turn % _VARIANTS, names[project])
        chosen = sorted(pool.written(packages), key=lambda each: each.package.name)
        link_environment(prefix, chosen)
        contents[prefix] = tuple(each.package for each in chosen)
    return ScaleTree(directory=directory, packages=cache, environments=envs, contents=contents)


class _Pool:
    """The packages of the cache; one is written when an environment first has it."""

    def __init__(self, cache: Path, most_files: int) -> None:
        self._cache = cache
        self._most_files = most_files
        self._written: dict[tuple[str, str], ScaleCachedPackage] = {}

    def written(self, packages: Iterator[ScalePackage]) -> Iterator[ScaleCachedPackage]:
        """The packages of an environment, in the directories of its Python."""
        every = list(packages)
        python = next((each.version for each in every if each.name == "python"), "3")
        site_packages = f"lib/python{'.'.join(python.split('.')[:2])}/site-packages"
        for package in every:
            key = package.stem, site_packages
            if key not in self._written:
                folded = site_packages if package.subdir == "noarch" else ""
                contents = _contents(package, site_packages, self._most_files)
                self._written[key] = write_package(self._cache, package, contents, folded=folded)
            yield self._written[key]
