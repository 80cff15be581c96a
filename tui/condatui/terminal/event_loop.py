"""An event loop that other threads let run first: what is drawn and typed goes before what is read beside it.

Python lets one thread at a time run, and another one asks for its turn after the switch interval. A thread that parses
would take every second turn from a key press, which needs dozens of them, and on a busy machine each turn has to wait
for a processor besides. So the loop asks for its turn soon, and is asked for it late.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Coroutine
from selectors import DefaultSelector, SelectorKey

_SOON, _LATE = 0.0005, 0.02
"""The switch interval while the loop waits for something to do, and while it does it, in seconds."""


class _Selector(DefaultSelector):
    """Waits for events with one switch interval, and handles them with another."""

    def select(self, timeout: float | None = None) -> list[tuple[SelectorKey, int]]:
        sys.setswitchinterval(_SOON)
        try:
            return super().select(timeout)
        finally:
            sys.setswitchinterval(_LATE)


def run_first(coroutine: Coroutine[object, object, None]) -> None:
    """Run a coroutine to its end as `asyncio.run` does, in a loop that goes before all other threads."""
    former = sys.getswitchinterval()
    try:
        if sys.version_info >= (3, 11):
            with asyncio.Runner(loop_factory=lambda: asyncio.SelectorEventLoop(_Selector())) as runner:
                runner.run(coroutine)
        else:
            sys.setswitchinterval(_SOON)
            asyncio.run(coroutine)
    finally:
        sys.setswitchinterval(former)
