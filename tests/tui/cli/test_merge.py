"""`condatui merge` with the sandbox's conda: the plan that is read first, and the way out of an interruption."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from condatui_core.records.request import MergeRequest
from condatui_sandbox import Sandbox
from support.cli_runs import run_in
from support.dying_job import run_dying
from support.sandboxes import manifest


def test_the_plan_says_first_what_moves(sandbox: Sandbox) -> None:
    printed = run_in(sandbox, "merge", "bert-finetune", "--into", "nlp-base", "--dry-run")
    assert printed.exit_code == 0, printed.output
    assert "older: transformers* 4.48.3 to 4.47.1" in printed.stdout
    (line,) = run_in(sandbox, "merge", "bert-finetune", "--into", "nlp-base", "--dry-run", "--json").stdout.splitlines()
    plan = json.loads(line)["plan"]
    assert [(each["name"], each["change"]) for each in plan["moves"]] == [("transformers", "down")]
    assert [each["requested"] for each in plan["moves"]] == [True]


@pytest.mark.thorough
def test_what_conda_refuses_is_refused_in_a_line(sandbox: Sandbox) -> None:
    refused = run_in(sandbox, "merge", "vision-cpu", "--into", "nlp-base", "--yes")
    assert refused.exit_code == 3
    assert "conda would not put matplotlib-base py-opencv torchvision into a clone of nlp-base." in refused.stderr
    assert "torchvision 0.20.1 needs pytorch 2.5.1 cpu_*; the keeper has 2.6.0" in refused.stderr


def test_wrong_names_are_told(sandbox: Sandbox) -> None:
    assert run_in(sandbox, "merge", "nobody", "--into", "nlp-base").exit_code == 2
    assert run_in(sandbox, "merge", "notebooks").exit_code == 2
    assert run_in(sandbox, "merge", "notebooks", "--into", "nlp-base", "--name", "-x").exit_code == 2


def test_an_interrupted_merge_is_put_back_by_the_command_that_is_told(sandbox_copy: Callable[..., Sandbox]) -> None:
    sandbox = sandbox_copy("notebooks", "pip-mix")
    member: Path = sandbox.prefixes["pip-mix"]
    before = manifest(member)
    request = MergeRequest(keeper=str(sandbox.prefixes["notebooks"]), member=str(member), offline=True)
    assert run_dying(sandbox, request, "add", 0)[0] == -9
    told = run_in(sandbox, "remove", "notebooks", "--dry-run").stderr
    command = f"condatui merge --put-back --into {request.keeper} -- {request.member}"
    assert f"$ {command}" in told
    done = run_in(sandbox, *command.split()[1:4], request.keeper, "--yes", "--", request.member)
    assert done.exit_code == 0, done.output
    assert "pip-mix is back as it was." in done.stdout
    assert manifest(member) == before
