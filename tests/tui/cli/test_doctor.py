"""`condatui doctor` on machines with little on them."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from msgspec.structs import replace

from condatui.cli.invocation import Invocation
from condatui.cli.main import condatui
from support.inventories import NOW


@pytest.fixture
def invocation(tmp_path: Path) -> Invocation:
    (tmp_path / "bin").mkdir()
    return Invocation(
        environ={
            "CONDATUI_HOME": str(tmp_path / "own"),
            "CONDATUI_USUAL_PLACES": "0",
            "PATH": str(tmp_path / "bin"),
            "TERM": "xterm-256color",
            "SSH_CONNECTION": "192.0.2.1 1 192.0.2.2 22",
            "NO_COLOR": "1",
        },
        home=tmp_path,
        cwd="/",
        clock=lambda: NOW,
        terminal=False,
    )


def run(invocation: Invocation, *arguments: str) -> Result:
    return CliRunner().invoke(condatui, ("doctor", *arguments), obj=invocation)


def test_it_is_plain_and_no_line_is_wide(invocation: Invocation, tmp_path: Path) -> None:
    invocation = replace(invocation, roots=(str(tmp_path / ("deep/" * 60)),))
    result = run(invocation)
    assert result.exit_code == 0, result.output
    assert max(map(len, result.stdout.splitlines())) <= 100
    assert result.stdout.isascii() and "\x1b" not in result.stdout
    for title in ("Problems", "Versions", "Terminal", "Condas", "Environments", "Directories", "Settings", "Log"):
        assert f"\n{title}\n  " in result.stdout
    assert "usual_places: False (environment CONDATUI_USUAL_PLACES)" in result.stdout
    assert "over SSH" in result.stdout and "NO_COLOR is set" in result.stdout
    assert "192.0.2" not in result.stdout and f"{tmp_path}/" not in result.stdout


def test_json_is_one_document_with_a_format(invocation: Invocation) -> None:
    document = json.loads(run(invocation, "--json").stdout)
    assert document["format"] == 1
    assert document["terminal"]["colors"] == "256"
    assert document["environments"] == {}


def test_a_broken_settings_file_is_told_and_does_not_end_it(invocation: Invocation) -> None:
    file = invocation.locations.settings_file
    file.parent.mkdir(parents=True)
    file.write_text("stale_days: many\ncolour: [\n")
    result = run(invocation)
    assert result.exit_code == 0, result.output
    assert "The settings file is not valid YAML: ~/own/config/settings.yaml" in result.stdout
    assert "stale_days: 180" in result.stdout


def test_a_damaged_journal_is_a_problem(invocation: Invocation) -> None:
    journal = invocation.locations.jobs / "20260520-100001-aa5c"
    journal.mkdir(parents=True)
    (journal / "plan.json").touch()
    result = run(invocation)
    assert result.exit_code == 0, result.output
    assert "~/own/state/jobs/20260520-100001-aa5c is damaged" in " ".join(result.stdout.split())


def test_it_runs_where_nothing_can_be_written(invocation: Invocation, tmp_path: Path) -> None:
    (tmp_path / "own").write_text("a file where the directories should be")
    result = run(invocation)
    assert result.exit_code == 0, result.output
    assert result.stderr == ""


def test_debug_shows_in_the_settings_and_in_the_log(invocation: Invocation) -> None:
    result = run(invocation, "--debug")
    assert "debug: True (command line)" in result.stdout
    log = invocation.locations.log
    assert "loaded 0 environments" in log.read_text()
    assert os.stat(log).st_mode & 0o777 == 0o600


def test_without_debug_a_good_run_leaves_no_log(invocation: Invocation) -> None:
    assert run(invocation).exit_code == 0
    assert not invocation.locations.log.exists()
