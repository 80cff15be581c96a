"""What an environment has under a name, as its Python and its programs see it: pip's package where pip replaced one."""

from __future__ import annotations

from collections.abc import Collection
from functools import lru_cache

from msgspec import Struct
from packaging.utils import canonicalize_name

from condatui_core.records.comparison import Source
from condatui_core.records.package import Distribution, PackageRecord, Replacement
from condatui_core.records.prefix import PrefixContents


class Present(Struct, frozen=True):
    """A package that is there under the name that was looked up."""

    name: str
    """conda's or pip's own spelling."""
    version: str
    """That of the distribution, where a conda package was looked up by the name of one that it ships."""
    source: Source
    """The installer of what Python sees."""
    record: PackageRecord | None = None
    """The conda package; None if pip has installed or replaced it."""
    distribution: Distribution | None = None
    """pip's distribution; None if conda has installed it, or if its metadata is gone."""


class PresentPackages:
    """The packages of a prefix among which names are looked up; only those that may have one of the `names`."""

    def __init__(self, contents: PrefixContents, names: Collection[str]) -> None:
        """`names` are conda's names, and canonical names of distributions."""
        self._conda: dict[str, PackageRecord] = {}
        """By conda's name."""
        self._alike: dict[str, PackageRecord] = {}
        """By the canonical form of conda's name."""
        self._shipped: dict[str, tuple[PackageRecord, str]] = {}
        """(conda package, version) by the canonical name of a distribution that it ships."""
        self._pip: dict[str, Distribution] = {}
        """By canonical name."""
        for record in contents.packages:
            self._add(record, names)
        for each in contents.distributions:
            if each.owner is None and (name := canonical(each.name)) in names:
                self._pip[name] = each
        self._replaced: dict[str, Replacement] = {each.package: each for each in contents.replaced}
        self._replacing = {canonical(each.distribution): each for each in contents.replaced}

    def _add(self, record: PackageRecord, names: Collection[str]) -> None:
        if record.name in names:
            self._conda[record.name] = record
        if (name := canonical(record.name)) in names:
            self._alike[name] = record
        for each in record.provides:
            if (name := canonical(each.name)) in names:
                self._shipped.setdefault(name, (record, each.version))

    def conda_package(self, name: str) -> Present | None:
        """The package that conda has installed under its own name, or what pip has put in its place."""
        record = self._conda.get(name)
        return self._as_seen(record) if record else None

    def pip_distribution(self, name: str) -> Present | None:
        """The distribution that pip has installed under a canonical name."""
        found = self._pip.get(name)
        if found is not None:
            return Present(found.name, found.version, "pypi", None, found)
        replacement = self._replacing.get(name)
        return self._by_pip(replacement) if replacement else None

    def shipped_distribution(self, name: str) -> Present | None:
        """The conda package that ships a distribution of a canonical name: `pytorch` for `torch`."""
        if found := self._shipped.get(name):
            record, version = found
            return Present(record.name, version, "conda", record)
        return None

    def spelled_alike(self, name: str) -> Present | None:
        """The conda package whose name has this canonical form."""
        record = self._alike.get(name)
        return self._as_seen(record) if record else None

    def _as_seen(self, record: PackageRecord) -> Present:
        replacement = self._replaced.get(record.name) or self._replaced_below(record)
        return self._by_pip(replacement) if replacement else Present(record.name, record.version, "conda", record)

    def _replaced_below(self, record: PackageRecord) -> Replacement | None:
        """What pip has put in place of the package that has the files of this one: `numpy` depends on `numpy-base`."""
        below = self._replacing.get(canonical(record.name)) if self._replacing and not record.provides else None
        if below is None:
            return None
        return below if any(each.split(" ", 1)[0] == below.package for each in record.depends) else None

    def _by_pip(self, replacement: Replacement) -> Present:
        found = self._pip.get(canonical(replacement.distribution))
        return Present(replacement.distribution, replacement.pip_version, "pypi", None, found)


def look_up(contents: PrefixContents, name: str) -> Present | None:
    """What a prefix has under a name however it is spelled: conda's, pip's, or one that a conda package ships."""
    normal = canonical(name)
    found = PresentPackages(contents, {name.lower(), normal})
    return (
        found.conda_package(name.lower())
        or found.pip_distribution(normal)
        or found.shipped_distribution(normal)
        or found.spelled_alike(normal)
    )


@lru_cache(maxsize=1 << 14)
def canonical(name: str) -> str:
    """The canonical form of a distribution's name; cached, as thousands of records share a few hundred names."""
    return canonicalize_name(name)
