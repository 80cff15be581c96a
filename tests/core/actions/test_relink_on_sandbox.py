"""Relinking what a real pip has installed: it uninstalls and upgrades in one environment, and the others stay whole."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from condatui_core.actions.relink import batch
from condatui_sandbox import Sandbox
from support.cli_runs import run_in
from support.disk_trees import du
from support.wheels import wheel

NAMES = ("pip-mix", "try-again-final-v2")


def pip(sandbox: Sandbox, name: str, *arguments: str) -> str:
    python = sandbox.prefixes[name] / "bin/python"
    words = [str(python), "-m", "pip", "--no-input", "--disable-pip-version-check", *arguments]
    done = subprocess.run(words, env=sandbox.environ, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stderr
    return done.stdout


def library(sandbox: Sandbox, name: str) -> Path:
    (found,) = sandbox.prefixes[name].rglob("site-packages/big.bin")
    return found


def test_pip_in_one_environment_leaves_the_files_of_others_alone(
    sandbox_copy: Callable[..., Sandbox], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(batch, "_REST", 0)
    sandbox, data = sandbox_copy(*NAMES), os.urandom(200_000)
    first = wheel(tmp_path, "big", files={"big.bin": data})
    second = wheel(tmp_path, "big", "2.0", files={"big.bin": data[::-1]})
    for name in NAMES:
        pip(sandbox, name, "install", "--no-index", str(first))
    before = du(sandbox.root_prefix)
    one, other = (library(sandbox, name) for name in NAMES)
    result = run_in(sandbox, "relink", "--yes", *NAMES)
    assert result.exit_code == 0, result.output
    assert one.samefile(other)
    assert before - du(sandbox.root_prefix) >= len(data)
    status = other.stat()
    for name in NAMES:
        assert "No broken requirements" in pip(sandbox, name, "check")

    pip(sandbox, NAMES[0], "install", "--no-index", "--upgrade", str(second))
    assert (one.read_bytes(), other.read_bytes()) == (data[::-1], data)
    pip(sandbox, NAMES[0], "uninstall", "--yes", "big")
    assert (one.exists(), other.read_bytes(), other.stat().st_mtime_ns) == (False, data, status.st_mtime_ns)
    assert other.stat().st_nlink == 1
