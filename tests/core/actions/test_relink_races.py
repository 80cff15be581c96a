"""Relinking while other processes write to its files, or swap them, as fast as they can: nothing is lost."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from msgspec.structs import replace

from condatui_core.actions.relink import batch
from condatui_core.actions.relink.joining import join_all
from support.plain_work import PlainWork
from support.relinks import CONTENT, OLD, Twins, temporary_names

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="only Linux has leases")

_LINES = 3000
_WRITER = f"""
import sys
for number in range({_LINES}):
    with open(sys.argv[1], "a") as stream:
        stream.write(f"{{number}}\\n")
"""
_SWAPPER = """
import os, sys
path, target = sys.argv[1:]
for number in range(3000):
    os.rename(path, path + ".former")
    os.symlink(target, path)
    os.unlink(path)
    os.rename(path + ".former", path)
"""


@contextmanager
def running(program: str, *arguments: Path) -> Iterator[subprocess.Popen[bytes]]:
    with subprocess.Popen([sys.executable, "-c", program, *map(str, arguments)], stderr=subprocess.PIPE) as process:
        try:
            yield process
        finally:
            process.kill()


def test_no_line_is_lost_of_a_file_that_is_appended_to(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The file that stays is a copy of how the other one was a moment ago; the two are joined over and over."""
    monkeypatch.setattr(batch, "_REST", 0)  # otherwise it is not even tried
    twins = Twins(tmp_path / "envs")
    one, two = (twins.environment(name, {"data": b""}) / "data" for name in ("one", "two"))
    rounds = joined = 0
    with running(_WRITER, two) as writer:
        while writer.poll() is None:
            rounds += 1
            one.unlink()
            one.write_bytes(two.read_bytes())
            os.chmod(one, two.stat().st_mode & 0o777)
            done = join_all(twins.survey(twins.same(one, two)), tmp_path / "relinked", PlainWork(job_id=str(rounds)))
            assert (done.failed, done.left) == (None, ())
            joined += done.tally.files
        assert writer.returncode == 0, writer.stderr and writer.stderr.read()
    assert two.read_text().splitlines() == [str(number) for number in range(_LINES)], (rounds, joined)
    assert temporary_names(twins.root) == []


def test_a_file_that_is_swapped_for_a_symlink_is_there_in_the_end(tmp_path: Path) -> None:
    """What the link leads to is never linked, nor changed."""
    twins = Twins(tmp_path / "envs")
    one, two = (twins.environment(name, {"data": CONTENT}) / "data" for name in ("one", "two"))
    (tmp_path / "secret").write_bytes(CONTENT)
    inode = twins.inode(two)
    rounds = joined = 0
    with running(_SWAPPER, two, tmp_path / "secret") as swapper:
        while swapper.poll() is None:
            rounds += 1
            one.unlink()
            one.write_bytes(CONTENT)
            os.utime(one, ns=(OLD, OLD))
            same = replace(twins.same(one, one), joined=(inode,))
            done = join_all(twins.survey(same), tmp_path / "relinked", PlainWork(job_id=str(rounds)))
            assert done.failed is None
            if done.tally.files:
                inode = replace(inode, number=same.kept.number)
                joined += 1
        assert swapper.returncode == 0, swapper.stderr and swapper.stderr.read()
    assert (two.read_bytes(), two.is_symlink(), one.read_bytes()) == (CONTENT, False, CONTENT), (rounds, joined)
    assert ((tmp_path / "secret").read_bytes(), (tmp_path / "secret").stat().st_nlink) == (CONTENT, 1)
