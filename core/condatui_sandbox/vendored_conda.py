"""Find the conda of the `demo` extra: conda-lock contains a complete one, and pip installs its dependencies."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from importlib.machinery import ModuleSpec
from importlib.util import find_spec
from pathlib import Path

from packaging.version import Version

from condatui_core.errors import UsageError

IMPORTED_BY_CONDA = (
    "archspec",
    "boltons",
    "conda_package_handling",
    "conda_package_streaming",
    "packaging",
    "platformdirs",
    "pluggy",
    "pysat",
    "requests",
    "ruamel.yaml",
    "tqdm",
    "zstandard",
)
"""The modules that conda imports for the sandbox; the solver uses `pysat`, which has wheels."""

_HINT = "pip install 'condatui[demo]'"
_VENDORED_NAME = re.compile(r"\bconda_lock\._vendor\.conda\b")
_LEFT_OUT = {"testing", "__pycache__"}


@dataclass(frozen=True, slots=True)
class VendoredConda:
    """The paths of its parts on this machine, outside the sandbox; they are only read."""

    package: Path
    """The directory with conda's Python files."""
    version: str
    search_path: tuple[Path, ...]
    """The directories with the modules that conda imports."""
    pip_wheel: Path
    """The wheel of the newest pip in virtualenv."""

    @property
    def pip_version(self) -> str:
        """The version of that pip."""
        return _wheel_version(self.pip_wheel)

    def sources(self) -> Iterator[tuple[str, bytes]]:
        """Yield conda's files as (path below `conda/`, contents), with the vendored name turned back into `conda`."""
        for file in sorted(self.package.rglob("*")):
            path = file.relative_to(self.package)
            if file.is_file() and not _LEFT_OUT & set(path.parts):
                yield str(path), _with_own_name(file)


def find_vendored_conda() -> VendoredConda:
    """Find conda and its dependencies among the packages of this Python, without importing them.

    Raises UsageError if one is not installed.
    """
    if missing := missing_modules(("conda_lock", "virtualenv", *IMPORTED_BY_CONDA)):
        raise UsageError("The sandbox needs packages that are not installed.", ", ".join(missing), _HINT)
    vendor = _directory("conda_lock") / "_vendor" / "conda"
    wheels = sorted((_directory("virtualenv") / "seed" / "wheels" / "embed").glob("pip-*.whl"), key=_wheel_order)
    version = re.search(r"version = '([\d.]+)'", _read(vendor / "_version.py"))
    if version is None or not wheels:
        raise UsageError("The sandbox cannot use the installed conda-lock or virtualenv.", str(vendor), _HINT)
    roots = dict.fromkeys(_directory(name).parents[name.count(".")] for name in IMPORTED_BY_CONDA)
    return VendoredConda(package=vendor, version=version[1], search_path=tuple(roots), pip_wheel=wheels[-1])


def missing_modules(names: Iterable[str]) -> tuple[str, ...]:
    """The modules of these that this Python does not have."""
    return tuple(name for name in names if _spec(name) is None)


def _spec(name: str) -> ModuleSpec | None:
    try:
        return find_spec(name)
    except ModuleNotFoundError:  # its package is missing
        return None


def _directory(name: str) -> Path:
    spec = _spec(name)
    places = list(spec.submodule_search_locations or ()) if spec else []
    return Path(places[0])


def _read(file: Path) -> str:
    return file.read_text(encoding="utf-8") if file.is_file() else ""


def _with_own_name(file: Path) -> bytes:
    content = file.read_bytes()
    if file.suffix != ".py":
        return content
    return _VENDORED_NAME.sub("conda", content.decode("utf-8")).encode("utf-8")


def _wheel_version(wheel: Path) -> str:
    return wheel.name.split("-")[1]


def _wheel_order(wheel: Path) -> Version:
    return Version(_wheel_version(wheel))
