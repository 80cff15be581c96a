"""What holds for every command that acts: a dry run touches nothing, and no name is more than a name."""

from __future__ import annotations

import json
import os
import pwd
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner

from condatui.cli.invocation import Invocation
from condatui.cli.main import condatui
from condatui_core.records.environment import Environment, Inventory
from condatui_sandbox import Sandbox
from support.cli_runs import run_in
from support.inventories import NOW, LoadedWorkbench
from support.sandboxes import manifest
from support.tiers import thorough

VERBS = {
    "clone": ("clone", "notebooks", "new", "--offline"),
    "export": ("export", "notebooks", "-o", "environment.yml"),
    "merge": ("merge", "notebooks", "--into", "nlp-base", "--offline"),
    "pack": ("pack", "notebooks", "-o", "notebooks.tar.gz"),
    "remove": ("remove", "notebooks", "vision-cpu"),
    "ship": ("ship", "notebooks", "-o", "image", "--from", "archive"),
}
NAMES = ["-p", "$(touch x)", "", *thorough(["a b", "../x", "; rm", "n" * 300, ".", "\x1b[31m"])]


@pytest.fixture
def box(sandbox: Sandbox, tmp_path: Path) -> Sandbox:
    """The sandbox of somebody who keeps what condatui writes down elsewhere."""
    return replace(sandbox, environ={**sandbox.environ, "CONDATUI_HOME": str(tmp_path / "own")})


def everything(sandbox: Sandbox) -> dict[str, tuple[int, int, int]]:
    """All that somebody could miss; condatui's own memory and conda's are their own."""
    places = (sandbox.home / "work", sandbox.root_prefix / "envs", sandbox.root_prefix / "conda-meta")
    here = {entry.name: (entry.stat().st_mode, 0, 0) for entry in os.scandir(sandbox.home)}
    found = {name: state for place in places for name, state in manifest(place).items()}
    return {**found, **{name: state for name, state in here.items() if name != ".condatui"}}


@pytest.mark.parametrize("verb", ["clone", "remove", "ship", *thorough(["export", "merge", "pack"])])
def test_a_dry_run_is_a_plan_and_nothing_else(box: Sandbox, verb: str) -> None:
    before = everything(box)
    printed = run_in(box, *VERBS[verb], "--dry-run")
    assert printed.exit_code == 0, printed.output
    (line,) = run_in(box, *VERBS[verb], "--dry-run", "--json").stdout.splitlines()
    plan = json.loads(line)["plan"]
    assert plan["request"]["type"] == verb
    assert plan["title"] in printed.stdout
    assert everything(box) == before
    assert not (Path(box.environ["CONDATUI_HOME"]) / "state").exists(), "nothing is written down either"


@pytest.mark.parametrize("name", NAMES)
def test_no_environment_is_found_by_a_name_that_is_none(box: Sandbox, name: str) -> None:
    before = everything(box)
    for arguments in (
        ("clone", "--yes", "--", name, "new"),
        ("export", "--", name),
        ("pack", "--yes", "-o", "x.tar", "--", name),
        ("remove", "--yes", "--", name),
        ("remove", "--yes", "--", "notebooks", name),
        ("restore", "--yes", "--", name),
        ("gpu", "--static", "--", name),
        ("disk", "--", name),
    ):
        result = run_in(box, *arguments)
        assert (result.exit_code, result.stdout) == (2, ""), (arguments, result.output)
        assert "There is no" in result.stderr
        assert "\x1b" not in result.stderr
    assert everything(box) == before


@pytest.mark.parametrize("name", ["-p", *thorough(["a b", "$(touch x)", "; rm", "n" * 300, "", ".", "\x1b[31m"])])
def test_no_clone_is_made_under_a_name_that_is_none(box: Sandbox, name: str) -> None:
    before = everything(box)
    result = run_in(box, "clone", "--yes", "--offline", "--", "notebooks", name)
    assert (result.exit_code, result.stdout) == (2, ""), result.output
    assert "cannot be the name of an environment" in result.stderr
    assert everything(box) == before


@pytest.mark.parametrize("name", ["-p", *thorough(["a b", "$(touch x)", "; rm", "\x1b[31m"])])
def test_a_file_is_called_as_it_was_asked_for(box: Sandbox, tmp_path: Path, name: str) -> None:
    verbs: tuple[tuple[str, ...], ...] = (
        ("export", "notebooks", "--format", "yaml"),
        ("pack", "notebooks", "--format", "tar"),
    )
    for arguments in verbs:
        file = tmp_path / arguments[0] / name
        file.parent.mkdir()
        result = run_in(box, *arguments, "-o", str(file), "--yes")
        assert result.exit_code == 0, result.output
        stated = [f"{name}.sha256"] if arguments[0] == "pack" else []
        assert sorted(os.listdir(file.parent)) == [name, *stated]
        assert "\x1b" not in result.output


@pytest.mark.parametrize("verb", ["disk", "gpu"])
@pytest.mark.parametrize("name", ["gone", "~/gone"])
def test_what_is_gone_is_neither_measured_nor_checked(tmp_path: Path, verb: str, name: str) -> None:
    gone = Environment(name="gone", prefix=str(tmp_path / "gone"), state="missing")
    invocation = Invocation(
        environ={"CONDATUI_HOME": str(tmp_path / "own")},
        home=tmp_path,
        cwd="/",
        clock=lambda: NOW,
        terminal=False,
        make_workbench=lambda *_: LoadedWorkbench(Inventory(environments=(gone,))),  # type: ignore[arg-type]
    )
    result = CliRunner().invoke(condatui, [verb, name], obj=invocation)
    assert (result.exit_code, result.stdout) == (2, "")
    assert "does not exist" in result.stderr


GONE = "is relative to a working directory that does not exist any more."


@pytest.mark.parametrize(
    ("words", "path"),
    [
        (("export", "notebooks", "-o", "e.yml"), "e.yml"),
        (("clone", "notebooks", "./new"), "./new"),
        (("remove", "envs/notebooks"), "envs/notebooks"),
        (("--root", "envs", "list"), "envs"),
        *thorough(
            [
                (("pack", "notebooks", "-o", "x/nb.tar.gz"), "x/nb.tar.gz"),
                (("clone", "./notebooks", "new"), "./notebooks"),
                (("show", "./notebooks"), "./notebooks"),
                (("compare", "notebooks", "e.yml"), "e.yml"),
                (("compare", "notebooks", "./nlp-exp"), "./nlp-exp"),
                (("--conda", "bin/conda", "list"), "bin/conda"),
            ]
        ),
    ],
)
def test_from_a_directory_that_is_gone_relative_paths_are_refused(
    box: Sandbox, words: tuple[str, ...], path: str
) -> None:
    before = set(os.listdir("/"))
    options = ("--yes",) if words[0] in VERBS else ()
    result = run_in(box, *words, *options, cwd="")
    assert result.exit_code == 2, result.output
    assert f"`{path}` {GONE}" in result.stderr
    assert set(os.listdir("/")) == before


def test_from_a_directory_that_is_gone_names_and_absolute_paths_are_fine(box: Sandbox, tmp_path: Path) -> None:
    assert run_in(box, "show", "notebooks", cwd="").exit_code == 0
    assert run_in(box, "compare", "notebooks", "nlp-exp", cwd="").exit_code in (0, 1)
    result = run_in(box, "export", "notebooks", "-o", str(tmp_path / "e.yml"), "--yes", cwd="")
    assert result.exit_code == 0, result.output
    assert (tmp_path / "e.yml").exists()
    printed = run_in(box, "export", "notebooks", cwd="")
    assert (printed.exit_code, printed.stdout) == (0, (tmp_path / "e.yml").read_text())


def test_a_working_directory_that_was_deleted_is_known_to_be_gone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "gone").mkdir()
    monkeypatch.chdir(tmp_path / "gone")
    (tmp_path / "gone").rmdir()
    assert Invocation.of_process().cwd == ""


@pytest.mark.parametrize(
    "arguments",
    [
        ("export", "nlp-exp", "-o", ""),
        ("pack", "nlp-exp", "-o", ""),
        ("restore", "", "--yes"),
        ("remove", "", "--yes"),
        ("clone", "nlp-exp", "", "--yes"),
    ],
)
def test_an_empty_argument_stands_for_nothing(sandbox: Sandbox, arguments: tuple[str, ...]) -> None:
    """As a shell makes one of a variable that is not set."""
    result = run_in(sandbox, *arguments)
    assert (result.exit_code, result.stdout) == (2, ""), result.output


def test_a_user_without_a_home_lives_at_the_root_and_not_in_the_working_directory(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def unknown(uid: int) -> None:
        raise KeyError(uid)

    monkeypatch.setattr(pwd, "getpwuid", unknown)
    monkeypatch.setenv("HOME", "gone afterwards")
    assert Invocation.of_process().home == Path("/")
    assert os.environ["HOME"] == "/"


@pytest.mark.parametrize("home", ["", "relative/home"])
def test_a_home_that_is_no_absolute_path_is_not_below_the_working_directory(
    home: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", home)
    locations = Invocation.of_process().locations
    assert locations.home.is_absolute()
    for each in (locations.config, locations.cache, locations.state):
        assert each.is_absolute() and tmp_path not in each.parents
