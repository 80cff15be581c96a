"""The driver that sends a terminal only what changes on it."""

from __future__ import annotations

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
