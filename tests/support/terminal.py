"""A program in a real pseudo-terminal, its screen read as a person would."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Mapping, Sequence
from types import TracebackType
from typing import Any

import pexpect
import pyte


class Terminal:
    """Runs a command in a terminal of a given size; `screen` is what stands there now."""

    def __init__(self, argv: Sequence[str], *, environ: Mapping[str, str], columns: int = 80, rows: int = 24) -> None:
        self._screen = pyte.Screen(columns, rows)
        self._stream = pyte.ByteStream(self._screen)
        self.bytes_received = 0
        self._child = pexpect.spawn(
            argv[0],
            list(argv[1:]),
            env={"TERM": "xterm-256color", "COLORTERM": "truecolor", **environ},
            dimensions=(rows, columns),
            timeout=None,
        )
        self._child.delaybeforesend = None  # else each key press waits for 50 ms before it is sent

    def __enter__(self) -> Terminal:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            self._child.close(force=True)
        except pexpect.ExceptionPexpect:  # it was killed, and has not ended within a tenth of a second
            self._child.wait()

    @property
    def pid(self) -> int:
        """The process that runs in it."""
        assert self._child.pid is not None
        return self._child.pid

    @property
    def screen(self) -> str:
        """The lines of the screen, read up to now."""
        self._read(0)
        return "\n".join(line.rstrip() for line in self._screen.display)

    @property
    def cells(self) -> tuple[tuple[tuple[object, ...], ...], ...]:
        """The cells of each line, read up to now: the sign, and how it looks."""
        self._read(0)
        buffer, columns = self._screen.buffer, range(self._screen.columns)
        return tuple(tuple(tuple(buffer[row][column]) for column in columns) for row in range(self._screen.lines))

    def lose_contents(self, *, told: bool = True) -> None:
        """Forget all lines, and tell the program that the size changed, as when a pane is zoomed and back at once.

        If the program is not `told`, it is as when another one has written over the screen.
        """
        _ = self.screen  # what is under way is lost as well
        self._screen.reset()
        if told:
            os.kill(self.pid, signal.SIGWINCH)

    def press(self, keys: str) -> None:
        """Send key presses as the terminal would."""
        self._child.send(keys)

    def wait_for(self, what: str | Callable[[str], bool], seconds: float = 30.0) -> str:
        """Read until a text stands on the screen (or a condition holds of it); fails with the screen as it is.

        A text may be broken into lines between its words: how long a path is depends on where the tests run.
        """
        holds = what if callable(what) else lambda screen: what in screen or what in " ".join(screen.split())
        deadline = time.monotonic() + seconds
        screen = self.screen
        while not holds(screen):
            if time.monotonic() > deadline:
                raise AssertionError(f"not on the screen within {seconds} s: {what!r}\n{screen}")
            # To put a screen together takes a while, and the program wants the processor: look when it has drawn.
            screen = self.screen if self._read(0.2) else screen
        return screen

    def settle(self, quiet: float = 1.0) -> int:
        """Read until nothing has come for `quiet` seconds; the bytes that were received so far."""
        while self._read(quiet):
            pass
        return self.bytes_received

    def answer_seconds(self, keys: str, mark: str, seconds: float = 10.0) -> float:
        """Press keys and tell how long it takes until a text is drawn, whatever else is drawn meanwhile."""
        self._read(0)
        start, received, wanted = time.perf_counter(), b"", mark.encode()
        self.press(keys)
        while wanted not in received:
            assert time.perf_counter() - start < seconds, f"{mark!r} was not drawn within {seconds} s"
            received += self._receive(0.001)
        answer = time.perf_counter() - start
        self._stream.feed(received)
        return answer

    def seconds_until_drawn(self, texts: Sequence[str], seconds: float = 30.0) -> float:
        """Tell how long it takes, from now on, until all of these were drawn; what else is drawn does not count."""
        start, received, missing = time.perf_counter(), b"", [text.encode() for text in texts]
        while missing := [text for text in missing if text not in received]:
            assert time.perf_counter() - start < seconds, f"not drawn within {seconds} s: {missing}"
            received += self._receive(0.001)
        drawn = time.perf_counter() - start
        self._stream.feed(received)
        return drawn

    def wait_for_exit(self, seconds: float = 30.0) -> int:
        """Wait until the program has ended; returns its exit code."""
        deadline = time.monotonic() + seconds
        while self._child.isalive():
            assert time.monotonic() < deadline, f"still running after {seconds} s:\n{self.screen}"
            self._read(0.05)
        self._read(0)
        self._child.close()
        return int(self._child.exitstatus if self._child.exitstatus is not None else -(self._child.signalstatus or 0))

    def _read(self, seconds: float) -> bool:
        """Draw what the program has written; whether it has written anything."""
        data = self._receive(seconds)
        self._stream.feed(data)
        return bool(data)

    def _receive(self, seconds: float) -> bytes:
        if self._child.closed:
            return b""
        try:
            data: Any = self._child.read_nonblocking(65536, timeout=seconds)  # bytes, whatever its stubs say
        except (pexpect.TIMEOUT, pexpect.EOF):
            return b""
        self.bytes_received += len(data)
        return bytes(data)


def plain_environ(**variables: str) -> dict[str, str]:
    """What a program needs to run, and nothing of the tester's conda or home."""
    kept = ("PATH", "LANG", "LC_ALL", "TMPDIR")
    return {name: os.environ[name] for name in kept if name in os.environ} | variables
