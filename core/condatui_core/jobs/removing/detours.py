"""Directories of packages that are links now: what a record states there lies elsewhere, maybe outside."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator, Mapping

from condatui_core.jobs.restoring.tree import Tree
from condatui_core.prefixes.prefix import read_prefix
from condatui_core.prefixes.recorded_paths import read_paths
from condatui_core.records.finding import Problem


def detours(tree: Tree, stated: Collection[str]) -> Mapping[str, str]:
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


def detours_of(tree: Tree) -> Mapping[str, str]:
    """The same, with the records read anew."""
    return detours(tree, frozenset(_stated(tree.root)))


def leads_out(tree: Tree) -> tuple[str, ...]:
    """Those of them that are outside."""
    inside = os.path.join(os.path.realpath(tree.root), "")
    return tuple(path for path, real in detours_of(tree).items() if not os.path.join(real, "").startswith(inside))


def _stated(prefix: str) -> Iterator[str]:
    for record in read_prefix(prefix).packages:
        paths = read_paths(prefix, record)
        if not isinstance(paths, Problem):
            yield from (each.path for each in paths)
