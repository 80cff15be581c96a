"""`condatui metrics`: where it writes, and what it refuses to replace."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from prometheus_client.parser import text_string_to_metric_families

from condatui.cli.invocation import Invocation
from condatui.cli.main import condatui
from support.inventories import NOW
from support.prefixes import make_prefix


def run(home: Path, *arguments: str) -> Result:
    invocation = Invocation(
        environ={"CONDATUI_HOME": str(home / "own"), "CONDATUI_USUAL_PLACES": "0", "PATH": "/usr/bin:/bin"},
        home=home,
        cwd=str(home),
        clock=lambda: NOW,
        terminal=False,
    )
    return CliRunner().invoke(condatui, ["metrics", "--root", "envs", *arguments], obj=invocation)


@pytest.fixture
def home(tmp_path: Path) -> Path:
    make_prefix(tmp_path / "envs/a").package("numpy")
    return tmp_path


def values(text: str) -> dict[str, float]:
    """The value of each metric of the only environment, and of the machine."""
    return {each.name: each.value for family in text_string_to_metric_families(text) for each in family.samples}


def test_it_prints_what_is_there_with_its_bytes(home: Path) -> None:
    result = run(home)
    assert result.exit_code == 0
    found = values(result.stdout)
    assert found["condatui_environment_info"] == 1
    assert found["condatui_environment_size_bytes"] == found["condatui_environment_exclusive_bytes"] > 0
    assert "condatui_environment_size_bytes" not in values(run(home, "--no-sizes").stdout)


def test_a_file_is_replaced_whole(home: Path) -> None:
    (home / "m.prom").write_text("old\n" * 10_000)
    result = run(home, "-o", "m.prom")
    assert (result.exit_code, result.stdout) == (0, "")
    assert values((home / "m.prom").read_text())["condatui_environment_info"] == 1
    assert sorted(each.name for each in home.glob("*m*")) == ["m.prom"]


@pytest.mark.parametrize(
    ("output", "words"),
    [
        ("notes.txt", "must end with .prom"),
        ("no/such/m.prom", "no directory"),
        ("dir.prom", "is a directory"),
        ("envs/a/conda-meta/m.prom", "is for conda"),
    ],
)
def test_what_it_does_not_write_stays(home: Path, output: str, words: str) -> None:
    (home / "notes.txt").write_text("mine")
    (home / "dir.prom").mkdir()
    result = run(home, "-o", output)
    assert (result.exit_code, result.stdout) == (2, "")
    assert words in result.stderr
    assert (home / "notes.txt").read_text() == "mine"
