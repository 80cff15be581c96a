"""Sandboxes for tests: one that is only read, and copies of it that a test may break."""

from __future__ import annotations

import os
import shutil
import stat
import subprocess
from collections.abc import Collection, Iterator
from pathlib import Path

from condatui_sandbox import Sandbox
from support.warm_conda import warm_conda


def conda(sandbox: Sandbox, *arguments: str) -> str:
    """Run the sandbox's conda and return what it prints."""
    done = subprocess.run(
        [str(sandbox.conda), *arguments],
        env=dict(sandbox.environ),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    )
    return done.stdout


def manifest(directory: Path) -> dict[str, tuple[int, int, int]]:
    """State (mode, size, mtime) of everything below a directory, by its path."""
    states: dict[str, tuple[int, int, int]] = {}
    waiting = [str(directory)] if directory.is_dir() else []
    while waiting:
        with os.scandir(waiting.pop()) as entries:
            for entry in entries:
                state = entry.stat(follow_symlinks=False)
                states[entry.path] = (state.st_mode, state.st_size, state.st_mtime_ns)
                if entry.is_dir(follow_symlinks=False):
                    waiting.append(entry.path)
    return states


def lasting_state(sandbox: Sandbox) -> dict[str, tuple[int, int, int]]:
    """State of the home of a sandbox that other tests ask things of meanwhile, by path.

    It leaves out what conda and condatui write to answer a question: caches, logs, conda's list of environments, and
    the file by which conda tries whether a directory is writable, which changes the time of that directory.
    """
    written = ("/.conda", "/.condatui", "/.cache", "/.local", "/pkgs/cache", "/.conda_envs_dir_test")
    return {
        path: (mode, 0, 0) if stat.S_ISDIR(mode) else (mode, size, modified)
        for path, (mode, size, modified) in manifest(sandbox.home).items()
        if not any(f"{each}/" in f"{path}/" for each in written)
    }


def copy_sandbox(sandbox: Sandbox, directory: Path, names: Collection[str], *, warm: bool = True) -> Sandbox:
    """Copy a sandbox with the named environments only, hard links among the copies as among the originals.

    The copy has its own home, base and package cache; channels and conda's bytecode stay with the original. Its conda
    is warm unless that is not wanted: see support.warm_conda.
    """
    home = directory / "home"
    unwanted = {str(path) for name, path in sandbox.prefixes.items() if name not in {*names, "base"}}
    (directory / "tmp").mkdir(parents=True)
    _TreeCopy(sandbox.home, home, unwanted).copy_directory(str(sandbox.home), str(home))
    _share_bytecode(sandbox, home)

    def moved(text: str) -> str:
        return text.replace(str(sandbox.home), str(home)).replace(f"{sandbox.directory}/tmp", f"{directory}/tmp")

    copied = Sandbox(
        directory=directory,
        home=home,
        root_prefix=Path(moved(str(sandbox.root_prefix))),
        conda=Path(moved(str(sandbox.conda))),
        environ={name: moved(value) for name, value in sandbox.environ.items()},
        prefixes={name: Path(moved(str(path))) for name, path in sandbox.prefixes.items() if name in {*names, "base"}},
    )
    if warm:
        warm_conda(sandbox.conda).warm(copied)
    return copied


class _TreeCopy:
    """A copy of a home, as few system calls a file as will do: there are thousands, and many tests want a copy."""

    def __init__(self, home: Path, new_home: Path, unwanted: Collection[str]) -> None:
        self._home = os.fsencode(home)
        self._new_home = os.fsencode(new_home)
        self._unwanted = unwanted
        self._copies: dict[int, str] = {}

    def copy_directory(self, source: str, target: str) -> None:
        os.mkdir(target)
        with os.scandir(source) as entries:
            for entry in entries:
                if entry.path not in self._unwanted:
                    self._copy(entry, f"{target}/{entry.name}")
        shutil.copystat(source, target)

    def _copy(self, entry: os.DirEntry[str], target: str) -> None:
        if entry.is_symlink():
            os.symlink(os.readlink(entry.path), target)
            shutil.copystat(entry.path, target, follow_symlinks=False)
        elif entry.is_dir():
            self.copy_directory(entry.path, target)
        else:
            self._copy_file(entry, target)

    def _copy_file(self, entry: os.DirEntry[str], target: str) -> None:
        state = entry.stat()
        if earlier := self._copies.get(state.st_ino):
            os.link(earlier, target)
            return
        self._copies[state.st_ino] = target
        with open(entry.path, "rb", buffering=0) as file:
            content = file.readall()
        if _may_name_its_place(entry.name, state):
            content = content.replace(self._home, self._new_home)
        with open(target, "xb", buffering=0) as copy:
            copy.write(content)
            os.fchmod(copy.fileno(), state.st_mode)
            os.utime(copy.fileno(), ns=(state.st_atime_ns, state.st_mtime_ns))


def _may_name_its_place(name: str, state: os.stat_result) -> bool:
    """Whether conda or pip may have written the file for its prefix alone."""
    return state.st_nlink == 1 and not name.endswith(".pyc")


def _share_bytecode(sandbox: Sandbox, home: Path) -> None:
    """Let the conda of a copy find the bytecode of the original's conda, instead of compiling all of conda again."""
    bytecode = sandbox.directory / "bytecode"
    place = bytecode / home.relative_to(home.anchor)
    place.parent.mkdir(parents=True, exist_ok=True)
    place.unlink(missing_ok=True)
    place.symlink_to(bytecode / sandbox.home.relative_to(sandbox.home.anchor))


def _own_files(directory: Path) -> Iterator[Path]:
    """Yield the files that may name their place: those that conda or pip wrote for this prefix alone."""
    for path in directory.rglob("*"):
        if path.is_file() and not path.is_symlink() and _may_name_its_place(path.name, path.stat()):
            yield path


def give_own_channels(sandbox: Sandbox, original: Sandbox) -> Path:
    """Let the copy of a sandbox have channels of its own, which a test may take away; returns their directory."""
    there, own = original.directory / "channels", sandbox.directory / "channels"
    shutil.copytree(there, own)
    for file in _own_files(sandbox.home):
        content = file.read_bytes()
        if os.fsencode(there) in content:
            times = (file.stat().st_atime, file.stat().st_mtime)
            file.write_bytes(content.replace(os.fsencode(there), os.fsencode(own)))
            os.utime(file, times)
    return own
