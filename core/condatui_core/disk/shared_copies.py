"""What hard links would have saved: files of the same packages that several environments store each for itself."""

from __future__ import annotations

import os
import stat
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence

from msgspec import Struct

from condatui_core.fs.tree import allocated
from condatui_core.prefixes.distributions import in_archive
from condatui_core.prefixes.recorded_paths import RecordedPath, read_paths
from condatui_core.records.finding import Problem
from condatui_core.records.package import PackageRecord

_BYTECODE = (".pyc", ".pyo")
"""Each environment compiles these for itself."""

_File = tuple[int, str, str]
"""The file system, the package with version and build, and the path in its archive: one file that could be shared."""


class _Copy(Struct):
    """One inode of such a file."""

    bytes: int
    links: int
    """All of its links, wherever they are."""
    found: int = 0
    """The links that lie in the environments."""


def saved_by_sharing(packages: Mapping[str, Sequence[PackageRecord]]) -> int:
    """The bytes that `df` would gain if these packages of these prefixes, by prefix, were stored once; stats each file.

    Only what conda links is counted: no bytecode, no file into which it writes the prefix, none of another size than
    its record states. A file that is also held elsewhere, as by a package cache, would be shared with that.
    """
    copies: defaultdict[_File, dict[int, _Copy]] = defaultdict(dict)
    for prefix, records in packages.items():
        for record in records:
            for file, inode, status in _files(prefix, record):
                copy = copies[file].setdefault(inode, _Copy(allocated(status), status.st_nlink))
                copy.found += 1
    return sum(_saved(each.values()) for each in copies.values())


def _files(prefix: str, record: PackageRecord) -> Iterator[tuple[_File, int, os.stat_result]]:
    paths = read_paths(prefix, record)
    for each in () if isinstance(paths, Problem) else filter(_is_linked, paths):
        try:
            status = os.lstat(os.path.join(prefix, each.path))
        except OSError:
            continue
        if stat.S_ISREG(status.st_mode) and each.size in (None, status.st_size):
            yield (status.st_dev, record.dist_name, in_archive(each.path)), status.st_ino, status


def _is_linked(path: RecordedPath) -> bool:
    return path.kind == "hardlink" and not path.placeholder and not path.path.endswith(_BYTECODE)


def _saved(copies: Iterable[_Copy]) -> int:
    """All copies that only the environments hold, but for one if nothing else holds the file."""
    kept = list(copies)
    own = [each.bytes for each in kept if each.found >= each.links]
    return sum(own) - (max(own) if own and len(own) == len(kept) else 0)
