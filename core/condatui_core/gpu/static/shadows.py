"""A torch outside the environment that wins over its own: the probe does not see it, whoever types `python` does."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path

from condatui_core.gpu.static.torch_files import read_version_file
from condatui_core.records.gpu import Shadow


def find_shadows(python_minor: str, home: Path, environ: Mapping[str, str]) -> Iterator[Shadow]:
    """Find every torch that comes before the environment's own: on PYTHONPATH, then in the user's site-packages.

    `environ` are the variables as they would be in the activated environment.
    """
    for entry in filter(os.path.isabs, environ.get("PYTHONPATH", "").split(os.pathsep)):
        if found := _torch_in(entry):
            yield Shadow(path=found, version=_version(found), by="PYTHONPATH")
    if python_minor and not environ.get("PYTHONNOUSERSITE"):
        base = environ.get("PYTHONUSERBASE") or str(home / ".local")
        if found := _torch_in(os.path.join(base, "lib", f"python{python_minor}", "site-packages")):
            yield Shadow(path=found, version=_version(found), by="user site")


def _torch_in(directory: str) -> str:
    path = os.path.join(directory, "torch")
    return path if os.path.isfile(os.path.join(path, "__init__.py")) else ""


def _version(directory: str) -> str:
    stated = read_version_file(directory)
    return stated.version if stated else ""
