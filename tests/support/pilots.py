"""Driving the workbench without a terminal, and reading what would stand on one."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any, TypeVar

from textual.app import App
from textual.message import Message
from textual.pilot import Pilot

from condatui.app import CondatuiApp
from condatui.screens.environments import EnvironmentsScreen
from condatui_core.records.environment import Inventory
from support.fake_workbench import FakeWorkbench
from support.inventories import NOW

M = TypeVar("M", bound=Message)


class Driver:
    """An open workbench and what a test wants to know of it."""

    def __init__(self, app: CondatuiApp, pilot: Pilot[None], workbench: FakeWorkbench) -> None:
        self.app = app
        self.pilot = pilot
        self.workbench = workbench
        self.messages: list[Message] = []
        """All that were posted."""

    def posted(self, kind: type[M]) -> list[M]:
        """The messages of one kind, oldest first."""
        return [message for message in self.messages if isinstance(message, kind)]

    @property
    def place(self) -> EnvironmentsScreen:
        """Place 1."""
        assert isinstance(self.app.screen, EnvironmentsScreen), self.app.screen
        return self.app.screen

    @property
    def cursor(self) -> str | None:
        """The prefix under the cursor."""
        return self.place.table.cursor_key

    @property
    def names(self) -> list[str]:
        """The environments that are shown, in their order."""
        return [environment.name for environment in self.place.shown]

    @property
    def text(self) -> str:
        """What stands on the screen."""
        return "\n".join(screen_lines(self.app))

    async def press(self, *keys: str) -> None:
        """Press keys and let all that follows happen."""
        await self.pilot.press(*keys)
        await self.pilot.pause()

    async def until(self, holds: Callable[[], Any]) -> None:
        """Let the app run until something holds."""
        for _ in range(2000):
            if holds():
                return
            await self.pilot.pause(0.01)
        raise AssertionError(f"this did not come to pass:\n{self.text}")


def screen_lines(app: App[Any]) -> list[str]:
    """The lines of the screen without colours; the one place that knows how Textual draws them."""
    return ["".join(segment.text for segment in strip).rstrip() for strip in app.screen._compositor.render_strips()]


@asynccontextmanager
async def opened(
    *script: Inventory | Exception, size: tuple[int, int] = (100, 30), workbench: FakeWorkbench | None = None
) -> AsyncIterator[Driver]:
    """A workbench on which these inventories have been loaded, one after the other."""
    workbench = workbench or FakeWorkbench(*script)
    app = CondatuiApp(workbench, host="gpu07", clock=lambda: NOW)  # type: ignore[arg-type]
    messages: list[Message] = []
    async with app.run_test(size=size, notifications=True, message_hook=messages.append) as pilot:
        driver = Driver(app, pilot, workbench)
        driver.messages = messages
        await driver.until(lambda: not app.session.loading or workbench.waiting)
        await pilot.pause()
        yield driver
        if app.failures:
            raise app.failures[0]
