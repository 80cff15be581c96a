"""`condatui find`: what it prints, its JSON document, and how it exits."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from condatui.cli.invocation import Invocation
from condatui.cli.main import condatui
from condatui_core.records.environment import Environment
from support.inventories import NOW, LoadedWorkbench, days_ago, environment, inventory, loaded, package, pip_package

NLP = loaded("nlp", [package("python", "3.11.7"), package("numpy", "1.26.4")], python="3.11.7", last_used=days_ago(3))
PIPPED = loaded("pipped", [package("python", "3.10.14")], [pip_package("numpy", "2.0.1")], python="3.10.14")
TOOLS = loaded("tools", [package("zlib")])
MACHINE = (NLP, PIPPED, TOOLS, environment("gone", state="missing"))


class CommandLine:
    """Runs `condatui find` over these environments."""

    def __init__(self, directory: Path, *environments: Environment) -> None:
        self._directory = directory
        self._environments = environments or MACHINE

    def run(self, *arguments: str) -> Result:
        invocation = Invocation(
            environ={"CONDATUI_HOME": str(self._directory / "own"), "COLUMNS": "200"},
            home=self._directory,
            cwd=str(self._directory),
            clock=lambda: NOW,
            terminal=False,
            make_workbench=lambda *_: LoadedWorkbench(inventory(*self._environments)),  # type: ignore[arg-type]
        )
        return CliRunner().invoke(condatui, ["find", *arguments], obj=invocation)

    def document(self, *arguments: str) -> dict[str, Any]:
        document = json.loads(self.run(*arguments, "--json").stdout)
        assert isinstance(document, dict)
        return document

    def path(self, name: str) -> str:
        return str(self._directory / name)

    def write(self, name: str, text: str) -> str:
        (self._directory / name).write_text(text, encoding="utf-8")
        return name


@pytest.fixture
def command_line(tmp_path: Path) -> CommandLine:
    return CommandLine(tmp_path)


def test_it_says_who_has_all_of_it_and_what_the_others_lack(command_line: CommandLine) -> None:
    result = command_line.run("python>=3.10", "numpy>=1.26,<2")
    assert result.exit_code == 0
    assert result.stdout.splitlines() == [
        "1 of 3 environments has all of it.",
        "name  beside  used  has",
        "nlp        0   3 d  python 3.11.7 · numpy 1.26.4",
        "",
        "What the others lack, the nearest first:",
        "name    lacks  what",
        "pipped      1  numpy 2.0.1 pip is not >=1.26,<2",
        "tools       2  no python, numpy",
    ]


def test_it_exits_with_1_if_none_has_all_of_it(command_line: CommandLine) -> None:
    result = command_line.run("scipy")
    assert result.exit_code == 1
    assert result.stdout.splitlines()[0] == "None of 3 environments has all of it."


def test_the_document_has_what_each_has_and_lacks(command_line: CommandLine) -> None:
    document = command_line.document("numpy>=2", "zlib")
    assert (document["format"], document["file"], document["left_out"]) == (1, None, [])
    assert document["environments"][0] == {
        "name": "tools",
        "prefix": "/opt/miniforge3/envs/tools",
        "state": "ok",
        "satisfies": False,
        "lacks": [{"name": "numpy", "kind": "missing", "want": ">=2", "have": "", "source": None}],
        "has": [{"name": "zlib", "want": "*", "have": "1.0", "source": "conda"}],
        "beside": 0,
    }
    assert [each["lacks"][0] for each in document["environments"][1:]] == [
        {"name": "zlib", "kind": "missing", "want": "*", "have": "", "source": None},
        {"name": "numpy", "kind": "version", "want": ">=2", "have": "1.26.4", "source": "conda"},
    ]


def test_a_file_says_what_is_wanted_and_each_python_is_asked_for_its_own(command_line: CommandLine) -> None:
    """The backport is wanted on Python 3.10 alone, and there it is missing."""
    requirements = 'numpy>=1.20\ntomli; python_version < "3.11"\nwinshell; sys_platform == "win32"\n--no-index\n'
    file = command_line.write("requirements.txt", requirements)
    result = command_line.run("-f", file)
    assert result.exit_code == 0
    assert result.stdout.splitlines()[2].split() == ["nlp", "1", "3", "d", "numpy", "1.26.4"]
    assert [line.split() for line in result.stdout.splitlines()[6:]] == [
        ["pipped", "1", "no", "tomli"],
        ["tools", "2", "no", "numpy,", "tomli"],
    ]
    assert [line for line in result.stderr.splitlines() if "left out" in line] == [
        'condatui: left out: winshell; sys_platform == "win32" (not for this platform and Python)',
        "condatui: left out: --no-index",
    ]
    assert command_line.document("-f", file)["file"] == command_line.path(file)


def test_an_environment_yml_is_read_as_conda_reads_it(command_line: CommandLine) -> None:
    file = command_line.write("environment.yml", "name: x\ndependencies:\n- python=3.11\n- numpy\n")
    assert [each["name"] for each in command_line.document("-f", file)["environments"] if each["satisfies"]] == ["nlp"]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((), "Name what is wanted"),
        (("numpy", "-f", "x.yml"), "exclude each other"),
        (("numpy>=", "python"), "`numpy>=` cannot be read: `>=` is neither a version nor a range of versions."),
        (("=1.2",), "`=1.2` does not begin with the name of a package."),
        (("*",), "names no package"),
        (("forge:::numpy",), "`forge:::numpy` has three colons where a channel ends with two."),
        (("numpy=>2",), "`numpy=>2` cannot be read: `=>2` is neither a version nor a range of versions."),
        (("",), "A spec is empty."),
        (("numpy[build",), "in brackets stands something like"),
        (("__cuda>=12",), "`__cuda>=12` is a virtual package"),
        (("-f", "absent.yml"), "The file cannot be read."),
        (("list.txt",), "`condatui find -f list.txt` reads it."),
        (("-f", "empty.yml"), "no package is named"),
    ],
)
def test_what_cannot_be_wanted_is_wrong_usage_and_says_why(
    command_line: CommandLine, arguments: tuple[str, ...], words: str
) -> None:
    command_line.write("list.txt", "numpy\n")
    command_line.write("empty.yml", "dependencies: []\n")
    result = command_line.run(*arguments)
    assert (result.exit_code, result.stdout) == (2, "")
    assert words in result.stderr


def test_only_the_nearest_are_shown_unless_all_are_asked_for(tmp_path: Path) -> None:
    many = CommandLine(tmp_path, *(loaded(f"e{number:02}", [package("zlib")]) for number in range(25)))
    assert many.run("numpy").stdout.splitlines()[-1] == "And 15 more: --all shows them."
    everything = many.run("numpy", "--all").stdout
    assert (everything.count("no numpy"), "more" in everything) == (25, False)
    assert len(many.document("numpy")["environments"]) == 25


def test_one_that_could_not_be_read_whole_says_so(tmp_path: Path) -> None:
    damaged = CommandLine(tmp_path, loaded("damaged", [package("zlib")], state="broken"))
    assert damaged.run("numpy").stdout.splitlines()[-1].split() == ["damaged", "broken", "1", "no", "numpy"]
    assert damaged.document("numpy")["environments"][0]["state"] == "broken"


def test_one_environment_of_a_lock_file_can_be_named(command_line: CommandLine) -> None:
    packages = "- conda: https://conda.anaconda.org/conda-forge/noarch/numpy-1.26.4-h0_0.conda\n"
    per_platform = "".join(
        f"      {each}:\n      {packages}" for each in ("linux-64", "linux-aarch64", "osx-arm64", "osx-64")
    )
    environment_ = f"    channels:\n    - url: https://conda.anaconda.org/conda-forge/\n    packages:\n{per_platform}"
    text = f"version: 6\nenvironments:\n  default:\n{environment_}  test:\n{environment_}packages:\n{packages}"
    document = command_line.document("-f", f"{command_line.write('pixi.lock', text)}#test")
    assert [each["name"] for each in document["environments"] if each["satisfies"]] == ["nlp"]


def test_where_there_is_no_environment_none_has_it(tmp_path: Path) -> None:
    result = CommandLine(tmp_path, environment("gone", state="missing")).run("numpy")
    assert (result.exit_code, result.stdout) == (1, "")
    assert "There is no environment that could be used here." in result.stderr


def test_an_environment_of_which_nothing_is_wanted_does_not_have_all_of_it(command_line: CommandLine) -> None:
    result = command_line.run('tomli; python_version < "3.11"')
    assert result.exit_code == 1
    assert "has all of it" in result.stdout.splitlines()[0]
    assert any("nlp" in line and "nothing is asked of it" in line for line in result.stdout.splitlines())
    found = command_line.document('tomli; python_version < "3.11"')["environments"]
    assert [(each["name"], each["satisfies"]) for each in found][-1] == ("nlp", False)
