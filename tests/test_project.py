"""The locks hold what pyproject.toml asks for, and the files about the project agree with each other."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name

from condatui_core import __version__
from locks import EXTRAS, Project, header, lock_file, lowest, pins

ROOT = Path(__file__).parents[1]
STALE = "stale: run `make lock`, or `make upgrade` for the newest versions of everything"


def _versions(text: str) -> dict[str, set[str]]:
    """The versions that a lock holds of each package; several where Pythons or platforms differ."""
    versions: dict[str, set[str]] = {}
    for pin in pins(text):
        versions.setdefault(canonicalize_name(pin.name), set()).add(pin.version)
    return versions


def _problems(project: Project, extra: str, text: str) -> list[str]:
    """What stands between a lock and the requirements that it is made from."""
    problems = [] if text.startswith(header(project, extra)) else ["it was made from other requirements"]
    versions = _versions(text)
    for line in (*project.required(extra), *(project.build if extra == "dev" else ())):
        requirement = Requirement(line)
        pinned = sorted(versions.get(canonicalize_name(requirement.name), ()))
        if not pinned or not all(requirement.specifier.contains(each, prereleases=True) for each in pinned):
            problems.append(f"{line} is not met by {pinned}")
    return problems


@pytest.mark.parametrize("extra", EXTRAS)
def test_the_lock_is_made_from_pyproject_as_it_is_now(extra: str) -> None:
    assert _problems(Project.read(), extra, lock_file(extra).read_text(encoding="utf-8")) == [], STALE


@pytest.mark.parametrize("extra", EXTRAS)
def test_a_changed_requirement_makes_the_lock_stale(extra: str) -> None:
    project, text = Project.read(), lock_file(extra).read_text(encoding="utf-8")
    bound = replace(project, runtime=tuple(line.replace("click>=", "click>=9") for line in project.runtime))
    added = replace(project, extras={**project.extras, "demo": (*project.extras["demo"], "not-there>=1")})
    dropped = replace(project, runtime=project.runtime[1:])
    python = replace(project, python=">=3.11")
    assert len(_problems(bound, extra, text)) == 2
    assert _problems(added, extra, text)[1:] == ["not-there>=1 is not met by []"]
    assert len(_problems(dropped, extra, text)) == 1
    assert len(_problems(python, extra, text)) == 1


@pytest.mark.parametrize("extra", EXTRAS)
def test_every_pin_has_hashes_and_no_line_names_a_place(extra: str) -> None:
    text = lock_file(extra).read_text(encoding="utf-8")
    assert all(
        pin.hashes and all(re.fullmatch(r"sha256:[0-9a-f]{64}", each) for each in pin.hashes) for pin in pins(text)
    )
    assert not any("+" in pin.version for pin in pins(text)), "a local version is on no index"
    assert not re.search(r"://|file:|@ |^\s*-[a-z-]", re.sub(r"--hash=", "", text), re.MULTILINE)


def test_the_locks_agree_with_each_other() -> None:
    first, *others = (_versions(lock_file(extra).read_text(encoding="utf-8")) for extra in EXTRAS)
    for versions in others:
        assert {name: found for name, found in versions.items() if name in first and not found <= first[name]} == {}


def test_every_runtime_dependency_has_a_lower_bound() -> None:
    project = Project.read()
    assert len(lowest(project)) == len(project.runtime)


def _help() -> str:
    environ = {name: value for name, value in os.environ.items() if not name.startswith("MAKE")}
    listed = subprocess.run(
        ["make", "--no-print-directory"], cwd=ROOT, env=environ, capture_output=True, text=True, check=True
    )
    return listed.stdout


_SWEEPS = "tests/core/analyses/slimming/test_leaves.py"
"""A file with points in both tiers."""


def _collected(*arguments: str) -> set[str]:
    """The tests that pytest would run."""
    argv = [sys.executable, "-m", "pytest", "-p", "no:xdist", "-p", "no:cacheprovider", "--collect-only", "-q"]
    done = subprocess.run([*argv, *arguments], cwd=ROOT, capture_output=True, text=True, check=True)
    return {line for line in done.stdout.splitlines() if "::" in line}


def test_the_thorough_tier_has_all_of_every_run_and_more_and_a_test_that_is_named_runs_anyway() -> None:
    every_run, thorough = _collected(_SWEEPS), _collected(_SWEEPS, "--thorough")
    assert every_run and every_run < thorough
    named = min(thorough - every_run)
    assert _collected(named) == {named}
    assert re.search(
        r"^test-thorough:.*\n.* --thorough$", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE
    )


def _workflows() -> list[Path]:
    return sorted((ROOT / ".github" / "workflows").glob("*.yml"))


def test_the_list_of_targets_for_contributors_is_that_of_make() -> None:
    assert f"```\n{_help()}```\n" in (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")


def test_every_target_that_a_workflow_or_a_hook_makes_is_there() -> None:
    targets = set(re.findall(r"^make (\S+)", _help(), re.MULTILINE))
    for file in (*_workflows(), ROOT / ".pre-commit-config.yaml", ROOT / ".ci" / "run"):
        assert set(re.findall(r"\bmake ([a-z-]+)", file.read_text(encoding="utf-8"))) <= targets, file


def test_workflows_may_read_and_nothing_else_unless_a_job_says_so() -> None:
    assert _workflows()
    for file in _workflows():
        assert yaml.safe_load(file.read_text(encoding="utf-8"))["permissions"] in ({}, {"contents": "read"}), file


def test_every_python_of_the_classifiers_is_tested() -> None:
    listed = re.findall(
        r'"Programming Language :: Python :: (3\.\d+)"', (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    )
    workflow = yaml.safe_load((ROOT / ".github" / "workflows" / "test.yml").read_text(encoding="utf-8"))
    assert workflow["jobs"]["linux"]["strategy"]["matrix"]["python"] == listed
    assert all(SpecifierSet(Project.read().python).contains(each) for each in listed)


def test_the_version_is_the_same_everywhere() -> None:
    assert f'\nversion = "{__version__}"\n' in (ROOT / "pyproject.toml").read_text(encoding="utf-8")
