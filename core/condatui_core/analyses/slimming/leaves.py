"""Which packages somebody asked for, what these need, and which are left over."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable

from msgspec import Struct
from packaging.utils import canonicalize_name

from condatui_core.analyses.needs import Needs, Node
from condatui_core.records.package import Distribution
from condatui_core.records.prefix import PrefixContents

PYTHON = Node("conda", "python")


class AskedFor(Struct, frozen=True):
    """The packages that stay for their own sake."""

    nodes: frozenset[Node]
    limits: tuple[str, ...] = ()
    """What the environment does not say, a sentence each."""


def asked_for(contents: PrefixContents, needs: Needs, asked_of_pip: Collection[str] | None) -> AskedFor:
    """What somebody asked for; where nothing says it, each package that no other one needs counts as asked for.

    `asked_of_pip` are the distributions, by canonical name, that pip was asked for; None if it did not note them.
    """
    nodes = needs.nodes
    if unknown := _why_unknown(contents):
        return AskedFor(frozenset(nodes), (unknown,))
    conda = frozenset(node for node in nodes if node.source == "conda")
    pip = frozenset(nodes) - conda
    asked = _asked_of_conda(contents, needs, conda)
    limits = []
    if conda and not asked:
        asked = frozenset(needs.tops(conda))
        limits.append("Nothing says which packages were requested of conda: each that no other needs counts as such.")
    asked |= _asked_of_pip(contents, needs, pip, asked_of_pip)
    if pip and asked_of_pip is None:
        limits.append("Nothing says which packages were requested of pip: each that no other needs counts as such.")
    if pip and PYTHON in conda:
        asked |= {PYTHON}
    return AskedFor(asked, tuple(limits))


def _why_unknown(contents: PrefixContents) -> str:
    """Why any package may be wanted, whoever asked for it; empty if the requests say what is."""
    if contents.unreadable:
        return "Something could not be read, and may need any package: none counts as one that nobody asked for."
    if contents.slimmed is not None:
        # What was requested may be what the copy lacks, and what that needed is what the copy was made for.
        return "It is a slimmed copy, made for what it has: no package counts as one that nobody asked for."
    return ""


def _asked_of_conda(contents: PrefixContents, needs: Needs, nodes: Collection[Node]) -> frozenset[Node]:
    """What the user requested of conda, by name; who asked for a clone asked for all that was in it."""
    copied = contents.history.cloned_specs
    cloned = {Node("conda", name) for name, spec in contents.history.requested if spec in copied}.intersection(nodes)
    named = {Node("conda", name) for name in contents.requested_names}.intersection(nodes)
    return frozenset(named.union(needs.tops(cloned)))


def _asked_of_pip(
    contents: PrefixContents, needs: Needs, nodes: Collection[Node], asked: Collection[str] | None
) -> frozenset[Node]:
    if asked is None:
        return frozenset(needs.tops(nodes))
    by_hand = {_node(each) for each in contents.pip_distributions if each.origin not in ("index", "unknown")}
    return frozenset(by_hand.union(Node("pypi", name) for name in asked).intersection(nodes))


def _node(distribution: Distribution) -> Node:
    return Node("pypi", canonicalize_name(distribution.name))


def closure(roots: Iterable[Node], needs_of: Callable[[Node], Iterable[Node]]) -> set[Node]:
    """These packages and all that they need, at any remove."""
    waiting, seen = [*roots], set[Node]()
    while waiting:
        node = waiting.pop()
        if node not in seen:
            seen.add(node)
            waiting += needs_of(node)
    return seen


def leaves(needs: Needs, asked: Collection[Node]) -> frozenset[Node]:
    """The packages that nobody asked for and that nothing asked for needs, not even for an optional part."""
    return frozenset(needs.nodes) - closure(asked, needs.with_options)
