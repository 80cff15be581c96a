"""The rule above the details, which is their tabs as well."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct
from rich.text import Text

from condatui.view_models.signs import Signs
from condatui.view_models.units import shorten_middle
from condatui.widgets.shapes import shapes_for

_LEAST_NAME = 6
"""Cells in which a name says something."""


class Tab(Struct, frozen=True):
    """One of several views of the same thing."""

    id: str
    title: str
    count: int | None = None
    """How many lines there are to see; None where that says nothing."""


def tab_line(tabs: Sequence[Tab], active: str, subject: str, signs: Signs, width: int) -> Text:
    """The tabs along a rule, the active one reversed, and at its end whose details these are.

    Where there is no room for them, the counts are left out.
    """
    rule = shapes_for(signs).rule
    line = Text.assemble((rule, "dim"))
    counted = 1 + sum(len(_label(tab)) + 1 for tab in tabs) <= width
    for tab in tabs:
        label = _label(tab) if counted else f" {tab.title} "
        line.append(label, "bold reverse" if tab.id == active else "").append(rule, "dim")
    room = width - line.cell_len - 4
    name = shorten_middle(subject, room, signs.ellipsis) if room >= _LEAST_NAME else ""
    end = Text.assemble(f" {name} ", (rule, "dim")) if name else Text()
    line.append(rule * max(0, width - line.cell_len - end.cell_len), "dim")
    return line.append_text(end)


def _label(tab: Tab) -> str:
    return f" {tab.title} {tab.count} " if tab.count else f" {tab.title} "
