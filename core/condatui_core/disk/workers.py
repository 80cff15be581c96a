"""The worker processes of a walk: forked, connected by pipes, and given one task at a time."""

from __future__ import annotations

import os
import pickle
import select
import signal
import traceback
from array import array
from collections import defaultdict, deque
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from pathlib import Path
from typing import BinaryIO, Generic, TypeVar

from msgspec import Struct, field
from msgspec.structs import replace

from condatui_core.disk.messages import PlaceRequest
from condatui_core.disk.scan import ROOT, Rechecked, Scanner, SeenInodes, changed_rows, has_rows_of_files, read_again
from condatui_core.disk.tree import InodeTree, ScanProblem
from condatui_core.disk.tree_store import TreeFile

# A forked process and its two pipes: a tenth of what multiprocessing would import


_Sent = TypeVar("_Sent")
_Received = TypeVar("_Received")

_LENGTH = 8


class Pipe(Generic[_Sent, _Received]):
    """One end of a connection that sends and receives whole objects."""

    def __init__(self, incoming: BinaryIO, outgoing: BinaryIO) -> None:
        self._incoming = incoming
        self._outgoing = outgoing

    def fileno(self) -> int:
        """The descriptor on which `select` waits for the next object."""
        return self._incoming.fileno()

    def send(self, message: _Sent) -> None:
        """Send an object; raises BrokenPipeError if the other process has ended."""
        data = pickle.dumps(message, pickle.HIGHEST_PROTOCOL)
        self._outgoing.write(len(data).to_bytes(_LENGTH, "big"))
        self._outgoing.write(data)
        self._outgoing.flush()

    def receive(self) -> _Received:
        """Wait for an object; raises EOFError if the other process has ended."""
        length = int.from_bytes(self._incoming.read(_LENGTH), "big")
        data = self._incoming.read(length)
        if not length or len(data) < length:
            raise EOFError("the other process has ended")
        received: _Received = pickle.loads(data)  # from a child of this very process
        return received

    def close(self) -> None:
        """Close the pipes."""
        self._incoming.close()
        self._outgoing.close()


class Forked(Pipe[_Sent, _Received]):
    """The parent's end of the connection to a forked process."""

    def __init__(
        self, serve: Callable[[Pipe[_Received, _Sent]], None], *, apart_from: list[Forked[_Sent, _Received]]
    ) -> None:
        """Fork a process that runs only `serve`; the calling process must have no threads.

        The child closes its siblings' pipes: an end left open there would hide that a sibling has ended.
        """
        to_child, to_parent = os.pipe(), os.pipe()
        self.pid = os.fork()
        if not self.pid:
            status = 1
            try:
                for ours in (to_child[1], to_parent[0]):
                    os.close(ours)
                for sibling in apart_from:
                    sibling.close()
                serve(Pipe(os.fdopen(to_child[0], "rb"), os.fdopen(to_parent[1], "wb")))
                status = 0
            finally:
                if status:
                    traceback.print_exc()
                os._exit(status)
        for theirs in (to_child[0], to_parent[1]):
            os.close(theirs)
        super().__init__(os.fdopen(to_parent[0], "rb"), os.fdopen(to_child[1], "wb"))

    def end(self) -> None:
        """Kill the process."""
        os.kill(self.pid, signal.SIGKILL)
        os.waitpid(self.pid, 0)
        self.close()


# Workers


_SECONDS = 0.2
"""Seconds that one task may take before the rest of it becomes new tasks."""


class MetInodes(Struct, frozen=True):
    """Inodes with several links on one device that a worker has met for the first time."""

    device: int
    inodes: array[int]
    trusted: bool
    """As in SeenInodes."""


class Task(Struct, frozen=True):
    """A place, or a part of one, to walk."""

    number: int
    """The index of the place."""
    place: PlaceRequest
    now: int
    starts: tuple[bytes, ...] = ()
    """The paths to scan; empty for the whole place, which may have a kept tree."""
    kept_in: Path | None = None
    """The directory of kept trees; None to read everything."""
    met: tuple[MetInodes, ...] = ()
    """What other workers have met meanwhile."""


class Found(Struct, frozen=True):
    """The result of a task."""

    task: Task
    rechecked: Rechecked | None
    """None if the place is unchanged."""
    problems: tuple[ScanProblem, ...] = ()
    """The problems of an unchanged place."""
    rest: list[bytes] = field(default_factory=list)
    """The paths that are still to be scanned."""
    worker: int = 0
    """The process that has carried it out."""
    met: tuple[MetInodes, ...] = ()
    """What it has met."""


def serve(dealer: Pipe[Found, Task]) -> None:
    """Carry out tasks until the parent process has ended."""
    seen: defaultdict[int, SeenInodes] = defaultdict(SeenInodes)
    try:
        while True:
            task = dealer.receive()
            for each in task.met:
                seen[each.device].inodes.update(each.inodes)
                seen[each.device].trusted &= each.trusted
            found = carry_out(replace(task, met=()), seen)
            dealer.send(replace(found, worker=os.getpid(), met=_met(found, seen)))
    except (EOFError, BrokenPipeError):
        return


def _met(found: Found, seen: Mapping[int, SeenInodes]) -> tuple[MetInodes, ...]:
    new = found.rechecked.inodes if found.rechecked else {}
    return tuple(MetInodes(device, table.inodes, seen[device].trusted) for device, table in new.items())


def carry_out(task: Task, seen: defaultdict[int, SeenInodes]) -> Found:
    """Work on a task for a limited time."""
    if task.kept_in and not task.starts and (found := _recheck(task, TreeFile(task.kept_in, task.place.path), seen)):
        return found
    scanner = _scanner(task, seen)
    rest = scanner.scan(task.starts or (ROOT,), seconds=_SECONDS)
    return Found(task, Rechecked(scanner.tree, inodes=scanner.inodes), rest=rest)


def _recheck(task: Task, kept: TreeFile, seen: defaultdict[int, SeenInodes]) -> Found | None:
    """Bring a kept tree up to date; None if there is no usable one."""
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
    if task.place.cache:  # a changed file with its own row is found again in its directory
        reread.update(filter(has_rows_of_files, {os.path.dirname(tree.paths[row]) for row in rows}))
    rows.update(row for row, path in enumerate(tree.paths) if path in reread)
    return Found(
        task, read_again(task.place.path, tree, rows, lambda known: _scanner(task, seen, known), also_gone=came)
    )


def refresh(task: Task, tree: InodeTree, rows: Collection[int]) -> Rechecked:
    """Read unchanged rows again, because link counts of their files have changed through other places."""
    return read_again(task.place.path, tree, rows, lambda known: _scanner(task, defaultdict(SeenInodes), known))


def _scanner(task: Task, seen: defaultdict[int, SeenInodes], known: Collection[bytes] = ()) -> Scanner:
    skip = {*task.place.skip, *known}
    if not task.place.cache:
        return Scanner(task.place.path, seen, now=task.now, skip=skip)
    return Scanner(task.place.path, seen, now=task.now, rows_of_files=has_rows_of_files, skip=skip)


# Distribution of tasks: an idle worker gets the next one, and the rest of a task becomes new tasks


class MetByWorkers:
    """What the workers have met; each of them is told with its next task what others have, and need not lstat it."""

    def __init__(self) -> None:
        self._met: list[tuple[int, MetInodes]] = []
        self._told: dict[int, int] = {}

    def add(self, worker: int, met: Iterable[MetInodes]) -> None:
        """Take in what a worker has met, once its parent has what lstat says of it."""
        self._met += ((worker, each) for each in met)

    def tell(self, worker: int, task: Task) -> Task:
        """The task with what others have met since the last task of this worker."""
        known, self._told[worker] = self._told.get(worker, 0), len(self._met)
        return replace(task, met=tuple(each for finder, each in self._met[known:] if finder != worker))


def carry_out_all(tasks: Iterable[Task], workers: int) -> Iterator[Found]:
    """Carry out tasks and their rests in worker processes; yields each result as it arrives.

    The workers are forked, so the calling process must have no threads. Raises EOFError if a worker dies.
    """
    waiting, met = deque(tasks), MetByWorkers()

    def take_in(found: Found) -> None:
        met.add(found.worker, found.met)
        # The rest becomes two tasks at the front of the queue, so that started places are finished first.
        halves = (found.rest[::2], found.rest[1::2])
        waiting.extendleft(replace(found.task, starts=tuple(half)) for half in halves if half)

    return deal(waiting, workers, serve, brief=met.tell, take_in=take_in)


def _as_it_is(_: int, piece: _Sent) -> _Sent:
    return piece


def _ignore(_: object) -> None:
    pass


def deal(
    work: Iterable[_Sent],
    workers: int,
    serve: Callable[[Pipe[_Received, _Sent]], None],
    *,
    brief: Callable[[int, _Sent], _Sent] = _as_it_is,
    take_in: Callable[[_Received], None] = _ignore,
) -> Iterator[_Received]:
    """Deal pieces of work to forked processes that `serve`; yields each result as it arrives.

    `brief` completes a piece for the process of this number when its turn comes. `take_in` gets each result before more
    work is dealt, to which it may add if `work` is a deque; workers do not wait for what becomes of the result. The
    calling process must have no threads. Raises EOFError if a worker dies.
    """
    waiting = work if isinstance(work, deque) else deque(work)
    idle: list[Forked[_Sent, _Received]] = []
    for _ in range(workers):
        idle.append(Forked(serve, apart_from=idle))
    everyone, busy, results = list(idle), list[Forked[_Sent, _Received]](), list[_Received]()
    try:
        while waiting or busy:
            while waiting and idle:
                worker = idle.pop()
                worker.send(brief(worker.pid, waiting.popleft()))
                busy.append(worker)
            yield from results
            results = []
            for worker in select.select(busy, (), ())[0]:
                received = worker.receive()
                busy.remove(worker)
                idle.append(worker)
                take_in(received)
                results.append(received)
        yield from results
    finally:
        for worker in everyone:
            worker.end()
