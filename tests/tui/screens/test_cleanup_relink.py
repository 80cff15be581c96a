"""Place 3: what is stored twice comes as a row once it is found, and is planned with what goes, before it."""

from __future__ import annotations

import asyncio

from condatui.messages import RequestProposed
from condatui.screens.cleanup import CleanupScreen
from condatui_core.errors import CondatuiError
from condatui_core.records.relinking import RelinkSurvey, SameFiles, StoredFile, StoredInode, StoredTwice
from condatui_core.records.request import CleanupRequest, RelinkRequest, RemoveRequest
from condatui_core.settings import Settings
from support.fake_workbench import FakeDisk, FakeWorkbench
from support.inventories import finding, inventory, loaded, package
from support.pilots import Driver, opened
from support.surveys import Held, surveyed

ONE, TWO = (loaded(name, [package(name, requested_specs=("x",))]) for name in ("one", "two"))
OLD = loaded("old", [package("x", requested_specs=("x",))], findings=(finding("stale", cleanup="unused"),))
KEY = f"{OLD.prefix}#same-files"


def _inode(number: int, prefix: str) -> StoredInode:
    path = StoredFile(path=f"{prefix}/lib/libtorch.so", holder=prefix, package="torch 2.6.0")
    return StoredInode(number=number, bytes=4_000_000, modified=0, paths=(path,))


STORED = RelinkSurvey(
    sets=(
        SameFiles(
            device=1,
            size=4_000_000,
            sha256="",
            kept=_inode(1, ONE.prefix),
            joined=(_inode(2, TWO.prefix), _inode(3, OLD.prefix)),
        ),
    ),
    packages=(
        StoredTwice(package="torch 2.6.0", holders=(OLD.prefix, ONE.prefix, TWO.prefix), files=2, bytes=8_000_000),
    ),
    methods=((1, "hardlink"),),
)


async def _workbench(stored: RelinkSurvey = STORED) -> FakeWorkbench:
    known = inventory(ONE, TWO, OLD)
    *_, full = await surveyed(known, *(Held((each.prefix,), 5_000_000) for each in known.environments))
    fake = FakeWorkbench(known, settings=Settings(watch_seconds=0))
    fake.disk = FakeDisk((full,))
    fake.stored_twice = stored
    return fake


def _rows(driver: Driver) -> list[str]:
    assert isinstance(driver.app.screen, CleanupScreen)
    return [row.key for row in driver.app.screen.rows]


async def _choose(driver: Driver, key: str) -> None:
    assert isinstance(driver.app.screen, CleanupScreen)
    driver.app.screen.table.go_to(key)
    await driver.pilot.pause()
    await driver.press("space")


async def test_it_is_a_row_that_says_what_it_means_and_frees_less_beside_what_goes() -> None:
    async with opened(workbench=await _workbench(), size=(120, 35)) as driver:
        await driver.press("3")
        await driver.until(lambda: KEY in _rows(driver))
        assert _rows(driver) == [KEY, OLD.prefix]
        assert "stored twice (torch)" in driver.text
        assert "3 environments and their package caches" in driver.text
        assert "8.0 MB freed, and nothing is removed" in driver.text
        assert "torch 2.6.0 in 3 places, 8.0 MB over" in driver.text
        assert "an edit in place shows in all of them" in driver.text
        await _choose(driver, KEY)
        await driver.until(lambda: "frees 8.0 M" in driver.text)
        await _choose(driver, OLD.prefix)
        await driver.until(lambda: "chosen 2 · frees 9.0 M" in driver.text)  # 5 of the environment, and one copy less
        await driver.press("enter")
        await driver.until(lambda: driver.posted(RequestProposed))
        relink = RelinkRequest(prefixes=(ONE.prefix, TWO.prefix), leaving_out=(OLD.prefix,))
        removal = RemoveRequest(prefixes=(OLD.prefix,))
        assert driver.posted(RequestProposed)[-1].request == CleanupRequest(parts=(relink, removal))


async def test_all_else_is_listed_while_it_is_looked_for_and_if_that_fails() -> None:
    fake = await _workbench()
    fake.same_files_gate = asyncio.Event()
    fake.same_files_error = CondatuiError("What is stored twice could not be found.")
    async with opened(workbench=fake, size=(120, 35)) as driver:
        await driver.press("3")
        await driver.until(lambda: fake.same_files_asked)
        await driver.until(lambda: _rows(driver) == [OLD.prefix])
        fake.same_files_gate.set()
        await driver.pilot.pause()
        assert _rows(driver) == [OLD.prefix]
        await driver.press("plus")  # asks anew for what could go, of the same walk
        await driver.until(lambda: "alike from 91 %" in driver.text)
        assert fake.same_files_asked == 1
