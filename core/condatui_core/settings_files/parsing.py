"""One settings file: what it says of each setting, and in which line."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Literal

from msgspec import Struct

from condatui_core.errors import UsageError
from condatui_core.fs.safe_read import read_bounded, reason
from condatui_core.settings_files.values import check_setting
from condatui_core.text import sanitize

if TYPE_CHECKING:
    import yaml

LARGEST = 1 << 20
"""Bytes of a settings file."""


class GivenSetting(Struct, frozen=True):
    """A value that somebody has set, not checked yet."""

    value: object
    source: Literal["server", "file", "environment"]
    where: str
    """The file and line, or the variable."""


def settings_of_file(file: Path) -> dict[str, GivenSetting]:
    """What the user's settings file says, by name; nothing if there is none. Raises UsageError if it is none."""
    return parse_settings(settings_text(file), file)


def settings_text(file: Path) -> str:
    """The text of the user's settings file; empty if there is none. Raises UsageError if it cannot be read."""
    try:
        data = read_bounded(str(file), LARGEST)
    except FileNotFoundError:
        return ""
    except OSError as error:
        raise UsageError("The settings file cannot be read.", f"{file}: {reason(error)}") from error
    return decoded(data, file)


def decoded(data: bytes, file: Path) -> str:
    """The text of a settings file. Raises UsageError if it is not UTF-8."""
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise UsageError("The settings file cannot be read.", f"{file}: {error}") from error


def check_settings(text: str, file: Path, home: Path) -> None:
    """Raise UsageError if a settings file with this text would be refused."""
    for name, each in parse_settings(text, file).items():
        check_setting(name, each.value, each.where, home)


def parse_settings(text: str, file: Path, source: Literal["server", "file"] = "file") -> dict[str, GivenSetting]:
    """What the text of a settings file says, by name. Raises UsageError if it holds no settings."""
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
        return dict(_entry(loader, key, value, file, source) for key, value in node.value)
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


def _entry(
    loader: yaml.SafeLoader, key: yaml.Node, value: yaml.Node, file: Path, source: Literal["server", "file"]
) -> tuple[str, GivenSetting]:
    where = f"{file}, line {key.start_mark.line + 1}"
    try:
        name = str(loader.construct_object(key, deep=True))
        return name, GivenSetting(loader.construct_object(value, deep=True), source, where)
    except (
        ArithmeticError,
        AttributeError,
        LookupError,
        TypeError,
        ValueError,
    ) as error:  # such as the date 2026-02-30
        raise UsageError("A setting is not valid.", f"{where}: {sanitize(str(error))}") from error
