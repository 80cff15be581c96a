"""kill -9 of a relink, and of its undo, at every step: no path loses its content, and no temporary name is left."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

TESTS = Path(__file__).parents[2]


_MEMORY = Path("/dev/shm")
"""Where a sync takes no time, since nothing goes to a disk: what a kill leaves is the same."""


@pytest.fixture
def directory(tmp_path: Path) -> Iterator[str]:
    within = _MEMORY if os.access(_MEMORY, os.W_OK) else tmp_path
    with TemporaryDirectory(dir=within) as directory:
        yield directory


@pytest.mark.parametrize(("what", "least"), [("join", 45), ("separate", 35)])
def test_it_may_be_killed_at_any_step(what: str, least: int, directory: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "support.dying_relink", directory, what],
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(TESTS), *sys.path])},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) > least
