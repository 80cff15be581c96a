"""Whose turn it is: in the order in which they asked, whatever each of them does meanwhile."""

from __future__ import annotations

import asyncio


class Turns:
    """Gives turns, one at a time. It lives on one event loop."""

    def __init__(self) -> None:
        self._waiting: dict[object, asyncio.Event] = {}

    def ask(self) -> Turn:
        """Get in line."""
        turn = Turn(self)
        self._waiting[turn] = asyncio.Event()
        self._next()
        return turn

    async def wait(self, turn: object) -> None:
        """Return when it is somebody's turn, who must still be in line."""
        await self._waiting[turn].wait()

    def leave(self, turn: object) -> None:
        """Make room for the next; may be called twice."""
        self._waiting.pop(turn, None)
        self._next()

    def _next(self) -> None:
        for event in self._waiting.values():
            event.set()
            return


class Turn:
    """A place in the line."""

    def __init__(self, turns: Turns) -> None:
        self._turns = turns

    async def come(self) -> None:
        """Return when it is its turn."""
        await self._turns.wait(self)

    def leave(self) -> None:
        """Make room for the next, whether it was its turn or not; may be called twice."""
        self._turns.leave(self)
