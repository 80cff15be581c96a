"""`condatui slim --run`, `--trace` and `--into`: what is asked for, what is printed, and how it exits."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from condatui.cli.invocation import Invocation
from condatui.cli.main import condatui
from condatui_core.analyses.slimming.classes import USUAL
from condatui_core.records.environment import Inventory
from condatui_core.records.slimming import Slimming
from condatui_core.records.usage import Blind, PackageUsage, Run, RunEnd, Usage
from condatui_sandbox import Sandbox
from support.cli_runs import run_in
from support.inventories import NOW, LoadedWorkbench, inventory, loaded, package
from support.slimmings import slimming

USAGE = Usage(
    command=("python", "app.py"),
    end="exited",
    exit_code=0,
    seconds=1.25,
    packages=(
        PackageUsage(name="numpy", source="conda", use="used", bytes=5_000_000, files=3, example="lib/a.py"),
        PackageUsage(name="libblas", source="conda", use="needed", bytes=2000, needed_by="numpy"),
        PackageUsage(name="rich", source="pypi", use="metadata", bytes=3000),
        PackageUsage(name="jupyter", source="conda", use="never", bytes=9_000_000),
    ),
    loose=("etc/app.conf",),
    blind=(Blind(id="not-python", message="bash: not Python.", evidence=("bash\x1b[2J",)),),
)


class TracingWorkbench(LoadedWorkbench):
    def __init__(self, usage: Usage) -> None:
        super().__init__(inventory(loaded("hub", [package("numpy")])))
        self.usage = usage
        self.runs: list[Run] = []

    async def trace(self, environment: object, run: Run, stop: asyncio.Event) -> Usage:
        self.runs.append(run)
        return self.usage

    async def slimming(self, environment: object, inventory: Inventory) -> Slimming:
        return slimming("/opt/miniforge3/envs/hub")


def slim(home: Path, *arguments: str, usage: Usage = USAGE) -> tuple[Result, list[Run]]:
    workbench = TracingWorkbench(usage)
    invocation = Invocation(
        environ={"CONDATUI_HOME": str(home)},
        home=home,
        cwd="/srv/app",
        clock=lambda: NOW,
        terminal=False,
        make_workbench=lambda *_: workbench,  # type: ignore[arg-type]
    )
    return CliRunner().invoke(condatui, ["slim", *arguments], obj=invocation), workbench.runs


def test_run_takes_all_that_follows_options_of_slim_too(tmp_path: Path) -> None:
    done, (run,) = slim(tmp_path, "hub", "--timeout", "5", "--run", "python", "-m", "app", "--json", "--run", "x")
    assert done.exit_code == 0
    assert (run.command, run.seconds, run.directory) == (("python", "-m", "app", "--json", "--run", "x"), 5, "/srv/app")
    assert not done.stdout.startswith("{")


def test_two_dashes_before_the_command_are_none_of_its_words(tmp_path: Path) -> None:
    _, (run,) = slim(tmp_path, "hub", "--run", "--", "python", "--", "-x")
    assert run.command == ("python", "--", "-x")


@pytest.mark.parametrize(
    "words",
    [
        ["--run", "--", "python -c 'import a; b'"],
        ["--run", "python -c 'import a; b'"],
        ["--run=python -c 'import a; b'"],
    ],
)
def test_a_command_in_one_word_is_split_as_by_a_shell(tmp_path: Path, words: list[str]) -> None:
    _, (run,) = slim(tmp_path, "hub", *words)
    assert run.command == ("python", "-c", "import a; b")
    assert run.seconds == 60


def test_people_read_what_was_used_what_was_not_and_what_was_not_seen(tmp_path: Path) -> None:
    done, _ = slim(tmp_path, "hub", "--trace", "numpy")
    for words in (
        "python app.py ended after 1.2 s.",
        "1 package used (5.0 MB)",
        "1 package never touched (9.0 MB)",
        "lib/a.py and 2 files more",
        "numpy needs it",
        "etc/app.conf",
        "bash: not Python.",
        "bash\\x1b[2J",
    ):
        assert words in done.stdout


def test_programs_read_it_beside_the_classes(tmp_path: Path) -> None:
    done, (run,) = slim(tmp_path, "hub", "--json", "--trace", "a", "--trace", "b.c")
    document = json.loads(done.stdout)
    assert run.modules == ("a", "b.c")
    assert document["classes"]
    assert [(each["name"], each["use"]) for each in document["usage"]["packages"]] == [
        ("numpy", "used"),
        ("libblas", "needed"),
        ("rich", "metadata"),
        ("jupyter", "never"),
    ]
    plain, _ = slim(tmp_path, "hub", "--json")
    assert json.loads(plain.stdout)["usage"] is None


@pytest.mark.parametrize(
    ("end", "code", "exits", "words"),
    [
        ("exited", 3, 1, "ended with exit code 3"),
        ("exited", -9, 1, "was ended by signal 9"),
        ("timed-out", -15, 0, "was ended after 1.2 s, at its time limit."),
        ("stopped", 130, 0, "was stopped after 1.2 s."),
    ],
)
def test_a_command_that_fails_fails_and_one_that_is_ended_does_not(
    tmp_path: Path, end: RunEnd, code: int, exits: int, words: str
) -> None:
    from msgspec.structs import replace

    done, _ = slim(tmp_path, "hub", "--run", "x", usage=replace(USAGE, end=end, exit_code=code))
    assert done.exit_code == exits
    assert words in done.stdout
    assert "numpy" in done.stdout, "what was seen is shown all the same"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--run",), "--run needs a command"),
        (("--run", " "), "--run needs a command"),
        (("--run", "--"), "--run needs a command"),
        (("--run", "sh -c 'x"), "a quote that is not closed"),
        (("--trace", "a", "--run", "b"), "exclude each other"),
        (("--timeout", "3"), "--timeout needs --run or --trace"),
        (("--timeout", "-1", "--run", "x"), "-1"),
        (("--into", "x", "--trace", "a"), "--into excludes --run and --trace"),
        (("--classes", "tests"), "need --into"),
        (("--keep", "numpy"), "need --into"),
        (("--yes",), "need --into"),
        (("--into", "x", "--classes", "tests,nosuch"), "`nosuch` is no class. These are: leaves,"),
        (("--into", "x", "--classes", "kept"), "`kept` is no class"),
        (("--into", "x", "--classes", ""), "`` is no class"),
        (("--into", "x", "--keep", ""), "A PACKAGE is empty."),
        (("--into", "x", "--leave-out", " "), "A PACKAGE is empty."),
    ],
)
def test_what_does_not_go_together_is_wrong_usage(tmp_path: Path, arguments: tuple[str, ...], words: str) -> None:
    done, runs = slim(tmp_path, "hub", *arguments)
    assert (done.exit_code, runs) == (2, [])
    assert words in done.stderr


def test_a_copy_lacks_what_a_service_misses_little_of_unless_classes_are_named(sandbox: Sandbox) -> None:
    arguments = ("slim", "pip-mix", "--into", "small", "--dry-run", "--json", "--offline")
    usual = json.loads(run_in(sandbox, *arguments).stdout)["plan"]
    assert tuple(usual["request"]["classes"]) == USUAL
    assert {"tests", "byte-code"} <= set(USUAL) and not {"conda-meta", "second-blas", "kept"} & set(USUAL)
    target = f"{sandbox.root_prefix}/envs/small"
    assert (usual["request"]["target"], usual["slimming"]["packages"]) == (target, ["pip"])
    kept = json.loads(run_in(sandbox, *arguments, "--keep", "pip").stdout)["plan"]
    assert (kept["request"]["keep"], kept["slimming"]["packages"]) == (["pip"], [])
    done = run_in(sandbox, *arguments, "--classes", "tests,headers", "--leave-out", "einops", "--no-conda-meta")
    assert json.loads(done.stdout.splitlines()[0])["plan"]["request"]["classes"] == ["tests", "headers", "conda-meta"]
    assert done.exit_code == 3
    assert "Choose a path outside of the directories in which conda keeps environments." in done.stderr
