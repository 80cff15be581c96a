"""The settings as a table: fields, defaults and docstrings as settings.py has them."""

from __future__ import annotations

import ast
import inspect
import textwrap
from collections.abc import Iterator

import msgspec

from condatui_core.settings import FROM_ENVIRONMENT, Settings
from condatui_core.settings_file import expected_values


def settings_table() -> str:
    """A row a setting, in the order of the fields."""
    head = ("| setting | holds | default | means | variable |", "| --- | --- | --- | --- | --- |")
    return "\n".join((*head, *_rows()))


def _rows() -> Iterator[str]:
    meanings = docstrings(Settings)
    for field in msgspec.structs.fields(Settings):
        default = field.default if field.default is not msgspec.NODEFAULT else ()
        shown = f"`{_spelled(default)}`" if default not in ("", ()) else ""
        variable = f"`CONDATUI_{field.name.upper()}`" if field.name in FROM_ENVIRONMENT else ""
        kind = expected_values(field.type).removeprefix("a ")
        yield f"| `{field.name}` | {kind} | {shown} | {meanings[field.name]} | {variable} |"


def _spelled(default: object) -> str:
    """A default as the settings file would have it."""
    return str(default).lower() if isinstance(default, bool) else str(default)


def docstrings(record: type) -> dict[str, str]:
    """What stands below each field of a class: the first one is a field, the next one a string."""
    body = ast.parse(textwrap.dedent(inspect.getsource(record))).body[0]
    assert isinstance(body, ast.ClassDef)
    found: dict[str, str] = {}
    for field, below in zip(body.body, body.body[1:], strict=False):
        if isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name) and isinstance(below, ast.Expr):
            found[field.target.id] = " ".join(str(ast.literal_eval(below.value)).split())
    return found
