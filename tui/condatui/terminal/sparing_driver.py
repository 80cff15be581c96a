"""The driver that sends a terminal only what changes on it."""

from __future__ import annotations

import signal

from textual.app import App
from textual.drivers.linux_driver import LinuxDriver

from condatui.terminal.cells import TerminalCells

_FRAME_BEGINS, _FRAME_ENDS = "\x1b[?2026h", "\x1b[?2026l"
"""Between these a terminal shows nothing of what it gets: it shows all of it at once, at the end."""


class SparingDriver(LinuxDriver):
    """Textual's driver for Linux and macOS, which leaves out what the terminal shows already."""

    def __init__(
        self, app: App[object], *, debug: bool = False, mouse: bool = True, size: tuple[int, int] | None = None
    ) -> None:
        super().__init__(app, debug=debug, mouse=mouse, size=size)
        self._cells = TerminalCells()
        self._begun = ""
        """The begin of a frame of which nothing has been sent yet."""

    def forget_screen(self, size: tuple[int, int]) -> None:
        """Send all that is drawn next: the terminal, now of so many columns and rows, may show something else."""
        self._cells.forget(size)

    def write(self, data: str) -> None:
        """Send what makes a difference, and no frame without contents."""
        if data == _FRAME_BEGINS:
            self._begun = data
        elif data == _FRAME_ENDS and self._begun:
            self._begun = ""
        elif changes := self._cells.changes(data):
            super().write(self._begun + changes)
            self._begun = ""

    def leave(self) -> None:
        """Read nothing more once the app has ended: a signal that comes so late would let it read again, for ever."""
        for number in (signal.SIGTSTP, signal.SIGCONT):
            signal.signal(number, signal.SIG_DFL)
        self.exit_event.set()

    def _sigcont_application(self, *_: object) -> None:
        """Go on after a stop, with one reader of keys and the attributes of the terminal as they were at the start.

        The signal also comes without a stop that gave the terminal back, as from a terminal that goes away.
        """
        attributes = self.attrs_before if self._auto_restart and self._stop_reading() else None
        super()._sigcont_application()
        if attributes is not None:
            self.attrs_before = attributes

    def _stop_reading(self) -> bool:
        """End the thread that reads keys; whether there was one."""
        if self._key_thread is None or not self._key_thread.is_alive():
            return False
        self.exit_event.set()
        self._key_thread.join()
        self.exit_event.clear()
        self._must_signal_resume = True  # so that all is drawn again
        return True
