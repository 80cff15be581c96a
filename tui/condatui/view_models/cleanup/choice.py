"""The bottom line of the cleanup place: what is chosen, what that frees, and how far it is from the goal."""

from __future__ import annotations

from collections.abc import Iterator

from msgspec import Struct

from condatui.view_models.cleanup.found import FoundCleanup
from condatui.view_models.format import short_bytes
from condatui.view_models.glyphs import UNICODE, Glyphs


class ChoiceSum(Struct, frozen=True):
    """What a choice of candidates comes to."""

    frees: int
    """The bytes that `df` gains if all of it goes, before the restore points."""
    kept: int = 0
    """The bytes that its restore points occupy at most."""
    at_least: bool = False
    """Whether `frees` is the least that it can be."""
    about: bool = False
    """Whether `kept` is what the records tell, before the files of all of it were looked at."""

    @property
    def net(self) -> int:
        """The bytes that `df` gains in the end."""
        return self.frees - self.kept


def choice_line(count: int, total: ChoiceSum | None, *, goal: int = 0, glyphs: Glyphs = UNICODE) -> str:
    """`goal 20 G · chosen 3 · frees 25.1 G − restore points 0.2 G`.

    `total` is None while it is computed or not measured; `goal` is in bytes, 0 if there is none.
    """
    return f" {glyphs.separator} ".join(_parts(count, total if count else ChoiceSum(0), goal, glyphs))


def _parts(count: int, total: ChoiceSum | None, goal: int, glyphs: Glyphs) -> Iterator[str]:
    if goal:
        yield f"goal {short_bytes(goal)}"
    yield f"chosen {count}"
    if total is None:
        yield f"frees {glyphs.unread}"
    elif count:
        least = glyphs.at_least if total.at_least else ""
        yield f"frees {least}{short_bytes(total.frees)}{_kept(total, glyphs)}"
    if goal and total and (missing := goal - total.net) > 0:
        yield f"{short_bytes(missing)} missing"


def _kept(total: ChoiceSum, glyphs: Glyphs) -> str:
    about = glyphs.approximately if total.about else ""
    return f" {glyphs.minus} restore points {about}{short_bytes(total.kept)}" if total.kept else ""


def threshold_words(wanted: float, found: FoundCleanup | None, glyphs: Glyphs = UNICODE) -> str:
    """From which similarity on environments count as alike; while that is not what is shown, with `…`."""
    waiting = "" if found and found.options.threshold == wanted else f" {glyphs.unread}"
    return f"alike from {round(wanted * 100)} %{waiting}"
