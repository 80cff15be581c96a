"""Over a slow line keys arrive together: each takes effect after those before it, and text goes where it opens."""

from __future__ import annotations

import asyncio

import pytest
from textual.events import Key
from textual.widgets import Input

from condatui import action_app
from condatui.panels.action_panel import ActionPanel
from condatui.widgets.form_bar import FormBar
from condatui.widgets.input_bars import FilterBar
from condatui_core.records.environment import UserMarks
from condatui_core.records.request import RemoveRequest
from support.fake_jobs import plan_like
from support.fake_workbench import FakeWorkbench
from support.inventories import ROOT, inventory, loaded
from support.pilots import Driver, opened

ENVS = f"{ROOT}/envs"


def bench() -> FakeWorkbench:
    return FakeWorkbench(inventory(*(loaded(name) for name in ("alpha", "beta", "gamma"))))


def burst(driver: Driver, *keys: str) -> None:
    """Let keys arrive at once, as a terminal reads them."""
    for key in keys:
        driver.app.post_message(Key(key, key if len(key) == 1 else None))


def removals(workbench: FakeWorkbench) -> list[tuple[str, ...]]:
    return [each.prefixes for each in workbench.jobs.requests if isinstance(each, RemoveRequest)]


async def test_what_is_removed_is_what_the_cursor_was_moved_to() -> None:
    workbench = bench()
    async with opened(workbench=workbench) as driver:
        burst(driver, "j", "j", "d")
        await driver.until(lambda: removals(workbench))
        assert removals(workbench) == [(f"{ENVS}/gamma",)]


async def test_what_is_removed_is_what_was_marked() -> None:
    workbench = bench()
    async with opened(workbench=workbench) as driver:
        burst(driver, "space", "space", "d")
        await driver.until(lambda: removals(workbench))
        assert set(removals(workbench)[0]) == {f"{ENVS}/alpha", f"{ENVS}/beta"}


async def test_what_is_typed_after_a_key_goes_into_what_it_opens() -> None:
    async with opened(workbench=bench()) as driver:
        burst(driver, "j", "n", *"jade")
        await driver.until(lambda: driver.app.screen.query(ActionPanel))
        await driver.until(lambda: driver.app.screen.query_one(FormBar).answers.get("name") == "jade")
        assert driver.cursor == f"{ENVS}/beta"


async def test_what_is_chosen_before_tab_stays_chosen() -> None:
    async with opened(workbench=bench()) as driver:
        burst(driver, "p")
        await driver.until(lambda: driver.app.screen.query(ActionPanel))
        burst(driver, "right", "tab", "tab", "tab", "tab", "tab", "space", "tab", "left", "tab", "right", "right")
        await driver.until(lambda: driver.app.screen.query_one(FormBar).answers["format"] == "tar.bz2")
        answers = driver.app.screen.query_one(FormBar).answers
        assert (answers["ignore_editable"], answers["ignore_missing"]) == ("yes", "yes")


async def test_a_filter_typed_at_once_is_whole() -> None:
    async with opened(workbench=bench()) as driver:
        burst(driver, "slash", *"gam", "enter")
        await driver.until(lambda: driver.names == ["gamma"])
        await driver.until(lambda: not driver.app.screen.query_one(FilterBar).display)


@pytest.mark.parametrize("opens", ["slash", "v", "n", "question_mark", "d", "exclamation_mark"])
async def test_what_edits_a_line_takes_effect_before_what_is_typed_after_it(opens: str) -> None:
    workbench = bench()
    workbench.jobs.plans[RemoveRequest] = lambda request: plan_like(request, confirm="beta")
    async with opened(workbench=workbench) as driver:
        burst(driver, "j", opens)
        await driver.until(lambda: isinstance(driver.app.focused, Input))
        burst(driver, "ctrl+u", "x", "home", "a", "end", "y", "backspace", *"z w", "ctrl+w", *"bc", "left", "d")
        field = driver.app.focused
        assert isinstance(field, Input)
        await driver.until(lambda: "d" in field.value)
        await driver.pilot.pause()
        assert field.value == "axz bdc"


async def test_what_is_pressed_after_enter_goes_to_what_it_opens() -> None:
    async with opened(workbench=bench()) as driver:
        burst(driver, "enter", "j", "j")
        await driver.until(lambda: driver.place.detail.view.has_focus)
        await driver.pilot.pause()
        assert driver.cursor == f"{ENVS}/alpha"


async def left(driver: Driver) -> None:
    """Wait until the workbench has ended."""
    await driver.until(lambda: not driver.app.is_running)


async def test_a_mark_is_set_before_the_workbench_is_left_and_keys_after_that_do_nothing() -> None:
    workbench = bench()
    async with opened(workbench=workbench) as driver:
        burst(driver, "K", "q", "j", "K", "d")
        await left(driver)
        assert [prefix for prefix, _ in workbench.marks().kept] == [f"{ENVS}/alpha"]
        assert removals(workbench) == []


async def test_a_mark_that_is_never_set_does_not_keep_the_workbench_open(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(action_app, "_LAST_SECONDS", 0.05)
    workbench, begun = bench(), asyncio.Event()

    async def hang(*_: object, **__: object) -> UserMarks:
        begun.set()
        await asyncio.Event().wait()
        raise AssertionError

    monkeypatch.setattr(workbench, "keep", hang)
    async with opened(workbench=workbench) as driver:
        burst(driver, "K", "q")
        await left(driver)
        assert begun.is_set()
