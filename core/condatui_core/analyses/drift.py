"""Drift: how an environment differs from a file that describes it, in both directions."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator

from packaging.utils import canonicalize_name

from condatui_core.analyses.columns import listed_again
from condatui_core.analyses.demands import Demand, asked_words, demands
from condatui_core.analyses.needs import Needs, Node
from condatui_core.analyses.platforms import is_bound_to_platform
from condatui_core.analyses.present import Present, PresentPackages, cell_of, distribution_name
from condatui_core.records.comparison import Cell, ColumnKind, Entry, Listing
from condatui_core.records.drift import Drift, Verification
from condatui_core.records.installation import ChannelConfig
from condatui_core.records.prefix import PrefixContents


def drift_of(contents: PrefixContents, listing: Listing, config: ChannelConfig) -> tuple[Drift, ...]:
    """How an environment differs from a file, by name; what cannot be decided is no drift."""
    return verify(contents, listing, config).drift


def verify(contents: PrefixContents, listing: Listing, config: ChannelConfig) -> Verification:
    """Hold an environment against a file; `config` says which URLs are one channel.

    Too many is what the file does not ask for. If it lists everything, that is each other package; otherwise what
    nothing that it asks for needs, and of these not the ones that only others of them need and no user requested.
    """
    return _Comparison(contents, listing, config).verification()


_COMPLETE: frozenset[ColumnKind] = frozenset({"explicit list", "lock file", "package list"})
"""The kinds of files that list everything."""
_EXACT: frozenset[ColumnKind] = frozenset({"lock file", "package list"})
"""The kinds whose lines are no requirements of pip but what is installed."""


class _Held:
    """What an environment holds, by the names under which a file may ask for it."""

    def __init__(self, contents: PrefixContents, config: ChannelConfig) -> None:
        self._present = PresentPackages(contents)
        self._config = config
        self.conda = frozenset(each.name for each in contents.packages)
        self.replacing = frozenset(canonicalize_name(each.distribution) for each in contents.replaced)
        """The canonical names of what pip has put in the place of conda packages."""

    def asked_of_conda(self, package: str, of_pip: Collection[str]) -> tuple[Node, Cell] | None:
        """What Python sees of a conda package; what the file itself asks of pip leaves conda's as it is."""
        found = self._present.conda_package(package)
        by_pip = canonicalize_name(found.name) if found and found.source == "pypi" else distribution_name(package)
        if by_pip in of_pip:
            return self._node_and_cell(self._present.conda_package_alone(package))
        return self._node_and_cell(found or self._present.pip_distribution(by_pip))

    def asked_of_pip(self, name: str) -> tuple[Node, Cell] | None:
        """A distribution, which a conda package may ship as well as pip may have installed it."""
        return self._node_and_cell(self._present.distribution(name))

    def cell(self, node: Node) -> Cell:
        """What is installed under a name, as Python sees it."""
        of_conda = node.source == "conda"
        found = self._present.conda_package(node.name) if of_conda else self._present.pip_distribution(node.name)
        assert found
        return cell_of(found, self._config)

    def _node_and_cell(self, found: Present | None) -> tuple[Node, Cell] | None:
        if found is None:
            return None
        if found.record:
            node = Node("conda", found.record.name)
        elif found.distribution:
            node = Node("pypi", canonicalize_name(found.name))
        else:  # pip has put it over conda's without metadata of its own
            node = Node("conda", found.replaces)
        return node, cell_of(found, self._config)


class _Comparison:
    """One environment beside one file."""

    def __init__(self, contents: PrefixContents, listing: Listing, config: ChannelConfig) -> None:
        self._contents = contents
        self._listing = listing
        self._held = _Held(contents, config)
        self._needs = Needs(contents)
        self._of_conda = {each.package: each for each in listing.entries if each.cell.source == "conda"}
        self._of_pip: dict[str, Entry] = {
            canonicalize_name(each.cell.name): each for each in listing.entries if each.cell.source == "pypi"
        }
        self._drift: list[Drift] = []
        self._undecided: list[str] = []
        self._used: set[Node] = set()
        """What the file asks for and is there, as it should be or not."""

    def verification(self) -> Verification:
        for package, entry in self._of_conda.items():
            self._hold(package, entry, self._held.asked_of_conda(package, self._of_pip))
        for name, entry in self._of_pip.items():
            self._hold(name, entry, self._held.asked_of_pip(name))
        for entry in self._listing.again:
            self._hold_again(entry)
        for entry in self._listing.bounds:
            self._hold_bound(entry)
        everything = self._lists_everything
        if everything:
            self._drift += map(self._extra, self._unasked())
        else:
            self._judge_unneeded()
        return Verification(
            drift=tuple(sorted(self._drift, key=lambda each: (each.name.lower(), each.name, each.source, each.kind))),
            left_out=(*self._left_out, *self._undecided),
            lists_everything=everything,
            compared=len(self._of_conda) + len(self._of_pip),
        )

    # What the file asks for

    def _hold(self, name: str, entry: Entry, found: tuple[Node, Cell] | None) -> None:
        asked = entry.cell
        if entry.package in self._held.conda:
            self._used.add(Node("conda", entry.package))
        if found is None:
            self._drift.append(Drift(name=name, kind="missing", source=asked.source, want=asked_words(asked)))
            return
        node, held = found
        self._used.add(node)
        judged = demands(asked, held, exact=self._listing.column.kind in _EXACT)
        if unmet := next((each for each in judged if each.met is False), None):
            self._drift.append(Drift(name=name, kind=unmet.kind, source=asked.source, have=unmet.have, want=unmet.want))
        else:
            self._undecided += (_undecided(name, each) for each in judged if each.met is None)

    def _hold_again(self, entry: Entry) -> None:
        """Hold a further line about a package, unless that is told to differ already."""
        of_conda, name = entry.cell.source == "conda", entry.package or canonicalize_name(entry.cell.name)
        if not any((each.name, each.source) == (name, entry.cell.source) for each in self._drift):
            found = self._held.asked_of_conda(name, self._of_pip) if of_conda else self._held.asked_of_pip(name)
            self._hold(name, entry, found)

    def _hold_bound(self, entry: Entry) -> None:
        """Hold a restriction against what pip has installed, unless that is told to differ already."""
        name = canonicalize_name(entry.cell.name)
        found = self._held.asked_of_pip(name)
        if found is None or found[1].source != "pypi" or any(each.name == name for each in self._drift):
            return
        judged = demands(entry.cell, found[1], exact=False)
        if unmet := next((each for each in judged if each.met is False), None):
            self._drift.append(Drift(name=name, kind=unmet.kind, source="pypi", have=unmet.have, want=unmet.want))

    @property
    def _left_out(self) -> Iterator[str]:
        """What the file holds that is not compared; what it asks again is."""
        again = {listed_again(each.cell) for each in self._listing.again}
        return (each for each in self._listing.column.left_out if each not in again)

    # What it does not ask for

    @property
    def _only_pip(self) -> bool:
        """Whether the file is pip's, and so says nothing of what conda installs."""
        return bool(self._of_pip) and not self._of_conda

    @property
    def _lists_everything(self) -> bool:
        """Whether the file lists every package: by its kind, or as a full export of exact versions.

        An export names most of what its packages need; a file that a person has written does not.
        """
        if self._listing.column.kind in _COMPLETE:
            return True
        pinned = all(map(_is_pinned, self._listing.entries))
        conda = {node for node in self._used if node.source == "conda"}
        needed = {need for node in conda for need in self._needs.of(node) if need.source == "conda"}
        return pinned and 2 * len(needed & conda) > len(needed)

    def _unasked(self) -> Iterator[Node]:
        """Every package that the file does not list; what pip has put in the place of one is not told twice."""
        other_platforms = self._for_other_platforms
        for node in self._needs.nodes:
            hidden = (node.source == "pypi" and node.name in self._held.replacing) or node in other_platforms
            if node not in self._used and not hidden and not (node.source == "conda" and self._only_pip):
                yield node

    @property
    def _for_other_platforms(self) -> Collection[Node]:
        """What only this platform has, if the file names none of it: it is for other platforms too.

        Of conda's packages alone, and none that the user requested. A file whose kind lists everything is for one.
        """
        bound = {each.name for each in self._contents.packages if is_bound_to_platform(each)}
        if self._listing.column.kind in _COMPLETE or bound & self._of_conda.keys():
            return ()
        return {Node("conda", name) for name in bound - self._contents.requested_names}

    def _judge_unneeded(self) -> None:
        """Take what nothing that is asked for needs as too many, unless it may have come with something missing."""
        missing = {each.source: each.name for each in reversed(self._drift) if each.kind == "missing"}
        requested = {Node("conda", name) for name in self._contents.requested_names}
        for node in self._unneeded(requested):
            # What pip would install may need what conda has installed, but not the other way round.
            absent = missing.get("pypi") or (missing.get("conda") if node.source == "conda" else None)
            if absent and node not in requested:
                held = self._held.cell(node)
                self._undecided.append(f"{node.name} {held.version}: it may have come with {absent}, which is missing")
            else:
                self._drift.append(self._extra(node))

    def _unneeded(self, requested: Collection[Node]) -> tuple[Node, ...]:
        """What nothing that the file asks for needs, without what only comes along with others of these."""
        extras: dict[str, Collection[str]] = {name: entry.cell.extras for name, entry in self._of_pip.items()}
        needed = self._needs.reached_from(self._used, extras)
        return self._needs.tops([node for node in self._unasked() if node not in needed], requested)

    def _extra(self, node: Node) -> Drift:
        held = self._held.cell(node)
        return Drift(name=node.name, kind="extra", source=held.source, have=held.version)


_ONE_VERSION = re.compile(r"=(?:\d+!)?[^\s=<>!~^*,|$()]+")


def _is_pinned(entry: Entry) -> bool:
    """Whether a line names one version: `1.26.4`, or `=1.26.4` as exports without builds have it."""
    cell = entry.cell
    return bool(cell.version or cell.url or _ONE_VERSION.fullmatch(cell.constraint))


def _undecided(name: str, demand: Demand) -> str:
    return f"{name} {demand.want}: it cannot be told whether {demand.have or 'what is there'} is that"
