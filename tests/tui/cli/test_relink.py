"""`condatui relink`: what it joins and frees, its JSON, its undo; it needs no conda."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from datetime import datetime
from functools import partial
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from condatui.cli.invocation import Invocation
from condatui.cli.main import condatui
from condatui.cli.run_action import way_out_words
from condatui_core.actions.relink import batch, facts
from condatui_core.disk.same_files import survey_same_files
from condatui_core.records.request import RelinkRequest, SeparateRequest
from support.disk_trees import du
from support.prefixes import make_prefix
from support.same_files import SITE_PACKAGES, content, install_wheel

Run = Callable[..., Result]
LIBRARY = f"{SITE_PACKAGES}/big/library.so"
BYTES = 53_248


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """The files of a test were made a moment ago, and are few."""
    monkeypatch.setattr(batch, "_REST", 0)
    monkeypatch.setattr(facts, "survey_same_files", partial(survey_same_files, workers=1))


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """Run condatui where two registered environments have the same wheel."""
    prefixes = [make_prefix(tmp_path / "envs" / name) for name in ("one", "two")]
    for number, prefix in enumerate(prefixes):
        (library,) = install_wheel(prefix, "big", {"big/library.so": content("library", 50_000)})
        os.utime(library, ns=(0, 1_700_000_000_000_000_000 + number))
    (tmp_path / ".conda").mkdir()
    (tmp_path / ".conda/environments.txt").write_text("".join(f"{each}\n" for each in prefixes))

    def run(*arguments: str) -> Result:
        invocation = Invocation(
            environ={"CONDATUI_HOME": str(tmp_path / "own"), "CONDATUI_USUAL_PLACES": "0", "PATH": "/usr/bin:/bin"},
            home=tmp_path,
            cwd=str(tmp_path),
            clock=lambda: datetime.now().astimezone(),
            terminal=False,
        )
        return CliRunner().invoke(condatui, list(arguments), obj=invocation)

    return run


def test_it_joins_what_the_plan_says_and_the_undo_takes_it_back(tmp_path: Path, run: Run) -> None:
    one, two = (tmp_path / "envs" / name / LIBRARY for name in ("one", "two"))
    before, modified = du(tmp_path / "envs"), two.stat().st_mtime_ns
    result = run("relink", "--dry-run", "--json")
    assert result.exit_code == 0, result.output
    plan = json.loads(result.stdout)["plan"]
    numbers = {key: plan["relink"][key] for key in ("groups", "files", "bytes", "method")}
    assert numbers == {"groups": 1, "files": 1, "bytes": BYTES, "method": "hardlink"}
    assert du(tmp_path / "envs") == before

    result = run("relink", "--yes")
    assert result.exit_code == 0, result.output
    assert "1 file stored once with others: 53 KB freed." in result.stdout
    assert before - du(tmp_path / "envs") == BYTES
    assert one.samefile(two)

    result = run("relink", "--undo", str(tmp_path / "envs/two"), "--yes")
    assert result.exit_code == 0, result.output
    assert "is its own: 53 KB used." in result.stdout
    assert (du(tmp_path / "envs"), one.samefile(two), two.stat().st_mtime_ns) == (before, False, modified)
    result = run("relink", "--undo", str(tmp_path / "envs/two"), "--yes")
    assert (result.exit_code, "is joined with others" in result.stderr) == (3, True)


def test_wrong_usage(run: Run) -> None:
    for arguments in (("one", "--undo", "two"), ("--smallest", "much"), ("--method", "symlink"), ("--undo", "nothing")):
        result = run("relink", *arguments)
        assert (result.exit_code, "Traceback" in result.output) == (2, False)


def test_the_way_out_of_an_interrupted_relink_is_a_command_that_can_be_run() -> None:
    assert way_out_words(RelinkRequest()) == ("relink",)
    request = RelinkRequest(prefixes=("/a",), method="reflink", smallest=1 << 20)
    assert way_out_words(request) == ("relink", "--method", "reflink", "--smallest", "1048576", "--", "/a")
    assert way_out_words(SeparateRequest(prefix="/a")) == ("relink", "--undo", "/a")
