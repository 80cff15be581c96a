"""The styles of texts: bright for what matters, dim for the rest, a colour only where a glyph says the same."""

from __future__ import annotations

from condatui_core.records.finding import Severity
from condatui_core.settings import SettingError
from condatui_core.text import sanitize

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


def check_theme(name: str) -> None:
    """Raise SettingError for a theme that Textual does not have."""
    from textual.theme import BUILTIN_THEMES  # noqa: PLC0415 - pages of commands do without Textual

    if name not in BUILTIN_THEMES:
        hint = f"There are {', '.join(sorted(BUILTIN_THEMES))}."
        raise SettingError(f"There is no theme `{sanitize(name)}`.", "theme", hint=hint)
