"""Nodes that should be the same: a row for each name that several machines have, and details of one of them."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct
from msgspec.structs import replace
from rich.text import Text

from condatui.view_models import styles
from condatui.view_models.alike import member_words
from condatui.view_models.glyphs import UNICODE, Glyphs
from condatui.view_models.nodes import deviations, differing, state_words
from condatui.view_models.table import TableColumn
from condatui_core.records.alike import AlikeMember
from condatui_core.records.node import NodeGroup
from condatui_core.text import counted, sanitize, some_of

_MOST_LISTED = 40
"""The machines that the details list for one difference."""


# Which names are shown, and in which order


class NodesQuery(Struct, frozen=True):
    """A filter and an order."""

    text: str = ""
    """Words in the name, in a machine that differs, or in what differs; a leading `!` inverts the test."""
    by: str = "same"
    reverse: bool = False

    def of(self, groups: Sequence[NodeGroup]) -> tuple[NodeGroup, ...]:
        """The groups that pass; by `same` those come first that differ on most machines."""
        wanted = self.text.strip().casefold()
        inverse, words = wanted.startswith("!"), wanted.removeprefix("!").split()
        passing = [each for each in groups if not words or _has_all(each, words) != inverse]
        if self.by == "same":
            passing.sort(key=lambda each: each.equal - len(each.nodes))
        return tuple(reversed(passing) if self.reverse else passing)

    def next_sort(self) -> NodesQuery:
        """The query in the other order."""
        return replace(self, by="name" if self.by == "same" else "same", reverse=False)


def _has_all(group: NodeGroup, words: Sequence[str]) -> bool:
    told = (f"{host} {state_words(node)}" for host, node in differing(group))
    text = " ".join((group.name, group.path, *told)).casefold()
    return all(word in text for word in words)


# The rows


_COLUMNS = (
    TableColumn("name", "name", 36),
    TableColumn("hosts", "among", 9, align="right"),
    TableColumn("same", "which are the same", 200, cut="end", flexible=True),
)


class NodesModel:
    """Groups in the order given; the key of a row is the prefix of its reference."""

    def __init__(self, groups: Sequence[NodeGroup], *, glyphs: Glyphs = UNICODE) -> None:
        self._groups = groups
        self._glyphs = glyphs
        self._made: dict[int, tuple[Text, ...]] = {}

    @property
    def columns(self) -> tuple[TableColumn, ...]:
        """The columns, left to right."""
        return _COLUMNS

    def __len__(self) -> int:
        return len(self._groups)

    def key(self, index: int) -> str:
        """The prefix of the reference."""
        return self._groups[index].reference

    def cells(self, index: int) -> tuple[Text, ...]:
        """The cells of a row; those of a name that is the same everywhere are dim."""
        if index not in self._made:
            self._made[index] = self._make(self._groups[index])
        return self._made[index]

    def _make(self, group: NodeGroup) -> tuple[Text, ...]:
        style = styles.DIM if group.uniform else styles.PLAIN
        hosts = counted(len(group.nodes), "host")
        return Text(sanitize(group.name), style), Text(hosts, style), self._same(group)

    def _same(self, group: NodeGroup) -> Text:
        equal = f"all {group.equal} equal" if group.uniform else f"{group.equal} equal"
        text = Text(equal, styles.DIM if group.uniform else styles.PLAIN)
        for deviation in deviations(group, self._glyphs):
            text.append(f" {self._glyphs.separator} ", styles.DIM).append(deviation, styles.WARNING)
        return text


# The details of one name


def nodes_text(group: NodeGroup, glyphs: Glyphs = UNICODE) -> Text:
    """Where it is, which machine stands for most, and each difference with the machines that have it."""
    reference = next((each for each in group.nodes if each.prefix == group.reference), None)
    name = sanitize(group.name)
    where = f" in {sanitize(group.path)}" if group.path and group.path != group.name else ""
    lines = [Text.assemble((name, styles.STRONG), f"{where} on {counted(len(group.there), 'host')}")]
    if reference:
        lines.append(Text(f"{group.equal} equal {sanitize(reference.host)}", styles.DIM))
    told: dict[str, list[str]] = {}
    for host, node in differing(group):
        words = member_words(node.difference, glyphs) if node.difference else state_words(node, glyphs)
        told.setdefault(words, []).append(host)
    for words, hosts in told.items():
        lines.append(Text.assemble((some_of(hosts, _MOST_LISTED), styles.WARNING), f"  {words}"))
    return Text("\n").join(lines)


def not_compared(group: NodeGroup) -> str:
    """Which machines a comparison leaves out, and why; empty if none."""
    words = (("missing", "It is missing on"), ("unread", "It could not be read on"))
    deviant = differing(group)
    told = ((said, [host for host, node in deviant if node.state == state]) for state, said in words)
    return " ".join(f"{said} {some_of(hosts)}." for said, hosts in told if hosts)


def to_compare(group: NodeGroup, most: int) -> tuple[str, ...]:
    """The reference, and one machine for each difference, in the order of the machines; at most so many in all."""
    one_each: dict[AlikeMember, str] = {}
    for node in group.nodes:
        if node.difference:
            one_each.setdefault(replace(node.difference, prefix=""), node.prefix)
    return (group.reference, *one_each.values())[:most]
