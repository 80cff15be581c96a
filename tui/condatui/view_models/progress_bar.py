"""How far something has come, as a bar of a few cells."""

from __future__ import annotations

from condatui.view_models import signs
from condatui.view_models.units import format_bytes
from condatui_core.records.job import Progressed

_CELLS = 8


def progress_words(progress: Progressed, chosen: signs.Signs) -> str:
    """`█████░░░  62 %` where the end is known, else how much is done: `412 files`, `1.2 G`."""
    if progress.total:
        return share_bar(progress.done / progress.total, chosen)
    if progress.unit == "bytes":
        return format_bytes(progress.done)
    return f"{progress.done} {progress.unit}"


def share_bar(share: float, chosen: signs.Signs) -> str:
    """A bar and the percentage; what is outside of 0 to 1 counts as the nearer of them."""
    share = min(1.0, max(0.0, share))
    full, empty = ("#", "-") if chosen == signs.ASCII else ("█", "░")
    filled = int(share * _CELLS)
    return f"{full * filled}{empty * (_CELLS - filled)} {int(share * 100):>3} %"
