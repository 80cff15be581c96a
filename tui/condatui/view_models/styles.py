"""The styles of texts: bright for what matters, dim for the rest, a colour only where a glyph says the same."""

from __future__ import annotations

from condatui_core.records.finding import Severity

PLAIN = ""
DIM = "dim"
STRONG = "bold"
GOOD = "green"
NOTE = "dim"
WARNING = "yellow"
ERROR = "red"


def for_severity(severity: Severity) -> str:
    """The style of a severity."""
    return {"error": ERROR, "warning": WARNING, "note": NOTE}[severity]
