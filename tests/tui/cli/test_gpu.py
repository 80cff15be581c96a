"""`condatui gpu` on real environments with torch packages of the tests' own."""

from __future__ import annotations

import json
import os
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import psutil
import pytest
from click.testing import CliRunner, Result
from msgspec import structs

from condatui.cli.invocation import Invocation
from condatui.cli.main import condatui
from condatui_core.records.environment import Environment, Inventory
from condatui_sandbox import Sandbox
from support.fake_torch import CPU_BUILD, WORKING, FakeTorch, real_environment, site_packages
from support.inventories import LoadedWorkbench
from support.stub_cuda import build_stub_cuda

LATER = datetime.now(timezone.utc) + timedelta(hours=1)
"""When nothing here has been written just now any more."""


class Machine:
    """Three environments: one with torch, one without a framework, one that is gone."""

    def __init__(self, sandbox: Sandbox, root: Path) -> None:
        self.root = root
        self.train = real_environment(sandbox, root / "train")
        self.plain = real_environment(sandbox, root / "plain")
        self.environ = {"CONDATUI_HOME": str(root / "own"), "PATH": os.environ["PATH"]}
        self.inventory = Inventory(
            environments=(
                Environment(name="train", prefix=str(self.train)),
                Environment(name="plain", prefix=str(self.plain)),
                Environment(name="gone", prefix=str(root / "gone"), state="missing"),
            )
        )

    def with_gpu(self) -> Machine:
        """Give it a GPU."""
        self.environ["LD_LIBRARY_PATH"] = str(build_stub_cuda(self.root / "driver"))
        return self

    def run(self, *arguments: str) -> Result:
        invocation = Invocation(
            environ=self.environ,
            home=self.root,
            cwd=str(self.root),
            clock=lambda: LATER,
            terminal=False,
            make_workbench=lambda *_: LoadedWorkbench(self.inventory),  # type: ignore[arg-type]
        )
        return CliRunner().invoke(condatui, ["gpu", *arguments], obj=invocation)

    def document(self, *arguments: str) -> dict[str, Any]:
        result = self.run(*arguments, "--json")
        assert (result.exit_code, result.stderr) == (0, ""), result.output
        read = json.loads(result.stdout)
        assert isinstance(read, dict)
        return read


@pytest.fixture
def machine(sandbox: Sandbox, tmp_path: Path) -> Machine:
    return Machine(sandbox, Path(os.path.realpath(tmp_path)))


def test_the_document_has_the_fields_that_it_promises(machine: Machine) -> None:
    WORKING.install(machine.train)
    document = machine.with_gpu().document("train")
    assert document["driver"]["cuda"] == "12.8"
    [device] = document["devices"]
    assert (device["name"], device["capability"]) == ("NVIDIA H200", [9, 0])
    [train] = document["environments"]
    promised = {
        "name",
        "prefix",
        "verdict",
        "class",
        "message",
        "remedy",
        "framework",
        "version",
        "build_cuda",
        "evidence",
        "seconds",
    }
    assert promised <= set(train)
    assert (train["name"], train["prefix"]) == ("train", str(machine.train))
    assert (train["verdict"], train["class"], train["framework"]) == ("works", "works", "torch")
    assert (train["version"], train["build_cuda"]) == ("2.13.0+cu130", "13.0")
    assert train["evidence"]["GPU"].startswith("0: NVIDIA H200")
    stages = [stage["stage"] for stage in train["runs"][0]["stages"]]
    assert stages[:2] == ["start", "import_ok"] and stages[-1] == "done"
    assert next(stage for stage in train["runs"][0]["stages"] if stage["stage"] == "available")["available"] is True


def test_a_machine_without_a_gpu(machine: Machine) -> None:
    CPU_BUILD.install(machine.train)
    document = machine.document()
    assert [each["name"] for each in document["environments"]] == ["train", "plain"]
    train, plain = document["environments"]
    assert (train["verdict"], train["class"], train["build_cuda"]) == ("cpu-build", "elsewhere", None)
    assert (plain["verdict"], plain["class"], plain["version"], plain["runs"]) == ("no-torch", "absent", None, [])


def test_static_runs_no_python(machine: Machine) -> None:
    FakeTorch(before="raise SystemExit('it ran')", cuda="12.6", version="2.6.0+cu126").install(machine.train)
    [train] = machine.with_gpu().document("train", "--static")["environments"]
    assert (train["preliminary"], train["runs"]) == (True, [])
    assert train["build_cuda"] == "12.6"
    [train] = machine.document("train")["environments"]
    assert train["verdict"] == "import-error"


def test_what_still_holds_is_not_checked_again_unless_asked(machine: Machine) -> None:
    counter = machine.root / "runs"
    FakeTorch(cuda=None, before=f"open({str(counter)!r}, 'a').write('x')").install(machine.train)
    for arguments, expected in ((), "x"), ((), "x"), (("--anew",), "xx"):
        document = machine.document("train", *arguments)
        assert counter.read_text() == expected
    assert document["environments"][0]["from_cache"] is False
    assert machine.document("train")["environments"][0]["from_cache"] is True
    assert "today" in machine.run("train").stdout


def test_people_read_the_machine_a_table_and_what_to_do(machine: Machine) -> None:
    FakeTorch(before="raise ImportError('libcudnn.so.9: cannot open shared object file')").install(machine.train)
    result = machine.with_gpu().run()
    lines = result.stdout.splitlines()
    assert lines[0].startswith("NVIDIA driver 570.86.15") and "NVIDIA H200" in lines[0]
    (row,) = [line for line in lines if "train" in line and "torch" in line]
    assert "libcudnn.so.9" in row and "CUDA 13.0" in row
    assert any(line.strip().startswith("$ ") and "cudnn" in line for line in lines)
    assert lines[-1] == "1 environment has none of these frameworks."


def test_who_is_named_is_shown_whatever_it_has(machine: Machine) -> None:
    printed = machine.run("plain").stdout
    assert "No PyTorch here" in printed and "none of these" not in printed


def test_environments_with_the_same_trouble_are_advised_together(machine: Machine) -> None:
    for prefix in (machine.train, machine.plain):
        FakeTorch().install(prefix)
    lines = machine.run().stdout.splitlines()
    assert lines.count("train, plain") == 1


def test_foreign_text_does_not_reach_the_terminal(machine: Machine) -> None:
    FakeTorch(before="raise ImportError('\\x1b[2J[red]')").install(machine.train)
    printed = machine.run("train").stdout
    assert "\x1b" not in printed
    assert "\\x1b[2J[red]" in printed


def test_to_look_at_files_only_and_to_check_anew_exclude_each_other(machine: Machine) -> None:
    assert machine.run("--static", "--anew").exit_code == 2


def test_root_does_not_run_the_python_of_others_unasked(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    marker = machine.root / "ran"
    FakeTorch(before=f"open({str(marker)!r}, 'w')").install(machine.train)
    train, *others = machine.inventory.environments
    machine.inventory = Inventory(environments=(structs.replace(train, owner="mallory"), *others))
    result = machine.run()
    assert not marker.exists()
    assert "1 of other users" in result.stderr
    machine.run("train")
    assert marker.exists()


def test_nothing_is_left_running_and_nothing_written_beside_the_cache(machine: Machine) -> None:
    FakeTorch(before="import os; os.fork()").install(machine.train)
    machine.run("train")
    assert not psutil.Process().children()
    assert not list(site_packages(machine.train).rglob("torch/**/*.pyc"))
