"""How many packages a plan and an outcome name: those of pip too, each once, and what is added."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from condatui.cli.pages.find import lack_words
from condatui_core.analyses.suitability import Answer
from condatui_core.records.comparison import Source
from condatui_sandbox import Sandbox
from support.cli_runs import run_in


def plan_of(sandbox: Sandbox, *arguments: str) -> dict[str, Any]:
    result = run_in(sandbox, *arguments, "--dry-run", "--json")
    assert result.exit_code == 0, result.output
    return dict(json.loads(result.stdout.splitlines()[0])["plan"])


def test_what_goes_and_comes_back_counts_the_packages_of_pip(sandbox_copy: Callable[..., Sandbox]) -> None:
    sandbox = sandbox_copy("pip-mix")
    assert plan_of(sandbox, "remove", "pip-mix")["packages"] == 33 + 7
    assert run_in(sandbox, "remove", "pip-mix", "--yes").exit_code == 0
    assert plan_of(sandbox, "restore", "pip-mix")["packages"] == 33 + 7
    assert "pip-mix is back: 40 packages, exactly as it was" in run_in(sandbox, "restore", "pip-mix", "--yes").stdout


def test_a_rollback_counts_a_package_that_changes_once(sandbox_copy: Callable[..., Sandbox]) -> None:
    plan = plan_of(sandbox_copy("bert-finetune"), "rollback", "bert-finetune", "0")
    assert plan["packages"] == len(plan["moves"]) == 2


def test_a_clone_counts_what_is_added_and_its_command_adds_it(sandbox: Sandbox) -> None:
    plain, more = (plan_of(sandbox, "clone", "vision-cpu", "new", *each) for each in ((), ("--add", "transformers")))
    added = int(dict(more["facts"])["added"].split()[0])
    assert added > 0
    assert more["packages"] == plain["packages"] + added
    assert dict(more["facts"])["as conda does it"].endswith(f" install -p {more['prefixes'][0]} -- transformers")


@pytest.mark.parametrize(
    ("have", "source", "words"),
    [
        ("2.0.2 pypi", "pypi", "numpy 2.0.2 is pip's, not from conda-forge"),
        ("1.26.4 pkgs/main", "conda", "numpy 1.26.4 is from pkgs/main, not from conda-forge"),
    ],
)
def test_another_channel_is_said_in_words(have: str, source: Source, words: str) -> None:
    assert lack_words(Answer(name="numpy", want="* conda-forge", have=have, source=source, lack="channel")) == words
