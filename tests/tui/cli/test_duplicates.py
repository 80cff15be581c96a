"""`condatui duplicates`: what it prints, what that frees, how it exits; and the finding in `list` and `show`."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from msgspec.structs import replace

from condatui.cli.invocation import Invocation
from condatui.cli.main import condatui
from condatui_core.records.environment import Environment, KeepMark
from condatui_core.records.package import PackageRecord
from condatui_sandbox import Sandbox
from support.alike_worlds import changed, numbered
from support.cli_runs import run_in
from support.disk_trees import link, write
from support.inventories import NOW, LoadedWorkbench, inventory, loaded, package


class Machine:
    """Four environments that share a file of a megabyte, and two of another kind."""

    def __init__(self, root: Path) -> None:
        self.root = root
        everything = numbered(50)
        shared = write(root / "envs/hub/lib/shared.so", 1_000_000)
        self.environments = [
            self._environment("hub", everything, shared, keep=KeepMark()),
            self._environment("hub-twin", everything, shared),
            self._environment("hub-less", everything[:47], shared),
            self._environment("hub-more", [*changed(everything, 3), package("wandb")], shared),
            self._environment("other", numbered(50, "own"), None),
            self._environment("other-twin", numbered(50, "own"), None),
            self._environment("single", numbered(50, "single"), None),
        ]
        self.workbench = LoadedWorkbench(inventory(*self.environments), compares=True)

    def _environment(
        self, name: str, packages: Sequence[PackageRecord], shared: Path | None, keep: KeepMark | None = None
    ) -> Environment:
        prefix = self.root / "envs" / name
        write(prefix / "lib/own.so", 50_000)
        if shared and not (prefix / "lib/shared.so").exists():
            link(shared, prefix / "lib/shared.so")
        return loaded(name, packages, prefix=str(prefix), keep=keep)

    def run(self, *arguments: str) -> Result:
        invocation = Invocation(
            environ={"CONDATUI_HOME": str(self.root / "own"), "COLUMNS": "200"},
            home=self.root,
            cwd=str(self.root),
            clock=lambda: NOW,
            terminal=False,
            make_workbench=lambda *_: self.workbench,  # type: ignore[arg-type]
        )
        return CliRunner().invoke(condatui, arguments, obj=invocation)

    def document(self, *arguments: str) -> dict[str, Any]:
        result = self.run(*arguments, "--json")
        assert result.exit_code == 0, result.output
        read = json.loads(result.stdout)
        assert isinstance(read, dict)
        return read


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(Path(os.path.realpath(tmp_path)))


def test_the_document_has_the_fields_that_it_promises(machine: Machine) -> None:
    document = machine.document("duplicates")
    hub, other = document["clusters"]
    assert (document["format"], document["threshold"]) == (1, 0.9)
    assert (hub["keep"], hub["name"], hub["why"], hub["reasons"]) == (
        machine.environments[0].prefix,
        "hub",
        "you keep it",
        ["you keep it"],
    )
    assert [each["name"] for each in hub["members"]] == ["hub-twin", "hub-less", "hub-more"]
    assert [each["relation"] for each in hub["members"]] == ["identical", "subset", "differs"]
    assert [each["name"] for each in other["members"]] == ["other-twin"]
    more = hub["members"][2]
    assert more.keys() == {
        "prefix",
        "name",
        "relation",
        "similarity",
        "requested_similarity",
        "build_similarity",
        "builds",
        "differs",
        "extra",
        "lacking",
        "stays",
        "frees",
    }
    assert more["differs"][0] == {
        "name": "lib000",
        "keeper": "1.0",
        "member": "2.0",
        "order": "older",
        "requested": False,
    }
    assert (more["extra"], hub["members"][1]["lacking"]) == (["wandb"], ["lib047", "lib048", "lib049"])


def test_what_each_frees_and_all_together_is_what_the_link_graph_says(machine: Machine) -> None:
    document = machine.document("duplicates")
    groups = document["clusters"]
    for found in groups:
        prefixes = [each["prefix"] for each in found["members"]]
        assert found["frees"] == machine.document("disk", *prefixes)["frees"] > 0
        for each in found["members"]:
            assert each["frees"] == machine.document("disk", each["prefix"])["frees"]
    # The megabyte stays: the keeper has it too.
    assert groups[0]["frees"] < 1_000_000
    assert document["frees"] == sum(found["frees"] for found in groups)


def test_environments_of_projects_are_called_as_in_the_list_and_by_their_prefix_in_json(machine: Machine) -> None:
    projects = [str(machine.root / name) for name in ("lab", "web")]
    own = [f"{each}/.conda" for each in projects]
    environments = [
        loaded(prefix, numbered(50), prefix=prefix, project=project)
        for prefix, project in zip(own, projects, strict=True)
    ]
    machine.workbench = LoadedWorkbench(inventory(*environments), compares=True)
    lines = machine.run("duplicates").stdout.splitlines()
    assert lines[0].startswith("≈ lab/.conda  2 alike")
    assert [line.split()[0] for line in lines if line.startswith("web")] == ["web/.conda"]
    assert lines[-1].startswith("Going to lab/.conda and removing it frees")
    (cluster,) = machine.document("duplicates")["clusters"]
    assert [cluster["name"], cluster["members"][0]["name"]] == own


def test_people_read_the_keeper_first_with_its_reasons_then_the_others(machine: Machine) -> None:
    lines = machine.run("duplicates").stdout.splitlines()
    assert lines[0] == "≈ hub  4 alike, keep this: you keep it"
    assert [line.split()[0] for line in lines[2:5]] == ["hub-twin", "hub-less", "hub-more"]
    assert lines[2].endswith("identical")
    assert lines[3].endswith("subset (3 fewer)")
    assert lines[4].endswith("differs in 3: lib000 ↑2.0, lib001 ↑2.0, lib002 ↑2.0 · has 1 more: wandb")
    assert lines[5].startswith("Going to hub and removing these 3 frees ")
    assert lines[-1].startswith("Going to these 2 and removing all 4 others frees ")


def test_what_stays_anyway_counts_nothing_in_what_its_group_frees(machine: Machine) -> None:
    machine.environments[1] = replace(machine.environments[1], frozen=True)
    machine.workbench = LoadedWorkbench(inventory(*machine.environments[:4]), compares=True)
    [found] = machine.document("duplicates")["clusters"]
    assert [each["stays"] for each in found["members"]] == ["frozen", "", ""]
    assert found["frees"] == sum(each["frees"] for each in found["members"][1:])
    lines = machine.run("duplicates").stdout.splitlines()
    assert lines[2].endswith("stays: frozen · identical")
    assert lines[5].startswith("Going to hub and removing the 2 that could go frees ")


def test_the_threshold_of_the_call_counts_or_that_of_the_settings(machine: Machine) -> None:
    assert [len(each["members"]) for each in machine.document("duplicates", "--threshold", "0.99")["clusters"]] == [
        1,
        1,
    ]
    assert {machine.document("duplicates", "--threshold", each)["threshold"] for each in ("0.96", "96%", "96")} == {
        0.96
    }
    machine.workbench.settings = replace(machine.workbench.settings, alike_threshold=0.93)
    assert [len(each["members"]) for each in machine.document("duplicates")["clusters"]] == [2, 1]


@pytest.mark.parametrize("threshold", ["0.49", "1.01", "49%", "101", "nan", "much"])
def test_an_impossible_threshold_is_wrong_usage(machine: Machine, threshold: str) -> None:
    result = machine.run("duplicates", "--threshold", threshold)
    assert (result.exit_code, result.stdout) == (2, "")
    assert "--threshold" in result.stderr


def test_where_none_are_alike_it_says_so_and_walks_no_disk(machine: Machine) -> None:
    machine.workbench = LoadedWorkbench(inventory(machine.environments[-1]), compares=True)
    assert machine.run("duplicates").stdout == "No two environments have 90 % of their packages in common.\n"
    assert machine.document("duplicates") == {"format": 1, "threshold": 0.9, "clusters": [], "frees": 0}
    assert not (machine.root / "own/cache/disk").exists()


def test_the_one_that_computes_on_the_gpu_stays(machine: Machine) -> None:
    machine.workbench.working = frozenset([machine.environments[5].prefix])
    assert machine.document("duplicates")["clusters"][1]["name"] == "other-twin"


def test_foreign_names_reach_the_terminal_harmless(machine: Machine) -> None:
    evil = [package("\x1b[31mred[bold]", "1\x07"), *numbered(20)]
    machine.workbench = LoadedWorkbench(
        inventory(
            loaded("a\x1b]0;x\x07", evil, prefix="/opt/a\x1b", frozen=True),
            loaded("b[/b]", numbered(20), prefix="/opt/b"),
        ),
        compares=True,
    )
    result = machine.run("duplicates")
    assert result.exit_code == 0
    assert not {"\x1b", "\x07"} & set(result.stdout)
    assert "b[/b]" in result.stdout


def _duplicate(document: dict[str, Any]) -> dict[str, Any]:
    [found] = [each for each in document["findings"] if each["id"] == "duplicate"]
    assert isinstance(found, dict)
    return found


def test_list_and_show_say_to_which_an_environment_is_alike(machine: Machine) -> None:
    listed = {each["name"]: each for each in machine.document("list")["environments"]}
    finding = _duplicate(listed["hub-less"])
    assert (finding["severity"], finding["message"]) == ("note", "alike to hub, 94 %")
    assert finding["evidence"][0] == "a subset: 3 packages fewer"
    assert "condatui duplicates" in finding["remedy"]
    assert listed["hub"]["findings"] == listed["single"]["findings"] == []
    assert _duplicate(machine.document("show", "hub-less")) == finding
    assert "≈ hub 94 %" in machine.run("list").stdout


def test_on_the_sandbox_the_clones_of_one_are_found(sandbox: Sandbox, tmp_path: Path) -> None:
    environ = {"CONDATUI_HOME": str(tmp_path)}
    document = json.loads(run_in(sandbox, "duplicates", "--json", environ=environ).stdout)
    [found] = document["clusters"]
    names = {found["name"], *(each["name"] for each in found["members"])}
    assert names == {"nlp-base", "nlp-exp", "bert-finetune"}
    prefixes = [each["prefix"] for each in found["members"]]
    disk = json.loads(run_in(sandbox, "disk", *prefixes, "--json", environ=environ).stdout)
    assert found["frees"] == disk["frees"] > 0
