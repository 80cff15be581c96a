"""Verifying the environment under the cursor against a file by a key."""

from __future__ import annotations

from pathlib import Path

import pytest
from textual.widgets import Input

from condatui.panels.line_panel import LinePanel
from condatui_core.records.environment import UserMarks
from condatui_core.settings import Settings
from support.fake_workbench import FakeWorkbench
from support.inventories import ROOT, inventory, loaded, package
from support.pilots import opened

ALPHA = f"{ROOT}/envs/alpha"


def bench(numpy: str = "1.26") -> FakeWorkbench:
    alpha = loaded("alpha", (package("numpy", numpy), package("more", requested_specs=("more",)), package("zlib")))
    return FakeWorkbench(inventory(alpha, loaded("beta")), settings=Settings(watch_seconds=0))


@pytest.fixture
def file(tmp_path: Path) -> Path:
    file = tmp_path / "my env.yml"
    file.write_text("name: x\ndependencies: [numpy>=2, gone, zlib, __glibc]\n")
    return file


@pytest.mark.parametrize("size", [(80, 24), (140, 40)])
async def test_what_differs_is_shown_with_signs_in_the_health(file: Path, size: tuple[int, int]) -> None:
    workbench = bench()
    async with opened(workbench=workbench, size=size) as driver:
        await driver.press("v")
        assert "Verify alpha against:" in driver.text
        await driver.press(*str(file)[:3], "escape")
        assert workbench.user_marks.files == ()
        await driver.press("v", *str(file), "enter")
        await driver.until(lambda: workbench.user_marks.file_of(ALPHA) == str(file))
        await driver.until(lambda: "numpy  1.26, wanted >=2" in driver.text)
        for line in (
            "3 packages differ from my env.yml: 1 missing, 1 too many, 1 other version.",
            "− gone   missing, wanted any",
            "+ more   1.0, not asked for",
            "≠ numpy  1.26, wanted >=2",
        ):
            assert line in driver.text, driver.text
        assert driver.place.detail.tab == "health"


async def test_the_file_is_remembered_and_looked_at_again_in_the_health(file: Path) -> None:
    workbench = bench("2.1")
    known = UserMarks(files=((ALPHA, str(file)),))
    workbench.script = (inventory(loaded("alpha", (package("numpy", "2.1"),)), marks=known),)
    async with opened(workbench=workbench, size=(100, 30)) as driver:
        await driver.press("v")
        assert driver.app.screen.query_one(LinePanel).query_one(Input).value == str(file)
        await driver.press("escape", "]", "]", "]")
        await driver.until(lambda: "2 packages differ from my env.yml: 2 missing." in driver.text)


async def test_why_a_file_cannot_be_read_is_said_and_it_is_not_remembered(tmp_path: Path) -> None:
    workbench = bench()
    async with opened(workbench=workbench, size=(100, 30)) as driver:
        await driver.press("v", *str(tmp_path / "no.yml"), "enter")
        await driver.until(lambda: "no.yml: The file cannot be read" in driver.text)
        assert workbench.user_marks.files == ()


async def test_after_a_load_a_file_that_was_edited_is_read_again(file: Path) -> None:
    workbench = bench("2.1")
    known = UserMarks(files=((ALPHA, str(file)),))
    workbench.script = (inventory(loaded("alpha", (package("numpy", "2.1"),)), marks=known),) * 2
    async with opened(workbench=workbench, size=(100, 30)) as driver:
        await driver.press("]", "]", "]")
        await driver.until(lambda: "2 packages differ from my env.yml: 2 missing." in driver.text)
        file.write_text("name: x\ndependencies: [numpy>=2]\n")
        await driver.press("r")
        await driver.until(lambda: "It is what my env.yml describes" in driver.text)


async def test_a_file_that_was_edited_is_read_again_when_the_tab_is_shown(file: Path) -> None:
    workbench = bench("2.1")
    known = UserMarks(files=((ALPHA, str(file)),))
    workbench.script = (inventory(loaded("alpha", (package("numpy", "2.1"),)), marks=known),)
    async with opened(workbench=workbench, size=(100, 30)) as driver:
        await driver.press("]", "]", "]")
        await driver.until(lambda: "2 packages differ from my env.yml: 2 missing." in driver.text)
        file.write_text("name: x\ndependencies: [numpy>=2]\n")
        await driver.press("[", "]")
        await driver.until(lambda: "It is what my env.yml describes" in driver.text)
