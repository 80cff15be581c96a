"""`~` in a command line, where no shell has spelled it out: the home of the user, whatever the process has in HOME."""

from __future__ import annotations

import json
from typing import Any

import pytest

from condatui_sandbox import Sandbox
from support.cli_runs import run_in


def _request(sandbox: Sandbox, *arguments: str, **environ: str) -> dict[str, Any]:
    result = run_in(sandbox, *arguments, "--dry-run", "--json", environ=environ)
    assert result.exit_code in (0, 3), result.output
    request = json.loads(result.stdout.splitlines()[0])["plan"]["request"]
    assert isinstance(request, dict)
    return request


@pytest.fixture
def typed(sandbox: Sandbox) -> str:
    """An environment, by its prefix from home on."""
    return f"~/{sandbox.prefixes['notebooks'].relative_to(sandbox.home)}"


@pytest.mark.parametrize("words", [("export", "--output=~/nb.yml"), ("pack", "-o", "~/nb.tar.gz")])
def test_a_file_and_the_environment_that_goes_into_it(sandbox: Sandbox, typed: str, words: tuple[str, ...]) -> None:
    command, *options = words
    request = _request(sandbox, command, typed, *options)
    assert request["prefix"] == str(sandbox.prefixes["notebooks"])
    assert request["file"] == str(sandbox.home / options[-1].rpartition("/")[2])


def test_environments_that_are_cloned_and_removed(sandbox: Sandbox, typed: str) -> None:
    prefix = str(sandbox.prefixes["notebooks"])
    request = _request(sandbox, "clone", typed, "~/new")
    assert (request["source"], request["target"]) == (prefix, str(sandbox.home / "new"))
    assert _request(sandbox, "remove", typed)["prefixes"] == [prefix]


def test_the_baseline_of_the_settings(sandbox: Sandbox, typed: str) -> None:
    request = _request(sandbox, "clone", "new", CONDATUI_BASELINE=typed)
    assert request["source"] == str(sandbox.prefixes["notebooks"])


def test_environments_and_files_that_are_compared(sandbox: Sandbox, typed: str) -> None:
    assert "notebooks" in run_in(sandbox, "compare", typed, "nlp-exp", "--reference", typed).stdout
    missing = run_in(sandbox, "compare", "~/no-such.yml", "nlp-exp")
    assert f"{sandbox.home}/no-such.yml" in missing.stderr


def test_what_is_brought_back(sandbox: Sandbox) -> None:
    missing = run_in(sandbox, "restore", "~/never-removed", "--dry-run")
    assert (missing.exit_code, f"`{sandbox.home}/never-removed`" in missing.stderr) == (2, True)
