"""What the packages of one environment need of each other, conda's and pip's, and what nothing needs."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import NamedTuple

from packaging.utils import canonicalize_name

from condatui_core.analyses.present import shipped_distributions
from condatui_core.analyses.specs import spec_name
from condatui_core.records.comparison import Source
from condatui_core.records.package import Distribution
from condatui_core.records.prefix import PrefixContents


class Node(NamedTuple):
    """One installed package."""

    source: Source
    name: str
    """conda's name, or pip's canonical name."""


_REQUIREMENT = re.compile(r"\s*(?P<name>[A-Za-z0-9][\w.-]*)\s*(?:\[(?P<extras>[^\]]*)\])?")
_EXTRA = re.compile(r"""\bextra\s*==\s*["']([^"']+)["']""")
_PYTHON, _PIP = Node("conda", "python"), Node("conda", "pip")


class Needs:
    """Who needs whom in an environment.

    What pip installed may need what conda installed, as long as a conda package ships it. conda brings pip along with
    python, whether its record says so or not. Markers for other machines are not judged: it is needed there.
    """

    def __init__(self, contents: PrefixContents) -> None:
        self._packages = {each.name: each for each in contents.packages}
        self._pip: dict[str, Distribution] = {canonicalize_name(each.name): each for each in contents.pip_distributions}
        self._shipped = {name: record.name for name, (record, _) in shipped_distributions(contents.packages).items()}
        self._replaced: dict[str, str] = {
            each.package: name
            for each in contents.replaced
            if (name := canonicalize_name(each.distribution)) in self._pip and each.package in self._packages
        }

    @property
    def nodes(self) -> tuple[Node, ...]:
        """All packages, conda's first, each by name."""
        conda = (Node("conda", name) for name in sorted(self._packages))
        return (*conda, *(Node("pypi", name) for name in sorted(self._pip)))

    def of(self, node: Node, extras: Collection[str] = ()) -> frozenset[Node]:
        """What a package needs directly, of what is installed; `extras` are the optional parts that are wanted too."""
        return frozenset(need for need, _ in self._of(node, _canonical(extras)))

    def with_options(self, node: Node) -> frozenset[Node]:
        """What a package needs directly, of what is installed, whichever of its optional parts somebody wants."""
        found = self._pip.get(node.name) if node.source == "pypi" else None
        return self.of(node, [extra for text in (found.requires if found else ()) for extra in _EXTRA.findall(text)])

    def reached_from(self, roots: Iterable[Node], extras: Mapping[str, Collection[str]] | None = None) -> set[Node]:
        """These packages and all that they need, at any remove.

        `extras` has the optional parts that are wanted, by pip's canonical names.
        """
        wanted: dict[str, frozenset[str]] = {name: _canonical(parts) for name, parts in (extras or {}).items()}
        waiting = [(node, wanted.get(node.name, frozenset())) for node in roots]
        seen: dict[Node, frozenset[str]] = {}
        while waiting:
            node, parts = waiting.pop()
            known = seen.get(node)
            if known is None or not parts <= known:
                seen[node] = parts | (known or frozenset())
                waiting += self._of(node, seen[node])
        return set(seen)

    def _of(self, node: Node, extras: frozenset[str]) -> Iterator[tuple[Node, frozenset[str]]]:
        if node.source == "pypi":
            yield from self._of_pip(node.name, extras)
            return
        if node.name in self._replaced:
            yield Node("pypi", self._replaced[node.name]), frozenset()
        record = self._packages.get(node.name)
        names = map(spec_name, record.depends if record else ())
        yield from ((Node("conda", name), frozenset()) for name in names if name in self._packages)
        if node == _PYTHON and _PIP.name in self._packages:
            yield _PIP, frozenset()

    def _of_pip(self, name: str, extras: frozenset[str]) -> Iterator[tuple[Node, frozenset[str]]]:
        distribution = self._pip.get(name)
        for required, parts in requirements_of(distribution, extras) if distribution else ():
            yield from ((node, parts) for node in self._named(required))

    def _named(self, name: str) -> Iterator[Node]:
        if name in self._pip:
            yield Node("pypi", name)
        elif name in self._shipped:
            yield Node("conda", self._shipped[name])

    def tops(self, nodes: Collection[Node], chosen: Collection[Node] = ()) -> tuple[Node, ...]:
        """Of these, the fewest from which all others are reached, and those that are chosen in any case; sorted.

        Where some need each other in a circle, the first by name stands for all of them.
        """
        needed = {need for node in nodes for need in self.of(node) if need != node}
        tops = {node for node in nodes if node not in needed or node in chosen}
        reached = self.reached_from(tops)
        for node in sorted(nodes):
            if node not in reached:
                tops.add(node)
                reached |= self.reached_from([node])
        return tuple(sorted(tops))


def requirements_of(distribution: Distribution, extras: Collection[str]) -> Iterator[tuple[str, frozenset[str]]]:
    """The canonical names that a distribution requires with these canonical extras, each with the extras it asks for.

    Markers for other machines are not judged.
    """
    for text in distribution.requires:
        optional = _canonical(_EXTRA.findall(text))
        found = _REQUIREMENT.match(text)
        if found and (not optional or not optional.isdisjoint(extras)):
            parts = _canonical(each for each in (found["extras"] or "").split(",") if each.strip())
            yield canonicalize_name(found["name"]), parts


def _canonical(names: Iterable[str]) -> frozenset[str]:
    return frozenset(map(canonicalize_name, names))
