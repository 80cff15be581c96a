"""What an environment consists of, by names that others know: conda packages, and the Python distributions in it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping

from msgspec import Struct

from condatui_core.analyses.channels import PYPI
from condatui_core.analyses.needs import Needs, Node, requirements_of
from condatui_core.analyses.present import canonical, shipped_distributions
from condatui_core.records.comparison import Source
from condatui_core.records.package import Distribution, PackageRecord
from condatui_core.records.prefix import PrefixContents


class Part(Struct, frozen=True, kw_only=True):
    """A conda package, or a Python distribution, whoever has installed that: pip, or conda inside a package."""

    source: Source
    """`conda` for a conda package, `pypi` for a distribution."""
    name: str
    """conda's name, or the distribution's own spelling."""
    version: str
    record: PackageRecord | None = None
    """What conda states of a conda package."""
    distribution: Distribution | None = None
    """What pip has installed; None if a conda package ships it."""
    shipped_by: str = ""
    """The conda package that ships the distribution."""
    replaced_by: Node | None = None
    """The distribution that pip has put in the place of a conda package: its files are no more those of conda."""

    @property
    def node(self) -> Node:
        """What identifies it in its environment."""
        return Node(self.source, self.name if self.source == "conda" else canonical(self.name))

    @property
    def package(self) -> Node:
        """The package that it belongs to: of a distribution that conda ships that of conda, otherwise itself."""
        return Node("conda", self.shipped_by) if self.shipped_by else self.node

    @property
    def published(self) -> bool:
        """Whether an index or a channel has this under its name and version, as far as is known.

        Not so for what pip has installed in place, from a directory or a file, or from a repository.
        """
        return self.distribution is None or self.distribution.origin in ("index", "url", "unknown")


def parts_of(contents: PrefixContents) -> tuple[Part, ...]:
    """The conda packages of an environment, and the distributions that its Python finds, each by name.

    Where pip has replaced the distribution of a conda package, there is pip's alone.
    """
    replaced = {each.package: Node("pypi", canonical(each.distribution)) for each in contents.replaced}
    packages = (
        Part(
            source="conda",
            name=each.name,
            version=each.version,
            record=each,
            replaced_by=replaced.get(each.name),
        )
        for each in contents.packages
    )
    found = {**_shipped(contents), **_replacing(contents), **_by_pip(contents)}
    return (*packages, *(found[name] for name in sorted(found)))


def _shipped(contents: PrefixContents) -> dict[str, Part]:
    """The distributions that conda packages ship, by canonical name."""
    parts = {
        canonical(each.name): Part(source="pypi", name=each.name, version=each.version, shipped_by=each.owner)
        for each in contents.distributions
        if each.owner is not None
    }
    for name, (record, version) in shipped_distributions(contents.packages).items():
        if record.provides or record.base_url == PYPI:  # of others it is only a guess that they ship one
            spelled = next((each.name for each in record.provides if canonical(each.name) == name), record.name)
            parts.setdefault(name, Part(source="pypi", name=spelled, version=version, shipped_by=record.name))
    return parts


def _replacing(contents: PrefixContents) -> dict[str, Part]:
    """The distributions that pip has put in the place of conda's, also those that it has no metadata of its own for."""
    return {
        canonical(each.distribution): Part(source="pypi", name=each.distribution, version=each.pip_version)
        for each in contents.replaced
    }


def _by_pip(contents: PrefixContents) -> dict[str, Part]:
    return {
        canonical(each.name): Part(source="pypi", name=each.name, version=each.version, distribution=each)
        for each in contents.pip_distributions
    }


def needs_between(contents: PrefixContents, parts: Iterable[Part]) -> dict[Node, tuple[Node, ...]]:
    """What each part needs directly of the others, sorted: a conda package also the distributions that it ships."""
    known = {each.node: each for each in parts}
    conda = Needs(contents)
    extras = _wanted_extras(contents.pip_distributions)
    needs: dict[Node, set[Node]] = {}
    for node, part in known.items():
        needs[node] = set(conda.of(node)) if part.source == "conda" else set(_required(part, extras))
        if part.replaced_by:
            needs[node].add(part.replaced_by)
    for node, part in known.items():
        if part.package in known:
            needs[part.package].add(node)
    return {
        node: tuple(sorted(each for each in found if each in known and each != node)) for node, found in needs.items()
    }


def roots_of(needs: Mapping[Node, Collection[Node]], chosen: Iterable[Node]) -> tuple[Node, ...]:
    """The parts from which all others are reached, sorted: those that nothing needs, and the chosen ones.

    Where some need each other in a circle, the first by name stands for all of them.
    """
    needed = {need for found in needs.values() for need in found}
    roots = {each for each in needs if each not in needed} | {each for each in chosen if each in needs}
    reached = _reached(needs, roots)
    for node in sorted(needs):
        if node not in reached:
            roots.add(node)
            reached |= _reached(needs, [node])
    return tuple(sorted(roots))


def _reached(needs: Mapping[Node, Collection[Node]], nodes: Iterable[Node]) -> set[Node]:
    reached: set[Node] = set()
    waiting = list(nodes)
    while waiting:
        node = waiting.pop()
        if node not in reached:
            reached.add(node)
            waiting += needs[node]
    return reached


def _required(part: Part, extras: Mapping[str, Collection[str]]) -> Iterator[Node]:
    if part.distribution:
        required = requirements_of(part.distribution, extras.get(part.node.name, ()))
        yield from (Node("pypi", name) for name, _ in required)


def _wanted_extras(distributions: Collection[Distribution]) -> Mapping[str, Collection[str]]:
    """By canonical name, the optional parts of distributions that others ask for, at any remove."""
    wanted: dict[str, set[str]] = defaultdict(set)
    before = -1
    while before != (before := sum(map(len, wanted.values()))):
        for each in distributions:
            for name, parts in tuple(requirements_of(each, wanted[canonical(each.name)])):
                wanted[name] |= parts
    return wanted
