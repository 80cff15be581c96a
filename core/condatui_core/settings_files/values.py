"""What a setting may hold: its type, its range, and paths that can exist."""

from __future__ import annotations

import os
import stat
import types
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Literal, get_args, get_origin

import msgspec

from condatui_core.errors import UsageError
from condatui_core.settings import Settings, expand_home
from condatui_core.text import sanitize, schema_fault

_LONGEST_PATH = 4096
_LONGEST_NAME = 255
"""Bytes that a file system takes for a path, and for a name in it."""
_PATHS = ("conda", "roots", "baseline", "policy", "unmeasured", "restore_directory")
_FIELDS = {field.name: field for field in msgspec.structs.fields(Settings)}
_KINDS: Mapping[object, str] = types.MappingProxyType(
    {str: "a text", bool: "`true` or `false`", int: "a whole number", float: "a number"}
)


def check_setting(name: str, value: object, where: str, home: Path) -> None:
    """Raise UsageError, with the place where it was given, if there is no such setting or the value is unusable."""
    checked = _converted(name, value, where)
    if name in _PATHS and isinstance(checked, str | tuple):
        _check_paths(name, checked, where)
    if name == "restore_directory" and checked:
        _check_directory(str(checked), where, home)


def check_own_home(path: str, home: Path) -> None:
    """Raise UsageError for a `CONDATUI_HOME` that can be none: no settings file below it could be read."""
    if wrong := _wrong_with(path):
        raise UsageError("The variable CONDATUI_HOME must name a path that can exist.", f"It has {wrong}.")
    if not _may_be_directory(path, home):
        raise UsageError("The variable CONDATUI_HOME must name a directory.", sanitize(path))


def expected_values(kind: object) -> str:
    """What a setting of this type takes, in words: `a whole number from 0 to 36500`."""
    if get_origin(kind) is Annotated:
        plain, limits = get_args(kind)
        lower = f"from {limits.ge} to" if limits.ge is not None else f"above {limits.gt} and up to"
        return f"{_KINDS[plain]} {lower} {limits.le}"
    if get_origin(kind) is Literal:
        return f"one of {', '.join(f'`{each}`' for each in get_args(kind))}"
    if kind in _KINDS:
        return _KINDS[kind]
    return "names with texts" if get_origin(kind) is dict else "a list of texts"


def nearest(name: str, names: Sequence[str], otherwise: str = "", *, prefix: str = "") -> str:
    """A question for the one of `names` that may be meant, each with this prefix; `otherwise` if none is near."""
    import difflib  # noqa: PLC0415 - only a mistake needs it

    close = difflib.get_close_matches(name, names, n=1)
    return f"Did you mean `{prefix}{close[0]}`?" if close else otherwise


def no_such_setting(name: str, where: str = "") -> UsageError:
    """The error for a setting that there is not, with the one that may be meant."""
    hint = nearest(name, [*_FIELDS], f"The settings are {', '.join(_FIELDS)}.")
    return UsageError(f"There is no setting `{sanitize(name)}`.", f"In {where}" if where else "", hint)


def _converted(name: str, value: object, where: str) -> object:
    if name not in _FIELDS:
        raise no_such_setting(name, where)
    kind = _FIELDS[name].type
    try:
        converted: object = msgspec.convert(value, kind, strict=False)
    except (msgspec.ValidationError, UnicodeEncodeError) as error:
        title = f"The setting `{name}` must be {expected_values(kind)}."
        raise UsageError(title, f"In {where}: {sanitize(schema_fault(str(error)))}") from error
    return converted


def _check_paths(name: str, value: str | Sequence[str], where: str) -> None:
    for path in (value,) if isinstance(value, str) else value:
        wrong = _wrong_with(path) if path or isinstance(value, str) else "an empty text"  # never the directory
        if wrong:
            raise UsageError(f"The setting `{name}` must name a path that can exist.", f"In {where}: it has {wrong}")


def _wrong_with(path: str) -> str:
    """A few words that say why there can be no such path; empty if there can be one."""
    if "\0" in path:
        return "a NUL character"
    try:
        data = os.fsencode(path)
    except UnicodeEncodeError:  # a surrogate that stands for no byte
        return "a character that no path can have"
    longest = max(map(len, data.split(b"/")))
    if longest > _LONGEST_NAME:
        return f"a name of {longest} bytes; file systems take {_LONGEST_NAME}"
    return f"{len(data)} bytes; file systems take {_LONGEST_PATH}" if len(data) > _LONGEST_PATH else ""


def _check_directory(path: str, where: str, home: Path) -> None:
    if not _may_be_directory(path, home):
        raise UsageError("The setting `restore_directory` must name a directory.", f"In {where}: {sanitize(path)}")


def _may_be_directory(path: str, home: Path) -> bool:
    """Whether it is a directory or can still be made; not if something else is there."""
    try:
        return stat.S_ISDIR(os.stat(os.path.normpath(home / expand_home(path, home))).st_mode)
    except OSError as error:
        return not isinstance(error, NotADirectoryError)
