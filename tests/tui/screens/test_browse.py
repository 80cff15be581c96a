"""The files of an environment by size: in, out, filter, order, whose a file is, and that nothing waits for the disk."""

from __future__ import annotations

import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from textwrap import dedent

import pytest
from msgspec.structs import replace
from rich.text import Text

from condatui.screens.browse import BrowseScreen
from condatui.view_models.browse import BrowseModel
from condatui_core.disk.browse import PrefixBrowser
from condatui_core.errors import CondatuiError
from condatui_core.records.disk import BrowsedEntry
from condatui_core.records.environment import Environment, Inventory
from condatui_core.records.prefix import PrefixContents
from condatui_core.settings import Settings
from support.disk_trees import link, write
from support.fake_workbench import FakeWorkbench
from support.inventories import inventory, loaded, package
from support.pilots import Driver, opened
from support.tiers import thorough


def machine(prefix: Path) -> Inventory:
    return inventory(replace(loaded("nlp", [package("numpy")]), prefix=str(prefix)), loaded("other"))


@pytest.fixture
def prefix(tmp_path: Path) -> Path:
    made = tmp_path / "nlp"
    write(made / "data" / "big.bin", 3_000_000)
    write(made / "data" / "old" / "small.bin", 100_000)
    link(write(tmp_path / "pkgs" / "so", 500_000), made / "lib" / "numpy.so")
    write(made / "conda-meta" / "history", 4096)
    return made


class Disk:
    """Browses for real, unless a test keeps the walk from its end."""

    def __init__(self, gate: threading.Event | None = None) -> None:
        self.gate = gate
        self.made: list[PrefixBrowser] = []

    def browser(self, environment: Environment, places: object) -> PrefixBrowser:
        gate = self.gate

        class Gated(PrefixBrowser):
            def walk(self) -> None:
                if gate:
                    gate.wait(30)
                super().walk()

        self.made.append(Gated(environment.prefix, PrefixContents()))
        return self.made[-1]


def screen(driver: Driver) -> BrowseScreen:
    place = driver.app.screen
    assert isinstance(place, BrowseScreen), place
    return place


def names(driver: Driver) -> list[str]:
    return [each.name for each in screen(driver).shown]


@asynccontextmanager
async def browsing(
    prefix: Path, gate: threading.Event | None = None, size: tuple[int, int] = (80, 24), *, plain: bool = False
) -> AsyncIterator[Driver]:
    workbench = FakeWorkbench(machine(prefix), settings=Settings(watch_seconds=0, ascii=plain))
    disk = Disk(gate)
    for name in ("survey", "break_down"):
        setattr(disk, name, getattr(workbench.disk, name))
    workbench.disk = disk  # type: ignore[assignment]
    async with opened(workbench=workbench, size=size) as driver:
        await driver.press("f")
        if gate is None:
            await driver.until(lambda: screen(driver).shown)
        yield driver


async def test_80_columns(prefix: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    entries = (
        BrowsedEntry("data", "directory", 3_100_000, 3_100_000, 3),
        BrowsedEntry("lib", "directory", 507_000, 4_100, 12_345),
        BrowsedEntry("notes [/b].txt", "file", 8_200, 8_200),
        BrowsedEntry("way", "symlink", 0, 0),
        BrowsedEntry("envs", "directory", 0, 0, nested=True),
    )
    monkeypatch.setattr(PrefixBrowser, "list", lambda *_: entries)
    monkeypatch.setattr(PrefixBrowser, "sizes", lambda *_: BrowsedEntry("", "directory", 3_615_300, 3_112_300, 12_353))
    async with browsing(prefix, size=(80, 18)) as driver:
        assert driver.text == dedent("""\
             1 envs 2 · 2 compare · 3 cleanup · 4 jobs · 5 restore   gpu07 · conda 26.7.1
             nlp  3.6 M, frees 3.1 M
             name             disk▾ share                   frees  entries
            ▌data/           3.1 M   86 %  ██████████████   3.1 M        3
             lib/            507 K   14 %  ██               4.1 K   12,345
             notes [/b].txt  8.2 K    0 %                   8.2 K        –
             way (symlink)     0 B    0 %                     0 B        –
             envs/




            ────────────────────────────────────────────────────────────────────────────────
             data
             3 entries below it
             deleting it alone frees 3.1 MB
             1 of 5 · by size
             backspace up  / filter  s sort  enter in  y copy  r reload  @ log  ? help""")


async def test_in_and_out_with_the_cursor_where_one_came_from(prefix: Path) -> None:
    async with browsing(prefix) as driver:
        assert names(driver) == ["data", "lib", "conda-meta"]
        await driver.press("right")
        await driver.until(lambda: names(driver) == ["big.bin", "old"])
        assert "nlp / data" in driver.text
        await driver.press("enter")  # a file is no directory
        assert screen(driver).path == "data"
        await driver.press("down", "enter")
        await driver.until(lambda: names(driver) == ["small.bin"])
        await driver.press("left")
        await driver.until(lambda: screen(driver).path == "data")
        assert screen(driver).table.cursor_key == "old"
        await driver.press("backspace")
        await driver.until(lambda: screen(driver).path == "")
        assert screen(driver).table.cursor_key == "data"
        await driver.press("backspace", "left")
        assert screen(driver).path == ""
        await driver.press("escape")
        assert driver.place.table.has_focus


async def test_escape_leaves_the_filter_then_the_directory_then_the_files(prefix: Path) -> None:
    async with browsing(prefix) as driver:
        await driver.press("enter")
        await driver.until(lambda: screen(driver).path == "data")
        await driver.press("slash", *"old", "enter")
        assert names(driver) == ["old"] and "filter `old`" in driver.text
        await driver.press("escape")
        assert names(driver) == ["big.bin", "old"]
        await driver.press("escape")
        await driver.until(lambda: screen(driver).path == "")
        await driver.press("slash", *"!LIB", "enter")
        assert names(driver) == ["data", "conda-meta"]
        await driver.press("escape", "escape")
        assert driver.place.table.has_focus


async def test_sorted_by_name_and_reversed(prefix: Path) -> None:
    async with browsing(prefix) as driver:
        await driver.press("s")
        assert names(driver) == ["conda-meta", "data", "lib"] and "by name" in driver.text
        await driver.press("S")
        assert names(driver) == ["lib", "data", "conda-meta"]


async def test_a_file_says_whose_it_is_and_what_stays_of_it(prefix: Path) -> None:
    async with browsing(prefix) as driver:
        await driver.press("down", "enter")
        await driver.until(lambda: names(driver) == ["numpy.so"])
        assert "no package has recorded it" in driver.text
        assert "deleting it alone frees 0 B · " in driver.text
        assert "stays: it has other hard links" in driver.text


async def test_keys_answer_while_the_walk_is_under_way_and_leaving_ends_it(prefix: Path) -> None:
    gate = threading.Event()
    async with browsing(prefix, gate) as driver:
        await driver.until(lambda: "Measuring its directories: 0 entries so far." in driver.text)
        browsers = driver.workbench.disk.made  # type: ignore[attr-defined]
        await driver.press("enter", "left", "slash", "escape", "y", "escape")
        assert driver.place.table.has_focus
        await driver.until(lambda: browsers[0].cancelled)
        gate.set()


async def test_a_directory_of_a_hundred_thousand_entries_is_drawn_like_a_small_one(
    prefix: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    many = [BrowsedEntry(f"file-{number:06}", "file", 1_000_000 - number, 0) for number in range(100_000)]
    async with browsing(prefix) as driver:
        monkeypatch.setattr(PrefixBrowser, "list", lambda *_: many)
        made: list[int] = []
        draw = BrowseModel.cells

        def count(model: BrowseModel, index: int) -> tuple[Text, ...]:
            made.append(index)
            return draw(model, index)

        monkeypatch.setattr(BrowseModel, "cells", count)
        await driver.press("enter")
        await driver.until(lambda: len(screen(driver).shown) == 100_000)
        await driver.press("end", "pageup", "home", "slash", *"99", "enter")
        assert len(names(driver)) < 100_000
        assert len(made) < 20_000


async def test_what_cannot_be_read_is_told_where_it_would_be(prefix: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise CondatuiError("data cannot be listed: Permission denied")

    async with browsing(prefix) as driver:
        monkeypatch.setattr(PrefixBrowser, "list", fail)
        await driver.press("enter")
        await driver.until(lambda: "data cannot be listed: Permission denied" in driver.text)
        assert names(driver) == ["data", "lib", "conda-meta"]
        await driver.press("escape")
        monkeypatch.setattr(PrefixBrowser, "walk", fail)
        await driver.press("f")
        await driver.until(lambda: "Permission denied" in driver.text)
        assert "Measuring" not in driver.text


async def test_one_that_is_not_there_has_no_files(tmp_path: Path) -> None:
    known = inventory(replace(loaded("nlp"), state="missing"))
    async with opened(known) as driver:
        await driver.press("f")
        assert "nlp does not exist: it has no files." in driver.text


async def test_the_disk_tab_names_the_key(prefix: Path) -> None:
    async with opened(machine(prefix)) as driver:
        assert "f browse" not in driver.text
        while driver.place.detail.tab != "disk":
            await driver.press("right_square_bracket")
        assert "f browse" in driver.text


@pytest.mark.parametrize("size", [(60, 15), (160, 40), *thorough([((80, 24),)])])
async def test_with_ascii_signs_nothing_else_is_drawn(prefix: Path, size: tuple[int, int]) -> None:
    async with browsing(prefix, size=size, plain=True) as driver:
        for key in ("down", "enter", "question_mark"):
            await driver.press(key)
            assert driver.text.isascii(), driver.text
            assert all(len(line) <= size[0] for line in driver.text.splitlines())
