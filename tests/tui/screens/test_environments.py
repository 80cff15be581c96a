"""Place 1: what is under the cursor, what is shown, and what is marked."""

from __future__ import annotations

import asyncio

import pytest
from msgspec.structs import replace
from textual import events

from condatui.widgets.blocks_pane import BlocksPane
from condatui.widgets.virtual_table import VirtualTable
from condatui_core.records.environment import Inventory
from condatui_core.records.request import MergeRequest
from condatui_core.settings import Settings
from support.fake_jobs import made_job, plan_like
from support.fake_workbench import FakeWorkbench
from support.inventories import ROOT, environment, finding, inventory, loaded, package, research
from support.pilots import Driver, opened
from support.tiers import thorough


def prefix(name: str) -> str:
    return f"{ROOT}/envs/{name}"


def machine() -> Inventory:
    return inventory(
        loaded("alpha", [package("numpy")], managed_bytes=10, python="3.11.7"),
        loaded("beta", [package("numpy"), package("scipy")], managed_bytes=30, python="3.9.18"),
        loaded("gamma", [package("torch")], managed_bytes=20, python="3.12.1"),
        research(),
    )


async def test_every_environment_has_a_row() -> None:
    async with opened(machine()) as driver:
        assert driver.names == ["alpha", "beta", "gamma", "research"]
        assert "1 envs 4 · 2 compare · 3 cleanup · 4 jobs · 5 restore   gpu07 · conda 26.7.1" in driver.text
        assert "▌  alpha" in driver.text


async def test_sorting_goes_round_and_the_cursor_stays_on_its_environment() -> None:
    async with opened(machine()) as driver:
        await driver.press("j", "s")
        assert driver.names == ["research", "beta", "gamma", "alpha"]
        assert "disk▾" in driver.text
        assert driver.cursor == prefix("beta")
        await driver.press("S")
        assert driver.names == ["alpha", "gamma", "beta", "research"]
        assert "disk▴" in driver.text
        assert driver.cursor == prefix("beta")
        await driver.press(*"sssssss")
        assert driver.names == ["alpha", "beta", "gamma", "research"]


async def test_a_filter_narrows_while_it_is_typed_and_enter_keeps_it() -> None:
    async with opened(machine()) as driver:
        await driver.press("j", "j", "slash", *"ta")
        assert driver.names == ["beta"]
        await driver.press("enter")
        assert driver.names == ["beta"]
        assert driver.place.table.has_focus
        assert "1 of 1 · filter `ta` · by name" in driver.text


async def test_escape_in_the_filter_clears_it_and_the_cursor_is_back_where_it_was() -> None:
    async with opened(machine()) as driver:
        await driver.press("j", "j", "slash", *"alp")
        assert driver.cursor == prefix("alpha")
        await driver.press("escape")
        assert len(driver.names) == 4
        assert driver.cursor == prefix("gamma")


async def test_a_filter_that_hides_the_row_under_the_cursor_puts_it_on_the_first() -> None:
    async with opened(machine()) as driver:
        await driver.press("G", "slash", *"a !research")
        assert (driver.names, driver.cursor) == (["alpha", "beta", "gamma"], prefix("alpha"))
        await driver.press("enter")
        assert driver.cursor == prefix("alpha")
        await driver.press("escape", "j", "slash", *"eta", "enter")
        assert driver.cursor == prefix("beta")  # which passes, so the cursor stays


async def test_escape_clears_a_filter_that_was_kept_and_the_cursor_stays_on_what_was_found() -> None:
    async with opened(machine()) as driver:
        await driver.press("slash", *"gam", "enter", "escape")
        assert len(driver.names) == 4
        assert driver.cursor == prefix("gamma")


async def test_the_filter_bar_opens_with_the_filter_as_it_is() -> None:
    async with opened(machine()) as driver:
        await driver.press("slash", *"alp", "enter", "slash", "x")
        assert driver.place.environment_query.filter == "alpx"


async def test_an_exclamation_mark_turns_the_filter_round() -> None:
    async with opened(machine()) as driver:
        await driver.press("slash", "exclamation_mark", *"package:numpy")
        assert driver.names == ["gamma"]


async def test_a_filter_that_matches_nothing_says_so_and_how_to_get_out() -> None:
    async with opened(machine()) as driver:
        await driver.press("slash", *"xyz[/b]", "enter")
        assert "No environment matches `xyz[/b]`: esc clears the filter." in driver.text
        await driver.press("space", "y", "enter", "right_square_bracket")
        assert driver.app.session.marked == frozenset()


async def test_a_filter_that_is_wrong_says_why_below() -> None:
    async with opened(machine()) as driver:
        await driver.press("slash", *"colour:red")
        assert "There is no field `colour`" in driver.text


async def test_a_filter_about_a_package_shows_what_each_environment_has_of_it_on_a_small_screen() -> None:
    async with opened(machine(), size=(80, 24)) as driver:
        await driver.press("slash", *"package:numpy>=1", "enter")
        assert first_words(driver, "name") == ["name▴", "numpy", "python"]
        assert first_words(driver, "alpha") == ["alpha", "1.0", "h0_0"]
        assert first_words(driver, "research") == ["research", "2.0.1", "pip"]
        await driver.press("s")
        assert driver.names == ["research", "alpha", "beta"]
        assert first_words(driver, "name") == ["name", "numpy▾", "python"]
        await driver.press("escape")
        assert driver.place.environment_query.by == "name"
        assert first_words(driver, "name") == ["name▴", "python", "packages"]


async def test_those_without_a_package_are_shown_to_have_none_of_it() -> None:
    async with opened(machine(), size=(80, 24)) as driver:
        await driver.press("slash", "exclamation_mark", *"package:numpy>=2", "enter")
        assert [first_words(driver, name)[:2] for name in driver.names] == [
            ["alpha", "1.0"],
            ["beta", "1.0"],
            ["gamma", "–"],
        ]


def first_words(driver: Driver, first: str) -> list[str]:
    """The first three words of the line of the table that begins with a word."""
    lines = (line.strip("▌┃ ").split() for line in driver.text.splitlines())
    return next(words for words in lines if words and words[0].startswith(first))[:3]


async def test_a_filter_that_is_kept_although_it_is_wrong_says_so_and_hides_nothing() -> None:
    async with opened(machine()) as driver:
        await driver.press("slash", *"finding:typo", "enter")
        assert len(driver.names) == 4
        assert "`finding:typo` hides nothing: There is no `finding:typo`." in driver.text


async def test_space_marks_and_goes_on() -> None:
    async with opened(machine()) as driver:
        await driver.press("space", "space")
        assert driver.app.session.marked == {prefix("alpha"), prefix("beta")}
        assert driver.cursor == prefix("gamma")
        assert "2 marked" in driver.text
        await driver.press("k", "space")
        assert driver.app.session.marked == {prefix("alpha")}


@pytest.mark.parametrize("key", ["space", "a"])
async def test_marks_are_said_in_place_of_what_was_done_before(key: str) -> None:
    async with opened(inventory(loaded("a")), size=(100, 30)) as driver:
        driver.place.say("a.yml was written")
        await driver.press(key)
        assert "1 marked" in driver.text.splitlines()[-2]


async def test_mark_all_takes_what_is_shown() -> None:
    async with opened(machine()) as driver:
        await driver.press("slash", *"package:numpy", "enter", "a")
        assert driver.app.session.marked == {prefix("alpha"), prefix("beta"), prefix("research")}
        await driver.press("asterisk")
        assert driver.app.session.marked == frozenset()


async def test_the_details_follow_the_cursor() -> None:
    async with opened(machine()) as driver:
        await driver.press("end")
        await driver.until(lambda: "Packages 5" in driver.text)
        assert "pytorch" in driver.text
        assert "≠ pip 2.0.1" in driver.text


async def test_brackets_turn_the_tabs_round() -> None:
    async with opened(machine()) as driver:
        await driver.press("end")
        seen = []
        for _ in range(7):
            await driver.press("right_square_bracket")
            seen.append(driver.place.detail.tab)
        assert seen == ["channels", "disk", "health", "gpu", "history", "slim", "packages"]
        await driver.press(*["left_square_bracket"] * 4)
        assert "pip replaced numpy 1.26.4 by 2.0.1" in driver.place.query_one("#health", BlocksPane).text


@pytest.mark.parametrize("key", ["enter", "tab"])
async def test_enter_and_tab_lead_into_the_details_and_escape_out(key: str) -> None:
    async with opened(machine()) as driver:
        await driver.press("end", key, "j")
        packages = driver.place.query_one("#packages", VirtualTable)
        assert packages.has_focus
        assert packages.cursor_row == 1
        assert driver.cursor == prefix("research")
        await driver.press("right_square_bracket")
        assert driver.place.query_one("#channels").has_focus
        await driver.press("escape")
        assert driver.place.table.has_focus


async def test_zoom_gives_all_the_room_to_what_has_the_cursor() -> None:
    async with opened(machine()) as driver:
        await driver.press("z")
        assert not driver.place.detail.display
        await driver.press("z", "enter", "z")
        assert not driver.place.table.display
        await driver.press("escape")
        assert driver.place.table.display
        assert driver.place.table.has_focus  # type: ignore[unreachable]


async def test_zoom_once_more_gives_the_room_back() -> None:
    async with opened(machine(), size=(160, 40)) as driver:
        await driver.press("z", "z")
        assert (driver.place.table.display, driver.place.detail.display) == (True, True)


async def test_copy_takes_the_prefix_and_says_so_in_place() -> None:
    async with opened(machine()) as driver:
        await driver.press("j", "y")
        assert driver.app.clipboard == prefix("beta")
        assert f"Sent to the terminal's clipboard: {prefix('beta')}" in driver.text
        await driver.press("j")
        assert "clipboard" not in driver.text


async def test_an_undecodable_prefix_is_copied_as_the_shell_takes_it() -> None:
    async with opened(inventory(environment("a", prefix="/opt/caf\udce9 x"))) as driver:
        await driver.press("y")
        assert driver.app.clipboard == r"$'/opt/caf\xe9\x20x'"


@pytest.mark.parametrize("size", [(20, 6), (300, 90), *thorough([((60, 15),), ((80, 24),), ((160, 50),)])])
async def test_any_size_will_do(size: tuple[int, int]) -> None:
    async with opened(machine(), size=(100, 30)) as driver:
        await driver.pilot.resize_terminal(*size)
        await driver.press("j", "enter", "right_square_bracket", "question_mark", "escape", "slash", "b", "escape")
        assert driver.cursor == prefix("beta")
        assert all(len(line) <= size[0] for line in driver.text.splitlines())


async def test_details_stand_below_unless_the_table_has_all_its_columns_with_them_beside_it() -> None:
    async with opened(machine(), size=(199, 24)) as driver:
        place = driver.place
        assert place.detail.region.y == place.table.region.bottom
        await driver.pilot.resize_terminal(200, 50)
        await driver.until(lambda: place.detail.region.x == place.table.region.right == 133)
        assert "channels" in driver.text.splitlines()[1]
        await driver.pilot.resize_terminal(80, 24)
        await driver.until(lambda: place.detail.region.y == place.table.region.bottom)
        (row,) = (line.split() for line in driver.text.splitlines() if line.strip().startswith("research"))
        assert "cf+pt" in row


async def test_the_help_says_which_channels_are_meant() -> None:
    async with opened(machine(), size=(100, 250)) as driver:
        await driver.press("question_mark")
        await driver.until(lambda: ["cf", "conda-forge"] in [line.split() for line in driver.text.splitlines()])


async def test_chosen_columns_that_are_too_wide_are_reached_by_scrolling() -> None:
    wide = ("findings", "channels", "python", "packages", "disk", "frees", "inodes", "used")
    workbench = FakeWorkbench(machine(), settings=Settings(watch_seconds=0, columns=wide))
    async with opened(workbench=workbench, size=(60, 20)) as driver:
        header = driver.text.splitlines()[1]
        assert "findings" in header and "used" not in header and header.endswith("›")
        await driver.press(*["right"] * 9)
        header = driver.text.splitlines()[1]
        assert header.startswith("‹") and header.rstrip().endswith("used")
        await driver.pilot.resize_terminal(150, 20)
        await driver.until(lambda: "name▴" in driver.text and "‹" not in driver.text)


async def test_what_the_environments_are_sorted_by_is_shown() -> None:
    async with opened(machine(), size=(80, 24)) as driver:
        assert "inodes" not in driver.text
        driver.workbench.disk.script = ()
        await driver.press("s", "s", "s")
        assert driver.place.environment_query.by == "inodes"
        assert "inodes▾" in driver.text


async def test_help_lists_the_keys_of_this_place_in_place() -> None:
    async with opened(machine(), size=(100, 150)) as driver:
        await driver.press("question_mark")
        assert "Mark or unmark the environment under the cursor" in driver.text
        assert "has this finding" in driver.text
        await driver.press("escape")
        assert "Mark or unmark" not in driver.text
        assert driver.place.table.has_focus


async def test_no_conda_is_said_above_and_everything_else_works() -> None:
    async with opened(inventory(environment("a"), installations=())) as driver:
        assert "read-only: no conda found" in driver.text
        await driver.press("space", "s")
        assert len(driver.app.session.marked) == 1


async def test_problems_of_the_machine_stand_above_with_their_remedy() -> None:
    problems = (finding("conda", message="The conda at /old does not answer.", remedy="remove [it]"),)
    async with opened(inventory(environment("a"), problems=problems)) as driver:
        assert "! The conda at /old does not answer.  → remove [it]" in driver.text


async def test_no_environments_says_which_command_makes_one() -> None:
    async with opened(inventory()) as driver:
        assert "`conda create -n NAME python` makes one" in driver.text


async def test_an_environment_that_is_none_any_more_says_so_in_its_details() -> None:
    orphan = environment("half", state="orphan", findings=(finding("orphan", "error", "Not an environment any more."),))
    async with opened(inventory(orphan)) as driver:
        assert "its state is orphan, and Health says more" in driver.text
        await _turn_to(driver, "health")
        assert "Not an environment any more." in driver.place.query_one("#health", BlocksPane).text


async def test_the_files_of_an_environment_are_checked_when_its_health_is_opened() -> None:
    one = loaded("one", [package("tool")])
    async with opened(inventory(one)) as driver:
        missing = finding("missing-files", "warning", "1 file of packages is missing: tool")
        driver.workbench.file_findings[one.prefix] = (missing,)
        await _turn_to(driver, "health")
        await driver.until(lambda: "is missing: tool" in driver.place.query_one("#health", BlocksPane).text)


async def test_files_are_checked_once_until_their_contents_are_read_again() -> None:
    one = loaded("one", [package("tool")])
    async with opened(inventory(one)) as driver:
        session, workbench, gate = driver.app.session, driver.workbench, asyncio.Event()
        workbench.file_gate, workbench.file_findings = gate, {one.prefix: (finding(message="is missing: tool"),)}
        await _turn_to(driver, "health")
        for _ in range(3):
            session.show(inventory(replace(one)))  # what the disk and the GPUs say makes new objects at each load
        gate.set()
        await driver.until(lambda: "is missing: tool" in _health(driver))
        session.show(inventory(replace(one)))
        assert workbench.file_checks == [one.prefix]
        assert "is missing: tool" in _health(driver)

        gate.clear()
        workbench.file_findings = {}
        session.show(inventory(loaded("one", [package("tool")])))
        await driver.pilot.pause()
        assert workbench.file_checks == [one.prefix, one.prefix]
        assert "is missing: tool" in _health(driver)
        gate.set()
        await driver.until(lambda: "is missing: tool" not in _health(driver))


async def test_the_files_of_a_second_environment_are_checked_after_those_of_the_first() -> None:
    one, two = loaded("one", [package("tool")]), loaded("two", [package("tool")])
    async with opened(inventory(one, two)) as driver:
        workbench, gate = driver.workbench, asyncio.Event()
        workbench.file_gate = gate
        await _turn_to(driver, "health")
        await driver.press("j", "enter")
        assert workbench.file_checks == [one.prefix]
        gate.set()
        await driver.until(lambda: workbench.file_checks == [one.prefix, two.prefix])


def _health(driver: Driver) -> str:
    return driver.place.query_one("#health", BlocksPane).text


async def _turn_to(driver: Driver, tab: str) -> None:
    while driver.place.detail.tab != tab:
        await driver.press("right_square_bracket")


async def test_what_is_typed_right_after_the_filter_key_goes_into_the_filter() -> None:
    """Over a slow line the keys arrive together, before the filter has been drawn."""
    async with opened(machine()) as driver:
        for key in ("slash", "s", "q", "a", "slash"):
            driver.app.post_message(events.Key(key, "/" if key == "slash" else key))
        await driver.pilot.pause()
        assert driver.place.environment_query.filter == "sqa/"
        assert driver.place.environment_query.by == "name"


async def test_what_a_job_is_making_or_has_set_aside_is_no_alarm_while_it_works() -> None:
    left = finding("orphan", "warning", "incomplete: unless a job works on it, remove it", cleanup="remains")
    made = environment("new", state="orphan", findings=(left,))
    aside = environment(".old.condatui-removing-0123456789abcdef", state="orphan", findings=(left,))
    async with opened(inventory(made, aside), size=(120, 30)) as driver:
        assert driver.text.count("! incomplete") >= 2
        prefixes = (made.prefix, made.prefix.replace("new", "old"))
        request = MergeRequest(keeper="/envs/hub", member=prefixes[1])
        plan = plan_like(request, prefixes=prefixes)
        driver.app.session.show_jobs((made_job(plan=plan, state="running"),))
        await driver.until(lambda: driver.text.count("a job works on it") >= 2)
        assert "! incomplete" not in "\n".join(driver.text.splitlines()[:6])
        driver.app.session.show_jobs((made_job(plan=plan, state="done"),))
        await driver.until(lambda: driver.text.count("! incomplete") >= 2)


async def test_what_is_typed_right_after_a_filter_is_kept_is_meant_for_the_table() -> None:
    async with opened(machine()) as driver:
        await driver.press("slash")
        for key in (*"a", "enter", "G", "space"):
            driver.app.post_message(events.Key(key, " " if key == "space" else key if len(key) == 1 else None))
        await driver.until(lambda: driver.app.session.marked == {prefix("research")})
        assert driver.place.environment_query.filter == "a"
        assert driver.cursor == prefix("research")
