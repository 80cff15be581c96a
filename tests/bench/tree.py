"""The trees that are measured: a sandbox with a real conda, and environments by the dozen in its envs directory."""

from __future__ import annotations

import shutil
import sys
from dataclasses import dataclass
from pathlib import Path

from condatui_sandbox import Sandbox, build_sandbox, build_scale

ENVIRONMENTS, PACKAGES = 50, 250
MANY_ENVIRONMENTS, MANY_PACKAGES = 200, 300


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
    """Build a tree, or take the one that is there."""
    sandbox = build_sandbox(directory / "sandbox", report=_say)
    scale = directory / f"{environments}x{packages}"
    if not (scale / "built").exists():
        _say(f"building {environments} environments of {packages} packages")
        shutil.rmtree(scale, ignore_errors=True)  # half of one, if the last run was ended
        build_scale(scale, environments=environments, packages=packages, report=_say)
        (scale / "built").touch()
    return Tree(sandbox=sandbox, envs=scale / "envs")


def _say(text: str) -> None:
    print(f"  {text}", file=sys.stderr)
