"""The files of one package, by its own record, with what each takes on the disk."""

from __future__ import annotations

import os
from collections.abc import Iterable

from condatui_core.fs.tree import allocated
from condatui_core.prefixes.distribution_files import files_of_distributions
from condatui_core.prefixes.recorded_paths import read_paths
from condatui_core.prefixes.snapshot import read_records
from condatui_core.records.finding import Problem
from condatui_core.records.package import Distribution, PackageFile, PackageFiles, PackageRecord


def read_package_files(prefix: str, package: PackageRecord | Distribution) -> PackageFiles:
    """Find the files of a package of conda or pip, sorted by path, and stat each; blocks."""
    if isinstance(package, Distribution):
        return _of_pip(prefix, package)
    paths = read_paths(prefix, package)
    if isinstance(paths, Problem):
        return PackageFiles(why_not=f"{paths.path}: {paths.reason}")
    return _measured(prefix, (each.path for each in paths if each.kind != "directory"))


def _of_pip(prefix: str, distribution: Distribution) -> PackageFiles:
    found = files_of_distributions(read_records(prefix), [distribution])
    if found.unknown:
        return PackageFiles(why_not="Its list of files is missing, or leads outside the environment.")
    return _measured(prefix, found.files)


def _measured(prefix: str, paths: Iterable[str]) -> PackageFiles:
    return PackageFiles(tuple(PackageFile(path, _bytes(os.path.join(prefix, path))) for path in sorted(set(paths))))


def _bytes(path: str) -> int | None:
    try:
        return allocated(os.lstat(path))
    except OSError:
        return None
