"""The files of one environment by size, a directory at a time, as in ncdu."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterable, Sequence
from functools import partial
from typing import TYPE_CHECKING, ClassVar

from msgspec.structs import replace
from rich.text import Text
from textual import on, work
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.message import Message

from condatui.actions.action import KeyAction, reworded
from condatui.actions.registry import bindings
from condatui.screens.filtered_place import FilteredPlace
from condatui.session import Session
from condatui.view_models import styles
from condatui.view_models.browse import BrowseModel, BrowseQuery, entry_text, path_line
from condatui.view_models.format import copyable
from condatui.widgets.line import Line
from condatui.widgets.lines_pane import LinesPane
from condatui.widgets.virtual_table import VirtualTable
from condatui_core.log import unexpected
from condatui_core.records.disk import BrowsedEntry, DiskPlace
from condatui_core.records.environment import Environment
from condatui_core.text import sanitize

if TYPE_CHECKING:
    from condatui_core.disk.browse import PrefixBrowser

_NOTHING = BrowsedEntry("", "directory", 0, 0)
_PACE = 0.2
"""Seconds between two looks at how far the walk is."""


class DirectoryTable(VirtualTable):
    """A table in which the keys for right and left go into the directory under the cursor and out of this one."""

    class WentUp(Message):
        """The user goes to the directory above."""

    def action_right(self) -> None:
        """Open the row under the cursor."""
        self.action_open()

    def action_left(self) -> None:
        """Post that the user goes up."""
        self.post_message(self.WentUp())


class BrowseScreen(FilteredPlace):
    """One row for each entry of a directory; below them, whose the one under the cursor is."""

    PLACE = "browse"
    LANGUAGES: ClassVar = {"What a filter can say": (("word", "in the name"), ("!…", "what does not match the rest"))}
    BINDINGS: ClassVar[list[BindingType]] = [*bindings("browse")]

    def __init__(self, session: Session, environment: Environment) -> None:
        super().__init__(session)
        self._environment = environment
        self._browser: PrefixBrowser | None = None
        self._walked = False
        self.path = ""
        """The directory that is shown, relative to the prefix."""
        self._directory = _NOTHING
        self._entries: Sequence[BrowsedEntry] = ()
        self.shown: tuple[BrowsedEntry, ...] = ()
        """The entries that pass the filter, in their order."""
        self.entry_query = BrowseQuery()
        self._failure = ""

    def compose_body(self) -> ComposeResult:
        """Where the user is, the entries, and the one under the cursor."""
        yield Line(id="path")
        yield DirectoryTable(self.session.glyphs, id="entries")
        yield LinesPane(id="entry", only_to_scroll=True)

    @property
    def table(self) -> DirectoryTable:
        """The table of entries."""
        return self.query_one(DirectoryTable)

    @property
    def current(self) -> BrowsedEntry | None:
        """The entry under the cursor."""
        row = self.table.cursor_row
        return self.shown[row] if row < len(self.shown) else None

    @property
    def current_environment(self) -> Environment | None:
        """The environment whose files are shown."""
        return self._environment

    @property
    def numbered_place(self) -> str:
        """The place that it was opened from."""
        return "environments"

    @property
    def actions(self) -> Iterable[KeyAction]:
        """The actions of this place; opening a row and moving sideways go in and out of directories."""
        words = {
            "list.open": ("in", "Into the directory under the cursor."),
            "list.right": ("", "Into the directory under the cursor."),
            "list.left": ("", "To the directory above."),
        }
        return reworded(super().actions, words)

    def on_mount(self) -> None:
        """Begin to walk."""
        self.set_interval(_PACE, self._show_progress)
        self._show()
        self.focus_body()
        self._walk()

    def on_unmount(self) -> None:
        """End a walk that is under way."""
        if self._browser:
            self._browser.cancelled = True

    def focus_body(self) -> None:
        """Focus the entries."""
        self.table.focus()

    @work(group="browse", exclusive=True, exit_on_error=False, description="measure the directories")
    async def _walk(self) -> None:
        """Measure all directories in a thread, then show the topmost."""
        disk = await asyncio.to_thread(lambda: self.session.workbench.disk)
        browser = self._browser = disk.browser(self._environment, self._places)
        await asyncio.to_thread(browser.walk)
        self._walked = True
        await self._list(browser, "", "")

    @property
    def _places(self) -> Sequence[DiskPlace]:
        """What is measured by itself: as the walk of the disk found it, or before that the known environments."""
        if survey := self.session.disk:
            return survey.places
        return [DiskPlace(path=each.prefix) for each in self.session.inventory.environments]

    @work(group="browse", exclusive=True, exit_on_error=False, description="list a directory")
    async def _open(self, browser: PrefixBrowser, path: str, cursor: str) -> None:
        await self._list(browser, path, cursor)

    async def _list(self, browser: PrefixBrowser, path: str, cursor: str) -> None:
        """Show a directory, with the cursor on one of its entries."""
        self._entries = await asyncio.to_thread(browser.list, path)
        self.path, self._directory, self._failure = path, browser.sizes(path), ""
        self.entry_query = replace(self.entry_query, text="")
        self._show(fresh=True)
        self.table.go_to(cursor)

    def tell_failure(self, group: str, error: BaseException) -> None:
        """Say what could not be read where it would be; a directory that was open stays."""
        words = unexpected(error, "The files cannot be read.")
        told = " ".join(f"{words.title} {words.detail}".split())
        if group != "browse":
            super().tell_failure(group, error)
        elif self._entries:
            self.say(sanitize(told))
        else:
            self._failure = told
            self._show()

    def _show(self, *, fresh: bool = False) -> None:
        query = self.entry_query
        self.shown = query.of(self._entries)
        self.table.show_order(query.by, descending=query.descending)
        model = BrowseModel(self.shown, self._directory, glyphs=self.session.glyphs)
        self.table.set_model(model, empty=self._why_empty(), fresh=fresh)
        name, glyphs = self._environment.name, self.session.glyphs
        self.query_one("#path", Line).draw(partial(path_line, name, self.path, self._directory, glyphs))
        self._show_entry()
        self.draw_bottom()

    def _show_progress(self) -> None:
        if not self._walked and not self._failure:
            self._show()

    def _why_empty(self) -> Text:
        if self._failure:
            return Text(sanitize(self._failure), styles.ERROR)
        if not self._walked:
            count = self._browser.entries if self._browser else 0
            return Text(f"Measuring its directories: {count:,} entries so far.", styles.DIM)
        if text := self.entry_query.text:
            return Text(f"No name here matches `{sanitize(text)}`: esc clears the filter.", styles.DIM)
        return Text("This directory is empty.", styles.DIM)

    def _show_entry(self) -> None:
        entry, text = self.current, Text()
        if entry and self._browser:
            path = self._below(entry)
            owner = self._browser.owner(path) if entry.kind != "directory" else None
            text = entry_text(entry, path, owner, self.session.glyphs)
        self.query_one("#entry", LinesPane).set_text(text)

    def _below(self, entry: BrowsedEntry) -> str:
        return f"{self.path}/{entry.name}" if self.path else entry.name

    @on(DirectoryTable.CursorMoved)
    def _follow_cursor(self, event: DirectoryTable.CursorMoved) -> None:
        if not isinstance(event, DirectoryTable.Selected):
            self._show_entry()
            self.follow(event)

    def status(self) -> Text:
        """The position of the cursor, the filter and the order."""
        query, separator = self.entry_query, self.session.glyphs.separator
        parts = [f"{self.table.cursor_row + 1 if self.shown else 0} of {len(self.shown):,}"]
        if query.text:
            parts.append(f"filter `{sanitize(query.text)}`")
        parts.append(f"by {query.by}")
        return Text(f" {separator} ".join(parts), styles.DIM)

    @on(DirectoryTable.Selected)
    def _go_in(self) -> None:
        """Open the directory under the cursor."""
        if self.help_is_open:
            self.close_help()
        elif (entry := self.current) and self._browser and entry.kind == "directory" and not entry.nested:
            self._open(self._browser, self._below(entry), "")

    @on(DirectoryTable.WentUp)
    def action_up(self) -> None:
        """Go to the directory above, with the cursor on the one that is left."""
        if self.path and self._browser:
            above, _, name = self.path.rpartition("/")
            self._open(self._browser, above, name)

    def action_sort(self) -> None:
        """Sort by size or by name."""
        self._apply(self.entry_query.next_sort())

    def action_reverse(self) -> None:
        """Reverse the order."""
        self._apply(replace(self.entry_query, reverse=not self.entry_query.reverse))

    def _apply(self, query: BrowseQuery) -> None:
        self.entry_query = query
        self._show()
        self.say("")

    @property
    def filter_text(self) -> str:
        """The present filter."""
        return self.entry_query.text

    def apply_filter(self, text: str) -> None:
        """Show the entries that pass a filter."""
        self._apply(replace(self.entry_query, text=text))

    def action_copy(self) -> None:
        """Copy the path under the cursor."""
        path = os.path.join(self._environment.prefix, self._below(self.current) if self.current else self.path)
        self.copy(copyable(path), path)

    def action_back(self) -> None:
        """Leave the innermost of the help, the filter and the directory; at the top, go back to the environments."""
        if self.help_is_open:
            self.close_help()
        elif not self.table.has_focus:
            self.focus_body()
        elif self.entry_query.text:
            self.apply_filter("")
        elif self.path:
            self.action_up()
        elif self.is_current:
            self.dismiss()
