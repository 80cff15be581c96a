"""A workbench that shows what a test tells it to, and waits for the test where the real one waits for conda."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from condatui_core.records.command_run import CommandRun
from condatui_core.records.environment import Inventory
from condatui_core.settings import Locations, Settings


@dataclass
class FakeLog:
    """A command log that tests add to."""

    runs: tuple[CommandRun, ...] = ()
    callbacks: list[Callable[[CommandRun], None]] = field(default_factory=list)

    def add(self, run: CommandRun) -> None:
        self.runs = (*self.runs, run)
        for tell in self.callbacks:
            tell(run)

    def subscribe(self, callback: Callable[[CommandRun], None]) -> Callable[[], None]:
        self.callbacks.append(callback)
        return lambda: self.callbacks.remove(callback)


class FakeWorkbench:
    """Yields scripted inventories; an exception among them is raised, an asyncio.Event is waited for."""

    def __init__(
        self,
        *script: Inventory | Exception | asyncio.Event,
        first: Inventory | None = None,
        settings: Settings | None = None,
    ) -> None:
        self.script: Sequence[Inventory | Exception | asyncio.Event] = script
        self.first = first or Inventory(pending=1, asking_conda=True)
        self.settings = settings or Settings(watch_seconds=0)
        here = Path("/nowhere")
        self.locations = Locations(home=here, config=here, cache=here, state=here)
        self.log = FakeLog()
        self.loads: list[bool] = []
        """For every load, whether it was a refresh."""
        self.looks = 0
        """How often somebody asked whether anything changed."""
        self.changes = False
        """What is answered to that, once."""
        self.waiting = False
        """Whether a load stands before an event that the test has not set."""

    def glance(self) -> Inventory:
        return self.first

    async def load(self, *, refresh: bool = False) -> AsyncIterator[Inventory]:
        self.loads.append(refresh)
        for step in self.script:
            if isinstance(step, Exception):
                raise step
            if isinstance(step, asyncio.Event):
                self.waiting = True
                await step.wait()
                self.waiting = False
            else:
                yield step
                await asyncio.sleep(0)

    async def changed(self) -> bool:
        self.looks += 1
        answer, self.changes = self.changes, False
        return answer
