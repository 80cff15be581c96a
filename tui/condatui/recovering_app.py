"""The part of the app that survives errors which no handler expected: the place in which one occurred starts again."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from textual._context import active_message_pump
from textual.dom import DOMNode
from textual.message import Message
from textual.screen import Screen
from textual.worker import WorkerFailed

from condatui.action_app import ActionApp
from condatui.screens.places import FAILURE, PLACES
from condatui_core.errors import CondatuiError
from condatui_core.log import unexpected
from condatui_core.own_package import was_replaced

_HINT = "Please report this."


class RecoveringApp(ActionApp):
    """Textual ends an app at the first unexpected error; this one ends when even the place that tells it fails."""

    failures: tuple[Exception, ...] = ()
    """The unexpected errors so far."""
    _can_recover = False
    """Whether the first drawing has succeeded."""

    def add_places(self) -> None:
        """Register the places, each made at its first visit."""
        for name in PLACES:
            self._add_place(name)

    def _add_place(self, name: str) -> None:
        self.add_mode(name, partial(PLACES[name], self.session))

    async def _dispatch_message(self, message: Message) -> None:
        """Keep the app alive when one of its own handlers fails, such as the action of a key."""
        try:
            await super()._dispatch_message(message)
        except Exception as error:  # noqa: BLE001 - the named boundary of the app's handlers
            self._handle_exception(error)

    def _handle_exception(self, error: Exception) -> None:
        """Start the failed place again and say why; if that is impossible, leave with one message."""
        self.failures = (*self.failures, error)
        place = self._failed_place()
        # Of an upgraded package not even the place that tells failures can be imported any more.
        if not self._can_recover or self._exit or place == FAILURE or was_replaced():
            self._end(error)
            return
        words = unexpected(_cause(error), "Something in this place has failed, and it had to start again.", _HINT)
        if place is not None:
            self.call_later(self._start_again, place, words)

    def _failed_place(self) -> str | None:
        """The place whose widget or screen has failed; None if it is gone already."""
        pump = active_message_pump.get(self)
        screen = next(_screens(pump), None) if isinstance(pump, DOMNode) else None
        stacks = self._screen_stacks.items()
        return self._current_mode if screen is None else next((name for name, all_ in stacks if screen in all_), None)

    async def _start_again(self, place: str, words: CondatuiError) -> None:
        """Replace the screens of a place, since a widget whose handler has failed hears no more."""
        from condatui.screens.failure import FailureScreen  # noqa: PLC0415 - only a failure needs it

        if (back := self._current_mode) != FAILURE:  # else it shows the first failure, of which this one may follow
            await self.switch_mode(FAILURE)
            if isinstance(self.screen, FailureScreen):
                self.screen.tell(words, back)
        self.remove_mode(place)
        self._add_place(place)

    def _end(self, error: Exception) -> None:
        """Leave with words; the log has the traceback."""
        from rich.text import Text  # noqa: PLC0415 - only a failure needs it

        words = unexpected(_cause(error), "condatui has failed and had to end.", _HINT)
        if self._exception is None:  # what fails while it ends is for the log alone
            self.panic(Text(f"condatui: {words}"))
            self._return_code = CondatuiError.exit_code
            self._exception = error  # Textual's own account, which tests look at
            self._exception_event.set()


def _cause(error: Exception) -> BaseException:
    return error.error if isinstance(error, WorkerFailed) else error


def _screens(node: DOMNode) -> Iterator[Screen[object]]:
    return (each for each in node.ancestors_with_self if isinstance(each, Screen))
