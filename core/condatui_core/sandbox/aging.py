"""Make an environment look as old as it is said to be."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

_REVISION = re.compile(r"^==> (\d{4}-\d\d-\d\d \d\d:\d\d:\d\d) <==$", re.MULTILINE)
_FORMAT = "%Y-%m-%d %H:%M:%S"


def age(prefix: Path, days: int, now: float) -> None:
    """Move an environment `days` into the past: its history, and the times of every file that is its own.

    Files that are hard-linked keep theirs: other environments and the package cache show the same.
    """
    history = prefix / "conda-meta" / "history"
    if history.is_file():
        text = history.read_text(encoding="utf-8")
        history.write_text(_REVISION.sub(lambda match: _earlier(match[1], days), text), encoding="utf-8")
    then = now - timedelta(days=days).total_seconds()
    for path in _own(prefix):
        os.utime(path, (then, then), follow_symlinks=False)


def _earlier(moment: str, days: int) -> str:
    earlier = datetime.strptime(moment, _FORMAT) - timedelta(days=days)  # noqa: DTZ007 - conda writes local time
    return f"==> {earlier.strftime(_FORMAT)} <=="


def _own(prefix: Path) -> Iterator[str]:
    # Bottom up, because touching a directory's entries changes the times of the directory.
    for directory, _, names in os.walk(prefix, topdown=False):
        for name in names:
            path = os.path.join(directory, name)
            if os.lstat(path).st_nlink == 1:
                yield path
        yield directory
