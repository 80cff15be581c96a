"""Place 1: what a filter offers while it is typed, the filters that are remembered, and what is not known."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from condatui.widgets.choice_list import ChoiceList
from condatui_core.records.environment import Inventory, UserMarks
from support.fake_workbench import FakeWorkbench
from support.inventories import days_ago, environment, finding, inventory, loaded, package
from support.pilots import Driver, opened


def machine(**fields: object) -> Inventory:
    return inventory(
        loaded("alpha", [package("numpy")], channels=(("pkgs/main", 1),), managed_bytes=10, last_used=days_ago(100)),
        loaded("beta", [package("numpy"), package("scipy")], channels=(("conda-forge", 2),), last_used=days_ago(3)),
        environment("gamma", state="orphan", findings=(finding("orphan"),)),
        **fields,
    )


def remembering(**filters: str) -> FakeWorkbench:
    marks = UserMarks(filters=tuple(filters.items()))
    workbench = FakeWorkbench(machine(marks=marks), machine(marks=marks))
    workbench.user_marks = marks
    return workbench


def listed(driver: Driver) -> list[str]:
    """What the list above the filter offers; nothing if it is hidden."""
    choices = driver.place.query_one(ChoiceList)
    return [each.text for each in choices.offered.choices] if choices.display else []


async def test_fields_and_values_are_taken_by_tab_and_enter_keeps_the_filter() -> None:
    async with opened(machine(), size=(80, 24)) as driver:
        await driver.press("slash")
        assert listed(driver)[:3] == ["finding:", "channel:", "python:"]
        await driver.press("c", "h", "tab")
        await driver.until(lambda: listed(driver) == ["defaults", "conda-forge", "main"])
        assert "defaults     all of Anaconda's channels" in driver.text
        await driver.press("tab")
        assert driver.place.filter_text == "channel:defaults"
        assert listed(driver) == []
        await driver.press("enter")
        assert driver.names == ["alpha"]
        assert driver.place.table.has_focus


async def test_arrows_choose_and_enter_takes_what_they_have_reached() -> None:
    async with opened(machine()) as driver:
        await driver.press("slash", *"state:", "down", "up", "enter")
        assert driver.place.filter_text == "state:unreadable"
        assert not driver.place.table.has_focus, "the filter is still open"
        await driver.press("enter")
        assert driver.place.table.has_focus


async def test_keys_that_arrive_together_complete_what_was_typed_before_them() -> None:
    async with opened(machine()) as driver:
        await driver.pilot.press("slash", *"sta", "tab", *"orph", "tab", "enter")
        await driver.pilot.pause()
        assert driver.place.environment_query.filter == "state:orphan"
        assert driver.names == ["gamma"]


@pytest.mark.parametrize(
    ("keys", "wanted"),
    [
        (("f", "i", "tab", *"orp", "tab", *"name:g"), "finding:orphan name:g"),
        (("f", "i", "tab", *"orp", "tab", " ", *"name:g"), "finding:orphan name:g"),
        (("f", "i", "tab", *"orp", "tab", *"| name:a"), "finding:orphan | name:a"),
        (("f", "i", "tab", *"orp", "tab", *"!beta"), "finding:orphan !beta"),
        (("f", "i", "tab", *"orp", "tab", "backspace", "s"), "finding:orphans"),
        (("p", "a", "tab", *"num", "tab", *">=2"), "package:numpy>=2"),
        (("p", "a", "tab", *"num", "tab", "left", "left", *"-"), "package:nump-y"),
        (("p", "a", "tab", *"num", "tab", "enter"), "package:numpy"),
        (("p", "a", "tab", *"num", "tab", "enter", "slash", " ", "b"), "package:numpy b"),
    ],
)
async def test_typing_goes_on_after_what_was_taken(keys: tuple[str, ...], wanted: str) -> None:
    async with opened(machine()) as driver:
        await driver.press("slash")
        await driver.until(lambda: listed(driver) != [])
        await driver.press(*keys)
        assert driver.place.filter_text == wanted


async def test_the_list_leaves_room_in_a_low_terminal_and_scrolls() -> None:
    async with opened(machine(), size=(80, 12)) as driver:
        await driver.press("slash", *"finding:", *["down"] * 9)
        chosen = driver.place.query_one(ChoiceList).chosen
        assert chosen is not None
        assert driver.place.query_one(ChoiceList).size.height == 4
        assert f"▌{chosen.text}" in driver.text


@pytest.mark.parametrize(
    ("text", "why"),
    [("chanel:defaults", "Did you mean `channel`?"), ("used:>90x", "`90x` is no age"), ("a | dsk:>1G", "`disk`")],
)
async def test_a_filter_that_is_not_understood_says_so_while_typed_and_once_kept(text: str, why: str) -> None:
    async with opened(machine(), size=(160, 30)) as driver:
        await driver.press("slash", *text)
        assert why in driver.text.splitlines()[-1]
        await driver.press("enter")
        assert len(driver.names) == 3
        assert f"`{text}` hides nothing: " in driver.text
        assert why in driver.text


async def test_what_is_not_known_is_counted_in_the_status() -> None:
    async with opened(machine()) as driver:
        driver.place.apply_filter("disk:<1K")
        assert driver.names == ["alpha"]
        assert "1 of 1 · filter `disk:<1K` · 2 unknown · by name" in driver.text
        driver.place.apply_filter("frees:>1G")
        assert "It is not known yet of 3 environments." in driver.text


async def test_marks_are_found_as_they_change() -> None:
    async with opened(machine()) as driver:
        await driver.press("j", "space", "slash", *"marked:yes", "enter")
        assert driver.names == ["beta"]
        await driver.press("space")
        assert driver.names == []


async def test_a_filter_is_remembered_offered_first_and_forgotten() -> None:
    async with opened(workbench=remembering()) as driver:
        await driver.press("F")
        assert "There is no filter to remember." in driver.text
        await driver.press("slash", *"used:>90d", "enter", "F")
        assert "Remember `used:>90d` as:" in driver.text
        await driver.press(*"old", "enter")
        assert driver.workbench.user_marks.filters == (("old", "used:>90d"),)
        await driver.until(lambda: "@old is `used:>90d` from now on." in driver.text)
    async with opened(workbench=remembering(old="used:>90d | state:orphan")) as driver:
        await driver.press("slash")
        assert listed(driver)[0] == "@old"
        await driver.press("tab", "enter")
        assert driver.names == ["alpha", "gamma"]
        assert "filter `@old`" in driver.text
        await driver.press("F")
        assert "one that is remembered names no other" in driver.text
        await driver.app.run_action("app.perform('environments.forget_filter')")
        await driver.until(lambda: "Forget the filter: old" in driver.text)
        await driver.press("enter")
        await driver.until(lambda: "@old is forgotten: it was `used:>90d | state:orphan`." in driver.text)
        assert driver.workbench.user_marks.filters == ()


async def test_nothing_is_remembered_where_all_is_read_only() -> None:
    workbench = remembering()
    workbench.read_only = True
    async with opened(workbench=workbench) as driver:
        await driver.press("slash", *"nlp", "enter", "F", *"mine", "enter")
        await driver.until(lambda: "read-only" in driver.text.casefold())
        assert workbench.user_marks.filters == ()


async def test_a_remembered_filter_that_is_gone_hides_nothing() -> None:
    async with opened(machine()) as driver:
        driver.place.apply_filter("@gone")
        assert len(driver.names) == 3
        assert "There is no remembered filter `@gone`." in driver.text


async def test_an_orphan_counts_as_never_used() -> None:
    async with opened(machine()) as driver:
        driver.place.apply_filter("used:>90d")
        assert driver.names == ["alpha", "gamma"]
        assert replace(driver.place.environment_query, filter="used:never").of(
            driver.app.session.listed, driver.app.session.filter_facts
        ) == (driver.app.session.listed[2],)
