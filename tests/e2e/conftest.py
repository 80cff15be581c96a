"""condatui as users get it: the wheel, in an environment with nothing else."""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from support.terminal import plain_environ

ROOT = Path(__file__).parents[2]


def _run(*argv: str | Path) -> None:
    done = subprocess.run([str(each) for each in argv], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.fixture(scope="session")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The bin directory of a fresh environment into which the built wheel was installed, once for all workers."""
    own = tmp_path_factory.getbasetemp()
    shared = own.parent if "PYTEST_XDIST_WORKER" in os.environ else own
    directory = shared / "wheel"
    with (shared / "wheel.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (directory / "installed").exists():
            _install(directory)
            (directory / "installed").touch()
    return directory / "venv" / "bin"


def _install(directory: Path) -> None:
    shutil.rmtree(directory, ignore_errors=True)  # what another worker failed to install
    _run(sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", directory)
    (wheel,) = directory.glob("*.whl")
    venv = directory / "venv"
    if uv := shutil.which("uv"):  # as `make` does: one that the machine has knows where it may install from
        _run(uv, "venv", "--quiet", "--python", sys.executable, venv)
        _run(uv, "pip", "install", "--quiet", "--python", venv, wheel)
    else:
        _run(sys.executable, "-m", "venv", venv)
        _run(venv / "bin" / "python", "-m", "pip", "install", "--quiet", "--disable-pip-version-check", wheel)


@pytest.fixture
def nowhere(tmp_path: Path) -> dict[str, str]:
    """Variables under which there is no conda: an empty home, a PATH with only the system on it."""
    return plain_environ(
        PATH="/usr/bin:/bin", HOME=str(tmp_path), CONDATUI_HOME=str(tmp_path / "own"), CONDATUI_USUAL_PLACES="0"
    )
