"""Everything that can be wrong with an environment, beside a good one: each is a finding, none an exception."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from datetime import datetime, timezone
from pathlib import Path

import pytest

from condatui_core.prefixes.conda_meta import RecordReader
from condatui_core.prefixes.prefix import read_prefix
from condatui_core.records.environment import Environment, Inventory
from condatui_core.records.prefix import PrefixContents
from condatui_core.settings import Locations, Settings
from condatui_core.workbench import Workbench
from support.prefixes import FakePrefix, make_prefix, manifest

NOT_UTF8 = os.fsdecode(b"bytes-\xff\xfe")
ESCAPES = "\x1b[2J\x1b]0;gone\x07[/markup] [b]x\n\u202e漢e\u0301"

Spoil = Callable[[FakePrefix], object]


def _truncated(prefix: FakePrefix) -> None:
    record = prefix.package("half")
    record.write_bytes(record.read_bytes()[:100])


def _huge(prefix: FakePrefix) -> None:
    with prefix.write("conda-meta/huge-1-0.json").open("wb") as file:
        file.truncate(100 * 1024 * 1024)


BROKEN: dict[str, Spoil] = {
    "truncated": _truncated,
    "empty": lambda prefix: prefix.write("conda-meta/empty-1-0.json", b""),
    "not-utf8": lambda prefix: prefix.write("conda-meta/bytes-1-0.json", b'{"name": "\xff\xfe"}'),
    "wrong-types": lambda prefix: prefix.write("conda-meta/types-1-0.json", json.dumps({"name": [1], "version": {}})),
    "huge": _huge,
    "a-directory": lambda prefix: (prefix.meta / "dir-1-0.json").mkdir(),
    "a-fifo": lambda prefix: os.mkfifo(prefix.meta / "fifo-1-0.json"),
    "a-device": lambda prefix: (prefix.meta / "zero-1-0.json").symlink_to("/dev/zero"),
    "deep": lambda prefix: prefix.write("conda-meta/deep-1-0.json", '{"a":' * 2000 + "1" + "}" * 2000),
}

STRANGE: dict[str, Spoil] = {
    "plain": lambda prefix: None,
    "with space and 'quote' \"s": lambda prefix: None,
    "-n": lambda prefix: None,
    NOT_UTF8: lambda prefix: None,
    "escapes": lambda prefix: prefix.package("evil", version=ESCAPES, license=ESCAPES),
    "no-history": lambda prefix: (prefix.meta / "history").unlink(),
    "pinned-is-a-directory": lambda prefix: (prefix.meta / "pinned").mkdir(),
    "frozen-is-garbage": lambda prefix: prefix.write("conda-meta/frozen", b"\xff{"),
    "a-fifo-in-site-packages": lambda prefix: os.mkfifo(prefix.site_packages / "fifo-1.dist-info"),
}


@pytest.fixture(scope="module")
def envs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("hostile")
    envs = home / ".conda" / "envs"
    for name, spoil in (BROKEN | STRANGE).items():
        prefix = make_prefix(envs / name)
        prefix.package("numpy")
        spoil(prefix)
    (envs / "half" / "lib").mkdir(parents=True)
    (envs / "loop").symlink_to("loop")
    (home / ".conda" / "environments.txt").write_bytes(b"/gone/away\n\xff\xfe\nrelative\n" + b"x" * 5000 + b"\n")
    return envs


def _workbench(home: Path, own: Path) -> Workbench:
    locations = Locations.of_user({"CONDATUI_HOME": str(own)}, home)
    return Workbench(
        Settings(usual_places=False), locations, environ={"PATH": "/nowhere"}, clock=lambda: datetime.now(timezone.utc)
    )


def _load(workbench: Workbench) -> Inventory:
    async def last() -> Inventory:
        return [inventory async for inventory in workbench.load()][-1]

    return asyncio.run(last())


@pytest.fixture(scope="module")
def loaded(envs: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Environment]:
    """All environments by name; nothing of the tree was changed by reading it, cold and warm."""
    home, own = envs.parents[1], tmp_path_factory.mktemp("own")
    before = manifest(home)
    _load(_workbench(home, own))
    inventory = _load(_workbench(home, own))
    assert manifest(home) == before
    assert inventory.complete
    return {os.path.basename(each.prefix): each for each in inventory.environments}


def test_nothing_is_left_out(loaded: dict[str, Environment]) -> None:
    assert set(loaded) == {*BROKEN, *STRANGE, "half", "away"}


@pytest.mark.parametrize("name", BROKEN)
def test_a_file_that_is_no_record_is_a_finding_that_names_it_and_the_rest_still_shows(
    loaded: dict[str, Environment], name: str
) -> None:
    environment = loaded[name]
    assert environment.state == "broken"
    (finding,) = [each for each in environment.findings if each.id == "broken"]
    (line,) = finding.evidence
    assert line.startswith(f"{environment.prefix}/conda-meta/")
    assert ".json: " in line
    assert environment.contents is not None
    assert [record.name for record in environment.contents.packages] == ["numpy", "python"]


@pytest.mark.parametrize("name", ["plain", "with space and 'quote' \"s", "-n", NOT_UTF8, "escapes"])
def test_strange_names_and_texts_are_no_fault(loaded: dict[str, Environment], name: str) -> None:
    environment = loaded[name]
    assert environment.state == "ok"
    assert environment.python == "3.11.9"
    assert [each.id for each in environment.findings] == []


def test_other_damage_is_said_and_the_environment_still_shows(loaded: dict[str, Environment]) -> None:
    states = {name: loaded[name].state for name in ("no-history", "half", "away", "frozen-is-garbage")}
    assert states == {"no-history": "broken", "half": "orphan", "away": "missing", "frozen-is-garbage": "ok"}
    assert loaded["frozen-is-garbage"].frozen
    assert "broken" in [each.id for each in loaded["pinned-is-a-directory"].findings]


def test_an_environment_deleted_while_it_is_read_is_no_exception(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("one", "two"):
        make_prefix(tmp_path / "home/.conda/envs" / name)

    def delete_first(prefix: str, candidates: tuple[str, ...], **more: RecordReader) -> PrefixContents:
        if prefix.endswith("one"):
            shutil.rmtree(prefix)
        return read_prefix(prefix, candidates, **more)

    monkeypatch.setattr("condatui_core.prefixes.prefix.read_prefix", delete_first)
    inventory = _load(_workbench(tmp_path / "home", tmp_path / "own"))
    two = next(each for each in inventory.environments if each.name == "two")
    assert two.python == "3.11.9"


def test_commands_print_strange_names_without_harm(envs: Path, tmp_path: Path) -> None:
    environ = {
        "PATH": "/nowhere",
        "HOME": str(envs.parents[1]),
        "CONDATUI_HOME": str(tmp_path),
        "CONDATUI_USUAL_PLACES": "0",
        "LC_ALL": "C",
    }
    for argv in (["list"], ["list", "--json", "--packages"], ["show", str(envs / "escapes")]):
        done = subprocess.run(
            [sys.executable, "-m", "condatui", *argv], env=environ, capture_output=True, check=False, timeout=60
        )
        assert done.returncode == 0, done.stderr
        assert b"\x1b" not in done.stdout
    listed = json.loads(
        subprocess.run(
            [sys.executable, "-m", "condatui", "list", "--json"], env=environ, capture_output=True, check=True
        ).stdout
    )
    assert str(envs / NOT_UTF8) in [each["prefix"] for each in listed["environments"]]


@pytest.mark.parametrize("plant", [os.mkfifo, lambda path: path.symlink_to("/dev/zero")], ids=["fifo", "device"])
def test_own_files_and_the_registration_may_be_anything(tmp_path: Path, plant: Callable[[Path], None]) -> None:
    """No reader waits for a pipe, or reads without end."""
    home, own = tmp_path / "home", tmp_path / "own"
    make_prefix(home / ".conda/envs/one").package("numpy")
    (home / ".conda/environments.txt").touch()
    before = _load(_workbench(home, own))
    kept = [*(file for file in own.rglob("*") if file.is_file()), home / ".conda/environments.txt"]
    assert len(kept) > 1
    for file in kept:
        file.unlink()
        plant(file)
    after = _load(_workbench(home, own))
    assert [each.name for each in after.environments] == [each.name for each in before.environments] == ["one"]


def test_a_spec_of_a_record_whose_match_would_take_ages_does_not_hold_up_the_load(tmp_path: Path) -> None:
    prefix = make_prefix(tmp_path / "env")
    prefix.package("a", build="a" * 120)
    prefix.package("b", depends=["a 1.0 " + "*a" * 25 + "*b"])
    code = "import sys; from condatui_core.prefixes.prefix import read_prefix; print(*read_prefix(sys.argv[1]).unmet)"
    # In a process of its own, since a running match can only be killed.
    done = subprocess.run([sys.executable, "-c", code, str(prefix)], capture_output=True, check=True, timeout=60)
    assert b"package='b'" in done.stdout
