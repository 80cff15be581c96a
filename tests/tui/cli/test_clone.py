"""`condatui clone` with the sandbox's conda, from the words to the disk."""

from __future__ import annotations

import json
import os
import shlex
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from condatui.cli.invocation import Invocation
from condatui.cli.main import condatui
from condatui_sandbox import Sandbox
from support.contexts import now
from support.fake_conda import program
from support.sandboxes import copy_sandbox


class User:
    """Somebody with a sandbox, at a directory in it."""

    def __init__(self, sandbox: Sandbox) -> None:
        self.sandbox = sandbox
        self.envs = sandbox.root_prefix / "envs"
        self.environ = {**sandbox.environ, "CONDATUI_USUAL_PLACES": "0"}

    def run(self, *arguments: str, **environ: str) -> Result:
        invocation = Invocation(
            environ={**self.environ, **environ},
            home=self.sandbox.home,
            cwd=str(self.sandbox.home / "work"),
            clock=now,
            terminal=False,
        )
        return CliRunner().invoke(condatui, ["clone", *arguments], obj=invocation)

    def plan(self, *arguments: str, **environ: str) -> dict[str, Any]:
        result = self.run(*arguments, "--dry-run", "--json", **environ)
        assert result.exit_code in (0, 3), result.output
        plan = json.loads(result.stdout.splitlines()[0])["plan"]
        assert isinstance(plan, dict)
        return plan

    def process(self, *arguments: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "-m", "condatui", *arguments],
            env={**self.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            cwd="/",
        )


@pytest.fixture(scope="module")
def user(sandbox: Sandbox, tmp_path_factory: pytest.TempPathFactory) -> User:
    names = ("nlp-exp", "current", "train-pinned", "segmentation")
    return User(copy_sandbox(sandbox, tmp_path_factory.mktemp("user") / "sandbox", names))


def test_a_name_goes_to_the_envs_directory_and_a_path_is_a_path(user: User) -> None:
    for name, target in (
        ("new", user.envs / "new"),
        ("./new", user.sandbox.home / "work" / "new"),
        ("../x", user.sandbox.home / "x"),
        ("~/there", user.sandbox.home / "there"),
        ("/far/away", Path("/far/away")),
    ):
        assert user.plan("nlp-exp", name)["request"]["target"] == str(target)


def test_of_a_link_it_is_the_environment_that_is_cloned(user: User) -> None:
    for name in ("current", str(user.envs / "current")):
        assert user.plan(name, "new")["request"]["source"] == str(user.sandbox.prefixes["nlp-exp"])


def test_without_a_source_it_is_the_baseline(user: User) -> None:
    assert user.plan("new")["request"]["source"] == str(user.sandbox.root_prefix)
    baseline = user.sandbox.prefixes["train-pinned"]
    assert user.plan("new", CONDATUI_BASELINE="train-pinned")["request"]["source"] == str(baseline)
    missing = user.run("new", "--dry-run", CONDATUI_BASELINE="no-such")
    assert (
        missing.exit_code,
        "The baseline cannot be used.\n  There is no environment `no-such`." in missing.stderr,
    ) == (2, True)


def test_what_it_would_do_is_printed_with_its_commands(user: User) -> None:
    result = user.run("segmentation/env", "seg", "--add", "tqdm", "--offline", "--dry-run")
    assert result.exit_code == 0, result.output
    assert "--file explicit.txt --json --yes --offline" in result.stdout
    assert "--json --yes --offline -- tqdm" in result.stdout
    assert not (user.envs / "seg").exists()


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (("no-such", "new"), 2, "There is no environment `no-such`"),
        (("nlp-exp", "a b"), 2, "cannot be the name"),
        (("nlp-exp", "; rm"), 2, "cannot be the name"),
        (("nlp-exp", "x" * 300), 2, "255 bytes"),
        (("nlp-exp", "./$(touch x)"), 3, "`$`"),
        (("nlp-exp", "--", "-p"), 2, "option"),
        (("nlp-exp", "train-pinned"), 3, "is an environment already"),
        (("nlp-exp", "one", "two"), 2, "3 names"),
        ((), 2, "Missing argument"),
        (("nlp-exp", "new", "--add", ""), 2, "A SPEC is empty."),
        (("nlp-exp", "new", "--add", "tqdm", "--add", " "), 2, "A SPEC is empty."),
        (("nlp-exp", "new", "--add", "--force"), 2, "`--force` is no spec of a package"),
    ],
)
def test_what_cannot_be_is_refused_in_words(user: User, arguments: tuple[str, ...], code: int, says: str) -> None:
    result = user.run("--dry-run", *arguments)
    assert (result.exit_code, says in result.output) == (code, True), result.output


def test_it_is_made_and_told_in_lines_of_json(user: User) -> None:
    result = user.run("train-pinned", "told", "--offline", "--yes", "--json")
    assert result.exit_code == 0, result.output
    lines = [json.loads(line) for line in result.stdout.splitlines()]
    assert [[*line] for line in (lines[0], lines[1], lines[-1])] == [
        ["format", each] for each in ("plan", "event", "result")
    ]
    stages = [line["event"]["name"] for line in lines if line.get("event", {}).get("type") == "stage"]
    assert stages == ["link", "copy", "put-back", "verify"]
    outcome = lines[-1]["result"]["outcome"]
    assert outcome["files"] == [str(user.envs / "told")]
    assert 0 < outcome["bytes_used"] < 20_000_000
    assert (user.envs / "told" / "conda-meta" / "pinned").is_file()
    again = user.run("train-pinned", "told", "--yes")
    assert again.exit_code == 3


def test_what_a_kill_has_left_is_told_at_the_next_start_with_the_way_out(user: User) -> None:
    conda = user.sandbox.conda
    conda.rename(conda.with_name("conda-real"))
    program(
        conda,
        f"""case "$1" in
        install) mkdir "$3/lib"; echo "stuck $$"; exec sleep 600;;
        *) exec "{conda.with_name("conda-real")}" "$@";;
        esac""",
    )
    try:
        process = user.process("clone", "train-pinned", "killed", "--offline", "--yes", "--json")
        assert process.stdout is not None
        stuck = next(line for line in process.stdout if '"line":"stuck' in line)
        process.send_signal(signal.SIGKILL)
        process.communicate()
        os.kill(int(json.loads(stuck)["event"]["line"].split()[1]), signal.SIGKILL)
        said = user.run("nlp-exp", "other", "--dry-run").stderr
    finally:
        conda.with_name("conda-real").replace(conda)
    target = user.envs / "killed"
    assert "Clone train-pinned to killed was interrupted" in said
    assert f"{target} is half-made" in said
    assert f"Remove the half-made {target}" in said
    listed, _ = user.process("list", "--json").communicate()
    states = {each["prefix"]: each["state"] for each in json.loads(listed)["environments"]}
    assert states[str(target)] == "orphan"
    (offered,) = (line for line in said.splitlines() if line.startswith("  $ condatui remove "))
    verb, *rest = shlex.split(offered)[2:]
    _, complaint = user.process(verb, "--yes", *rest).communicate()
    assert not target.exists(), complaint
    assert f"Nothing was made at {target}" in user.run("nlp-exp", "other", "--dry-run").stderr
    assert "interrupted" not in user.run("nlp-exp", "other", "--dry-run").stderr
