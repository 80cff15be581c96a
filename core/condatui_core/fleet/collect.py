"""Ask many hosts for their snapshots: start the process that runs ClusterShell, and store what comes back."""

from __future__ import annotations

import asyncio
import shlex
import time
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from importlib.util import find_spec

import msgspec
from msgspec import Struct

from condatui_core.errors import CondatuiError, UsageError
from condatui_core.fleet.answers import NoSnapshotError, snapshot_in
from condatui_core.fleet.messages import DECODER, BadRequest, FleetRequest, HostAnswer, NamedHosts
from condatui_core.fleet.script import Remote, collector_script, remote_command
from condatui_core.fleet.store import FleetStore
from condatui_core.fs.safe_read import reason
from condatui_core.proc.child import ChildError, own_argv, own_environ
from condatui_core.proc.message_child import MessageChild, message_child
from condatui_core.records.fleet import HostOutcome, HostState
from condatui_core.text import sanitize

_RUNNER = "condatui_core.fleet.runner"
_MOST_BYTES = 48 << 20
"""Of one host; a snapshot of the size that is read at most has 44 MB as text."""
_MOST_HOSTS = 5_000
_MARGIN = 0.85
"""The part of a host's time that the command there may take; the rest is for the connection and the way back."""


class FleetWishes(Struct, frozen=True, kw_only=True):
    """Which hosts to ask, and how."""

    hosts: tuple[str, ...]
    """Node sets, as ClusterShell spells them."""
    remote: Remote = "auto"
    arguments: tuple[str, ...] = ()
    """What `condatui snapshot` there is told besides."""
    version: str
    """condatui's own."""
    worker: str = ""
    ssh_options: str = ""
    fanout: int = 0
    timeout: float = 300.0
    """Seconds."""
    connect_timeout: float = 0.0
    """Seconds; 0 for ClusterShell's own."""

    def request(self) -> FleetRequest:
        """What the process that runs ClusterShell is asked."""
        return FleetRequest(
            hosts=self.hosts,
            command=remote_command(self.remote, self.arguments, seconds=max(1.0, self.timeout * _MARGIN)),
            script="" if self.remote == "installed" else collector_script(self.version),
            worker=self.worker,
            ssh_options=self.ssh_options,
            fanout=self.fanout,
            timeout=self.timeout,
            connect_timeout=self.connect_timeout,
            most_bytes=_MOST_BYTES,
            most_hosts=_MOST_HOSTS,
        )


async def collect(
    wishes: FleetWishes,
    environ: Mapping[str, str],
    store: FleetStore,
    on_hosts: Callable[[Sequence[str]], None] | None = None,
) -> AsyncGenerator[HostOutcome, None]:
    """Ask the hosts, and yield what became of each as soon as it is known; `on_hosts` gets their names before.

    Closed or cancelled, it ends all that it has started; what was stored before stays. Raises CondatuiError if nothing
    could be asked, UsageError for hosts that are none and where ClusterShell is not installed.
    """
    if find_spec("ClusterShell") is None:
        raise UsageError("Collecting snapshots needs ClusterShell.", hint="pip install 'condatui[fleet]'")
    try:
        shlex.split(wishes.ssh_options)
    except ValueError as error:
        raise UsageError("The options for ssh are no words of a shell.", f"{wishes.ssh_options}: {error}") from error
    await asyncio.to_thread(store.prepare)
    asked = msgspec.msgpack.encode(await asyncio.to_thread(wishes.request))
    argv = own_argv(_RUNNER)
    try:
        async with message_child(argv, own_environ(environ), asked, most_bytes=2 * _MOST_BYTES) as runner:
            hosts = await _named(runner)
            if on_hosts:
                on_hosts(hosts)
            async for answer in _answers(runner, hosts):
                yield await asyncio.to_thread(_outcome, answer, store, wishes.timeout)
    except ChildError as error:
        raise CondatuiError("ClusterShell could not be run.", sanitize(str(error))) from error


async def _answers(runner: MessageChild, hosts: Sequence[str]) -> AsyncGenerator[HostAnswer, None]:
    """The answer of each host; those that are left when the process ends before its time have failed."""
    began = time.monotonic()
    waiting = set(hosts)
    while waiting:
        try:
            answer = DECODER.decode(await runner.message())
        except EOFError:
            words = await runner.last_words()
            for host in sorted(waiting):
                seconds = time.monotonic() - began
                yield HostAnswer(
                    host=host, ended="aborted", exit_code=None, said=b"", complained=words, seconds=seconds
                )
            return
        if isinstance(answer, BadRequest):
            raise _refused(answer)
        if isinstance(answer, HostAnswer):
            waiting.discard(answer.host)
            yield answer


async def _named(runner: MessageChild) -> Sequence[str]:
    """The names of the hosts. UsageError if the process refuses to ask them."""
    try:
        first = DECODER.decode(await runner.message())
    except EOFError as error:
        raise CondatuiError("ClusterShell could not be run.", await runner.last_words()) from error
    if isinstance(first, BadRequest):
        raise _refused(first)
    assert isinstance(first, NamedHosts)
    return first.names


def _refused(bad: BadRequest) -> UsageError:
    return UsageError(sanitize(bad.title), sanitize(bad.detail), bad.hint)


def _outcome(answer: HostAnswer, store: FleetStore, timeout: float) -> HostOutcome:
    """Store the snapshot of a host, or say why there is no new one."""
    try:
        snapshot = snapshot_in(answer, timeout=timeout)
        file = store.keep(answer.host, snapshot)
    except NoSnapshotError as error:
        return _without(answer, store, error.state, error.reason)
    except OSError as error:
        return _without(answer, store, "not-stored", sanitize(reason(error)))
    return HostOutcome(
        host=answer.host,
        state="ok",
        seconds=answer.seconds,
        collector=snapshot.collector,
        environments=len(snapshot.list.environments),
        unread=len(snapshot.unread),
        file=file,
    )


def _without(answer: HostAnswer, store: FleetStore, state: HostState, why: str) -> HostOutcome:
    former = store.former(answer.host)
    file = str(store.file_of(answer.host)) if former else ""
    return HostOutcome(host=answer.host, state=state, reason=why, seconds=answer.seconds, file=file, former=former)
