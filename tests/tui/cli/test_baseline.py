"""`condatui baseline` on the sandbox: which it is, and what follows from it."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from condatui_sandbox import Sandbox
from support.cli_runs import run_in


@pytest.fixture
def box(sandbox: Sandbox, tmp_path: Path) -> Sandbox:
    """The sandbox of somebody who keeps what condatui writes down elsewhere."""
    return replace(sandbox, environ={**sandbox.environ, "CONDATUI_HOME": str(tmp_path / "own")})


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
