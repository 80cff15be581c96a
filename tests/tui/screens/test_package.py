"""Finding a package: the filter of the packages, one package with all there is to say, and where else it is."""

from __future__ import annotations

import asyncio

import pytest
from msgspec.structs import replace

from condatui.screens.package import PackageScreen
from condatui_core.errors import CondatuiError
from condatui_core.records.environment import Environment, Inventory
from condatui_core.records.package import PackageFile, PackageFiles
from condatui_core.records.prefix import History, PrefixContents, Revision
from support.fake_workbench import FakeWorkbench
from support.inventories import CONDA_FORGE, NOW, environment, inventory, loaded, package, pip_package
from support.pilots import Driver, opened

URL = f"{CONDA_FORGE}/linux-64/numpy-2.0-h0_0.conda"
NLP = environment(
    "nlp",
    contents=PrefixContents(
        packages=(
            package("libblas", "3.9"),
            package("numpy", "2.0", depends=("libblas >=3.9", "gone"), url=URL, md5="a" * 32),
            package("pandas", "2.2", depends=("numpy",)),
        ),
        distributions=(pip_package("lightning", "2.5", requires=("numpy",)),),
        history=History(
            requested=(("pandas", "pandas"),),
            revisions=(Revision(number=0, at=NOW, command="conda create", added=("numpy-2.0-h0_0",)),),
        ),
    ),
)
FILES = PackageFiles(
    (PackageFile("bin/f2py", 4096), PackageFile("lib/numpy.so", 2_000_000), PackageFile("lib/x", None))
)


def machine() -> Inventory:
    return inventory(NLP, loaded("other", [package("numpy", "1.26")]), loaded("third"))


def bench(environments: Inventory | None = None) -> FakeWorkbench:
    workbench = FakeWorkbench(environments or machine())
    workbench.package_files = FILES
    return workbench


def names(driver: Driver) -> list[str]:
    table = driver.place.query_one("#packages")
    return [] if table._model is None else [table._model.row(row).name for row in range(len(table._model))]  # type: ignore[attr-defined]


async def open_numpy(driver: Driver) -> PackageScreen:
    await driver.press("tab", "slash", *"numpy", "enter", "enter")
    await driver.until(lambda: isinstance(driver.app.screen, PackageScreen) and "3 files" in driver.text)
    screen = driver.app.screen
    assert isinstance(screen, PackageScreen)
    return screen


async def test_packages_are_filtered_while_the_environments_stay() -> None:
    async with opened(workbench=bench(), size=(100, 30)) as driver:
        await driver.press("tab", "slash", *"pip")
        assert names(driver) == ["lightning"]
        assert "name, version, build, channel, pip, asked" in driver.text
        await driver.press("enter")
        assert driver.place.detail.view.has_focus
        assert "/pip" in driver.text  # it stays visible as long as it hides packages
        assert "Packages 1 of 4" in driver.text
        assert driver.names == ["nlp", "other", "third"]
        await driver.press("escape")
        assert names(driver) == ["libblas", "lightning", "numpy", "pandas"]
        await driver.press("slash", *"!conda-forge nothing")
        assert "No package matches `!conda-forge nothing`" in driver.text
        await driver.press("escape", "escape")
        assert driver.place.table.has_focus


async def test_escape_empties_the_filter_of_packages_from_the_environments_too() -> None:
    async with opened(workbench=bench(), size=(100, 30)) as driver:
        await driver.press("tab", "slash", *"pip", "enter", "tab")
        assert driver.place.table.has_focus
        assert names(driver) == ["lightning"]
        await driver.press("escape")
        assert "/pip" not in driver.text
        assert names(driver) == ["libblas", "lightning", "numpy", "pandas"]


async def test_a_filter_of_packages_holds_for_the_environments_that_are_gone_to() -> None:
    async with opened(workbench=bench(), size=(100, 30)) as driver:
        await driver.press("tab", "slash", *"numpy", "enter", "tab", "j")
        await driver.until(
            lambda: driver.place.detail._subject and driver.place.detail._subject.environment.name == "other"
        )
        assert names(driver) == ["numpy"]
        await driver.press("right_square_bracket")
        assert "/numpy" not in driver.text
        await driver.press("left_square_bracket")
        assert "/numpy" in driver.text


@pytest.mark.parametrize("size", [(80, 40), (200, 55)])
async def test_a_package_says_why_it_is_there_where_from_and_what_files_it_has(size: tuple[int, int]) -> None:
    async with opened(workbench=bench(), size=size) as driver:
        await open_numpy(driver)
        for words in (
            "numpy 2.0 h0_0 in nlp",
            "comes with pandas → numpy",
            "libblas >=3.9  ✓ libblas 3.9",
            "gone  ✗ not here",
            "needed by  lightning",
            URL,
            "a" * 32,
            "rev 0  2026-05-20 12:00  + numpy 2.0",
            "$ conda create",
            "3 files · 2.0 MB on the disk · ✗ 1 not there",
            "lib/numpy.so",
            "✗ gone",
        ):
            assert words in driver.text, driver.text
        assert all(len(line) <= size[0] for line in driver.text.splitlines())


async def test_what_is_needed_is_opened_and_the_way_back_leads_here() -> None:
    async with opened(workbench=bench(), size=(100, 40)) as driver:
        await open_numpy(driver)
        await driver.press("j", "j", "enter")
        await driver.until(lambda: "libblas 3.9 h0_0 in nlp" in driver.text)
        assert "comes with pandas → numpy → libblas" in driver.text
        await driver.press("escape")
        assert "numpy 2.0 h0_0 in nlp" in driver.text
        await driver.press("escape")
        assert driver.place.detail.view.has_focus


async def test_lines_and_files_are_copied_and_files_are_filtered() -> None:
    async with opened(workbench=bench(), size=(100, 40)) as driver:
        await open_numpy(driver)
        await driver.press("y")
        assert driver.app.clipboard == "numpy=2.0=h0_0"
        await driver.press("j", "j", "y")
        assert driver.app.clipboard == "libblas >=3.9"
        await driver.press("tab", "j", "y")
        assert driver.app.clipboard == f"{NLP.prefix}/lib/numpy.so"
        await driver.press("slash", *"f2py")
        assert "lib/numpy.so" not in driver.text
        await driver.press("enter", "escape")
        assert "lib/numpy.so" in driver.text


@pytest.mark.parametrize("inside", [True, False])
async def test_one_key_shows_which_environments_have_it(inside: bool) -> None:
    async with opened(workbench=bench(), size=(120, 40)) as driver:
        if inside:
            await open_numpy(driver)
        else:
            await driver.press("tab", "slash", *"numpy", "enter")
        await driver.press("w")
        await driver.until(lambda: driver.app.screen is driver.app.screen_stack[0] and driver.names == ["nlp", "other"])
        assert driver.place.environment_query.filter == "package:numpy"
        assert "2.0 h0_0" in driver.text
        assert "1.26 h0_0" in driver.text


async def test_without_a_package_under_the_cursor_the_key_says_so() -> None:
    async with opened(workbench=bench(), size=(100, 30)) as driver:
        await driver.press("w")
        assert "There is no package under the cursor" in driver.text


async def test_nothing_waits_for_the_files_and_a_failure_is_told() -> None:
    workbench = bench()
    workbench.package_gate = asyncio.Event()
    async with opened(workbench=workbench, size=(100, 30)) as driver:
        await driver.press("tab", "enter")
        await driver.until(lambda: "Looking at its files…" in driver.text)
        workbench.package_files = CondatuiError("The disk is gone.")
        workbench.package_gate.set()
        await driver.until(lambda: "The disk is gone." in driver.text)
        await driver.press("escape")
        assert driver.place.detail.view.has_focus


async def test_hostile_names_are_made_printable() -> None:
    evil = "[/x]\x1b[2J\u202e"
    record = package(evil, evil, build=evil, depends=(f"{evil} >1",), url=f"https://x/{evil}", license=evil)
    held: Environment = replace(NLP, contents=PrefixContents(packages=(record,)))
    workbench = bench(inventory(held))
    workbench.package_files = PackageFiles((PackageFile(evil, 1),))
    async with opened(workbench=workbench, size=(100, 40)) as driver:
        await driver.press("tab", "enter")
        await driver.until(lambda: "1 file ·" in driver.text)
        assert "\x1b" not in driver.text
        assert "[/x]\\x1b[2J\\u202e" in driver.text
