"""Hosts of every kind behind a real sshd, asked by the real ClusterShell."""

from __future__ import annotations

import asyncio
import base64
import gzip
import json
import os
import re
import shlex
import shutil
import signal
import socket
import stat
import subprocess
import sys
from collections.abc import Iterator
from contextlib import aclosing
from pathlib import Path

import psutil
import pytest

from condatui_core.collector.main import BEGIN, END
from condatui_core.errors import UsageError
from condatui_core.fleet.collect import FleetWishes, collect
from condatui_core.fleet.script import Remote
from condatui_core.fleet.store import FleetStore
from condatui_core.proc.child import own_environ
from condatui_core.records.fleet import HostOutcome
from condatui_core.snapshots.document import decode_snapshot, read_snapshot
from support.prefixes import make_prefix
from support.processes import until
from support.ssh_hosts import CannotServeError, SshHosts, clean_environ, ssh_hosts

LIE = {"format": 1, "host": "plain", "at": "2034-05-06T07:08:09+00:00", "collector": "condatui"}
"""What a host says that would like to be another one."""


def in_home(home: Path) -> str:
    """What a host does that obeys, in a home with an environment."""
    return f"HOME={shlex.quote(str(home))} CONDATUI_USUAL_PLACES=0; export HOME CONDATUI_USUAL_PLACES; "


def installed_in(directory: Path) -> Path:
    """A directory of programs with this condatui among them."""
    place = directory / "their bin"
    place.mkdir()
    path = shlex.quote(os.pathsep.join(filter(None, sys.path)))
    program = f'#!/bin/sh\nPYTHONPATH={path} exec {shlex.quote(sys.executable)} -m condatui "$@"\n'
    (place / "condatui").write_text(program)
    (place / "condatui").chmod(0o755)
    return place


@pytest.fixture(scope="module")
def directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("fleet")


@pytest.fixture(scope="module")
def hosts(directory: Path) -> Iterator[SshHosts]:
    home = directory / "their home"
    prefix = make_prefix(home / "envs/nlp")
    prefix.package("numpy", "1.26.4", "py311_0")
    (home / ".conda").mkdir()
    (home / ".conda/environments.txt").write_text(f"{prefix}\n")
    lie = base64.b64encode(gzip.compress(json.dumps(LIE).encode())).decode()
    obey = 'eval "$SSH_ORIGINAL_COMMAND"'
    commands = {
        "plain": in_home(home) + obey,
        "chatty": f"echo Welcome; echo hello >&2; {in_home(home)}{obey}",
        "rubbish": "cat >/dev/null; echo '<html>'; echo; echo more",
        "liar": f"cat >/dev/null; echo {BEGIN}; echo {lie}; echo {END}",
        "flood": "exec cat /dev/zero",
        "hanging": "exec sleep 20",
        "gate": obey,
        "full": f"PATH={shlex.quote(str(installed_in(directory)))}:$PATH; export PATH; {in_home(home)}{obey}",
        "broken": "cat >/dev/null; echo it is broken >&2; exit 3",
    }
    try:
        with ssh_hosts(directory, commands) as served:
            yield served
    except CannotServeError as error:
        pytest.skip(str(error))


def wishes(
    served: SshHosts, *asked: str, remote: Remote = "piped", arguments: tuple[str, ...] = (), timeout: float = 60.0
) -> FleetWishes:
    return FleetWishes(
        hosts=asked,
        remote=remote,
        arguments=arguments,
        version="1.0",
        ssh_options=served.options,
        timeout=timeout,
        connect_timeout=30,
    )


async def outcomes(wish: FleetWishes, store: FleetStore, **environ: str) -> dict[str, HostOutcome]:
    async with aclosing(collect(wish, {**clean_environ(store.directory.parent), **environ}, store)) as found:
        return {each.host: each async for each in found}


ALL = ("plain,chatty,rubbish,liar,flood", "broken,dead,locked")


@pytest.fixture(scope="module")
def store(directory: Path) -> FleetStore:
    """A directory in which two of the hosts have a snapshot of a former time."""
    kept = FleetStore(directory / "own/snapshots")
    kept.prepare()
    for host in ("dead", "plain"):
        kept.file_of(host).write_bytes(json.dumps({**LIE, "host": host}).encode())
        os.utime(kept.file_of(host), (1_700_000_000, 1_700_000_000))
    return kept


@pytest.fixture(scope="module")
def fleet(hosts: SshHosts, store: FleetStore) -> dict[str, HostOutcome]:
    return asyncio.run(outcomes(wishes(hosts, *ALL), store))


def test_every_host_is_there_once(fleet: dict[str, HostOutcome]) -> None:
    assert sorted(fleet) == sorted(",".join(ALL).split(","))


@pytest.mark.parametrize("host", ["plain", "chatty"])
def test_a_host_with_nothing_but_a_python_gives_its_snapshot(
    fleet: dict[str, HostOutcome], store: FleetStore, host: str
) -> None:
    outcome = fleet[host]
    assert (outcome.state, outcome.collector, outcome.environments) == ("ok", "standalone", 1)
    assert outcome.file == str(store.file_of(host))
    snapshot = read_snapshot(outcome.file)
    assert snapshot.host == host
    assert [each.name for each in snapshot.list.environments] == [next(iter(snapshot.packages))]
    assert [json.loads(bytes(row))[0] for row in snapshot.table] == ["numpy", "python"]
    assert stat.S_IMODE(store.directory.stat().st_mode) == 0o700


@pytest.mark.parametrize(
    ("host", "state", "words"),
    [
        ("dead", "unreachable", "Connection refused"),
        ("locked", "denied", "Permission denied"),
        ("rubbish", "no-snapshot", "it said `<html>`"),
        ("flood", "no-snapshot", "far more than a snapshot"),
        ("broken", "failed", "it is broken"),
    ],
)
def test_every_other_one_is_told_with_its_reason(
    fleet: dict[str, HostOutcome], host: str, state: str, words: str
) -> None:
    assert fleet[host].state == state
    assert words in fleet[host].reason
    assert not fleet[host].ok


async def test_one_that_hangs_is_ended_when_its_time_is_over(hosts: SshHosts, tmp_path: Path) -> None:
    found = await outcomes(wishes(hosts, "hanging", timeout=1.0), FleetStore(tmp_path / "snapshots"))
    assert (found["hanging"].state, found["hanging"].reason) == ("timed-out", "it has not come to an end within 1 s")
    await until(lambda: not connections(hosts))


def test_a_failure_leaves_the_former_snapshot(fleet: dict[str, HostOutcome], store: FleetStore) -> None:
    former = fleet["dead"].former
    assert former is not None
    assert former.timestamp() == 1_700_000_000
    assert read_snapshot(fleet["dead"].file).at.year == 2034
    assert (fleet["locked"].former, fleet["locked"].file) == (None, "")


@pytest.mark.skipif(shutil.which("base64") is None, reason="there is no base64")
async def test_the_condatui_that_is_installed_there_makes_the_snapshot(hosts: SshHosts, tmp_path: Path) -> None:
    store = FleetStore(tmp_path / "snapshots")
    found = await outcomes(wishes(hosts, "full", remote="auto", arguments=("--no-sizes",)), store)
    assert (found["full"].state, found["full"].collector, found["full"].environments) == ("ok", "condatui", 1)
    snapshot = read_snapshot(str(store.file_of("full")))
    assert snapshot.host == "full"
    assert [json.loads(bytes(row))[0] for row in snapshot.table] == ["numpy", "python"]


async def test_hosts_behind_a_gateway_are_reached_as_the_topology_says(hosts: SshHosts, tmp_path: Path) -> None:
    name = socket.gethostname().partition(".")[0]
    (tmp_path / "topology.conf").write_text(f"[routes]\n{name}: gate\ngate: plain,chatty,broken\n")
    settings = {"CLUSTERSHELL_CFGDIR": str(tmp_path), "CLUSTERSHELL_GW_PYTHON_EXECUTABLE": sys.executable}
    before = hosts.sessions()
    found = await outcomes(wishes(hosts, "plain,chatty,broken"), FleetStore(tmp_path / "snapshots"), **settings)
    assert {host: each.state for host, each in found.items()} == {"plain": "ok", "chatty": "ok", "broken": "failed"}
    assert hosts.sessions() == before + 4


async def test_a_snapshot_that_cannot_be_stored_costs_no_other_host(hosts: SshHosts, tmp_path: Path) -> None:
    store = FleetStore(tmp_path / "snapshots")
    store.file_of("liar").mkdir(parents=True)
    found = await outcomes(wishes(hosts, "liar,chatty"), store)
    assert found["liar"].state == "not-stored"
    assert "A directory, not a file" in found["liar"].reason
    assert found["chatty"].ok
    assert sorted(each.name for each in store.directory.iterdir()) == ["chatty.json.gz", "liar.json.gz"]


@pytest.mark.parametrize(
    ("there", "words"),
    [
        (b"the user's own", "plain.json.gz is left alone: Not valid JSON"),
        (json.dumps({**LIE, "host": "other"}).encode(), "it is of the host other"),
        (json.dumps({**LIE, "format": 99}).encode(), "made by a newer condatui (format 99)"),
    ],
)
def test_a_file_that_is_no_snapshot_of_the_host_is_not_replaced(tmp_path: Path, there: bytes, words: str) -> None:
    store = FleetStore(tmp_path)
    store.file_of("plain").write_bytes(there)
    with pytest.raises(FileExistsError, match=re.escape(words)):
        store.keep("plain", decode_snapshot(json.dumps(LIE).encode(), "here"))
    assert store.file_of("plain").read_bytes() == there
    assert list(tmp_path.iterdir()) == [store.file_of("plain")]


def test_a_former_snapshot_of_the_host_that_cannot_be_used_does_not_stand_in_its_way(tmp_path: Path) -> None:
    store, host = FleetStore(tmp_path), "plain"
    store.file_of(host).write_text(json.dumps({**LIE, "table": [], "packages": {"/opt/env": {"rows": [5]}}}))
    store.keep(host, decode_snapshot(json.dumps(LIE).encode(), "here"))
    assert read_snapshot(str(store.file_of(host))).host == host


def test_no_host_can_take_the_place_of_another(fleet: dict[str, HostOutcome], store: FleetStore) -> None:
    assert read_snapshot(str(store.file_of("liar"))).host == "liar"
    assert read_snapshot(str(store.file_of("plain"))).collector == "standalone"
    assert sorted(each.name for each in store.directory.iterdir()) == [
        f"{host}.json.gz" for host in ("chatty", "dead", "liar", "plain")
    ]


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ("gpu[1-2", "no node set"),
        ("a,-oProxyCommand=x", "`-oProxyCommand=x` is no name of a host"),
        ("me@plain", "`me@plain` is no name of a host"),
        ("a/../b", "`a/../b` is no name of a host"),
        ("gpu[1-9999]", "9,999 hosts"),
        ("gpu[1-99999999]", "99,999,999 hosts"),
        ("@", "node set"),
    ],
)
async def test_what_is_no_name_is_refused_before_anything_runs(tmp_path: Path, asked: str, words: str) -> None:
    touched = tmp_path / "ran"
    wish = FleetWishes(hosts=(asked,), version="1.0", ssh_options=f"-oProxyCommand='touch {touched}'")
    with pytest.raises(UsageError) as raised:
        await outcomes(wish, FleetStore(tmp_path / "snapshots"))
    assert words in str(raised.value)
    assert not touched.exists()


async def test_a_worker_that_is_none_and_options_that_are_none_are_told(tmp_path: Path) -> None:
    store = FleetStore(tmp_path / "snapshots")
    with pytest.raises(UsageError, match="no worker `nope`"):
        await outcomes(FleetWishes(hosts=("a",), version="1.0", worker="nope"), store)
    with pytest.raises(UsageError, match="cannot pipe"):
        await outcomes(FleetWishes(hosts=("a",), version="1.0", worker="pdsh"), store)
    with pytest.raises(UsageError, match="no words of a shell"):
        await outcomes(FleetWishes(hosts=("a",), version="1.0", ssh_options="'"), store)


async def test_a_runner_that_dies_fails_the_hosts_that_are_left(hosts: SshHosts, tmp_path: Path) -> None:
    store = FleetStore(tmp_path / "snapshots")
    before = hosts.sessions()
    asking = asyncio.ensure_future(outcomes(wishes(hosts, "hanging"), store))
    await until(lambda: hosts.sessions() > before)
    runner = next(each for each in psutil.Process().children() if "condatui_core.fleet.runner" in each.cmdline())
    runner.kill()
    assert (await asking)["hanging"].state == "failed"
    await until(lambda: not connections(hosts))


# The end of everything


def connections(served: SshHosts) -> list[int]:
    """The processes that are connected to a host, or connect others."""
    running = psutil.process_iter(["cmdline"])
    return [each.pid for each in running if str(served.config) in (each.info["cmdline"] or ())]


def started(served: SshHosts, home: Path) -> subprocess.Popen[bytes]:
    """`condatui fleet` on a host that hangs, as a process of its own."""
    arguments = ("fleet", "hanging", "--ssh-options", served.options)
    return subprocess.Popen(
        (sys.executable, "-m", "condatui", *arguments), env=own_environ(clean_environ(home)), stdout=subprocess.PIPE
    )


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGKILL, -9)])
async def test_interrupted_or_killed_it_leaves_nothing_behind(
    hosts: SshHosts, tmp_path: Path, number: int, code: int
) -> None:
    before = hosts.sessions()
    running = started(hosts, tmp_path)
    await until(lambda: hosts.sessions() > before)
    assert connections(hosts)
    running.send_signal(number)
    assert await asyncio.to_thread(running.wait) == code
    await until(lambda: not connections(hosts))
    assert list((tmp_path / "own/state/snapshots").iterdir()) == []
