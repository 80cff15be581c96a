"""Print environments that should be the same on many machines for people: a row each, who differs and in what."""

from __future__ import annotations

from collections.abc import Sequence

from rich.text import Text

from condatui.cli.invocation import Invocation
from condatui.cli.pages.tables import Printer
from condatui.view_models import styles
from condatui.view_models.glyphs import Glyphs
from condatui.view_models.nodes import node_words
from condatui.view_models.table import TableColumn
from condatui_core.records.node import NodeGroup
from condatui_core.text import sanitize

_COLUMNS = (
    TableColumn("name", "name", 36),
    TableColumn("hosts", "hosts", 5, align="right"),
    TableColumn("equal", "equal", 5, align="right"),
    TableColumn("who", "who differs", 400, cut="end", flexible=True),
)


class _NodesModel:
    """A row for each environment."""

    def __init__(self, groups: Sequence[NodeGroup], glyphs: Glyphs) -> None:
        self._groups = groups
        self._glyphs = glyphs

    @property
    def columns(self) -> tuple[TableColumn, ...]:
        return _COLUMNS

    def __len__(self) -> int:
        return len(self._groups)

    def key(self, index: int) -> str:
        return self._groups[index].reference

    def cells(self, index: int) -> tuple[Text, ...]:
        group = self._groups[index]
        name = Text(sanitize(group.name))
        if self._shares_name(group) and group.path != group.name:
            name.append(f" {sanitize(group.path)}", styles.DIM)
        return (
            name,
            Text(str(len(group.nodes))),
            Text(str(group.equal)),
            Text(node_words(group, self._glyphs)),
        )

    def _shares_name(self, group: NodeGroup) -> bool:
        return sum(each.name == group.name for each in self._groups) > 1


def print_nodes(invocation: Invocation, groups: Sequence[NodeGroup]) -> None:
    """Print a row for each environment, on a terminal as far as it goes."""
    printer = Printer(ascii_only=invocation.settings.ascii)
    printer.table(_NodesModel(groups, printer.glyphs))
