"""The Python of the sandbox's environments, which is condatui's own, and processes in a sandbox."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from condatui_core.errors import CondaError
from condatui_sandbox.layout import Layout

# Processes in a sandbox


_LAST_LINES = 15
_SECONDS = 300


def run_conda(layout: Layout, *arguments: str) -> str:
    """Run the sandbox's conda and return its output; raises CondaError with its message if it fails."""
    return run_process([str(layout.conda), *arguments], layout)


def run_process(argv: Sequence[str], layout: Layout) -> str:
    """Run a command in the sandbox's environment and return its stdout; raises CondaError if it fails."""
    try:
        done = _run(argv, environ=layout.environ(), directory=layout.home)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise CondaError("The sandbox could not be made.", f"{' '.join(argv)}\n{error}") from error
    if done.returncode:
        words = f"{done.stdout}\n{done.stderr}".strip().splitlines()
        detail = "\n".join([" ".join(argv), *words[-_LAST_LINES:]])
        raise CondaError(f"The sandbox could not be made: exit code {done.returncode}.", detail)
    return done.stdout


def _run(
    argv: Sequence[str], *, environ: Mapping[str, str] | None = None, directory: Path | None = None
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        argv,
        env=environ,
        cwd=directory,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        errors="replace",
        timeout=_SECONDS,
        check=False,
    )


@dataclass(frozen=True, slots=True)
class Interpreter:
    """A Python outside the sandbox; every `bin/python` inside is a copy of it."""

    executable: Path
    """The real file, with virtual environments and symlinks resolved."""
    version: str
    """Such as `3.11.7`, without a pre-release suffix, which conda packages do not have."""

    movable: bool = True
    """Whether a copy of the file runs from another directory; if not, the sandbox uses symlinks to it."""

    @property
    def minor(self) -> str:
        """Such as `3.11`."""
        return ".".join(self.version.split(".")[:2])

    @property
    def digits(self) -> str:
        """Such as `311`."""
        return self.minor.replace(".", "")

    @property
    def site_packages(self) -> str:
        """The site-packages of a prefix, relative to it."""
        return f"lib/python{self.minor}/site-packages"

    @property
    def pyvenv_config(self) -> str:
        """The `pyvenv.cfg` with which a copy of this interpreter runs in a prefix."""
        return f"home = {self.executable.parent}\ninclude-system-site-packages = false\nversion = {self.version}\n"

    @staticmethod
    def running() -> Interpreter:
        """The interpreter that runs this code; in a virtual environment, its base interpreter."""
        base = getattr(sys, "_base_executable", None) or sys.executable
        version = ".".join(str(part) for part in sys.version_info[:3])
        return Interpreter(executable=Path(os.path.realpath(base)), version=version)

    def tried_in(self, directory: Path) -> Interpreter:
        """Try whether a copy below `directory` runs; returns this interpreter with the result as `movable`."""
        copy = directory / "bin" / "python"
        copy.parent.mkdir(parents=True)
        shutil.copy(self.executable, copy)
        (directory / "pyvenv.cfg").write_text(self.pyvenv_config, encoding="utf-8")
        command = [str(copy), "-I", "-B", "-c", "import ctypes, json, sys, zlib; print(sys.prefix)"]
        try:
            done = _run(command)
        except (OSError, subprocess.TimeoutExpired):
            return replace(self, movable=False)
        found = done.returncode == 0 and os.path.realpath(done.stdout.strip()) == os.path.realpath(directory)
        return replace(self, movable=found)
