"""The paths of a sandbox, and the environment variables that keep a process inside it."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path


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
