"""Leaves on SIGTERM and SIGHUP: in order while the event loop answers, and by an exception once it does not."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from threading import Event, Thread
from types import FrameType

_SIGNALS = tuple(getattr(signal, name) for name in ("SIGTERM", "SIGHUP") if hasattr(signal, name))
_GRACE = 5.0
"""Seconds without an answer after which the event loop counts as stuck."""
_PACE = 1.0
"""Seconds between two questions to an event loop that answers."""


@contextmanager
def leaving_on_signals(leave: Callable[[int], None], *, grace: float = _GRACE) -> Iterator[None]:
    """Call `leave` on the running event loop, with the exit code, when a signal asks this process to end.

    An event loop that does not answer for `grace` seconds is left by SystemExit: what runs on it is cancelled.
    """
    watch = _Watch(asyncio.get_running_loop(), leave, grace)
    before = {}
    with suppress(ValueError):  # outside the main thread there are no signals
        before = {number: signal.signal(number, watch.take) for number in _SIGNALS}
    try:
        yield
    finally:
        watch.over.set()
        for number, handler in before.items():
            signal.signal(number, handler)


class _Watch:
    """Hears signals by the `signal` module, whose handlers run between two instructions, even of an endless loop."""

    def __init__(self, loop: asyncio.AbstractEventLoop, leave: Callable[[int], None], grace: float) -> None:
        self.over = Event()
        """Set once the app has ended."""
        self._loop = loop
        self._leave = leave
        self._grace = grace
        self._stuck = False
        self._leaving = False

    def take(self, number: int, _frame: FrameType | None) -> None:
        """Begin to leave; if the event loop is stuck, leave it by an exception."""
        if self._stuck:
            raise SystemExit(128 + number)
        if not self._leaving:
            self._leaving = True
            self._loop.call_soon_threadsafe(self._leave, 128 + number)
            Thread(target=self._ask, args=(number,), daemon=True).start()

    def _ask(self, number: int) -> None:
        """Ask the event loop for an answer, again and again; while there is none, send the signal again."""
        while not self.over.wait(0 if self._stuck else _PACE):
            answered = Event()
            try:
                self._loop.call_soon_threadsafe(answered.set)
            except RuntimeError:  # the loop is closed
                return
            if not answered.wait(self._grace):
                self._stuck = True
                os.kill(os.getpid(), number)
