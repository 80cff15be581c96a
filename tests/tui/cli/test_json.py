"""The JSON documents, which others build on."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from condatui.cli.invocation import Invocation
from condatui.cli.main import condatui
from condatui_core.records.environment import Inventory
from condatui_core.records.installation import ChannelConfig, Installation
from condatui_core.records.prefix import Manager
from support.inventories import NOW, LoadedWorkbench, environment, inventory, loaded, package, research


def document(home: Path, machine: Inventory, *arguments: str) -> dict[str, Any]:
    invocation = Invocation(
        environ={"CONDATUI_HOME": str(home)},
        home=home,
        cwd="/",
        clock=lambda: NOW,
        terminal=False,
        make_workbench=lambda *_: LoadedWorkbench(machine),  # type: ignore[arg-type]
    )
    result = CliRunner().invoke(condatui, [*arguments, "--json"], obj=invocation)
    assert result.exit_code == 0, result.output
    read = json.loads(result.stdout)
    assert isinstance(read, dict)
    return read


def test_list_has_the_fields_that_it_promises(tmp_path: Path) -> None:
    listed = document(tmp_path, inventory(research()), "list")
    assert listed["conda"] == {
        "executable": "/opt/miniforge3/bin/conda",
        "version": "26.7.1",
        "root_prefix": "/opt/miniforge3",
    }
    [described] = listed["environments"]
    assert described == {
        "name": "research",
        "prefix": "/opt/miniforge3/envs/research",
        "aliases": [],
        "installation": "/opt/miniforge3",
        "base": False,
        "active": False,
        "frozen": False,
        "writable": True,
        "owner": "",
        "managed_by": None,
        "project": None,
        "state": "ok",
        "python": "3.10.14",
        "conda_packages": 3,
        "pip_packages": 2,
        "channels": {"conda-forge": 2, "pypi": 2, "pytorch": 1},
        "created": "2026-02-19T12:00:00+02:00",
        "modified": "2026-05-16T12:00:00+02:00",
        "last_used": {"at": "2026-05-17T12:00:00+02:00", "evidence": "bin/python3.11 was read", "reliable": True},
        "managed_bytes": 4_080_001_000,
        "kept": None,
        "baseline": False,
        "behind": [],
        "disk": None,
        "findings": [
            {
                "id": "pip-over-conda",
                "severity": "warning",
                "message": "pip replaced numpy 1.26.4 by 2.0.1",
                "label": "",
                "remedy": "conda install numpy",
                "command": "",
                "evidence": ["x"],
                "source": "files",
                "cleanup": "",
                "hides_bytes": False,
            }
        ],
    }


def test_the_list_says_whose_an_environment_is(tmp_path: Path) -> None:
    prefix = "/work/lab/.pixi/envs/test"
    manager = Manager(tool="pixi", project="/work/lab", environment="test")
    managed = environment(prefix, prefix=prefix, manager=manager, project="/work/lab")
    [described] = document(tmp_path, inventory(managed), "list")["environments"]
    assert [described[each] for each in ("name", "managed_by", "project")] == [prefix, "pixi", "/work/lab"]


def test_times_have_a_zone(tmp_path: Path) -> None:
    [described] = document(tmp_path, inventory(research()), "list")["environments"]
    assert datetime.fromisoformat(described["created"]).tzinfo is not None


def test_packages_are_added_where_they_are_wanted(tmp_path: Path) -> None:
    [described] = document(tmp_path, inventory(research()), "list", "--packages")["environments"]
    assert described["packages"][:2] == [
        {
            "name": "numpy",
            "version": "1.26.4",
            "build": "py310hb13e2d6_0",
            "channel": "conda-forge",
            "source": "conda",
        },
        {"name": "numpy", "version": "2.0.1", "build": None, "channel": "pypi", "source": "pypi"},
    ]
    assert [each["name"] for each in described["packages"]] == ["numpy", "numpy", "python", "pytorch", "research"]


def test_without_a_conda_there_is_none(tmp_path: Path) -> None:
    broken = Installation(executable="/x/conda", root_prefix="/x", error="hangs")
    listed = document(tmp_path, inventory(installations=(broken,)), "list")
    assert listed["conda"] is None
    assert listed["installations"][0]["error"] == "hangs"


def test_what_is_not_known_is_null_and_not_nought(tmp_path: Path) -> None:
    [described] = document(tmp_path, inventory(environment("gone", state="missing")), "list")["environments"]
    unknown = ("python", "conda_packages", "pip_packages", "managed_bytes", "created", "last_used", "disk")
    assert [described[field] for field in unknown] == [None] * 7


def test_show_gives_everything_but_secrets(tmp_path: Path) -> None:
    shown = document(tmp_path, inventory(research()), "show", "research")
    assert shown["variables"] == ["WANDB_API_KEY"]
    assert "secret-value" not in json.dumps(shown)
    assert shown["pinned"] == ["python 3.10.*"]
    assert shown["requested"] == {"numpy": "numpy", "pytorch": "pytorch=2.5"}
    assert shown["replaced"][0]["pip_version"] == "2.0.1"
    assert shown["history"][1] == {
        "revision": 1,
        "at": None,
        "command": "conda remove b",
        "conda_version": "24.7.1",
        "added": [],
        "removed": ["b"],
    }
    assert shown["problems"][0]["reason"] == "not valid JSON"


def test_show_says_all_of_a_package(tmp_path: Path) -> None:
    packages = document(tmp_path, inventory(research()), "show", "research")["packages"]
    fields = {"url", "base_url", "md5", "sha256", "build", "build_number", "subdir", "requested", "source"}
    fields |= {"installer", "origin", "license", "bytes", "name", "version", "channel", "location", "revision"}
    assert all(set(each) == fields for each in packages)
    by_name = {each["name"]: each for each in packages}
    assert by_name["pytorch"]["requested"] is True
    assert by_name["python"]["license"] == "Python-2.0"
    assert (by_name["research"]["origin"], by_name["research"]["location"]) == ("editable", "/home/ada/research")


def test_channels_are_called_as_their_installation_calls_them(tmp_path: Path) -> None:
    config = ChannelConfig(channel_alias="https://mirror.example")
    machine = inventory(
        loaded("x", [package("a", base_url="https://mirror.example/conda-forge")]),
        channel_configs=(("/opt/miniforge3", config),),
    )
    [described] = document(tmp_path, machine, "list", "--packages")["environments"]
    assert described["packages"][0]["channel"] == "conda-forge"


@pytest.mark.parametrize("prefix", ["/envs/caf\udce9", "/envs/“é”\n\x1b[31m"])
def test_any_path_is_read_back_as_it_was(tmp_path: Path, prefix: str) -> None:
    [described] = document(tmp_path, inventory(environment("x", prefix=prefix)), "list")["environments"]
    assert described["prefix"] == prefix


def test_one_bad_byte_does_not_change_the_rest_of_the_document(tmp_path: Path) -> None:
    clean = document(tmp_path, inventory(research()), "show", "research")
    dirty = document(tmp_path, inventory(research(), environment("caf\udce9")), "show", "research")
    assert clean == dirty
    both = document(tmp_path, inventory(research(), environment("caf\udce9")), "list", "--packages")
    alone = document(tmp_path, inventory(research()), "list", "--packages")
    assert both["environments"][0] == alone["environments"][0]
