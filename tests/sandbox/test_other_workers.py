"""What one test worker sees of the processes of another, while both run programs of one sandbox."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator

import psutil
import pytest

from support.other_workers import WithoutOtherWorkers

_WORKER = """
import subprocess, sys
child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
print(child.pid, flush=True)
input()
"""


@pytest.fixture
def two_workers() -> Iterator[tuple[list[psutil.Process], list[int]]]:
    """Two processes that this one has started, and the pid of what each has started itself."""
    both = [
        subprocess.Popen([sys.executable, "-c", _WORKER], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        for _ in range(2)
    ]
    try:
        yield [psutil.Process(each.pid) for each in both], [int(each.stdout.readline()) for each in both if each.stdout]
    finally:
        for each in both:
            each.communicate("\n")


def test_a_worker_sees_what_it_started_and_nothing_of_the_other(
    two_workers: tuple[list[psutil.Process], list[int]],
) -> None:
    [own, other], [started_here, started_there] = two_workers
    seen = {each.pid: each.info["ppid"] for each in WithoutOtherWorkers(own, psutil.Process())(["ppid"])}
    assert seen[started_here] == own.pid
    assert own.pid in seen
    assert psutil.Process().pid in seen
    assert not {other.pid, started_there} & set(seen)
