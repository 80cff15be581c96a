"""Every command takes a real prefix by its path, whether or not anything points to it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from condatui_sandbox import Sandbox
from support.cli_runs import run_in
from support.prefixes import FakePrefix, make_prefix


@pytest.fixture
def prefix(tmp_path: Path) -> FakePrefix:
    prefix = make_prefix(tmp_path / "project" / ".pixi" / "envs" / "default")
    prefix.pip_install("httpx")
    return prefix


@pytest.mark.parametrize(
    ("command", "words"),
    [
        (("show",), "1 conda package and 1 of pip"),
        (("export",), "httpx==1.0"),
        (("compare", "vision-cpu"), "httpx"),
        (("disk",), "httpx"),
        (("gpu", "--static"), "No PyTorch here"),
        (("pack", "--dry-run", "-o", "x.tar.gz"), "1 package · needs"),
    ],
    ids=lambda each: each[0] if isinstance(each, tuple) else "",
)
def test_a_command_takes_it(sandbox: Sandbox, prefix: FakePrefix, command: tuple[str, ...], words: str) -> None:
    result = run_in(sandbox, *command, str(prefix))
    assert result.exit_code == 0, result.output
    assert words in result.output


def test_clone_takes_it_as_its_source(sandbox: Sandbox, prefix: FakePrefix) -> None:
    result = run_in(sandbox, "clone", str(prefix), "new", "--dry-run")
    assert "There is no environment" not in result.output
    assert f"Clone {prefix} to new" in result.output


def test_it_is_not_listed_afterwards(sandbox: Sandbox, prefix: FakePrefix) -> None:
    run_in(sandbox, "show", str(prefix))
    listed = json.loads(run_in(sandbox, "list", "--json").stdout)
    assert str(prefix) not in [each["prefix"] for each in listed["environments"]]


def test_a_directory_that_is_no_environment_is_not_taken_for_one(sandbox: Sandbox, tmp_path: Path) -> None:
    result = run_in(sandbox, "show", str(tmp_path))
    assert (result.exit_code, "There is no environment" in result.stderr) == (2, True)
