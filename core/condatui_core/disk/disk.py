"""All about the disk for the façade: what to measure, the walk, and what came of it in records."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Iterable, Mapping
from contextlib import aclosing
from datetime import datetime

from condatui_core.disk.breakdown import break_down
from condatui_core.disk.measure import Measurement, measure
from condatui_core.disk.places import disk_places, nested_in
from condatui_core.disk.survey import Survey, survey
from condatui_core.records.disk import Breakdown, DiskPlace
from condatui_core.records.environment import Environment, Inventory
from condatui_core.records.prefix import PrefixContents
from condatui_core.settings import Locations


class Disk:
    """Measures the environments of an inventory and the package caches beside them."""

    def __init__(self, locations: Locations, *, environ: Mapping[str, str], clock: Callable[[], datetime]) -> None:
        self._kept = locations.disk_cache
        self._home = locations.home
        self._environ = environ
        self._clock = clock

    async def measure(self, inventory: Inventory, *, anew: bool = False) -> AsyncGenerator[Measurement, None]:
        """Yield what is known of the disk, more each time; see `measure` for what `anew` is about.

        To leave the generator ends the walk.
        """
        places = await asyncio.to_thread(self._places, inventory)
        walk = measure(places, kept=self._kept, environ=self._environ, now=self._clock(), anew=anew)
        async with aclosing(walk) as measurements:
            async for measurement in measurements:
                yield measurement

    def survey(
        self, inventory: Inventory, *, anew: bool = False, former: Survey | None = None
    ) -> AsyncGenerator[Survey, None]:
        """Yield what is known of the disk and what follows from it, a few times a second; see `survey`."""
        return survey(self.measure(inventory, anew=anew), inventory, anew=anew, former=former)

    async def break_down(self, environment: Environment, places: Iterable[DiskPlace]) -> Breakdown:
        """Tell what is in an environment, by package, beside the event loop; one that was not read has no packages."""
        contents = environment.contents or PrefixContents()
        nested = nested_in(environment.prefix, places)
        return await asyncio.to_thread(break_down, environment.prefix, contents, nested=nested)

    def _places(self, inventory: Inventory) -> tuple[DiskPlace, ...]:
        return disk_places(inventory, environ=self._environ, home=self._home)
