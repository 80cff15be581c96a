"""What an environment has under a name, as its Python and its programs see it: pip's package where pip replaced one."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from functools import lru_cache
from types import MappingProxyType
from urllib.parse import quote

from msgspec import Struct
from packaging.utils import canonicalize_name

from condatui_core.analyses.channels import PYPI, channel_identity, channel_label
from condatui_core.analyses.specs import spec_name
from condatui_core.records.comparison import Cell, Source
from condatui_core.records.installation import ChannelConfig
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
    """pip's distribution; None if conda has installed it, or if its metadata is conda's."""
    replaces: str = ""
    """The conda package in whose place pip has put it; empty if it has replaced none."""


class PresentPackages:
    """The packages of a prefix among which names are looked up; with `names` only those that may have one of them."""

    def __init__(self, contents: PrefixContents, names: Collection[str] | None = None) -> None:
        """`names` are conda's names, and canonical names of distributions; without them every package counts."""
        self._conda: dict[str, PackageRecord] = {}
        """By conda's name."""
        self._alike: dict[str, PackageRecord] = {}
        """By the canonical form of conda's name."""
        self._shipped = shipped_distributions(contents.packages, names)
        self._pip: dict[str, Distribution] = {}
        """By canonical name."""
        for record in contents.packages:
            self._add(record, names)
        for each in contents.distributions:
            if each.owner is None and (names is None or canonical(each.name) in names):
                self._pip[canonical(each.name)] = each
        self._replaced: dict[str, Replacement] = {each.package: each for each in contents.replaced}
        self._replacing = {canonical(each.distribution): each for each in contents.replaced}

    def _add(self, record: PackageRecord, names: Collection[str] | None) -> None:
        if names is None or record.name in names:
            self._conda[record.name] = record
        name = canonical(record.name)
        if names is None or name in names:
            self._alike[name] = record

    def conda_package(self, name: str) -> Present | None:
        """The package that conda has installed under its own name, or what pip has put in its place."""
        record = self._conda.get(name)
        return self._as_seen(record) if record else None

    def conda_package_alone(self, name: str) -> Present | None:
        """The package that conda has installed under its own name, whatever pip has put in its place."""
        record = self._conda.get(name)
        return Present(record.name, record.version, "conda", record) if record else None

    def distribution(self, name: str) -> Present | None:
        """The distribution of a canonical name, which a conda package may ship as well as pip may have installed it."""
        return self.pip_distribution(name) or self.shipped_distribution(name)

    def pip_distribution(self, name: str) -> Present | None:
        """The distribution that pip has installed under a canonical name."""
        found = self._pip.get(name)
        replacement = self._replacing.get(name)
        if found is not None:
            return Present(found.name, found.version, "pypi", None, found, replacement.package if replacement else "")
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
        return below if any(spec_name(each) == below.package for each in record.depends) else None

    def _by_pip(self, replacement: Replacement) -> Present:
        found = self._pip.get(canonical(replacement.distribution))
        version = found.version if found else replacement.pip_version
        return Present(replacement.distribution, version, "pypi", None, found, replacement.package)


def shipped_distributions(
    packages: Iterable[PackageRecord], names: Collection[str] | None = None
) -> dict[str, tuple[PackageRecord, str]]:
    """(conda package, version) by the canonical name of each distribution that it ships; of these `names` alone.

    A wheel, or a package whose files are unknown, ships the distribution of its own name, unless another one does.
    """
    shipped: dict[str, tuple[PackageRecord, str]] = {}
    perhaps: dict[str, tuple[PackageRecord, str]] = {}
    for record in packages:
        for each in record.provides:
            if names is None or canonical(each.name) in names:
                shipped.setdefault(canonical(each.name), (record, each.version))
        own = canonical(record.name)
        unknown = record.base_url == PYPI or not (record.provides or record.file_count)
        if unknown and (names is None or own in names):
            perhaps.setdefault(own, (record, record.version))
    return {**perhaps, **shipped}


_OTHER_NAMES = MappingProxyType(
    {
        "dask-core": "dask",
        "matplotlib-base": "matplotlib",
        "msgpack-python": "msgpack",
        "py-opencv": "opencv-python",
        "py-xgboost": "xgboost",
        "pytables": "tables",
        "python-graphviz": "graphviz",
        "pytorch": "torch",
    }
)
"""Canonical names of the distributions that conda packages of other names ship."""


def distribution_name(package: str) -> str:
    """The canonical name under which pip has what a conda package ships, as far as the package's name tells."""
    return _OTHER_NAMES.get(package) or canonical(package)


def cell_of(found: Present, config: ChannelConfig) -> Cell:
    """What was found as the cell of a comparison."""
    record, pip = found.record, found.distribution
    if record is None:
        place, build = (_place(pip), pip.revision[:12]) if pip else (None, "")
        return Cell(name=found.name, source="pypi", version=found.version, build=build, channel=PYPI, url=place)
    return Cell(
        name=found.name,
        source="conda",
        version=found.version,
        build=record.build,
        build_number=record.build_number,
        channel=channel_label(record.base_url, config),
        base_url=record.base_url,
        channel_identity=channel_identity(record.base_url, config),
        url=record.url,
        subdir=record.subdir,
        md5=record.md5,
        sha256=record.sha256,
    )


def _place(pip: Distribution) -> str | None:
    return f"file://{quote(pip.location, errors='surrogateescape')}" if pip.location else pip.url


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
