"""Sandboxes for tests: one that is only read, and copies of it that a test may break."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Collection, Iterator
from pathlib import Path

from condatui_sandbox import Sandbox


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
    states = {str(path): path.lstat() for path in directory.rglob("*")}
    return {path: (state.st_mode, state.st_size, state.st_mtime_ns) for path, state in states.items()}


def copy_sandbox(sandbox: Sandbox, directory: Path, names: Collection[str]) -> Sandbox:
    """Copy a sandbox with the named environments only, hard links among the copies as among the originals.

    The copy has its own home, base and package cache; channels and conda's bytecode stay with the original.
    """
    home = directory / "home"
    unwanted = {path for name, path in sandbox.prefixes.items() if name not in {*names, "base"}}
    _copy_tree(sandbox.home, home, unwanted)
    (directory / "tmp").mkdir()

    def moved(text: str) -> str:
        return text.replace(str(sandbox.home), str(home)).replace(f"{sandbox.directory}/tmp", f"{directory}/tmp")

    for file in _own_files(home):
        content = file.read_bytes()
        if os.fsencode(sandbox.home) in content:
            times = (file.stat().st_atime, file.stat().st_mtime)
            file.write_bytes(content.replace(os.fsencode(sandbox.home), os.fsencode(home)))
            os.utime(file, times)
    return Sandbox(
        directory=directory,
        home=home,
        root_prefix=Path(moved(str(sandbox.root_prefix))),
        conda=Path(moved(str(sandbox.conda))),
        environ={name: moved(value) for name, value in sandbox.environ.items()},
        prefixes={name: Path(moved(str(path))) for name, path in sandbox.prefixes.items() if name in {*names, "base"}},
    )


def _copy_tree(source: Path, target: Path, unwanted: set[Path]) -> None:
    copies: dict[int, str] = {}

    def link_or_copy(original: str, copy: str) -> None:
        state = os.lstat(original)
        if earlier := copies.get(state.st_ino):
            os.link(earlier, copy)
        else:
            shutil.copy2(original, copy, follow_symlinks=False)
            copies[state.st_ino] = copy

    def left_out(folder: str, names: list[str]) -> set[str]:
        return {name for name in names if Path(folder, name) in unwanted}

    shutil.copytree(source, target, symlinks=True, ignore=left_out, copy_function=link_or_copy)


def _own_files(directory: Path) -> Iterator[Path]:
    """Yield the files that may name their place: those that conda or pip wrote for this prefix alone."""
    for path in directory.rglob("*"):
        if path.suffix != ".pyc" and path.is_file() and not path.is_symlink() and path.stat().st_nlink == 1:
            yield path


def give_own_channels(sandbox: Sandbox, original: Sandbox) -> Path:
    """Let the copy of a sandbox have channels of its own, which a test may take away; returns their directory."""
    there, own = original.directory / "channels", sandbox.directory / "channels"
    shutil.copytree(there, own, copy_function=os.link)
    for file in _own_files(sandbox.home):
        content = file.read_bytes()
        if os.fsencode(there) in content:
            times = (file.stat().st_atime, file.stat().st_mtime)
            file.write_bytes(content.replace(os.fsencode(there), os.fsencode(own)))
            os.utime(file, times)
    return own
