"""How long something took or takes, in the few cells a table has for it."""

from __future__ import annotations


def format_seconds(seconds: float) -> str:
    """`0 s`, `12 s`, `3 min 05`, `2 h 07`; never less than nothing, whatever the clock did meanwhile."""
    whole = max(0, int(seconds))
    if whole < 60:
        return f"{whole} s"
    minutes, rest = divmod(whole, 60)
    if minutes < 60:
        return f"{minutes} min {rest:02}"
    return f"{minutes // 60} h {minutes % 60:02}"
