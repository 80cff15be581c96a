"""The process that runs ClusterShell, `python -m condatui_core.fleet.runner`: a request on stdin, answers on stdout.

ClusterShell forks and has an event loop of its own. Alone in a process, it can be ended with everything that it has
started: the commands are in the group of this process, which condatui ends.
"""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Callable, Sequence
from typing import Protocol

import msgspec
from ClusterShell.Defaults import DEFAULTS
from ClusterShell.Event import EventHandler
from ClusterShell.NodeSet import NodeSet, NodeSetException
from ClusterShell.Task import Task, task_self
from ClusterShell.Worker.EngineClient import EngineClientNotSupportedError
from msgspec import Struct

from condatui_core.fleet.messages import BadRequest, Ended, FleetRequest, HostAnswer, NamedHosts
from condatui_core.proc.child import bound_memory
from condatui_core.proc.message_child import frame
from condatui_core.snapshots.document import is_host_name

_LOOK = 0.25
"""Seconds between two looks at unfinished lines, and at whether condatui still lives."""
_LONGEST_LINE = 1 << 20
"""Bytes; the lines of a snapshot have four thousand. ClusterShell copies an unfinished line whenever more comes."""
_MOST_COMPLAINED = 16 << 10
_STDOUT = "stdout"

Send = Callable[[Struct], None]


class _Worker(Protocol):
    """What this module uses of a worker of ClusterShell."""

    def abort(self) -> None: ...

    def write(self, buf: bytes) -> None: ...

    def set_write_eof(self) -> None: ...

    def _engine_clients(self) -> Sequence[object]: ...


class _HostHandler(EventHandler):  # type: ignore[misc]  # ClusterShell has no types
    """Collects what one host says, and ends it if that is too much."""

    def __init__(self, host: str, most_bytes: int, send: Send) -> None:
        self.worker: _Worker | None = None
        self._host = host
        self._left = most_bytes
        self._send = send
        self._said = bytearray()
        self._complained = bytearray()
        self._exit_code: int | None = None
        self._too_much = False
        self._began = time.monotonic()

    def ev_pickup(self, worker: _Worker, node: str) -> None:  # noqa: ARG002 - ClusterShell's signature
        """Note that it begins: with many hosts some have to wait for their turn."""
        self._began = time.monotonic()

    def ev_read(self, worker: _Worker, node: str, sname: str, msg: bytes) -> None:  # noqa: ARG002 - as above
        """Keep a line."""
        self.count(len(msg) + 1)
        if self._too_much:
            return
        if sname == _STDOUT:
            self._said += msg + b"\n"
        else:
            self._complained += msg + b"\n"
            del self._complained[:-_MOST_COMPLAINED]

    def ev_hup(self, worker: _Worker, node: str, rc: int | None) -> None:  # noqa: ARG002 - as above
        """Note the exit code."""
        self._exit_code = rc

    def ev_close(self, worker: _Worker, timedout: bool) -> None:  # noqa: ARG002 - as above
        """Tell condatui what there is."""
        ended: Ended = "exited"
        if self._too_much:
            ended = "too-much"
        elif timedout:
            ended = "timed-out"
        elif self._exit_code is None:
            ended = "aborted"
        self.worker = None
        self._send(
            HostAnswer(
                host=self._host,
                ended=ended,
                exit_code=self._exit_code,
                said=bytes(self._said) if ended == "exited" else b"",
                complained=self._complained.decode("utf-8", "replace"),
                seconds=time.monotonic() - self._began,
            )
        )

    def count(self, more: int) -> None:
        """Count bytes that have come, and end the host if they are too many."""
        self._left -= more
        if self._left < 0 and not self._too_much:
            self._too_much = True
            self._said.clear()
            if self.worker:
                self.worker.abort()

    def look_at_unfinished_line(self) -> None:
        """End the host if it writes on and on without ending its line, which ClusterShell would keep whole."""
        clients = self.worker._engine_clients() if self.worker else ()
        for client in clients:
            streams = list(getattr(client, "streams", {}).values())
            if sum(len(each.rbuf) for each in streams) > min(self._left, _LONGEST_LINE):
                self.count(self._left + 1)
                return


class _Watch(EventHandler):  # type: ignore[misc]  # as above
    """Looks now and then at what no event tells."""

    def __init__(self, handlers: list[_HostHandler]) -> None:
        self._handlers = handlers
        self._parent = os.getppid()

    def ev_timer(self, timer: object) -> None:  # noqa: ARG002 - ClusterShell's signature
        """End everything if condatui is gone, and hosts that flood."""
        if os.getppid() != self._parent and os.getpgrp() == os.getpid():
            os.killpg(0, signal.SIGKILL)
        for each in self._handlers:
            each.look_at_unfinished_line()


def run(request: FleetRequest, send: Send) -> None:
    """Run the command on every host, and send what each has said as soon as it has ended."""
    try:
        nodes = NodeSet.fromlist(request.hosts)
        if len(nodes) > request.most_hosts:
            send(BadRequest(f"These are {len(nodes):,} hosts.", hint=f"At most {request.most_hosts:,} are asked."))
            return
        task = _task(request)
    except NodeSetException as error:
        send(BadRequest("These hosts are no node set.", str(error), "Such as gpu[01-16],login or @group are."))
        return
    except (ImportError, AttributeError) as error:
        send(BadRequest(f"ClusterShell has no worker `{request.worker}`.", str(error), "It has ssh and rsh."))
        return
    names = tuple(map(str, nodes))
    if bad := _why_not(names):
        send(bad)
        return
    send(NamedHosts(names))
    try:
        _schedule(task, names, request, send)
    except EngineClientNotSupportedError as error:
        hint = "`--remote installed` pipes nothing."
        send(BadRequest(f"The worker `{request.worker}` cannot pipe the collector.", str(error), hint))
        return
    task.run()


def _why_not(names: Sequence[str]) -> BadRequest | None:
    """What is wrong with the hosts: to ssh a name that begins with `-` is an option, which may run anything."""
    if not names:
        return BadRequest("The node set is empty.")
    if wrong := next((each for each in names if not is_host_name(each)), ""):
        hint = "A name has letters, digits, `.`, `_` and `-`; `--ssh-options '-l NAME'` logs in as another user."
        return BadRequest(f"`{wrong}` is no name of a host.", hint=hint)
    return None


def _task(request: FleetRequest) -> Task:
    if request.worker:
        DEFAULTS.distant_workername = request.worker
    task = task_self()
    task.set_default("stdout_msgtree", False)
    task.set_default("stderr_msgtree", False)
    if request.fanout:
        task.set_info("fanout", request.fanout)
    if request.connect_timeout:
        task.set_info("connect_timeout", request.connect_timeout)
    if request.ssh_options:
        task.set_info("ssh_options", request.ssh_options)
    return task


def _schedule(task: Task, names: tuple[str, ...], request: FleetRequest, send: Send) -> None:
    handlers = []
    for name in names:
        handler = _HostHandler(name, request.most_bytes, send)
        worker = task.shell(request.command, nodes=name, handler=handler, timeout=request.timeout, stderr=True)
        if request.script:
            worker.write(request.script.encode())
        if request.script or hasattr(worker, "set_write_eof"):
            worker.set_write_eof()
        handler.worker = worker
        handlers.append(handler)
    task.timer(_LOOK, handler=_Watch(handlers), interval=_LOOK, autoclose=True)


def main() -> None:
    """Serve the request on stdin; what anything else prints goes to stderr."""
    bound_memory()
    request = msgspec.msgpack.decode(sys.stdin.buffer.read(), type=FleetRequest)
    os.environ.pop("PYTHONPATH", None)  # the commands that connect may be Python programs as well
    stream = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    encode = msgspec.msgpack.encode

    def send(message: Struct) -> None:
        stream.write(frame(encode(message)))
        stream.flush()

    run(request, send)


if __name__ == "__main__":
    main()
