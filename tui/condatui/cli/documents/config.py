"""The settings that hold, as the JSON document of `condatui config`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, TypeAlias

import msgspec
from msgspec import Struct

from condatui_core.settings import Locations, Settings, SettingSource
from condatui_core.settings_files.effective import variable_of
from condatui_core.settings_files.template import default_of, setting_meanings
from condatui_core.settings_files.values import expected_values

Value: TypeAlias = bool | int | float | str | tuple[str, ...] | dict[str, str]


class SettingDocument(Struct, frozen=True, kw_only=True):
    """A setting."""

    name: str
    """As it stands in a settings file."""
    value: Value
    """What holds."""
    source: Literal["default", "server", "file", "environment", "command line"]
    """Where that comes from: `server` is the file of the machine, `file` that of the user."""
    where: str
    """The file and line, or the variable; empty for other sources."""
    default: Value
    """What holds unless somebody sets it."""
    expected: str
    """What it may hold, in words."""
    variable: str
    """The variable that may set it; empty if none may."""
    meaning: str
    """One sentence."""


class ConfigDocument(Struct, frozen=True, kw_only=True):
    """The settings that hold."""

    file: str
    """The user's settings file."""
    file_exists: bool
    """Whether it is there."""
    server_file: str | None
    """The file with the defaults of this machine; None if there can be none."""
    server_file_exists: bool
    """Whether it is there."""
    settings: tuple[SettingDocument, ...]
    """All settings, or those that were asked for."""
    problems: tuple[str, ...]
    """What does not count, and why: settings of this machine, variables that set nothing."""


def describe_settings(
    sources: Sequence[SettingSource], locations: Locations, problems: Sequence[str]
) -> ConfigDocument:
    """Describe these settings."""
    server = locations.server_settings
    return ConfigDocument(
        file=str(locations.settings_file),
        file_exists=locations.settings_file.exists(),
        server_file=str(server) if server else None,
        server_file_exists=bool(server and server.exists()),
        settings=_described(sources),
        problems=tuple(problems),
    )


def _described(sources: Sequence[SettingSource]) -> tuple[SettingDocument, ...]:
    meanings = setting_meanings()
    fields = {field.name: field for field in msgspec.structs.fields(Settings)}
    return tuple(
        SettingDocument(
            name=each.name,
            value=msgspec.convert(each.value, Value),
            source=each.source,
            where=each.where,
            default=msgspec.convert(default_of(fields[each.name]), Value),
            expected=expected_values(fields[each.name].type),
            variable=variable_of(each.name),
            meaning=meanings[each.name],
        )
        for each in sources
    )
