"""The command line as a process: what it imports, and how it takes leave."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

# Runs the command line over a machine with this many environments, and says on stderr what was imported.
_PROGRAM = """
import sys
from pathlib import Path
from support.inventories import NOW, LoadedWorkbench, inventory, loaded, package
from condatui.__main__ import main
from condatui.cli.invocation import Invocation

environments, *sys.argv[1:] = sys.argv[1:]
machine = inventory(*(loaded(f"env{n}", [package(f"p{i}") for i in range(50)]) for n in range(int(environments))))
Invocation.of_process = staticmethod(
    lambda: Invocation(
        environ={"CONDATUI_HOME": "/nowhere"},
        home=Path("/nowhere"),
        cwd="/",
        clock=lambda: NOW,
        terminal=False,
        make_workbench=lambda *_: LoadedWorkbench(machine),
    )
)
try:
    main()
finally:
    print(*sorted({name.partition(".")[0] for name in sys.modules} & {"rich", "textual", "click"}), file=sys.stderr)
"""


def command(*arguments: str, environments: int = 2) -> list[str]:
    return [sys.executable, "-c", _PROGRAM, str(environments), *arguments]


def environ(**more: str) -> dict[str, str]:
    tests = Path(__file__).parents[2]
    return {"PATH": os.environ["PATH"], "PYTHONPATH": str(tests), "HOME": "/nowhere", **more}


@pytest.mark.parametrize(
    "arguments",
    [
        ("--version",),
        ("list", "--json"),
        ("list", "--packages", "--json"),
        ("show", "env1", "--json"),
        ("compare", "env0", "env1", "--json"),
        ("--help",),
    ],
)
def test_neither_textual_nor_rich_is_imported(arguments: tuple[str, ...]) -> None:
    done = subprocess.run(command(*arguments), env=environ(), capture_output=True, text=True, check=True)
    assert done.stderr.split() == ["click"]


def test_tables_do_without_textual() -> None:
    done = subprocess.run(command("list"), env=environ(), capture_output=True, text=True, check=True)
    assert done.stderr.split() == ["click", "rich"]


@pytest.mark.parametrize("arguments", [("list", "--json", "--packages"), ("list",)])
def test_a_reader_that_leaves_is_no_error_worth_a_word(arguments: tuple[str, ...]) -> None:
    """As in `condatui list | head -c 1`."""
    with subprocess.Popen(
        command(*arguments, environments=300), env=environ(), stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        assert process.stdout
        assert process.stderr
        process.stdout.read(1)
        process.stdout.close()
        errors = process.stderr.read().decode()
    assert "Error" not in errors
    assert "Traceback" not in errors


def test_a_terminal_that_speaks_ascii_gets_ascii() -> None:
    done = subprocess.run(
        command("list"), env=environ(PYTHONIOENCODING="ascii"), capture_output=True, text=True, check=True
    )
    assert done.stdout.isascii()


def test_json_is_utf8_whatever_the_terminal_speaks() -> None:
    done = subprocess.run(
        command("list", "--json"), env=environ(PYTHONIOENCODING="ascii"), capture_output=True, check=True
    )
    assert len(json.loads(done.stdout)["environments"]) == 2


_UPGRADED = """
import shutil, sys
import condatui.cli.main, condatui.cli.standard_streams  # what a command begins with
from condatui.__main__ import main

shutil.rmtree(sys.argv.pop())
main()
"""


@pytest.mark.parametrize("call", ["list", "show", "doctor"])
def test_a_command_whose_package_goes_while_it_runs_says_so(tmp_path: Path, call: str) -> None:
    """As in an upgrade in place: what is imported late is not there."""
    copy = tmp_path / "site-packages"
    for name in ("condatui", "condatui_core"):
        package = Path(__import__(name).__file__ or "").parent
        shutil.copytree(package, copy / name, ignore=shutil.ignore_patterns("__pycache__"))
    done = subprocess.run(
        [sys.executable, "-c", _UPGRADED, call, str(copy)],
        env=environ(PYTHONPATH=str(copy), CONDATUI_HOME=str(tmp_path / "own")),
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert done.stderr.splitlines()[0] == "condatui: condatui was upgraded or removed while it was running."
    assert "Traceback" not in done.stderr
