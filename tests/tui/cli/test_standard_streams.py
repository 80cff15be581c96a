"""Standard streams that are closed, full or left by their reader: every command ends in order, with its own code."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from condatui.cli.main import COMMANDS
from support.tiers import thorough
from support.warm_condatui import WarmCondatui

CALLS = {
    "": "",
    "list": "list",
    "show": "show nope",
    "compare": "compare a b",
    "disk": "disk",
    "clone": "clone nope new --dry-run",
    "create": "create -f nope new --dry-run",
    "export": "export nope",
    "filters": "filters",
    "find": "find numpy",
    "history": "history nope",
    "verify": "verify nope file",
    "pack": "pack nope -o x.tar.gz --dry-run",
    "unpack": "unpack nope.tar.gz new --dry-run",
    "slim": "slim nope",
    "check": "check",
    "metrics": "metrics",
    "sbom": "sbom nope",
    "snapshot": "snapshot -o - --no-sizes",
    "nodes": "nodes --snapshots nope",
    "fleet": "fleet gpu[01",
    "relink": "relink nope",
    "ship": "ship nope -o new --dry-run",
    "remove": "remove nope --dry-run",
    "restore": "restore",
    "gpu": "gpu --static",
    "completion": "completion bash",
    "demo": "demo --dir file --list",
    "config": "config",
    "doctor": "doctor",
    "duplicates": "duplicates",
    "cleanup": "cleanup",
    "keep": "keep",
    "baseline": "baseline",
    "update": "update nope --like none --dry-run",
    "merge": "merge nope --into none --dry-run",
    "clean": "clean --dry-run",
    "checkpoint": "checkpoint nope --dry-run",
    "rollback": "rollback nope --dry-run",
}
"""A call of every command, and of the workbench, on a machine without any conda."""

OF_THE_MOMENT = ("doctor", "metrics", "snapshot")
"""Commands that say something else each time."""

LARGE = """
import sys
from support.inventories import NOW, LoadedWorkbench, inventory, loaded, package
from condatui.__main__ import main
from condatui.cli.invocation import Invocation
from msgspec.structs import replace

machine = inventory(*(loaded(f"env{n}", [package(f"p{i}", str(n)) for i in range(2000)]) for n in range(9)))
made = replace(Invocation.of_process(), clock=lambda: NOW, make_workbench=lambda *_: LoadedWorkbench(machine))
Invocation.of_process = staticmethod(lambda: made)
main()
"""
"""condatui on a machine whose documents fill a pipe."""


class Shell:
    """Runs condatui by a line of shell, which says what becomes of its streams."""

    def __init__(self, home: Path) -> None:
        self.home = home
        (home / "file").touch()

    @staticmethod
    def environ(home: Path) -> dict[str, str]:
        return {
            "PATH": os.environ["PATH"],
            "PYTHONPATH": str(Path(__file__).parents[2]),
            "HOME": str(home),
            "CONDATUI_HOME": str(home / "own"),
            "CONDATUI_USUAL_PLACES": "0",
        }

    def run(self, arguments: str, streams: str = "", program: str = "-m condatui") -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["bash", "-c", f"{sys.executable} {program} {arguments} {streams}"],
            env=self.environ(self.home),
            cwd=self.home,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    return Shell(tmp_path)


@pytest.fixture(scope="module")
def warm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WarmCondatui]:
    condatui = WarmCondatui(tmp_path_factory.mktemp("warm"), Shell.environ(Path(os.devnull)))
    yield condatui
    condatui.close()


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return Shell(tmp_path).home


def quiet(said: str) -> bool:
    return not any(word in said for word in ("Traceback", "Exception ignored", "unexpected", "Please report"))


def test_every_command_is_called() -> None:
    assert set(CALLS) == {"", *COMMANDS}


STREAMS: dict[str, tuple[int, ...]] = {"<&-": (0,), ">&-": (1,), "2>&-": (2,), "<&- >&- 2>&-": (0, 1, 2)}
"""What a shell closes by this, and the numbers of that."""


@pytest.mark.parametrize("call", CALLS.values(), ids=[name or "workbench" for name in CALLS])
def test_closed_streams_change_no_exit_code(warm: WarmCondatui, home: Path, call: str) -> None:
    usual = warm.run(call.split(), home)
    assert usual.returncode in (0, 1, 2, 4), usual.stderr
    for streams, closed in STREAMS.items():
        done = warm.run(call.split(), home, closed=closed)
        assert done.returncode == usual.returncode, streams
        assert quiet(done.stderr)
        if streams == "<&-":
            assert done.stdout == usual.stdout or call.startswith(OF_THE_MOMENT)
    assert not [each for each in home.iterdir() if each.name not in ("file", "own")]


full_device = pytest.mark.skipif(not os.path.exists("/dev/full"), reason="this system has no /dev/full")


@full_device
@pytest.mark.parametrize("call", [*CALLS.values(), "--help", "--version", "list --bogus", "list --json"], ids=str)
def test_a_full_disk_below_the_output_is_told_and_is_a_failure(warm: WarmCondatui, home: Path, call: str) -> None:
    usual, full = warm.run(call.split(), home), warm.run(call.split(), home, full=(1,))
    assert quiet(full.stderr)
    if usual.stdout:
        assert full.returncode == (usual.returncode or 1)
        assert full.stderr.endswith("condatui: The output could not be written.\n  No space left on device\n")
    else:
        assert (full.returncode, full.stderr) == (usual.returncode, usual.stderr)


@full_device
@pytest.mark.parametrize("call", ["list", "show nope", "--bogus"])
def test_messages_that_nothing_takes_change_no_exit_code(warm: WarmCondatui, home: Path, call: str) -> None:
    usual, full = warm.run(call.split(), home), warm.run(call.split(), home, full=(2,))
    assert (full.returncode, full.stdout) == (usual.returncode, usual.stdout)


@full_device
@pytest.mark.parametrize("call", ["", *thorough(["list", "show nope"])])
def test_a_process_of_its_own_ends_as_a_fork_does(shell: Shell, warm: WarmCondatui, call: str) -> None:
    asked = [(streams, {"closed": closed}) for streams, closed in STREAMS.items()]
    asked += [("", {}), (">/dev/full", {"full": (1,)}), ("2>/dev/full", {"full": (2,)})]
    for streams, numbers in asked:
        own, forked = shell.run(call, streams), warm.run(call.split(), shell.home, **numbers)
        assert (own.returncode, own.stdout, own.stderr) == (forked.returncode, forked.stdout, forked.stderr), streams


@pytest.mark.parametrize(
    ("call", "code"),
    [
        ("list --json --packages", 0),
        ("compare env1 env2 --exit-code", 1),
        *thorough(
            [
                ("show env1", 0),
                ("show env1 --json", 0),
                ("compare env1 env2 --json", 0),
                ("compare env1 env2 --csv", 0),
            ]
        ),
    ],
)
def test_a_reader_that_leaves_is_no_failure(shell: Shell, call: str, code: int) -> None:
    program = shell.home / "large.py"
    program.write_text(LARGE)
    done = shell.run(call, "| head -c 5 >/dev/null; exit ${PIPESTATUS[0]}", f"{program}")
    assert (done.returncode, done.stderr) == (code, "")


@pytest.mark.parametrize("call", ["list --bogus --json", "--bogus list --json", "show --json", "nope --json"])
def test_wrong_usage_is_a_document_too(shell: Shell, call: str) -> None:
    done = shell.run(call)
    assert (done.returncode, "Usage: " in done.stderr) == (2, True)
    error = json.loads(done.stdout)["error"]
    assert error["exit_code"] == 2
    assert error["title"] and "--help" in error["hint"]


def test_a_remedy_stands_in_the_document_as_on_the_screen(shell: Shell) -> None:
    done = shell.run("show nope --json")
    assert json.loads(done.stdout)["error"]["hint"] == "`condatui list` shows them all."
