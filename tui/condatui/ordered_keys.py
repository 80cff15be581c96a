"""Keys that arrive together, as they do over a slow line, take effect in their order."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from textual import events, on
from textual.app import App
from textual.message import Message

_LONGEST = 1.0
"""Seconds after which the keys are let go on, should what they wait for have got lost with its widget."""


class _KeyTurn(Message):
    """Goes the way that key presses go, from the widget that has the focus up to the app, and so arrives after them."""

    def __init__(self, act: Callable[[], Awaitable[None]]) -> None:
        super().__init__()
        self.act = act


class OrderedKeys(App[None]):
    """An app in which a key that opens something waits for the keys before it, and those after it wait for it.

    A key that the app handles itself would overtake the cursor key before it, which is still on its way through the
    widgets, and so remove what the cursor was on before. A key that the widgets handle would be overtaken by the
    letters after it, which are meant for what it opens.
    """

    _held: list[events.Key] | None = None
    """Keys that wait; None while none has to."""

    async def on_event(self, event: events.Event) -> None:
        """Keep back the keys that come while another one is having its turn."""
        if self._held is not None and isinstance(event, events.Key) and not event.is_forwarded:
            self._held.append(event)
        else:
            await super().on_event(event)

    async def in_order(self, act: Callable[[], Awaitable[None]]) -> None:
        """Do something when all keys that were pressed before have had their effect."""
        turn = _KeyTurn(act)
        if self._held is not None or not (self.focused or self.screen).post_message(turn):
            await act()
            return
        held: list[events.Key] = []
        self._held = held
        self.set_timer(_LONGEST, lambda: self._let_go_on(held))

    @on(_KeyTurn)
    async def _take_turn(self, turn: _KeyTurn) -> None:
        held = self._held
        try:
            await turn.act()
        finally:
            if held is not None:
                await self._let_go_on(held)

    async def _let_go_on(self, held: list[events.Key]) -> None:
        if self._held is not held:
            return
        self._held = None
        for key in held:
            await self.on_event(key)
