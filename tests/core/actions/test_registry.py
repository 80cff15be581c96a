"""The table of actions: a row for each request, and each row carries out its own kind."""

from __future__ import annotations

from typing import get_args

import pytest

from condatui_core.actions.protocol import Action
from condatui_core.actions.registry import ACTIONS
from condatui_core.records.request import Request


def test_every_request_has_its_action_and_no_other() -> None:
    assert set(ACTIONS) == set(get_args(Request))


@pytest.mark.parametrize("request_type", ACTIONS, ids=lambda each: each.__name__)
def test_a_row_gives_the_functions_of_its_own_action(request_type: type[Request]) -> None:
    action = ACTIONS[request_type]()
    assert isinstance(action, Action)
    tag = str(request_type.__struct_config__.tag)
    for function in (action.plan, action.perform, action.recover):
        assert f"condatui_core.actions.{tag}" in function.__module__
        assert request_type.__name__ in str(function.__annotations__["request"])
