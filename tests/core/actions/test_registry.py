"""The table of actions against the requests that there are."""

from __future__ import annotations

from inspect import iscoroutinefunction
from typing import get_args

import pytest

from condatui_core.actions.registry import ACTIONS
from condatui_core.records.request import Request


def test_every_request_has_its_action() -> None:
    assert set(ACTIONS) == set(get_args(Request))


@pytest.mark.parametrize("request_type", get_args(Request), ids=lambda each: each.__name__)
def test_an_action_has_its_three_functions(request_type: type[Request]) -> None:
    action = ACTIONS[request_type]()
    assert all(map(iscoroutinefunction, (action.plan, action.perform, action.recover)))
