"""The settings as a table: fields, defaults and docstrings as settings.py has them."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from condatui_core.settings import FROM_ENVIRONMENT, Settings
from condatui_core.settings_files.template import default_of, setting_meanings, spelled
from condatui_core.settings_files.values import expected_values


def settings_table() -> str:
    """A row a setting, in the order of the fields."""
    head = ("| setting | holds | default | means | variable |", "| --- | --- | --- | --- | --- |")
    return "\n".join((*head, *_rows()))


def _rows() -> Iterator[str]:
    meanings = setting_meanings()
    for field in msgspec.structs.fields(Settings):
        default = default_of(field)
        shown = f"`{spelled(default)}`" if default not in ("", (), {}) else ""
        variable = f"`CONDATUI_{field.name.upper()}`" if field.name in FROM_ENVIRONMENT else ""
        kind = expected_values(field.type).removeprefix("a ")
        yield f"| `{field.name}` | {kind} | {shown} | {meanings[field.name]} | {variable} |"
