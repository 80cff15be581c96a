"""Where things lie in a sandbox, the Python that it runs, and the variables that keep a process inside it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from condatui_core.errors import CondaError

# The Python of the sandbox's environments, which is condatui's own, and processes in a sandbox.


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


# The paths of a sandbox, and the environment variables that keep a process inside it.


@dataclass(frozen=True, slots=True)
class Layout:
    """The paths of a sandbox, existing or not."""

    directory: Path

    @property
    def home(self) -> Path:
        """The home directory of the sandbox's user."""
        return self.directory / "home"

    @property
    def root_prefix(self) -> Path:
        """The base environment."""
        return self.home / "miniforge3"

    @property
    def conda(self) -> Path:
        """The conda executable."""
        return self.root_prefix / "bin" / "conda"

    @property
    def packages(self) -> Path:
        """The package cache."""
        return self.root_prefix / "pkgs"

    @property
    def environments(self) -> Path:
        """The directory of environments created by name."""
        return self.root_prefix / "envs"

    @property
    def channels(self) -> Path:
        """The directory of the channels, each a directory."""
        return self.directory / "channels"

    @property
    def scratch(self) -> Path:
        """The directory for temporary files, on the same file system as the rest."""
        return self.directory / "tmp"

    @property
    def bytecode(self) -> Path:
        """The directory for conda's own bytecode, so that nothing is written beside condatui's packages."""
        return self.directory / "bytecode"

    @property
    def sources(self) -> Path:
        """The directory of wheels and checked-out projects that pip installs from."""
        return self.home / "src"

    def environ(self) -> dict[str, str]:
        """The environment variables of a process in the sandbox, without any of the caller's."""
        return {
            "CONDATUI_HOME": str(self.home / ".condatui"),
            "CONDA_EXE": str(self.conda),
            "HOME": str(self.home),
            "LANG": "C.UTF-8",
            "PIP_CONFIG_FILE": os.devnull,
            "PATH": f"{self.conda.parent}:/usr/bin:/bin",
            "TMPDIR": str(self.scratch),
        }


@dataclass(frozen=True, slots=True)
class Sandbox:
    """A conda with environments, built by condatui, that shares nothing with the user's own."""

    directory: Path
    """The directory that contains everything."""
    home: Path
    root_prefix: Path
    conda: Path
    """The conda executable."""
    environ: Mapping[str, str]
    """All environment variables that a process in the sandbox needs, and none of the caller's."""
    prefixes: Mapping[str, Path]
    """Name → prefix of everything like an environment: real ones, a symlink, a failed clone, a deleted one."""

    @staticmethod
    def at(layout: Layout, prefixes: Mapping[str, Path]) -> Sandbox:
        """Describe the sandbox of a layout."""
        return Sandbox(
            directory=layout.directory,
            home=layout.home,
            root_prefix=layout.root_prefix,
            conda=layout.conda,
            environ=layout.environ(),
            prefixes=prefixes,
        )
