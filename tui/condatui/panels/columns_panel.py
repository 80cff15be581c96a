"""The panel in which the user chooses the columns of place 1, and their order, while the table shows them."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from typing import ClassVar

from rich.text import Text
from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType

from condatui.messages import ColumnsChosen
from condatui.panels.base import BottomPanel, titled_rule
from condatui.session import Session
from condatui.view_models import styles
from condatui.view_models.environments.columns import CHOICES, MEANINGS, ColumnChoice
from condatui.view_models.glyphs import Glyphs
from condatui.view_models.table import TableColumn
from condatui.widgets.line import Line
from condatui.widgets.virtual_table import VirtualTable

_COLUMNS = (
    TableColumn("on", "", 1),
    TableColumn("column", "column", 8),
    TableColumn("says", "what it says", 80, cut="end", flexible=True),
)
_SEEN = 6
"""Lines of the screen that the panel leaves to the table whose columns are chosen, and to the bottom lines."""


class _ChoiceModel:
    """The columns as rows; the key of a row is the id."""

    columns = _COLUMNS

    def __init__(self, choice: ColumnChoice, shown: Collection[str], glyphs: Glyphs) -> None:
        """`shown` are the ids of the columns that the table shows at present."""
        self._choice = choice
        self._shown = shown
        self._glyphs = glyphs

    def __len__(self) -> int:
        return len(self._choice.order)

    def key(self, index: int) -> str:
        """The id of the column."""
        return self._choice.order[index]

    def cells(self, index: int) -> tuple[Text, ...]:
        """Whether it is on, its id, and what it says."""
        column = self.key(index)
        on = column in self._choice.on
        style = styles.PLAIN if on else styles.DIM
        hidden = on and column not in self._shown  # it has no room, or nothing to say
        says = Text.assemble(("not shown now: " if hidden else "", styles.DIM), (MEANINGS[column], style))
        return Text(self._glyphs.mark if on else ""), Text(column, style), says


class ColumnsPanel(BottomPanel):
    """`space` turns a column on or off, `J` and `K` move it, `enter` keeps the choice, `esc` drops it."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "leave", show=False),
        Binding("space", "turn", show=False),
        Binding("J,alt+down", "move(1)", show=False),
        Binding("K,alt+up", "move(-1)", show=False),
        Binding("backspace", "usual", show=False),
    ]

    def __init__(self, session: Session, find_shown: Callable[[Sequence[str]], Collection[str]]) -> None:
        """`find_shown` finds the ids of the columns that the table has in this terminal, with a choice of them."""
        super().__init__()
        self._session = session
        self._find_shown = find_shown
        self._former = session.columns
        self._choice = ColumnChoice.of(session.columns or CHOICES)  # whether or not they have room now

    def compose(self) -> ComposeResult:
        """A rule with the title, and the columns."""
        yield Line()
        yield VirtualTable(self._session.glyphs, id="columns")

    def on_mount(self) -> None:
        """Show the columns."""
        self.query_one(Line).draw(lambda width: titled_rule("Columns", width, self._session.glyphs))
        self._draw()
        self.fit()

    @property
    def _table(self) -> VirtualTable:
        return self.query_one(VirtualTable)

    def fit(self) -> None:
        """Take a line for each column, as far as the screen has them."""
        self.styles.height = max(4, min(len(self._choice.order) + 2, self.screen.size.height - _SEEN))

    def take_keys(self) -> None:
        """Focus the columns."""
        self.screen.set_focus(self._table)

    def hints(self) -> Text:
        """What the keys do."""
        return Text("space on or off  J K move  enter keep  esc leave  backspace the usual ones")

    def action_turn(self) -> None:
        """Turn the column under the cursor on or off, and go to the next."""
        if column := self._table.cursor_key:
            self._take(self._choice.turned(column))
            self._table.action_down()

    def action_move(self, steps: int) -> None:
        """Move the column under the cursor."""
        if column := self._table.cursor_key:
            self._take(self._choice.moved(column, steps))

    def action_usual(self) -> None:
        """Go back to the usual columns, which leave a narrow terminal by their importance."""
        self._session.choose_columns(())
        self._choice = ColumnChoice.of(CHOICES)
        self._draw()

    def _take(self, choice: ColumnChoice) -> None:
        """Show the table of the place with other columns."""
        self._choice = choice
        self._session.choose_columns(choice.chosen)
        self._draw()

    def _draw(self) -> None:
        shown = self._find_shown(self._session.columns)
        self._table.set_model(_ChoiceModel(self._choice, shown, self._session.glyphs))

    @on(VirtualTable.Selected, "#columns")
    def _keep(self, event: VirtualTable.Selected) -> None:
        """Keep what has been chosen, and close."""
        event.stop()
        self.post_message(self.PanelClosed())  # first: closing clears the status line
        if self._session.columns != self._former:
            self.post_message(ColumnsChosen(self._session.columns))

    def action_leave(self) -> None:
        """Close, with the columns that there were."""
        self._session.choose_columns(self._former)
        self.post_message(self.PanelClosed())
