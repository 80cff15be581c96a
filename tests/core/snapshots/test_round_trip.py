"""What a snapshot keeps of a machine, and that no credential is among it, whoever has written it."""

from __future__ import annotations

import gzip
import json
import re
from datetime import timedelta
from itertools import product
from pathlib import Path

import pytest
from msgspec.structs import replace

from condatui_core.fleet.store import FleetStore
from condatui_core.records.disk import DiskUse
from condatui_core.records.environment import KeepMark
from condatui_core.records.host_snapshot import HeldBytes
from condatui_core.records.installation import ChannelConfig
from condatui_core.snapshots.document import decode_snapshot, host_name_of, is_host_name, read_snapshot
from condatui_core.snapshots.machine import verified_snapshot
from condatui_core.text import strip_credentials
from support.credentials import CHANNELS, SECRET, SPECS, URLS
from support.gpu_facts import no_torch
from support.inventories import (
    NOW,
    ROOT,
    days_ago,
    environment,
    finding,
    inventory,
    loaded,
    package,
    pip_package,
    research,
)
from support.snapshots import put_snapshot, read_all, snapshot_bytes, snapshot_document

TOKEN = SECRET


def test_a_machine_is_told_as_it_is(tmp_path: Path) -> None:
    config = ChannelConfig(channel_alias="https://mirror.example.org")
    kept = loaded("kept", [package("zlib")], keep=KeepMark(note="paper", at=NOW, by="ada"), foreign="linux-aarch64")
    machine = inventory(research(), kept, environment("gone", state="missing"), channel_configs=((ROOT, config),))
    use = DiskUse(
        prefix=research().prefix,
        total=700,
        exclusive=300,
        shared_with_cache=400,
        shared_with_environments=0,
        outside=0,
        apparent=0,
    )
    data = snapshot_bytes("gpu07", machine, uses={use.prefix: use}, verdicts={use.prefix: no_torch(use.prefix)})
    (tmp_path / "any name.json.gz").write_bytes(data)
    told = read_all(tmp_path)

    (host,) = told.machines
    assert (host.host, host.at, host.collector, host.environments, host.packages) == ("gpu07", NOW, "condatui", 3, 6)
    broken = f"{ROOT}/envs/research/conda-meta/x.json: not valid JSON"
    assert host.unread == ((f"{ROOT}/envs/research", broken), (f"{ROOT}/envs/gone", "missing"))
    assert host.examined
    by_name = {each.name: each for each in told.inventory.environments}
    assert list(by_name) == ["gone", "kept", "research"]
    one = by_name["research"]
    assert (one.host, one.prefix, one.path) == ("gpu07", f"gpu07:{ROOT}/envs/research", f"{ROOT}/envs/research")
    assert (one.python, one.channels, one.managed_bytes) == ("3.10.14", research().channels, 4_080_001_000)
    assert (one.created, one.last_used) == (research().created, days_ago(3))
    assert [each.message for each in one.findings] == ["pip replaced numpy 1.26.4 by 2.0.1"]
    assert by_name["kept"].keep == KeepMark(note="paper", at=NOW, by="ada")
    assert by_name["kept"].foreign == "linux-aarch64"
    assert by_name["gone"].contents is None
    assert by_name["gone"].state == "missing"
    assert told.inventory.channel_config(one) == config
    assert told.disk == {one.prefix: HeldBytes(bytes=700, exclusive=300)}
    assert told.gpu[one.prefix].kind == "absent"

    contents, was = one.contents, research().contents
    assert contents
    assert was
    assert [(each.name, each.build, each.base_url, each.md5) for each in contents.packages] == [
        (each.name, each.build, each.base_url, each.md5) for each in was.packages
    ]
    assert [each.name for each in contents.pip_distributions] == ["numpy", "research"]
    assert [(each.name, each.origin, each.location) for each in contents.distributions if each.location] == [
        ("research", "editable", "/home/ada/research")
    ]
    assert contents.replaced == was.replaced
    assert contents.requested_names == was.requested_names
    assert contents.history.requested == was.history.requested
    assert contents.variables == ()


def test_equal_packages_of_all_machines_are_one_object(tmp_path: Path) -> None:
    packages = [package("numpy"), package("scipy", "2.0")]
    for host in ("a", "b"):
        put_snapshot(tmp_path, host, loaded("x", packages), loaded("y", packages[:1]))
    one, other, *rest = read_all(tmp_path).inventory.environments
    assert one.contents is other.contents
    assert one.contents
    assert rest[0].contents
    assert rest[0].contents.packages[0] is one.contents.packages[0]


def test_the_newest_of_a_machine_counts_and_none_from_the_future(tmp_path: Path) -> None:
    (tmp_path / "1.json.gz").write_bytes(snapshot_bytes("gpu07", inventory(loaded("old")), at=NOW - timedelta(days=3)))
    (tmp_path / "2.json.gz").write_bytes(snapshot_bytes("gpu07", inventory(loaded("new")), at=NOW))
    (tmp_path / "3.json.gz").write_bytes(snapshot_bytes("gpu07", inventory(loaded("bad")), at=NOW + timedelta(days=9)))
    told = read_all(tmp_path)
    assert [each.name for each in told.inventory.environments] == ["new"]
    assert [Path(each).name for each in told.machines[0].older] == ["1.json.gz", "3.json.gz"]


def test_no_credential_is_written() -> None:
    for said in (*URLS, *SPECS):
        one = loaded(
            "x",
            [
                package("numpy", license=said),
                *(package(f"p{n}", base_url=strip_credentials(each)) for n, each in enumerate(CHANNELS)),
            ],
            [pip_package("tool", origin="vcs", url=said, revision=said, location=f"/x?token={SECRET}")],
            findings=(finding(message=f"from {said}", remedy=f"conda install -c {said} numpy", evidence=(said,)),),
            channels=((said, 1),),
        )
        assert one.contents
        history = replace(one.contents.history, requested=(("numpy", said),))
        one = replace(one, contents=replace(one.contents, history=history, variables=(("KEY", SECRET),)))
        text = snapshot_bytes("gpu07", inventory(one), compressed=False)
        assert b"numpy" in text
        assert re.findall(f'[^" ]*{SECRET}[^" ]*', text.decode()) == []


def test_no_credential_of_a_host_is_stored(tmp_path: Path) -> None:
    """What a host has told goes into a file of this machine: the rows are not looked into when it is decoded."""
    document = snapshot_document("gpu07", loaded("x", [package("numpy")], [pip_package("tool")]))
    prefix = f"{ROOT}/envs/x"
    document["table"] = [
        ["numpy", "1", said, channel, "linux-64", "conda", 1, 0, said, said, said, 0, [[said, said]]]
        for said, channel in product((*URLS, *SPECS), CHANNELS)
    ] + [
        ["tool", "1", "", None, "", "pypi", 1, 0, "", "", "", 0, [], "editable", URLS[0], URLS[0], f"/x?token={SECRET}"]
    ]
    document["packages"][prefix] = {"rows": [0], "requested": {"numpy": SPECS[0]}, "replaced": [[URLS[0]] * 4]}
    document["gpu"] = {prefix: {"verdict": "x", "class": "broken", "message": URLS[0]}}
    document["unread"] = [[prefix, URLS[0]]]
    store = FleetStore(tmp_path)
    file = store.keep("gpu07", decode_snapshot(json.dumps(document).encode(), "gpu07"))
    assert SECRET not in gzip.decompress(Path(file).read_bytes()).decode()
    (one,) = read_all(tmp_path).inventory.environments
    assert one.contents
    assert one.contents.history.requested == (("numpy", "https://***@host.example/c::numpy"),)


def test_an_ordinary_row_of_a_host_is_stored_as_it_is(tmp_path: Path) -> None:
    made = decode_snapshot(snapshot_bytes("gpu07", inventory(research())), "gpu07")
    file = FleetStore(tmp_path).keep("gpu07", made)
    assert list(map(bytes, read_snapshot(file).table)) == list(map(bytes, made.table))


HOSTILE = ("x" * 5000, "\ud800" * 4096, f"https://me:{'x' * 4090}@host.example/c", "\x1b[2J\n\0", "é" * 4097)


@pytest.mark.parametrize("said", HOSTILE, ids=range(len(HOSTILE)))
def test_whatever_the_machine_holds_the_snapshot_can_be_read(said: str) -> None:
    huge = 1 << 70
    conda = package("numpy", version=said, build=said, license=said, md5=said, installed_bytes=huge, build_number=huge)
    pip = pip_package(said, origin="vcs", url=said, revision=said, location=said, installed_bytes=huge)
    one = loaded("x", [conda], [pip], findings=(finding(message=said, label=said, evidence=(said,)),), foreign=said)
    assert one.contents
    history = replace(one.contents.history, requested=(("numpy", said),))
    one = replace(one, contents=replace(one.contents, history=history))
    verified_snapshot(snapshot_bytes("gpu07", inventory(one)), "here")


def test_no_credential_of_others_is_shown(tmp_path: Path) -> None:
    channel = f"https://ada:{TOKEN}@host.example/t/{TOKEN}/private"
    document = snapshot_document("gpu07", loaded("x", [package("numpy")], [pip_package("tool")]))
    for row in document["table"]:
        row[3] = channel
        row[14] = channel
    document["list"]["environments"][0].update(
        channels={channel: 1},
        findings=[{"id": "x", "severity": "note", "message": channel, "remedy": channel, "evidence": [channel]}],
    )
    document["list"]["problems"] = [{"id": "x", "severity": "note", "message": channel}]
    prefix = f"{ROOT}/envs/x"
    document["packages"][prefix]["requested"] = {"numpy": f"{channel}::numpy"}
    document["gpu"] = {prefix: {"verdict": "x", "class": "broken", "message": channel}}
    document["unread"] = [[prefix, channel]]
    (tmp_path / "x.json").write_text(json.dumps(document))
    told = read_all(tmp_path)
    assert told.machines
    assert TOKEN not in repr(told)


def test_a_path_that_is_not_utf8_is_told_as_it_is_shown(tmp_path: Path) -> None:
    put_snapshot(tmp_path, "gpu07", loaded("x", [package("numpy")], prefix="/opt/\udcff"))
    (one,) = read_all(tmp_path).inventory.environments
    assert one.path == "/opt/\\xff"
    assert one.contents


def test_the_same_machine_gives_the_same_bytes() -> None:
    machine = inventory(research())
    data = snapshot_bytes("gpu07", machine)
    assert data == snapshot_bytes("gpu07", machine)
    assert json.loads(gzip.decompress(data))["host"] == "gpu07"


def test_names_of_machines() -> None:
    assert [host_name_of(each) for each in ("gpu07", "node 1/é", "-x", "")] == ["gpu07", "node-1-", "x", "localhost"]
    assert [is_host_name(each) for each in ("gpu07.c-1", "-x", "a:b", "a/b", "..", "a\n", "x" * 254)] == [
        True, *[False] * 6
    ]  # fmt: skip
