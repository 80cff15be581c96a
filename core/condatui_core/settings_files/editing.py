"""Changes the user's settings file: makes one to begin with, and replaces it by a draft that was checked."""

from __future__ import annotations

from pathlib import Path

from condatui_core.errors import CondatuiError, RefusedError, UsageError
from condatui_core.fs.atomic_write import write_new, write_whole
from condatui_core.fs.private_directory import PrivateDirectory
from condatui_core.fs.safe_read import read_bounded, reason
from condatui_core.settings import Locations
from condatui_core.settings_files.parsing import LARGEST, check_settings, decoded, settings_text
from condatui_core.settings_files.template import settings_template


def write_template(locations: Locations) -> Path:
    """Write a commented settings file. Raises RefusedError if there is one already."""
    file = locations.settings_file
    try:
        _write(file, settings_template(), replace=False)
    except FileExistsError as error:
        hint = "`condatui config --edit` changes it."
        raise RefusedError("The settings file is there already, and stays as it is.", str(file), hint) from error
    return file


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

    @property
    def rejected(self) -> Path:
        """Where a text goes that was not taken, so that it is not lost."""
        return self._target.with_name(f"{self._target.name}.rejected")

    def text(self) -> str:
        """What the draft holds now. Raises UsageError if that is no text."""
        try:
            return decoded(read_bounded(str(self.file), LARGEST), self._target)
        except OSError as error:
            raise UsageError("What was written cannot be read.", f"{self.file}: {reason(error)}") from error

    @property
    def changed(self) -> bool:
        """Whether the draft is another text than at the beginning."""
        return self.text() != self._begun

    def check(self) -> None:
        """Raise UsageError, with the line, if a settings file with this text would be refused."""
        check_settings(self.text(), self._target, self._locations.home)

    def accept(self) -> None:
        """Replace the settings file. Raises UsageError if another program has changed that meanwhile."""
        if settings_text(self._target) != self._former:
            raise UsageError("The settings file was changed by something else meanwhile.", str(self._target))
        _write(self._target, self.text(), replace=bool(self._former) or self._target.exists())

    def keep_rejected(self) -> Path:
        """Keep what was written beside the settings file, where it sets nothing; returns where."""
        data = read_bounded(str(self.file), LARGEST)
        write_whole(_in_directory(self.rejected), data, replace=True)
        return self.rejected

    def discard(self) -> None:
        """Delete the draft."""
        self._directory.remove()


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
