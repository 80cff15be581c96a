"""The class of a file by its path."""

from __future__ import annotations

import pytest

from condatui_core.analyses.slimming.file_kinds import (
    directories_of_tests,
    is_byte_code,
    is_legal,
    kinds_of,
    outermost_tests,
)

SITE = "lib/python3.12/site-packages"


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("var/cache/fontconfig/x.cache-7", "caches"),
        (f"{SITE}/.ipynb_checkpoints/a.py", "caches"),
        (f"{SITE}/numba_tool/__pycache__/f.nbi", "caches"),
        ("conda-meta/history", "conda-meta"),
        ("lib/debug/libz.so", "debug-symbols"),
        ("lib/libz.so.debug", "debug-symbols"),
        ("lib/libz.a", "static-libraries"),
        ("include/zlib.h", "headers"),
        ("include/python3.12/cpython/README", "headers"),
        (f"{SITE}/numpy/core/include/numpy/arrayobject.h", "headers"),
        (f"{SITE}/scipy/linalg/cython_blas.pxd", "headers"),
        ("lib/cmake/zlib/zlib-config.cmake", "build-files"),
        ("share/pkgconfig/x.pc", "build-files"),
        ("lib/libz.la", "build-files"),
        ("lib/python3.12/config-3.12-x86_64-linux-gnu/Makefile", "build-files"),
        ("share/man/man1/gzip.1", "man-and-info"),
        ("man/man1/gzip.1", "man-and-info"),
        ("share/info/dir", "man-and-info"),
        ("share/doc/zlib/README", "documentation"),
        (f"{SITE}/tool/docs/guide.rst", "documentation"),
        ("share/locale/de/LC_MESSAGES/x.mo", "translations"),
        (f"{SITE}/django/conf/locale/de/LC_MESSAGES/django.mo", "translations"),
        ("lib/python3.12/ensurepip/_bundled/pip.whl", "installer-leftovers"),
        (f"{SITE}/~umpy/core.py", "installer-leftovers"),
    ],
)
def test_a_path_tells(path: str, kind: str) -> None:
    assert kind in {*kinds_of(path)}


@pytest.mark.parametrize(
    "path",
    [
        "bin/python3.12",
        "lib/libz.so.1.3",
        f"{SITE}/boto3/docs/service.py",
        f"{SITE}/django/conf/locale/de/formats.py",
        f"{SITE}/numpy/testing/__init__.py",
        f"{SITE}/doctest_tool/.a",
        "share/proj/proj.db",
        "ssl/cacert.pem",
    ],
)
def test_a_path_that_may_be_needed_tells_nothing(path: str) -> None:
    assert [*kinds_of(path)] == []


def test_licences_are_known_by_their_names() -> None:
    assert is_legal("share/doc/zlib/LICENSE.txt")
    assert is_legal(f"{SITE}/x-1.dist-info/licenses/COPYING")
    assert not is_legal("share/doc/zlib/README")


def test_byte_code_counts_only_where_python_makes_it_again() -> None:
    cached = f"{SITE}/a/__pycache__/b.cpython-312.pyc"
    assert is_byte_code(cached, {cached})
    assert is_byte_code("lib/old.pyc", {"lib/old.pyc", "lib/old.py"})
    assert not is_byte_code("lib/closed.pyc", {"lib/closed.pyc"})
    assert not is_byte_code("lib/a.py", set())


@pytest.mark.parametrize(
    ("path", "directory"),
    [
        (f"{SITE}/numpy/tests/test_a.py", f"{SITE}/numpy/tests"),
        (f"{SITE}/pandas/tests/io/tests/test_a.py", f"{SITE}/pandas/tests"),
        ("lib/python3.12/test/test_os.py", "lib/python3.12/test"),
        ("lib/python3.12/idlelib/idle_test/x.py", "lib/python3.12/idlelib/idle_test"),
        (f"{SITE}/numpy/testing/x.py", ""),
        (f"{SITE}/jinja2/tests.py", ""),
        ("share/tests/x.py", ""),
    ],
)
def test_the_outermost_directory_of_tests_counts(path: str, directory: str) -> None:
    assert outermost_tests(path) == directory


def test_a_directory_called_test_is_one_of_tests_only_with_a_test_and_without_an_import() -> None:
    paths = {
        f"{SITE}/a/tests/__init__.py", f"{SITE}/a/tests/sub/test_x.py", f"{SITE}/ansible/plugins/test/core.py",
        f"{SITE}/b/tests/helpers_test.py", f"{SITE}/c/test/conftest.py",
    }  # fmt: skip
    assert directories_of_tests(paths, {f"{SITE}/b/tests"}) == {f"{SITE}/a/tests", f"{SITE}/c/test"}
