"""Lets the records of conda and of pip list what is there: of a slimmed copy, of a clone of one, of what is packed."""

from __future__ import annotations

import csv
import os
from collections.abc import Collection, Iterable, Mapping

from condatui_core.actions.requested_specs import read_record, write_record
from condatui_core.fs.held_tree import HeldTree
from condatui_core.prefixes.distributions import in_archive
from condatui_core.records.package import Distribution

_META = "conda-meta"
_LARGEST = 64 << 20
"""Bytes of a RECORD that is read."""


def amend_records(tree: HeldTree, gone: Collection[str]) -> None:
    """Let each record in conda-meta of a copy list only what is there; blocks.

    conda would otherwise take what was left out for lost. Raises OSError if a record cannot be written.
    """
    for name in tree.names(_META):
        path = f"{_META}/{name}"
        if not name.endswith(".json") or name.startswith("."):
            continue
        try:
            found = read_record(tree, path)
        except OSError:  # it is told among the problems of the environment
            continue
        wanted = without_paths(found, gone)
        if wanted != found:
            write_record(tree, path, wanted)


def amend_record_files(tree: HeldTree, distributions: Iterable[Distribution], gone: Collection[str]) -> None:
    """Let the RECORD of each distribution that pip has installed list only what is there; blocks.

    pip would otherwise look for it when it uninstalls, and programs that ask which files a distribution has. Those of
    conda's packages stay as they are: conda knows their checksum. Raises OSError if one cannot be written.
    """
    for each in distributions:
        path = record_file_of(each)
        try:
            found = tree.read_bounded(path, _LARGEST)
        except OSError:  # it has none, as an egg
            continue
        wanted = record_without(found, path, gone)
        if wanted != found:
            tree.replace(path, wanted)


def record_file_of(distribution: Distribution) -> str:
    """The path of its RECORD, relative to the prefix."""
    return f"{distribution.path}/RECORD"


def record_without(record: bytes, path: str, gone: Collection[str]) -> bytes:
    """The rows of a RECORD at this path without those of files that are gone, by paths relative to the prefix."""
    site = os.path.dirname(os.path.dirname(path))
    kept = [line for line in record.splitlines(keepends=True) if _listed(line, site) not in gone]
    return b"".join(kept)


def _listed(line: bytes, site: str) -> str:
    """The path that a row lists, relative to the prefix; one that leads out of it stays as it is."""
    row = next(csv.reader([os.fsdecode(line).rstrip("\r\n")]), [])
    return os.path.normpath(os.path.join(site, row[0])) if row else ""


def with_paths(record: Mapping[str, object], there: Collection[str]) -> dict[str, object]:
    """The fields of a record with those of its paths that are there, and no others."""
    files = record.get("files")
    gone = {each for each in files if each not in there} if isinstance(files, list) else set()
    return without_paths(record, gone)


def without_paths(record: Mapping[str, object], gone: Collection[str]) -> dict[str, object]:
    """The fields of a record without the paths that are gone, which are those in the prefix."""
    amended = dict(record)
    files = record.get("files")
    here: dict[object, object] = {}
    if isinstance(files, list):
        # The paths of a `noarch: python` package are those in its archive; only `files` has those in the prefix.
        here = {in_archive(str(each)): each for each in files} if record.get("noarch") == "python" else {}
        amended["files"] = [each for each in files if each not in gone]
    data = record.get("paths_data")
    if isinstance(data, dict) and isinstance(data.get("paths"), list):
        paths = [each for each in data["paths"] if not (isinstance(each, dict) and _path(each, here) in gone)]
        amended["paths_data"] = {**data, "paths": paths}
    return amended


def _path(entry: Mapping[object, object], here: Mapping[object, object]) -> object:
    stated = entry.get("_path")
    return here.get(stated, stated) if isinstance(stated, str) else None
