"""Compares an environment with its earlier restore points: it may be unchanged, kept already, or removed in part."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from condatui_core.errors import CondatuiError
from condatui_core.fs.safe_read import read_bounded
from condatui_core.fs.tree import PrefixTree, path_kind, read_tree
from condatui_core.records.restore_point import KeptPath, RestorePoint
from condatui_core.restore_points.store import read_paths_of
from condatui_core.restore_points.verify import Differing, differences

_HISTORY = "conda-meta/history"
_META = "conda-meta/"
_LARGEST = 32 << 20
"""Bytes of a history that are read at most."""
_SET_ASIDE = ".c~"
"""The suffix that conda gives to files before it deletes them."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """How an environment differs from one of its restore points, by sizes and times."""

    against: frozenset[str]
    """The kinds of differences: paths are `missing`, `extra` or `changed`, the `history` differs, and `removing` if all
    of it is being removed."""

    @property
    def is_whole(self) -> bool:
        """Whether the environment is still as its restore point states."""
        return not {"missing", "changed", "history"} & self.against

    @property
    def is_covered(self) -> bool:
        """Whether the restore point has everything that the environment has."""
        return not {"extra", "changed"} & self.against

    @property
    def is_half(self) -> bool:
        """Whether conda has begun to remove the environment, and the restore point has everything that is left."""
        return {"missing", "removing"} <= self.against and self.is_covered


def compare(tree: PrefixTree, point: RestorePoint, directory: Path) -> Comparison:
    """Compare a tree with a restore point in a directory; blocks."""
    try:
        kept = {each.path: each for each in read_paths_of(directory, point)}
        found = differences(tree, tuple(kept.values()), thorough=False)
    except (OSError, CondatuiError):
        return Comparison(frozenset({"missing", "extra", "changed"}))
    return Comparison(frozenset(_against(tree.root, found, kept)))


def compare_prefix(prefix: str, point: RestorePoint, directory: Path) -> Comparison:
    """Read a prefix and compare it with a restore point; blocks."""
    try:
        tree = read_tree(prefix)
    except OSError:
        return Comparison(frozenset({"missing", "extra", "changed"}))
    return compare(tree, point, directory)


def point_of_half_removed(tree: PrefixTree, points: Iterable[RestorePoint], directory: Path) -> RestorePoint | None:
    """The restore point that has everything of an environment that conda has begun to remove; blocks."""
    return next((each for each in points if compare(tree, each, directory).is_half), None)


def _against(prefix: str, found: Sequence[Differing], kept: Mapping[str, KeptPath]) -> set[str]:
    against = {"removing"} if _is_being_removed(prefix, found, kept) else set()
    for each in found:
        if each.path == _HISTORY:
            against.add("history")
        elif each.what in ("missing", "extra"):
            against.add("" if _is_set_aside(prefix, each.path, kept) else str(each.what))
        elif each.what != "time" or kept[each.path].kind != "directory":
            against.add("changed")
    return against


def _is_being_removed(prefix: str, found: Sequence[Differing], kept: Mapping[str, KeptPath]) -> bool:
    """Whether a removal of the whole environment was begun; removing one package adds that to the history instead."""
    missing = {each.path for each in found if each.what == "missing"}
    records = {path for path in kept if path.startswith(_META) and path.endswith(".json")}
    if _HISTORY not in kept or _HISTORY in missing:
        return True
    if any(each.path == _HISTORY and each.what == "content" for each in found):
        return bool(records and records <= missing) or _removes_all(prefix, kept[_HISTORY].size)
    others = any(not path.startswith(_META) for path in missing)
    aside = any(each.what == "extra" and _is_set_aside(prefix, each.path, kept) for each in found)
    return others and (aside or bool(records & missing))


def _removes_all(prefix: str, begin: int) -> bool:
    """Whether the lines that a history has got since are of a command that removes all packages."""
    try:
        return b"--all" in read_bounded(os.path.join(prefix, _HISTORY), _LARGEST)[begin:]
    except OSError:
        return False


def _is_set_aside(prefix: str, path: str, kept: Mapping[str, KeptPath]) -> bool:
    """Whether a path is a file of the restore point that conda has renamed to delete it."""
    was = kept.get(path.removesuffix(_SET_ASIDE))
    if was is None or not path.endswith(_SET_ASIDE):
        return False
    try:
        status = os.lstat(os.path.join(prefix, path))
    except OSError:
        return False
    return was.kind == path_kind(status) and (was.kind != "file" or was.size == status.st_size)
