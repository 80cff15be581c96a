"""Changes the user's settings file: makes one to begin with, replaces it by a checked draft, writes one setting."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import msgspec

from condatui_core.errors import CondatuiError, RefusedError, UsageError
from condatui_core.fs.atomic_write import write_new, write_whole
from condatui_core.fs.private_directory import PrivateDirectory
from condatui_core.fs.safe_read import read_bounded, reason
from condatui_core.settings import Locations, Settings
from condatui_core.settings_files.parsing import LARGEST, check_settings, decoded, parse_settings, settings_text
from condatui_core.settings_files.server import read_server_settings
from condatui_core.settings_files.template import settings_template
from condatui_core.settings_files.text_edits import with_setting


def write_template(locations: Locations) -> Path:
    """Write a commented settings file. Raises RefusedError if there is one already."""
    file = locations.settings_file
    try:
        _write(file, settings_template(), replace=False)
    except FileExistsError as error:
        hint = "`condatui config --edit` changes it."
        raise RefusedError("The settings file is there already, and stays as it is.", str(file), hint) from error
    return file


def change_settings(locations: Locations, change: Callable[[Settings], Settings]) -> Settings:
    """Write into the settings file what `change` makes of the settings in it and in that of the machine, and return it.

    What is not changed keeps its lines, with their comments. A value that is the default, and that of the machine,
    leaves the file. Raises UsageError if the file cannot be read, or not be changed so, and what `change` raises.
    """
    draft = SettingsDraft(locations)
    try:
        text, file = draft.text(), locations.settings_file
        server = {name: each.value for name, each in read_server_settings(locations).given.items()}
        own = {name: each.value for name, each in parse_settings(text, file).items()}
        check_settings(text, file, locations.home)
        beneath = msgspec.convert(server, Settings, strict=False)
        former = msgspec.convert({**server, **own}, Settings, strict=False)
        wanted = change(former)
        for name, value in msgspec.structs.asdict(wanted).items():
            if value != getattr(former, name):
                plain = msgspec.json.decode(msgspec.json.encode(value))  # as the file says it: a list, not a tuple
                text = with_setting(text, name, None if value == getattr(beneath, name) else plain, file)
        draft.write(text)
        if draft.changed:
            draft.check()
            draft.accept()
    finally:
        draft.discard()
    return wanted


_MARK = "\ufeff"
_LARGEST_KEPT = 64 << 20
"""Bytes of what was written: more than of a settings file, since no text may be lost because it is too long."""


class SettingsDraft:
    """A copy of the user's settings to write in, which takes the place of the file once it is right."""

    def __init__(self, locations: Locations) -> None:
        """Copy the settings file, or begin a new one. Raises UsageError if it cannot be read."""
        self._locations = locations
        self._target = locations.settings_file
        self._former = settings_text(self._target)
        self._begun = self._former or settings_template()
        try:
            self._directory = PrivateDirectory(locations.private)
            self.file = self._directory.path / self._target.name
            write_new(self.file, self._begun.encode())
        except OSError as error:
            raise CondatuiError("The settings cannot be edited.", f"{locations.private}: {reason(error)}") from error

    def text(self) -> str:
        """What the draft holds now. Raises UsageError if that is no text."""
        try:
            return decoded(read_bounded(str(self.file), LARGEST), self._target)
        except OSError as error:
            if error.errno == errno.EFBIG:
                title = "The settings file would be longer than condatui reads."
                raise UsageError(title, f"{self._target}: {reason(error)}", "Shorten it.") from error
            raise UsageError("What was written cannot be read.", f"{self.file}: {reason(error)}") from error

    def write(self, text: str) -> None:
        """Replace what the draft holds. Raises CondatuiError if it cannot be written."""
        _write(self.file, text, replace=True)

    @property
    def changed(self) -> bool:
        """Whether the draft is another text than at the beginning."""
        return self.text() != self._begun

    def check(self) -> None:
        """Raise UsageError, with the line, if a settings file with this text would be refused."""
        check_settings(self.text(), self._target, self._locations.home)

    def accept(self) -> None:
        """Replace the settings file. Raises UsageError if another program has changed that meanwhile."""
        _replace(self._target, self._former, self.text())

    def keep_rejected(self) -> str:
        """Keep what was written where it sets nothing, and say where, or why not; empty if nothing was changed.

        That is beside the settings file, or with the state of condatui if nothing can be written there.
        """
        name = f"{self._target.name}.rejected"
        places = (self._target.with_name(name), self._locations.state / name)
        try:
            data = read_bounded(str(self.file), _LARGEST_KEPT)
            if data == self._begun.encode():
                return ""
            return f"What you have written is kept in {_kept(data, *places)}"
        except OSError as error:
            return f"What you have written cannot be kept: {reason(error)}"

    def discard(self) -> None:
        """Delete the draft."""
        self._directory.remove()


def _kept(data: bytes, *places: Path) -> Path:
    """The first of these files that can be written. Raises OSError of the last."""
    for file in places[:-1]:
        with suppress(OSError):
            write_whole(_in_directory(file), data, replace=True)
            return file
    write_whole(_in_directory(places[-1]), data, replace=True)
    return places[-1]


def _replace(file: Path, former: str, text: str) -> None:
    """Replace a settings file whose text is still the `former` one, or make it. Raises UsageError if it is not."""
    meanwhile = UsageError("The settings file was changed by something else meanwhile.", str(file))
    there = os.path.lexists(file)
    if settings_text(file) != former:
        raise meanwhile
    try:
        _write(file, _mark_of(file) + text, replace=there)
    except FileExistsError as error:
        raise meanwhile from error


def _mark_of(file: Path) -> str:
    """The byte order mark at the beginning of a settings file, which some editors write and read; empty if none is."""
    with suppress(OSError):
        return _MARK if read_bounded(str(file), LARGEST).startswith(_MARK.encode()) else ""
    return ""


def _write(file: Path, text: str, *, replace: bool) -> None:
    try:
        write_whole(_in_directory(file), text.encode(), replace=replace)
    except FileExistsError:
        raise
    except OSError as error:
        raise CondatuiError("The settings file cannot be written.", f"{file}: {reason(error)}") from error


def _in_directory(file: Path) -> Path:
    """The file, whose directory is made unless it is there."""
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    return file
