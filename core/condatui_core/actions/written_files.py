"""Writing files where the user says: what stands against it, and each of them whole or not at all."""

from __future__ import annotations

import os
from pathlib import Path

from condatui_core.errors import CondatuiError, RefusedError
from condatui_core.fs.atomic_write import sync_path, write_whole
from condatui_core.fs.safe_read import reason
from condatui_core.prefixes.ownership import read_owners
from condatui_core.prefixes.prefix import read_prefix
from condatui_core.records.finding import Finding, blocker
from condatui_core.remedy import ReplaceFile
from condatui_core.text import sanitize


def blockers_to_write(file: str, *, replace: bool, replaceable: bool = True) -> tuple[Finding, ...]:
    """The blocker against writing a file, if there is one; with `replace` it may replace a regular file.

    If `replaceable` is False, anything at the path is a blocker. So are files of conda and of packages in environments.
    """
    try:
        os.lstat(file)
        if taken := _file_taken(file, replace=replace, replaceable=replaceable) or _file_of_environment(file):
            return (taken,)
    except (FileNotFoundError, NotADirectoryError):
        pass  # the name is free; its directory is checked below
    except (OSError, ValueError) as error:  # ValueError: a NUL
        why = reason(error) if isinstance(error, OSError) else str(error)
        return (blocker("bad-name", f"{sanitize(file)} cannot be written: {why}.", "Choose another name."),)
    directory = os.path.dirname(os.path.realpath(file) if replace else file)
    if not os.path.isdir(directory):
        return (blocker("no-directory", f"{sanitize(directory)} is no directory.", "Make it first."),)
    if not os.access(directory, os.W_OK | os.X_OK):
        return (blocker("not-writable", f"This user may not write in {sanitize(directory)}.", "Choose another place."),)
    own = _file_of_environment(os.path.join(os.path.realpath(directory), os.path.basename(file)))
    return (own,) if own else ()


def _file_of_environment(file: str) -> Finding | None:
    """The blocker against a path that conda or a package has for its own, by the links to it as well."""
    for path in dict.fromkeys((os.path.abspath(file), os.path.realpath(file))):
        prefix = _prefix_around(path)
        if prefix and (whose := _whose(prefix, os.path.relpath(path, prefix))):
            message = f"{sanitize(file)} is for {sanitize(whose)} in the environment {sanitize(prefix)}."
            return blocker("inside-environment", message, "Choose another place.")
    return None


def _prefix_around(path: str) -> str:
    """The innermost environment that a path lies in; empty if there is none."""
    above = map(str, Path(path).parents)
    return next((each for each in above if os.path.isdir(os.path.join(each, "conda-meta"))), "")


def _whose(prefix: str, path: str) -> str:
    """What a path in an environment is for: conda itself, or the package that has brought it; empty if for neither."""
    if path.split(os.sep, maxsplit=1)[0] == "conda-meta":
        return "conda"
    if not os.path.lexists(os.path.join(prefix, path)):
        return ""
    owners = read_owners(prefix, read_prefix(prefix))
    owner = owners.owner(path)
    return "" if owner is None else owners.packages[owner].name


def _file_taken(file: str, *, replace: bool, replaceable: bool) -> Finding | None:
    name = sanitize(file)
    if os.path.isdir(file):
        return blocker("file-exists", f"{name} is a directory.", "Name a file that is not there yet.")
    if os.path.exists(file) and not os.path.isfile(file):
        return blocker("file-exists", f"{name} is no regular file.", "Choose another name.")
    if not replaceable:
        return blocker("file-exists", f"{name} exists already.", "Choose another name.")
    if not replace:
        return blocker("file-exists", f"{name} exists already.", ReplaceFile())
    return None


# Writing them


def make_directory(directory: str) -> bool:
    """Make a directory, unless it is there; returns whether it was made. Raises CondatuiError if that fails."""
    if os.path.isdir(directory):
        return False
    try:
        os.mkdir(directory)
        sync_path(os.path.dirname(directory))
    except OSError as error:
        raise CondatuiError(f"{sanitize(directory)} could not be made.", reason(error)) from error
    return True


def write_file(file: str, data: bytes, *, replace: bool) -> None:
    """Write a file whole or not at all. RefusedError if it may not be replaced, CondatuiError if that fails."""
    try:
        write_whole(Path(file), data, replace=replace)
    except FileExistsError as error:
        raise RefusedError(f"{sanitize(file)} exists by now.", hint="Choose another name.") from error
    except OSError as error:
        was = "the old one is as it was" if os.path.lexists(file) else "nothing was written"
        raise CondatuiError(
            f"{sanitize(file)} could not be written: {was}.", reason(error), "Write it to another place."
        ) from error
