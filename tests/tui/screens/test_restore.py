"""Place 5: restore points to bring back or to delete."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from condatui.screens.restore import RestoreScreen
from condatui_core.errors import CondatuiError
from condatui_core.records.request import ForgetRequest, RestoreRequest, SeveralRequest
from condatui_core.records.restore_point import RestorePointSummary
from condatui_core.settings import Settings
from support.fake_jobs import made_job
from support.fake_workbench import FakeWorkbench
from support.inventories import NOW, ROOT, inventory, research
from support.pilots import Driver, opened
from support.tiers import thorough


def point(name: str, **fields: object) -> RestorePointSummary:
    given: dict[str, object] = {
        "id": f"id-{name}",
        "name": name,
        "prefix": f"{ROOT}/envs/{name}",
        "at": NOW,
        "bytes": 2_000_000,
        "packages": 212,
        "pip_packages": 6,
        **fields,
    }
    return RestorePointSummary(**given)  # type: ignore[arg-type]


POINTS = (
    point("old", at=NOW.replace(day=1)),
    point("new", at=NOW.replace(hour=3), to_download=("numpy-1.26.4-h0_0",), download_bytes=7_000_000),
    point("hurt", at=NOW.replace(day=2), problem="the archive is gone"),
    point("back", at=NOW.replace(day=3), exists=True),
)


def bench(*points: RestorePointSummary, **settings: object) -> FakeWorkbench:
    workbench = FakeWorkbench(inventory(research()), settings=Settings(watch_seconds=0, **settings))  # type: ignore[arg-type]
    workbench.jobs.points = points
    return workbench


def screen(driver: Driver) -> RestoreScreen:
    place = driver.app.screen
    assert isinstance(place, RestoreScreen), place
    return place


async def go(driver: Driver) -> None:
    await driver.press("5")
    await driver.until(lambda: "Looking for restore points" not in driver.text)


async def test_no_restore_points_says_what_makes_one() -> None:
    async with opened(workbench=bench()) as driver:
        await go(driver)
        assert "There are no restore points: each removal and each update makes one." in " ".join(driver.text.split())
        await driver.press("enter", "d", "space")
        assert driver.workbench.jobs.requests == []
        assert "no restore point under the cursor" in driver.text


async def test_the_newest_comes_first_and_each_says_what_it_takes() -> None:
    async with opened(workbench=bench(*POINTS), size=(120, 30)) as driver:
        await go(driver)
        rows = driver.text.splitlines()[2:6]
        assert all(name in row for name, row in zip(("new", "back", "hurt", "old"), rows, strict=True))
        assert "1 package to download, 7.0 MB" in rows[0]
        assert "replaces what is there" in rows[1]
        assert "the archive is gone" in rows[2]
        assert "everything is here" in rows[3]
        assert "212+6" in rows[0]
        assert "numpy-1.26.4-h0_0" in driver.text
        assert "4 restore points · 8.0 MB" in driver.text


async def test_a_prefix_at_home_is_told_in_short_and_marks_put_a_notice_away() -> None:
    workbench = bench(*POINTS)
    home = str(workbench.locations.home)
    workbench.jobs.points = (replace(POINTS[0], prefix=f"{home}/miniforge3/envs/new"),)
    async with opened(workbench=workbench, size=(140, 30)) as driver:
        await go(driver)
        assert driver.text.splitlines()[2].endswith(" ~/miniforge3/envs/new")
        for key, said in (("a", "1 marked"), ("space", "1 restore point ")):
            assert isinstance(driver.app.screen, RestoreScreen)
            driver.app.screen.say("it is back: 75 packages")
            await driver.press(key)
            assert said in driver.text.splitlines()[-2]


async def test_enter_proposes_to_bring_it_back() -> None:
    async with opened(workbench=bench(*POINTS)) as driver:
        await go(driver)
        await driver.press("j", "enter")
        await driver.until(lambda: "enter run" in driver.text)
        assert driver.workbench.jobs.requests == [RestoreRequest(id="id-back")]


@pytest.mark.parametrize("key", ["d", "delete"])
async def test_the_marked_ones_are_deleted_or_else_the_one_under_the_cursor(key: str) -> None:
    async with opened(workbench=bench(*POINTS)) as driver:
        await go(driver)
        await driver.press("end", key)
        await driver.until(lambda: "enter run" in driver.text)
        await driver.press("escape", "home", "space", "space")
        assert "2 marked · 4.0 MB" in driver.text
        await driver.press(key)
        await driver.until(lambda: "enter run" in driver.text)
        assert driver.workbench.jobs.requests == [
            ForgetRequest(ids=("id-old",)),
            ForgetRequest(ids=("id-new", "id-back")),
        ]


async def test_a_job_that_ends_may_have_made_another() -> None:
    workbench = bench(POINTS[0])
    async with opened(workbench=workbench) as driver:
        await driver.until(lambda: workbench.jobs.callbacks)
        await go(driver)
        workbench.jobs.points = POINTS
        workbench.jobs.put(made_job(state="running", started=NOW))
        workbench.jobs.put(replace(workbench.jobs.all["1"], state="done", ended=NOW))
        await driver.until(lambda: "new" in driver.text and "hurt" in driver.text)


@pytest.mark.parametrize("error", [CondatuiError("The disk [/x] is gone."), OSError(5, "Input/output error")])
async def test_what_cannot_be_read_says_so(error: Exception, monkeypatch: pytest.MonkeyPatch) -> None:
    workbench = bench()

    async def fail() -> None:
        raise error

    monkeypatch.setattr(workbench.jobs, "restore_points", fail)
    async with opened(workbench=workbench) as driver:
        await go(driver)
        assert "The restore points cannot be read" in driver.text
        await driver.press("1", "5")
        assert screen(driver).table.has_focus


async def test_the_id_is_copied_by_which_a_command_restores_it() -> None:
    async with opened(workbench=bench(*POINTS)) as driver:
        await go(driver)
        await driver.press("y")
        assert driver.app.clipboard == "id-new"


async def test_the_bottom_line_and_the_help_call_enter_by_what_it_does() -> None:
    async with opened(workbench=bench(*POINTS)) as driver:
        await go(driver)
        assert "enter restore" in driver.text.splitlines()[-1]
        await driver.press("question_mark")
        assert "Bring back the marked environments, or else" in driver.text
        await driver.press("escape")
        assert screen(driver).table.has_focus


@pytest.mark.parametrize("size", [(60, 15), (200, 50), *thorough([((80, 24),)])])
async def test_with_ascii_signs_nothing_else_is_drawn(size: tuple[int, int]) -> None:
    async with opened(workbench=bench(*POINTS, ascii=True), size=size) as driver:
        await go(driver)
        for key in ("j", "space", "j", "d"):
            await driver.press(key)
            assert driver.text.isascii(), driver.text
            assert all(len(line) <= size[0] for line in driver.text.splitlines())


async def test_in_80_columns_the_time_of_today_and_the_reason_are_there() -> None:
    many = [
        point("nlp-exp", id=str(hour), at=NOW.replace(hour=hour), exists=True, why="before an update")
        for hour in (1, 2)
    ]
    async with opened(workbench=bench(*many), size=(80, 24)) as driver:
        await go(driver)
        first, second = (" ".join(line.split()) for line in driver.text.splitlines()[2:4])
        assert "nlp-exp 02:00" in first
        assert "nlp-exp 01:00" in second
        assert first.endswith("replaces what is there before an update")


async def test_the_top_line_of_every_place_counts_them() -> None:
    async with opened(workbench=bench(*POINTS)) as driver:
        await driver.until(lambda: f"5 restore {len(POINTS)}" in driver.text)


async def test_all_that_are_marked_are_brought_back_by_one_plan() -> None:
    async with opened(workbench=bench(*POINTS)) as driver:
        await go(driver)
        await driver.press("space", "j", "space", "enter")
        await driver.until(lambda: driver.workbench.jobs.requests)
        both = SeveralRequest(parts=(RestoreRequest(id="id-new"), RestoreRequest(id="id-hurt")))
        assert driver.workbench.jobs.requests == [both]
        await driver.press("escape", "a", "a", "a", "d")
        await driver.until(lambda: len(driver.workbench.jobs.requests) == 2)
        assert driver.workbench.jobs.requests[1] == ForgetRequest(ids=("id-new", "id-back", "id-hurt", "id-old"))


async def test_marks_go_once_the_job_that_they_were_for_has_begun() -> None:
    async with opened(workbench=bench(*POINTS)) as driver:
        await go(driver)
        await driver.press("space", "j", "space", "enter")
        await driver.until(lambda: "enter run" in driver.text)
        assert "2 marked" in driver.text
        await driver.press("enter")
        await driver.until(lambda: "Begun:" in driver.text)
        await driver.press("home", "d")
        await driver.until(lambda: len(driver.workbench.jobs.requests) == 2)
        assert driver.workbench.jobs.requests[1] == ForgetRequest(ids=("id-new",))


async def test_a_single_mark_is_what_is_brought_back_wherever_the_cursor_is() -> None:
    async with opened(workbench=bench(*POINTS)) as driver:
        await go(driver)
        await driver.press("space", "enter")
        await driver.until(lambda: driver.workbench.jobs.requests)
        assert driver.workbench.jobs.requests == [RestoreRequest(id="id-new")]
