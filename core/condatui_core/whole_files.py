"""Files that are written whole or not at all."""

from __future__ import annotations

import os
import secrets
from pathlib import Path


def write_whole(file: Path, data: bytes, *, replace: bool) -> None:
    """Write a file so that nobody ever sees half of it; what a link points to is replaced, not the link.

    Raises FileExistsError if it is there and may not be replaced, OSError for whatever else stands against it.
    """
    if not replace and os.path.lexists(file):
        raise FileExistsError(f"{file} exists already")
    target = file.resolve() if replace else file
    temporary = target.with_name(f".{secrets.token_hex(8)}.condatui")
    try:
        with open(temporary, "xb") as stream:
            stream.write(data)
            stream.flush()
            os.fsync(stream.fileno())
        _put(temporary, target, replace=replace)
    finally:
        temporary.unlink(missing_ok=True)


def _put(temporary: Path, target: Path, *, replace: bool) -> None:
    if not replace:
        os.link(temporary, target)  # fails if somebody has made it in the meantime, where a rename would not
        return
    if target.exists():
        os.chmod(temporary, target.stat().st_mode & 0o777)
    os.replace(temporary, target)
