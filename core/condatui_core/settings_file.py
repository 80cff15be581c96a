"""Reads the settings from their file and from environment variables, and says where each one comes from."""

from __future__ import annotations

import os
import stat
import types
from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal, get_args, get_origin

import msgspec
from msgspec import Struct

from condatui_core.errors import UsageError
from condatui_core.fs.safe_read import read_bounded, reason
from condatui_core.settings import FROM_ENVIRONMENT, Locations, Settings, SettingSource, expand_home
from condatui_core.text import sanitize

if TYPE_CHECKING:
    import yaml

_LARGEST = 1 << 20
"""Bytes of a settings file."""
_LONGEST_PATH = 4096
_LONGEST_NAME = 255
"""Bytes that a file system takes for a path, and for a name in it."""
_PATHS = ("conda", "roots", "baseline", "policy", "restore_directory")
_FIELDS = {field.name: field for field in msgspec.structs.fields(Settings)}
_KINDS: Mapping[object, str] = types.MappingProxyType(
    {str: "a text", bool: "`true` or `false`", int: "a whole number", float: "a number"}
)


class _Given(Struct, frozen=True):
    """A value that somebody has set."""

    value: object
    source: Literal["file", "environment"]
    where: str
    """The file and line, or the variable."""


def read_settings(locations: Locations, environ: Mapping[str, str]) -> Settings:
    """Read the settings file, if it exists; environment variables `CONDATUI_<FIELD>` override its plain values.

    Raises UsageError with the line of the file, or with the variable, if a setting is unknown or its value unusable.
    """
    _check_own_home(environ.get("CONDATUI_HOME", ""), locations.home)
    given = _given(locations.settings_file, environ)
    for name, each in given.items():
        _check_value(name, each)
    settings = msgspec.convert({name: each.value for name, each in given.items()}, Settings, strict=False)
    for name in given.keys() & set(_PATHS):
        _check_paths(name, getattr(settings, name), given[name].where)
    if settings.restore_directory:
        _check_directory(settings.restore_directory, given["restore_directory"].where, locations.home)
    return settings


def setting_sources(
    settings: Settings, locations: Locations, environ: Mapping[str, str], from_command_line: Collection[str] = ()
) -> tuple[SettingSource, ...]:
    """The source of each effective setting; an unusable file is ignored."""
    try:
        given = _given(locations.settings_file, environ)
    except UsageError:
        given = dict(_of_environment(environ))
    return tuple(
        _source(name, value, given.get(name), on_command_line=name in from_command_line)
        for name, value in msgspec.structs.asdict(settings).items()
    )


def expected_values(kind: object) -> str:
    """What a setting of this type takes, in words: `a whole number from 0 to 36500`."""
    if get_origin(kind) is Annotated:
        plain, limits = get_args(kind)
        lower = f"from {limits.ge} to" if limits.ge is not None else f"above {limits.gt} and up to"
        return f"{_KINDS[plain]} {lower} {limits.le}"
    if kind in _KINDS:
        return _KINDS[kind]
    return "names with texts" if get_origin(kind) is dict else "a list of texts"


def _given(file: Path, environ: Mapping[str, str]) -> dict[str, _Given]:
    return {**_of_file(file), **dict(_of_environment(environ))}


def _of_environment(environ: Mapping[str, str]) -> Iterator[tuple[str, _Given]]:
    for name in FROM_ENVIRONMENT:
        variable = f"CONDATUI_{name.upper()}"
        if value := environ.get(variable):
            yield name, _Given(value, "environment", f"the variable {variable}")


def _source(name: str, value: object, given: _Given | None, *, on_command_line: bool) -> SettingSource:
    if on_command_line:
        return SettingSource(name=name, value=value, source="command line")
    if given is None:
        return SettingSource(name=name, value=value, source="default")
    where = given.where.removeprefix("the variable ")
    return SettingSource(name=name, value=value, source=given.source, where=where)


# The file


def _of_file(file: Path) -> dict[str, _Given]:
    """What the settings file says, by name; raises UsageError."""
    text = _text(file)
    if not text:
        return {}
    import yaml  # noqa: PLC0415 - only a settings file needs it

    try:
        loader = yaml.SafeLoader(text)
        node = loader.get_single_node()
        if node is None:
            return {}
        if not isinstance(node, yaml.MappingNode):
            raise UsageError("The settings file must hold `name: value` lines.", str(file))
        _refuse_twice(node, file)
        loader.flatten_mapping(node)
        return dict(_entry(loader, key, value, file) for key, value in node.value)
    except yaml.YAMLError as error:
        raise UsageError("The settings file is not valid YAML.", f"{file}: {sanitize(str(error))}") from error
    except RecursionError as error:
        raise UsageError("The settings file cannot be read.", f"{file}: nested too deeply") from error


def _refuse_twice(settings: yaml.MappingNode, file: Path) -> None:
    """Raise UsageError for a name that is given twice, of which YAML would take the last."""
    inner = (value for _, value in settings.value if isinstance(value, type(settings)))
    for mapping in (settings, *inner):
        lines: dict[str, int] = {}
        for name, line in ((key.value, key.start_mark.line + 1) for key, _ in mapping.value):
            if not isinstance(name, str):  # a list or a mapping, written out perhaps of any size
                raise UsageError("The settings file must hold `name: value` lines.", f"{file}, line {line}")
            if name in lines:
                detail = f"In {file}, line {line}, and before in line {lines[name]}"
                raise UsageError(f"`{sanitize(name)}` is given twice.", detail)
            lines[name] = line


def _entry(loader: yaml.SafeLoader, key: yaml.Node, value: yaml.Node, file: Path) -> tuple[str, _Given]:
    where = f"{file}, line {key.start_mark.line + 1}"
    try:
        name = str(loader.construct_object(key, deep=True))
        return name, _Given(loader.construct_object(value, deep=True), "file", where)
    except (
        ArithmeticError,
        AttributeError,
        LookupError,
        TypeError,
        ValueError,
    ) as error:  # such as the date 2026-02-30
        raise UsageError("A setting is not valid.", f"{where}: {sanitize(str(error))}") from error


def _text(file: Path) -> str:
    """The text of the settings file; empty if there is none."""
    try:
        return read_bounded(str(file), _LARGEST).decode("utf-8-sig")
    except FileNotFoundError:
        return ""
    except OSError as error:
        raise UsageError("The settings file cannot be read.", f"{file}: {reason(error)}") from error
    except UnicodeDecodeError as error:
        raise UsageError("The settings file cannot be read.", f"{file}: {error}") from error


# The values


def _check_value(name: str, given: _Given) -> None:
    if name not in _FIELDS:
        title = f"There is no setting `{sanitize(name)}`."
        raise UsageError(title, f"In {given.where}", f"The settings are {', '.join(_FIELDS)}.")
    try:
        msgspec.convert(given.value, _FIELDS[name].type, strict=False)
    except (msgspec.ValidationError, UnicodeEncodeError) as error:
        title = f"The setting `{name}` must be {expected_values(_FIELDS[name].type)}."
        raise UsageError(title, f"In {given.where}: {sanitize(str(error))}") from error


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


def _check_own_home(path: str, home: Path) -> None:
    """Refuse a `CONDATUI_HOME` that can be none: it would be told as a settings file that cannot be read."""
    if wrong := _wrong_with(path):
        raise UsageError("The variable CONDATUI_HOME must name a path that can exist.", f"It has {wrong}.")
    if not _may_be_directory(path, home):
        raise UsageError("The variable CONDATUI_HOME must name a directory.", sanitize(path))


def _check_directory(path: str, where: str, home: Path) -> None:
    if not _may_be_directory(path, home):
        raise UsageError("The setting `restore_directory` must name a directory.", f"In {where}: {sanitize(path)}")


def _may_be_directory(path: str, home: Path) -> bool:
    """Whether it is a directory or can still be made; not if something else is there."""
    try:
        return stat.S_ISDIR(os.stat(os.path.normpath(home / expand_home(path, home))).st_mode)
    except OSError as error:
        return not isinstance(error, NotADirectoryError)
