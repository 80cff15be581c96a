"""Running something in an environment made by hand, and what that says of its packages."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Sequence
from pathlib import Path

import pytest

from condatui_core.errors import UsageError
from condatui_core.prefixes.prefix import read_prefix
from condatui_core.records.environment import Environment
from condatui_core.records.usage import Run, Usage
from condatui_core.tracing.usage import trace_usage
from support.prefixes import FakePrefix, manifest
from support.services import service_machine


@pytest.fixture
def service(tmp_path: Path) -> FakePrefix:
    return service_machine(tmp_path / "home")[1]


def environment_at(prefix: Path, **fields: object) -> Environment:
    usual = {"name": prefix.name, "prefix": str(prefix), "contents": read_prefix(str(prefix))}
    return Environment(**{**usual, **fields})  # type: ignore[arg-type]


def usage(environment: Environment, tmp_path: Path, *command: str, modules: Sequence[str] = ()) -> Usage:
    with (tmp_path / "output").open("ab") as output:
        run = Run(command=command, modules=tuple(modules), directory=str(tmp_path), seconds=600, output=output.fileno())
        environ = {"PATH": os.defpath, "CONDA_PREFIX": "/elsewhere"}
        return asyncio.run(trace_usage(environment, run, asyncio.Event(), environ=environ))


def marked(found: Usage) -> dict[str, set[str]]:
    return {use: {each.name for each in found.of(use)} for use in ("used", "needed", "metadata", "never")}


def test_modules_are_imported_by_the_python_of_the_environment(service: FakePrefix, tmp_path: Path) -> None:
    before = manifest(service.path)
    found = usage(environment_at(service.path), tmp_path, modules=["cli.main"])
    assert manifest(service.path) == before
    assert (found.exit_code, found.modules) == (0, ("cli.main",))
    assert marked(found)["used"] == {"cli", "six"}
    assert {"pytest", "left", "httpx", "tool"} <= marked(found)["never"]
    assert "import-only" in [each.id for each in found.blind]


def test_a_command_runs_as_if_the_environment_were_active(service: FakePrefix, tmp_path: Path) -> None:
    (service.path / "etc/conda/activate.d").mkdir(parents=True)
    (service.path / "etc/conda/activate.d/set.sh").touch()
    state = '{"env_vars": {"MODE": "service"}}'
    (service.path / "conda-meta/state").write_text(state)
    code = (
        "import os, pathlib, six\nprint(os.environ['CONDA_PREFIX'], os.environ['MODE'], os.getcwd())\n"
        "open(next(pathlib.Path(os.environ['CONDA_PREFIX']).glob('lib/*/*/pytest-*/METADATA'))).read()"
    )
    found = usage(environment_at(service.path), tmp_path, "python", "-c", code)
    assert (tmp_path / "output").read_text() == f"{service.path} service {tmp_path}\n"
    assert (marked(found)["used"], marked(found)["metadata"]) == ({"six"}, {"pytest"})
    assert [each.evidence for each in found.blind if each.id == "scripts-not-run"] == [("etc/conda/activate.d/set.sh",)]


def test_a_module_that_does_not_import_says_so_and_what_it_used(service: FakePrefix, tmp_path: Path) -> None:
    found = usage(environment_at(service.path), tmp_path, modules=["six", "nosuch"])
    assert found.exit_code == 1
    assert marked(found)["used"] == {"six"}
    words = "nosuch cannot be imported: ModuleNotFoundError: No module named 'nosuch'\n"
    assert (tmp_path / "output").read_text() == words


def test_what_cannot_be_run_is_wrong_usage(service: FakePrefix, tmp_path: Path) -> None:
    there = environment_at(service.path)
    for environment, command, modules, words in (
        (there, ("no-such-program",), (), "`no-such-program` cannot be started in service."),
        (there, (), ("a b",), "`a b` is no name of a module."),
        (there, (), ("--help",), "`--help` is no name of a module."),
        (environment_at(service.path, foreign="win-64"), ("python",), (), "service was built for win-64"),
        (environment_at(service.path, state="missing"), ("python",), (), "Nothing can be run in service."),
        (environment_at(service.path, contents=None), ("python",), (), "Nothing can be run in service."),
    ):
        with pytest.raises(UsageError) as caught:
            usage(environment, tmp_path, *command, modules=modules)
        assert words in str(caught.value)
    (service.path / "bin/python").unlink()
    with pytest.raises(UsageError, match="has no python that could import a module"):
        usage(there, tmp_path, modules=["six"])


def test_the_last_lines_are_kept_if_nobody_else_reads_them(service: FakePrefix, tmp_path: Path) -> None:
    code = "for number in range(5_000): print('line', number)\nraise SystemExit('no model')"
    run = Run(command=("python", "-c", code), directory=str(tmp_path), seconds=600)
    environ = {"PATH": os.defpath}
    found = asyncio.run(trace_usage(environment_at(service.path), run, asyncio.Event(), environ=environ))
    assert found.exit_code == 1
    assert (found.last_lines[-1], found.last_lines[-2], len(found.last_lines)) == ("no model", "line 4999", 20)


def test_a_program_that_is_none_of_the_environment_is_told(service: FakePrefix, tmp_path: Path) -> None:
    found = usage(environment_at(service.path), tmp_path, "sh", "-c", "exit 0")
    (told,) = [each for each in found.blind if each.id == "program-outside"]
    assert told.message == "sh is no program of the environment: another one ran."
    own = usage(environment_at(service.path), tmp_path, "python", "-c", "")
    assert "program-outside" not in [each.id for each in own.blind]
