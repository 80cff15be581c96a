"""`condatui baseline` on the sandbox: which it is, and what follows from it."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from condatui_core.prefixes.prefix import read_prefix
from condatui_sandbox import Sandbox
from support.cli_runs import run_in
from support.sandboxes import manifest


@pytest.fixture
def box(sandbox: Sandbox, tmp_path: Path) -> Sandbox:
    """The sandbox of somebody who keeps what condatui writes down elsewhere."""
    return replace(sandbox, environ={**sandbox.environ, "CONDATUI_HOME": str(tmp_path / "own")})


@pytest.fixture(scope="module")
def untouched(sandbox: Sandbox, tmp_path_factory: pytest.TempPathFactory) -> Sandbox:
    """The same for what is refused and so changes nothing: what conda has answered is known from call to call."""
    return replace(sandbox, environ={**sandbox.environ, "CONDATUI_HOME": str(tmp_path_factory.mktemp("own"))})


def baseline(box: Sandbox, *arguments: str, **environ: str) -> dict[str, Any]:
    result = run_in(box, "baseline", *arguments, "--json", environ=environ)
    assert result.exit_code == 0, result.output
    document = json.loads(result.stdout)
    assert isinstance(document, dict)
    return document


def test_it_is_set_used_and_unset(box: Sandbox) -> None:
    prefix = str(box.prefixes["nlp-exp"])
    assert baseline(box)["prefix"] is None
    assert "There is no baseline" in run_in(box, "baseline").stdout
    assert baseline(box, "--set", "nlp-exp")["prefix"] == prefix
    listed = json.loads(run_in(box, "list", "--json").stdout)["environments"]
    assert [each["name"] for each in listed if each["baseline"]] == ["nlp-exp"]
    plan = run_in(box, "clone", "new", "--dry-run", "--json").stdout.splitlines()[0]
    assert json.loads(plan)["plan"]["request"]["source"] == prefix
    assert f"The baseline is nlp-exp: {prefix}" in run_in(box, "baseline").stdout
    assert baseline(box, "--unset")["prefix"] is None


def test_the_setting_wins_and_then_nothing_is_remembered(box: Sandbox) -> None:
    baseline(box, "--set", "nlp-exp")
    by_setting = {"CONDATUI_BASELINE": "notebooks"}
    document = baseline(box, **by_setting)
    assert (document["name"], document["by_setting"]) == ("notebooks", True)
    for arguments in (("--set", "nlp-exp"), ("--unset",)):
        refused = run_in(box, "baseline", *arguments, environ=by_setting)
        assert (refused.exit_code, "CONDATUI_BASELINE" in refused.stderr) == (3, True), refused.output
    assert baseline(box)["name"] == "nlp-exp"


def test_one_that_is_gone_is_told(box: Sandbox) -> None:
    gone = {"CONDATUI_BASELINE": "no-such"}
    document = baseline(box, **gone)
    assert (document["prefix"], document["problem"]) == (None, "There is no environment `no-such`.")
    listed = run_in(box, "list", environ=gone)
    assert "The baseline cannot be used: There is no environment `no-such`." in listed.stderr
    assert run_in(box, "baseline", "--set", "no-such").exit_code == 2


def proposal(box: Sandbox, *arguments: str) -> dict[str, Any]:
    return baseline(box, "--propose", *arguments)


def test_what_most_share_is_proposed_and_conda_makes_it(sandbox_copy: Callable[..., Sandbox], tmp_path: Path) -> None:
    box = sandbox_copy("nlp-exp", "nlp-base", "notebooks")
    before = {name: manifest(box.prefixes[name]) for name in ("nlp-exp", "nlp-base")}
    file = tmp_path / "baseline.txt"
    document = proposal(box, "-o", str(file))
    assert document["form"] == "explicit"
    assert "python" in {each["name"] for each in document["packages"]}
    assert document["left_out"] == []
    assert file.read_text() == document["text"]
    made = tmp_path / "made"
    command = [str(box.conda), "create", "--prefix", str(made), "--file", str(file), "--offline", "--yes", "--quiet"]
    done = subprocess.run(command, env=box.environ, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    contents = read_prefix(str(made))
    assert {each.name for each in contents.packages} == {each["name"] for each in document["packages"]}
    assert contents.unmet == ()
    assert before == {name: manifest(box.prefixes[name]) for name in before}


def test_a_proposal_is_shown_with_what_it_would_have_saved_and_the_command(box: Sandbox) -> None:
    shown = run_in(box, "baseline", "--propose")
    assert shown.exit_code == 0, shown.output
    assert "packages in one version" in shown.stdout
    assert "nlp-exp: " in shown.stdout
    assert "Make it:  condatui baseline --create baseline --set baseline" in shown.stdout
    assert f"By hand:  {box.conda} create --name baseline --file FILE" in shown.stdout
    text = run_in(box, "baseline", "--propose", "-o", "-").stdout
    assert "@EXPLICIT" in text.splitlines()
    stricter = {each["name"] for each in proposal(box, "--share", "0.9")["packages"]}
    assert stricter < {each["name"] for each in proposal(box)["packages"]}


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("--set", "nlp-exp", "--unset"), 2, "exclude each other"),
        (("--propose", "--unset"), 2, "exclude each other"),
        (("--share", "0.5"), 2, "needs --propose or --create"),
        (("--create", "x", "--propose"), 2, "exclude each other"),
        (("--create", "x", "--set", "nlp-exp"), 2, "has to name what is made"),
        (("--create", "x", "-o", "y"), 2, "need --propose"),
        (("--create", "nlp-exp", "--yes"), 3, "nothing is ever replaced"),
        (("--create", "-x", "--yes"), 2, "begins with `-`"),
        (("--create", "new-one"), 3, "no terminal to ask"),
        (("--dry-run",), 2, "need --create"),
        (("-o", "x.txt"), 2, "need --propose"),
        (("--propose", "--share", "1"), 2, "0<=x<1"),
        (("--propose", "--share", "nan"), 2, "0<=x<1"),
        (("--propose", "--json", "-o", "-"), 2, "exclude each other"),
        (("--propose", "-o", "there.txt"), 3, "exists already"),
        (("--propose", "-o", "no-directory/x.txt"), 3, "is no directory"),
        (("--propose", "-o", "pixi.lock"), 2, "a lock file of pixi"),
    ],
)
def test_what_cannot_be_meant_is_refused(
    untouched: Sandbox, tmp_path: Path, arguments: tuple[str, ...], code: int, said: str
) -> None:
    (tmp_path / "there.txt").write_text("mine")
    result = run_in(untouched, "baseline", *arguments, cwd=str(tmp_path))
    assert (result.exit_code, said in result.stderr) == (code, True), result.output
    assert (tmp_path / "there.txt").read_text() == "mine"
    assert baseline(untouched)["prefix"] is None


def test_a_file_is_replaced_when_that_is_said(box: Sandbox, tmp_path: Path) -> None:
    (tmp_path / "there.txt").write_text("mine")
    assert run_in(box, "baseline", "--propose", "-o", "there.txt", "--force", cwd=str(tmp_path)).exit_code == 0
    assert "@EXPLICIT" in (tmp_path / "there.txt").read_text()


def test_a_proposal_is_created_and_set(sandbox_copy: Callable[..., Sandbox], tmp_path: Path) -> None:
    copied = sandbox_copy("nlp-exp", "nlp-base", "notebooks")
    box = replace(copied, environ={**copied.environ, "CONDATUI_HOME": str(tmp_path / "own")})
    new = box.root_prefix / "envs" / "shared"
    planned = run_in(box, "baseline", "--create", "shared", "--dry-run", "--json")
    assert (planned.exit_code, new.exists()) == (0, False), planned.output
    plan = json.loads(planned.stdout.splitlines()[0])["plan"]
    assert plan["request"]["type"] == "create"
    made = run_in(box, "baseline", "--create", "shared", "--set", "shared", "--yes")
    assert made.exit_code == 0, made.output
    assert "shared was made" in made.stdout
    assert "shared is the baseline" in made.stderr
    document = baseline(box)
    assert (document["prefix"], document["flaws"]) == (str(new), [])
    proposed = proposal(box, "--share", "0.5")["packages"]
    assert {each["name"] for each in proposed} <= {each.name for each in read_prefix(str(new)).packages}
    again = run_in(box, "baseline", "--create", "shared", "--yes")
    assert (again.exit_code, "nothing is ever replaced" in again.stderr) == (3, True), again.output


def test_where_nothing_is_shared_nothing_is_made(sandbox_copy: Callable[..., Sandbox]) -> None:
    alone = sandbox_copy()
    refused = run_in(alone, "baseline", "--create", "shared", "--yes")
    assert (refused.exit_code, "nothing that enough environments share" in refused.stderr) == (3, True), refused.output
    assert not (alone.root_prefix / "envs" / "shared").exists()


def test_a_setting_that_wins_is_said_before_anything_is_made(box: Sandbox) -> None:
    by_setting = {"CONDATUI_BASELINE": "notebooks"}
    refused = run_in(box, "baseline", "--create", "x", "--set", "x", "--yes", environ=by_setting)
    assert (refused.exit_code, "CONDATUI_BASELINE" in refused.stderr) == (3, True), refused.output
    assert not (box.root_prefix / "envs" / "x").exists()


def test_what_its_clones_would_inherit_is_said_as_the_key_says_it(box: Sandbox) -> None:
    said = run_in(box, "baseline", "--set", "try-again-final-v2").stderr
    assert "But pip has put its files in place of those of conda and it has the name of a trial." in said
    assert len(baseline(box)["flaws"]) == 2
