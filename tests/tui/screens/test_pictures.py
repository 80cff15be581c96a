"""Each place as text, so that a review sees what a change does to it; `CONDATUI_NEW_PICTURES=1` draws them anew.

The pictures are files in tests/data/pictures. A place that a change was meant to alter is drawn anew and read.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import pytest

from condatui_core.records.environment import Inventory
from condatui_core.records.restore_point import RestorePointSummary
from condatui_core.settings import Settings
from support.fake_jobs import made_job
from support.fake_workbench import FakeDisk, FakeWorkbench
from support.inventories import NOW, ROOT, days_ago, environment, finding, inventory, loaded, package, research
from support.pilots import Driver, opened
from support.surveys import PKGS, Held, surveyed

_PICTURES = Path(__file__).parents[2] / "data" / "pictures"
_DRAWN_ANEW = bool(os.environ.get("CONDATUI_NEW_PICTURES"))
_PLACES: tuple[tuple[str, tuple[str, ...], tuple[str, ...]], ...] = (
    ("1-environments", ("1", "g", "j"), ("package-08", "515 M", "jobs ●1", "5 restore 1")),
    ("2-compare", ("g", "j", "space", "space", "c"), ("97 % alike", "the reference")),
    ("3-cleanup", ("3",), ("choice frees 0 B", "3.0 M kept", "where   /opt", "97 % the same")),
    ("4-jobs", ("4",), ("Remove research · running", "1 of 1 job")),
    ("5-restore", ("5",), ("everything is here", "held ")),
)
"""Name, the keys that lead there, and what stands in it once all is known."""


def _machine() -> Inventory:
    numbers = [package(f"package-{number:02}", "1.0", requested_specs=("x",)) for number in range(40)]
    older = [package("package-00", "0.9", requested_specs=("x",)), *numbers[1:]]
    orphan = environment(
        "half-cloned", state="orphan", findings=(finding("orphan", "error", "A failed clone.", cleanup="remains"),)
    )
    return inventory(
        loaded("base", [package("conda")], base=True, python="3.12.4", managed_bytes=412_000_000),
        loaded("hub", numbers, last_used=days_ago(0), python="3.11.9"),
        loaded("hub-try", older, last_used=days_ago(210), python="3.11.9"),
        orphan,
        research(),
    )


async def _workbench() -> FakeWorkbench:
    known = _machine()
    by_name = {each.name: each.prefix for each in known.environments}
    *_, measured = await surveyed(
        known,
        Held((by_name["hub"],), 40_000_000),
        Held((by_name["hub-try"],), 41_000_000),
        Held((by_name["half-cloned"],), 3_000_000),
        Held((by_name["research"],), 4_100_000_000),
        Held((by_name["hub"], by_name["hub-try"], PKGS), 475_000_000, unit="hub-1.0-0"),
    )
    workbench = FakeWorkbench(known, settings=Settings(watch_seconds=0))
    workbench.disk = FakeDisk((measured,))
    point = {"name": "vision", "prefix": f"{ROOT}/envs/vision", "packages": 212, "pip_packages": 6, "at": NOW}
    workbench.jobs.points = (RestorePointSummary(id="20260501-vision", bytes=2_000_000, **point),)  # type: ignore[arg-type]
    workbench.jobs.put(made_job(state="running", started=NOW))
    return workbench


@pytest.mark.parametrize("size", [(80, 24), (140, 40)], ids=lambda size: f"{size[0]}x{size[1]}")
async def test_places_look_as_they_did(size: tuple[int, int]) -> None:
    async with opened(workbench=await _workbench(), size=size) as driver:
        await driver.until(lambda: driver.workbench.jobs.callbacks and driver.app.session.jobs)
        for name, keys, texts in _PLACES:
            await driver.press(*keys)
            await _until_shown(driver, texts)
            _compare(driver.text, f"{name}-{size[0]}x{size[1]}.txt")


async def _until_shown(driver: Driver, texts: Sequence[str]) -> None:
    await driver.until(lambda: all(text in driver.text for text in texts))


def _compare(text: str, name: str) -> None:
    if _DRAWN_ANEW:
        _PICTURES.mkdir(exist_ok=True)
        (_PICTURES / name).write_text(f"{text}\n", encoding="utf-8")
    assert text.splitlines() == (_PICTURES / name).read_text(encoding="utf-8").splitlines(), name
