"""`condatui list --sizes` on the sandbox, against du."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from condatui.cli.invocation import Invocation
from condatui.cli.main import condatui
from condatui_sandbox import Sandbox
from support.disk_trees import du
from support.inventories import NOW


@pytest.fixture
def invocation(sandbox: Sandbox, tmp_path: Path) -> Invocation:
    own = {"CONDATUI_HOME": str(tmp_path / "own"), "CONDATUI_USUAL_PLACES": "0"}
    return Invocation(
        environ={**sandbox.environ, **own},
        home=Path(sandbox.environ["HOME"]),
        cwd="/",
        clock=lambda: NOW,
        terminal=False,
    )


def run(invocation: Invocation, *arguments: str) -> Result:
    result = CliRunner().invoke(condatui, ["list", *arguments], obj=invocation)
    assert result.exit_code == 0, result.output
    return result


def listed(invocation: Invocation, *arguments: str) -> list[dict[str, Any]]:
    environments = json.loads(run(invocation, "--json", *arguments).stdout)["environments"]
    assert isinstance(environments, list)
    return environments


def test_sizes_are_what_du_says(invocation: Invocation) -> None:
    there = [each for each in listed(invocation, "--sizes") if os.path.isdir(each["prefix"])]
    assert len(there) > 10
    for each in there:
        disk = each["disk"]
        assert disk["with_nested"] == du(Path(each["prefix"])), each["name"]
        assert disk["total"] == disk["exclusive"] + disk["shared"], each["name"]
        assert bool(disk["nested"]) == each["base"]
        parts = (disk["shared_with_cache"], disk["shared_with_environments"], disk["outside"])
        assert disk["shared"] == sum(parts) > 0 or each["state"] == "orphan"


def test_what_is_not_there_occupies_nothing_and_without_sizes_nothing_is_measured(invocation: Invocation) -> None:
    [gone] = [each for each in listed(invocation, "--sizes") if each["state"] == "missing"]
    assert gone["disk"] is None
    assert {each["disk"] for each in listed(invocation)} == {None}


def test_people_get_what_each_occupies_and_frees(invocation: Invocation) -> None:
    printed = run(invocation, "--sizes").stdout
    assert printed.split()[:6] == ["name", "python", "packages", "channels", "disk", "frees"]
    assert "~" not in "".join(line.partition("findings")[0] for line in printed.splitlines() if "nlp-exp" in line)
    claimed = run(invocation).stdout
    assert "frees" not in claimed.splitlines()[0]
    assert "~" in next(line for line in claimed.splitlines() if "nlp-exp" in line)


def test_a_filter_about_bytes_measures_them(invocation: Invocation) -> None:
    every = {each["name"]: each["disk"] for each in listed(invocation, "--sizes")}
    large = {name for name, disk in every.items() if disk and disk["total"] > 30_000_000}
    alone = {name for name, disk in every.items() if disk and disk["exclusive"] <= 1_000_000}
    assert large and alone
    found = listed(invocation, "--filter", "disk:>30M")
    assert {each["name"] for each in found} == large
    assert {each["name"]: each["disk"] for each in found} == {name: every[name] for name in large}
    assert {each["name"] for each in listed(invocation, "--filter", "frees:<=1M")} == alone
