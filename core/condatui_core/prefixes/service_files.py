"""Survey the files of a prefix for what a service would not need: every path, and what has to be read of some."""

from __future__ import annotations

import os
import re
from collections.abc import Collection, Iterable, Iterator, Sequence

from packaging.utils import canonicalize_name

from condatui_core.analyses.slimming.file_kinds import directories_of_tests, outermost_tests
from condatui_core.analyses.slimming.libraries import depends_on_headers, may_load
from condatui_core.analyses.slimming.sorting import node_of
from condatui_core.fs.safe_read import read_bounded
from condatui_core.fs.tree import TreeEntry, allocated
from condatui_core.prefixes.elf import read_elf
from condatui_core.prefixes.meta_file import record_file_name
from condatui_core.prefixes.ownership import Owners
from condatui_core.prefixes.snapshot import PrefixSnapshot
from condatui_core.records.slimming import EnvironmentFile, LibraryNeeds, SurveyedFiles

_NOTING = frozenset({"pip", "uv"})
"""The installers that note what they were asked for, in a file REQUESTED."""
_HOUR = 3_600_000_000_000
"""Nanoseconds: what one run of an installer may take."""
_LARGEST_MODULE = 1 << 20
"""Bytes of a module that is searched for imports."""


def survey_files(snapshot: PrefixSnapshot, nested: Collection[str] = ()) -> SurveyedFiles:
    """All files of a prefix, apart from those in `nested`, which are paths relative to it; blocks."""
    owners = snapshot.owners()
    entries = [each for each in snapshot.tree.entries if not _is_within(each.path, nested)]
    records = {f"conda-meta/{record_file_name(each.record)}": index for index, each in enumerate(snapshot.packages)}
    files = tuple(_file(each, owners, records) for each in entries)
    nodes = {node_of(each) for each in owners.packages}
    return SurveyedFiles(
        files=files,
        libraries=tuple(_headers(snapshot.prefix, files)) if depends_on_headers(files, nodes) else (),
        imported_tests=imported_tests(snapshot.prefix, [file.path for file in files]),
        asked_of_pip=_asked_of_pip(snapshot),
        unreadable=tuple(_not_looked_into(snapshot, nested)),
    )


def _not_looked_into(snapshot: PrefixSnapshot, nested: Collection[str]) -> Iterator[str]:
    yield from snapshot.tree.unreadable
    for path in snapshot.tree.mounts:
        if not _is_within(os.path.relpath(path, snapshot.tree.root), nested):
            yield f"{path}: another file system is mounted there"


def _is_within(path: str, nested: Collection[str]) -> bool:
    return any(path == each or path.startswith(f"{each}/") for each in nested)


def _file(entry: TreeEntry, owners: Owners, records: dict[str, int]) -> EnvironmentFile:
    status, plain = entry.status, entry.kind == "file"
    owner = None if entry.kind == "directory" else records.get(entry.path, owners.owner(entry.path))
    return EnvironmentFile(
        path=entry.path,
        kind=entry.kind,
        inode=entry.inode,
        bytes=allocated(status),
        size=status.st_size if plain else 0,
        links=status.st_nlink,
        owner=owner,
        target=entry.target,
    )


def _headers(prefix: str, files: Iterable[EnvironmentFile]) -> Iterator[LibraryNeeds]:
    """What programs and libraries load; one that cannot be read loads nothing that is known."""
    for file in filter(may_load, files):
        try:
            names = read_elf(os.path.join(prefix, file.path))
        except OSError:
            continue
        if names is not None:
            yield LibraryNeeds(file.path, names.soname, names.needed)


# What pip was asked for


def _asked_of_pip(snapshot: PrefixSnapshot) -> frozenset[str] | None:
    """The distributions that an installer was asked for; None if there is no note of any.

    Those that are older than the first note, or that another installer brought, count as asked for.
    """
    written = {each.path: each.status.st_mtime_ns for each in snapshot.tree.entries}
    distributions = snapshot.contents.pip_distributions
    notes = [written[path] for each in distributions if (path := f"{each.path}/REQUESTED") in written]
    if not notes:
        return None
    first = min(notes) - _HOUR
    return frozenset(
        canonicalize_name(each.name)
        for each in distributions
        if f"{each.path}/REQUESTED" in written
        or each.installer not in _NOTING
        or written.get(f"{each.path}/INSTALLER", 0) < first
    )


# Tests that other code imports


_IMPORT = re.compile(
    rb"^[ \t]*(?:from[ \t]+(?=[.\w])(?P<dots>\.*)(?P<module>(?:\w[\w.]*)?)[ \t]+import[ \t]+(?P<names>\([^)]*|[^#\n]+)"
    rb"|import[ \t]+(?P<modules>[^#\n]+))",
    re.MULTILINE,
)
_MENTION = re.compile(rb"tests?\b")
"""What begins with letters is searched for fast: most modules do not mention tests at all."""
_TEST_WORD = re.compile(rb"\b(?:tests?|idle_test)\b")


def imported_tests(prefix: str, paths: Sequence[str]) -> frozenset[str]:
    """The directories of tests that a module outside of all tests imports, in whatever function it does.

    Only modules of the packages that have tests are read; an import by a computed name is not seen.
    """
    tests = directories_of_tests(paths, ())
    packages = tuple({_top(each) for each in tests})
    found: set[str] = set()
    for path in paths if tests else ():
        if path.endswith(".py") and path.startswith(packages) and not outermost_tests(path):
            found.update(each for each in _imported_from(prefix, path) if each in tests)
    return frozenset(found)


def _top(directory: str) -> str:
    """The package of a directory of tests, with a slash: `lib/python3.12/site-packages/numpy/`."""
    above, found, inside = directory.partition("/site-packages/")
    package = inside.partition("/")[0]
    return f"{above}{found}{package}/" if found else f"{directory}/"


def _imported_from(prefix: str, path: str) -> Iterator[str]:
    """The directories of tests that the imports of one module name."""
    try:
        source = read_bounded(os.path.join(prefix, path), _LARGEST_MODULE)
    except OSError:
        return
    if not _MENTION.search(source):
        return
    for line in _IMPORT.finditer(source):
        if _TEST_WORD.search(line[0]):
            for module in _modules(line):
                yield outermost_tests(f"{_base(path, len(line['dots'] or b''))}{module.replace('.', '/')}/x")


def _modules(line: re.Match[bytes]) -> Iterator[str]:
    """The modules that an import may load: `from a import b` may load `a.b`."""
    if line["modules"] is not None:
        yield from (each.split()[0] for each in _words(line["modules"]))
        return
    module = line["module"].decode("ascii", "replace")
    for name in _words(line["names"]):
        yield f"{module}.{name.split()[0]}".lstrip(".")


def _words(text: bytes) -> list[str]:
    return [word for each in text.decode("utf-8", "replace").split(",") if (word := each.strip(" \t\r\n()\\"))]


def _base(path: str, dots: int) -> str:
    """The directory that a module is looked up in, with a slash: by its dots, or site-packages."""
    if dots:
        parts = path.split("/")[:-dots]
        return "".join(f"{part}/" for part in parts)
    above, found, _ = path.partition("/site-packages/")
    return f"{above}{found}"
