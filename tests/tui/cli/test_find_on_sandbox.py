"""`condatui find` on the sandbox, beside what conda says of the same specs."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from condatui_sandbox import Sandbox
from support.cli_runs import run_in
from support.sandboxes import conda
from support.tiers import thorough

REPLACED = "try-again-final-v2"
"""Where pip has put its numpy in place of conda's, which conda does not see."""


def found(sandbox: Sandbox, *arguments: str) -> dict[str, dict[str, Any]]:
    """What is found, by the real path of the environment."""
    document = json.loads(run_in(sandbox, "find", *arguments, "--json").stdout)
    return {each["prefix"]: each for each in document["environments"]}


@pytest.mark.parametrize(
    "spec",
    ["pytorch=2.*=*cuda*", *thorough(["numpy>=1.26,<2.1", "pytorch::pytorch", "transformers[version='!=4.47.1']"])],
)
def test_those_that_satisfy_a_spec_are_those_in_which_conda_finds_it(sandbox: Sandbox, spec: str) -> None:
    listed = json.loads(conda(sandbox, "search", "--envs", spec, "--json"))
    by_conda = {os.path.realpath(each["location"]) for each in listed}
    satisfying = {prefix for prefix, each in found(sandbox, spec).items() if each["satisfies"]}
    replaced = {str(sandbox.prefixes[REPLACED])}
    assert satisfying - replaced == by_conda - replaced
    assert satisfying


def test_what_pip_has_installed_counts_and_in_place_of_condas_its_version(sandbox: Sandbox) -> None:
    everything = found(sandbox, "numpy=1.26", "einops")
    assert everything[str(sandbox.prefixes[REPLACED])]["lacks"][0] == {
        "name": "numpy",
        "kind": "version",
        "want": "=1.26",
        "have": "2.0.2",
        "source": "pypi",
    }
    (mixed,) = (each for each in everything.values() if each["satisfies"])
    assert [(each["name"], each["source"]) for each in mixed["has"]] == [("numpy", "conda"), ("einops", "pypi")]


@pytest.mark.parametrize("name", ["nlp-exp", "pip-mix", REPLACED, "vision-cuda"])
def test_an_environment_has_all_that_its_own_export_asks_for(sandbox: Sandbox, name: str, tmp_path: Path) -> None:
    file = str(tmp_path / "environment.yml")
    result = run_in(sandbox, "export", name, "-o", "-")  # no job, which would stay in the sandbox
    assert result.exit_code == 0
    Path(file).write_text(result.stdout)
    assert found(sandbox, "-f", file)[str(sandbox.prefixes[name])]["lacks"] == []
