"""How a child process is started and ended: a group of its own, bounded output, all its descendants."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from asyncio.subprocess import DEVNULL, PIPE
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, TypeAlias, TypedDict

if TYPE_CHECKING:
    from condatui_core.proc.terminal import ChildTerminal

# Errors of child processes; callers turn them into messages about their own subject.


class ChildError(Exception):
    """A child process did not run to its own end."""

    def __init__(self, argv: Sequence[str], message: str) -> None:
        super().__init__(message)
        self.argv = tuple(argv)
        """The command as it was run, credentials included."""


class ChildNotStartedError(ChildError):
    """A command could not be started."""

    def __init__(self, argv: Sequence[str], cause: OSError | ValueError) -> None:
        super().__init__(argv, str(cause))
        self.cause = cause
        """A ValueError means a NUL in an argument or a variable."""

    @property
    def interpreter_missing(self) -> bool:
        """Whether the file exists, but the interpreter that its first line names does not."""
        return isinstance(self.cause, FileNotFoundError) and os.path.exists(self.argv[0])

    @property
    def reason(self) -> str:
        """Why it could not be started, without the path."""
        if self.interpreter_missing:
            return "the interpreter in its first line does not exist"
        return (isinstance(self.cause, OSError) and self.cause.strerror) or str(self.cause)


class ChildTimedOutError(ChildError):
    """A process was ended because it took too long."""

    def __init__(self, argv: Sequence[str], seconds: float) -> None:
        super().__init__(argv, f"{os.path.basename(argv[0])} did not end within {seconds:g} seconds")
        self.seconds = seconds


class ChildWroteTooMuchError(ChildError):
    """A process was ended because it wrote too much."""

    def __init__(self, argv: Sequence[str], most_bytes: int) -> None:
        super().__init__(argv, f"{os.path.basename(argv[0])} wrote more than {most_bytes:,} bytes")
        self.most_bytes = most_bytes


# Collects the output of a child process within bounds, and notes when it exits and when its pipes close.


STDOUT, STDERR = 1, 2


class ChildWatcher(asyncio.SubprocessProtocol):
    """Notes when a process exits; its output is dropped."""

    def __init__(self) -> None:
        self.over = asyncio.Event()
        """Set when the process has exited, or has to be ended."""
        self.closed = asyncio.Event()
        """Set when the process has exited and no descendant holds its pipes any more."""

    def process_exited(self) -> None:
        """Note that the process has exited; descendants may still run."""
        self.over.set()

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - asyncio's signature
        """Note that the process has exited and its pipes are closed."""
        self.closed.set()


class Output(ChildWatcher):
    """Collects what a process writes, up to a number of bytes for each of stdout and stderr; a process that writes more
    has to be ended.
    """

    def __init__(self, most_bytes: int) -> None:
        super().__init__()
        self.most_bytes = most_bytes
        self.written = {STDOUT: bytearray(), STDERR: bytearray()}
        self.too_much = False
        """Whether it wrote more than the limit."""

    def pipe_data_received(self, fd: int, data: bytes) -> None:
        """Keep the data, as far as there is room."""
        written = self.written[fd]
        written += data[: self.most_bytes - len(written)]
        if len(written) >= self.most_bytes:
            self.too_much = True
            self.over.set()

    def text(self, stream: int) -> str:
        """The text of stdout or stderr; bytes that are not UTF-8 become surrogates, as in os.fsdecode."""
        return self.written[stream].decode("utf-8", "surrogateescape")


class LastOutput(Output):
    """Keeps the end of what a process writes rather than the beginning, so that it never has to be ended for that."""

    def pipe_data_received(self, fd: int, data: bytes) -> None:
        """Keep the data; beyond the limit, keep only the last bytes, half as many as the limit."""
        written = self.written[fd]
        written += data
        if len(written) > self.most_bytes:
            del written[: len(written) - self.most_bytes // 2]


# Starts a child process in a session of its own, and ends it with all its descendants.


# Processes that run a module of condatui


def own_argv(module: str, *arguments: str) -> tuple[str, ...]:
    """The command that runs a module of condatui with the Python of this process."""
    return (sys.executable, "-m", module, *arguments)


def own_environ(environ: Mapping[str, str]) -> dict[str, str]:
    """These variables, with a PYTHONPATH to everything that this process can import."""
    return {**environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}


_LEAST_MEMORY = 4 << 30


def bound_memory() -> None:
    """Bound the memory of this process and its children to three quarters of the machine's, and to 4 GB at least.

    For processes that run condatui's own modules on files of unknown origin: they fail then rather than the machine.
    Not for a conda or a probe: a CUDA driver reserves more addresses than any machine has memory.
    """
    with suppress(ImportError, OSError, ValueError):  # no such limits, or a lower one already
        import resource  # noqa: PLC0415 - not available on every platform

        memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
        most = max(_LEAST_MEMORY, memory * 3 // 4)
        soft, hard = resource.getrlimit(resource.RLIMIT_AS)
        if soft == resource.RLIM_INFINITY or most < soft:
            resource.setrlimit(resource.RLIMIT_AS, (most, hard))


# Options and signals of every child


GRACE = 1.0
"""Seconds from SIGTERM to SIGKILL, and from there until condatui gives up on a process that hangs in the kernel."""
_DIRECTORY = "/"
"""The working directory of children. `python -m` imports from it, and the user's directory may hold an `email.py`."""

SendSignal: TypeAlias = Callable[[int, int], None]
"""Sends a signal to a process or a process group, as os.kill and os.killpg do."""


class StartOptions(TypedDict):
    """Arguments that asyncio and subprocess.Popen both take to start a child."""

    stdin: int
    env: Mapping[str, str]
    cwd: str
    start_new_session: bool


def start_options(
    environ: Mapping[str, str], *, stdin: int = DEVNULL, directory: str = _DIRECTORY, own_group: bool = True
) -> StartOptions:
    """Options for a child with these variables alone, no terminal to ask, and a session whose group can be ended."""
    return {"stdin": stdin, "env": environ, "cwd": directory, "start_new_session": own_group}


def try_signal(pid: int, number: int, send: SendSignal = os.killpg) -> bool:
    """Send a signal; False if no such process exists or this user may not signal it."""
    with suppress(ProcessLookupError, PermissionError):
        send(pid, number)
        return True
    return False


# Children on the event loop


class Child:
    """A process that was started, with all its descendants in its group."""

    def __init__(
        self,
        transport: asyncio.SubprocessTransport,
        watcher: ChildWatcher,
        *,
        grace: float,
        own_group: bool,
        terminal: ChildTerminal | None = None,
    ) -> None:
        self._transport = transport
        self._watcher = watcher
        self._grace = grace
        self._own_group = own_group
        self._terminal = terminal

    @property
    def pid(self) -> int:
        """The id of the process, and of its group if it has one of its own."""
        return self._transport.get_pid()

    @property
    def exit_code(self) -> int | None:
        """The exit code, negative if a signal ended the process; None while it runs."""
        return self._transport.get_returncode()

    async def wait(self, seconds: float | None = None) -> int | None:
        """Wait until the process has exited, for `seconds` at most; its exit code, or None if it still runs."""
        await wait_at_most(self._watcher.over, seconds)
        return self.exit_code

    async def end(self) -> None:
        """End the process and its group: SIGTERM first, SIGKILL after the grace, or at once if this is cancelled."""
        try:
            await self._end()
        finally:
            self._transport.close()
            if self._terminal:
                self._terminal.close()

    async def _end(self) -> None:
        closed = self._watcher.closed
        try:
            if self._signal(signal.SIGTERM):
                await wait_at_most(closed, self._grace)
        finally:
            killed = self._signal(signal.SIGKILL)
        if killed:
            await wait_at_most(closed, self._grace)

    def _signal(self, number: int) -> bool:
        # A group keeps its number as long as a descendant is in it. The number of a single process may belong to
        # another one as soon as it has exited.
        if self._own_group:
            return try_signal(self.pid, number)
        return self.exit_code is None and try_signal(self.pid, number, os.kill)


async def start_child(
    argv: Sequence[str],
    environ: Mapping[str, str],
    watcher: ChildWatcher,
    *,
    stdin: bytes | None = None,
    heard: bool = True,
    grace: float = GRACE,
    own_group: bool = True,
    on_terminal: bool = False,
) -> Child:
    """Start a command. The watcher gets its exit, and its output if that is `heard`; the caller has to end the child.

    The child reads `stdin` to its end. Without a group of its own it joins that of this process: `Child.end` ends the
    process alone then, and its descendants end with that group. `on_terminal` it writes its output to a terminal, if
    the system has one to give. Raises ChildNotStartedError. If this is cancelled, nothing is left running.
    """
    options = start_options(environ, stdin=DEVNULL if stdin is None else PIPE, own_group=own_group)
    terminal = await _open_terminal(watcher) if on_terminal else None

    def protocol() -> asyncio.SubprocessProtocol:
        return terminal.pipes if terminal else watcher

    output = PIPE if heard else DEVNULL
    stdout = terminal.writing_end if terminal else output
    # If a start is cancelled half-way, asyncio waits until the child's pipes are closed, which may be for ever.
    starting = asyncio.ensure_future(
        asyncio.get_running_loop().subprocess_exec(protocol, *argv, stdout=stdout, stderr=output, **options)
    )
    try:
        transport, _ = await asyncio.shield(starting)
    except (OSError, ValueError) as error:
        if terminal:
            terminal.close()
        raise ChildNotStartedError(argv, error) from error
    except asyncio.CancelledError:
        ending = _end_when_started(starting, watcher, terminal, grace=grace, own_group=own_group)
        await asyncio.shield(asyncio.ensure_future(ending))
        raise
    if terminal:
        terminal.hand_over()
    if stdin is not None:
        _write(transport, stdin)
    return Child(transport, watcher, grace=grace, own_group=own_group, terminal=terminal)


async def _open_terminal(watcher: ChildWatcher) -> ChildTerminal | None:
    from condatui_core.proc.terminal import open_terminal  # noqa: PLC0415 - few children have one

    return await open_terminal(watcher)


async def wait_at_most(event: asyncio.Event, seconds: float | None) -> None:
    """Wait for an event, for `seconds` at most; None is without a limit."""
    with suppress(asyncio.TimeoutError):
        await asyncio.wait_for(event.wait(), seconds)


async def _end_when_started(
    starting: asyncio.Future[tuple[asyncio.SubprocessTransport, asyncio.SubprocessProtocol]],
    watcher: ChildWatcher,
    terminal: ChildTerminal | None,
    *,
    grace: float,
    own_group: bool,
) -> None:
    try:
        transport, _ = await starting
        if terminal:
            terminal.hand_over()
        await Child(transport, watcher, grace=grace, own_group=own_group, terminal=terminal).end()
    except (OSError, ValueError):  # the child did not start: there is nothing to end
        if terminal:
            terminal.close()


def _write(transport: asyncio.SubprocessTransport, data: bytes) -> None:
    pipe = transport.get_pipe_transport(0)
    assert isinstance(pipe, asyncio.WriteTransport)
    pipe.write(data)
    pipe.close()  # takes effect after all data is written
