"""The rule above the details, which is their tabs as well."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rich.text import Text

from condatui.view_models.signs import Signs
from condatui.view_models.units import shorten_middle
from condatui.widgets.shapes import shapes_for


@dataclass(frozen=True, slots=True)
class Tab:
    """One of several views of the same thing."""

    id: str
    title: str
    count: int | None = None
    """How many lines there are to see; None where that says nothing."""


def tab_line(tabs: Sequence[Tab], active: str, subject: str, signs: Signs, width: int) -> Text:
    """The tabs along a rule, the active one reversed, and at its end whose details these are."""
    rule = shapes_for(signs).rule
    line = Text.assemble((rule, "dim"))
    for tab in tabs:
        line.append(_label(tab), "bold reverse" if tab.id == active else "").append(rule, "dim")
    name = shorten_middle(subject, max(0, width - line.cell_len - 4), signs.ellipsis)
    end = Text.assemble(f" {name} ", (rule, "dim")) if name else Text()
    line.append(rule * max(0, width - line.cell_len - end.cell_len), "dim")
    return line.append_text(end)


def _label(tab: Tab) -> str:
    return f" {tab.title} {tab.count} " if tab.count else f" {tab.title} "
