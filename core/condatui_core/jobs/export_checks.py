"""What is looked at before an export is written, and after."""

from __future__ import annotations

import os
from pathlib import Path

from condatui_core.analyses.exports.text import ExportText
from condatui_core.bounded_read import reason
from condatui_core.errors import UsageError
from condatui_core.printable import printable
from condatui_core.records.finding import Finding
from condatui_core.records.installation import ChannelConfig
from condatui_core.records.request import ExportRequest
from condatui_core.spec_files.reading import read_spec_file


def blockers_to_write(file: str, *, replace: bool) -> tuple[Finding, ...]:
    """What stands against writing a file, which may `replace` another file but nothing else."""
    try:
        os.lstat(file)
        if hindrance := _taken(file, replace=replace):
            return (hindrance,)
    except (FileNotFoundError, NotADirectoryError):
        pass  # the place is free, if there is one
    except (OSError, ValueError) as error:  # ValueError: a NUL
        why = reason(error) if isinstance(error, OSError) else str(error)
        return (_blocker("bad-name", f"{printable(file)} cannot be written: {why}.", "Choose another name."),)
    directory = os.path.dirname(os.path.realpath(file) if replace else file)
    if not os.path.isdir(directory):
        return (_blocker("no-directory", f"{printable(directory)} is no directory.", "Make it first."),)
    if not os.access(directory, os.W_OK | os.X_OK):
        return (
            _blocker("not-writable", f"This user may not write in {printable(directory)}.", "Choose another place."),
        )
    return ()


def _taken(file: str, *, replace: bool) -> Finding | None:
    name = printable(file)
    if os.path.isdir(file):
        return _blocker("file-exists", f"{name} is a directory.", "Name a file that is not there yet.")
    if not replace:
        return _blocker("file-exists", f"{name} exists already.", "Choose another name, or `--force`.")
    if os.path.exists(file) and not os.path.isfile(file):
        return _blocker("file-exists", f"{name} is no regular file.", "Choose another name.")
    return None


def missing_in(request: ExportRequest, export: ExportText, config: ChannelConfig) -> str:
    """What a file lacks that was written, judged by reading it as any other one; empty if it has everything."""
    if request.format == "requirements":  # nobody but conda reads these, and each byte was compared
        return ""
    try:
        listing = read_spec_file(Path(request.file), config, platform="")
    except UsageError as error:
        return str(error)
    read = len(listing.entries) + len(listing.column.left_out)
    return "" if read == export.packages else f"It was to hold {export.packages} packages, and {read} can be read."


def _blocker(name: str, message: str, remedy: str) -> Finding:
    return Finding(id=name, severity="error", message=message, remedy=remedy)
