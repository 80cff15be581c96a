"""Work dealt to processes: whoever is free gets the next piece, and what is left of a piece is dealt anew."""

from __future__ import annotations

import select
from collections import deque
from collections.abc import Iterable, Iterator

from msgspec.structs import replace

from condatui_core.disk.channel import Forked
from condatui_core.disk.worker import Found, Task, serve


def carry_out_all(tasks: Iterable[Task], workers: int) -> Iterator[Found]:
    """Carry out tasks and what they leave over; each result as it comes.

    The workers are forked, so this is for a process that has no threads. A worker that dies is an EOFError.
    """
    waiting = deque(tasks)
    idle: list[Forked[Task, Found]] = []
    for _ in range(workers):
        idle.append(Forked(serve, apart_from=idle))
    everyone, busy = list(idle), list[Forked[Task, Found]]()
    try:
        while waiting or busy:
            while waiting and idle:
                idle[-1].send(waiting.popleft())
                busy.append(idle.pop())
            for worker in select.select(busy, (), ())[0]:
                found = worker.receive()
                busy.remove(worker)
                idle.append(worker)
                # Two halves, and before all others: what was begun is finished first.
                halves = (found.rest[::2], found.rest[1::2])
                waiting.extendleft(replace(found.task, starts=tuple(half)) for half in halves if half)
                yield found
    finally:
        for worker in everyone:
            worker.end()
