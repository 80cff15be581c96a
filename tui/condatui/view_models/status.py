"""The line that says how the machine stands."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from msgspec import Struct
from rich.text import Text

from condatui.view_models import tones
from condatui.view_models.signs import UNICODE, Signs
from condatui.view_models.units import shorten_text, spell_bytes
from condatui_core.printable import printable
from condatui_core.records.environment import Inventory

if TYPE_CHECKING:
    from condatui_core.disk.survey import Survey


class _Part(Struct, frozen=True):
    text: str
    style: str = tones.PLAIN
    priority: int = 0
    """Parts of the highest number leave first when the line is too long."""


def top_line(
    inventory: Inventory, *, host: str, width: int, signs: Signs = UNICODE, disk: Survey | None = None, gpus: str = ""
) -> Text:
    """One line of at most `width` cells: host, conda, environments, what they occupy, and what is still to come.

    `gpus` are the GPUs of the machine in words.
    """
    parts = [part for part in (*_parts(inventory, host, signs, disk), _Part(printable(gpus), priority=5)) if part.text]
    line = _joined(parts, signs)
    while line.cell_len > width and (dispensable := max((part.priority for part in parts), default=0)):
        parts = [part for part in parts if part.priority != dispensable]
        line = _joined(parts, signs)
    return shorten_text(line, width, signs.ellipsis, cut="end")


def with_jobs(line: Text, jobs: int, width: int, *, signs: Signs = UNICODE) -> Text:
    """The line with the number of jobs that are at work at its end: `jobs ●1`; as it is if there is none."""
    if not jobs:
        return line
    end = Text.assemble(("jobs ", tones.DIM), (f"{signs.mark}{jobs}", tones.STRONG))
    room = max(0, width - end.cell_len - 1)
    start = shorten_text(line, room, signs.ellipsis, cut="end")
    return Text.assemble(start, " " * (width - start.cell_len - end.cell_len), end)


def _parts(inventory: Inventory, host: str, signs: Signs, disk: Survey | None) -> tuple[_Part, ...]:
    count = len(inventory.environments)
    problems = len(inventory.problems)
    return (
        _Part(printable(host), priority=2),
        _conda(inventory),
        _Part(f"{count} environment{'' if count == 1 else 's'}", priority=1),
        *_sizes(inventory, signs, disk),
        _Part(_outstanding(inventory), tones.DIM),
        _Part(_measuring(disk), tones.DIM, priority=1),
        _Part(f"{signs.warning} {problems} problem{'s' if problems > 1 else ''}" if problems else "", tones.WARNING),
    )


def _sizes(inventory: Inventory, signs: Signs, disk: Survey | None) -> tuple[_Part, ...]:
    if disk is None or disk.graph is None:
        managed = sum(environment.managed_bytes for environment in inventory.environments)
        claim = f"{signs.approximately}{spell_bytes(managed)} by their records" if managed else ""
        return (_Part(claim, priority=3),)
    reclaimable = f"{spell_bytes(disk.reclaimable)} free to reclaim" if disk.reclaimable else ""
    return (_Part(f"{spell_bytes(disk.total)} on disk", priority=3), _Part(reclaimable, priority=4))


def _measuring(disk: Survey | None) -> str:
    return "" if disk is None or disk.complete else f"measuring the disk: {disk.entries:,} entries"


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
