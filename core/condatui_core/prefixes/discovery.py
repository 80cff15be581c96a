"""Find the environments of this machine by everything that points to one, conda's own answer included."""

from __future__ import annotations

import os
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path

from condatui_core.fs.real_paths import RealPaths
from condatui_core.prefixes.probe import set_aside_from
from condatui_core.records.installation import CondaFacts, Installation
from condatui_core.records.prefix import PrefixPointer
from condatui_core.settings import expand_home

REGISTERED = "environments.txt"
CONDA = "conda"
LAST_TIME = "last time"
NAMED = "the command line"

_DEPTH = 6
"""Levels that a root directory is searched: /data/users/NAME/miniconda3/envs/NAME is five below /data."""
_REMAINS = {"conda-meta", "bin", "lib"}
"""A directory in `envs` that has one of these is an environment or was one."""
_MOST_DIRECTORIES = 20_000
"""The most directories that one search reads: it is not meant for a whole disk."""
_MOST_PREFIXES = 1_000
"""The most prefixes that one search finds: each of them is read."""
_MOST_SECONDS = 10.0


def envs_directories(
    installations: Iterable[Installation], facts: Mapping[str, CondaFacts], home: Path, environ: Mapping[str, str]
) -> tuple[str, ...]:
    """All directories whose children are environments, existing or not, each once."""
    found: dict[str, None] = {}
    for variable in ("CONDA_ENVS_DIRS", "CONDA_ENVS_PATH"):
        found.update(dict.fromkeys(part for part in environ.get(variable, "").split(os.pathsep) if part))
    for installation in installations:
        found[os.path.join(installation.root_prefix, "envs")] = None
        if answer := facts.get(installation.root_prefix):
            found.update(dict.fromkeys(answer.envs_dirs))
    found[str(home / ".conda" / "envs")] = None
    return tuple(dict.fromkeys(os.path.realpath(expand_home(each, home)) for each in found))


def tool_directories(home: Path) -> tuple[str, ...]:
    """The directories in a home whose children are environments of other tools, existing or not.

    What lies in them has no name to conda, so its prefix is its name here as well.
    """
    return tuple(str(home / each) for each in (".pixi/envs", ".conda/global/envs", ".conda/exec/envs", ".cg/envs"))


def children(envs_dir: str) -> Iterator[str]:
    """Every directory in an envs directory, symlinked ones included.

    Hidden ones are conda's own and are left out, except those that a removal has set aside.
    """
    try:
        with os.scandir(envs_dir) as entries:
            names = sorted(
                entry.name
                for entry in entries
                if (not entry.name.startswith(".") or set_aside_from(entry.path)) and _is_directory(entry)
            )
    except OSError:
        return
    yield from (os.path.join(envs_dir, name) for name in names)


def _is_directory(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:  # a link to itself
        return False


def search_root(root: str, clock: Callable[[], float] = time.monotonic) -> tuple[tuple[str, ...], bool]:
    """Search a directory for environments, six levels deep, symlinks not followed.

    The search reads only names of directories, and nothing inside an environment, those near the root first. Returns
    the prefixes, and whether the search saw everything (False past 20,000 directories, 1,000 prefixes or 10 seconds).
    """
    found: set[str] = set()
    seen = 0
    latest = clock() + _MOST_SECONDS
    waiting = deque([(os.path.realpath(root), 0)])
    while waiting:
        directory, depth = waiting.popleft()
        seen += 1
        if seen > _MOST_DIRECTORIES or len(found) > _MOST_PREFIXES or clock() > latest:
            return tuple(sorted(found)[:_MOST_PREFIXES]), False
        below = _subdirectories(directory)
        if "conda-meta" in below:
            found.add(directory)
            below = below & {"envs"}
        elif os.path.basename(directory) == "envs":
            found.update(child for child in children(directory) if _REMAINS & _subdirectories(child))
            continue
        if depth < _DEPTH:
            waiting.extend((os.path.join(directory, name), depth + 1) for name in sorted(below))
    return tuple(sorted(found)[:_MOST_PREFIXES]), len(found) <= _MOST_PREFIXES


def _subdirectories(directory: str) -> set[str]:
    try:
        with os.scandir(directory) as entries:
            return {entry.name for entry in entries if entry.is_dir(follow_symlinks=False)}
    except OSError:
        return set()


def merge(
    paths: Iterable[tuple[str, str]], roots: Iterable[str], envs_dirs: Iterable[str]
) -> tuple[PrefixPointer, ...]:
    """Merge (path, source) pairs and the root prefixes by real path, in the order of their first mention."""
    real_paths = RealPaths()
    root_prefixes = {os.path.realpath(root) for root in roots}
    directories = frozenset(envs_dirs)
    sources: dict[str, dict[str, None]] = {}
    aliases: dict[str, dict[str, None]] = {}
    for path, source in paths:
        absolute = os.path.normpath(path)
        if not os.path.isabs(absolute):
            continue
        real = real_paths.of(absolute)
        sources.setdefault(real, {})[source] = None
        # A link further up (/home -> /data/home) renames everything, so only a link in the last part is an alias.
        if real != absolute and os.path.islink(absolute):
            aliases.setdefault(real, {})[absolute] = None
    return tuple(
        PrefixPointer(
            prefix=real,
            aliases=tuple(aliases.get(real, ())),
            sources=tuple(by),
            envs_dir=_envs_dir(real, aliases.get(real, {}), directories),
            root=real in root_prefixes,
        )
        for real, by in sources.items()
    )


def _envs_dir(real: str, aliases: Iterable[str], envs_dirs: frozenset[str]) -> str | None:
    for path in (real, *aliases):
        parent = os.path.dirname(path)
        if parent in envs_dirs or os.path.realpath(parent) in envs_dirs:
            return parent
    return None
