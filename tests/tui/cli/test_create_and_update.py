"""`condatui create -f` and `condatui update -f`: from the words to an environment that `verify` finds as described."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result

from condatui_sandbox import Sandbox
from support.cli_runs import run_in
from support.sandboxes import copy_sandbox

FILE = "name: made\nchannels: [conda-forge]\nvariables: {TOKEN: s3cret}\ndependencies: [python=3.11, tqdm]\n"


@pytest.fixture(scope="module")
def copied(sandbox: Sandbox, tmp_path_factory: pytest.TempPathFactory) -> Sandbox:
    return copy_sandbox(sandbox, tmp_path_factory.mktemp("create") / "sandbox", ["notebooks"])


@pytest.fixture
def nobody(tmp_path: Path) -> Sandbox:
    """A user without any conda."""
    environ = {"HOME": str(tmp_path), "PATH": "/nowhere", "CONDATUI_HOME": str(tmp_path / "own")}
    return Sandbox(tmp_path, tmp_path, tmp_path / "none", tmp_path / "none/bin/conda", environ, {})


def told(result: Result) -> list[dict[str, Any]]:
    return [json.loads(line) for line in result.stdout.splitlines()]


def test_it_is_made_under_its_own_name_changed_with_the_file_and_undone(copied: Sandbox) -> None:
    file = copied.home / "environment.yml"
    file.write_text(FILE)
    dry = run_in(copied, "create", "-f", "environment.yml", "--offline", "--dry-run")
    assert (dry.exit_code, "Create made" in dry.stdout, "s3cret" in dry.stdout) == (0, True, False), dry.output
    prefix = copied.root_prefix / "envs" / "made"
    assert not prefix.exists()
    lines = told(run_in(copied, "create", "-f", "environment.yml", "--offline", "--yes", "--json"))
    assert lines[-1]["result"]["state"] == "done", lines[-1]
    doing = [line["event"]["doing"] for line in lines if line.get("event", {}).get("type") == "progress"]
    assert doing[:1] == ["solving, then linking"]
    assert run_in(copied, "verify", "made", "environment.yml").exit_code == 0

    again = run_in(copied, "create", "-f", "environment.yml", "--offline", "--yes")
    assert (again.exit_code, "is an environment already" in again.stderr) == (3, True), again.output

    file.write_text(FILE.replace("tqdm", "six"))
    assert run_in(copied, "verify", "made", "environment.yml").exit_code == 1
    lines = told(run_in(copied, "update", "made", "-f", "environment.yml", "--prune", "--offline", "--yes", "--json"))
    assert {(each["name"], each["change"]) for each in lines[0]["plan"]["moves"]} >= {("tqdm", "gone"), ("six", "new")}
    assert lines[-1]["result"]["state"] == "done", lines[-1]
    assert run_in(copied, "verify", "made", "environment.yml").exit_code == 0
    (point,) = lines[-1]["result"]["outcome"]["restore_points"]
    assert run_in(copied, "restore", point, "--yes").exit_code == 0
    file.write_text(FILE)
    assert run_in(copied, "verify", "made", "environment.yml").exit_code == 0


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("create",), "Missing option"),
        (("create", "-f", "x.yml", "one", "two"), "There are 2 names, but one is expected."),
        (("update", "made"), "Name either a baseline with --like, or a file with -f."),
        (("update", "made", "-f", "x.yml", "--like", "other"), "Name either a baseline with --like"),
        (("update", "made", "--like", "other", "--prune"), "--prune needs a file: -f FILE."),
        (("update", "-f", "x.yml"), "Missing argument"),
    ],
)
def test_words_that_do_not_go_together_are_wrong_usage(nobody: Sandbox, arguments: tuple[str, ...], words: str) -> None:
    result = run_in(nobody, *arguments, "--yes")
    assert (result.exit_code, words in result.stderr) == (2, True), result.output


def test_a_file_that_cannot_be_followed_is_told_before_anything_is_made(copied: Sandbox) -> None:
    files = {
        "unnamed.yml": "dependencies: [tqdm]\n",
        "nothing.yml": "name: x\ndependencies: []\n",
        "lines.yml": "name: x\ndependencies: ['!!', {pip: [-r gone.txt]}]\n",
    }
    for name, text in files.items():
        (copied.home / name).write_text(text)
    for name, code, words in (
        ("unnamed.yml", 2, "The file does not name the environment."),
        ("nothing.yml", 2, "This file asks for nothing."),
        ("lines.yml", 3, "2 lines of the file cannot be honoured."),
        ("not-there.yml", 2, "The file cannot be read."),
    ):
        result = run_in(copied, "create", "-f", name, "--offline", "--yes")
        assert (result.exit_code, words in result.stderr) == (code, True), result.output
        assert not (copied.root_prefix / "envs" / "x").exists()
