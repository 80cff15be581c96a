"""The event loop goes before other threads while it has something to do, and asks for its turn soon."""

from __future__ import annotations

import asyncio
import sys

import pytest

from condatui.terminal.event_loop import run_first


@pytest.mark.skipif(sys.version_info < (3, 11), reason="asyncio takes no other loop before 3.11")
def test_other_threads_ask_for_their_turn_late_while_the_loop_works_and_it_asks_soon() -> None:
    former = sys.getswitchinterval()

    def sees_it_wait() -> bool:
        return any(sys.getswitchinterval() < former for _ in range(10_000_000))

    async def work() -> None:
        assert sys.getswitchinterval() > former
        assert await asyncio.to_thread(sees_it_wait)

    run_first(work())
    assert sys.getswitchinterval() == former


def test_what_fails_in_the_loop_reaches_whoever_runs_it() -> None:
    async def fail() -> None:
        raise OSError("no terminal")

    with pytest.raises(OSError, match="no terminal"):
        run_first(fail())
