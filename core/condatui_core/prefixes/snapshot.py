"""A prefix read once: its records, the paths they state, and its tree."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator, Mapping

from condatui_core.fs.tree import PrefixTree
from condatui_core.prefixes.prefix import read_prefix
from condatui_core.prefixes.recorded_paths import read_paths
from condatui_core.records.finding import Problem

# Directories of packages that are links now: what a record states there lies elsewhere, maybe outside.


def symlinked_directories(tree: PrefixTree, stated: Collection[str]) -> Mapping[str, str]:
    """Find the directories that records state and that are behind a link, with where they really are.

    conda deletes by path: it would delete what lies there, also outside where no restore point has it, and then crash.
    """
    plain = {each.path for each in tree.entries if each.kind == "directory"}
    found = {}
    for directory in sorted({os.path.dirname(path) or "." for path in stated} - plain):
        real = os.path.realpath(os.path.join(tree.root, directory))
        if os.path.isdir(real):
            found[directory] = real
    return found


def symlinked_directories_of(tree: PrefixTree) -> Mapping[str, str]:
    """The same, with the records read anew."""
    return symlinked_directories(tree, frozenset(_stated(tree.root)))


def leads_out(tree: PrefixTree) -> tuple[str, ...]:
    """Those of them that are outside."""
    inside = os.path.join(os.path.realpath(tree.root), "")
    return tuple(
        path for path, real in symlinked_directories_of(tree).items() if not os.path.join(real, "").startswith(inside)
    )


def _stated(prefix: str) -> Iterator[str]:
    for record in read_prefix(prefix).packages:
        paths = read_paths(prefix, record)
        if not isinstance(paths, Problem):
            yield from (each.path for each in paths)


def has_all_files(prefix: str) -> bool:
    """Whether an environment has every file that its records state, those of pip left out; blocks."""
    contents = read_prefix(prefix)
    if not contents.has_history:
        return False
    replaced = {each.package for each in contents.replaced}
    for record in contents.packages:
        paths = read_paths(prefix, record)
        if isinstance(paths, Problem):
            return False
        if record.name not in replaced and not all(os.path.lexists(os.path.join(prefix, each.path)) for each in paths):
            return False
    return bool(contents.packages)
