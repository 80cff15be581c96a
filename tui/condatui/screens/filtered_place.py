"""What the places with a filter have in common: the line to type it in, and details that follow the cursor."""

from __future__ import annotations

from collections.abc import Callable

from rich.text import Text
from textual import on
from textual.timer import Timer
from textual.widget import Widget

from condatui.screens.place import PlaceScreen
from condatui.session import Session
from condatui.view_models.environments.filter_values import Choices
from condatui.widgets.choice_list import ChoiceList
from condatui.widgets.input_bars import FilterBar
from condatui.widgets.virtual_table import VirtualTable

_SETTLED = 0.08
"""Seconds that the cursor rests before the details follow, so that a key held down does not send all of them."""


class FilteredPlace(PlaceScreen):
    """A place with a table whose rows the user can filter; `table`, `filter_text` and `apply_filter` are its own."""

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self._settling: Timer | None = None

    @property
    def table(self) -> VirtualTable:
        """The table that is filtered."""
        raise NotImplementedError

    @property
    def filter_text(self) -> str:
        """The present filter."""
        raise NotImplementedError

    def apply_filter(self, text: str) -> None:
        """Show what passes a filter."""
        raise NotImplementedError

    def filter_choices(self, _text: str, _cursor: int) -> Choices:
        """What can be typed in a filter at the place of its cursor; nothing, unless a place knows something."""
        return Choices()

    def filter_hints(self, _width: int) -> Text:
        """The hints while the user types a filter: the keys that keep and clear it."""
        return Text("enter keep  esc clear  ! inverse")

    def hints(self, width: int) -> Text:
        """The hints; while the user types a filter, those of the filter."""
        typing = any(bar.display for bar in self.query("#filter"))
        return self.filter_hints(width) if typing else super().hints(width)

    async def action_filter(self) -> None:
        """Replace the status line by the filter, which is made at the first use."""
        if not self.query("#filter"):
            choices = ChoiceList(self.session.glyphs, id="choices")
            bar = FilterBar(choices, self.filter_choices, id="filter")
            await self.mount(bar, after="#status")
            await self.mount(choices)
        self.open_filter()

    def open_filter(self) -> None:
        """Replace the status line by the filter, which is there already."""
        self.query_one("#status").display = False
        self.query_one("#filter", FilterBar).open(self.filter_text)
        self.draw_bottom()

    def narrow(self, text: str) -> None:
        """Show what passes another filter: the cursor stays on its row, or goes to the first one if that is hidden."""
        self.apply_filter(text)
        self.table.rest_at_top()

    @on(FilterBar.FilterChanged)
    def _filter(self, event: FilterBar.FilterChanged) -> None:
        self.narrow(event.text)

    @on(FilterBar.FilterClosed)
    def _close_filter(self, event: FilterBar.FilterClosed) -> None:
        if event.kept:
            self.table.settle()
        self.query_one("#filter").display = False
        self.query_one("#status").display = True
        self.focus_body()
        self.draw_bottom()

    def follow_later(self, show: Callable[[], None]) -> None:
        """Show the details once the cursor rests."""
        if self._settling:
            self._settling.stop()
        self._settling = self.set_timer(_SETTLED, show)

    def action_zoom(self) -> None:
        """Give the whole body to the focused one of table and details, or share it again."""
        zoomed = self.has_class("-zoom-table") or self.has_class("-zoom-detail")
        self.remove_class("-zoom-table", "-zoom-detail")
        if zoomed:
            self.call_after_refresh(self._focus_what_is_shown)
        else:
            self.add_class("-zoom-table" if self.table.has_focus else "-zoom-detail")

    def _focus_what_is_shown(self) -> None:
        """Leave details that a small terminal shows only while they have the whole body."""
        focused = self.focused  # None if Textual has noticed already that it is hidden
        if not focused or not all(each.display for each in focused.ancestors_with_self if isinstance(each, Widget)):
            self.focus_body()
