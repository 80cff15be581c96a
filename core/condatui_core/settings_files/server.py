"""The defaults that an administrator sets for all users of a machine, if nobody else can have written them.

A settings file names programs that condatui runs. So this one counts only if it belongs to root or to the user, and
if neither it nor a directory above it can be changed by others. It can stop nobody: what is wrong with it is told, and
left out value by value.
"""

from __future__ import annotations

import os
import stat
from pathlib import Path

from msgspec import Struct

from condatui_core.errors import UsageError
from condatui_core.fs.safe_read import open_regular, read_opened, reason
from condatui_core.settings import Locations
from condatui_core.settings_files.parsing import LARGEST, GivenSetting, decoded, parse_settings
from condatui_core.settings_files.values import check_setting
from condatui_core.text import sanitize

_ROOT = 0


class ServerSettings(Struct, frozen=True):
    """The usable defaults of this machine, and why others are not."""

    given: dict[str, GivenSetting] = {}
    problems: tuple[UsageError, ...] = ()


def read_server_settings(locations: Locations) -> ServerSettings:
    """Read the defaults of this machine, if there are any; never raises."""
    file = locations.server_settings
    if file is None:
        return ServerSettings()
    try:
        return _usable(parse_settings(decoded(_read(file), file), file, "server"), locations.home)
    except (FileNotFoundError, NotADirectoryError):
        return ServerSettings()
    except OSError as error:
        return ServerSettings(problems=(_ignored(f"{file}: {reason(error)}"),))
    except UsageError as error:
        return ServerSettings(problems=(_ignored(error.in_one_line),))


def _read(file: Path) -> bytes:
    """Read the file. Raises OSError, and UsageError if another user could have written it."""
    path = os.path.realpath(file)
    with open_regular(path) as stream:
        if why := _distrust(os.fstat(stream.fileno())):
            raise UsageError(f"{sanitize(path)} {why}.")
        for directory in {*Path(os.path.abspath(file)).parents, *Path(path).parents}:
            if why := _distrust(os.stat(directory)):
                raise UsageError(f"The directory {sanitize(str(directory))} {why}.")
        return read_opened(stream.fileno(), path, LARGEST)


def _distrust(status: os.stat_result) -> str:
    """Who else can change this file, or what this directory holds; empty if only root and this user can."""
    if status.st_uid not in (_ROOT, os.geteuid()):
        return f"belongs to user {status.st_uid}, not to root"
    sticky = stat.S_ISDIR(status.st_mode) and status.st_mode & stat.S_ISVTX  # only the owners of files change them
    if status.st_mode & (stat.S_IWGRP | stat.S_IWOTH) and not sticky:
        return f"can be changed by others (mode {stat.S_IMODE(status.st_mode):o})"
    return ""


def _usable(given: dict[str, GivenSetting], home: Path) -> ServerSettings:
    wrong = {name: error for name, each in given.items() if (error := _wrong_with(name, each, home))}
    kept = {name: each for name, each in given.items() if name not in wrong}
    return ServerSettings(kept, tuple(map(_left_out, wrong.values())))


def _wrong_with(name: str, given: GivenSetting, home: Path) -> UsageError | None:
    try:
        check_setting(name, given.value, given.where, home)
    except UsageError as error:
        return error
    return None


def _ignored(detail: str) -> UsageError:
    title = "The settings that an administrator has set for this machine do not count."
    return UsageError(title, detail, "Only root should be able to change this file; ask the administrator.")


def _left_out(error: UsageError) -> UsageError:
    title = "A setting that an administrator has set for this machine does not count."
    detail = "\n".join(filter(None, (f"{error.in_one_line.removesuffix('.')}.", error.hint)))
    return UsageError(title, detail, "Ask the administrator to mend it.")
