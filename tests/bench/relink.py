"""What is stored twice: a search by records against the walk, and against tools that read what has one size."""

from __future__ import annotations

import asyncio
import os
import shutil
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from bench.disk import places_of, walk
from bench.measure import Line, median, run, seconds
from bench.tree import Tree
from condatui_core.disk.same_files import survey_same_files
from condatui_core.prefixes.prefix import read_prefix
from condatui_core.prefixes.site_packages import site_packages_candidates
from condatui_core.records.disk import DiskPlace
from condatui_core.records.environment import Environment
from condatui_core.records.prefix import PrefixContents
from condatui_core.records.relinking import RelinkRules, RelinkSurvey
from condatui_core.text import format_bytes

_RUNS, _COPIES = 3, 5


def relink(tree: Tree, scratch: Path) -> Iterator[Line]:
    """Search a tree and copies of some of its environments; all with warm caches."""
    copies = [_copied(each, scratch / "copies" / each.name) for each in tree.prefixes[:_COPIES]]
    prefixes = (*tree.prefixes, *copies)
    environments = [Environment(name=each.name, prefix=str(each), contents=_contents(each)) for each in prefixes]
    places = (*places_of(tree.envs), *(DiskPlace(path=str(each)) for each in copies))
    rules = RelinkRules(user=os.geteuid(), methods=((os.stat(scratch).st_dev, "hardlink"),))

    def searched() -> RelinkSurvey:
        return asyncio.run(survey_same_files(environments, places, rules, kept=None, environ=os.environ))

    walks, searches = [], []
    for _ in range(_RUNS):
        walks.append(seconds(lambda: asyncio.run(walk(places, None))))
        searches.append(seconds(searched))
    usual, took = median(walks), median(searches)
    found = searched()
    yield Line(
        f"what {len(prefixes)} environments store twice, {_COPIES} of them copies",
        f"{took:.2f} s = {took / usual:.2f} walks",
        "at most 2",
    )
    yield Line("  what joining it frees", format_bytes(found.frees))
    yield from _others([*map(str, prefixes), str(tree.envs.parent / "pkgs")], took)


def _others(paths: list[str], took: float) -> Iterator[Line]:
    """The tools that are installed here, told to change nothing."""
    for argv in (
        ["hardlink", "-n", "-q", "-s", "4096"],
        ["rdfind", "-dryrun", "true", "-minsize", "4096", "-makeresultsfile", "false"],
        ["jdupes", "-r", "-q", "-m", "-X", "size-:4095"],
    ):
        if shutil.which(argv[0]):
            others = seconds(partial(run, [*argv, *paths], os.environ))
            yield Line(f"  {argv[0]} on the same", f"{others:.2f} s = {others / took:.1f} times that")


def _copied(prefix: Path, target: Path) -> Path:
    shutil.copytree(prefix, target, symlinks=True)
    return target


def _contents(prefix: Path) -> PrefixContents:
    return read_prefix(str(prefix), site_packages_candidates(str(prefix)))
