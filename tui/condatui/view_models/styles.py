"""The few styles of the rows: bright what matters, dim what is the rest, a colour only where a sign says the same."""

from __future__ import annotations

from condatui_core.records.finding import Severity

PLAIN = ""
DIM = "dim"
STRONG = "bold"
GOOD = "green"
NOTE = "dim"
WARNING = "yellow"
ERROR = "red"


def tone(severity: Severity) -> str:
    """The style of a severity."""
    return {"error": ERROR, "warning": WARNING, "note": NOTE}[severity]
