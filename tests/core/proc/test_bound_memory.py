"""The bound on the memory of processes that read files of unknown origin."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from condatui_core.proc.child import own_environ

resource = pytest.importorskip("resource")
_SCRIPT = """
import resource
from condatui_core.proc.child import bound_memory
hard = resource.getrlimit(resource.RLIMIT_AS)[1]
resource.setrlimit(resource.RLIMIT_AS, ({before}, hard))
bound_memory()
print(resource.getrlimit(resource.RLIMIT_AS)[0])
"""


def limit_after(before: int) -> int:
    """The limit of a process that had another one before, in bytes."""
    argv = (sys.executable, "-c", _SCRIPT.format(before=before))
    done = subprocess.run(argv, env=own_environ(os.environ), capture_output=True, check=True, text=True)
    return int(done.stdout)


def test_memory_is_bounded_by_that_of_the_machine() -> None:
    memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    assert limit_after(resource.RLIM_INFINITY) == max(4 << 30, memory * 3 // 4)


def test_a_lower_limit_of_the_user_stays() -> None:
    assert limit_after(1 << 30) == 1 << 30
