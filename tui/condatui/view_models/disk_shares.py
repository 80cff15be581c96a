"""What one environment occupies, and with whom it shares that, in a few lines."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from rich.text import Text

from condatui.view_models import signs, tones
from condatui.view_models.freed import KEPT_LIMIT
from condatui.view_models.units import format_bytes, shorten_text
from condatui_core.printable import printable
from condatui_core.records.disk import Breakdown, DiskUse, Sharing
from condatui_core.records.environment import Environment

_LEAST_BAR, _MOST_BAR = 8, 40
_BARS = ("█", "▓", "▒", "░")
_ASCII_BARS = ("#", "=", "-", ".")
"""For its own bytes, for those shared with the cache, with environments, and with what was not seen."""


@dataclass(frozen=True, slots=True)
class DiskSubject:
    """One environment and what is known of its bytes."""

    environment: Environment
    use: DiskUse | None = None
    """None if it was not measured."""
    sharing: tuple[Sharing, ...] = ()
    breakdown: Breakdown | None = None
    """None until its files were looked at by their names."""
    names: Mapping[str, str] | None = None
    """Of all environments, by prefix; what else shares is a package cache."""
    kept: bool = False
    """Whether only directories that had changed were read."""
    entries: int | None = None
    """How many were looked at by the walk that is under way; None if there is none."""

    def name_of(self, place: str) -> str:
        """What another place is called."""
        names = self.names or {}
        if place in names:
            return printable(names[place])
        caches = sum(each.path not in names for each in self.sharing)
        return "the package cache" if caches == 1 else f"the package cache {printable(place)}"


def shares_line(subject: DiskSubject, chosen: signs.Signs, width: int) -> Text:
    """A bar of four kinds of bytes, and what each kind comes to: `58 M ███▓▓▓▒▒▒ █ own 3.9 M ▓ cache 1.5 M …`."""
    use = subject.use
    if use is None:
        return Text(_why_not(subject), tones.DIM)
    bars = _ASCII_BARS if chosen == signs.ASCII else _BARS
    kinds = (
        ("own", use.exclusive),
        ("cache", use.shared_with_cache),
        ("environments", use.shared_with_environments),
        ("elsewhere", use.outside),
    )
    at_least = f"{chosen.at_least if use.cost.at_least else ''}"
    total = f"{at_least}{format_bytes(use.total)}  "
    legend = "  ".join(
        f"{bar} {kind} {format_bytes(size)}" for bar, (kind, size) in zip(bars, kinds, strict=True) if size
    )
    room = min(_MOST_BAR, width - len(total) - len(legend) - 2)
    if room < _LEAST_BAR:
        return shorten_text(Text(total + legend), width, chosen.ellipsis, cut="end")
    cells = _dealt([size for _, size in kinds], room)
    bar = "".join(bar * count for bar, count in zip(bars, cells, strict=True))
    return Text(f"{total}{bar}  {legend}")


def sharers_line(subject: DiskSubject, chosen: signs.Signs, width: int) -> Text:
    """With whom it has how much in common, as many as there is room for; three may share one file, so these overlap."""
    if subject.use is None:
        return Text()
    if not subject.sharing:
        return Text("shares nothing with anybody", tones.DIM)
    each = [f"{subject.name_of(one.path)} {format_bytes(one.bytes)}" for one in subject.sharing]
    shown = len(each)
    while shown > 1 and len(_sharers(each, shown)) > width:
        shown -= 1
    return shorten_text(Text(_sharers(each, shown)), width, chosen.ellipsis, cut="end")


def parts_line(subject: DiskSubject, chosen: signs.Signs, width: int) -> Text:
    """What came from conda, from pip, and from nobody; and what this figure cannot know."""
    breakdown, parts = subject.breakdown, []
    if breakdown:
        packages = sum(each.bytes for each in breakdown.packages)
        sizes = (
            ("conda", packages - breakdown.pip),
            ("pip", breakdown.pip),
            ("of no package", breakdown.untracked),
            ("bookkeeping", breakdown.bookkeeping),
        )
        parts = [f"{name} {format_bytes(size)}" for name, size in sizes if size]
    elif subject.use:
        parts = ["looking which package has which file"]
    line = f" {chosen.separator} ".join(parts)
    limit = f"  {KEPT_LIMIT}" if subject.use and subject.kept else ""
    return shorten_text(
        Text.assemble(line, (limit if len(line) + len(limit) <= width else "", tones.DIM)),
        width,
        chosen.ellipsis,
        cut="end",
    )


def _why_not(subject: DiskSubject) -> str:
    if subject.environment.state == "missing":
        return "It is not there: it occupies nothing."
    if subject.entries is not None:
        return f"Measuring the disk: {subject.entries:,} entries so far."
    return "Not measured yet: the disk is walked once everything is read."


def _sharers(each: list[str], shown: int) -> str:
    more = f", {len(each) - shown} more" if len(each) > shown else ""
    return f"shared with {', '.join(each[:shown])}{more}"


def _dealt(sizes: list[int], cells: int) -> list[int]:
    """Cells of a bar, as the sizes are to each other; what is not nothing has one at least."""
    total = sum(sizes) or 1
    dealt = [max(1, round(size / total * cells)) if size else 0 for size in sizes]
    while sum(dealt) > cells:
        dealt[dealt.index(max(dealt))] -= 1
    return dealt
