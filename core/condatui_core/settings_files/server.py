"""The defaults that an administrator sets for all users of a machine, if nobody else can have written them.

A settings file names programs that condatui runs. So this one counts only if it belongs to root or to the user, and
if nobody else can change it, a directory above it, or a link on the way to it. It can stop nobody: what is wrong with
it is told, and left out value by value.
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterator
from pathlib import Path

from msgspec import Struct

from condatui_core.errors import UsageError
from condatui_core.fs.safe_read import open_regular, read_opened, reason
from condatui_core.settings import Locations
from condatui_core.settings_files.parsing import LARGEST, GivenSetting, decoded, parse_settings
from condatui_core.settings_files.values import check_setting
from condatui_core.text import sanitize

_ROOT = 0
_MOST_LINKS = 40
"""As many as Linux follows on one path."""


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
    *way, path = _way_to(str(file.absolute()))
    with open_regular(path) as stream:
        if why := _distrust(os.fstat(stream.fileno())):
            raise UsageError(f"{sanitize(path)} {why}.")
        for each in way:
            status = os.lstat(each)
            if why := _distrust(status):
                kind = "link" if stat.S_ISLNK(status.st_mode) else "directory"
                raise UsageError(f"The {kind} {sanitize(each)} {why}.")
        return read_opened(stream.fileno(), path, LARGEST)


def _way_to(path: str) -> Iterator[str]:
    """Every directory and link that the system passes when it opens a path, and last the real path. Raises OSError."""
    place, names, links = "/", path.split("/")[::-1], 0
    yield place
    while names:
        name = names.pop()
        if name in ("", ".", ".."):
            place = os.path.dirname(place) if name == ".." else place
            continue
        reached = os.path.join(place, name)
        yield reached
        if not stat.S_ISLNK(os.lstat(reached).st_mode):
            place = reached
            continue
        links += 1
        if links > _MOST_LINKS:
            raise OSError(errno.ELOOP, os.strerror(errno.ELOOP), path)
        target = os.readlink(reached)
        names += target.split("/")[::-1]
        place = "/" if target.startswith("/") else place


def _distrust(status: os.stat_result) -> str:
    """Who else can change this file, or what this directory holds; empty if only root and this user can."""
    if status.st_uid not in (_ROOT, os.geteuid()):
        return f"belongs to user {status.st_uid}, not to root"
    if stat.S_ISLNK(status.st_mode):  # its mode says nothing
        return ""
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
