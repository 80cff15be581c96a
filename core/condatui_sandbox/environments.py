"""Create the environments of the sandbox with its own conda and pip, as people leave them after two years."""

from __future__ import annotations

import json
import os
import re
import shutil
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from condatui_core.conda.registry import register
from condatui_sandbox.layout import Interpreter, Layout, run_conda
from condatui_sandbox.pip_packages import install_mixture, replace_numpy, write_pip_sources

# Recipes


NVIDIA = ("--override-channels", "-c", "pytorch", "-c", "nvidia", "-c", "conda-forge")
"""The channels in PyTorch's former instructions for its CUDA builds."""


@dataclass(frozen=True, slots=True)
class EnvironmentRecipe:
    """How one environment is created, by commands that a user would type."""

    name: str
    specs: tuple[str, ...] = ()
    """The arguments of `conda create`."""
    clone_of: str = ""
    """The environment to clone, instead of creating one."""
    added: tuple[str, ...] = ()
    """The arguments of a later `conda install`."""
    location: str = ""
    """Its path below the home directory; empty for one in the envs directory."""
    pip: bool = False
    """Whether pip then installs packages of every origin."""
    replaced_numpy: bool = False
    """Whether pip then replaces conda's numpy."""
    age_days: int = 0
    """Days since it was last changed or used."""
    pinned: tuple[str, ...] = ()
    variables: tuple[tuple[str, str], ...] = ()
    frozen: str = ""
    """The message of its frozen file."""


RECIPES = (
    EnvironmentRecipe(
        "nlp-base",
        specs=(
            "python",
            "pytorch=2.6.0",
            "transformers=4.47.1",
            "datasets",
            "accelerate",
            "numpy=1.26.4",
            "pandas",
            "scikit-learn",
            "sentencepiece-python",
            "pip",
        ),
    ),
    EnvironmentRecipe(
        "vision-cuda",
        specs=(
            *NVIDIA,
            "python",
            "pytorch::pytorch=2.5.1",
            "pytorch::torchvision",
            "torchaudio",
            "pytorch-cuda=12.4",
            "pip",
        ),
        age_days=12,
    ),
    EnvironmentRecipe(
        "try-again-final-v2",
        specs=("python", "conda-forge::numpy=1.26.4", "defaults::pandas=2.1.4", "matplotlib-base", "xlrd", "pip"),
        replaced_numpy=True,
        age_days=400,
    ),
    EnvironmentRecipe("pip-mix", specs=("python", "numpy=1.26.4", "requests", "pip"), pip=True, age_days=30),
    EnvironmentRecipe(
        "vision-cpu",
        specs=("python", "pytorch=2.5.1=cpu_generic*", "torchvision", "py-opencv", "matplotlib-base", "pip"),
        age_days=45,
    ),
    EnvironmentRecipe(
        "prod-frozen",
        specs=("python", "pytorch=2.5.1=cpu_generic*", "transformers=4.47.1", "aiohttp", "requests"),
        age_days=120,
        frozen="Serves the ranking model. Ask the platform team before you change anything.",
    ),
    EnvironmentRecipe(
        "train-pinned",
        specs=("python", "numpy=1.26.4", "pytorch=2.6.0", "tqdm", "pip"),
        pinned=("numpy 1.26.*", "pytorch 2.6.*"),
        variables=(("CUBLAS_WORKSPACE_CONFIG", ":4096:8"), ("WANDB_API_KEY", "0123456789abcdef")),
        age_days=7,
    ),
    EnvironmentRecipe("notebooks", specs=("python", "ipykernel", "matplotlib-base", "pandas"), age_days=60),
    EnvironmentRecipe(
        "segmentation",
        specs=("python", "scikit-learn", "seaborn-base"),
        location="work/segmentation/env",
        age_days=95,
    ),
    EnvironmentRecipe("nlp-exp", clone_of="nlp-base", added=("wandb", "nltk"), age_days=3),
    EnvironmentRecipe("bert-finetune", clone_of="nlp-base", added=("transformers=4.48.3", "evaluate"), age_days=210),
)

SYMLINK = ("current", "nlp-exp")
"""A symlink in the envs directory, and the environment that it leads to."""

TORSO = "half-cloned"
"""The remains of a failed clone: files, and no conda-meta."""

GONE = "work/deleted-project/env"
"""An environment below the home directory that was deleted by hand but that conda still lists."""


def creations() -> Iterator[EnvironmentRecipe]:
    """Yield the environments that are not clones."""
    return (recipe for recipe in RECIPES if not recipe.clone_of)


def clones() -> Iterator[EnvironmentRecipe]:
    """Yield the environments that are clones."""
    return (recipe for recipe in RECIPES if recipe.clone_of)


# Age


_REVISION = re.compile(r"^==> (\d{4}-\d\d-\d\d \d\d:\d\d:\d\d) <==$", re.MULTILINE)
_FORMAT = "%Y-%m-%d %H:%M:%S"


def age(prefix: Path, days: int, now: float) -> None:
    """Move an environment `days` into the past: its history, and the times of every file that it does not share.

    Hard-linked files keep their times, which other environments and the package cache share.
    """
    history = prefix / "conda-meta" / "history"
    if history.is_file():
        text = history.read_text(encoding="utf-8")
        history.write_text(_REVISION.sub(lambda match: _earlier(match[1], days), text), encoding="utf-8")
    then = now - timedelta(days=days).total_seconds()
    for path in _own(prefix):
        os.utime(path, (then, then), follow_symlinks=False)


def _earlier(moment: str, days: int) -> str:
    earlier = datetime.strptime(moment, _FORMAT) - timedelta(days=days)  # noqa: DTZ007 - conda writes local time
    return f"==> {earlier.strftime(_FORMAT)} <=="


def _own(prefix: Path) -> Iterator[str]:
    # Bottom up, since changes to a directory's entries change the directory's times.
    for directory, _, names in os.walk(prefix, topdown=False):
        for name in names:
            path = os.path.join(directory, name)
            if os.lstat(path).st_nlink == 1:
                yield path
        yield directory


# Creation by the sandbox's own conda and pip


_AT_A_TIME = 2
_TORSO_DAYS = 61


def prefixes(layout: Layout) -> dict[str, Path]:
    """Name → prefix of everything in a sandbox that is, was or seems to be an environment."""
    found = {"base": layout.root_prefix}
    found |= {recipe.name: _prefix(recipe, layout) for recipe in RECIPES}
    found |= {name: layout.environments / name for name in (SYMLINK[0], TORSO)}
    return {**found, "deleted-project": layout.home / GONE}


def make_environments(layout: Layout, interpreter: Interpreter, now: float, report: Callable[[str], None]) -> None:
    """Create all environments of the sandbox; raises CondaError if conda or pip fails."""
    write_pip_sources(layout)
    maker = _Maker(layout, interpreter, report)
    maker.make(creations())
    maker.make(clones())
    _leave_torso(layout, interpreter)
    _leave_traces(layout)
    for recipe in RECIPES:
        age(_prefix(recipe, layout), recipe.age_days, now)
    age(layout.environments / TORSO, _TORSO_DAYS, now)


class _Maker:
    def __init__(self, layout: Layout, interpreter: Interpreter, report: Callable[[str], None]) -> None:
        self._layout = layout
        self._interpreter = interpreter
        self._report = report

    def make(self, recipes: Iterable[EnvironmentRecipe]) -> None:
        """Create environments, two at a time, which is safe because conda only reads its cache."""
        with ThreadPoolExecutor(_AT_A_TIME) as pool:
            for _ in pool.map(self._make, recipes):
                pass  # raises the first error

    def _make(self, recipe: EnvironmentRecipe) -> None:
        self._report(f"Making {recipe.name}")
        prefix = _prefix(recipe, self._layout)
        source = ("--clone", recipe.clone_of) if recipe.clone_of else recipe.specs
        place = ("-p", str(prefix)) if recipe.location else ("-n", recipe.name)
        run_conda(self._layout, "create", "--quiet", "--yes", *place, *source)
        if recipe.added:
            run_conda(self._layout, "install", "--quiet", "--yes", *place, *recipe.added)
        if recipe.pip:
            install_mixture(prefix, self._layout, self._interpreter)
        if recipe.replaced_numpy:
            replace_numpy(prefix, self._layout)
        _decorate(prefix, recipe)


def _prefix(recipe: EnvironmentRecipe, layout: Layout) -> Path:
    return layout.home / recipe.location if recipe.location else layout.environments / recipe.name


def _decorate(prefix: Path, recipe: EnvironmentRecipe) -> None:
    """Write the files that `conda config`, `conda env config vars` and a text editor leave in conda-meta."""
    meta = prefix / "conda-meta"
    if recipe.pinned:
        (meta / "pinned").write_text("".join(f"{spec}\n" for spec in recipe.pinned), encoding="utf-8")
    if recipe.variables:
        state = {"version": 1, "env_vars": dict(recipe.variables)}
        (meta / "state").write_text(json.dumps(state), encoding="utf-8")
    if recipe.frozen:
        (meta / "frozen").write_text(json.dumps({"message": recipe.frozen}), encoding="utf-8")


def _leave_torso(layout: Layout, interpreter: Interpreter) -> None:
    """Create the remains of a failed clone: copies of files without records, and no conda-meta."""
    source = layout.environments / "nlp-base"
    torso = layout.environments / TORSO
    for part in (f"{interpreter.site_packages}/transformers", f"{interpreter.site_packages}/sklearn", "share"):
        shutil.copytree(source / part, torso / part)


def _leave_traces(layout: Layout) -> None:
    link, target = SYMLINK
    (layout.environments / link).symlink_to(target)
    (layout.home / GONE).parent.mkdir(parents=True)
    relist_gone(layout)


def relist_gone(layout: Layout) -> None:
    """Add the deleted environment to conda's list again, from which every `conda env list` drops it."""
    register(layout.home, str(layout.home / GONE))
