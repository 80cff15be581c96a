"""The class of a file by its path alone, for files that belong to no package that goes as a whole."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator

from condatui_core.records.slimming import SlimClass

_LEGAL = re.compile(r"(?:licen[cs]e|copying|copyright|notice|authors|eula)", re.IGNORECASE)
"""What has to go along with a copy of the software, wherever it lies."""
_CACHES = frozenset({".cache", ".pytest_cache", ".mypy_cache", ".ruff_cache", ".ipynb_checkpoints", ".hypothesis"})
_PYTHON = r"lib(?:64)?/(?:python|pypy)\d[\w.]*"
_OWN_DIRECTORIES: tuple[tuple[SlimClass, re.Pattern[str]], ...] = (
    ("caches", re.compile(r"var/cache/.")),
    ("conda-meta", re.compile(r"conda-meta/.")),
    ("debug-symbols", re.compile(r"lib/debug/|.*\.dSYM/|(?:.*/)?\.debug/")),
    ("headers", re.compile(r"include/")),
    ("build-files", re.compile(rf"(?:lib|share)/(?:cmake|pkgconfig)/|share/aclocal/|{_PYTHON}/config-[^/]*/")),
    ("man-and-info", re.compile(r"(?:share/)?(?:man|info)/|ssl/man/")),
    ("documentation", re.compile(r"share/(?:doc|gtk-doc|examples)/|docs?/")),
    ("translations", re.compile(r"share/locale/")),
    ("installer-leftovers", re.compile(rf"{_PYTHON}/ensurepip/|(?:.*/)?site-packages/~[^/]*/")),
)
"""Directories of which all files are of one class."""
_ENDINGS: tuple[tuple[SlimClass, tuple[str, ...]], ...] = (
    ("caches", (".nbi", ".nbc")),
    ("debug-symbols", (".debug", ".dwp")),
    ("static-libraries", (".a",)),
    ("headers", (".h", ".hh", ".hpp", ".hxx", ".cuh", ".pxd")),
    ("build-files", (".cmake", ".pc", ".la", ".m4")),
)
_DOCUMENTS = re.compile(
    r"(?:.*/)?(?:docs?|examples)/(?:.*/)?[^/]+\.(?:rst|md|txt|html|ipynb|pdf|png|svg)", re.IGNORECASE
)
"""Inside of packages, where a directory `docs` may as well have code."""
_MESSAGES = re.compile(r"(?:.*/)?(?:locale|translations|LC_MESSAGES)/(?:.*/)?[^/]+\.(?:mo|po|pot|qm)")
_TESTS = re.compile(rf"(?P<tests>{_PYTHON}/(?:.+?/)?(?:tests?|idle_test))/.")
_IS_TEST = re.compile(r"(?:test_[^/]*|[^/]*_test|conftest)\.py")


def is_legal(path: str) -> bool:
    """Whether a file has to go along with the software: its licence, by the name."""
    return _LEGAL.match(path.rpartition("/")[2]) is not None


def kinds_of(path: str) -> Iterator[SlimClass]:
    """Each class that a file would have by the directory that it lies in, or by its ending."""
    directory, _, name = path.rpartition("/")
    if not _CACHES.isdisjoint(directory.split("/")):
        yield "caches"
    for kind, pattern in _OWN_DIRECTORIES:
        if pattern.match(path):
            yield kind
    for kind, endings in _ENDINGS:
        if name.endswith(endings) and name not in endings:
            yield kind
    if _DOCUMENTS.match(path):
        yield "documentation"
    if _MESSAGES.match(path):
        yield "translations"


def is_byte_code(path: str, paths: Collection[str]) -> bool:
    """Whether python makes a file again from its source, which has to be there unless it lies in `__pycache__`."""
    if not path.endswith((".pyc", ".pyo")):
        return False
    return "__pycache__" in path.split("/") or f"{path[:-1]}" in paths


def outermost_tests(path: str) -> str:
    """The outermost directory of tests that a file of python's libraries lies in; empty if there is none."""
    found = _TESTS.match(path)
    return found["tests"] if found else ""


def directories_of_tests(paths: Collection[str], imported: Collection[str]) -> frozenset[str]:
    """The directories of tests that have a test and that no code outside of them imports.

    A directory called `test` may as well be a part of a program: without a file that is named like a test it is kept.
    """
    found = {outermost_tests(path) for path in paths if _IS_TEST.fullmatch(path.rpartition("/")[2])}
    return frozenset(found - {""} - set(imported))
