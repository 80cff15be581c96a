"""What is drawn rather than said: the cursor and the rules between panes."""

from __future__ import annotations

from msgspec import Struct

from condatui.view_models import signs


class Shapes(Struct, frozen=True):
    """One set of shapes, one cell each."""

    cursor: str
    """In front of the line under the cursor, where the keys go."""
    cursor_elsewhere: str
    """The same in a pane that the keys do not go to."""
    rule: str
    """A horizontal line, cell by cell."""
    left: str
    """Before a choice: the arrow to the left chooses another."""
    right: str


UNICODE = Shapes(cursor="▌", cursor_elsewhere="▏", rule="─", left="‹", right="›")
ASCII = Shapes(cursor=">", cursor_elsewhere=".", rule="-", left="<", right=">")


def shapes_for(chosen: signs.Signs) -> Shapes:
    """The shapes that go with a set of signs."""
    return ASCII if chosen == signs.ASCII else UNICODE
