"""Shared libraries that nothing loads, by what programs and libraries state in their headers."""

from __future__ import annotations

import posixpath
import re
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

from condatui_core.analyses.needs import Node
from condatui_core.records.slimming import EnvironmentFile, LibraryNeeds

_VERSIONED = re.compile(r"(?P<stem>lib.+?\.so)\.(?P<version>\d[\d.]*)")
_CUDA = re.compile(
    r"nvidia-(?!ml).+|cudatoolkit|cuda-.+|cudnn|cutensor|nccl|magma(?:-cuda.*)?"
    r"|lib(?:cublas|cufft|cufile|curand|cusolver|cusparse|cusparselt|npp|nvfatbin|nvjitlink|nvjpeg|nvvm|nvptxcompiler|cudnn)(?:-.+)?"
)
_OPENS_BY_NAME = re.compile(
    r"tensorflow(?:-base|-gpu|-cpu)?|jaxlib|jax-(?:cuda|rocm).*|cupy(?:-.+)?|numba(?:-cuda)?|onnxruntime-gpu|cuda-python"
    r"|paddlepaddle-gpu|mxnet.*|rmm.*|cudf.*|tensorrt.*|pycuda|pyopencl|warp-lang|taichi"
)
"""Frameworks that open CUDA's libraries by their names while they run, of which no header tells."""
_BLAS = frozenset({"mkl", "libopenblas", "openblas", "scipy-openblas64", "blis", "libblis", "atlas", "libatlas"})
_BLAS_LIBRARY = re.compile(r"lib(?:scipy_)?(?:openblas|mkl_|blis|atlas)")
_MOST_LINKS = 16
"""Symlinks on the way to a library that are followed."""


def is_cuda(node: Node) -> bool:
    """Whether a package is a part of CUDA, by its name."""
    return _CUDA.fullmatch(node.name) is not None


def is_blas(node: Node) -> bool:
    """Whether a package is one of the libraries for linear algebra that stand in for each other."""
    return node.name in _BLAS


def opens_by_name(nodes: Iterable[Node]) -> tuple[str, ...]:
    """The frameworks that open CUDA's libraries by their names, sorted."""
    return tuple(sorted(node.name for node in nodes if _OPENS_BY_NAME.fullmatch(node.name)))


def depends_on_headers(files: Iterable[EnvironmentFile], nodes: Collection[Node]) -> bool:
    """Whether anything is to be decided by what libraries load, so that their headers have to be read."""
    return any(is_blas(node) or is_cuda(node) for node in nodes) or any(True for _ in same_libraries(files))


def may_load(file: EnvironmentFile) -> bool:
    """Whether a file may be a library or a program, by its place and name."""
    if file.kind != "file":
        return False
    directory, _, name = file.path.rpartition("/")
    return name.endswith(".so") or ".so." in name or directory in ("bin", "sbin") or "/bin" in directory


def same_libraries(files: Iterable[EnvironmentFile]) -> Iterator[Sequence[str]]:
    """The paths of each library that lies in one directory in several versions."""
    found: defaultdict[tuple[str, str], dict[tuple[int, int], str]] = defaultdict(dict)
    for file in files:
        directory, _, name = file.path.rpartition("/")
        if file.kind == "file" and (match := _VERSIONED.fullmatch(name)):
            found[directory, match["stem"]].setdefault(file.inode, file.path)
    yield from (tuple(paths.values()) for paths in found.values() if len(paths) > 1)


class Loading:
    """Who loads which library of a prefix. A name may lead to several files, of which each counts as loaded."""

    def __init__(self, files: Sequence[EnvironmentFile], libraries: Sequence[LibraryNeeds]) -> None:
        self._links = {file.path: file.target for file in files if file.kind == "symlink"}
        self._libraries = {each.path: each for each in libraries}
        self._by_name: defaultdict[str, set[str]] = defaultdict(set)
        for each in libraries:
            for name in {posixpath.basename(each.path), each.soname} - {""}:
                self._by_name[name].add(each.path)
        for link in self._links:
            if ".so" in link and (target := self.behind(link)) in self._libraries:
                self._by_name[posixpath.basename(link)].add(target)

    def __contains__(self, path: object) -> bool:
        """Whether the header of a file was read."""
        return path in self._libraries

    @property
    def paths(self) -> Collection[str]:
        """All libraries and programs."""
        return self._libraries.keys()

    def loaded_by(self, paths: Iterable[str]) -> set[str]:
        """These, and all that they load, at any remove."""
        waiting, seen = [*paths], set[str]()
        while waiting:
            path = waiting.pop()
            if path not in seen:
                seen.add(path)
                library = self._libraries.get(path)
                waiting += (
                    each for name in (library.needed if library else ()) for each in self._by_name.get(name, ())
                )
        return seen

    def behind(self, path: str) -> str:
        """The file that a path leads to, by symlinks inside of the prefix."""
        for _ in range(_MOST_LINKS):
            target = self._links.get(path)
            if target is None:
                break
            path = posixpath.normpath(posixpath.join(posixpath.dirname(path), target))
        return path


def second_versions(loading: Loading, files: Sequence[EnvironmentFile]) -> frozenset[str]:
    """The libraries of which another version lies beside them and is the one that is loaded.

    The one that the name without a version leads to is never among them. If none of several is known to be loaded, all
    of them stay.
    """
    groups = [*same_libraries(files)]
    members = {path for group in groups for path in group}
    named = {loading.behind(file.path) for file in files if file.kind == "symlink" and file.path.endswith(".so")}
    used = loading.loaded_by(path for path in loading.paths if path not in members) | named
    return frozenset(
        path for group in groups if not used.isdisjoint(group) for path in group if path in loading and path not in used
    )


def idle_packages(loading: Loading, libraries_of: Mapping[Node, Collection[str]]) -> frozenset[Node]:
    """Of some packages, given with their libraries, those of which nothing but one of them loads any.

    A package without a library is not among them: nothing tells what it is for.
    """
    own = {path for paths in libraries_of.values() for path in paths}
    used = loading.loaded_by(path for path in loading.paths if path not in own)
    return frozenset(node for node, paths in libraries_of.items() if paths and used.isdisjoint(paths))


def second_blas(loading: Loading, libraries_of: Mapping[Node, Collection[str]]) -> frozenset[Node]:
    """Of the packages of a BLAS, given with their libraries, those that nothing loads while another BLAS is loaded."""
    idle = idle_packages(loading, libraries_of)
    own = {path for node in idle for path in libraries_of[node]}
    used = loading.loaded_by(path for path in loading.paths if path not in own)
    other = any(_BLAS_LIBRARY.match(posixpath.basename(path)) for path in used)
    return idle if other else frozenset()
