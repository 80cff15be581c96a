"""The line that says how the machine stands, and the line that sums up what is marked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rich.text import Text

from condatui.view_models import tones
from condatui.view_models.signs import UNICODE, Signs
from condatui.view_models.units import shorten_text, spell_bytes
from condatui_core.printable import printable
from condatui_core.records.environment import Environment, Inventory


@dataclass(frozen=True, slots=True)
class _Part:
    text: str
    style: str = tones.PLAIN
    priority: int = 0
    """Parts of the highest number leave first when the line is too long."""


def top_line(inventory: Inventory, *, host: str, width: int, signs: Signs = UNICODE) -> Text:
    """One line of at most `width` cells: host, conda, environments, their managed bytes, and what is still to come."""
    parts = [part for part in _parts(inventory, host, signs) if part.text]
    line = _joined(parts, signs)
    while line.cell_len > width and (dispensable := max((part.priority for part in parts), default=0)):
        parts = [part for part in parts if part.priority != dispensable]
        line = _joined(parts, signs)
    return shorten_text(line, width, signs.ellipsis, cut="end")


def marked_line(marked: Sequence[Environment], *, signs: Signs = UNICODE) -> Text:
    """How many environments are marked and what their records claim; empty if none is."""
    if not marked:
        return Text()
    managed = sum(environment.managed_bytes for environment in marked)
    claim = f"{signs.approximately}{spell_bytes(managed)} by their records"
    return Text(f"{len(marked)} marked {signs.separator} {claim}")


def _parts(inventory: Inventory, host: str, signs: Signs) -> tuple[_Part, ...]:
    count = len(inventory.environments)
    managed = sum(environment.managed_bytes for environment in inventory.environments)
    problems = len(inventory.problems)
    return (
        _Part(printable(host), priority=2),
        _conda(inventory),
        _Part(f"{count} environment{'' if count == 1 else 's'}", priority=1),
        _Part(f"{signs.approximately}{spell_bytes(managed)} by their records" if managed else "", priority=3),
        _Part(_outstanding(inventory), tones.DIM),
        _Part(f"{signs.warning} {problems} problem{'s' if problems > 1 else ''}" if problems else "", tones.WARNING),
    )


def _conda(inventory: Inventory) -> _Part:
    usable = [installation for installation in inventory.installations if not installation.error]
    if not usable:
        if inventory.complete:
            return _Part("read-only: no conda found", tones.WARNING)
        return _Part("looking for conda", tones.DIM)
    more = f" +{len(usable) - 1}" if len(usable) > 1 else ""
    return _Part(printable(f"{usable[0].kind} {usable[0].version}".rstrip() + more), priority=0 if more else 1)


def _outstanding(inventory: Inventory) -> str:
    if inventory.pending:
        return f"reading {inventory.pending} more"
    return "asking conda" if inventory.asking_conda else ""


def _joined(parts: Sequence[_Part], signs: Signs) -> Text:
    line = Text.assemble(("condatui", tones.STRONG))
    for index, part in enumerate(parts):
        line.append(f" {signs.separator} " if index else "  ", tones.DIM)
        line.append(part.text, part.style)
    return line
