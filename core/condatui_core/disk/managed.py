"""What the records claim, at once and without touching a file: shown until the disk is measured."""

from __future__ import annotations

from collections.abc import Collection
from itertools import chain

from condatui_core.records.disk import ManagedUse
from condatui_core.records.environment import Environment
from condatui_core.records.package import PackageRecord

_Package = tuple[str | None, str, str, str]


class ManagedSizes:
    """Managed bytes of all environments, and what they seem to share: the same package is taken for the same files."""

    def __init__(self, environments: Collection[Environment]) -> None:
        self._packages = {each.prefix: _packages(each) for each in environments}
        self._pip = {
            each.prefix: sum(one.installed_bytes for one in each.contents.pip_distributions) if each.contents else 0
            for each in environments
        }
        self._holders: dict[_Package, set[str]] = {}
        for prefix, packages in self._packages.items():
            for package in packages:
                self._holders.setdefault(package, set()).add(prefix)

    def __contains__(self, prefix: object) -> bool:
        return prefix in self._packages

    def use_of(self, prefix: str) -> ManagedUse:
        """Say what one environment claims. Raises KeyError if it is not among them."""
        packages = self._packages[prefix]
        total = sum(packages.values()) + self._pip[prefix]
        return ManagedUse(prefix=prefix, total=total, exclusive=self.frees((prefix,)))

    def frees(self, selection: Collection[str]) -> int:
        """Say what removing these would free if no package cache held their packages too, bytes at face value."""
        gone = set(selection)
        mine = dict(chain.from_iterable(self._packages[prefix].items() for prefix in gone))
        pip = sum(self._pip[prefix] for prefix in gone)
        return pip + sum(size for package, size in mine.items() if self._holders[package] <= gone)


def _packages(environment: Environment) -> dict[_Package, int]:
    records = environment.contents.packages if environment.contents else ()
    return {_identity(record): record.installed_bytes for record in records}


def _identity(record: PackageRecord) -> _Package:
    return record.base_url, record.name, record.version, record.build
