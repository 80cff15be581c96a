"""Find the installation that owns an environment, by what conda has recorded in it."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable, Mapping, Sequence

from condatui_core.records.installation import CondaFacts, Installation
from condatui_core.records.prefix import PrefixContents, PrefixPointer

_PROGRAM = re.compile(
    r"/.*?/(?:(?:bin|condabin|Scripts)/(?:conda|conda-env|mamba|micromamba)|conda/__main__\.py)(?!\S)"
)
_IN_ROOT = re.compile(r"(?P<root>/.+?)/(?:bin|condabin|Scripts|lib/python[^/]+/site-packages/conda)/[^/]+")


def program_of(command: str) -> str:
    """The absolute path of the conda in a command of the history, which quotes no spaces; empty if it has none."""
    found = _PROGRAM.match(command)
    return found[0] if found else ""


def root_of_program(program: str) -> str:
    """The root prefix that a program lies in, by its path alone; empty if the path does not tell."""
    found = _IN_ROOT.fullmatch(program)
    return found["root"] if found else ""


def owning_root(
    pointer: PrefixPointer,
    contents: PrefixContents | None,
    installations: Sequence[Installation],
    facts: Mapping[str, CondaFacts],
    *,
    real_path: Callable[[str], str] = os.path.normpath,
) -> str | None:
    """Find the root prefix of the installation that owns an environment, by the best available evidence.

    In this order: the environment is inside the installation; its history names the installation's conda; its packages
    were linked from the installation's cache; no other installation lists it; no other has its envs directory; there
    is only one installation. `real_path` follows links; by default none is followed.
    """
    roots = [installation.root_prefix for installation in installations]
    inside = [root for root in roots if _within(pointer.prefix, root)]
    if inside:
        return max(inside, key=len)
    if contents is not None and (found := _recorded(contents, roots, facts, real_path)):
        return found
    listing = [root for root in roots if root in facts and pointer.prefix in _real(facts[root].environments)]
    if len(listing) == 1:
        return listing[0]
    keeping = [root for root in roots if root in facts and pointer.envs_dir in _real(facts[root].envs_dirs)]
    if len(keeping) == 1:
        return keeping[0]
    return roots[0] if len(roots) == 1 else None


def _real(paths: Sequence[str]) -> frozenset[str]:
    return frozenset(os.path.normpath(path) for path in paths)


def _within(path: str, root: str) -> bool:
    return bool(root) and (path == root or path.startswith(root + os.sep))


def _recorded(
    contents: PrefixContents, roots: Sequence[str], facts: Mapping[str, CondaFacts], real_path: Callable[[str], str]
) -> str | None:
    """The root of the conda that made the latest change, else of the only cache that packages were linked from."""
    for revision in reversed(contents.history.revisions):
        if revision.program and (found := _around(_spellings(revision.program, real_path), roots)):
            return found
    for cache in contents.linked_from:
        place = real_path(cache)
        owners = [root for root in roots if any(_within(place, real_path(each)) for each in _caches(root, facts))]
        if len(owners) == 1:
            return owners[0]
    return None


def _around(paths: Iterable[str], roots: Sequence[str]) -> str | None:
    return max((root for path in paths for root in roots if _within(path, root)), key=len, default=None)


def _spellings(program: str, real_path: Callable[[str], str]) -> tuple[str, ...]:
    """A program's path as written, with its root's links followed, and with its own followed."""
    root = root_of_program(program)
    return (program, real_path(root) + program[len(root) :], real_path(program)) if root else (program,)


def _caches(root: str, facts: Mapping[str, CondaFacts]) -> tuple[str, ...]:
    return (os.path.join(root, "pkgs"), *(facts[root].pkgs_dirs if root in facts else ()))
