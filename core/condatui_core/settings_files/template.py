"""A settings file to begin with: every setting with its meaning and its default, all of it commented out."""

from __future__ import annotations

import ast
import inspect
from collections.abc import Iterator, Mapping
from textwrap import wrap

import msgspec

from condatui_core.settings import FROM_ENVIRONMENT, Settings
from condatui_core.settings_files.values import expected_values

_WIDTH = 100
_HEAD = """\
# The settings of condatui. Each line that is commented out shows the default: take the # away and change the value.
# `condatui config` says what holds and where it comes from; `condatui config --edit` checks what you have written.
"""
_EXAMPLES: Mapping[str, str] = {
    "conda": "[/opt/conda/bin/conda]",
    "roots": "[/scratch/shared/envs]",
    "unmeasured": "[/nfs/archive/envs]",
    "columns": "[disk, frees, used, findings]",
    "keys": '{environments.sort: "i"}',
}
"""Of what is empty unless it is set, so that its form can be seen."""


def settings_template() -> str:
    """The text of such a file; read as it is, it sets nothing."""
    return "\n".join((_HEAD, *_entries()))


def setting_meanings() -> Mapping[str, str]:
    """What each setting means: the docstrings of the fields, which only the source has."""
    (record,) = ast.parse(inspect.getsource(Settings)).body
    assert isinstance(record, ast.ClassDef)
    pairs = zip(record.body, record.body[1:], strict=False)
    return {
        field.target.id: " ".join(str(ast.literal_eval(below.value)).split())
        for field, below in pairs
        if isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name) and isinstance(below, ast.Expr)
    }


def default_of(field: msgspec.structs.FieldInfo) -> object:
    """The default of a setting."""
    return field.default if field.default is not msgspec.NODEFAULT else field.default_factory()


def spelled(value: object) -> str:
    """A value as a settings file has it, on one line."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int | float):
        return str(value)
    return msgspec.json.encode(value).decode()  # which YAML reads too


def _entries() -> Iterator[str]:
    meanings = setting_meanings()
    for field in msgspec.structs.fields(Settings):
        variable = f", or the variable CONDATUI_{field.name.upper()}" if field.name in FROM_ENVIRONMENT else ""
        yield from (f"# {line}" for line in wrap(meanings[field.name], _WIDTH))
        yield f"# {expected_values(field.type)[0].upper()}{expected_values(field.type)[1:]}{variable}."
        yield f"#{field.name}: {_EXAMPLES.get(field.name) or spelled(default_of(field))}"
        yield ""
