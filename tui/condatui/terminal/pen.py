"""Writes to a terminal in few bytes: the shortest way to a place and to a style."""

from __future__ import annotations

from rich.cells import cell_len

from condatui.terminal.cell_style import PLAIN, CellStyle


class Pen:
    """Where a terminal writes next and in which style, and what was sent to it so far."""

    def __init__(self, place: tuple[int, int] | None = None, style: CellStyle = PLAIN, sent: str = "") -> None:
        self.place = place
        """Row and column, both from 0; None if the terminal may be anywhere."""
        self.style = style
        self._sent = [sent] if sent else []

    @property
    def sent(self) -> str:
        """All that was written, with the moves and styles it took."""
        return "".join(self._sent)

    def copy(self) -> Pen:
        """Another pen that has written the same, to try out what is shorter."""
        return Pen(self.place, self.style, self.sent)

    def way_to(self, y: int, x: int) -> str:
        """The shortest sequence that moves to this place; empty if it stands there."""
        if self.place == (y, x):
            return ""
        if self.place and self.place[0] == y and (ahead := x - self.place[1]) > 0:
            return "\x1b[C" if ahead == 1 else f"\x1b[{ahead}C"
        if x == 0:
            return "\x1b[H" if y == 0 else f"\x1b[{y + 1}H"
        return f"\x1b[{y + 1};{x + 1}H"

    def go(self, y: int, x: int) -> None:
        """Move to a place."""
        self._sent.append(self.way_to(y, x))
        self.place = (y, x)

    def take(self, style: CellStyle) -> None:
        """Write in this style from now on."""
        self._sent.append(style.sequence_from(self.style))
        self.style = style

    def write(self, text: str) -> None:
        """Write from where it stands; the place must be known."""
        assert self.place is not None
        self._sent.append(text)
        self.place = (self.place[0], self.place[1] + cell_len(text))

    def shift(self, top: int, bottom: int, up: int) -> None:
        """Move all that stands from the row `top` to the row `bottom` up by so many rows, or down by as many below 0.

        The rows that come in are empty, on some terminals in the colour of the pen.
        """
        lines = "" if abs(up) == 1 else str(abs(up))
        self._sent.append(f"\x1b[{top + 1};{bottom + 1}r\x1b[{top + 1}H\x1b[{lines}{'M' if up > 0 else 'L'}\x1b[r")
        self.place = None
