"""The line that a login shell there is asked to run, in a real `sh` with what is or is not installed."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from condatui_core.collector.main import BEGIN, END
from condatui_core.fleet.script import Remote, collector_script, remote_command

TOOLS = ("sh", "base64", "timeout", "cat", "echo")


class Machine:
    """A machine with only these programs."""

    def __init__(self, directory: Path) -> None:
        self.bin = directory / "bin"
        self.bin.mkdir()
        self.home = directory / "home"
        self.home.mkdir()
        for name in TOOLS:
            if found := shutil.which(name, path="/usr/bin:/bin"):
                os.symlink(found, self.bin / name)

    def has(self, name: str, script: str, place: str = "bin") -> None:
        file = self.bin.parent / place / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(f"#!/bin/sh\n{script}\n")
        file.chmod(0o755)

    def run(self, remote: Remote, *arguments: str, shell: str = "/bin/sh") -> subprocess.CompletedProcess[str]:
        line = remote_command(remote, arguments, seconds=30).replace("/usr/bin/python3", "/no/python3")
        environ = {"PATH": str(self.bin), "HOME": str(self.home)}
        return subprocess.run(
            (shell, "-c", line), env=environ, input="SCRIPT", capture_output=True, text=True, check=False
        )


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


SNAPSHOT = 'test "$2" = --help || { echo "$@"; cat; }'
OLD = "echo no such command >&2; exit 2"
PYTHON = 'echo "$@"; cat'


def told(done: subprocess.CompletedProcess[str]) -> str:
    """What condatui has written there, between the marks."""
    begin, *text, end = done.stdout.splitlines()
    assert (begin, end) == (BEGIN, END)
    return subprocess.run(("base64", "-d"), input="".join(text), capture_output=True, text=True, check=True).stdout


def test_the_installed_condatui_is_asked_if_it_can(machine: Machine) -> None:
    machine.has("condatui", SNAPSHOT)
    machine.has("python3", "exit 9")
    for remote in ("auto", "installed"):
        done = machine.run(remote, "--root", "/data/it's here")
        assert told(done) == "snapshot -o - --root /data/it's here\n"


def test_one_that_pip_has_put_into_the_home_is_found(machine: Machine) -> None:
    machine.has("condatui", SNAPSHOT, "home/.local/bin")
    assert told(machine.run("installed")) == "snapshot -o -\n"


@pytest.mark.parametrize("installed", [None, OLD])
def test_else_the_script_is_piped_to_python3(machine: Machine, installed: str | None) -> None:
    if installed:
        machine.has("condatui", installed)
    machine.has("python3", PYTHON)
    done = machine.run("auto", "--no-sizes", "--root", "/a b")
    assert done.stdout == "-I -S -B - --lines --seconds 30 --no-sizes --root /a b\nSCRIPT"


def test_piped_is_piped_whatever_is_installed(machine: Machine) -> None:
    machine.has("condatui", SNAPSHOT)
    machine.has("python3", PYTHON)
    assert machine.run("piped").stdout == "-I -S -B - --lines --seconds 30\nSCRIPT"


@pytest.mark.parametrize(
    ("remote", "words"),
    [
        ("auto", "there is no python3"),
        ("piped", "there is no python3"),
        ("installed", "there is no condatui that can make a snapshot"),
    ],
)
def test_where_nothing_is_that_can_be_told(machine: Machine, remote: Remote, words: str) -> None:
    machine.has("condatui", OLD)
    done = machine.run(remote)
    assert (done.returncode, done.stdout, done.stderr) == (127, "", f"condatui: {words}\n")


def test_a_condatui_that_fails_is_heard(machine: Machine) -> None:
    machine.has("condatui", 'test "$2" = --help || { echo "condatui: full" >&2; exit 1; }')
    done = machine.run("auto")
    assert told(done) == ""
    assert done.stderr == "condatui: full\ncondatui-failed 1\n"


@pytest.mark.parametrize("name", ["bash", "dash", "zsh", "ksh", "csh", "tcsh", "fish"])
def test_whatever_the_login_shell_is(machine: Machine, name: str) -> None:
    if (shell := shutil.which(name)) is None:
        pytest.skip(f"there is no {name}")
    machine.has("python3", PYTHON)
    assert machine.run("auto", "--root", "/a b", shell=shell).stdout.endswith("--root /a b\nSCRIPT")


def test_the_line_has_nothing_that_a_c_shell_would_take_for_its_own() -> None:
    line = remote_command("auto", ["--root", "/a"], seconds=1)
    assert "\n" not in line
    assert "!" not in line


def test_an_ancient_python_is_told_that_it_is_too_old() -> None:
    script = collector_script("1.0").replace("sys.version_info < (3, 6)", "sys.version_info > (3, 6)")
    done = subprocess.run((sys.executable, "-"), input=script, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stderr.startswith("condatui: the collector needs Python 3.6, and this is Python 3.")
    assert script.isascii()
