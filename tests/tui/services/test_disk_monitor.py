"""The disk is measured beside the screens: figures come in, keys answer, nothing is left behind."""

from __future__ import annotations

import asyncio
import os
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from condatui.app import CondatuiApp
from condatui.messages import DiskSurveyed
from condatui_core.disk import measure as measuring
from condatui_core.disk.usage import Disk, DiskUsage
from condatui_core.errors import CondatuiError
from condatui_core.records.disk import Cost
from condatui_core.records.environment import Environment, Inventory
from condatui_core.settings import Locations, Settings
from support.fake_workbench import FakeDisk, FakeWorkbench
from support.inventories import NOW, finding, inventory, loaded, package
from support.pilots import Driver, opened
from support.surveys import PKGS, Held, measurement_of, said, surveyed

ONE = loaded("one", [package("numpy")], managed_bytes=2_000_000)
TWO = loaded("two", [package("numpy"), package("scipy")], managed_bytes=3_000_000)
HELD = (
    Held((ONE.prefix,), 1_000_000),
    Held((TWO.prefix,), 5_000_000),
    Held((ONE.prefix, TWO.prefix, PKGS), 30_000_000, unit="numpy-1.0-0"),
)


def machine() -> Inventory:
    return inventory(ONE, TWO)


def workbench(*script: DiskUsage | Exception | asyncio.Event) -> FakeWorkbench:
    known = FakeWorkbench(machine(), settings=Settings(watch_seconds=0))
    known.disk = FakeDisk(script)
    return known


async def test_the_walk_begins_when_all_is_read_and_its_figures_stand_in_the_rows() -> None:
    claimed, full = await surveyed(machine(), *HELD)
    gate = asyncio.Event()
    known = workbench(claimed, gate, full)
    async with opened(workbench=known, size=(100, 24)) as driver:
        await driver.until(lambda: "measuring: 0" in driver.text)
        assert "~2.0 K  ~1.0 K" in _row(driver, "two")
        gate.set()
        await driver.until(lambda: "on disk" in driver.text)
        assert "31 M   1.0 M" in _row(driver, "one")
        assert "35 M   5.0 M" in _row(driver, "two")
        assert known.disk.walks == [False]
        assert driver.posted(DiskSurveyed)


def _row(driver: Driver, name: str) -> str:
    return next(line for line in driver.text.splitlines() if f"  {name} " in line)


async def test_sorting_by_what_removal_frees() -> None:
    *_, full = await surveyed(machine(), *HELD)
    async with opened(workbench=workbench(full)) as driver:
        await driver.until(lambda: driver.app.session.disk)
        await driver.press("s", "s")
        assert "frees▾" in driver.text
        assert driver.names == ["two", "one"]


async def test_the_footer_says_what_the_marked_set_frees_and_why_it_is_not_more() -> None:
    *_, full = await surveyed(machine(), *HELD)
    async with opened(workbench=workbench(full), size=(150, 24)) as driver:
        await driver.until(lambda: driver.app.session.disk)
        await driver.press("space")
        reason = "(not 31 MB: 30 MB is shared with two and the package cache)"
        assert f"1 marked · removing it frees 1.0 MB {reason}" in driver.text
        await driver.press("space")
        assert "removing them frees 6.0 MB (not 66 MB: 30 MB is shared among them, 30 MB with the package cache)" in (
            driver.text
        )
        assert "+30 MB with the cache cleaned" in driver.text


async def test_the_limit_of_a_walk_that_believes_what_was_kept_is_said_until_it_reads_anew() -> None:
    *_, full = await surveyed(machine(), *HELD)
    known = workbench(full)
    async with opened(workbench=known) as driver:
        await driver.until(lambda: " 31 M " in driver.text)
        assert "only grown" not in driver.text  # it says so where it is about one figure, not for ever
        await driver.press("]", "]")
        await driver.until(lambda: "R measures all again, also files that have only grown" in driver.text)
        known.disk.script = (replace(full, anew=True),)
        await driver.press("R")
        await driver.until(lambda: "only grown" not in driver.text)
        assert known.disk.walks == [False, True]


async def test_keys_answer_while_the_disk_is_walked() -> None:
    claimed, _ = await surveyed(machine(), *HELD)
    async with opened(workbench=workbench(claimed, asyncio.Event())) as driver:
        await driver.until(lambda: driver.app.session.disk)
        await driver.press("j", "space", "s")
        assert "disk▾" in driver.text
        assert "1 marked · ~3.0 MB by their records" in driver.text
        await driver.press("right_square_bracket", "right_square_bracket")
        assert "Measuring the disk: 0 entries so far." in driver.text


async def test_what_cannot_be_measured_is_said_above_and_the_claims_stay() -> None:
    claimed, _ = await surveyed(machine(), *HELD)
    async with opened(workbench=workbench(claimed, CondatuiError("The disk could not be measured.", "no"))) as driver:
        await driver.until(lambda: "✗ The disk could not be measured.  no" in driver.text)
        assert driver.app.session.costs[ONE.prefix].measured is False


async def test_what_could_not_be_read_stands_with_the_findings() -> None:
    from condatui_core.disk.usage import survey

    unreadable = finding("disk-unreadable", "warning", "/x cannot be read", source="disk", hides_bytes=True)
    measured = measurement_of(machine(), *HELD, findings={ONE.prefix: (unreadable,)})
    *_, full = [each async for each in survey(said(measured), machine())]
    async with opened(workbench=workbench(full)) as driver:
        await driver.until(lambda: "! disk unreadable" in driver.text)
        assert "≥31 M" in driver.text
        assert "Health 1" in driver.text
        await driver.press("r")
        await driver.until(lambda: not driver.app.session.loading)
        assert driver.text.count("disk unreadable") == 1


async def test_a_change_during_a_walk_is_measured_after_it() -> None:
    _, full = await surveyed(machine(), *HELD)
    gate = asyncio.Event()
    known = workbench(gate, full)
    async with opened(workbench=known) as driver:
        await driver.until(lambda: known.disk.walks)
        await driver.press("r")
        await driver.until(lambda: len(known.loads) == 2 and not driver.app.session.loading)
        assert (known.disk.walks, known.disk.ended) == ([False], 0)
        gate.set()
        await driver.until(lambda: known.disk.ended == 2)
        assert known.disk.walks == [False, False]


async def test_reading_anew_does_not_wait_for_a_walk_that_is_under_way() -> None:
    known = workbench(asyncio.Event())
    async with opened(workbench=known) as driver:
        await driver.until(lambda: known.disk.walks)
        await driver.press("R")
        await driver.until(lambda: known.disk.walks == [False, True])
        assert known.disk.ended == 1


async def test_quitting_ends_the_walk() -> None:
    known = workbench(asyncio.Event())
    async with opened(workbench=known) as driver:
        await driver.until(lambda: known.disk.walks)
        await driver.press("q")
        await driver.until(lambda: known.disk.ended)


async def test_no_process_is_left_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    alive = tmp_path / "alive"
    os.mkfifo(alive)
    hangs = f"import time; kept = open({str(alive)!r}, 'w'); kept.write('x'); kept.flush(); time.sleep(60)"
    monkeypatch.setattr(measuring, "WALK", (sys.executable, "-c", hangs))
    known = workbench()
    locations = Locations.of_user({"CONDATUI_HOME": str(tmp_path / "own")}, tmp_path)
    known.disk = Disk(locations, environ=os.environ, clock=lambda: NOW)  # type: ignore[assignment]
    app = CondatuiApp(known, host="gpu07", clock=lambda: NOW)  # type: ignore[arg-type]
    sign = os.open(alive, os.O_RDONLY | os.O_NONBLOCK)
    async with app.run_test():
        assert await _next(sign) == b"x"
    assert await _next(sign) == b"", "all ends of it are closed, as they are when the process has died"
    os.close(sign)
    ends = asyncio.all_tasks() - {asyncio.current_task()}
    await asyncio.wait(ends, timeout=30)


async def _next(descriptor: int) -> bytes:
    readable = asyncio.Event()
    loop = asyncio.get_running_loop()
    loop.add_reader(descriptor, readable.set)
    await asyncio.wait_for(readable.wait(), 30)
    loop.remove_reader(descriptor)
    return os.read(descriptor, 1)


async def test_the_disk_tab_shows_shares_and_parts_and_copies_their_paths() -> None:
    from condatui_core.records.disk import Breakdown, PackageUse, UntrackedDirectory

    *_, full = await surveyed(machine(), *HELD)
    known = workbench(full)
    known.disk.breakdowns[ONE.prefix] = Breakdown(
        prefix=ONE.prefix,
        packages=(PackageUse(name="numpy", version="1.0", source="conda", bytes=9, exclusive=0, files=1),),
        pip=0,
        untracked=20_000,
        bookkeeping=0,
        directories=(UntrackedDirectory(path="checkpoints", bytes=20_000, exclusive=20_000, files=2),),
    )
    async with opened(workbench=known, size=(100, 30)) as driver:
        await driver.until(lambda: driver.app.session.disk)
        await driver.press("right_square_bracket", "right_square_bracket")
        await driver.until(lambda: "checkpoints/ (2 files)" in driver.text)
        assert "█ own 1.0 M" in driver.text
        assert "shared with two 30 M, the package cache 30 M" in driver.text
        await driver.press("tab", "y")
        assert driver.app.clipboard == f"{ONE.prefix}/checkpoints"
        await driver.press("escape", "j")
        await driver.until(lambda: "shared with one 30 M" in driver.text)


async def test_a_breakdown_that_failed_is_told_and_made_after_the_next_walk() -> None:
    from condatui_core.records.disk import Breakdown, UntrackedDirectory

    tried: list[str] = []

    async def fail(environment: Environment, places: object) -> Breakdown:
        tried.append(environment.prefix)
        raise PermissionError("no files today")

    known = workbench((await surveyed(machine(), *HELD))[-1])
    works = known.disk.break_down
    known.disk.break_down = fail  # type: ignore[method-assign]
    notes = UntrackedDirectory(path="notes", bytes=20_000, exclusive=20_000, files=2)
    known.disk.breakdowns[ONE.prefix] = Breakdown(
        prefix=ONE.prefix, packages=(), pip=0, untracked=20_000, bookkeeping=0, directories=(notes,)
    )
    async with opened(workbench=known, size=(160, 30)) as driver:
        await driver.until(lambda: driver.app.session.disk)
        await driver.press("right_square_bracket", "right_square_bracket")
        await driver.until(lambda: "no files today" in driver.text)
        await driver.press("tab", "tab")
        assert tried == [ONE.prefix]
        known.disk.break_down = works  # type: ignore[method-assign]
        known.disk.script = (await surveyed(machine(), *HELD))[-1:]
        await driver.press("r")
        await driver.until(lambda: "notes/ (2 files)" in driver.text)
        assert "no files today" not in driver.text


async def test_costs_of_what_is_not_measured_yet_are_the_claims() -> None:
    claimed, _ = await surveyed(machine(), *HELD)
    assert claimed.costs[TWO.prefix] == Cost(total=2000, frees=1000, measured=False)
