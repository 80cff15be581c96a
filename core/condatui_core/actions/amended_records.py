"""Lets the records in conda-meta list what is there: of a slimmed copy, and of a clone of one."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from condatui_core.actions.requested_specs import read_record, write_record
from condatui_core.fs.held_tree import HeldTree
from condatui_core.prefixes.distributions import in_archive

_META = "conda-meta"


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
