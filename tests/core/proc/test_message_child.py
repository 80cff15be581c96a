"""A child that answers in messages while it works."""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path

import pytest

from condatui_core.proc.child import ChildNotStartedError, ChildWroteTooMuchError, own_environ
from condatui_core.proc.frames import frame
from condatui_core.proc.message_child import message_child
from support.processes import has_ended, until

ENVIRON = own_environ(os.environ)
_PROGRAM = """
import sys
from condatui_core.proc.frames import frame, read_frame
asked, out = sys.stdin.buffer, sys.stdout.buffer
"""


def argv(script: str) -> tuple[str, ...]:
    return (sys.executable, "-c", _PROGRAM + script)


async def first(script: str, *, most_bytes: int = 1000) -> bytes:
    async with message_child(argv(script), ENVIRON, b"", most_bytes=most_bytes) as child:
        return await child.message()


async def test_it_reads_what_it_is_told_and_answers_message_by_message() -> None:
    script = "said = read_frame(asked); out.write(frame(said) + frame(b'') + frame(said[::-1]))"
    async with message_child(argv(script), ENVIRON, frame(b"abc"), most_bytes=1000) as child:
        assert [await child.message() for _ in range(3)] == [b"abc", b"", b"cba"]
        with pytest.raises(EOFError):
            await child.message()
        assert await child.wait() == 0


async def test_a_message_comes_while_the_process_goes_on(tmp_path: Path) -> None:
    script = (
        "import os, time\nout.write(frame(b'one')); out.flush()\n"
        f"while not os.path.exists({str(tmp_path / 'go')!r}): time.sleep(0.01)\n"
        "out.write(frame(b'two'))"
    )
    async with message_child(argv(script), ENVIRON, b"", most_bytes=1000) as child:
        assert await child.message() == b"one"
        (tmp_path / "go").touch()
        assert await child.message() == b"two"


@pytest.mark.parametrize("script", ["", "out.write(b'ab')", "out.write(frame(b'abc')[:-1])"])
async def test_one_that_ends_too_early_is_told_from_one_that_said_all(script: str) -> None:
    with pytest.raises(EOFError):
        await first(script)


async def test_a_message_that_is_too_long_is_not_read() -> None:
    assert await first("out.write(frame(b'x' * 1000))") == b"x" * 1000
    with pytest.raises(ChildWroteTooMuchError):
        await first("out.write(frame(b'x' * 1001))")
    with pytest.raises(ChildWroteTooMuchError):
        await first("out.write(b'nonsense'); out.flush(); import time; time.sleep(600)")


async def test_what_it_complains_of_is_kept_by_its_end_and_never_holds_it_up() -> None:
    script = "sys.stderr.write('x' * 5_000_000 + '\\nhttps://me:secret@host/c\\n'); out.write(frame(b'done'))"
    async with message_child(argv(script), ENVIRON, b"", most_bytes=1000) as child:
        assert await child.message() == b"done"
        words = await child.last_words()
    assert words.endswith("\nhttps://***@host/c")
    assert len(words) < 20_000


async def test_it_is_ended_at_once_though_nobody_has_read_what_it_wrote(tmp_path: Path) -> None:
    script = (
        "import os, select, time\nout.write(frame(b'%d' % os.getpid())); out.flush(); os.set_blocking(1, False)\n"
        "while select.select([], [1], [], 0.3)[1]: os.write(1, frame(b'x' * 900))\n"
        f"open({str(tmp_path / 'full')!r}, 'w').close(); time.sleep(600)"
    )

    async def leave_at_once() -> int:
        async with message_child(argv(script), ENVIRON, b"", most_bytes=1000, grace=600) as child:
            pid = int(await child.message())
            await until((tmp_path / "full").exists)
            return pid

    pid = await asyncio.wait_for(leave_at_once(), 20)
    await until(lambda: has_ended(pid))


async def test_one_that_cannot_be_started_says_so() -> None:
    with pytest.raises(ChildNotStartedError):
        async with message_child(("/nowhere/tool",), ENVIRON, b"", most_bytes=1000):
            raise AssertionError
