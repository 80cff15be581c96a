"""Sort every file of an environment into one class, and add the classes up."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

from msgspec import Struct
from packaging.utils import canonicalize_name

from condatui_core.analyses.needs import Needs, Node
from condatui_core.analyses.slimming.classes import CLASSES, WHOLE_PACKAGES
from condatui_core.analyses.slimming.file_kinds import (
    directories_of_tests,
    is_byte_code,
    is_legal,
    kinds_of,
    outermost_tests,
)
from condatui_core.analyses.slimming.libraries import (
    Loading,
    idle_packages,
    is_blas,
    is_cuda,
    opens_by_name,
    second_blas,
    second_versions,
)
from condatui_core.analyses.slimming.packages import chain_above, whole_packages, with_needs
from condatui_core.analyses.slimming.travel import cannot_travel, unread
from condatui_core.records.package import Distribution, PackageRecord
from condatui_core.records.prefix import PrefixContents
from condatui_core.records.slimming import (
    EnvironmentFile,
    SlimClass,
    SlimmedClass,
    SlimmedFiles,
    SlimmedPackage,
    Slimming,
    SparedPackage,
    SurveyedFiles,
)

_RANK: Mapping[SlimClass, int] = {rule.name: rank for rank, rule in enumerate(CLASSES)}


def sort_files(
    prefix: str, contents: PrefixContents, surveyed: SurveyedFiles, keep: Collection[Node] = ()
) -> SlimmedFiles:
    """Give every path of an environment its class, and add up what each class has.

    The packages in `keep`, and what they need, are of no class that takes whole packages.
    """
    packages: tuple[PackageRecord | Distribution, ...] = (*contents.packages, *contents.pip_distributions)
    nodes = tuple(map(node_of, packages))
    needs = Needs(contents)
    loading = Loading(surveyed.files, surveyed.libraries)
    stays = with_needs(needs, keep)
    whole = whole_packages(contents, needs, surveyed.asked_of_pip, stays)
    idle, said = _idle(surveyed, nodes, loading, whole.class_of)
    class_of_node: dict[Node, SlimClass] = {
        **whole.class_of,
        **{node: name for node, name in idle.items() if node not in stays},
    }
    otherwise = class_of_node
    if stays:
        unkept: dict[Node, SlimClass] = {**idle, **whole_packages(contents, needs, surveyed.asked_of_pip).class_of}
        otherwise = unkept
    sorter = _PathSorter(contents, surveyed, [class_of_node.get(node) for node in nodes], loading)
    class_of = _with_directories(surveyed.files, _by_inode(surveyed.files, sorter))
    totals = _add_up(surveyed.files, class_of)
    slimming = Slimming(
        prefix=prefix,
        total=sum(each.bytes for each in totals),
        image_bytes=sum(each.image_bytes for each in totals),
        frees=sum(each.frees for each in totals if each.name != "kept"),
        classes=totals,
        packages=_packages(packages, nodes, class_of_node, needs, surveyed.files, class_of),
        cannot_travel=cannot_travel(contents),
        limits=(*whole.limits, *said, *unread(contents, surveyed)),
    )
    spared = [SparedPackage(node.name, name) for node, name in otherwise.items() if node not in class_of_node]
    return SlimmedFiles(
        slimming=slimming,
        class_of=class_of,
        files=surveyed.files,
        spared=tuple(sorted(spared, key=lambda each: each.name)),
    )


def node_of(package: PackageRecord | Distribution) -> Node:
    """A package as it is named in what needs what."""
    if isinstance(package, PackageRecord):
        return Node("conda", package.name)
    return Node("pypi", canonicalize_name(package.name))


# Packages whose libraries nothing loads


def _idle(
    surveyed: SurveyedFiles, nodes: Sequence[Node], loading: Loading, known: Collection[Node]
) -> tuple[dict[Node, SlimClass], tuple[str, ...]]:
    """The packages of CUDA and of a BLAS that nothing loads, and what cannot be told of them."""
    libraries_of: defaultdict[Node, list[str]] = defaultdict(list)
    for file in surveyed.files:
        if file.owner is not None and file.path in loading:
            libraries_of[nodes[file.owner]].append(file.path)
    blas = {node: libraries_of[node] for node in nodes if is_blas(node) and node not in known}
    cuda = {node: libraries_of[node] for node in nodes if is_cuda(node) and node not in known}
    found: dict[Node, SlimClass] = dict.fromkeys(second_blas(loading, blas), "second-blas")
    if cuda and (open_them := opens_by_name(nodes)):
        words = f"{', '.join(open_them)} may open CUDA's libraries by name, so that none of them counts as unused."
        return found, (words,)
    for node in idle_packages(loading, cuda):
        found[node] = "unused-cuda"
    return found, ()


# The class of each path


class _PathSorter:
    """Gives a path, other than that of a directory, the first class that holds for it."""

    def __init__(
        self,
        contents: PrefixContents,
        surveyed: SurveyedFiles,
        class_of_owner: Sequence[SlimClass | None],
        loading: Loading,
    ) -> None:
        self._class_of_owner = class_of_owner
        self._conda = len(contents.packages)
        self._stale = tuple(f"{each.path}/" for each in contents.stale_site_packages)
        self._left = tuple(f"{each.path}/" for each in contents.leftovers)
        self._paths = frozenset(file.path for file in surveyed.files)
        self._tests = directories_of_tests(self._paths, surveyed.imported_tests)
        self._second = second_versions(loading, surveyed.files)

    def of(self, file: EnvironmentFile) -> SlimClass:
        """The class of a path."""
        whole = None if file.owner is None else self._class_of_owner[file.owner]
        if whole is not None:
            return whole
        found: list[SlimClass] = [*self._kinds(file), "kept"]
        return min(found, key=lambda name: _RANK[name])

    def _kinds(self, file: EnvironmentFile) -> Iterator[SlimClass]:
        path = file.path
        if path.startswith(self._stale) and (file.owner is None or file.owner >= self._conda):
            yield "stale-python"
        if path.startswith(self._left):
            yield "installer-leftovers"
        if is_legal(path) and not path.startswith("conda-meta/"):
            return
        yield from kinds_of(path)
        if is_byte_code(path, self._paths):
            yield "byte-code"
        if path in self._second:
            yield "second-versions"
        if outermost_tests(path) in self._tests:
            yield "tests"


def _by_inode(files: Iterable[EnvironmentFile], sorter: _PathSorter) -> dict[str, SlimClass]:
    """The class of each path that is no directory; all links to an inode have the last class that one of them has."""
    class_of: dict[str, SlimClass] = {}
    linked: defaultdict[tuple[int, int], list[str]] = defaultdict(list)
    for file in files:
        if file.kind != "directory":
            class_of[file.path] = sorter.of(file)
            if file.links > 1:
                linked[file.inode].append(file.path)
    for paths in linked.values():
        found: list[SlimClass] = [class_of[path] for path in paths]
        last = max(found, key=lambda name: _RANK[name])
        for path in paths:
            class_of[path] = last
    return class_of


def _with_directories(files: Sequence[EnvironmentFile], class_of: dict[str, SlimClass]) -> dict[str, SlimClass]:
    """The classes with those of directories: the one that all in it has, else it is kept, and so is an empty one."""
    inside: defaultdict[str, set[SlimClass]] = defaultdict(set)
    found = dict(class_of)
    for file in reversed(files):
        if file.kind == "directory":
            classes = inside.pop(file.path, set())
            found[file.path] = classes.pop() if len(classes) == 1 and file.path != "." else "kept"
        if file.path != ".":
            inside[file.path.rpartition("/")[0] or "."].add(found[file.path])
    return found


# Sums


class _Tally(Struct):
    bytes: int = 0
    image_bytes: int = 0
    frees: int = 0
    files: int = 0

    def add(self, file: EnvironmentFile, *, frees: bool) -> None:
        self.bytes += file.bytes
        self.image_bytes += file.size
        self.frees += file.bytes if frees else 0
        self.files += file.kind != "directory"


def _distinct(files: Iterable[EnvironmentFile]) -> Iterator[tuple[EnvironmentFile, bool]]:
    """Each inode once, with whether all of its links are here."""
    links: defaultdict[tuple[int, int], int] = defaultdict(int)
    listed = [*files]
    for file in listed:
        links[file.inode] += 1
    seen: set[tuple[int, int]] = set()
    for file in listed:
        if file.inode not in seen:
            seen.add(file.inode)
            yield file, file.kind == "directory" or links[file.inode] >= file.links


def _add_up(files: Iterable[EnvironmentFile], class_of: Mapping[str, SlimClass]) -> tuple[SlimmedClass, ...]:
    tallies: defaultdict[SlimClass, _Tally] = defaultdict(_Tally)
    for file, here in _distinct(files):
        tallies[class_of[file.path]].add(file, frees=here)
    return tuple(
        SlimmedClass(
            name=rule.name,
            label=rule.label,
            risk=rule.risk,
            why=rule.why,
            bytes=tallies[rule.name].bytes,
            image_bytes=tallies[rule.name].image_bytes,
            frees=tallies[rule.name].frees,
            files=tallies[rule.name].files,
        )
        for rule in CLASSES
    )


def _packages(
    packages: Sequence[PackageRecord | Distribution],
    nodes: Sequence[Node],
    class_of_node: Mapping[Node, SlimClass],
    needs: Needs,
    files: Iterable[EnvironmentFile],
    class_of: Mapping[str, SlimClass],
) -> tuple[SlimmedPackage, ...]:
    """The packages that go as a whole, the largest first."""
    tallies: defaultdict[int, _Tally] = defaultdict(_Tally)
    for file, here in _distinct(files):
        if file.owner is not None and class_of[file.path] in WHOLE_PACKAGES:
            tallies[file.owner].add(file, frees=here)
    above: dict[Node, tuple[str, ...]] = {}
    for name in WHOLE_PACKAGES:
        above |= chain_above(needs, [node for node, found in class_of_node.items() if found == name])
    found = [
        SlimmedPackage(
            name=package.name,
            version=package.version,
            source=node.source,
            class_name=class_of_node[node],
            needed_by=above[node],
            bytes=tallies[index].bytes,
            image_bytes=tallies[index].image_bytes,
            frees=tallies[index].frees,
            files=tallies[index].files,
        )
        for index, (package, node) in enumerate(zip(packages, nodes, strict=True))
        if node in class_of_node
    ]
    return tuple(sorted(found, key=lambda each: (-each.bytes, each.name)))
