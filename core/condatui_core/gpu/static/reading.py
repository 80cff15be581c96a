"""What the files of an environment say of its frameworks, in milliseconds and without a process."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from condatui_core.gpu.static.others import other_frameworks
from condatui_core.gpu.static.torch import read_torch
from condatui_core.gpu.static.torch_files import read_version_file
from condatui_core.prefixes.site_packages import site_directories, site_packages_candidates
from condatui_core.records.environment import Environment
from condatui_core.records.gpu import Shadow, StaticFacts
from condatui_core.records.prefix import PrefixContents

# A torch outside the environment that wins over its own: the probe does not see it, whoever types `python` does.


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


_PYTHONS = ("python", "python3", "python2")
_MINOR = re.compile(r"(?:python|pypy)(\d+\.\d+)/")


def read_static(environment: Environment, *, home: Path, environ: Mapping[str, str]) -> StaticFacts:
    """Read what the files of an environment say; milliseconds, but to be called beside the event loop.

    Never raises for what it finds. `home` and `environ` are those of whoever would use the environment.
    """
    prefix, contents = environment.prefix, environment.contents or PrefixContents()
    version, site_packages = _site_packages(prefix, environment.python)
    minor = ".".join(version.split(".")[:2])
    shadows = find_shadows(minor, home, {**environ, **dict(contents.variables)})
    return StaticFacts(
        prefix=prefix,
        python=_python(prefix, minor),
        python_version=version,
        torch=read_torch(prefix, contents, site_packages, tuple(shadows)),
        others=other_frameworks(contents),
    )


def _site_packages(prefix: str, python: str) -> tuple[str, tuple[str, ...]]:
    """Find the version of python, by conda's record or else by its directory, and each site-packages, its own first."""
    found = {}
    for directory in site_directories(prefix, site_packages_candidates(prefix)):
        match = _MINOR.search(directory.path)
        found[os.path.join(prefix, directory.path)] = match[1] if match else ""
    version = python or next(filter(None, found.values()), "")
    # An upgrade leaves the site-packages of an older python behind where pip had something in it.
    own = [path for path, minor in found.items() if minor and f"{version}.".startswith(f"{minor}.")]
    return version, (*own, *(path for path in found if path not in own))


def _python(prefix: str, minor: str) -> str:
    for name in (*_PYTHONS, f"python{minor}"):
        path = os.path.join(prefix, "bin", name)
        if os.path.lexists(path):  # a link that leads nowhere is a python that does not start
            return path
    return ""
