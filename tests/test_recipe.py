"""The conda recipe says what pyproject.toml says: nobody reads both at a release."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import tomli
import yaml

from condatui_core import __version__

ROOT = Path(__file__).parents[1]


def project() -> dict[str, Any]:
    loaded: dict[str, Any] = tomli.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    return loaded


def recipe() -> dict[str, Any]:
    """The recipe with the values of its context in place of their names."""
    text = (ROOT / "recipe" / "recipe.yaml").read_text(encoding="utf-8")
    context: dict[str, str] = yaml.safe_load(text)["context"]
    filled = re.sub(r"\$\{\{ (\w+) \}\}", lambda match: context.get(match[1], match[0]), text)
    loaded: dict[str, Any] = yaml.safe_load(filled)
    return loaded


def as_conda_spells(requirement: str) -> str:
    """`click>=8.2` as a spec of conda; the packages that condatui needs have the same names there."""
    found = re.fullmatch(r"([\w-]+)(.*)", requirement)
    assert found
    return f"{found[1]} {found[2]}"


def test_version_license_and_words_are_those_of_the_project() -> None:
    built, stated = recipe(), project()
    assert built["package"] == {"name": stated["name"], "version": stated["version"]}
    assert built["package"]["version"] == __version__
    about = built["about"]
    assert (about["summary"], about["license"], about["homepage"]) == (
        stated["description"],
        stated["license"],
        stated["urls"]["Homepage"],
    )
    assert [about["license_file"]] == stated["license-files"]


def test_it_needs_what_the_project_needs_and_no_windows() -> None:
    built, stated = recipe(), project()
    python = stated["requires-python"]
    wanted = ["__unix", f"python {python}", *map(as_conda_spells, stated["dependencies"])]
    assert built["requirements"]["run"] == wanted
    assert f"python {python.removeprefix('>=')}.*" in built["requirements"]["host"]
    (backend,) = tomli.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["build-system"]["requires"]
    assert as_conda_spells(backend) in built["requirements"]["host"]


def test_it_makes_the_same_commands() -> None:
    scripts = [f"{name} = {where}" for name, where in project()["scripts"].items()]
    assert recipe()["build"]["python"]["entry_points"] == scripts
