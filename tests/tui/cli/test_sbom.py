"""`condatui sbom`: where it writes, what it refuses to replace, and what it says of what it could not read."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

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
    return CliRunner().invoke(condatui, ["sbom", "--root", "envs", *arguments], obj=invocation)


@pytest.fixture
def home(tmp_path: Path) -> Path:
    make_prefix(tmp_path / "envs/a").package("numpy")
    return tmp_path


def purls(text: str) -> list[str]:
    return [each["purl"] for each in json.loads(text)["components"]]


def test_it_prints_the_bill(home: Path) -> None:
    result = run(home, "envs/a")
    assert (result.exit_code, result.stderr) == (0, "")
    assert [each.partition("?")[0] for each in purls(result.stdout)] == [
        "pkg:conda/numpy@1.0",
        "pkg:conda/python@3.11.9",
    ]
    assert run(home, str(home / "envs/a"), "-o", "-").stdout == result.stdout


def test_a_file_is_replaced_only_if_that_is_said(home: Path) -> None:
    expected = run(home, "envs/a").stdout
    first = run(home, "envs/a", "-o", "a.cdx.json")
    assert (first.exit_code, first.stdout, (home / "a.cdx.json").read_text()) == (0, "", expected)
    (home / "a.cdx.json").write_text("mine")
    refused = run(home, "envs/a", "-o", "a.cdx.json")
    assert (refused.exit_code, (home / "a.cdx.json").read_text()) == (3, "mine")
    assert "--force" in refused.stderr
    assert run(home, "envs/a", "-o", "a.cdx.json", "--force").exit_code == 0
    assert (home / "a.cdx.json").read_text() == expected


@pytest.mark.parametrize(
    ("file", "words"),
    [
        ("no/such/a.json", "is no directory"),
        ("dir", "is a directory"),
        ("envs/a/conda-meta/a.json", "is for conda"),
    ],
)
def test_what_it_does_not_write_stays(home: Path, file: str, words: str) -> None:
    (home / "dir").mkdir()
    before = sorted(each for each in home.rglob("*") if "own" not in each.parts)
    result = run(home, "envs/a", "-o", file, "--force")
    assert (result.exit_code, result.stdout) == (3, "")
    assert words in result.stderr
    assert sorted(each for each in home.rglob("*") if "own" not in each.parts) == before


def test_a_broken_record_is_told_and_the_rest_is_in_the_bill(home: Path) -> None:
    (home / "envs/a/conda-meta/torch-2-0.json").write_text("{")
    result = run(home, "envs/a")
    assert result.exit_code == 0
    assert "not in the bill: " in result.stderr and "torch-2-0.json" in result.stderr
    assert len(purls(result.stdout)) == 2
    (lacks,) = json.loads(result.stdout)["metadata"]["component"]["properties"]
    assert lacks["name"] == "condatui:incomplete"
    assert lacks["value"].startswith("conda-meta/torch-2-0.json: ")


def test_what_is_no_environment_has_no_bill(home: Path) -> None:
    (home / "envs/half/conda-meta").mkdir(parents=True)
    (home / "envs/half/lib").mkdir()
    for name, code, words in (("nope", 2, "There is no environment `nope`"), ("envs/half", 1, "it is orphan")):
        result = run(home, name)
        assert (result.exit_code, result.stdout) == (code, ""), result.stderr
        assert words in result.stderr


def test_without_the_library_it_is_said_what_to_install(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "condatui_core.reports.cyclonedx", raising=False)
    monkeypatch.setitem(sys.modules, "cyclonedx.exception.model", None)
    result = run(home, "envs/a")
    assert (result.exit_code, result.stdout) == (2, "")
    assert "pip install 'condatui[sbom]'" in result.stderr
