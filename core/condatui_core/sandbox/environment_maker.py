"""Carry out the recipes: environments made by the sandbox's own conda and pip."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from condatui_core.sandbox.aging import age
from condatui_core.sandbox.conda_runner import run_conda
from condatui_core.sandbox.environments import GONE, RECIPES, SYMLINK, TORSO, EnvironmentRecipe, clones, creations
from condatui_core.sandbox.interpreter import Interpreter
from condatui_core.sandbox.layout import Layout
from condatui_core.sandbox.pip_packages import install_mixture, replace_numpy, write_pip_sources

_AT_A_TIME = 2
_TORSO_DAYS = 61


def prefixes(layout: Layout) -> dict[str, Path]:
    """Name → prefix of everything in a sandbox that is, was or looks like an environment."""
    found = {"base": layout.root_prefix}
    found |= {recipe.name: _prefix(recipe, layout) for recipe in RECIPES}
    found |= {name: layout.environments / name for name in (SYMLINK[0], TORSO)}
    return {**found, "deleted-project": layout.home / GONE}


def make_environments(layout: Layout, interpreter: Interpreter, now: float, report: Callable[[str], None]) -> None:
    """Make all environments of the sandbox; raises CondaError if conda or pip fails."""
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
        """Make several, two at a time: with every package extracted before, conda only reads its cache."""
        with ThreadPoolExecutor(_AT_A_TIME) as pool:
            for _ in pool.map(self._make, recipes):
                pass  # raises what one of them raised

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
    """Write what `conda config`, `conda env config vars` and a text editor leave in conda-meta."""
    meta = prefix / "conda-meta"
    if recipe.pinned:
        (meta / "pinned").write_text("".join(f"{spec}\n" for spec in recipe.pinned), encoding="utf-8")
    if recipe.variables:
        state = {"version": 1, "env_vars": dict(recipe.variables)}
        (meta / "state").write_text(json.dumps(state), encoding="utf-8")
    if recipe.frozen:
        (meta / "frozen").write_text(json.dumps({"message": recipe.frozen}), encoding="utf-8")


def _leave_torso(layout: Layout, interpreter: Interpreter) -> None:
    """Leave what a failed clone leaves: copies of files that no record claims, and no conda-meta."""
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
    """Put the environment that is gone back into conda's list, from which conda drops it whenever it is asked."""
    line = f"{layout.home / GONE}\n"
    known = layout.known_environments
    if line not in known.read_text(encoding="utf-8"):
        with known.open("a", encoding="utf-8") as file:
            file.write(line)
