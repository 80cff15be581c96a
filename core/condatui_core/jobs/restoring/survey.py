"""What a restore point of a prefix would have to keep, found out before one is made."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from condatui_core.bounded_read import reason
from condatui_core.errors import CondatuiError
from condatui_core.jobs.restoring.judging import Judge, Judged
from condatui_core.jobs.restoring.recorded_files import RecordedFiles, read_recorded_files
from condatui_core.jobs.restoring.tree import Entry, Tree, read_tree
from condatui_core.prefixes.mounts import mounts
from condatui_core.prefixes.prefix import read_prefix
from condatui_core.records.prefix import PrefixContents

_META = "conda-meta/"


@dataclass(frozen=True, slots=True)
class Survey:
    """A prefix with a judgement of each of its files."""

    tree: Tree
    contents: PrefixContents
    recorded: RecordedFiles
    judged: dict[str, Judged]
    """By path, of all files and symlinks."""
    kept: tuple[Entry, ...]
    """The files that have to be kept, of hard links to one file the first."""

    @property
    def kept_bytes(self) -> int:
        """What has to be kept, before it is compressed."""
        return sum(each.status.st_size for each in self.kept)


def survey(
    prefix: str, pkgs_dirs: Sequence[str], *, thorough: bool = False, told: Callable[[int], None] | None = None
) -> Survey:
    """Look what would have to be kept of a prefix; `thorough` reads what size and time say too little of.

    Without that the judgement is quick and a little too hopeful. `told` hears of bytes read, and may raise to stop.
    Raises CondatuiError if the prefix is not there, or if something in it cannot be read.
    """
    try:
        tree = read_tree(prefix, {each.point for each in mounts()})
        contents = read_prefix(prefix)
        recorded = read_recorded_files(prefix, contents.packages, pkgs_dirs, thorough=thorough)
        judge = Judge(tree, recorded, thorough=thorough, told=told)
        judged = {each.path: judge.judge(each) for each in tree.entries if each.kind in ("file", "symlink")}
    except OSError as error:
        raise CondatuiError(f"{prefix} cannot be read.", f"{error.filename or prefix}: {reason(error)}") from error
    return Survey(tree, contents, recorded, judged, tuple(_kept(tree, judged)))


def package_caches(root_prefix: str, pkgs_dirs: Sequence[str]) -> tuple[str, ...]:
    """Where an installation keeps its packages, as far as that is known; each once."""
    default = (os.path.join(root_prefix, "pkgs"),) if root_prefix else ()
    return tuple(dict.fromkeys(os.path.realpath(each) for each in (*pkgs_dirs, *default)))


def _kept(tree: Tree, judged: dict[str, Judged]) -> list[Entry]:
    kept: dict[tuple[int, int], Entry] = {}
    coming = {each.inode for each in tree.entries if each.kind == "file" and judged[each.path].package}
    for each in tree.entries:
        if each.kind == "file" and not judged[each.path].package and each.inode not in coming:
            kept.setdefault(each.inode, each)
    # Last what makes it an environment, so that one half brought back is none.
    return sorted(kept.values(), key=lambda each: (each.path.startswith(_META), each.path == f"{_META}history"))
