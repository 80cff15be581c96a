"""How old the indexes of channels are that package caches hold, by which conda solves without a network."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timezone

import msgspec
from msgspec import Struct

from condatui_core.fs.documents import decode
from condatui_core.fs.safe_read import read_bounded
from condatui_core.records.solution import ChannelIndex
from condatui_core.text import strip_credentials

_STATE = ".info.json"
"""What conda notes beside an index, whichever of its two layouts that has."""
_LAYOUTS = (".json", ".msgpack.zst")
"""One file with all packages, and a directory of shards, a file for each package."""
_LARGEST = 1 << 20
"""Bytes of such a note."""


class _State(Struct):
    url: str = ""
    refresh_ns: int = 0
    """When conda last found that the index was current."""


def channel_indexes(
    locations: Iterable[str], subdirs: Sequence[str], pkgs_dirs: Sequence[str]
) -> tuple[ChannelIndex, ...]:
    """The indexes of channels, given by their base URLs; of the parts of one, the oldest counts. Blocks."""
    times: dict[str, datetime] = {}
    for url, at in _cached(pkgs_dirs):
        times[url] = max(at, times.get(url, at))
    return tuple(_index(each, subdirs, times) for each in dict.fromkeys(map(strip_credentials, locations)))


def _index(location: str, subdirs: Sequence[str], times: dict[str, datetime]) -> ChannelIndex:
    parts = [times[url] for each in subdirs if (url := f"{location}/{each}") in times]
    return ChannelIndex(channel=location, at=min(parts, default=None))


def _cached(pkgs_dirs: Sequence[str]) -> Iterator[tuple[str, datetime]]:
    """The URL of each index in the caches, without credentials, and when it was last found to be current."""
    for directory in (os.path.join(each, "cache") for each in pkgs_dirs):
        try:
            names = [each for each in sorted(os.listdir(directory)) if each.endswith(_STATE)]
        except OSError:
            continue
        for path in (os.path.join(directory, each) for each in names):
            state, modified = _read(path), _modified(path)
            if state and state.url and modified:
                at = state.refresh_ns / 1e9 if 0 < state.refresh_ns < _LATEST else modified
                yield strip_credentials(state.url).rstrip("/"), datetime.fromtimestamp(at, timezone.utc)


_LATEST = 1 << 62
"""Nanoseconds since 1970; a later time is none."""


def _read(path: str) -> _State | None:
    try:
        return decode(read_bounded(path, _LARGEST), _DECODER)
    except OSError:
        return None


def _modified(state: str) -> float:
    """The time of the index beside a note; 0 if it is gone."""
    stem = state.removesuffix(_STATE)
    return max(map(_time_of, (f"{stem}{each}" for each in _LAYOUTS)))


def _time_of(path: str) -> float:
    try:
        return os.stat(path).st_mtime
    except OSError:
        return 0.0


_DECODER = msgspec.json.Decoder(_State)
