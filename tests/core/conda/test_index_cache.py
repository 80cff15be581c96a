"""How old the indexes in package caches are."""

from __future__ import annotations

import json
import os
from datetime import datetime, timezone
from pathlib import Path

from condatui_core.conda.index_cache import channel_indexes

FORGE, LAB = "https://conda.anaconda.org/conda-forge", "https://conda.example.com/lab"
_DAY = 86_400


def note(cache: Path, name: str, layout: str, state: object, day: int) -> None:
    """An index that was fetched on a day, and what conda notes beside it."""
    (cache / "cache").mkdir(parents=True, exist_ok=True)
    (cache / "cache" / f"{name}.info.json").write_text(state if isinstance(state, str) else json.dumps(state))
    index = cache / "cache" / f"{name}{layout}"
    index.write_text("{}")
    os.utime(index, (day * _DAY, day * _DAY))


def days(cache: Path, *locations: str) -> list[int | None]:
    found = channel_indexes(locations, ("linux-64", "noarch"), (str(cache), "/nowhere"))
    epoch = datetime(1970, 1, 1, tzinfo=timezone.utc)
    return [(each.at - epoch).days if each.at else None for each in found]


def test_the_oldest_part_of_a_channel_counts_in_either_layout(tmp_path: Path) -> None:
    note(tmp_path, "a", ".json", {"url": f"{FORGE}/linux-64", "refresh_ns": 20 * _DAY * 10**9}, 5)
    note(tmp_path, "b", ".msgpack.zst", {"url": f"{FORGE}/noarch/"}, 10)
    note(tmp_path, "c", ".json", {"url": "https://conda.example.com/t/secret-1/lab/linux-64", "refresh_ns": 1 << 70}, 7)
    assert days(tmp_path, FORGE, "https://me:word@conda.example.com/lab", "https://elsewhere") == [10, 7, None]


def test_what_cannot_be_read_or_has_no_index_beside_it_is_none(tmp_path: Path) -> None:
    note(tmp_path, "a", ".json", "no json", 5)
    note(tmp_path, "b", ".else", {"url": f"{LAB}/linux-64"}, 5)
    note(tmp_path, "c", ".json", {"refresh_ns": 5}, 5)
    assert days(tmp_path, LAB) == [None]
    assert days(tmp_path / "not there", LAB) == [None]
