"""Names what the first stage of an image deletes after it has installed a list of packages."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from condatui_core.analyses.needs import Node
from condatui_core.analyses.slimming.going import Going, package_nodes
from condatui_core.prefixes.recorded_paths import read_recorded_packages
from condatui_core.records.prefix import PrefixContents
from condatui_core.records.request import ShipRequest
from condatui_core.records.slimming import EnvironmentFile, SlimClass, SlimmedFiles
from condatui_core.text import sanitize

_BYTE_CODE, _RECORDS = "__pycache__", "conda-meta/"


@dataclass(frozen=True, slots=True)
class Deletions:
    """The files of what is installed from a list that go nevertheless."""

    topmost: tuple[str, ...] = ()
    """Their paths, relative to the prefix, a directory for all that is in it; without what goes by a rule."""
    files: int = 0
    """How many of conda's packages there are among them, and among what goes by a rule."""
    bytes: int = 0
    """What all of them weigh by the records of their packages."""
    unnamed: tuple[str, ...] = ()
    """Those that a list with one path on a line cannot name, and that stay."""


NONE = Deletions()
"""Nothing is deleted."""


def deletions_of(
    request: ShipRequest,
    contents: PrefixContents,
    slimmed: SlimmedFiles,
    going: Going,
    for_pip: frozenset[Node],
) -> Deletions:
    """Find what is to be deleted of all that is installed; blocks.

    What belongs to no package is in no image that is built from a list. Byte code and conda's records have other names
    there, and are deleted by a rule. `for_pip` is installed although it goes.
    """
    absent = {number for number, node in enumerate(package_nodes(contents)) if node in going.nodes - for_pip}
    files = [each for each in slimmed.files if each.path in going.paths and each.owner not in (None, *absent)]
    unnamed = {each.path for each in files if sanitize(each.path) != each.path}
    deleted = [each for each in files if each.path not in unnamed]
    named = {each.path for each in deleted if not _by_rule(each.path, request.slim)}
    conda = len(contents.packages)
    return Deletions(
        topmost=_topmost(named, slimmed.files, going.paths - unnamed),
        files=sum(_is_of_conda(each, conda) and not each.path.startswith(_RECORDS) for each in deleted),
        bytes=_recorded_bytes(request.prefix, deleted, conda),
        unnamed=tuple(sorted(unnamed)),
    )


def _is_of_conda(file: EnvironmentFile, conda: int) -> bool:
    return file.owner is not None and file.owner < conda


def _by_rule(path: str, classes: Collection[SlimClass]) -> bool:
    if path.startswith(_RECORDS):
        return "conda-meta" in classes
    return "byte-code" in classes and _BYTE_CODE in path.split("/")


def _topmost(paths: Iterable[str], files: Iterable[EnvironmentFile], going: Collection[str]) -> tuple[str, ...]:
    """These paths, each directory of which nothing stays in the place of all that is in it."""
    staying = {
        above for each in files if each.kind != "directory" and each.path not in going for above in _above(each.path)
    }
    return tuple(sorted({next((each for each in _above(path) if each not in staying), path) for path in paths}))


def _above(path: str) -> list[str]:
    """The directories that a path lies in, the outermost first."""
    parts = path.split("/")
    return ["/".join(parts[:number]) for number in range(1, len(parts))]


def _recorded_bytes(prefix: str, files: Iterable[EnvironmentFile], conda: int) -> int:
    """What files weigh as their packages state it: as installed elsewhere, without the path of this prefix in them."""
    packages, _ = read_recorded_packages(prefix)
    stated = {path.path: path.size or 0 for package in packages for path in package.paths if path.kind != "softlink"}
    total, seen = 0, set[tuple[int, int]]()
    for each in files:
        if _is_of_conda(each, conda):
            total += stated.get(each.path, 0)
        elif each.inode not in seen and not each.path.endswith((".pyc", ".pyo")):
            seen.add(each.inode)
            total += each.size
    return total
