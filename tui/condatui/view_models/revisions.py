"""Revisions in words: what each changed, and whether it can be gone back to."""

from __future__ import annotations

from collections.abc import Sequence

from rich.text import Text

from condatui.view_models import styles
from condatui.view_models.format import short_bytes
from condatui.view_models.glyphs import Glyphs
from condatui_core.records.revision import HistoryPackage, MoveKind, RevisionFacts, RevisionMove
from condatui_core.text import counted, format_bytes, sanitize, some_of

# What a revision changed


_KINDS: tuple[MoveKind, ...] = ("up", "down", "build", "channel", "removed", "added")
"""In the order in which they are read: what was there before says more than what came along."""


def ordered_moves(facts: RevisionFacts) -> list[RevisionMove]:
    """What a revision changed: first what the user had requested by then, then by kind."""
    requested = {name for name, _ in facts.requested}
    return sorted(facts.moves, key=lambda each: (each.name not in requested, _KINDS.index(each.kind)))


def moves_line(facts: RevisionFacts, glyphs: Glyphs, most: int) -> Text:
    """What a revision changed in one line: `↑ transformers 4.47.1 → 4.48.3  + evaluate 0.4.3  and 3 more`."""
    moves = ordered_moves(facts)
    parts = [move_text(each, glyphs) for each in moves[:most]]
    if rest := len(moves) - most if len(moves) > most else 0:
        parts.append(Text(f"and {rest} more", styles.DIM))
    return Text("  ").join(parts) if parts else Text("no package", styles.DIM)


def move_text(move: RevisionMove, glyphs: Glyphs) -> Text:
    """One change: a sign, the package, and what of it was otherwise before."""
    sign, style = _sign(move.kind, glyphs)
    return Text.assemble((sign, style), f" {sanitize(move.name)} {sanitize(_versions(move, glyphs.remedy))}")


def _sign(kind: MoveKind, glyphs: Glyphs) -> tuple[str, str]:
    match kind:
        case "up":
            return glyphs.newer, styles.GOOD
        case "down":
            return glyphs.older, styles.WARNING
        case "added":
            return glyphs.added, styles.GOOD
        case "removed":
            return glyphs.minus, styles.ERROR
        case _:
            return glyphs.other, styles.PLAIN


def _versions(move: RevisionMove, arrow: str) -> str:
    """The version; of what has moved both, with the build or the channel where that is what differs."""
    before, after = move.before, move.after
    if before is None or after is None:
        return (after or before or HistoryPackage("")).version
    if move.kind in ("up", "down"):
        return f"{before.version} {arrow} {after.version}"
    if move.kind == "build":
        same = before.version if before.version == after.version else ""
        return f"{same} {_build(before, same)} {arrow} {_build(after, same)}".strip()
    return f"{after.version} {before.channel} {arrow} {after.channel}"


def _build(package: HistoryPackage, same: str) -> str:
    return package.build if same else f"{package.version} {package.build}"


# Whether it can be gone back to


def way_back_in_short(facts: RevisionFacts, glyphs: Glyphs) -> Text:
    """In a cell: `now`, `✓`, the bytes to download, or that there is no way back."""
    if facts.present:
        return Text("now", styles.DIM)
    if not facts.restorable:
        return Text(glyphs.error, styles.ERROR)
    if not facts.to_download:
        return Text(glyphs.good, styles.GOOD)
    size = facts.download_bytes
    return Text("fetch" if size is None else short_bytes(size))


def way_back_words(facts: RevisionFacts) -> str:
    """In a sentence: whether it can be gone back to, and what that takes."""
    if facts.present:
        return "This is what is there now."
    if facts.unknown:
        return f"No way back: nothing says where to get {_some([each.dist_name for each in facts.unknown])}."
    if not facts.to_download:
        return "Going back downloads nothing: every package is on this machine."
    size = facts.download_bytes
    names = _some([each.package.dist_name for each in facts.to_download])
    return f"Going back downloads {'' if size is None else f'{format_bytes(size)}, '}{names}."


def _some(names: Sequence[str]) -> str:
    return f"{counted(len(names), 'package')}: {sanitize(some_of(names))}"
