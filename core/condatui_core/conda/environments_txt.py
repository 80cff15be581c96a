"""The file in which conda registers environments, and whether conda would rewrite it."""

from __future__ import annotations

import os
from pathlib import Path


def environments_txt(home: Path) -> Path:
    """Where conda and mamba register the environments of a user."""
    return home / ".conda" / "environments.txt"


def listing_would_change(home: Path, euid: int) -> bool:
    """Whether `conda env list` would change a file: it forgets what is no environment at this moment.

    A prefix on a disk that is not mounted just now would be forgotten for good. As root it does that for every user
    of the machine. mamba also drops repeated, empty and comment lines.
    """
    if euid == 0:
        return True
    try:
        lines = environments_txt(home).read_bytes().splitlines()
    except (FileNotFoundError, NotADirectoryError):
        return False
    except OSError:
        return True
    return len(set(lines)) < len(lines) or not all(_is_environment(os.fsdecode(line.strip())) for line in lines)


def _is_environment(prefix: str) -> bool:
    return os.path.isabs(prefix) and os.path.isfile(os.path.join(prefix, "conda-meta", "history"))
