"""Build a sandbox, or take the one that is there."""

from __future__ import annotations

import hashlib
import os
import shutil
import time
from collections.abc import Callable
from importlib.resources import files
from pathlib import Path

from condatui_core.sandbox.catalogue import read_catalogue
from condatui_core.sandbox.channel import PackageContents, write_channels
from condatui_core.sandbox.conda_root import launcher, make_base, write_condarc
from condatui_core.sandbox.environment_maker import make_environments, prefixes, relist_gone
from condatui_core.sandbox.interpreter import Interpreter
from condatui_core.sandbox.layout import Layout, Sandbox
from condatui_core.sandbox.ownership import claimed, complete, is_current, start_over
from condatui_core.sandbox.vendored_conda import VendoredConda, find_vendored_conda


def _ignore(_: str) -> None:
    pass


def build_sandbox(
    directory: Path,
    *,
    rebuild: bool = False,
    report: Callable[[str], None] = _ignore,
    clock: Callable[[], float] = time.time,
) -> Sandbox:
    """Build a sandbox in a directory, or reuse the one there if nothing it is made from has changed.

    Nothing outside the directory is written. `report` is told what is being done, from any thread.
    Raises UsageError if the `demo` extra is not installed, RefusedError if the directory holds something else,
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
    """Digest all that a sandbox is made from; a moved directory or another Python asks for another one."""
    digest = hashlib.sha256()
    for source in sorted(files("condatui_core.sandbox").iterdir(), key=lambda each: each.name):
        if source.name.endswith((".py", ".yaml")) and not source.name.startswith("scale"):  # the scale tree is apart
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
