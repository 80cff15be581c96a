"""Print the settings that hold, for people: a line each."""

from __future__ import annotations

from collections.abc import Sequence

from rich.text import Text

from condatui.cli.documents.config import ConfigDocument, SettingDocument, Value
from condatui.cli.pages.tables import Printer
from condatui.view_models import styles
from condatui.view_models.glyphs import Glyphs
from condatui.view_models.table import TableColumn
from condatui_core.settings_files.template import spelled
from condatui_core.text import sanitize

_COLUMNS = (
    TableColumn("setting", "setting", 24),
    TableColumn("value", "value", 40, flexible=True, cut="end"),
    TableColumn("from", "from", 80, flexible=True),
    TableColumn("default", "default", 24, priority=1, cut="end"),
)


class _SettingRows:
    """A table model of settings, in the order of the fields."""

    columns = _COLUMNS

    def __init__(self, settings: Sequence[SettingDocument], glyphs: Glyphs) -> None:
        self._settings = settings
        self._glyphs = glyphs

    def __len__(self) -> int:
        return len(self._settings)

    def key(self, index: int) -> str:
        return self._settings[index].name

    def cells(self, index: int) -> tuple[Text, ...]:
        setting = self._settings[index]
        by_default = setting.source == "default"
        where = sanitize(setting.where) or setting.source
        return (
            Text(setting.name),
            Text(self._spelled(setting.value), styles.DIM if by_default else styles.STRONG),
            Text(where, styles.DIM if by_default else styles.PLAIN),
            Text(self._spelled(setting.default), styles.DIM),
        )

    def _spelled(self, value: Value) -> str:
        """A value as a settings file has it; a dash for an empty one, which says that nothing is set."""
        return sanitize(spelled(value)) if value not in ("", (), {}) else self._glyphs.nothing


def print_settings(document: ConfigDocument, *, ascii_only: bool) -> None:
    """Print where settings are read, and a row for each."""
    printer = Printer(ascii_only=ascii_only)
    hint = "not there; `condatui config --init` writes one"
    lines = [_place("Your settings", document.file, "" if document.file_exists else hint)]
    if document.server_file:
        missing = "" if document.server_file_exists else "not there"
        lines.append(_place("Defaults of this machine", document.server_file, missing))
    printer.text(Text("\n".join((*lines, ""))))
    printer.table(_SettingRows(document.settings, printer.glyphs))


def _place(title: str, path: str, note: str) -> str:
    return f"{title}: {sanitize(path)}{f' ({note})' if note else ''}"
