"""The trees that are measured: a real conda, and environments by the dozen, of alike packages or of real projects."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from condatui_sandbox import Sandbox, build_sandbox, build_scale, build_specs, parse_specs

ENVIRONMENTS, PACKAGES = 50, 250
MANY_ENVIRONMENTS, MANY_PACKAGES = 200, 300
MOST_ENVIRONMENTS, LEAST_PACKAGES = 1_000, 100
PROJECT_ENVIRONMENTS = 45
_SPECS = Path(__file__).parent / "specs"


@dataclass(frozen=True, slots=True)
class Tree:
    """Environments at scale beside a conda that can list them."""

    sandbox: Sandbox
    envs: Path
    """The directory whose children are the environments."""

    @property
    def prefixes(self) -> tuple[Path, ...]:
        """The environments, by name."""
        return tuple(sorted(path for path in self.envs.iterdir() if (path / "conda-meta").is_dir()))

    def environ(self, home: Path) -> dict[str, str]:
        """What condatui needs to see this tree and nothing else, keeping its own files in `home`."""
        own = {"CONDATUI_HOME": str(home), "CONDATUI_USUAL_PLACES": "0", "CONDA_ENVS_DIRS": str(self.envs)}
        return {**self.sandbox.environ, **own}


def tree(directory: Path, environments: int, packages: int) -> Tree:
    """Build a tree of packages that are all alike, or take the one that is there."""
    return _built(
        directory,
        f"{environments}x{packages}",
        lambda scale: build_scale(scale, environments=environments, packages=packages, report=_say),
    )


def projects_tree(directory: Path) -> Tree:
    """Build environments of real projects with files as real packages have them, or take those that are there.

    A million entries: building it takes five minutes and three gigabytes.
    """
    projects = {file.stem: parse_specs(file.read_text()) for file in sorted(_SPECS.glob("*.txt"))}
    return _built(
        directory,
        f"projects-{PROJECT_ENVIRONMENTS}",
        lambda scale: build_specs(scale, projects, environments=PROJECT_ENVIRONMENTS, report=_say),
    )


def _built(directory: Path, name: str, build: Callable[[Path], object]) -> Tree:
    sandbox = build_sandbox(directory / "sandbox", report=_say)
    scale = directory / name
    if not (scale / "built").exists():
        _say(f"building {name}")
        shutil.rmtree(scale, ignore_errors=True)  # half of one, if the last run was ended
        build(scale)
        (scale / "built").touch()
    return Tree(sandbox=sandbox, envs=scale / "envs")


def _say(text: str) -> None:
    print(f"  {text}", file=sys.stderr)
