"""Nodes that should be the same: environments of one name on the machines that snapshots tell of, a row each."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import ClassVar

from msgspec.structs import replace
from rich.text import Text
from textual import on, work
from textual.app import ComposeResult
from textual.binding import BindingType

from condatui.actions.action import KeyAction, reworded
from condatui.actions.registry import bindings
from condatui.messages import ComparisonProposed
from condatui.screens.filtered_place import FilteredPlace
from condatui.session import Session
from condatui.view_models import styles
from condatui.view_models.format import copyable
from condatui.view_models.node_rows import NodesModel, NodesQuery, nodes_text, not_compared, to_compare
from condatui.widgets.lines_pane import LinesPane
from condatui.widgets.virtual_table import VirtualTable
from condatui_core.analyses.nodes import node_groups
from condatui_core.records.comparison import MOST_COLUMNS
from condatui_core.records.environment import Environment
from condatui_core.records.node import NodeGroup
from condatui_core.records.other_machine import OtherMachines
from condatui_core.text import sanitize


class NodesScreen(FilteredPlace):
    """One row for each name that several machines have; below, who differs in what."""

    PLACE = "nodes"
    LANGUAGES: ClassVar = {
        "What a filter can say": (
            ("word", "in the name, a machine that differs, or what differs; all words must match"),
            ("!…", "what does not match the rest"),
        )
    }
    BINDINGS: ClassVar[list[BindingType]] = [*bindings("nodes")]

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self.nodes_query = NodesQuery()
        self.shown: tuple[NodeGroup, ...] = ()
        """The groups that pass the filter, in their order."""
        self._groups: tuple[NodeGroup, ...] | None = None
        """None until they are found."""
        self._found_in: OtherMachines | None = None
        """What the groups were looked for in last."""
        self._finding = False

    def compose_body(self) -> ComposeResult:
        """The groups, and the one under the cursor in words."""
        yield VirtualTable(self.session.glyphs, id="nodes")
        yield LinesPane(id="node", only_to_scroll=True)

    @property
    def table(self) -> VirtualTable:
        """The table of groups."""
        return self.query_one(VirtualTable)

    @property
    def current(self) -> NodeGroup | None:
        """The group under the cursor."""
        row = self.table.cursor_row
        return self.shown[row] if row < len(self.shown) else None

    @property
    def current_environment(self) -> Environment | None:
        """The environment that stands for most of the group."""
        wanted = self.current.reference if self.current else ""
        return next((each for each in self.session.everywhere.environments if each.prefix == wanted), None)

    @property
    def actions(self) -> Iterable[KeyAction]:
        """The actions of this place; opening a row compares."""
        return reworded(super().actions, {"list.open": ("compare", "Compare the reference with those that differ.")})

    def on_mount(self) -> None:
        """Say that the groups are looked for, and focus them."""
        self._show()
        self.focus_body()

    def focus_body(self) -> None:
        """Focus the groups."""
        self.table.focus()

    def show_session(self) -> None:
        """Look again if environments have changed."""
        if not self._finding and self._found_in is not self.session.others:
            self._finding = True
            self._find()
        super().show_session()

    @work(group="nodes", exit_on_error=False, description="compare the nodes")
    async def _find(self) -> None:
        """Look until nothing has changed meanwhile: a thread cannot be cancelled, so only one runs."""
        try:
            while (wanted := self.session.others) is not None and wanted is not self._found_in:
                hosts = tuple(each.host for each in wanted.machines)
                self._groups = await asyncio.to_thread(node_groups, wanted.inventory, hosts)
                self._found_in = wanted
                self._show()
        finally:
            self._finding = False

    def _show(self) -> None:
        session, query = self.session, self.nodes_query
        self.shown = query.of(self._groups or ())
        self.table.show_order(query.by, descending=query.reverse)
        model = NodesModel(self.shown, glyphs=session.glyphs)
        self.table.set_model(model, empty=self._why_empty())
        self._show_group()
        self.draw_bottom()

    def _why_empty(self) -> Text:
        if self._groups is None:
            return Text("Comparing what the machines have.", styles.DIM)
        if text := self.nodes_query.text:
            return Text(f"No name matches `{sanitize(text)}`: esc clears the filter.", styles.DIM)
        return Text("No two machines have an environment of the same name.", styles.DIM)

    def _show_group(self) -> None:
        text = nodes_text(self.current, self.session.glyphs) if self.current else Text()
        self.query_one("#node", LinesPane).set_text(text)

    @on(VirtualTable.CursorMoved, "#nodes")
    def _follow_cursor(self, event: VirtualTable.CursorMoved) -> None:
        if not isinstance(event, VirtualTable.Selected):
            self._show_group()
            self.follow(event)

    @on(VirtualTable.Selected, "#nodes")
    def action_compare(self) -> None:
        """Compare the reference with one machine for each difference."""
        if self.help_is_open:
            self.close_help()
        elif group := self.current:
            prefixes = to_compare(group, MOST_COLUMNS)
            if len(prefixes) < 2:
                self.say("There is nothing to compare: all that can be read are equal.")
            else:
                self.post_message(ComparisonProposed(prefixes, not_compared(group)))

    def status(self) -> Text:
        """The position of the cursor, the filter and the order."""
        query, separator = self.nodes_query, self.session.glyphs.separator
        parts = [f"{self.table.cursor_row + 1 if self.shown else 0} of {len(self.shown):,}"]
        if query.text:
            parts.append(f"filter `{sanitize(query.text)}`")
        parts.append("by name" if query.by == "name" else "those that differ most first")
        return Text(f" {separator} ".join(parts), styles.DIM)

    def action_sort(self) -> None:
        """Sort by name, or by how many differ."""
        self._apply(self.nodes_query.next_sort())

    def action_reverse(self) -> None:
        """Reverse the order."""
        self._apply(replace(self.nodes_query, reverse=not self.nodes_query.reverse))

    def _apply(self, query: NodesQuery) -> None:
        self.nodes_query = query
        self._show()
        self.say("")

    @property
    def filter_text(self) -> str:
        """The present filter."""
        return self.nodes_query.text

    def apply_filter(self, text: str) -> None:
        """Show the groups that pass a filter."""
        self._apply(replace(self.nodes_query, text=text))

    def action_copy(self) -> None:
        """Copy what the details say of the group under the cursor."""
        if group := self.current:
            self.copy(copyable(nodes_text(group, self.session.glyphs).plain), f"what differs in {group.name}")

    def action_back(self) -> None:
        """Leave the help or the filter, or go back to the environments."""
        if self.help_is_open:
            self.close_help()
        elif self.nodes_query.text:
            self.apply_filter("")
        elif self.is_current:
            self.dismiss()
