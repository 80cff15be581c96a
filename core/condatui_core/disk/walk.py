"""The walk's process, `python -m condatui_core.disk.walk`: a request on stdin, progress and a result on stdout."""

from __future__ import annotations

import gc
import os
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Mapping
from pathlib import Path

from msgspec import Struct
from msgspec.structs import replace

from condatui_core.disk.block_walk import BlockWalk
from condatui_core.disk.inode_index import ByDevice, FoundPlace, InodeIndex, look_up, united
from condatui_core.disk.link_table import LinkTableBuilder, table_of
from condatui_core.disk.messages import WalkProgress, WalkRequest, WalkResult, WalkSizes, pack, read_request
from condatui_core.disk.patience import processes_for
from condatui_core.disk.shared_blocks import Blocks
from condatui_core.disk.tree import InodeTable
from condatui_core.disk.tree_store import DamagedStoreError, TreeStore
from condatui_core.disk.workers import Found, Task, carry_out_all
from condatui_core.fs.mounts import Mount
from condatui_core.records.disk import LinkTable

_REPORT_SECONDS = 0.1
_BLOCKS_HOLD = 600_000_000_000
"""Nanoseconds for which it is believed that files share the blocks that they shared, if no directory changes."""
_NICENESS = 5
"""Interactive programs, condatui among them, get the processor first."""


class Walk:
    """One walk over all places of a request."""

    def __init__(self, request: WalkRequest, send: Callable[[Struct], None]) -> None:
        store = TreeStore(Path(os.fsdecode(request.directory)), request.places) if request.directory else None
        self._store = store
        self._workers = processes_for(
            [each.path for each in request.places], computing=request.workers, waiting=request.most_workers
        )
        self._interim = request.interim
        self._send = send
        self._last_sent = time.monotonic()
        kept_in = store.directory if store and not request.anew and store.whole() else None
        tasks = [Task(number, place, request.now, (), kept_in) for number, place in enumerate(request.places)]
        self._places = [FoundPlace(task) for task in tasks]
        mounts = [Mount(os.fsdecode(each.point), each.kind, source=os.fsdecode(each.source)) for each in request.mounts]
        self._block_walk = BlockWalk(self._places, mounts)
        self._now = request.now
        self._parts = [1] * len(tasks)
        """For each place, the number of tasks that are not finished."""
        self._paths: dict[bytes, bytes] = {}
        """Paths in prefixes, which environments have in common: kept once, since they are most of what a tree takes."""
        self._lost: ByDevice = defaultdict(set)
        self._inodes = InodeIndex(may_look_up=request.interim)
        self._measured: list[WalkSizes] = []
        self._builder = None if kept_in else LinkTableBuilder(request.places)
        """Builds the table while the places are walked, unless a kept tree may change at the end."""
        overwrites = store is not None and store.whole()  # then a walk that is ended early leaves them as they are
        self._puts_away = self._builder is not None and not overwrites and not self._block_walk.needed
        """Whether trees are written as soon as they are whole: five million links would take a hundred megabytes."""

    def run(self) -> None:
        """Walk, send the result, and keep the trees for the next walk."""
        # Package caches first: they are the largest, and the last place to be walked should be a small one.
        tasks = sorted((place.task for place in self._places), key=lambda task: not task.place.cache)
        for found in carry_out_all(tasks, self._workers):
            self._take(found)
        if not any(place.changed for place in self._places) and (table := self._kept_table()):
            self._send(self._result(table))
            return
        kept = self._reconcile()
        trees = [place.tree for place in self._places]
        table = self._table((self._inodes.found, kept))
        self._send(self._result(table))
        if self._store:
            changed = [] if self._puts_away else [number for number, each in enumerate(self._places) if each.changed]
            self._store.save(trees, changed, united(self._inodes.found, kept, trees), table)

    def _kept_table(self) -> LinkTable | None:
        """The table of the last walk, unless files may share other blocks by now: no time stamp tells that."""
        table = self._store.table() if self._store else None
        if table is None or not self._block_walk.needed:
            return table
        return table if 0 <= self._now - table.blocks_read < _BLOCKS_HOLD else None

    def _table(self, inodes: tuple[Mapping[int, InodeTable], ...]) -> LinkTable:
        if not self._block_walk.needed:
            return self._made(inodes, None)
        found = self._block_walk.read(self._workers)
        return replace(self._made(inodes, found.blocks), doubts=found.doubts, blocks_read=self._now)

    def _made(self, inodes: tuple[Mapping[int, InodeTable], ...], blocks: Blocks | None) -> LinkTable:
        if self._builder:
            return self._builder.made(inodes, blocks)
        places, trees = [place.task.place for place in self._places], [place.tree for place in self._places]
        return table_of(places, trees, inodes, blocks)

    def _take(self, found: Found) -> None:
        number, rechecked = found.task.number, found.rechecked
        place = self._places[number]
        self._parts[number] += bool(found.rest[::2]) + bool(found.rest[1::2]) - 1
        if rechecked is None:
            place.changed = False
            place.tree.problems += found.problems
        else:
            self._inodes.add(rechecked.inodes)
            if not place.task.place.cache and not self._puts_away:
                rechecked.tree.paths = [self._paths.setdefault(each, each) for each in rechecked.tree.paths]
            if place.tree.paths:
                place.tree.extend(rechecked.tree)
            else:
                place.tree, place.fresh_from = rechecked.tree, rechecked.fresh_from
                self._lose(rechecked.lost)
            if self._builder and not self._parts[number]:
                self._builder.add_place(number, place.tree)
            whole = self._interim and not self._parts[number] and not place.fresh_from
            if whole and not self._block_walk.lies_there(number):  # else it is not known yet what its links do not tell
                self._measured.append(self._inodes.sizes_of(number, place.tree))
            if self._puts_away and not self._parts[number]:
                if self._store:
                    self._store.put(number, place.tree)
                place.tree.forget_columns()
        if time.monotonic() - self._last_sent > _REPORT_SECONDS:
            self._last_sent = time.monotonic()
            self._send(WalkProgress(self._entries(), tuple(self._measured)))
            self._measured.clear()

    def _reconcile(self) -> dict[int, InodeTable]:
        """Make trees of different walks fit together; returns the kept facts about inodes, by device."""
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


def walk(request: WalkRequest, send: Callable[[Struct], None]) -> None:
    """Serve a request: send progress, and finally the result."""
    try:
        Walk(request, send).run()
    except DamagedStoreError:
        Walk(replace(request, anew=True), send).run()


def main() -> None:
    """Serve the request on stdin."""
    request = read_request(sys.stdin.buffer)
    os.nice(_NICENESS)
    gc.disable()  # a million small objects, and no cycles among them
    answers = sys.stdout.buffer

    def send(message: Struct) -> None:
        answers.write(pack(message))
        answers.flush()

    try:
        walk(request, send)
    except BrokenPipeError:  # the parent process has stopped reading
        os.dup2(os.open(os.devnull, os.O_WRONLY), answers.fileno())
    os._exit(0)  # all is sent and saved; to free a million small objects would take as long as a second walk


if __name__ == "__main__":
    main()
