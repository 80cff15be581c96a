"""What the disk would be found to hold, made by hand."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping
from dataclasses import dataclass, replace

from condatui_core.disk.link_graph import LinkGraph
from condatui_core.disk.measure import Measurement
from condatui_core.disk.usage import DiskUsage, survey
from condatui_core.records.disk import DiskPlace, LinkTable, PlaceSizes, ShareClass, Unit
from condatui_core.records.environment import Inventory
from condatui_core.records.finding import Finding
from support.inventories import ROOT

PKGS = f"{ROOT}/pkgs"


@dataclass(frozen=True)
class Held:
    """Bytes that some places hold together; PKGS is the package cache, a unit one package in it."""

    places: tuple[str, ...]
    bytes: int
    outside: bool = False
    unit: str = ""
    inodes: int = 0


def measurement_of(
    inventory: Inventory,
    *held: Held,
    archives: int = 0,
    index: int = 0,
    findings: Mapping[str, tuple[Finding, ...]] | None = None,
) -> Measurement:
    """What walking these environments and PKGS comes to."""
    paths = [*(each.prefix for each in inventory.environments if each.state != "missing"), PKGS]
    places = tuple(DiskPlace(path=path, cache=path == PKGS) for path in paths)
    names = ["some-1.0-0.conda", "cache", *dict.fromkeys(each.unit for each in held if each.unit)]
    kinds = {"some-1.0-0.conda": "archive", "cache": "other"}
    cache = paths.index(PKGS)
    units = tuple(
        Unit(cache, name.encode(), kinds.get(name, "package"), False, ())  # type: ignore[arg-type]
        for name in names
    )
    in_cache = (ShareClass((cache,), unit, False, size, size) for unit, size in enumerate((archives, index)) if size)
    classes = (
        ShareClass(
            tuple(sorted(map(paths.index, each.places))),
            names.index(each.unit) if each.unit else -1,
            each.outside,
            each.bytes,
            each.bytes,
            inodes=each.inodes,
        )
        for each in held
    )
    graph = LinkGraph(places, LinkTable(classes=(*in_cache, *classes), units=units))
    return Measurement(places=places, sizes={}, entries=1234, graph=graph, findings=findings or {})


def half_of(measurement: Measurement, *prefixes: str) -> Measurement:
    """The same in the middle of the walk, when only these prefixes are walked."""
    uses = [use for use in map(measurement.use_of, prefixes) if use]
    sizes = {
        use.prefix: PlaceSizes(
            path=use.prefix, total=use.total, exclusive=use.exclusive, apparent=use.apparent, inodes=use.inodes
        )
        for use in uses
    }
    return replace(measurement, sizes=sizes, entries=617, graph=None)


async def said(*measurements: Measurement) -> AsyncGenerator[Measurement, None]:
    """A walk that says these."""
    for each in measurements:
        yield each


async def surveyed(inventory: Inventory, *held: Held, archives: int = 0, index: int = 0) -> list[DiskUsage]:
    """What is known before the disk is measured and after."""
    measurement = measurement_of(inventory, *held, archives=archives, index=index)
    return [each async for each in survey(said(measurement), inventory)]
