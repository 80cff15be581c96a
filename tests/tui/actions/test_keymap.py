"""Keys as the user wants them."""

from __future__ import annotations

import subprocess
import sys

import pytest

from condatui.actions.keymap import Keymap, key_label, key_list_markdown, with_key, without_own_keys
from condatui.actions.keymaps import KEYMAPS
from condatui.actions.registry import ACTION_BY_ID, ACTIONS
from condatui.app import CondatuiApp
from condatui.palette import Palette
from condatui_core.errors import UsageError
from condatui_core.settings import KeymapName, Settings
from support.fake_workbench import FakeWorkbench
from support.inventories import NOW, environment, inventory
from support.pilots import opened


def test_the_defaults_have_no_key_with_two_meanings() -> None:
    assert Keymap.of_settings({}).labels(ACTION_BY_ID["help"]) == ("?",)


@pytest.mark.parametrize(
    ("keys", "complaint"),
    [
        ({"environments.fly": "f"}, "There is no action `environments.fly`."),
        ({"quit": "hyperspace"}, "There is no key `hyperspace` for quit."),
        ({"quit": "warp+x"}, "There is no key `warp+x` for quit."),
        ({"quit": " , "}, "The action quit would have no key."),
        ({"quit": "s"}, "The key `s` would mean both environments.sort and quit."),
        ({"quit": "question_mark"}, "The key `?` would mean both quit and help."),
        ({"environments.sort": "j"}, "The key `j` would mean both environments.sort and list.down."),
        ({"environments.sort": "escape"}, "The key `esc` is reserved: environments.sort cannot have it."),
        ({"environments.sort": "ctrl+m"}, "The key `enter` is reserved: environments.sort cannot have it."),
        ({"help": "f1,ctrl+c"}, "The key `ctrl+c` is reserved: help cannot have it."),
    ],
)
def test_keys_that_cannot_be_are_refused(keys: dict[str, str], complaint: str) -> None:
    with pytest.raises(UsageError) as raised:
        Keymap.of_settings(keys)
    assert raised.value.title == complaint


def test_two_actions_may_swap_their_keys() -> None:
    keymap = Keymap.of_settings({"environments.sort": "S", "environments.reverse": "s"})
    assert keymap.labels(ACTION_BY_ID["environments.sort"]) == ("S",)


@pytest.mark.parametrize(
    ("key", "label"),
    [
        ("question_mark", "?"),
        ("left_square_bracket", "["),
        ("pagedown", "pgdn"),
        ("ctrl+p", "ctrl+p"),
        ("+", "+"),
        ("up", "up"),
    ],
)
def test_keys_are_written_as_people_write_them(key: str, label: str) -> None:
    assert key_label(key) == label


def test_bad_keys_and_themes_stop_the_app_before_it_opens() -> None:
    for settings in (Settings(keys={"nothing": "x"}), Settings(theme="mauve")):
        with pytest.raises(UsageError):
            CondatuiApp(FakeWorkbench(settings=settings), host="h", clock=lambda: NOW)  # type: ignore[arg-type]


@pytest.mark.parametrize("start", KEYMAPS)
def test_a_keymap_has_no_key_with_two_meanings_and_names_actions_that_there_are(start: KeymapName) -> None:
    keymap = Keymap.of_settings(KEYMAPS[start])  # checked as if a user had written it
    assert Keymap.of_settings({}, start).changed == keymap.changed


def test_the_users_keys_count_over_those_of_the_keymap() -> None:
    keymap = Keymap.of_settings({"reload": "f5"}, "lazygit")
    assert keymap.labels(ACTION_BY_ID["reload"]) == ("f5",)
    assert keymap.labels(ACTION_BY_ID["undo"]) == ("z",)
    with pytest.raises(UsageError, match="`R` would mean both nodes and reload"):
        Keymap.of_settings({"nodes": "R"}, "lazygit")


def test_an_action_gets_a_key_and_those_that_have_it_get_its_former_one() -> None:
    sort, leave = ACTION_BY_ID["environments.sort"], ACTION_BY_ID["quit"]
    keymap = Keymap()
    assert with_key(keymap, sort, "i") == {"environments.sort": "i"}
    assert with_key(keymap, sort, "i", add=True) == {"environments.sort": "s,i"}
    assert with_key(keymap, sort, "S") == {"environments.sort": "S", "environments.reverse": "s"}
    assert with_key(keymap, ACTION_BY_ID["compare.save"], "comma")["compare.save"] == "comma"  # it separates keys
    assert with_key(keymap, leave, "f10") == {"quit": "ctrl+c,f10"}  # what is reserved for it stays
    assert {each.id for each in keymap.clashes(leave, "s")} >= {"environments.sort", "compare.sort", "browse.sort"}


def test_a_reset_takes_along_what_has_its_keys_in_exchange() -> None:
    swapped = Keymap.of_settings({"environments.sort": "S", "environments.reverse": "s", "reload": "f5"})
    assert without_own_keys(swapped, ACTION_BY_ID["environments.sort"]).own == {"reload": "f5"}


async def test_an_action_of_the_palette_alone_can_be_given_a_key() -> None:
    settings = Settings(watch_seconds=0, keys={"theme": "f9"})
    workbench = FakeWorkbench(inventory(environment("a")), settings=settings)
    async with opened(workbench=workbench) as driver:
        await driver.press("f9")
        await driver.until(lambda: isinstance(driver.app.screen, Palette))


async def test_a_remapped_key_does_it_and_the_old_one_does_not() -> None:
    settings = Settings(watch_seconds=0, keys={"environments.mark": "f5,m", "list.down": "f6"})
    workbench = FakeWorkbench(inventory(environment("a"), environment("b")), settings=settings)
    async with opened(workbench=workbench) as driver:
        await driver.press("f6", "space", "j")
        assert (driver.cursor, driver.app.session.marked) == ("/opt/miniforge3/envs/b", frozenset())
        await driver.press("f5")
        assert driver.app.session.marked == {"/opt/miniforge3/envs/b"}
        assert "f5 mark" in driver.text
        await driver.press("m")
        assert driver.app.session.marked == frozenset()


def test_the_key_list_names_every_action_once() -> None:
    written = key_list_markdown()
    assert all(written.count(f"| `{action.id}` |") == 1 for action in ACTIONS)


def test_the_key_list_can_be_printed() -> None:
    run = subprocess.run([sys.executable, "-m", "condatui.actions.keymap"], capture_output=True, text=True, check=True)
    assert run.stdout == key_list_markdown()
