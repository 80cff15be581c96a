"""Made-up machines of which it is known what is alike to what."""

from __future__ import annotations

import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from condatui_core.records.environment import Environment, Inventory
from condatui_core.records.package import Distribution, PackageRecord
from support.inventories import CONDA_FORGE, PYTORCH, inventory, loaded, package, pip_package

MIRROR = "https://mirrors.example.edu/anaconda/cloud/conda-forge"


@dataclass(frozen=True, slots=True)
class Family:
    """Environments of one kind: a base, and those that were made from it."""

    base: Environment
    others: tuple[Environment, ...]

    @property
    def prefixes(self) -> frozenset[str]:
        """The prefixes of all."""
        return frozenset(each.prefix for each in (self.base, *self.others))


def packages_of(names: Iterable[str], version: str = "1.0") -> tuple[PackageRecord, ...]:
    """A package for each name."""
    return tuple(package(name, version) for name in names)


def numbered(count: int, prefix: str = "lib") -> tuple[PackageRecord, ...]:
    """Packages of consecutive names."""
    return packages_of(f"{prefix}{number:03}" for number in range(count))


def changed(packages: Sequence[PackageRecord], count: int, version: str = "2.0") -> tuple[PackageRecord, ...]:
    """The same with another version of the first ones."""
    return (*packages_of((each.name for each in packages[:count]), version), *packages[count:])


class RandomWorld:
    """Families of variants, with environments between them that belong to none."""

    def __init__(self, seed: int, *, families: int = 4, variants: int = 4, packages: int = 100) -> None:
        self._random = random.Random(seed)
        self._packages = packages
        self.families = tuple(self._family(f"family{number}", variants) for number in range(families))
        self.unrelated = tuple(loaded(f"single{number}", self._some()) for number in range(3))

    @property
    def machine(self) -> Inventory:
        """All of it, in a random order."""
        everything = [each for family in self.families for each in (family.base, *family.others)]
        everything += self.unrelated
        self._random.shuffle(everything)
        return inventory(*everything)

    def _some(self) -> list[PackageRecord]:
        """Packages of which a tenth are of versions that another environment has as well."""
        names = self._random.sample([f"lib{number:03}" for number in range(self._packages * 3)], self._packages)
        return [package(name, f"1.{self._random.randrange(10)}", self._channel()) for name in names]

    def _channel(self) -> str:
        return self._random.choice((CONDA_FORGE, CONDA_FORGE, CONDA_FORGE, PYTORCH))

    def _family(self, name: str, variants: int) -> Family:
        conda, pip = self._some(), [pip_package(f"{name}-pip{number}") for number in range(self._packages // 20)]
        others = (self._variant(f"{name}-{number}", conda, pip) for number in range(variants))
        return Family(loaded(name, conda, pip), tuple(others))

    def _variant(self, name: str, conda: list[PackageRecord], pip: list[Distribution]) -> Environment:
        """A copy with 2 to 8 % of its packages changed, gone or new, through a mirror or not."""
        count = self._random.randrange(self._packages * 2 // 100, self._packages * 8 // 100 + 1)
        touched = set(self._random.sample(range(len(conda)), count))
        made = [each for index, record in enumerate(conda) for each in self._made(record, index in touched, name)]
        return loaded(name, mirrored(made) if self._random.random() < 0.5 else made, pip)

    def _made(self, record: PackageRecord, touched: bool, variant: str) -> list[PackageRecord]:
        """What a variant has in place of a package."""
        how = self._random.choice(("version", "channel", "gone", "new")) if touched else ""
        if how == "version":
            return [package(record.name, f"{record.version}.{self._random.randrange(1, 9)}", record.base_url)]
        if how == "channel":
            return [package(record.name, record.version, "https://conda.example.com/own")]
        return [] if how == "gone" else [record, package(f"{variant}-{record.name}")] if how == "new" else [record]


def mirrored(packages: Iterable[PackageRecord]) -> list[PackageRecord]:
    """The same packages from a mirror of conda-forge, in other builds."""
    urls = {CONDA_FORGE: MIRROR}
    return [
        package(each.name, each.version, urls.get(each.base_url or "", each.base_url), build="h1_0")
        for each in packages
    ]
