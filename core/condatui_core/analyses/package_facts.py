"""What one package of an environment needs, who needs it, why it is there, and which revisions have changed it."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator

from msgspec import Struct
from packaging.utils import canonicalize_name

from condatui_core.analyses.dependents import dependents
from condatui_core.analyses.needs import Needs, Node, requirements_of
from condatui_core.analyses.present import Present, PresentPackages
from condatui_core.analyses.revisions import changes_of
from condatui_core.analyses.specs import spec_name
from condatui_core.records.package import Distribution, PackageRecord
from condatui_core.records.prefix import PrefixContents, Revision
from condatui_core.records.revision import RevisionMove

_VIRTUAL = "__"
"""How the names of conda's virtual packages begin, which stand for the machine: `__glibc`."""


class DirectNeed(Struct, frozen=True):
    """Something that a package needs directly."""

    spec: str
    """As its record states it."""
    found: str = ""
    """Name and version of what is installed for it; empty if nothing is."""
    of_machine: bool = False
    """Whether it is about the machine rather than about a package."""


class PackageFacts(Struct, frozen=True, kw_only=True):
    """One package among the others of its environment."""

    requested: tuple[str, ...] = ()
    """The specs by which the user asked for it; its name if the spec is not known, nothing if the user did not ask."""
    needs: tuple[DirectNeed, ...] = ()
    """In the order of its record."""
    needed_by: tuple[str, ...] = ()
    """The names of what needs it directly, sorted."""
    chain: tuple[str, ...] = ()
    """The names on the shortest way to this package from one that the user asked for, or that nothing needs, each of
    which needs the next. Empty if the user asked for it, or if nothing needs it."""
    moves: tuple[tuple[Revision, RevisionMove], ...] = ()
    """The revisions that have brought, changed or removed it, oldest first; conda writes none for what pip does."""


def package_facts(contents: PrefixContents, package: PackageRecord | Distribution) -> PackageFacts:
    """Gather what the records of an environment say about one of its packages."""
    requested: tuple[str, ...] = ()
    if isinstance(package, Distribution):
        node = Node("pypi", canonicalize_name(package.name))
        needs = tuple(_pip_needs(contents, package))
    else:
        requested, node = _requested(contents, package), Node("conda", package.name)
        needs = tuple(_conda_needs(contents, package.depends))
    return PackageFacts(
        requested=requested,
        needs=needs,
        needed_by=dependents(contents, package.name),
        chain=() if requested else _chain(contents, node),
        moves=() if isinstance(package, Distribution) else tuple(_moves(contents, package.name)),
    )


def _requested(contents: PrefixContents, record: PackageRecord) -> tuple[str, ...]:
    if record.name not in contents.requested_names:
        return ()
    spec = dict(contents.history.requested).get(record.name)
    return (spec,) if spec else record.requested_specs or (record.name,)


def _conda_needs(contents: PrefixContents, specs: Iterable[str]) -> Iterator[DirectNeed]:
    installed = {each.name: each for each in contents.packages}
    for spec in specs:
        found = installed.get(spec_name(spec))
        yield DirectNeed(spec, f"{found.name} {found.version}" if found else "", spec.startswith(_VIRTUAL))


def _pip_needs(contents: PrefixContents, distribution: Distribution) -> Iterator[DirectNeed]:
    """What a distribution requires in any case; what only an extra requires is left out."""
    present = PresentPackages(contents)
    for text in distribution.requires:
        for name, _ in requirements_of(_requiring(text), ()):
            yield DirectNeed(text, _named(present.distribution(name)))


def _requiring(text: str) -> Distribution:
    """A distribution with this one requirement, since requirements are read of one."""
    return Distribution(name="", version="", path="", requires=(text,))


def _named(found: Present | None) -> str:
    return f"{found.name} {found.version}" if found else ""


def _chain(contents: PrefixContents, wanted: Node) -> tuple[str, ...]:
    """The shortest way up from a package to one that the user asked for, or else to one that nothing needs."""
    needs = Needs(contents)
    above: dict[Node, list[Node]] = {}
    for node in needs.nodes:
        for need in sorted(needs.of(node)):
            above.setdefault(need, []).append(node)
    asked = {Node("conda", name) for name in contents.requested_names}
    below: dict[Node, Node | None] = {wanted: None}
    waiting = deque([wanted])
    tops: list[Node] = []
    while waiting:
        node = waiting.popleft()
        if node in asked:
            return tuple(_downwards(node, below))
        if node not in above and node != wanted:
            tops.append(node)
        for each in above.get(node, ()):
            if each not in below:
                below[each] = node
                waiting.append(each)
    return tuple(_downwards(tops[0], below)) if tops else ()


def _downwards(top: Node, below: dict[Node, Node | None]) -> Iterator[str]:
    node: Node | None = top
    while node is not None:
        yield node.name
        node = below[node]


def _moves(contents: PrefixContents, name: str) -> Iterator[tuple[Revision, RevisionMove]]:
    history = contents.history
    for revision, changes in zip(history.revisions, changes_of(history), strict=True):
        yield from ((revision, move) for move in changes.moves if move.name == name.lower())
