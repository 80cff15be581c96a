"""The disk, measured to the end for commands."""

from __future__ import annotations

import asyncio
from contextlib import aclosing

from condatui.commands.invocation import Invocation
from condatui_core.disk.disk import Disk
from condatui_core.disk.measure import Measurement
from condatui_core.records.environment import Inventory


def disk_of(invocation: Invocation) -> Disk:
    """The disk as it is seen from these surroundings."""
    return Disk(invocation.locations, environ=invocation.environ, clock=invocation.clock)


def measure_all(invocation: Invocation, inventory: Inventory) -> Measurement:
    """Walk all environments and package caches; returns what is known at the end."""
    return asyncio.run(measured(disk_of(invocation), inventory))


async def measured(disk: Disk, inventory: Inventory, *, anew: bool = False) -> Measurement:
    """Walk all environments and package caches, without believing what was kept if that is wanted."""
    last = Measurement(places=(), sizes={})
    async with aclosing(disk.measure(inventory, anew=anew)) as measurements:
        async for measurement in measurements:
            last = measurement
    return last
