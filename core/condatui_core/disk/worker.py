"""One of the processes that look at the disk: it takes a piece of work at a time and gives back what it found."""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Collection
from pathlib import Path

from msgspec import Struct, field

from condatui_core.disk.channel import Channel
from condatui_core.disk.messages import PlaceRequest
from condatui_core.disk.recheck import Rechecked, changed_rows, read_again
from condatui_core.disk.scan import OF_A_CACHE, ROOT, Met, Scanner
from condatui_core.disk.tree import Problem, Tree
from condatui_core.disk.tree_file import TreeFile

_SECONDS = 0.2
"""How long one piece of work may take before what is left of it is dealt anew."""


class Task(Struct, frozen=True):
    """Walk a place, or a part of one."""

    number: int
    """Of the place."""
    place: PlaceRequest
    now: int
    starts: tuple[bytes, ...] = ()
    """What to scan; nothing for the whole of a place, of which a tree may have been kept."""
    kept_in: Path | None = None
    """Where trees are kept; None to read everything."""


class Found(Struct, frozen=True):
    """What came of a task."""

    task: Task
    rechecked: Rechecked | None
    """None if the place is as it was."""
    problems: tuple[Problem, ...] = ()
    """Of a place that is as it was."""
    rest: list[bytes] = field(default_factory=list)
    """What is still to be scanned."""


def serve(dealer: Channel[Found, Task]) -> None:
    """Carry out tasks until nobody is there to give one or to take what was found."""
    met: defaultdict[int, Met] = defaultdict(Met)
    try:
        while True:
            dealer.send(carry_out(dealer.receive(), met))
    except (EOFError, BrokenPipeError):
        return


def carry_out(task: Task, met: defaultdict[int, Met]) -> Found:
    """Walk what a task says, for a while."""
    if task.kept_in and not task.starts and (found := _recheck(task, TreeFile(task.kept_in, task.place.path), met)):
        return found
    scanner = _scanner(task, met)
    rest = scanner.scan(task.starts or (ROOT,), seconds=_SECONDS)
    return Found(task, Rechecked(scanner.tree, inodes=scanner.inodes), rest=rest)


def _recheck(task: Task, kept: TreeFile, met: defaultdict[int, Met]) -> Found | None:
    """Bring a kept tree up to date; None if there is none that is of any use."""
    loaded = kept.load_rows()
    if loaded is None:
        return None
    tree, skipped = loaded
    try:
        rows = set(changed_rows(task.place.path, tree))
    except OSError:
        return None
    came, went = set(task.place.skip).difference(skipped), set(skipped).difference(task.place.skip)
    if not rows and not came and not went:
        return Found(task, None, tuple(tree.problems))
    if not kept.load_links(tree):
        return None
    reread = {os.path.dirname(path) for path in went}
    if task.place.cache:  # a file with a row of its own that has changed is found again where it is listed
        reread.update(OF_A_CACHE)
    rows.update(row for row, path in enumerate(tree.paths) if path in reread)
    return Found(
        task, read_again(task.place.path, tree, rows, lambda known: _scanner(task, met, known), also_gone=came)
    )


def refresh(task: Task, tree: Tree, rows: Collection[int]) -> Rechecked:
    """Read rows again that have not changed, because links that they share with others have gone there."""
    return read_again(task.place.path, tree, rows, lambda known: _scanner(task, defaultdict(Met), known))


def _scanner(task: Task, met: defaultdict[int, Met], known: Collection[bytes] = ()) -> Scanner:
    rows_of_files = OF_A_CACHE if task.place.cache else ()
    return Scanner(task.place.path, met, now=task.now, rows_of_files=rows_of_files, skip={*task.place.skip, *known})
