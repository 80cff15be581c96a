"""Read files of unknown origin: regular ones up to a size."""

import errno
import json
import os
import re
import stat
import time
from typing import Any, Dict, Iterable, List, Optional, Tuple

from condatui_core.collector.credentials import strip_credentials

_NO_WAITING = getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_NOCTTY", 0)
_MOST = (1 << 63) - 1
"""The largest number that a snapshot may have."""
_LARGEST_JSON = 32 << 20
"""Bytes; a record with tens of thousands of files takes a third of that."""

Unread = List[Tuple[str, str]]
"""(prefix, reason) pairs."""


class OutOfTimeError(Exception):
    """The time that the collector may take is over."""


class Deadline:
    """The moment at which the collector has to come to its end."""

    def __init__(self, seconds: float) -> None:
        self._end = time.monotonic() + seconds

    def check(self) -> None:
        """Raise OutOfTimeError once it is over."""
        if time.monotonic() > self._end:
            raise OutOfTimeError


def read_bounded(path: str, limit: int) -> bytes:
    """Read a regular file of at most `limit` bytes. Raises OSError, also for a pipe, which is not opened to wait."""
    if not stat.S_ISREG(os.stat(path).st_mode):
        raise OSError(errno.EINVAL, "not a regular file", path)
    descriptor = os.open(path, os.O_RDONLY | _NO_WAITING)
    with os.fdopen(descriptor, "rb") as stream:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise OSError(errno.EINVAL, "not a regular file any more", path)
        data = stream.read(limit + 1)
    if len(data) > limit:
        raise OSError(errno.EFBIG, "larger than %d MB" % (limit >> 20), path)
    return data


def text_of(path: str, limit: int) -> str:
    """Read a text; empty if it cannot be read."""
    try:
        return read_bounded(path, limit).decode("utf-8", "replace")
    except OSError:
        return ""


def read_object(path: str) -> Dict[str, Any]:
    """Read a JSON object. Raises OSError, with a reason, for anything else."""
    try:
        found = json.loads(read_bounded(path, _LARGEST_JSON).decode("utf-8"))
    except UnicodeDecodeError:
        raise OSError(errno.EILSEQ, "not UTF-8", path) from None
    except (ValueError, RecursionError):
        raise OSError(errno.EILSEQ, "not valid JSON", path) from None
    if not isinstance(found, dict):
        raise OSError(errno.EILSEQ, "unexpected content", path)
    return found


def reason(error: OSError) -> str:
    """Say in a few words why a file could not be read."""
    return error.strerror or str(error)


def text(value: object) -> str:
    """Make a text of what a record states; a number counts as one, anything else as nothing."""
    if isinstance(value, str):
        return value
    return str(value) if isinstance(value, (int, float)) and not isinstance(value, bool) else ""


def whole(value: object) -> int:
    """Make a number of bytes or files of what a record states; 0 if it is none."""
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= _MOST else 0


def total(sizes: Iterable[int]) -> int:
    """Sum up sizes that records state, which may be anything."""
    return min(sum(sizes), _MOST)


def listed(value: object) -> List[str]:
    """Take the texts of a list; nothing if it is no list."""
    return [each for each in value if isinstance(each, str)] if isinstance(value, list) else []


# Where a package came from


_ARCHIVES = (".conda", ".tar.bz2", ".tar.gz", ".zip")
_PLATFORM = re.compile(r"/(?:noarch|(?:linux|osx|win|freebsd|zos|emscripten|wasi|unknown)-[a-z0-9_]+)$")


def channel_location(channel: str, url: str, subdir: str) -> Optional[str]:
    """Find the base URL of a channel, without platform, file, and credentials; None if the record states none."""
    stated = channel if "://" in channel else url or channel
    stated = stated.partition("#")[0].partition("?")[0]
    if stated in ("", "<unknown>"):
        return None
    if stated.endswith(".whl"):
        return "pypi"
    directory, _, name = stated.rpartition("/")
    location = strip_credentials(directory if name.endswith(_ARCHIVES) else stated).rstrip("/")
    if subdir and location.endswith("/" + subdir):
        location = location[: -len(subdir) - 1]
    return _PLATFORM.sub("", location).rstrip("/")
