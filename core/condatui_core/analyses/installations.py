"""Find the installation that owns an environment, by what conda has recorded in it."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

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


class OwningRoots:
    """The root prefixes of a machine's installations, one of which may own an environment.

    `real_path` follows links; by default none is followed.
    """

    def __init__(
        self,
        installations: Sequence[Installation],
        facts: Mapping[str, CondaFacts],
        *,
        real_path: Callable[[str], str] = os.path.normpath,
    ) -> None:
        self._roots = [installation.root_prefix for installation in installations]
        self._facts = facts
        self._real_path = real_path
        known = [root for root in self._roots if root in facts]
        # Hundreds of environments are looked up in hundreds.
        self._listed = {root: _normal(facts[root].environments) for root in known}
        self._envs_dirs = {root: _normal(facts[root].envs_dirs) for root in known}

    def owner_of(self, pointer: PrefixPointer, contents: PrefixContents | None) -> str | None:
        """Find the root prefix of the installation that owns an environment, by the best available evidence.

        In this order: the environment is inside the installation; its history names the installation's conda; its
        packages were linked from the installation's cache; no other installation lists it; no other has its envs
        directory; there is only one installation.
        """
        inside = [root for root in self._roots if _within(pointer.prefix, root)]
        if inside:
            return max(inside, key=len)
        if contents is not None and (found := self._recorded(contents)):
            return found
        listing = [root for root, prefixes in self._listed.items() if pointer.prefix in prefixes]
        if len(listing) == 1:
            return listing[0]
        keeping = [root for root, envs_dirs in self._envs_dirs.items() if pointer.envs_dir in envs_dirs]
        if len(keeping) == 1:
            return keeping[0]
        return self._roots[0] if len(self._roots) == 1 else None

    def _recorded(self, contents: PrefixContents) -> str | None:
        """The root of the conda that made the latest change, else of the only cache that packages were linked from."""
        for revision in reversed(contents.history.revisions):
            if revision.program and (found := _around(_spellings(revision.program, self._real_path), self._roots)):
                return found
        for cache in contents.linked_from:
            place = self._real_path(cache)
            owners = [root for root in self._roots if any(_within(place, each) for each in self._caches(root))]
            if len(owners) == 1:
                return owners[0]
        return None

    def _caches(self, root: str) -> Iterator[str]:
        configured = self._facts[root].pkgs_dirs if root in self._facts else ()
        yield from map(self._real_path, (os.path.join(root, "pkgs"), *configured))


def _normal(paths: Sequence[str]) -> frozenset[str]:
    return frozenset(os.path.normpath(path) for path in paths)


def _within(path: str, root: str) -> bool:
    return bool(root) and (path == root or path.startswith(root + os.sep))


def _around(paths: Iterable[str], roots: Sequence[str]) -> str | None:
    return max((root for path in paths for root in roots if _within(path, root)), key=len, default=None)


def _spellings(program: str, real_path: Callable[[str], str]) -> tuple[str, ...]:
    """A program's path as written, with its root's links followed, and with its own followed."""
    root = root_of_program(program)
    return (program, real_path(root) + program[len(root) :], real_path(program)) if root else (program,)
