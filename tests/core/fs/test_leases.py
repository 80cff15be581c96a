"""Leases: who writes to a file is seen, whoever wants to write waits, and no signal ends the process."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from condatui_core.fs.leases import give_up_lease, lease_holds, take_read_lease

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="only Linux has leases")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    file = tmp_path / "file"
    file.write_bytes(b"content")
    return file


@pytest.fixture
def descriptor(file: Path) -> Iterator[int]:
    opened = os.open(file, os.O_RDONLY)
    yield opened
    os.close(opened)


def test_a_lease_holds_as_long_as_others_only_read(file: Path, descriptor: int) -> None:
    assert take_read_lease(descriptor)
    assert file.read_bytes() == b"content"
    assert lease_holds(descriptor)
    give_up_lease(descriptor)
    assert not lease_holds(descriptor)
    give_up_lease(descriptor)


@pytest.mark.parametrize("flags", [os.O_WRONLY, os.O_RDWR | os.O_APPEND, os.O_WRONLY | os.O_TRUNC])
def test_whoever_wants_to_write_is_seen_and_waits(file: Path, descriptor: int, flags: int) -> None:
    """The signal by which the kernel tells it would end this process, if it were the usual one."""
    assert take_read_lease(descriptor)
    opened: list[int] = []
    other = threading.Thread(target=lambda: opened.append(os.open(file, flags)))
    other.start()
    while lease_holds(descriptor):
        continue
    assert (opened, os.fstat(descriptor).st_size) == ([], 7)
    give_up_lease(descriptor)
    other.join()
    os.close(opened[0])


def test_a_process_that_does_not_wait_is_refused(file: Path, descriptor: int) -> None:
    assert take_read_lease(descriptor)
    program = f"import os; os.open({str(file)!r}, os.O_WRONLY | os.O_NONBLOCK)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, check=False, timeout=60)
    assert b"BlockingIOError" in done.stderr
    assert not lease_holds(descriptor)


def test_who_is_writing_already_is_seen(file: Path, descriptor: int) -> None:
    with file.open("ab"), pytest.raises(BlockingIOError):
        take_read_lease(descriptor)


def test_where_there_are_none(descriptor: int, monkeypatch: pytest.MonkeyPatch) -> None:
    reading, writing = os.pipe()
    assert not take_read_lease(reading)
    os.close(reading)
    os.close(writing)
    monkeypatch.setattr(sys, "platform", "darwin")
    assert not take_read_lease(descriptor)
    assert not lease_holds(descriptor)
