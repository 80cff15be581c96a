"""What sees that an action keeps the event loop waiting does see it."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import pytest

from condatui_core import actions
from condatui_core.actions.remove import plan as remove_plan
from condatui_core.records.request import RemoveRequest
from support.loop_watch import looks_on_the_loop
from support.removals import RemovalMachine

_T = TypeVar("_T")


async def _on_the_loop(function: Callable[..., _T], *arguments: object) -> _T:
    return function(*arguments)


async def test_what_is_not_handed_to_a_thread_is_seen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    machine = RemovalMachine(tmp_path)
    request = RemoveRequest(prefixes=(str(machine.make("old")),))
    place = os.path.join(*actions.__path__, "")
    with looks_on_the_loop(place) as looks:
        await remove_plan.plan(request, machine.context())
    assert looks == []
    monkeypatch.setattr(asyncio, "to_thread", _on_the_loop)
    with looks_on_the_loop(str(Path(__file__).parent)) as looks:
        await remove_plan.plan(request, machine.context())
    assert {"stat", "lstat", "scandir"} <= {each.partition(" in ")[0] for each in looks}
