"""`condatui export` on a real sandbox."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner, Result

from condatui.cli.invocation import Invocation
from condatui.cli.main import condatui
from condatui_sandbox import Sandbox

Run = Callable[..., Result]


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What condatui keeps from call to call, so that not each of them asks conda again."""
    return tmp_path_factory.mktemp("own")


@pytest.fixture
def run(sandbox: Sandbox, own: Path, tmp_path: Path) -> Run:
    """Run `condatui export` in an empty directory, with nobody at a terminal."""
    (tmp_path / "here").mkdir()

    def run(*arguments: str) -> Result:
        kept = {"CONDATUI_HOME": str(own), "CONDATUI_USUAL_PLACES": "0"}
        invocation = Invocation(
            environ={**sandbox.environ, **kept},
            home=sandbox.home,
            cwd=str(tmp_path / "here"),
            clock=lambda: datetime.now().astimezone(),
            terminal=False,
        )
        return CliRunner().invoke(condatui, ["export", *arguments], obj=invocation)

    return run


def test_to_stdout(run: Run) -> None:
    done = run("pip-mix")
    assert done.exit_code == 0
    document = yaml.safe_load(done.stdout)
    assert document["name"] == "pip-mix"
    assert document["dependencies"][-1]["pip"][0] == "einops==0.8.0"
    assert "segtools is installed in place" in done.stderr


def test_the_options(run: Run) -> None:
    document = json.loads(run("vision-cuda", "--format", "json", "--from-history").stdout)
    assert "pytorch::pytorch=2.5.1" in document["dependencies"]
    document = yaml.safe_load(run("notebooks", "--no-builds", "-o", "-").stdout)
    assert "python_abi=3.11" in document["dependencies"] or all(
        each.count("=") == 1 for each in document["dependencies"]
    )
    assert "@EXPLICIT" in run("notebooks", "--format", "explicit").stdout
    told = json.loads(run("notebooks", "--json").stdout)
    assert told["packages"] > 30 and told["text"].startswith("name: notebooks")


def test_to_a_file_in_the_format_of_its_name_and_never_over_another(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "here" / "requirements.txt"
    assert run("notebooks", "-o", "requirements.txt").exit_code == 0
    assert "conda-forge::python=" in file.read_text()
    file.write_text("precious")
    refused = run("notebooks", "-o", "requirements.txt")
    assert refused.exit_code == 3
    assert "exists already" in refused.stderr and file.read_text() == "precious"
    lines = [json.loads(line) for line in run("notebooks", "-o", str(file), "--force", "--json").stdout.splitlines()]
    assert "plan" in lines[0] and lines[-1]["result"]["outcome"]["files"] == [str(file)]
    assert file.read_text() != "precious"


def test_a_dry_run_writes_nothing(run: Run, tmp_path: Path) -> None:
    done = run("notebooks", "-o", "x.yml", "--dry-run")
    assert done.exit_code == 0 and "x.yml" in done.stdout
    assert not list((tmp_path / "here").iterdir())


def test_all_into_a_directory_and_then_only_what_has_changed(run: Run, sandbox: Sandbox, tmp_path: Path) -> None:
    done = run("--all", "--dir", "lab")
    assert done.exit_code == 0, done.stderr
    files = {each.name: each.stat().st_mtime_ns for each in (tmp_path / "here" / "lab").iterdir()}
    assert files.keys() >= {"index.md", "base.yml", "notebooks.yml", "vision-cuda.yml", "segmentation-env.yml"}
    assert "half-cloned is left out: its state is orphan." in done.stdout
    plan, *_, last = map(json.loads, run("--all", "--dir", "lab", "--changed", "--json").stdout.splitlines())
    assert {each["change"] for each in plan["plan"]["exports"]} == {"not-read"}
    assert last["result"]["outcome"]["files"] == []
    assert run("notebooks", "base", "--dir", "lab").exit_code == 0
    assert files == {each.name: each.stat().st_mtime_ns for each in (tmp_path / "here" / "lab").iterdir()}
    done = run("notebooks", "--dir", "lab", "--leaves", "--no-builds", "--dry-run")
    assert done.exit_code == 0 and "changed  1 file: notebooks.yml" in done.stdout
    assert files == {each.name: each.stat().st_mtime_ns for each in (tmp_path / "here" / "lab").iterdir()}


def test_less_and_for_others(run: Run) -> None:
    leaves = yaml.safe_load(run("nlp-exp", "--leaves", "--no-builds").stdout)["dependencies"]
    assert "transformers=4.47.1" in leaves and len(leaves) < 12
    portable = yaml.safe_load(run("vision-cuda", "--portable").stdout)["dependencies"]
    assert "pytorch::pytorch=2.5.1=*cuda12*" in portable
    assert not [each for each in portable if "libgcc" in each]
    assert yaml.safe_load(run("notebooks", "--format", "conda-lock").stdout)["version"] == 1


@pytest.mark.parametrize(
    ("arguments", "exit_code"),
    [
        (("nobody",), 2),
        (("notebooks", "--format", "docx"), 2),
        (("notebooks", "--format", "explicit", "--from-history"), 2),
        (("notebooks", "-o", "/nowhere/x.yml"), 3),
        (("half-cloned",), 3),
        ((), 2),
        (("--all",), 2),
        (("--all", "notebooks", "--dir", "x"), 2),
        (("notebooks", "base"), 2),
        (("notebooks", "--changed"), 2),
        (("notebooks", "--dir", "x", "-o", "y.yml"), 2),
        (("notebooks", "--dir", ""), 2),
        (("notebooks", "--leaves", "--from-history"), 2),
        (("notebooks", "--portable", "--format", "conda-lock"), 2),
        (("notebooks", "half-cloned", "--dir", "x"), 3),
        (("nobody", "--dir", "x"), 2),
        (("notebooks", "--dir", "absent/x"), 3),
    ],
)
def test_what_cannot_be(arguments: tuple[str, ...], exit_code: int, run: Run) -> None:
    done = run(*arguments)
    assert done.exit_code == exit_code
    assert done.stderr and "Traceback" not in done.stderr
