"""The standard streams of the process: none is closed, and none ends a command in a traceback.

A process may be started without stdin, stdout or stderr (`condatui list <&-`). The next file that it opens then gets
the free number, and what is meant for the terminal lands in that file. So the missing ones are opened first.
"""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, TextIO

from condatui_core.fs.safe_read import reason

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer


class OutputError(OSError):
    """stdout cannot be written to. A reader that has left is a BrokenPipeError instead."""


class StandardOutput(io.FileIO):
    """stdout. After the first failure, which is raised and kept, everything is dropped."""

    failure: OSError | None = None

    def write(self, data: ReadableBuffer, /) -> int:
        """Write bytes; OutputError or BrokenPipeError, once."""
        if self.failure:
            return memoryview(data).nbytes
        try:
            return super().write(data)
        except BrokenPipeError as error:
            self.failure = error
            raise
        except OSError as error:
            self.failure = OutputError(error.errno, error.strerror)
            raise self.failure from error

    def finish(self) -> str:
        """Write what is left; why the output is not complete, empty if it is or if its reader has left."""
        with suppress(OSError):
            sys.stdout.flush()
        return reason(self.failure) if isinstance(self.failure, OutputError) else ""


class _Messages(io.FileIO):
    """stderr. What cannot be written is dropped: there is no other place to tell it."""

    def write(self, data: ReadableBuffer, /) -> int:
        with suppress(OSError):
            return super().write(data)
        return memoryview(data).nbytes


@contextmanager
def guarded_standard_streams() -> Iterator[StandardOutput]:
    """Open what is closed, and let stdout and stderr fail in order until this is left; gives the raw stdout.

    A terminal that does not speak UTF-8 gets escapes for what it cannot show.
    """
    for descriptor in range(3):
        _open_closed(descriptor)
    former = sys.stdin, sys.stdout, sys.stderr
    sys.stdin = sys.stdin or open(0, closefd=False)  # noqa: SIM115 - stays open as long as the process
    output = StandardOutput(1, "w", closefd=False)
    sys.stdout = _text(output, sys.stdout, line_buffering=output.isatty())
    sys.stderr = _text(_Messages(2, "w", closefd=False), sys.stderr, line_buffering=True)
    try:
        yield output
    finally:
        for stream in (sys.stdout, sys.stderr):
            with suppress(OSError):
                stream.flush()
        sys.stdin, sys.stdout, sys.stderr = former


def _open_closed(descriptor: int) -> None:
    """Let a closed descriptor lead nowhere; the lowest free number is the one that is opened."""
    try:
        os.fstat(descriptor)
    except OSError:
        os.set_inheritable(os.open(os.devnull, os.O_RDWR), True)


def _text(raw: io.FileIO, former: TextIO | None, *, line_buffering: bool) -> TextIO:
    encoding = former.encoding if former else "utf-8"
    return io.TextIOWrapper(
        io.BufferedWriter(raw), encoding=encoding, errors="backslashreplace", line_buffering=line_buffering
    )
