"""URLs of archives and channels as records state them, brought to the location of the channel."""

from __future__ import annotations

import re
from functools import lru_cache

from condatui_core.credentials import strip_credentials

_ARCHIVES = (".conda", ".tar.bz2")
_PLATFORM = re.compile(r"/(?:noarch|(?:linux|osx|win|freebsd|zos|emscripten|wasi|unknown)-[a-z0-9_]+)$")


def channel_location(channel: str | None, url: str | None, subdir: str) -> str | None:
    """Find the channel's base URL: without platform, file name, credentials and slash at the end.

    The record's own channel goes before the URL of the archive, as in conda: an old host name or a mirror in the URL
    does not make another channel. A bare channel name is returned as it is if there is nothing better.
    """
    channel = None if channel in (None, "", "<unknown>") else channel
    stated = channel if channel and "://" in channel else url or channel
    if not stated:
        return None
    directory, _, file_name = stated.rpartition("/")
    return _location(directory if file_name.endswith(_ARCHIVES) else stated, subdir)


@lru_cache(maxsize=1024)
def _location(directory: str, subdir: str) -> str:
    """What thousands of records have in common: the channel's location by the directory of its archives."""
    location = strip_credentials(directory).rstrip("/")
    if subdir and location.endswith("/" + subdir):
        location = location[: -len(subdir) - 1]
    return _PLATFORM.sub("", location).rstrip("/")
