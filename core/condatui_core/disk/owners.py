"""Which package each path of a prefix belongs to, by conda's records and pip's RECORD files."""

from __future__ import annotations

import csv
import os
import re
from collections.abc import Iterator

from msgspec import Struct

from condatui_core.bounded_read import read_bounded
from condatui_core.prefixes.recorded_paths import read_paths
from condatui_core.records.finding import Problem
from condatui_core.records.package import Distribution, PackageRecord
from condatui_core.records.prefix import PrefixContents

_LARGEST = 64 << 20
"""Bytes of a RECORD or of the list of an egg-info."""
_BYTECODE = re.compile(r"(?P<directory>(?:.*/)?)__pycache__/(?P<stem>[^/]+?)\.[^./]+(?:\.opt-[12])?\.pyc")


class Owners(Struct, frozen=True):
    """The packages of a prefix, and the paths of each; what pip put over a conda package's file is pip's."""

    packages: tuple[PackageRecord | Distribution, ...]
    by_path: dict[str, int]
    """Path relative to the prefix → index of its package."""
    metadata: dict[str, int]
    """The same for dist-info directories, whose files are all of one package, be they listed or not."""

    def owner(self, path: str) -> int | None:
        """Find the package that a file belongs to: bytecode belongs to whose source it was made of."""
        found = self.by_path.get(path)
        if found is None:
            found = self.metadata.get(path.rpartition("/")[0])
        if found is None and path.endswith(".pyc") and (match := _BYTECODE.fullmatch(path)):
            return self.by_path.get(f"{match['directory']}{match['stem']}.py")
        return found


def read_owners(prefix: str, contents: PrefixContents) -> tuple[Owners, tuple[Problem, ...]]:
    """Read which files the packages of a prefix brought; the files of what cannot be read belong to nobody."""
    packages: tuple[PackageRecord | Distribution, ...] = (*contents.packages, *contents.pip_distributions)
    by_path: dict[str, int] = {}
    problems: list[Problem] = []
    for index, package in enumerate(packages):
        paths = _conda_paths(prefix, package) if isinstance(package, PackageRecord) else _pip_paths(prefix, package)
        if isinstance(paths, Problem):
            problems.append(paths)
        else:
            by_path.update(dict.fromkeys(paths, index))
    first = len(contents.packages)
    metadata = {each.path: first + index for index, each in enumerate(contents.pip_distributions)}
    return Owners(packages, by_path, metadata), tuple(problems)


def _conda_paths(prefix: str, record: PackageRecord) -> list[str] | Problem:
    read = read_paths(prefix, record)
    return read if isinstance(read, Problem) else [each.path for each in read]


def _pip_paths(prefix: str, distribution: Distribution) -> list[str] | Problem:
    """The files of a distribution, as its RECORD lists them, or the installed-files.txt of an egg-info."""
    directory = os.path.join(prefix, distribution.path)
    for name, lines in (("RECORD", _record_lines), ("installed-files.txt", _egg_lines)):
        path = os.path.join(directory, name)
        try:
            text = read_bounded(path, _LARGEST).decode("utf-8", "surrogateescape")
        except (FileNotFoundError, NotADirectoryError):
            continue
        except OSError as error:
            return Problem(path=path, reason=error.strerror or str(error))
        base = os.path.dirname(distribution.path) if name == "RECORD" else distribution.path
        return [os.path.normpath(os.path.join(base, line)) for line in lines(text)]
    return []


def _record_lines(text: str) -> Iterator[str]:
    try:
        yield from (row[0] for row in csv.reader(text.splitlines()) if row)
    except csv.Error:  # a line that no pip has written; those before it stand
        return


def _egg_lines(text: str) -> Iterator[str]:
    return (line.strip() for line in text.splitlines() if line.strip())
