"""Tokens and passwords that channels and pip leave behind reach no screen, no document, no log, no file of ours."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest

from condatui_core.records.environment import Inventory
from condatui_core.settings import Locations, Settings
from condatui_core.workbench import Workbench
from support.prefixes import FakePrefix, make_prefix

TOKEN, PASSWORD = "to-12-secret34", "pass99word"


@pytest.fixture
def home(tmp_path: Path) -> Path:
    home = tmp_path / "home"
    prefix = make_prefix(home / ".conda" / "envs" / "private")
    prefix.package("numpy", channel=f"https://conda.example/t/{TOKEN}/team")
    prefix.package("scipy", channel=f"https://ann:{PASSWORD}@conda.example/other")
    prefix.pip_install(
        "tool", direct_url={"url": f"https://ann:{PASSWORD}@git.example/tool.git", "vcs_info": {"vcs": "git"}}
    )
    channels = f"-c https://conda.example/t/{TOKEN}/team -c https://ann:{PASSWORD}@conda.example/other"
    prefix.revision(
        f"+https://conda.example/t/{TOKEN}/team/linux-64::numpy-1.0-0",
        f"# update specs: ['https://conda.example/t/{TOKEN}/team::numpy']",
        command=f"conda install {channels} numpy",
    )
    prefix.write("conda-meta/state", f'{{"env_vars": {{"API_KEY": "{PASSWORD}"}}}}')
    _talkative_conda(home / "conda")
    return home


def _talkative_conda(root: Path) -> None:
    """A conda that fails and says where it was, credentials and all."""
    FakePrefix(root).package("conda", "24.7.1")
    FakePrefix(root).write("conda-meta/history")
    executable = FakePrefix(root).write(
        "bin/conda", f"#!/bin/sh\necho 'no https://ann:{PASSWORD}@conda.example/t/{TOKEN}/team' >&2\nexit 1\n"
    )
    executable.chmod(0o755)


@pytest.mark.parametrize(
    "argv",
    [
        ["list"],
        ["list", "--json", "--packages"],
        ["show", "private"],
        ["show", "private", "--json"],
        ["show", "nothing"],
    ],
)
def test_no_command_prints_them_and_no_file_of_ours_holds_them(home: Path, tmp_path: Path, argv: list[str]) -> None:
    environ = {
        "PATH": "/usr/bin:/bin",
        "HOME": str(home),
        "CONDATUI_HOME": str(tmp_path / "own"),
        "CONDATUI_USUAL_PLACES": "0",
        "CONDA_EXE": str(home / "conda" / "bin" / "conda"),
    }
    done = subprocess.run([sys.executable, "-m", "condatui", *argv], env=environ, capture_output=True, check=False)
    assert done.stdout or done.stderr
    _assert_harmless(done.stdout, done.stderr)
    if argv == ["show", "private", "--json"]:
        assert b"/t/<TOKEN>/team" in done.stdout


def test_neither_the_files_of_ours_nor_the_log_hold_them(home: Path, tmp_path: Path) -> None:
    later = datetime.now(timezone.utc) + timedelta(hours=1)  # what was made just now is not written down
    workbench = Workbench(
        Settings(usual_places=False, conda=(str(home / "conda"),)),
        Locations.of_user({"CONDATUI_HOME": str(tmp_path / "own")}, home),
        environ={"PATH": "/usr/bin:/bin"},
        clock=lambda: later,
    )

    async def last() -> Inventory:
        return [inventory async for inventory in workbench.load()][-1]

    inventory = asyncio.run(last())
    written = [path.read_bytes() for path in (tmp_path / "own").rglob("*") if path.is_file()]
    assert any(b"scipy" in content for content in written)
    _assert_harmless(*written, *(repr(run).encode() for run in workbench.log.runs), repr(inventory.problems).encode())
    assert workbench.log.runs
    assert "conda.example" in repr(inventory.problems)


def _assert_harmless(*texts: bytes) -> None:
    for text in texts:
        assert os.fsencode(TOKEN) not in text
        assert os.fsencode(PASSWORD) not in text
