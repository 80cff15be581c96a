"""Which format of an export a file's name asks for."""

from __future__ import annotations

import os

from condatui_core.records.request import ExportFormat

_SUFFIXES: dict[str, ExportFormat] = {
    ".yml": "yaml",
    ".yaml": "yaml",
    ".json": "json",
    ".txt": "explicit",
    ".lock": "explicit",
}


def format_of_file(file: str) -> ExportFormat:
    """Tell the format by the name that a file is going to have: `requirements.txt`, `explicit.txt`, else its suffix.

    YAML, which says most, for `-` and whatever else.
    """
    name = os.path.basename(file).lower()
    suffix = os.path.splitext(name)[1]
    if suffix == ".txt" and "requirements" in name:
        return "requirements"
    return _SUFFIXES.get(suffix, "yaml")
