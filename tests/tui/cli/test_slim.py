"""`condatui slim`."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from condatui.cli.invocation import Invocation
from condatui.cli.main import condatui
from condatui_core.records.environment import Inventory
from condatui_core.records.slimming import Slimming
from condatui_sandbox import Sandbox
from support.cli_runs import run_in
from support.inventories import NOW, LoadedWorkbench, inventory, loaded, package
from support.slimmings import slimming


class SlimWorkbench(LoadedWorkbench):
    async def slimming(self, environment: object, inventory: Inventory) -> Slimming:
        return slimming("/opt/miniforge3/envs/hub")


def run(home: Path, *arguments: str) -> Result:
    invocation = Invocation(
        environ={"CONDATUI_HOME": str(home)},
        home=home,
        cwd="/",
        clock=lambda: NOW,
        terminal=False,
        make_workbench=lambda *_: SlimWorkbench(inventory(loaded("hub", [package("numpy")]))),  # type: ignore[arg-type]
    )
    return CliRunner().invoke(condatui, ["slim", *arguments], obj=invocation)


def test_people_read_classes_packages_notes_and_the_sum(tmp_path: Path) -> None:
    done = run(tmp_path, "hub")
    assert done.exit_code == 0
    lines = done.stdout.splitlines()
    assert " ".join(lines[0].split()) == "what it is class risk disk frees image files of the largest"
    assert lines[1].split()[:3] == ["tools", "of", "developers"]
    assert any(line.split() == ["straybase", "1.0", "leaves", "6.0", "M", "stray"] for line in lines)
    assert any("Cannot travel: mine is installed in place: its code is in /home/ada/[mine]" in line for line in lines)
    assert "\x1b" not in done.stdout
    assert lines[-1] == "Deleting everything but what stays would free 391 MB on this disk."


def test_the_document_has_the_fields_that_it_promises(tmp_path: Path) -> None:
    document = json.loads(run(tmp_path, "hub", "--json").stdout)
    assert document["environment"] == {"name": "hub", "prefix": "/opt/miniforge3/envs/hub"}
    assert document["total"] == sum(each["bytes"] for each in document["classes"])
    [tests] = [each for each in document["classes"] if each["class"] == "tests"]
    assert (tests["bytes"], tests["risk"], tests["files"]) == (90_000_000, "low", 9001)
    assert tests["why"]
    assert [each["name"] for each in document["leaves"]] == ["stray", "straybase"]
    assert [each["class"] for each in document["packages"]] == ["developer-packages", "developer-packages"]


def test_a_real_environment_adds_up_to_what_disk_says(sandbox: Sandbox) -> None:
    slim = json.loads(run_in(sandbox, "slim", "notebooks", "--json").stdout)
    disk = json.loads(run_in(sandbox, "disk", "notebooks", "--json").stdout)
    assert sum(each["bytes"] for each in slim["classes"]) == slim["total"] == disk["environments"][0]["total"]


@pytest.mark.parametrize(("name", "words"), [("half-cloned", "it has no records"), ("nowhere-at-all", "")])
def test_what_is_no_environment_is_an_error_in_words(sandbox: Sandbox, name: str, words: str) -> None:
    done = run_in(sandbox, "slim", name)
    assert done.exit_code == 2
    assert words in done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout == ""
