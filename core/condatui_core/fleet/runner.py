"""The process that runs ClusterShell, `python -m condatui_core.fleet.runner`: a request on stdin, answers on stdout.

ClusterShell forks and has an event loop of its own. Alone in a process, it can be ended with everything that it has
started: the commands are in the group of this process, which condatui ends.
"""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import Protocol, cast

import msgspec
from ClusterShell.Defaults import DEFAULTS
from ClusterShell.Event import EventHandler
from ClusterShell.NodeSet import NodeSet, NodeSetException, std_group_resolver
from ClusterShell.Task import Task, task_self
from ClusterShell.Worker.EngineClient import EngineClientNotSupportedError
from msgspec import Struct

from condatui_core.fleet.host_count import BoundedGroups, TooManyHostsError
from condatui_core.fleet.messages import BadRequest, Ended, FleetRequest, HostAnswer, NamedHosts
from condatui_core.proc.child import bound_memory
from condatui_core.proc.frames import frame
from condatui_core.snapshots.document import is_host_name

_LOOK = 0.25
"""Seconds between two looks at unfinished lines, and at whether condatui still lives."""
_LONGEST_LINE = 1 << 20
"""Bytes; the lines of a snapshot have four thousand. ClusterShell copies an unfinished line whenever more comes."""
_MOST_COMPLAINED = 16 << 10
_ROOM = 10
"""How many times as many hosts a node set may name as it may leave over: `@all!gpu[1-400]` takes some away."""
_STDOUT = "stdout"

Send = Callable[[Struct], None]


class _Client(Protocol):
    """What this module uses of the command of one host."""

    key: str
    streams: Mapping[str, _Stream]

    def abort(self) -> None: ...


class _Stream(Protocol):
    rbuf: bytes
    """The beginning of a line that has not ended yet."""


class _Worker(Protocol):
    """What this module uses of the commands of all hosts."""

    task: Task

    def write(self, buf: bytes) -> None: ...

    def set_write_eof(self) -> None: ...

    def _engine_clients(self) -> Sequence[_Client]: ...


class _Host:
    """What one host has said so far."""

    def __init__(self, name: str, left: int) -> None:
        self.name = name
        self.left = left
        """Bytes that it may still say."""
        self.said = bytearray()
        self.complained = bytearray()
        self.began = time.monotonic()
        self.told = False

    def take(self, stream: str, line: bytes) -> None:
        """Keep a line: all of stdout, the end of stderr."""
        self.left -= len(line) + 1
        if stream == _STDOUT:
            self.said += line + b"\n"
        else:
            self.complained += line + b"\n"
            del self.complained[:-_MOST_COMPLAINED]

    def answer(self, ended: Ended, exit_code: int | None = None) -> HostAnswer:
        """What condatui is told."""
        self.told = True
        said = bytes(self.said) if ended == "exited" else b""
        self.said.clear()
        return HostAnswer(
            host=self.name,
            ended=ended,
            exit_code=exit_code,
            said=said,
            complained=self.complained.decode("utf-8", "replace"),
            seconds=time.monotonic() - self.began,
        )


class _Hosts(EventHandler):  # type: ignore[misc]  # ClusterShell has no types
    """Hears all hosts, and tells condatui of each as soon as it has ended."""

    def __init__(self, names: Sequence[str], most_bytes: int, send: Send) -> None:
        self.worker: _Worker | None = None
        self._hosts = {name: _Host(name, most_bytes) for name in names}
        self._send = send
        self._parent = os.getppid()

    def ev_pickup(self, worker: _Worker, node: str) -> None:  # noqa: ARG002 - ClusterShell's signature
        """Note that a host begins: with many of them some have to wait for their turn."""
        self._hosts[node].began = time.monotonic()

    def ev_read(self, worker: _Worker, node: str, sname: str, msg: bytes) -> None:  # noqa: ARG002 - as above
        """Keep a line, and end the host if that is too much."""
        host = self._hosts[node]
        if not host.told:
            host.take(sname, msg)
            if host.left < 0:
                self._end(host)

    def ev_hup(self, worker: _Worker, node: str, rc: int | None) -> None:  # noqa: ARG002 - as above
        """Tell of a host that has ended by itself."""
        if not self._hosts[node].told:
            self._send(self._hosts[node].answer("exited", rc))

    def ev_close(self, worker: _Worker, timedout: bool) -> None:  # noqa: ARG002 - as above
        """Tell of those that did not end by themselves."""
        late = set(map(str, worker.task.iter_keys_timeout()))
        for host in self._hosts.values():
            if not host.told:
                self._send(host.answer("timed-out" if host.name in late else "aborted"))

    def ev_timer(self, timer: object) -> None:  # noqa: ARG002 - as above
        """End everything if condatui is gone, and each host whose line goes on and on: ClusterShell keeps it whole."""
        if os.getppid() != self._parent and os.getpgrp() == os.getpid():
            os.killpg(0, signal.SIGKILL)
        for client in self._clients():
            host = self._hosts.get(client.key)
            unfinished = sum(len(each.rbuf) for each in client.streams.values())
            if host and not host.told and unfinished > _LONGEST_LINE:
                self._end(host)

    def _end(self, host: _Host) -> None:
        """End a host that says too much."""
        self._send(host.answer("too-much"))
        for client in self._clients():
            if client.key == host.name:
                client.abort()

    def _clients(self) -> list[_Client]:
        """The commands of the hosts; none where gateways run them, which end them when their time is over."""
        return [*self.worker._engine_clients()] if self.worker else []


def run(request: FleetRequest, send: Send) -> None:
    """Run the command on every host, and send what each has said as soon as it has ended."""
    try:
        nodes = _nodes(request)
        task = _task(request)
    except TooManyHostsError as error:
        send(BadRequest(f"These are {error.count:,} hosts.", hint=f"At most {request.most_hosts:,} are asked."))
        return
    except (NodeSetException, AssertionError) as error:  # AssertionError: a range that it finds too large
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


def _nodes(request: FleetRequest) -> NodeSet:
    """The hosts that are asked. Raises TooManyHostsError, if need be before ClusterShell makes a text of each."""
    groups = BoundedGroups(std_group_resolver(), request.most_hosts * _ROOM)
    nodes = NodeSet.fromlist(groups.checked([*request.hosts]), resolver=groups)
    if len(nodes) > request.most_hosts:
        raise TooManyHostsError(len(nodes))
    return nodes


def _why_not(names: Sequence[str]) -> BadRequest | None:
    """What is wrong with the hosts: to ssh a name that begins with `-` is an option, which may run anything."""
    if not names:
        return BadRequest("The node set is empty.", hint="A group that ClusterShell does not know has no hosts.")
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


def _schedule(task: Task, names: Sequence[str], request: FleetRequest, send: Send) -> None:
    hosts = _Hosts(names, request.most_bytes, send)
    nodes = NodeSet.fromlist(names)
    worker = task.shell(request.command, nodes=nodes, handler=hosts, timeout=request.timeout, stderr=True)
    if request.script:
        worker.write(request.script.encode())
        worker.set_write_eof()
    else:
        with suppress(EngineClientNotSupportedError):  # then it has no stdin to close
            worker.set_write_eof()
    hosts.worker = cast("_Worker", worker)
    task.timer(_LOOK, handler=hosts, interval=_LOOK, autoclose=True)


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
