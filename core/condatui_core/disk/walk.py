"""The process that walks: `python -m condatui_core.disk.walk`, a request on stdin, progress and a result on stdout."""

from __future__ import annotations

import os
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Mapping
from pathlib import Path

from msgspec import Struct
from msgspec.structs import replace

from condatui_core.disk.holders import table_of
from condatui_core.disk.inode_index import ByDevice, FoundPlace, InodeIndex, look_up, united
from condatui_core.disk.messages import WalkProgress, WalkRequest, WalkResult, WalkSizes, pack, read_request
from condatui_core.disk.tree import InodeTable
from condatui_core.disk.tree_store import DamagedStoreError, TreeStore
from condatui_core.disk.workers import Found, Task, carry_out_all
from condatui_core.records.disk import LinkTable

_TELL_SECONDS = 0.1
_NICENESS = 5
"""Whoever presses keys, here or in another program, goes first."""


class Walk:
    """One walk over all places of a request."""

    def __init__(self, request: WalkRequest, tell: Callable[[Struct], None]) -> None:
        store = TreeStore(Path(os.fsdecode(request.directory)), request.places) if request.directory else None
        self._store = store
        self._workers = request.workers
        self._tell = tell
        self._told = time.monotonic()
        kept_in = store.directory if store and not request.anew and store.whole() else None
        tasks = [Task(number, place, request.now, (), kept_in) for number, place in enumerate(request.places)]
        self._places = [FoundPlace(task) for task in tasks]
        self._parts = [1] * len(tasks)
        """How many pieces of each place are still being walked."""
        self._lost: ByDevice = defaultdict(set)
        self._inodes = InodeIndex()
        self._measured: list[WalkSizes] = []

    def run(self) -> None:
        """Walk, tell what came of it, and keep what was found for the next time."""
        # Package caches first: they are the largest, and the last place walked should be a small one.
        tasks = sorted((place.task for place in self._places), key=lambda task: not task.place.cache)
        for found in carry_out_all(tasks, self._workers):
            self._take(found)
        if self._store and not any(place.changed for place in self._places) and (table := self._store.table()):
            self._tell(self._result(table))
            return
        kept = self._bring_together()
        trees = [place.tree for place in self._places]
        table = table_of([place.task.place for place in self._places], trees, (self._inodes.found, kept))
        self._tell(self._result(table))
        if self._store:
            changed = [number for number, place in enumerate(self._places) if place.changed]
            self._store.save(trees, changed, united(self._inodes.found, kept, trees), table)

    def _take(self, found: Found) -> None:
        number, rechecked = found.task.number, found.rechecked
        place = self._places[number]
        self._parts[number] += bool(found.rest[::2]) + bool(found.rest[1::2]) - 1
        if rechecked is None:
            place.changed = False
            place.tree.problems += found.problems
        else:
            self._inodes.add(rechecked.inodes)
            if place.tree.paths:
                place.tree.extend(rechecked.tree)
            else:
                place.tree, place.fresh_from = rechecked.tree, rechecked.fresh_from
                self._lose(rechecked.lost)
            if not self._parts[number] and not place.fresh_from:
                self._measured.append(self._inodes.sizes_of(number, place.tree))
        if time.monotonic() - self._told > _TELL_SECONDS:
            self._told = time.monotonic()
            self._tell(WalkProgress(self._entries(), tuple(self._measured)))
            self._measured.clear()

    def _bring_together(self) -> dict[int, InodeTable]:
        """Let trees of different walks fit together; returns what was known of inodes before this one, by device."""
        if not self._store or all(place.changed and not place.fresh_from for place in self._places):
            return {}
        for place in self._places:
            if not place.changed:
                place.tree = self._store.load(place.task.number)
                place.fresh_from = len(place.tree.paths)
        for tree in self._store.gone():
            self._lose({device: set(links.inodes) for device, links in tree.links.items()})
        look_up(self._places, self._lost, self._inodes.found)
        return self._store.inodes()

    def _lose(self, lost: Mapping[int, set[int]]) -> None:
        for device, inodes in lost.items():
            self._lost[device].update(inodes)

    def _entries(self) -> int:
        return sum(place.tree.entries for place in self._places)

    def _result(self, table: LinkTable) -> WalkResult:
        problems = ((number, tuple(place.tree.problems)) for number, place in enumerate(self._places))
        return WalkResult(self._entries(), table, tuple(each for each in problems if each[1]))


def walk(request: WalkRequest, tell: Callable[[Struct], None]) -> None:
    """Serve a request: tell progress, and the result at last."""
    try:
        Walk(request, tell).run()
    except DamagedStoreError:
        Walk(replace(request, anew=True), tell).run()


def main() -> None:
    """Serve one request."""
    request = read_request(sys.stdin.buffer)
    os.nice(_NICENESS)
    answers = sys.stdout.buffer

    def tell(message: Struct) -> None:
        answers.write(pack(message))
        answers.flush()

    try:
        walk(request, tell)
    except BrokenPipeError:  # nobody wants to know any more
        os.dup2(os.open(os.devnull, os.O_WRONLY), answers.fileno())


if __name__ == "__main__":
    main()
