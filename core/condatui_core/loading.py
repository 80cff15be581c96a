"""Loads the machine: names first, then packages, while its condas are asked; and sees what has changed since."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from functools import partial
from threading import Lock
from typing import TYPE_CHECKING, TypeVar

from condatui_core.conda.client import CondaClient, InstallationAnswer, ask, remembered
from condatui_core.conda.discovery import find_installations, installations_on_disk, usual_places
from condatui_core.errors import CondaError
from condatui_core.inventory import Machine
from condatui_core.prefixes.read_ahead import start_reading_ahead, stop_reading_ahead
from condatui_core.proc.child import Child
from condatui_core.records.environment import Environment, Inventory
from condatui_core.records.finding import Finding
from condatui_core.records.installation import ChannelConfig, CondaFacts, Installation
from condatui_core.settings import Locations, Settings

if TYPE_CHECKING:
    from condatui_core.records.doctor import AskedInstallation

_T = TypeVar("_T")
_logger = logging.getLogger(__name__)

_BATCH_SECONDS = 0.2
"""Seconds of reading environments between two inventories."""


class Loading:
    """All loads of one machine: each goes on from what is known already, and reads what is new or has changed."""

    _surveyed = False
    """Whether a load has surveyed the disk."""
    _pointed: tuple[str, ...] = ()
    """Root prefixes that environments point to, as far as the last load has found them."""
    _complete: Inventory | None = None
    """The inventory of the last complete load."""
    _logged: frozenset[str] = frozenset()
    """The problems that the last load logged, so that repeated loads do not fill the log."""
    _loaded_for_job = False
    """Whether the machine was loaded for a job, so that `changed` must still report the changes."""

    def __init__(self, settings: Settings, locations: Locations, client: CondaClient) -> None:
        self._settings = settings
        self._locations = locations
        self._client = client
        self._places = usual_places(locations.home) if settings.usual_places else ()
        self._turn = Lock()
        """Held while the machine is used: a cancelled load may still be reading in its thread."""
        self._machine = Machine(settings, locations, client.caller.environ, client.now)

    def point_to(self, prefixes: Iterable[str]) -> None:
        """Take in prefixes that the user has named, whether or not anything on this machine points to them."""
        self._machine.point_to(prefixes)

    def glance(self) -> Inventory:
        """An inventory of names from the disk, by milliseconds of stats and no process; call it in a thread."""
        with self._turn:
            if not self._surveyed:  # on a slow disk a load may have overtaken it
                self._survey(installations_on_disk(self._settings.conda, self._places, self._client), last_time=True)
            return self._machine.inventory(asking_conda=True)

    async def load(self, *, refresh: bool = False, names: bool = False) -> AsyncIterator[Inventory]:
        """Yield inventories, each more complete; the last one is complete.

        Packages come while the condas are asked concurrently; with `names` those come before, if no conda has to be
        asked. Unchanged prefixes are not read again unless `refresh` is True. All reading happens in threads.
        """
        began = time.monotonic()
        installations = await self._find_installations()
        unanswered = await self._in_thread(partial(self._begin, installations, refresh=refresh))
        if names and not unanswered:
            yield await self._inventory()
        asking = asyncio.create_task(self._ask(unanswered))
        ahead: Child | None = None
        try:
            searching = bool(self._settings.roots)
            while True:
                more = await self._read_some(refresh=refresh)
                if ahead is None and more and not refresh and self._machine.reads_files:
                    ahead = await self._start_reading_ahead()
                if asking.done() or not more:
                    break
                yield await self._inventory(asking_conda=True)
            if not asking.done() or searching:
                yield await self._inventory(asking_conda=True)
            await self._in_thread(partial(self._record, await asking, searching=searching))
            while await self._read_some(refresh=refresh) or await self._take_in_pointed(refresh=refresh):
                yield await self._inventory()
        finally:
            asking.cancel()
            await stop_reading_ahead(ahead)
        await self._in_thread(self._machine.read_kernels)
        await self._in_thread(self._machine.remember)
        inventory = await self._inventory()
        self._complete = inventory if inventory.complete else self._complete
        self._log_load(inventory, time.monotonic() - began)
        yield inventory

    async def ask_installations(self) -> tuple[AskedInstallation, ...]:
        """Ask every conda of this machine now, without kept answers, and measure how long each took."""
        found = await self._find_installations()
        return tuple(await asyncio.gather(*map(self._ask_one, found)))

    async def _ask_one(self, installation: Installation) -> AskedInstallation:
        from condatui_core.records.doctor import AskedInstallation  # noqa: PLC0415 - only the doctor needs it

        began = time.monotonic()
        problems = () if installation.error else (await ask(installation, self._client)).problems
        reasons = [" ".join((each.title, each.detail.partition("\n")[0])).strip() for each in problems]
        return AskedInstallation(
            executable=installation.executable,
            root_prefix=installation.root_prefix,
            version=installation.version,
            kind=installation.kind,
            found_by=installation.found_by,
            answered=not installation.error and not problems,
            milliseconds=None if installation.error else round((time.monotonic() - began) * 1000),
            error=installation.error or " ".join(reasons),
        )

    async def changed(self) -> bool:
        """Whether anything was changed from outside since it was read; checks in a thread."""
        if self._loaded_for_job:
            self._loaded_for_job = False
            return True
        return await asyncio.to_thread(self._machine.changed)

    async def complete(self) -> Inventory:
        """The inventory of the last complete load for a job; loads again if anything has changed since."""
        if self._complete is not None and await asyncio.to_thread(self._machine.changed):
            self._complete, self._loaded_for_job = None, True
        while self._complete is None:  # a load that another one interrupts is not complete
            async for _ in self.load():
                pass
        return self._complete

    def channel_config(self, environment: Environment) -> ChannelConfig:
        """How the channels of an environment are configured, as the last complete load has found."""
        return self._complete.channel_config(environment) if self._complete else ChannelConfig()

    async def facts(self) -> Mapping[str, CondaFacts]:
        """What the condas have answered, by root prefix."""
        return await self._in_thread(lambda: self._machine.facts)

    def _log_load(self, inventory: Inventory, seconds: float) -> None:
        for problem in inventory.problems:
            if problem.message not in self._logged:
                _logger.warning("%s: %s", problem.id, problem.message)
        self._logged = frozenset(problem.message for problem in inventory.problems)
        environments, installations = len(inventory.environments), len(inventory.installations)
        milliseconds = round(seconds * 1000)
        _logger.debug("loaded %d environments of %d condas in %d ms", environments, installations, milliseconds)

    def _begin(self, installations: tuple[Installation, ...], *, refresh: bool) -> list[Installation]:
        self._surveyed = True
        unanswered = self._survey(installations, refresh=refresh)
        self._machine.begin()
        return unanswered

    def _survey(
        self, installations: tuple[Installation, ...], *, last_time: bool = False, refresh: bool = False
    ) -> list[Installation]:
        """Survey the disk; returns the installations without a valid kept answer, whose conda has to be asked."""
        self._machine.found(installations)
        unanswered = []
        for installation in installations:
            if installation.error:
                continue
            if not refresh and (facts := remembered(installation, self._client)):
                self._machine.learn(installation, facts)
            else:
                unanswered.append(installation)
        self._machine.survey(last_time=last_time)
        return unanswered

    async def _find_installations(self) -> tuple[Installation, ...]:
        return await find_installations(self._settings.conda, self._places, self._client, pointed=self._pointed)

    async def _take_in_pointed(self, *, refresh: bool) -> bool:
        """Add the installations that environments point to; returns whether there are new ones."""
        roots = await self._in_thread(self._machine.pointed_roots)
        new = tuple(each for each in roots if each not in self._pointed)
        if not new:
            return False
        self._pointed += new
        installations = await self._find_installations()
        unanswered = await self._in_thread(partial(self._survey, installations, refresh=refresh))
        await self._in_thread(partial(self._record, await self._ask(unanswered), searching=False))
        await self._in_thread(self._machine.add_new)
        return True

    async def _in_thread(self, use: Callable[[], _T]) -> _T:
        """Use the machine in a thread, once no other thread uses it."""

        def in_turn() -> _T:
            with self._turn:
                return use()

        return await asyncio.to_thread(in_turn)

    async def _read_some(self, *, refresh: bool) -> bool:
        return await self._in_thread(partial(self._machine.read_some, _BATCH_SECONDS, refresh=refresh))

    async def _inventory(self, *, asking_conda: bool = False) -> Inventory:
        return await self._in_thread(partial(self._machine.inventory, asking_conda=asking_conda))

    async def _start_reading_ahead(self) -> Child | None:
        environ = self._client.caller.environ
        return await start_reading_ahead(self._machine.pending, self._locations.prefix_cache, environ=environ)

    async def _ask(self, installations: list[Installation]) -> list[tuple[Installation, InstallationAnswer]]:
        """Ask these condas concurrently."""
        answers = await asyncio.gather(*(ask(each, self._client) for each in installations))
        return list(zip(installations, answers, strict=True))

    def _record(self, answers: list[tuple[Installation, InstallationAnswer]], *, searching: bool) -> None:
        """Record the answers of the condas and search the root directories: there may be new environments."""
        for installation, asked in answers:
            self._machine.learn(installation, asked.facts, [_problem(installation, each) for each in asked.problems])
        if searching:
            self._machine.search_roots()
        if answers or searching:
            self._machine.survey()
            self._machine.add_new()


def _problem(installation: Installation, error: CondaError) -> Finding:
    return Finding(
        id="conda-unusable",
        severity="warning",
        message=f"{installation.executable}: {error.title}",
        remedy=error.advice,
        evidence=tuple(error.detail.splitlines()),
        source="machine",
    )
