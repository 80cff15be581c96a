"""What is stored twice: a search by records against the walk, and against tools that read what has one size."""

from __future__ import annotations

import asyncio
import os
import shutil
from collections.abc import Callable, Generator, Iterator, Sequence
from functools import partial
from pathlib import Path

from bench.disk import walk
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

_RUNS, _COPIES, _FEW = 3, 5, 20


def relink(tree: Tree, scratch: Path) -> Iterator[Line]:
    """Search a tree and copies of some of its environments, few among many and many among few; with warm caches."""
    copies = [_copied(each, scratch / "copies" / each.name) for each in tree.prefixes[:_COPIES]]
    took, found = yield from _against_the_walk([*tree.prefixes, *copies], tree)
    yield Line("  what joining it frees", format_bytes(found.frees))
    yield from _others([*map(str, (*tree.prefixes, *copies)), str(tree.envs.parent / "pkgs")], took)
    yield from _against_the_walk([*tree.prefixes[: _FEW - _COPIES], *copies], tree)


def _against_the_walk(prefixes: Sequence[Path], tree: Tree) -> Generator[Line, None, tuple[float, RelinkSurvey]]:
    """Search some environments and their package cache, and walk the same, in turn; returns seconds and findings."""
    environments = [Environment(name=each.name, prefix=str(each), contents=_contents(each)) for each in prefixes]
    cache = DiskPlace(path=str(tree.envs.parent / "pkgs"), cache=True)
    places = (*(DiskPlace(path=str(each)) for each in prefixes), cache)
    rules = RelinkRules(user=os.geteuid(), methods=((os.stat(tree.envs).st_dev, "hardlink"),))
    found: list[RelinkSurvey] = []

    async def searched() -> None:  # asyncio.run would put a result that it returned into words
        found.append(await survey_same_files(environments, places, rules, kept=None, environ=os.environ))

    async def walked() -> None:
        await walk(places, None)

    walks, searches = [], []
    for _ in range(_RUNS):
        walks.append(_times(lambda: asyncio.run(walked())))
        searches.append(_times(lambda: asyncio.run(searched())))
    (usual, usual_cpu), (took, cpu) = (tuple(map(median, zip(*each, strict=True))) for each in (walks, searches))
    yield Line(
        f"what {len(prefixes)} environments store twice, {_COPIES} of them copies",
        f"{took:.2f} s = {took / usual:.2f} walks",
        "at most 2",
    )
    yield Line("  by the seconds of the processors", f"{cpu:.2f} s = {cpu / usual_cpu:.2f} walks", "at most 2")
    return took, found[-1]


def _times(action: Callable[[], object]) -> tuple[float, float]:
    """How long an action takes by the clock, and how many seconds of processors, those of its processes among them."""
    before = os.times()
    took = seconds(action)
    return took, sum(os.times()[:4]) - sum(before[:4])


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
