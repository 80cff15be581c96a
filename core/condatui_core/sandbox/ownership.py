"""Whose a directory is: a sandbox is built, reused and deleted only where it says that it is one."""

from __future__ import annotations

import fcntl
import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from condatui_core.errors import RefusedError

MARKER = "condatui-sandbox.json"
_LOCK = "condatui-sandbox.lock"


@contextmanager
def claimed(directory: Path) -> Iterator[None]:
    """Create a directory for a sandbox, or take one that is empty or a sandbox, and keep other builders out.

    Raises RefusedError if something else lies in it.
    """
    directory.mkdir(parents=True, exist_ok=True)
    contents = {entry.name for entry in os.scandir(directory)}
    if contents - {_LOCK} and MARKER not in contents:
        raise RefusedError(
            "The directory is not empty and not a sandbox.", str(directory), "Choose another one; nothing was changed."
        )
    with (directory / _LOCK).open("w", encoding="utf-8") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def is_current(directory: Path, recipe: str) -> bool:
    """Whether the sandbox is complete and made by this very recipe."""
    try:
        marker = json.loads((directory / MARKER).read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):
        return False
    return bool(marker == _marker(recipe, complete=True))


def start_over(directory: Path) -> None:
    """Empty a claimed directory and mark it as a sandbox in the making."""
    _write_marker(directory, _marker("", complete=False))
    for entry in directory.iterdir():
        if entry.name in {MARKER, _LOCK}:
            continue
        if entry.is_dir() and not entry.is_symlink():
            shutil.rmtree(entry)
        else:
            entry.unlink()


def complete(directory: Path, recipe: str) -> None:
    """Mark a sandbox as complete: the last thing that is written."""
    _write_marker(directory, _marker(recipe, complete=True))


def _marker(recipe: str, *, complete: bool) -> dict[str, object]:
    return {"made_by": "condatui demo", "recipe": recipe, "complete": complete}


def _write_marker(directory: Path, marker: dict[str, object]) -> None:
    temporary = directory / f"{MARKER}.new"
    temporary.write_text(json.dumps(marker, indent=1), encoding="utf-8")
    temporary.replace(directory / MARKER)
