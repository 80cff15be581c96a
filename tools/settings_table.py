"""The settings as a table: fields, defaults and docstrings as settings.py has them."""

from __future__ import annotations

import ast
import inspect
import textwrap
from collections.abc import Iterator

import msgspec

from condatui_core.settings import FROM_ENVIRONMENT, Settings

_KINDS = {"str": "text", "bool": "`true` or `false`", "int": "whole number", "float": "number"}


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
        yield f"| `{field.name}` | {_kind(field.type)} | {shown} | {meanings[field.name]} | {variable} |"


def _spelled(default: object) -> str:
    """A default as the settings file would have it."""
    return str(default).lower() if isinstance(default, bool) else str(default)


def _kind(kind: object) -> str:
    if isinstance(kind, type) and kind.__name__ in _KINDS:
        return _KINDS[kind.__name__]
    return "names with texts" if "dict" in str(kind) else "list of texts"


def docstrings(record: type) -> dict[str, str]:
    """What stands below each field of a class: the first one is a field, the next one a string."""
    body = ast.parse(textwrap.dedent(inspect.getsource(record))).body[0]
    assert isinstance(body, ast.ClassDef)
    found: dict[str, str] = {}
    for field, below in zip(body.body, body.body[1:], strict=False):
        if isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name) and isinstance(below, ast.Expr):
            found[field.target.id] = " ".join(str(ast.literal_eval(below.value)).split())
    return found
