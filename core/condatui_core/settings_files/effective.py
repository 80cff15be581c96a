"""The settings that hold: the user's file and variables over the defaults of the machine; and where each comes from."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping

import msgspec

from condatui_core.errors import UsageError
from condatui_core.settings import FROM_ENVIRONMENT, Locations, Settings, SettingSource
from condatui_core.settings_files.parsing import GivenSetting, settings_of_file
from condatui_core.settings_files.server import read_server_settings
from condatui_core.settings_files.values import check_own_home, check_setting, nearest
from condatui_core.text import sanitize

_PREFIX = "CONDATUI_"
_NO_SETTINGS = ("HOME", "SERVER_SETTINGS")
"""The rest of the names of variables that condatui reads and that set no setting."""


def read_settings(locations: Locations, environ: Mapping[str, str]) -> Settings:
    """Read the settings: variables `CONDATUI_<FIELD>` override the user's file, which overrides that of the machine.

    Raises UsageError with the line of the user's file, or with the variable, if a setting is unknown or its value
    unusable.
    """
    check_own_home(environ.get("CONDATUI_HOME", ""), locations.home)
    own = {**settings_of_file(locations.settings_file), **dict(_of_environment(environ))}
    for name, each in own.items():
        check_setting(name, each.value, each.where, locations.home)
    given = {**read_server_settings(locations).given, **own}
    return msgspec.convert({name: each.value for name, each in given.items()}, Settings, strict=False)


def setting_sources(
    settings: Settings, locations: Locations, environ: Mapping[str, str], from_command_line: Collection[str] = ()
) -> tuple[SettingSource, ...]:
    """The source of each effective setting; an unusable file is ignored."""
    given = {**read_server_settings(locations).given, **_of_user(locations), **dict(_of_environment(environ))}
    return tuple(
        _source(name, value, given.get(name), on_command_line=name in from_command_line)
        for name, value in msgspec.structs.asdict(settings).items()
    )


def unknown_variables(environ: Mapping[str, str]) -> tuple[UsageError, ...]:
    """The variables that set nothing and are named nearly like one that does, which the hint says."""
    known = (*(each.upper() for each in FROM_ENVIRONMENT), *_NO_SETTINGS)
    names = sorted(each.removeprefix(_PREFIX) for each in environ if each.startswith(_PREFIX))
    meant = ((each, nearest(each, known, prefix=_PREFIX)) for each in names if each not in known)
    return tuple(
        UsageError(f"The variable {_PREFIX}{sanitize(each)} sets nothing.", hint=hint) for each, hint in meant if hint
    )


def variable_of(name: str) -> str:
    """The variable that may set a setting; empty if none may."""
    return f"{_PREFIX}{name.upper()}" if name in FROM_ENVIRONMENT else ""


def _of_user(locations: Locations) -> dict[str, GivenSetting]:
    try:
        return settings_of_file(locations.settings_file)
    except UsageError:
        return {}


def _of_environment(environ: Mapping[str, str]) -> Iterator[tuple[str, GivenSetting]]:
    for name in FROM_ENVIRONMENT:
        variable = variable_of(name)
        if value := environ.get(variable):
            yield name, GivenSetting(value, "environment", f"the variable {variable}")


def _source(name: str, value: object, given: GivenSetting | None, *, on_command_line: bool) -> SettingSource:
    if on_command_line:
        return SettingSource(name=name, value=value, source="command line")
    if given is None:
        return SettingSource(name=name, value=value, source="default")
    where = given.where.removeprefix("the variable ")
    return SettingSource(name=name, value=value, source=given.source, where=where)
