"""`make lock` and `make upgrade` pin what the project is developed with; `make test-lowest` asks for the other end.

One file holds for every Python and platform that the project supports. It names no index, so that it installs from any.
"""

from __future__ import annotations

import argparse
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import tomli
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[1]
EXTRAS = ("dev", "screenshots")
"""Each has a lock; those after the first agree with the first, for they are installed beside it."""

_TITLE = "# Written by `make lock` and `make upgrade`, from these lines of pyproject.toml:"
_UV = (
    *("uv", "pip", "compile", "--quiet", "--generate-hashes"),
    *("--no-header", "--no-emit-index-url", "--no-emit-find-links", "--annotation-style", "line"),
)
_ENTRY = re.compile(
    r"^(?P<name>[A-Za-z0-9._-]+)==(?P<version>[^\s;]+)(?: ; (?P<marker>.+?))?(?P<hashes>( --hash=\S+)*)$"
)


@dataclass(frozen=True, slots=True)
class Pin:
    """One package of a lock."""

    name: str
    version: str
    marker: str
    """Where it applies; empty for everywhere."""
    hashes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Project:
    """What pyproject.toml says of requirements."""

    name: str
    python: str
    """Such as `>=3.10`."""
    build: tuple[str, ...]
    runtime: tuple[str, ...]
    extras: Mapping[str, tuple[str, ...]]

    @staticmethod
    def read(file: Path = ROOT / "pyproject.toml") -> Project:
        """Read the project's own file."""
        document: dict[str, Any] = tomli.loads(file.read_text(encoding="utf-8"))
        project = document["project"]
        return Project(
            name=project["name"],
            python=project["requires-python"],
            build=tuple(document["build-system"]["requires"]),
            runtime=tuple(project["dependencies"]),
            extras={name: tuple(lines) for name, lines in project["optional-dependencies"].items()},
        )

    @property
    def oldest_python(self) -> str:
        """Such as `3.10`."""
        (lowest,) = (each.version for each in SpecifierSet(self.python) if each.operator == ">=")
        return lowest

    def required(self, extra: str) -> tuple[str, ...]:
        """Every requirement of the project with an extra, those of the extras that it names included."""
        return tuple(sorted({*self.runtime, *self._expanded(extra)}))

    def _expanded(self, extra: str) -> Iterator[str]:
        for line in self.extras[extra]:
            requirement = Requirement(line)
            if canonicalize_name(requirement.name) == canonicalize_name(self.name):
                for each in requirement.extras:
                    yield from self._expanded(each)
            else:
                yield line


def lock_file(extra: str) -> Path:
    """Where the lock of an extra lies."""
    return ROOT / "requirements" / f"{extra}.txt"


def header(project: Project, extra: str) -> str:
    """The first lines of a lock: what it was made from."""
    lines = [f"python{project.python}", *project.required(extra)]
    return "\n".join([_TITLE, *(f"#   {line}" for line in lines)]) + "\n"


def pins(text: str) -> Iterator[Pin]:
    """The packages of a lock; ValueError for a line that is none."""
    for line in text.replace("\\\n", "").splitlines():
        entry = re.sub(r"\s+", " ", line).strip()
        if not entry or entry.startswith("#"):
            continue
        if not (found := _ENTRY.match(entry)):
            raise ValueError(f"not a pinned package: {line}")
        hashes = tuple(each.removeprefix("--hash=") for each in found["hashes"].split())
        yield Pin(name=found["name"], version=found["version"], marker=found["marker"] or "", hashes=hashes)


def lowest(project: Project) -> dict[str, str]:
    """The oldest version of every runtime dependency that the project allows, by name."""
    bounds: dict[str, str] = {}
    for line in project.runtime:
        requirement = Requirement(line)
        (bound,) = (each.version for each in requirement.specifier if each.operator in {">=", "=="})
        bounds[canonicalize_name(requirement.name)] = bound
    return bounds


def _compile(project: Project, extra: str, output: Path, *options: str) -> None:
    """Let uv write what an extra needs; it prefers the versions that the file already holds, unless told to upgrade."""
    what = ("--extra", extra, "--python-version", project.oldest_python, "--output-file", str(output), "pyproject.toml")
    subprocess.run([sys.executable, "-m", *_UV, *options, *what], cwd=ROOT, check=True)


def _lock(project: Project, extra: str, *options: str) -> None:
    file = lock_file(extra)
    beside = () if extra == EXTRAS[0] else ("--constraint", str(lock_file(EXTRAS[0]).relative_to(ROOT)))
    _compile(project, extra, file, "--universal", *beside, *options)
    file.write_text(header(project, extra) + file.read_text(encoding="utf-8"), encoding="utf-8")


def _lowest(project: Project, output: Path) -> None:
    """Write the lock with the oldest runtime dependencies in it, and older tools where those that are locked refuse."""
    bounds = "".join(f"{name}=={version}\n" for name, version in lowest(project).items())
    with tempfile.NamedTemporaryFile("w", suffix=".txt", encoding="utf-8") as constraints:
        constraints.write(bounds)
        constraints.flush()
        shutil.copy(lock_file(EXTRAS[0]), output)
        _compile(project, EXTRAS[0], output, "--constraint", constraints.name)


def main() -> None:
    """Write the locks: `locks.py [--upgrade]`; or one file with the oldest dependencies: `locks.py --lowest FILE`."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--upgrade", action="store_true", help="take the newest release of everything")
    parser.add_argument("--lowest", metavar="FILE", type=Path, help="write the oldest dependencies that are allowed")
    chosen = parser.parse_args()
    project = Project.read()
    if chosen.lowest:
        _lowest(project, chosen.lowest.resolve())
        return
    for extra in EXTRAS:
        _lock(project, extra, *(("--upgrade",) if chosen.upgrade else ()))


if __name__ == "__main__":
    main()
