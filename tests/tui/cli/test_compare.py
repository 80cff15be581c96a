"""`condatui compare`: what it takes, what it prints, how it exits."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from msgspec.structs import replace

from condatui.cli.invocation import Invocation
from condatui.cli.main import condatui
from condatui_core.records.environment import Environment
from condatui_sandbox import Sandbox
from support.inventories import NOW, PYTORCH, LoadedWorkbench, environment, inventory, loaded, package, pip_package
from support.inventories import research as make_research
from support.terminal import Terminal
from support.tiers import thorough


def machine() -> tuple[Environment, ...]:
    left = [package("numpy", "1.26.4", build="py311_0"), package("python", "3.11.9"), package("zlib", "1.3")]
    right = [
        package("numpy", "2.0.1", build="py311_0"),
        package("python", "3.11.9", build="h1_cpython"),
        package("zlib", "1.3", PYTORCH),
    ]
    return (
        loaded("left", left, [pip_package("rich", "13.9")]),
        loaded("right", right),
        loaded("twin", prefix="/a/twin"),
        loaded("twin", prefix="/b/twin"),
        environment("gone", state="missing"),
        make_research(),
    )


class Shell:
    """Runs `condatui` in a directory on a machine that is made up."""

    def __init__(self, cwd: Path) -> None:
        self.cwd = cwd
        self.machine = machine()

    def run(self, *arguments: str) -> Result:
        invocation = Invocation(
            environ={"CONDATUI_HOME": str(self.cwd / "condatui")},
            home=self.cwd,
            cwd=str(self.cwd),
            clock=lambda: NOW,
            terminal=False,
            make_workbench=lambda *_: LoadedWorkbench(inventory(*self.machine)),  # type: ignore[arg-type]
        )
        return CliRunner().invoke(condatui, arguments, obj=invocation)

    def document(self, *arguments: str) -> dict[str, Any]:
        result = self.run("compare", *arguments, "--json")
        assert result.exit_code == 0, result.output
        read = json.loads(result.stdout)
        assert isinstance(read, dict)
        return read

    def refused(self, *arguments: str) -> str:
        result = self.run("compare", *arguments)
        assert result.exit_code == 2, result.output
        assert not result.stdout
        return result.stderr


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    return Shell(tmp_path)


def words(result: Result) -> list[list[str]]:
    assert result.exit_code == 0, result.output
    return [line.split() for line in result.stdout.splitlines()]


def test_people_see_what_differs_and_the_sums(shell: Shell) -> None:
    assert words(shell.run("compare", "left", "right")) == [
        ["package", "size", "left", "reference", "right", "25", "%", "alike"],
        ["numpy", "1.0", "K", "1.26.4", "py311_0", "conda-forge", "↑", "2.0.1", "py311_0", "conda-forge"],
        ["python", "1.0", "K", "3.11.9", "h0_0", "conda-forge", "≠", "3.11.9", "h1_cpython", "conda-forge"],
        ["rich", "–", "13.9", "pip", "pypi", "−"],
        ["zlib", "1.0", "K", "1.3", "h0_0", "conda-forge", "≠", "1.3", "h0_0", "pytorch"],
        [],
        ["same", "0", "·", "version", "1", "·", "build", "1", "·", "channel", "1", "·", "missing", "1"],
    ]


@pytest.mark.parametrize(
    ("only", "names"),
    [
        ("version", ["numpy"]),
        ("build", ["python"]),
        ("channel", ["zlib"]),
        ("missing", ["rich"]),
        ("differing", ["numpy", "python", "rich", "zlib"]),
        ("requested", []),
        ("same", []),
    ],
)
def test_only_one_kind(shell: Shell, only: str, names: list[str]) -> None:
    assert [row["name"] for row in shell.document("left", "right", "--only", only)["packages"]] == names


def test_all_shows_what_is_the_same_too(shell: Shell) -> None:
    shell.machine = (loaded("left", [package("a")]), loaded("right", [package("a")]))
    assert words(shell.run("compare", "left", "right", "--all"))[1][0] == "a"
    alike = shell.run("compare", "left", "right")
    assert alike.stderr == "Nothing differs.\n"
    assert alike.stdout.startswith("same 1")


def test_json_has_the_fields_that_it_promises(shell: Shell) -> None:
    document = shell.document("left", "right")
    assert [(each["name"], each["prefix"]) for each in document["environments"]] == [
        ("left", "/opt/miniforge3/envs/left"),
        ("right", "/opt/miniforge3/envs/right"),
    ]
    assert document["summary"] == {"same": 0, "version": 1, "build": 1, "channel": 1, "missing": 1}
    numpy, _, rich, _ = document["packages"]
    assert (numpy["name"], numpy["status"], numpy["requested"]) == ("numpy", "version", False)
    fields = ("version", "build", "channel", "source", "url", "bytes")
    assert [numpy["cells"][0][field] for field in fields] == ["1.26.4", "py311_0", "conda-forge", "conda", None, 1000]
    assert rich["cells"][1] is None
    assert [rich["cells"][0][field] for field in fields] == ["13.9", None, "pypi", "pypi", None, 0]
    assert document["similarity"] == [[1.0, 0.25], [0.25, 1.0]]


def test_it_exits_with_1_only_if_asked_and_only_for_what_was_asked_for(shell: Shell) -> None:
    assert shell.run("compare", "left", "right").exit_code == 0
    assert shell.run("compare", "left", "right", "--exit-code").exit_code == 1
    assert shell.run("compare", "left", "right", "--exit-code", "--json").exit_code == 1
    assert shell.run("compare", "left", "right", "--exit-code", "--only", "same").exit_code == 0


def test_another_reference_turns_the_signs(shell: Shell) -> None:
    assert shell.document("left", "right")["packages"][0]["signs"] == ["=", "↑"]
    turned = shell.document("left", "right", "--reference", "right")
    assert turned["packages"][0]["signs"] == ["↓", "="]
    assert turned["reference"] == 1
    refused = shell.refused("left", "right", "--reference", "/a/twin")
    assert "`/a/twin` is not among the compared environments." in refused


def test_what_show_printed_elsewhere_is_a_column(shell: Shell, tmp_path: Path) -> None:
    shown = shell.run("show", "research", "--json")
    (tmp_path / "host-b.json").write_text(shown.stdout)
    document = shell.document("research", "host-b.json")
    assert {row["status"] for row in document["packages"]} == {"same"}
    assert document["environments"][1]["kind"] == "package list"
    assert [row["cells"][0]["md5"] == row["cells"][1]["md5"] for row in document["packages"]] == [True] * 4


def test_show_tells_where_every_package_came_from(shell: Shell) -> None:
    packages = {each["name"]: each for each in json.loads(shell.run("show", "research", "--json").stdout)["packages"]}
    promised = {"url", "base_url", "md5", "sha256", "build", "requested", "source", "installer"}
    assert all(promised <= each.keys() for each in packages.values())
    assert packages["pytorch"]["base_url"] == PYTORCH
    assert packages["pytorch"]["url"].startswith(f"{PYTORCH}/linux-64/pytorch-2.5.1")
    assert packages["pytorch"]["requested"] is True
    assert packages["python"]["md5"] == "0" * 32
    assert packages["numpy"]["installer"] == "pip"


def test_an_environment_file_is_a_column_and_its_odd_lines_are_told(shell: Shell, tmp_path: Path) -> None:
    (tmp_path / "env.yml").write_text("dependencies: [numpy>=2, python=3.11, '???']\n")
    result = shell.run("compare", "left", "env.yml", "--csv")
    assert result.exit_code == 0, result.output
    assert "left out: ???" in result.stderr
    assert "numpy,version,yes,1.26.4,py311_0,conda-forge,>=2 unmet,," in result.stdout


def test_markdown(shell: Shell) -> None:
    lines = shell.run("compare", "left", "right", "--markdown", "--only", "version").stdout.splitlines()
    assert lines[:3] == [
        "| package | status | left | right |",
        "| --- | --- | --- | --- |",
        "| numpy | version | 1.26.4 py311_0 conda-forge | 2.0.1 py311_0 conda-forge |",
    ]


def test_one_environment_alone_is_refused(shell: Shell) -> None:
    assert "Comparing takes two or more." in shell.refused("left")
    assert "Comparing takes two or more." in shell.refused()


def test_the_same_twice_is_refused_however_it_is_written(shell: Shell) -> None:
    message = shell.refused("left", "/opt/miniforge3/envs/left")
    assert "An environment cannot be compared with itself." in message
    assert "`left` and `/opt/miniforge3/envs/left`" in message


def test_an_unknown_name_suggests_close_ones(shell: Shell) -> None:
    assert "Did you mean `right`?" in shell.refused("left", "rigth")


def test_an_ambiguous_name_lists_the_prefixes(shell: Shell) -> None:
    message = shell.refused("left", "twin")
    assert "/a/twin" in message
    assert "/b/twin" in message


def test_twins_are_told_apart_by_their_prefixes(shell: Shell) -> None:
    shell.machine = (loaded("twin", [package("a")], prefix="/a/twin"), loaded("twin", prefix="/b/twin"))
    header = words(shell.run("compare", "/a/twin", "/b/twin"))[0]
    assert {"/a/twin", "/b/twin"} <= {*header}


def test_an_environment_that_is_gone_is_refused(shell: Shell) -> None:
    assert "`gone` has nothing to compare." in shell.refused("left", "gone")


def test_more_than_twenty_are_refused(shell: Shell) -> None:
    assert "21 are too many to compare." in shell.refused(*(f"e{number}" for number in range(21)))


def test_a_file_that_is_not_there_is_called_a_file(shell: Shell) -> None:
    assert "There is no file `none.yml`." in shell.refused("left", "none.yml")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"hello: world\n", "This file does not describe an environment."),
        (b"{", "This file does not describe an environment."),
        (b'{"packages": [', "The file is broken."),
        (b"\xff\xfe\x00", "The file is not text."),
    ],
)
def test_a_file_of_another_kind_is_refused(shell: Shell, tmp_path: Path, content: bytes, message: str) -> None:
    (tmp_path / "odd.yml").write_bytes(content)
    assert message in shell.refused("left", "odd.yml")


def test_options_that_exclude_each_other(shell: Shell) -> None:
    assert shell.run("compare", "left", "right", "--all", "--only", "version").exit_code == 2
    assert shell.run("compare", "left", "right", "--json", "--csv").exit_code == 2


@pytest.mark.parametrize("columns", [60, *thorough([80, 200])])
def test_the_table_fits_the_terminal(sandbox: Sandbox, tmp_path: Path, columns: int) -> None:
    environ = {**sandbox.environ, "CONDATUI_HOME": str(tmp_path), "CONDATUI_USUAL_PLACES": "0"}
    names = ["nlp-base", "vision-cpu", "vision-cuda", "notebooks", "nlp-exp"]
    argv = [sys.executable, "-m", "condatui", "compare", *names]
    with Terminal(argv, environ=environ, columns=columns, rows=400) as terminal:
        assert terminal.wait_for_exit() == 0
        lines = [line for line in terminal.screen.splitlines() if line]
    headers = [line for line in lines if "package" in line.split()]
    assert all(any(name in header for header in headers) for name in names)
    rows = sum(line.split()[0] == "▪" and line.split()[1] == "numpy" for line in lines)
    assert rows == len(headers)  # a line that is too long for the terminal would go on in the next
    assert (len(headers) == 1) == (columns == 200)


def test_list_sums_up_the_channels_of_all_environments(shell: Shell) -> None:
    shell.machine = shell.machine[:2]
    assert words(shell.run("list", "--channels")) == [
        ["channel", "environments", "packages", "requested", "noarch", "size", "url"],
        ["conda-forge", "2", "5", "0", "0", "~5.0", "K", "https://conda.anaconda.org/conda-forge"],
        ["pytorch", "1", "1", "0", "0", "~1.0", "K", PYTORCH],
        ["pypi", "1", "1", "–", "–", "~0", "B"],
    ]
    channels = json.loads(shell.run("list", "--json").stdout)["channels"]
    assert [each["packages"] for each in channels] == [5, 1, 1]


PIXI = """
version: 6
environments:
  default: {packages: {osx-64: [{conda: https://conda.anaconda.org/conda-forge/osx-64/zlib-1.3-h0_0.conda}]}}
  test: {packages: {osx-64: [], linux-64: []}}
packages: []
"""


def test_what_is_read_of_a_lock_file_is_named(shell: Shell, tmp_path: Path) -> None:
    (tmp_path / "pixi.lock").write_text(PIXI)
    assert "pixi.lock#default" in shell.refused("left", "pixi.lock")
    assert "nothing for linux-64" in shell.refused("left", "pixi.lock#default", "--platform", "linux-64")
    document = shell.document("pixi.lock#default", "pixi.lock#test", "--platform", "osx-64")
    assert [each["name"] for each in document["environments"]] == ["pixi.lock#default", "pixi.lock#test"]
    assert [row["name"] for row in document["packages"]] == ["zlib"]
    assert "compared with itself" in shell.refused("pixi.lock#test", "./pixi.lock#test", "--platform", "osx-64")


def test_markers_are_those_of_the_environment_beside(shell: Shell, tmp_path: Path) -> None:
    shell.machine = (replace(loaded("left", [package("a")]), python="3.11.9"),)
    (tmp_path / "requirements.txt").write_text("rich==13.9\nold==1; python_version < '3'\n")
    result = shell.run("compare", "left", "requirements.txt")
    assert "left out: old==1; python_version < '3' (not for this platform and Python)" in result.stderr
