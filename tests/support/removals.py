"""A machine made by hand on which environments are removed and brought back, with a conda that does as it is told."""

from __future__ import annotations

import errno
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

import msgspec
import pytest

from condatui_core.actions import set_aside
from condatui_core.actions.protocol import JobContext
from condatui_core.fs.delete_tree import Leftover, delete_tree
from condatui_core.fs.rename_directory import rename_directory_if_free
from condatui_core.prefixes.prefix import read_prefix
from condatui_core.records.environment import Environment, Inventory
from condatui_core.records.installation import CondaFacts, Installation
from support.contexts import made_context
from support.disk_trees import write
from support.fake_conda import program
from support.prefixes import CONDA_FORGE, FakePrefix, make_prefix, record_of


def cannot_set_aside(monkeypatch: pytest.MonkeyPatch, names: str) -> None:
    """Let the directories above those whose names match be such that nothing may be renamed in them."""

    def refuse(source: str, target: str, directory: int) -> None:
        if re.fullmatch(names, source):
            raise PermissionError(errno.EACCES, "Permission denied", target)
        rename_directory_if_free(source, target, directory)

    monkeypatch.setattr(set_aside, "rename_directory_if_free", refuse)


class KilledError(Exception):
    """Stands for whatever ends a job from outside."""


@contextmanager
def dying_deletion(*gone: str, script: str = "") -> Iterator[None]:
    """Let a deletion end when it has deleted these paths, or when a script has done it; `$3` is where it works."""

    def die(directory: int, path: str, goes: object) -> tuple[Leftover, ...]:
        subprocess.run(["sh", "-c", script, "sh", "", "", path], check=True)
        for each in gone:
            delete_tree(os.path.join(path, each))
        raise KilledError

    with pytest.MonkeyPatch.context() as patched, pytest.raises(KilledError):
        patched.setattr(set_aside, "delete_what_goes", die)
        yield


REMOVES = 'rm -rf "$3"'
"""What a conda does that really removes: its third argument is the prefix."""
LINKS = shlex.join((sys.executable, "-I", str(Path(__file__).with_name("linking_conda.py")))) + ' "${0%/*/*}" "$@"'
"""What a conda does that really links packages from its cache, and says in a dry run what it would do."""


@dataclass
class RemovalMachine:
    """An installation in a home of its own; what its caches hold is up to the test."""

    home: Path
    script: str = REMOVES
    environments: list[Environment] = field(default_factory=list)

    def __post_init__(self) -> None:
        if self.envs.is_dir():
            return
        self.envs.mkdir(parents=True)
        (self.root / "conda-meta").mkdir()
        (self.root / "conda-meta/history").touch()
        (self.root / "pkgs").mkdir()
        (self.home / ".conda").mkdir()
        self.registry.touch()
        program(self.root / "bin/conda", self.script)

    @property
    def root(self) -> Path:
        return self.home / "conda"

    @property
    def envs(self) -> Path:
        return self.root / "envs"

    @property
    def registry(self) -> Path:
        return self.home / ".conda/environments.txt"

    @property
    def points(self) -> Path:
        return self.home / ".condatui/state/restore"

    def conda(self, script: str) -> None:
        """Let the conda do something else from now on."""
        program(self.root / "bin/conda", script)

    def make(self, name: str, *, registered: bool = True) -> FakePrefix:
        """Make an environment with a python, a package from pip and a file of nobody's."""
        prefix = make_prefix(self.envs / name)
        prefix.pip_install("httpx")
        prefix.write("notes/todo.txt", os.fsencode(f"of {name}"))
        if registered:
            with self.registry.open("ab") as file:
                file.write(os.fsencode(f"{prefix}\n"))
        self.note(prefix.path)
        return prefix

    def cache(self, name: str, *, size: int = 6000) -> Path:
        """Put a package with one file into the package cache, with its archive; returns its directory."""
        package = self.root / "pkgs" / f"{name}-1.0-0"
        file = write(package / f"lib/{name}.so", size)
        os.utime(file, (10**9, 10**9))
        record = record_of(name, "1.0", "0", channel=CONDA_FORGE, subdir="linux-64", files={})
        write(package / "info/index.json", 100)
        (package / "info/repodata_record.json").write_text(json.dumps(record))
        write(package.with_name(package.name + ".conda"), record["size"])
        return package

    def install(self, prefix: FakePrefix, package: Path, *, copied: bool = False) -> Path:
        """Install a package from the cache as conda does, linked or copied; returns its file in the prefix."""
        (source,) = (package / "lib").iterdir()
        target = prefix.path / "lib" / source.name
        prefix.package(source.stem, files={f"lib/{source.name}": source.read_bytes()})
        if not copied:
            target.unlink()
            os.link(source, target)
        return target

    def note(self, path: Path, **fields: object) -> None:
        """Let a prefix be known."""
        contents = read_prefix(str(path))
        given = {"name": path.name, "prefix": str(path), "installation": str(self.root), "contents": contents}
        self.environments.append(Environment(**{**given, **fields}))  # type: ignore[arg-type]

    def context(self, **settings: object) -> JobContext:
        """What actions get to see."""
        conda = Installation(executable=str(self.root / "bin/conda"), root_prefix=str(self.root), version="24.7.1")
        inventory = Inventory(environments=tuple(self.environments), installations=(conda,))
        facts = {str(self.root): CondaFacts(envs_dirs=(str(self.envs),), pkgs_dirs=(str(self.root / "pkgs"),))}
        context = made_context(inventory, self.home, euid=os.geteuid(), facts=facts)
        return replace(context, settings=msgspec.structs.replace(context.settings, **settings))

    def point_ids(self) -> Sequence[str]:
        """The restore points there are, those being made included."""
        return sorted(os.listdir(self.points)) if self.points.is_dir() else []

    def vanish(self, prefix: FakePrefix) -> None:
        """Let somebody delete an environment."""
        shutil.rmtree(prefix.path)
