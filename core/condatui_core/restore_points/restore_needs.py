"""What bringing back a restore point needs on the disk, in its environment and in package caches."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field

from condatui_core.fs.blocks import directory_bytes, in_blocks, link_bytes
from condatui_core.records.restore_point import KeptPackage, KeptPath, RestorePoint, own_copies
from condatui_core.restore_points.cached_packages import find_package
from condatui_core.restore_points.package_needs import ComingPackage, package_needs

_META = "conda-meta/"
_CACHE = "/__pycache__/"
_NOARCH = re.compile("py(h|_)")
"""The beginning of a build for any version of Python, whose modules conda compiles."""
_COMPILED = 1.2
"""How many times the bytes of a module its bytecode takes at most, as a rule."""


@dataclass(frozen=True, slots=True)
class RestoreNeeds:
    """The bytes that a restore needs, in blocks of the disk: upper bounds, but for a few per cent what it takes."""

    environment: int = 0
    caches: dict[str, int] = field(default_factory=dict[str, int])
    """By the name of the package in a cache, what comes into a package cache that has not extracted it."""

    @property
    def total(self) -> int:
        """All of it together."""
        return self.environment + sum(self.caches.values())


def restore_needs(
    point: RestorePoint, paths: Sequence[KeptPath], pkgs_dirs: Sequence[str], block: int, *, links: bool
) -> RestoreNeeds:
    """What it needs; blocks.

    `links` says whether the package cache is on the disk of the environment, so that files of packages are linked.
    """
    own = {each.path for each in own_copies(paths)}
    there = sum(_bytes(each, block, links=links, own=each.path in own) for each in paths)
    compiled = {each.name for each in point.needed if _NOARCH.match(each.build)}
    linking = sum(_while_linked(paths, compiled, block, links=links, own=own))
    directories = directory_bytes((each.path for each in paths if each.path != "."), block)
    return RestoreNeeds(max(there, linking) + directories, dict(_caches(point, paths, pkgs_dirs, block)))


def _bytes(path: KeptPath, block: int, *, links: bool, own: bool) -> int:
    if path.kind == "symlink":
        return link_bytes(path.target, block)
    if path.kind != "file" or path.same_as or (path.means == "package" and links and not own):
        return 0
    return in_blocks(path.size, block)


def _while_linked(
    paths: Sequence[KeptPath], compiled: Collection[str], block: int, *, links: bool, own: Collection[str]
) -> Iterator[int]:
    """What conda has written before the rest is put back: records, copies, and the bytecode of packages that it
    compiles, which goes again where the environment had none.
    """
    there = {_module_of(each.path) for each in paths if each.path.endswith(".pyc")}
    for each in paths:
        if (
            each.means == "package"
            or each.path.endswith(".pyc")
            or (each.path.startswith(_META) and each.path.endswith(".json"))
        ):
            yield _bytes(each, block, links=links, own=each.path in own)
        if each.means == "package" and each.path.endswith(".py") and each.owner in compiled and each.path not in there:
            yield in_blocks(int(each.size * _COMPILED), block)


def _module_of(bytecode: str) -> str:
    """The module that bytecode is of, by its path: `a/__pycache__/b.cpython-311.pyc` is of `a/b.py`."""
    directory, _, name = bytecode.rpartition(_CACHE)
    return f"{directory}/{name.partition('.')[0]}.py"


def _caches(
    point: RestorePoint, paths: Sequence[KeptPath], pkgs_dirs: Sequence[str], block: int
) -> Iterator[tuple[str, int]]:
    lacking = [each for each in point.needed if not _is_extracted(each, pkgs_dirs)]
    files: Counter[str] = Counter()
    if lacking:
        for each in paths:
            if each.kind == "file" and _CACHE not in each.path and not each.path.startswith(_META):
                files[each.owner] += in_blocks(each.size, block)
    for package in lacking:
        coming = ComingPackage(
            dist_name=package.dist_name,
            url=package.url,
            archive_bytes=package.archive_bytes,
            known_bytes=files[package.name],
        )
        yield package.dist_name, package_needs(coming, pkgs_dirs, block, links=True).cache


def _is_extracted(package: KeptPackage, pkgs_dirs: Sequence[str]) -> bool:
    found = find_package(package, pkgs_dirs)
    return found is not None and bool(found.directory)
