"""The order in which packages are installed: each after all that it depends on."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping

from condatui_core.records.package import PackageRecord

_NAME = re.compile(r"[^\s=<>!~\[@]+")


def in_installation_order(packages: Iterable[PackageRecord]) -> tuple[PackageRecord, ...]:
    """Put every package behind those that it depends on, by name where that leaves a choice; circles are cut."""
    by_name = {record.name: record for record in sorted(packages, key=lambda each: each.name)}
    ordered: dict[str, PackageRecord] = {}
    begun: set[str] = set()
    for name in by_name:
        # Not by recursion: nothing limits how long a chain of dependencies may be.
        waiting = [(name, _needs(name, by_name))] if name not in begun else []
        begun.add(name)
        while waiting:
            current, needs = waiting[-1]
            need = next((each for each in needs if each not in begun), None)
            if need is None:
                ordered[current] = by_name[current]
                waiting.pop()
            else:
                begun.add(need)
                waiting.append((need, _needs(need, by_name)))
    return tuple(ordered.values())


def _needs(name: str, installed: Mapping[str, PackageRecord]) -> Iterator[str]:
    for spec in installed[name].depends:
        match = _NAME.match(spec.rpartition("::")[2])
        if match and match[0] in installed:
            yield match[0]
