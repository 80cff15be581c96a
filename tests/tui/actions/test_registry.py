"""The registry: every action can be done, named, remapped, and says why it is off."""

from __future__ import annotations

import pytest
from msgspec.structs import replace
from textual.widget import Widget

from condatui.actions.action import KeyAction
from condatui.actions.context import ActionContext, no_conda
from condatui.actions.registry import ACTIONS, actions_in, bindings
from condatui.app import CondatuiApp
from condatui.screens.browse import BrowseScreen
from condatui.screens.cleanup import CleanupScreen
from condatui.screens.command_log import CommandLogScreen
from condatui.screens.compare import CompareScreen
from condatui.screens.environments import EnvironmentsScreen
from condatui.screens.failure import FailureScreen
from condatui.screens.jobs import JobsScreen
from condatui.screens.keys import KeysScreen
from condatui.screens.nodes import NodesScreen
from condatui.screens.package import PackageScreen
from condatui.screens.place import PlaceScreen
from condatui.screens.places import FAILURE, PLACES
from condatui.screens.restore import RestoreScreen
from condatui.widgets.lines_pane import TextPane
from condatui.widgets.virtual_table import VirtualTable
from condatui_core.records.environment import Inventory
from condatui_core.records.installation import Installation
from support.inventories import environment, inventory
from support.pilots import opened

OWNERS: dict[str, tuple[type[object], ...]] = {
    "everywhere": (PlaceScreen,),
    "environments": (EnvironmentsScreen,),
    "compare": (CompareScreen,),
    "cleanup": (CleanupScreen,),
    "jobs": (JobsScreen,),
    "restore": (RestoreScreen,),
    "log": (CommandLogScreen,),
    "failure": (FailureScreen,),
    "browse": (BrowseScreen,),
    "nodes": (NodesScreen,),
    "package": (PackageScreen,),
    "keys": (KeysScreen,),
    "list": (VirtualTable, TextPane),
}


@pytest.mark.parametrize("action", ACTIONS, ids=lambda action: action.id)
def test_every_action_is_done_somewhere(action: KeyAction) -> None:
    target, _, call = action.call.rpartition(".")
    method = f"action_{call.partition('(')[0]}"
    for place in action.places:
        owners = (CondatuiApp,) if target == "app" else OWNERS["list" if target == "focused" else place]
        assert all(callable(getattr(owner, method, None)) for owner in owners), method


def test_ids_are_unique_and_help_is_a_sentence() -> None:
    assert len({action.id for action in ACTIONS}) == len(ACTIONS)
    assert all(action.help.endswith(".") for action in ACTIONS)


def test_every_place_has_a_key_and_a_screen() -> None:
    places = {action.id.removeprefix("place.") for action in ACTIONS if action.id.startswith("place.")}
    assert places == set(PLACES) - {FAILURE}


def test_no_key_is_one_that_tmux_or_terminals_take() -> None:
    keys = {key for action in ACTIONS for key in action.keys.split(",")}
    assert keys.isdisjoint({"ctrl+a", "ctrl+b", "ctrl+s", "ctrl+q"})


def test_bindings_carry_the_ids_that_settings_remap() -> None:
    assert {binding.id for binding in bindings("log")} == {action.id for action in actions_in("log")}
    assert issubclass(VirtualTable, Widget)


@pytest.mark.parametrize(
    ("known", "reason"),
    [
        (Inventory(asking_conda=True), "Still looking for a conda."),
        (Inventory(), "No conda was found: name one in the settings (`conda`), and start condatui again."),
        (
            Inventory(installations=(Installation(executable="/c", root_prefix="/", error="it does not answer"),)),
            "No conda works here: it does not answer",
        ),
        (inventory(), None),
    ],
)
def test_an_action_that_runs_conda_says_why_it_is_off(known: Inventory, reason: str | None) -> None:
    action = replace(ACTIONS[0], why_not=no_conda)
    assert action.reason(ActionContext(known)) == reason


async def test_a_key_that_is_off_says_why_in_place() -> None:
    async with opened(inventory()) as driver:
        await driver.press("space")
        assert "There is no environment under the cursor." in driver.text
        assert driver.app.session.marked == frozenset()


async def test_the_bottom_line_hints_at_keys_and_keeps_help_however_narrow() -> None:
    async with opened(inventory(environment("a")), size=(40, 20)) as driver:
        assert driver.text.splitlines()[-1].split()[:2] == ["space", "mark"]
        assert driver.text.splitlines()[-1].endswith("? help")
