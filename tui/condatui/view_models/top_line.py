"""The top line: the places with what waits in each of them, and how the machine stands."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from msgspec import Struct
from rich.text import Text

from condatui.view_models import styles
from condatui.view_models.format import short_bytes, short_count, shorten_text
from condatui.view_models.glyphs import UNICODE, Glyphs
from condatui.view_models.remedies import KeyOf
from condatui_core.records.environment import Inventory
from condatui_core.text import counted, format_bytes, sanitize

if TYPE_CHECKING:
    from condatui.view_models.cleanup.found import FoundCleanup
    from condatui_core.disk.usage import DiskUsage
    from condatui_core.records.other_machine import OtherMachines

# The places


class PlaceLabel(Struct, frozen=True):
    """One place in the top line."""

    key: str
    """The key that goes there."""
    name: str
    short: str
    """Its name where there is little room."""
    waiting: str = ""
    """What waits there: a number, bytes; empty if nothing does or it is not known."""
    style: str = styles.PLAIN
    """The style of that."""
    current: bool = False
    """Whether it is the one that is shown."""


_NOTHING = ("", styles.PLAIN)
"""The words and the style of a place where nothing waits."""


def place_labels(
    key: KeyOf,
    current: str,
    *,
    environments: int,
    cleanup: FoundCleanup | None = None,
    jobs: int = 0,
    unseen: int = 0,
    restore_points: int = 0,
    glyphs: Glyphs = UNICODE,
) -> tuple[PlaceLabel, ...]:
    """The five places, `current` being the id of the one that is shown; `key` tells the keys of actions.

    `jobs` are at work, `unseen` ones of earlier runs have not come to their end.
    """
    frees = cleanup.waiting if cleanup and cleanup.waiting and cleanup.waiting > 0 else 0
    at_work = (f"{glyphs.mark}{jobs}", styles.STRONG) if jobs else _NOTHING
    places = (
        ("environments", "envs", "envs", (str(environments), styles.PLAIN) if environments else _NOTHING),
        ("compare", "compare", "comp", _NOTHING),
        ("cleanup", "cleanup", "clean", (short_bytes(frees), styles.PLAIN) if frees else _NOTHING),
        ("jobs", "jobs", "jobs", (f"{glyphs.warning}{unseen}", styles.WARNING) if unseen and not jobs else at_work),
        ("restore", "restore", "rest", (str(restore_points), styles.PLAIN) if restore_points else _NOTHING),
    )
    return tuple(
        PlaceLabel(key(f"place.{place}"), name, short, *waiting, current=place == current)
        for place, name, short, waiting in places
    )


def _places(labels: Sequence[PlaceLabel], apart: str, *, short: bool = False, bare: bool = False) -> Text:
    """The places side by side; `bare` ones have no name, but for the one that is shown."""
    parts = []
    for label in labels:
        name = "" if bare and not label.current else label.short if short else label.name
        words = Text(f"{label.key} {name}".rstrip(), styles.PLAIN if label.waiting or label.current else styles.DIM)
        if label.waiting:
            words.append(" ").append(label.waiting, label.style)
        if label.current:
            words.stylize("bold reverse")
        parts.append(words)
    return Text(apart, styles.DIM).join(parts)


def _forms(labels: Sequence[PlaceLabel], glyphs: Glyphs) -> Iterator[Text]:
    """The places from the widest form to the narrowest."""
    yield _places(labels, f" {glyphs.separator} ")
    yield _places(labels, "  ")
    yield _places(labels, "  ", short=True)
    yield _places(labels, "  ", bare=True)


# How the machine stands


class _StatusPart(Struct, frozen=True):
    text: str
    style: str = styles.PLAIN
    priority: int = 0
    """Parts with the highest number leave first if the line is too long; 0 stays."""


_URGENT, _WHERE = frozenset({0}), frozenset({0, 2, 3})
"""The priorities of the parts for which the places get shorter names, and of those for which they stand closer: what
comes and goes, such as the measuring, is not among them, as the places had to move each time."""


def top_line(  # noqa: PLR0913 - the line says something of all of these
    inventory: Inventory,
    *,
    host: str,
    width: int,
    places: Sequence[PlaceLabel] = (),
    glyphs: Glyphs = UNICODE,
    disk: DiskUsage | None = None,
    gpus: str = "",
    read_only: bool = False,
    others: OtherMachines | None = None,
) -> Text:
    """One line of at most `width` cells: the places, host, conda, disk use, and what is still being read.

    `gpus` describes the GPUs of the machine, `others` what snapshots tell. That nothing can be changed is said before
    all else of the machine.
    """
    first = _StatusPart("read-only" if read_only else "", styles.WARNING)
    gpu = _StatusPart(sanitize(gpus), priority=5)
    all_parts = (first, *_parts(inventory, host, width, glyphs, disk), *_others(others, host), gpu)
    parts = [part for part in all_parts if part.text]
    form, *closer = _forms(places, glyphs)
    wanted = _WHERE
    while closer and _joined(form, [part for part in parts if part.priority in wanted], glyphs).cell_len > width:
        form, wanted = closer.pop(0), _URGENT
    line = _joined(form, parts, glyphs)
    while line.cell_len > width and (dispensable := max((part.priority for part in parts), default=0)):
        parts = [part for part in parts if part.priority != dispensable]
        line = _joined(form, parts, glyphs)
    return shorten_text(line, width, glyphs.ellipsis, cut="end")


def _joined(places: Text, parts: Sequence[_StatusPart], glyphs: Glyphs) -> Text:
    standing = Text(f" {glyphs.separator} ", styles.DIM).join(Text(part.text, part.style) for part in parts)
    return Text("   ").join(each for each in (places, standing) if each)


def _parts(
    inventory: Inventory, host: str, width: int, glyphs: Glyphs, disk: DiskUsage | None
) -> tuple[_StatusPart, ...]:
    problems = len(inventory.problems)
    return (
        _StatusPart(sanitize(host), priority=2),
        _conda(inventory),
        *_sizes(inventory, glyphs, disk),
        _StatusPart(_outstanding(inventory), styles.DIM),
        _StatusPart(_measuring(disk, width), styles.DIM, priority=1),
        _StatusPart(f"{glyphs.warning} {counted(problems, 'problem')}" if problems else "", styles.WARNING),
    )


def _others(others: OtherMachines | None, here: str) -> tuple[_StatusPart, ...]:
    """How many machines besides this one are looked at, and how many of their snapshots are still to be read."""
    if others is None or not (others.machines or others.pending):
        return ()
    machines = [each for each in others.machines if each.host != here]
    environments = sum(each.environments for each in machines)
    there = f"{environments:,} on {counted(len(machines), 'other machine')}"
    reading = f"reading {others.pending} more" if others.pending else ""
    return _StatusPart(there, priority=1), _StatusPart(reading, styles.DIM)


def _sizes(inventory: Inventory, glyphs: Glyphs, disk: DiskUsage | None) -> tuple[_StatusPart, ...]:
    if disk is None or not disk.places:
        managed = sum(environment.managed_bytes for environment in inventory.environments)
        claim = f"{glyphs.approximately}{format_bytes(managed)} by their records" if managed else ""
        return (_StatusPart(claim, priority=4),)
    reclaimable = f"{format_bytes(disk.reclaimable)} unused in package caches" if disk.reclaimable else ""
    inodes = f"{short_count(disk.inodes)} inodes" if disk.inodes else ""
    return (
        _StatusPart(f"{format_bytes(disk.total)} on disk", priority=4),
        _StatusPart(inodes, priority=7),
        _StatusPart(reclaimable, priority=6),
    )


_ROOMY = 110
"""The width in cells from which on the measuring is told in full."""


def _measuring(disk: DiskUsage | None, width: int) -> str:
    if disk is None or disk.complete:
        return ""
    return f"measuring the disk: {disk.entries:,} entries" if width >= _ROOMY else f"measuring: {disk.entries:,}"


def _conda(inventory: Inventory) -> _StatusPart:
    usable = [installation for installation in inventory.installations if not installation.error]
    if not usable:
        if inventory.complete:
            return _StatusPart("read-only: no conda found", styles.WARNING)
        return _StatusPart("looking for conda", styles.DIM, priority=3)
    more = f" +{len(usable) - 1}" if len(usable) > 1 else ""
    return _StatusPart(sanitize(f"{usable[0].kind} {usable[0].version}".rstrip() + more), priority=3)


def _outstanding(inventory: Inventory) -> str:
    if inventory.pending:
        return f"reading {inventory.pending} more"
    return "asking conda" if inventory.asking_conda else ""
