"""`condatui fleet`: what it prints of hosts that do and do not answer, and what it refuses."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from condatui.cli.invocation import Invocation
from condatui.cli.main import condatui
from condatui_core.snapshots.document import decode_snapshot, read_snapshot
from support.inventories import NOW
from support.prefixes import make_prefix
from support.ssh_hosts import CannotServeError, SshHosts, clean_environ, ssh_hosts


def run(home: Path, *arguments: str) -> Result:
    invocation = Invocation(environ=clean_environ(home), home=home, cwd=str(home), clock=lambda: NOW, terminal=False)
    return CliRunner().invoke(condatui, ["fleet", *arguments], obj=invocation)


@pytest.fixture(scope="module")
def hosts(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SshHosts]:
    directory = tmp_path_factory.mktemp("hosts")
    make_prefix(directory / "data/envs/nlp")
    obey = f'HOME={directory} CONDATUI_USUAL_PLACES=0; export HOME CONDATUI_USUAL_PLACES; eval "$SSH_ORIGINAL_COMMAND"'
    try:
        with ssh_hosts(directory, {"gpu01": obey, "gpu02": obey}) as served:
            yield served
    except CannotServeError as error:
        pytest.skip(str(error))


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("home")


@pytest.fixture(scope="module")
def asked(hosts: SshHosts, home: Path) -> Result:
    root = str(hosts.config.parent / "data")
    options = ("-o", "snapshots", "--no-sizes", "--remote", "piped", "--ssh-options", hosts.options)
    return run(home, "gpu[01-02]", "dead", *options, "--", "--root", root)


def test_it_prints_a_row_for_each_host_and_fails_if_one_is_missing(asked: Result, home: Path) -> None:
    assert asked.exit_code == 1, asked.output
    title, dead, first, second = (line.split() for line in asked.stdout.splitlines())
    assert title == ["host", "state", "envs", "seconds", "by", "snapshot"]
    assert dead[:3] + dead[4:] == ["✗", "dead", "unreachable", "–", "Connection", "refused"]
    assert [row[:4] + row[5:] for row in (first, second)] == [
        ["✓", host, "ok", "1", "piped", "new"] for host in ("gpu01", "gpu02")
    ]
    assert asked.stderr.splitlines() == [
        "condatui: new snapshots of 2 of 3 hosts",
        f"  condatui list --snapshots {home}/snapshots shows them",
    ]


def test_what_stands_after_the_dashes_is_for_the_hosts(asked: Result, home: Path) -> None:
    snapshot = read_snapshot(str(home / "snapshots/gpu01.json.gz"))
    assert [Path(each.prefix).name for each in snapshot.list.environments] == ["nlp"]
    assert snapshot.disk == {}


def test_the_document_says_the_same(asked: Result, hosts: SshHosts, home: Path) -> None:
    result = run(home, "gpu02,locked", "-o", "snapshots", "--json", "--ssh-options", hosts.options)
    assert result.exit_code == 1
    document = json.loads(result.stdout)
    assert (document["directory"], document["ok"]) == (f"{home}/snapshots", False)
    good, bad = document["hosts"]
    assert (good["host"], good["state"], good["file"]) == ("gpu02", "ok", f"{home}/snapshots/gpu02.json.gz")
    assert (bad["host"], bad["state"], bad["file"], bad["former"]) == ("locked", "denied", None, None)
    assert "Permission denied" in bad["reason"]


def test_all_well_is_0_and_a_former_snapshot_is_told_with_its_age(asked: Result, hosts: SshHosts, home: Path) -> None:
    options = ("-o", "snapshots", "--ssh-options", hosts.options)
    assert run(home, "gpu01", *options).exit_code == 0
    shutil.copy(home / "snapshots/gpu01.json.gz", home / "snapshots/dead.json.gz")  # the age is that of the file
    result = run(home, "dead", *options)
    assert result.exit_code == 1
    assert result.stdout.splitlines()[1].split()[-3:] == ["today", "Connection", "refused"]
    assert result.stderr == "condatui: new snapshots of 0 of 1 host\n"


def test_the_script_can_be_had_for_other_ways_to_run_it(tmp_path: Path) -> None:
    make_prefix(tmp_path / "miniforge3/envs/nlp")
    result = run(tmp_path, "--print-script")
    assert result.exit_code == 0
    (tmp_path / "collector.py").write_text(result.stdout)
    environ = {"HOME": str(tmp_path), "CONDATUI_USUAL_PLACES": "0"}
    command = (sys.executable, tmp_path / "collector.py", "--root", tmp_path)
    done = subprocess.run(command, env=environ, capture_output=True, check=True)
    assert [Path(each.prefix).name for each in decode_snapshot(done.stdout, "here").list.environments] == ["nlp"]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("gpu[01",), "These hosts are no node set."),
        ((), "Missing argument"),
        (("--", "a"), "Missing argument"),
        (("a", "--timeout", "0"), "0.0 is not in the range"),
        (("a", "--remote", "x"), "is not one of"),
        (("a", "-o", ""), "A path is empty."),
        (("a", "--ssh-options", '"'), "no words of a shell"),
    ],
)
def test_a_wrong_call_asks_nobody(tmp_path: Path, arguments: tuple[str, ...], words: str) -> None:
    result = run(tmp_path, *arguments)
    assert result.exit_code == 2
    assert words in result.stderr


def test_a_directory_that_is_none_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("mine")
    result = run(tmp_path, "a", "-o", "file")
    assert (result.exit_code, result.stdout) == (1, "")
    assert "The snapshots cannot be stored." in result.stderr
    assert (tmp_path / "file").read_text() == "mine"


def test_without_clustershell_it_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("condatui_core.fleet.collect.find_spec", lambda name: None)
    result = run(tmp_path, "a")
    assert result.exit_code == 2
    assert "pip install 'condatui[fleet]'" in result.stderr
