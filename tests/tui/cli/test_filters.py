"""`condatui filters`: remembered, listed, used and forgotten."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from condatui.cli.invocation import Invocation
from condatui.cli.main import condatui
from support.inventories import NOW


def run(home: Path, *arguments: str) -> Result:
    invocation = Invocation(
        environ={"CONDATUI_HOME": str(home / "own"), "CONDATUI_USUAL_PLACES": "0", "PATH": "/usr/bin:/bin"},
        home=home,
        cwd=str(home),
        clock=lambda: NOW,
        terminal=False,
    )
    return CliRunner().invoke(condatui, arguments, obj=invocation)


def test_a_filter_is_remembered_listed_used_and_forgotten(tmp_path: Path) -> None:
    assert "No filter is remembered." in run(tmp_path, "filters").stderr
    assert "@old is remembered." in run(tmp_path, "filters", "@old", "used:>90d | state:orphan").stderr
    assert run(tmp_path, "filters", "big", "disk:>5G").exit_code == 0
    assert run(tmp_path, "filters").stdout == "@old  used:>90d | state:orphan\n@big  disk:>5G\n"
    (tmp_path / "envs/a/conda-meta").mkdir(parents=True)
    (tmp_path / "envs/a/conda-meta/history").touch()
    for text, count in (("@old", 1), ("!@old", 0)):
        found = json.loads(run(tmp_path, "list", "--root", "envs", "--filter", text, "--json").stdout)
        assert len(found["environments"]) == count
    assert "@old is forgotten." in run(tmp_path, "filters", "old", "--forget").stderr
    assert run(tmp_path, "filters").stdout == "@big  disk:>5G\n"


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (("old",), "NAME and FILTER remember one"),
        (("--forget",), "--forget NAME forgets one"),
        (("old", "x", "--forget"), "--forget NAME forgets one"),
        (("old", "chanel:x"), "Did you mean `channel`?"),
        (("old", " "), "The filter is empty"),
        (("old", "nlp @big"), "A filter that is remembered names no other."),
        (("two words", "nlp"), "cannot be the name of a filter"),
        (("none", "--forget"), "No filter is remembered as `none`."),
    ],
)
def test_what_cannot_be_remembered_or_forgotten_is_wrong_usage(
    tmp_path: Path, arguments: tuple[str, ...], why: str
) -> None:
    refused = run(tmp_path, "filters", *arguments)
    assert (refused.exit_code, why in refused.stderr) == (2, True), refused.stderr
    assert not (tmp_path / "own/config/keep.yaml").exists()


def test_read_only_remembers_nothing(tmp_path: Path) -> None:
    assert run(tmp_path, "--read-only", "filters", "old", "nlp").exit_code == 3
    assert run(tmp_path, "filters").stdout == ""
