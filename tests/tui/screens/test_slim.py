"""The slim tab of place 1."""

from __future__ import annotations

import asyncio
from textwrap import dedent

import pytest

from condatui_core.errors import CondatuiError
from condatui_core.settings import Settings
from support.fake_workbench import FakeWorkbench
from support.inventories import ROOT, inventory, loaded, package
from support.pilots import Driver, opened
from support.slimmings import slimming
from support.tiers import thorough

HUB, OTHER = f"{ROOT}/envs/hub", f"{ROOT}/envs/other"


def workbench(*, ascii_only: bool = False) -> FakeWorkbench:
    machine = inventory(loaded("hub", [package("numpy")]), loaded("other"))
    made = FakeWorkbench(machine, settings=Settings(watch_seconds=0, ascii=ascii_only))
    made.slim = {HUB: slimming(HUB), OTHER: CondatuiError("The environment cannot be read.", "/x: [denied]")}
    return made


async def to_slim(driver: Driver) -> None:
    await driver.press("left_square_bracket")
    assert driver.place.detail.tab == "slim"


async def test_80_columns() -> None:
    async with opened(workbench=workbench(), size=(80, 24)) as driver:
        await to_slim(driver)
        await driver.until(lambda: "5.1 G on disk" in driver.text)
        await driver.press("enter")
        assert driver.text == dedent("""\
             1 envs 2 · 2 compare · 3 cleanup · 4 jobs · 5 restore   gpu07 · conda 26.7.1
               name▴  python   packages  channels    disk   frees  inodes    used  findings
            ▏  hub    –        1         –              –       –       –       –
               other  –        0         –              –       –       –       –







            ─ Packages 1 ─ Channels ─ Disk ─ Health ─ GPU ─ History ─ Slim ─────────── hub ─
             5.1 G on disk · a service needs 4.3 G (84 %) · image 3.9 G of 4.6 G
             what it is                      risk     disk  frees  image  of the largest
            ▌tools of developers             low     412 M  206 M  371 M  ██████████████
             byte code                       low     180 M   90 M  162 M  ██████
             packages that nobody asked for  low      96 M   48 M   86 M  ███
             tests inside of packages        low      90 M   45 M   81 M  ███
             conda's bookkeeping             medium  4.1 M  2.0 M  3.7 M  █
             Notebooks, linters, test runners and what only they need.
             jupyterlab 300 M, black 112 M
             ! Cannot travel: mine is installed in place: its code is in /h… (and 1 more)
             1 of 2 · by name
             M slimmed copy  ! run  O used  space mark  c compare  n clone  ? help""")


@pytest.mark.parametrize("size", [(60, 20), (200, 55), *thorough([((80, 24),), ((120, 35),)])])
@pytest.mark.parametrize("ascii_only", [False, True])
async def test_it_fits_every_terminal(size: tuple[int, int], ascii_only: bool) -> None:
    async with opened(workbench=workbench(ascii_only=ascii_only), size=size) as driver:
        await to_slim(driver)
        await driver.until(lambda: "on disk" in driver.text)
        await driver.press("enter", "j")
        assert "byte code" in driver.text
        assert all(len(line) <= size[0] for line in driver.text.splitlines())
        assert driver.text.isascii() or not ascii_only


async def test_only_a_tab_that_is_shown_is_measured_once_and_says_so_meanwhile() -> None:
    made = workbench()
    made.slim_gate = asyncio.Event()
    async with opened(workbench=made) as driver:
        await driver.press("j", "k")
        assert made.slimmed == []
        await to_slim(driver)
        await driver.until(lambda: made.slimmed == [HUB])
        assert "Looking at every file" in driver.text
        made.slim_gate.set()
        await driver.until(lambda: "5.1 G on disk" in driver.text)
        await driver.press("left_square_bracket", "right_square_bracket")
        assert made.slimmed == [HUB]


async def test_the_class_under_the_cursor_is_copied() -> None:
    async with opened(workbench=workbench()) as driver:
        await to_slim(driver)
        await driver.until(lambda: "5.1 G on disk" in driver.text)
        await driver.press("y")
        assert driver.app.clipboard == HUB
        await driver.press("enter", "j", "y")
        assert driver.app.clipboard == "byte-code"


async def test_why_the_class_goes_follows_the_cursor() -> None:
    async with opened(workbench=workbench(), size=(120, 35)) as driver:
        await to_slim(driver)
        await driver.until(lambda: "Notebooks, linters" in driver.text)
        assert "jupyterlab 300 M, black 112 M" in driver.text
        await driver.press("enter", "j")
        assert "Python compiles it again" in driver.text


async def test_one_that_cannot_be_read_says_why() -> None:
    async with opened(workbench=workbench()) as driver:
        await to_slim(driver)
        await driver.press("j")
        await driver.until(lambda: "The environment cannot be read." in driver.text)
        assert "/x: [denied]" in driver.text
        assert "byte code" not in driver.text
