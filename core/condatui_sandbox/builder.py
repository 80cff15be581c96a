"""Build a sandbox, or reuse an existing one."""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.resources import files
from pathlib import Path

from condatui_core.errors import RefusedError
from condatui_sandbox.catalogue import read_catalogue
from condatui_sandbox.channels import PackageContents, write_channels
from condatui_sandbox.conda_root import launcher, make_base, write_condarc
from condatui_sandbox.environments import make_environments, prefixes, relist_gone
from condatui_sandbox.layout import Interpreter, Layout, Sandbox
from condatui_sandbox.vendored_conda import VendoredConda, find_vendored_conda

# Ownership of a directory: a sandbox is only built, reused and deleted where a marker identifies one


MARKER = "condatui-sandbox.json"
_LOCK = "condatui-sandbox.lock"


@contextmanager
def claimed(directory: Path) -> Iterator[None]:
    """Create a directory for a sandbox, or use one that is empty or a sandbox, and lock out other builders.

    Raises RefusedError if it contains anything else.
    """
    directory.mkdir(parents=True, exist_ok=True)
    contents = {entry.name for entry in os.scandir(directory)}
    if contents - {_LOCK} and MARKER not in contents:
        raise RefusedError(
            "The directory is not empty and not a sandbox.", str(directory), "Choose another one. Nothing was changed."
        )
    with (directory / _LOCK).open("w", encoding="utf-8") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def is_current(directory: Path, recipe: str) -> bool:
    """Whether the sandbox is complete and built from exactly this recipe."""
    try:
        marker = json.loads((directory / MARKER).read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):
        return False
    return bool(marker == _marker(recipe, complete=True))


def start_over(directory: Path) -> None:
    """Empty a claimed directory and mark it as an incomplete sandbox."""
    _write_marker(directory, _marker("", complete=False))
    for entry in directory.iterdir():
        if entry.name in {MARKER, _LOCK}:
            continue
        if entry.is_dir() and not entry.is_symlink():
            shutil.rmtree(entry)
        else:
            entry.unlink()


def complete(directory: Path, recipe: str) -> None:
    """Mark a sandbox as complete, which is the last write of a build."""
    _write_marker(directory, _marker(recipe, complete=True))


def _marker(recipe: str, *, complete: bool) -> dict[str, object]:
    return {"made_by": "condatui demo", "recipe": recipe, "complete": complete}


def _write_marker(directory: Path, marker: dict[str, object]) -> None:
    temporary = directory / f"{MARKER}.new"
    temporary.write_text(json.dumps(marker, indent=1), encoding="utf-8")
    temporary.replace(directory / MARKER)


def _ignore(_: str) -> None:
    pass


def build_sandbox(
    directory: Path,
    *,
    rebuild: bool = False,
    report: Callable[[str], None] = _ignore,
    clock: Callable[[], float] = time.time,
) -> Sandbox:
    """Build a sandbox in a directory, or reuse the existing one if nothing that it is made from has changed.

    Nothing outside the directory is written. `report` gets each step, from any thread.
    Raises UsageError if the `demo` extra is not installed, RefusedError if the directory contains anything else, and
    CondaError if a step fails.
    """
    conda = find_vendored_conda()
    interpreter = Interpreter.running()
    layout = Layout(Path(os.path.realpath(directory)))
    recipe = _recipe(layout, conda, interpreter)
    with claimed(layout.directory):
        if rebuild or not is_current(layout.directory, recipe):
            start_over(layout.directory)
            _build(layout, conda, interpreter, report, clock())
            complete(layout.directory, recipe)
        else:
            relist_gone(layout)
    return Sandbox.at(layout, prefixes(layout))


def _build(
    layout: Layout, conda: VendoredConda, interpreter: Interpreter, report: Callable[[str], None], now: float
) -> None:
    layout.scratch.mkdir(parents=True)
    interpreter = interpreter.tried_in(layout.scratch / "interpreter")
    write_condarc(layout)
    packages = read_catalogue(interpreter, {"conda": conda.version, "pip": conda.pip_version})
    report(f"Writing {len(packages)} packages")
    contents = PackageContents(interpreter, conda, launcher(layout, conda, interpreter))
    write_channels(layout.channels, packages, contents)
    report(f"Making base with conda {conda.version}")
    make_base(layout, interpreter, conda, packages)
    make_environments(layout, interpreter, now, report)
    for leftover in layout.scratch.iterdir():
        shutil.rmtree(leftover) if leftover.is_dir() else leftover.unlink()


def _recipe(layout: Layout, conda: VendoredConda, interpreter: Interpreter) -> str:
    """A digest of everything that a sandbox is made from, its path and Python included."""
    digest = hashlib.sha256()
    for source in sorted(files("condatui_sandbox").iterdir(), key=lambda each: each.name):
        if source.name.endswith((".py", ".yaml")) and not source.name.startswith("scale"):  # the scale tree is separate
            digest.update(source.read_bytes())
    facts = (
        layout.directory,
        interpreter.executable,
        interpreter.version,
        conda.version,
        conda.pip_version,
        *conda.search_path,
    )
    digest.update("\n".join(str(fact) for fact in facts).encode())
    return digest.hexdigest()
