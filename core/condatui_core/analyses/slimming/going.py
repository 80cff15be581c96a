"""What goes: the packages and paths that a slimmed copy or an image lacks, and what each class weighs then."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass

from packaging.utils import canonicalize_name

from condatui_core.analyses.needs import Needs, Node
from condatui_core.analyses.slimming.classes import WHOLE_PACKAGES
from condatui_core.records.job import ClassSizes
from condatui_core.records.prefix import PrefixContents
from condatui_core.records.slimming import EnvironmentFile, SlimClass, SlimmedFiles
from condatui_core.text import format_apart


@dataclass(frozen=True, slots=True)
class Going:
    """What of an environment goes."""

    nodes: frozenset[Node] = frozenset()
    """The packages that go as a whole."""
    paths: frozenset[str] = frozenset()
    """All paths that go, those of these packages included, relative to the prefix."""
    classes: frozenset[SlimClass] = frozenset()
    """Those of the chosen classes of which something goes."""
    named: frozenset[Node] = frozenset()
    """Those of the packages that the user has named."""
    unknown: tuple[str, ...] = ()
    """Names of packages that are to be left out, and are not there."""

    @property
    def packages(self) -> tuple[str, ...]:
        """The conda packages among the nodes, sorted."""
        return tuple(sorted(each.name for each in self.nodes if each.source == "conda"))

    @property
    def distributions(self) -> tuple[str, ...]:
        """The distributions of pip among the nodes, sorted."""
        return tuple(sorted(each.name for each in self.nodes if each.source == "pypi"))


def going_of(
    classes: Collection[SlimClass], contents: PrefixContents, slimmed: SlimmedFiles, *, leave_out: Iterable[str] = ()
) -> Going:
    """Find what goes by the classes and, in `leave_out`, by the names of packages that were chosen."""
    chosen = frozenset(classes)
    whole = {
        Node(each.source, canonicalize_name(each.name) if each.source == "pypi" else each.name)
        for each in slimmed.slimming.packages
        if each.class_name in chosen
    }
    named, unknown = packages_named(leave_out, contents)
    nodes = frozenset(whole | named)
    owners = {number for number, node in enumerate(package_nodes(contents)) if node in nodes}
    of_classes = frozenset(_of_classes(slimmed, chosen))
    return Going(
        nodes=nodes,
        paths=of_classes | {each.path for each in slimmed.files if each.owner in owners},
        classes=frozenset(slimmed.class_of[each] for each in of_classes),
        named=frozenset(named),
        unknown=unknown,
    )


def package_nodes(contents: PrefixContents) -> Iterator[Node]:
    """All packages, in the order by which files name their owners."""
    yield from (Node("conda", each.name) for each in contents.packages)
    yield from (Node("pypi", canonicalize_name(each.name)) for each in contents.pip_distributions)


def packages_named(names: Iterable[str], contents: PrefixContents) -> tuple[set[Node], tuple[str, ...]]:
    """The packages of these names, conda's and pip's, and the names that none of them has."""
    there = frozenset(package_nodes(contents))
    found, unknown = set[Node](), list[str]()
    for name in names:
        meant = {Node("conda", name.lower()), Node("pypi", canonicalize_name(name))} & there
        found |= meant
        if not meant:
            unknown.append(name)
    return found, tuple(unknown)


def _of_classes(slimmed: SlimmedFiles, chosen: Collection[SlimClass]) -> Iterator[str]:
    return (path for path, name in slimmed.class_of.items() if name in chosen)


def came_with_the_copy(slimmed: SlimmedFiles, classes: Iterable[SlimClass]) -> Iterator[str]:
    """The paths of a copy that are of chosen kinds of files: conda compiles modules that its source has not compiled.

    Whole packages go by what the source says of them alone.
    """
    return _of_classes(slimmed, frozenset(classes) - WHOLE_PACKAGES)


def needed_by_what_stays(going: Going, contents: PrefixContents) -> tuple[tuple[Node, Node], ...]:
    """Pairs of a package that stays and one that goes, which it needs."""
    needs = Needs(contents)
    python_and_pip = (Node("conda", "python"), Node("conda", "pip"))
    return tuple(
        (node, need)
        for node in needs.nodes
        if node not in going.nodes
        for need in sorted(needs.of(node) & going.nodes)
        if (node, need) != python_and_pip  # conda brings it along, and python runs without it
    )


# What it weighs


def sizes_of(slimmed: SlimmedFiles, going: Collection[str]) -> tuple[ClassSizes, ...]:
    """What each class weighs before and after these paths are gone; a class without a file is left out."""
    after = weights(slimmed, (each for each in slimmed.files if each.path not in going))
    return tuple(
        ClassSizes(name=each.name, label=each.label, before=each.image_bytes, after=after.get(each.name, 0))
        for each in slimmed.slimming.classes
        if each.image_bytes
    )


def weights(slimmed: SlimmedFiles, files: Iterable[EnvironmentFile]) -> dict[SlimClass, int]:
    """The bytes of contents of these files by class, each inode once."""
    seen: set[tuple[int, int]] = set()
    found: dict[SlimClass, int] = {}
    for each in files:
        if each.inode not in seen:
            seen.add(each.inode)
            name = slimmed.class_of[each.path]
            found[name] = found.get(name, 0) + each.size
    return found


def size_lines(sizes: Iterable[ClassSizes]) -> Iterator[tuple[str, str]]:
    """Of each class of which something goes, its label and what it weighs before and after."""
    for each in sizes:
        if each.after < each.before:
            before, after = format_apart(each.before, each.after)
            yield each.label, f"{before} become {after if each.after else 'nothing'}"
