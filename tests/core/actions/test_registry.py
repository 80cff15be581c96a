"""The table of actions against the requests that there are."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from inspect import iscoroutinefunction
from typing import get_args

import pytest

from condatui_core.actions.registry import ACTIONS
from condatui_core.records.request import Request


def test_every_request_has_its_action() -> None:
    assert set(ACTIONS) == set(get_args(Request))


@pytest.mark.parametrize("request_type", get_args(Request), ids=lambda each: each.__name__)
def test_a_row_gives_the_three_functions_of_its_own_action(request_type: type[Request]) -> None:
    action = ACTIONS[request_type]()
    for bound in (action.plan, action.perform, action.recover):
        function = _unwrapped(bound)
        assert iscoroutinefunction(function)
        tag = str(request_type.__struct_config__.tag).removesuffix("-all")
        package = "keep_point" if tag == "checkpoint" else tag  # that module is what all changes share
        assert f"condatui_core.actions.{package}" in function.__module__
        assert request_type.__name__ in str(function.__annotations__["request"])


def _unwrapped(function: Callable[..., object]) -> Callable[..., object]:
    """The function itself, without what the table passes it."""
    return function.func if isinstance(function, partial) else function
