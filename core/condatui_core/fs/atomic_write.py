"""Files that are written whole or not at all."""

from __future__ import annotations

import os
import re
import time
from pathlib import Path

_BEGUN = re.compile(r"\.\d+-\d+\.condatui")
"""The names that files have as long as they are not whole."""


def write_whole(file: Path, data: bytes, *, replace: bool) -> None:
    """Write a file so that nobody ever sees half of it; what a link points to is replaced, not the link.

    Raises FileExistsError if it is there and may not be replaced, OSError for whatever else stands against it.
    """
    if not replace and os.path.lexists(file):
        raise FileExistsError(f"{file} exists already")
    target = file.resolve() if replace else file
    temporary = target.with_name(f".{os.getpid()}-{time.monotonic_ns()}.condatui")
    try:
        with open(temporary, "xb") as stream:
            stream.write(data)
            stream.flush()
            os.fsync(stream.fileno())
        _put(temporary, target, replace=replace)
    finally:
        temporary.unlink(missing_ok=True)


def begun_beside(file: Path) -> tuple[Path, ...]:
    """What was begun in the directory of a file by processes that were killed before they could give it its name.

    Whatever is being written at this moment is among it. Nothing where the directory cannot be read.
    """
    try:
        return tuple(sorted(each for each in file.resolve().parent.iterdir() if _BEGUN.fullmatch(each.name)))
    except OSError:
        return ()


def put_in_cache(file: Path, *data: bytes) -> None:
    """Replace a file that may be lost with these bytes: whole, for this user alone, without waiting for the disk.

    Makes its directory. Two processes at once are safe: the last one wins. Raises OSError.
    """
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    temporary = file.with_name(f".new-{os.getpid()}-{time.monotonic_ns()}")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with open(descriptor, "wb") as stream:
            stream.writelines(data)
        os.replace(temporary, file)
    except OSError:
        temporary.unlink(missing_ok=True)
        raise


def _put(temporary: Path, target: Path, *, replace: bool) -> None:
    if not replace:
        os.link(temporary, target)  # fails if somebody has made it in the meantime, where a rename would not
        return
    if target.exists():
        os.chmod(temporary, target.stat().st_mode & 0o777)
    os.replace(temporary, target)
