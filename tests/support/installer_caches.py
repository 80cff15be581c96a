"""Caches of pip and uv as these tools fill them, in a few files."""

from __future__ import annotations

from pathlib import Path

from support.disk_trees import write

WHAT_UV_KEEPS = [".gitignore", ".lock", "CACHEDIR.TAG"]


def pip_cache(path: Path) -> Path:
    """A cache of pip, with something downloaded and a wheel that was built here."""
    write(path / "http-v2/a/b/c/d/e/abcde.body", 40_000)
    write(path / "selfcheck" / ("5edf40cb" * 7), 200)
    write(path / "wheels/1f/b4/c3/own-1.0-py3-none-any.whl", 9000)
    return path


def uv_cache(path: Path) -> Path:
    """A cache of uv, with one package that is unpacked."""
    write(path / "CACHEDIR.TAG", 43)
    write(path / ".gitignore", 1)
    write(path / ".lock", 0)
    write(path / "simple-v16/pypi/numpy.rkyv", 7000)
    write(path / "wheels-v5/pypi/numpy/numpy-2.0.http", 300)
    write(path / "archive-v0/abcdef/numpy/core.so", 80_000)
    write(path / "archive-v0/abcdef/numpy/__init__.py", 600)
    return path
