"""What Prometheus scrapes of this machine: its text format, made by the client library of Prometheus."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from types import MappingProxyType
from typing import TYPE_CHECKING

from msgspec import Struct

from condatui_core.errors import UsageError
from condatui_core.records.disk import CacheUse, DiskUse
from condatui_core.records.environment import Environment, Inventory
from condatui_core.records.policy import GpuVerdict
from condatui_core.records.restore_point import RestorePointSummary
from condatui_core.text import sanitize, some_of

if TYPE_CHECKING:
    from prometheus_client.core import GaugeMetricFamily

_NO_USES: Mapping[str, DiskUse] = MappingProxyType({})
_NO_VERDICTS: Mapping[str, GpuVerdict] = MappingProxyType({})
_MOST_CHANNELS = 5
"""Channels that the label of one environment names."""


class MachineFacts(Struct, frozen=True, kw_only=True):
    """What is measured of a machine."""

    version: str
    """condatui's."""
    inventory: Inventory
    at: datetime
    seconds: float
    """How long reading it has taken."""
    uses: Mapping[str, DiskUse] = _NO_USES
    """By prefix; empty if the disk was not walked."""
    caches: Sequence[CacheUse] = ()
    gpu: Mapping[str, GpuVerdict] = _NO_VERDICTS
    """By prefix, what the last GPU checks have found."""
    points: Sequence[RestorePointSummary] = ()


def prometheus_text(facts: MachineFacts) -> str:
    """The metrics of a machine in Prometheus' text format, in a stable order.

    There is a bounded number of series for each environment, whatever is in it. Raises UsageError if the client library
    is not installed.
    """
    try:
        from prometheus_client import CollectorRegistry, generate_latest  # noqa: PLC0415 - an extra
        from prometheus_client.registry import Collector  # noqa: PLC0415 - as above
    except ImportError as error:
        hint = "pip install 'condatui[metrics]'"
        raise UsageError("Metrics need the package prometheus-client.", str(error), hint) from error

    class Machine(Collector):
        def collect(self) -> Iterable[GaugeMetricFamily]:
            return _families(facts)

    registry = CollectorRegistry()
    registry.register(Machine())
    return generate_latest(registry).decode("utf-8")


def _families(facts: MachineFacts) -> Iterator[GaugeMetricFamily]:
    there = tuple(each for each in facts.inventory.environments if each.state != "missing")
    yield _gauge("build_info", "The version of condatui.", ("version",), [((facts.version,), 1)])
    yield _gauge("scan_duration_seconds", "How long reading this machine took.", (), [((), facts.seconds)])
    yield _gauge("scan_timestamp_seconds", "When this machine was read.", (), [((), facts.at.timestamp())])
    yield from _of_environments(there)
    yield from _of_disk(there, facts.uses)
    yield _findings(there)
    verdicts = [((each.prefix, facts.gpu[each.prefix]), 1) for each in there if each.prefix in facts.gpu]
    yield _gauge("environment_gpu_verdict", "What the last GPU check has found: 1.", ("prefix", "verdict"), verdicts)
    yield from _of_caches(facts.caches)
    points = facts.points
    yield _gauge("restore_points", "Restore points, by whether all they need is here.", ("state",), _states(points))
    yield _gauge("restore_points_bytes", "What restore points occupy.", (), [((), sum(each.bytes for each in points))])


def _of_environments(environments: Sequence[Environment]) -> Iterator[GaugeMetricFamily]:
    labels = ("prefix", "name", "owner", "state", "python", "installation", "channels")
    info = [
        (
            (
                each.prefix,
                each.name,
                each.owner,
                each.state,
                each.python,
                each.installation or "",
                some_of([channel for channel, _ in each.channels], _MOST_CHANNELS),
            ),
            1,
        )
        for each in environments
    ]
    yield _gauge("environment_info", "An environment: 1.", labels, info)
    read = [(each, each.contents) for each in environments if each.contents is not None]
    packages = [((each.prefix, "conda"), len(contents.packages)) for each, contents in read]
    packages += [((each.prefix, "pip"), len(contents.pip_distributions)) for each, contents in read]
    yield _gauge("environment_packages", "Installed packages, by who installed them.", ("prefix", "source"), packages)
    used = [((each.prefix,), each.last_used.at.timestamp()) for each in environments if each.last_used]
    yield _gauge("environment_last_used_timestamp_seconds", "The last use, by the best evidence.", ("prefix",), used)
    modified = [((each.prefix,), each.modified.timestamp()) for each in environments if each.modified]
    yield _gauge("environment_modified_timestamp_seconds", "The last change by conda.", ("prefix",), modified)
    kept = [((each.prefix,), int(each.keep is not None)) for each in environments]
    yield _gauge("environment_kept", "Whether the user of condatui keeps it.", ("prefix",), kept)


def _of_disk(environments: Sequence[Environment], uses: Mapping[str, DiskUse]) -> Iterator[GaugeMetricFamily]:
    found = [uses[each.prefix] for each in environments if each.prefix in uses]
    total = [((each.prefix,), each.total) for each in found]
    yield _gauge("environment_size_bytes", "What it occupies, shared files included.", ("prefix",), total)
    exclusive = [((each.prefix,), each.exclusive) for each in found]
    yield _gauge("environment_exclusive_bytes", "What removing it alone would free.", ("prefix",), exclusive)
    inodes = [((each.prefix,), each.inodes) for each in found]
    yield _gauge("environment_inodes", "Its files and directories, shared ones included.", ("prefix",), inodes)
    own = [((each.prefix,), each.exclusive_inodes) for each in found]
    yield _gauge("environment_exclusive_inodes", "The inodes that removing it alone would free.", ("prefix",), own)


def _findings(environments: Sequence[Environment]) -> GaugeMetricFamily:
    counted = Counter((each.prefix, found.id, found.severity) for each in environments for found in each.findings)
    return _gauge(
        "environment_findings",
        "Findings, by id and severity.",
        ("prefix", "id", "severity"),
        sorted(counted.items()),
    )


def _of_caches(caches: Sequence[CacheUse]) -> Iterator[GaugeMetricFamily]:
    labels = ("path", "tool")
    total = [((each.path, each.tool or "conda"), each.total) for each in caches]
    yield _gauge("package_cache_size_bytes", "What a package cache occupies.", labels, total)
    cleanable = [((each.path, each.tool or "conda"), each.cleanable) for each in caches]
    yield _gauge("package_cache_cleanable_bytes", "What cleaning a package cache would free.", labels, cleanable)


def _states(points: Sequence[RestorePointSummary]) -> Sequence[tuple[tuple[str, ...], float]]:
    by_state = Counter("damaged" if each.problem else "whole" if each.whole else "to-download" for each in points)
    return [((state,), by_state[state]) for state in ("whole", "to-download", "damaged")]


def _gauge(
    name: str, text: str, labels: Sequence[str], samples: Iterable[tuple[tuple[str, ...], float]]
) -> GaugeMetricFamily:
    from prometheus_client.core import GaugeMetricFamily  # noqa: PLC0415 - an extra

    family = GaugeMetricFamily(f"condatui_{name}", text, labels=labels)
    for values, number in samples:
        family.add_metric([sanitize(each) for each in values], number)
    return family
