"""What restore points of before say of an environment as it is now: whole, kept already, or removed in part."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from condatui_core.actions.set_aside import is_of, is_set_aside
from condatui_core.errors import CondatuiError
from condatui_core.fs.safe_read import read_bounded
from condatui_core.fs.tree import PrefixTree, path_kind, read_tree
from condatui_core.records.restore_point import KeptPath, RestorePoint
from condatui_core.restore_points.store import all_points, read_paths_of
from condatui_core.restore_points.verify import Differing, differences, has_its_files

_HISTORY = "conda-meta/history"
_META = "conda-meta/"
_LARGEST = 32 << 20
"""Bytes of a history."""
_ALL = frozenset({"missing", "extra", "changed"})
_SET_ASIDE = ".c~"
"""conda renames files so before it deletes them."""


@dataclass(frozen=True, slots=True)
class PointComparison:
    """An environment beside one restore point of it, by sizes and times."""

    against: frozenset[str]
    """What is not as it was: something is `missing`, `extra` or `changed`, the `history` is, all is `removing`."""
    came: tuple[str, ...] = ()
    """The paths that the restore point does not have, or not as they are."""
    damaged: bool = False
    """Whether the restore point does not hold the files that it says it does, so that it is no way back."""

    @property
    def is_known(self) -> bool:
        """Whether the restore point could be read, so that the two were compared."""
        return not (self.damaged and self.against == _ALL)

    @property
    def is_whole(self) -> bool:
        """Whether it is still what its restore point says."""
        return not {"missing", "changed", "history"} & self.against

    @property
    def is_covered(self) -> bool:
        """Whether all that there is of it is in the restore point."""
        return not self.damaged and not {"extra", "changed"} & self.against

    @property
    def is_half(self) -> bool:
        """Whether conda has begun to remove it, and there is nothing that the restore point does not hold."""
        return {"missing", "removing"} <= self.against and self.is_covered


def compare(tree: PrefixTree, point: RestorePoint, directory: Path) -> PointComparison:
    """Compare what is there with a restore point in a directory; blocks.

    A restore point that would cover all that is there is read whole: what was kept long ago may be damaged by now.
    """
    try:
        kept = {each.path: each for each in read_paths_of(directory, point)}
    except (OSError, CondatuiError):
        return PointComparison(_ALL, damaged=True)
    try:
        found = differences(tree, tuple(kept.values()), thorough=False)
    except OSError:
        return PointComparison(_ALL)
    compared = PointComparison(frozenset(_against(tree.root, found, kept)), tuple(_came(tree.root, found, kept)))
    if compared.is_covered and not has_its_files(directory / point.id, kept.values()):
        return replace(compared, damaged=True)
    return compared


def compare_prefix(prefix: str, point: RestorePoint, directory: Path) -> PointComparison:
    """Look what is there, and compare it; blocks."""
    try:
        tree = read_tree(prefix)
    except OSError:
        return PointComparison(_ALL)
    return compare(tree, point, directory)


def points_of(directory: Path, path: str) -> Iterator[RestorePoint]:
    """The restore points of what is at a path, newest first: those of the prefix that was set aside there, too."""
    return (each for each in all_points(directory) if is_of(path, each.prefix))


def needs_no_other(path: str, compared: PointComparison) -> bool:
    """Whether a restore point is that of the removal that has begun at a path, and holds all that is left there."""
    return compared.is_half or (is_set_aside(path) and compared.is_covered)


def point_of_begun_removal(
    path: str, tree: PrefixTree, points: Iterable[RestorePoint], directory: Path
) -> RestorePoint | None:
    """The restore point of what a removal at a path has begun, if it holds all that is left; blocks."""
    return next((each for each in points if needs_no_other(path, compare(tree, each, directory))), None)


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


def _came(prefix: str, found: Sequence[Differing], kept: Mapping[str, KeptPath]) -> Iterator[str]:
    """The paths that are extra or changed, the history left out: a removal itself writes into it."""
    ours = (each for each in found if each.path != _HISTORY and each.what != "missing")
    for path, each in {each.path: each for each in ours}.items():
        touched = each.what == "time" and kept[path].kind == "directory"
        if not touched and not (each.what == "extra" and _is_set_aside(prefix, path, kept)):
            yield path


def _is_being_removed(prefix: str, found: Sequence[Differing], kept: Mapping[str, KeptPath]) -> bool:
    """Whether the removal of all of it has begun: removing a single package leaves an entry in the history."""
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
    """Whether what a history has got since is of a command that removes all."""
    try:
        return b"--all" in read_bounded(os.path.join(prefix, _HISTORY), _LARGEST)[begin:]
    except OSError:
        return False


def _is_set_aside(prefix: str, path: str, kept: Mapping[str, KeptPath]) -> bool:
    """Whether it is a file that conda has renamed and was going to delete."""
    was = kept.get(path.removesuffix(_SET_ASIDE))
    if was is None or not path.endswith(_SET_ASIDE):
        return False
    try:
        status = os.lstat(os.path.join(prefix, path))
    except OSError:
        return False
    return was.kind == path_kind(status) and (was.kind != "file" or was.size == status.st_size)
