"""Environments at scale from explicit specs: the packages of real projects, and files as many as real ones have."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from condatui_core.errors import RefusedError, UsageError
from condatui_sandbox import Sandbox, ScaleTree, build_specs, parse_specs
from condatui_sandbox.scale_specs import file_count
from support.sandboxes import conda

_VISION = parse_specs(
    "conda-forge/linux-64::python-3.11.9-hb806964_0_cpython conda-forge/linux-64::scipy-1.14.0-py311h517d4fb_1 "
    "conda-forge/noarch::tqdm-4.66.4-pyhd8ed1ab_0 pkgs/main/linux-64::zlib-1.2.13-h5eee18b_1"
)
_OLD = parse_specs(
    "pkgs/main/linux-64::python-3.6.5-hc3d631a_2 conda-forge/noarch::tqdm-4.66.4-pyhd8ed1ab_0 "
    "pkgs/free/linux-64::cudatoolkit-8.0-3"
)
_PROJECTS = {"vision": _VISION, "old": _OLD}


@pytest.fixture(scope="module")
def projects(tmp_path_factory: pytest.TempPathFactory) -> ScaleTree:
    """Six small environments of two projects; tests only read them."""
    return build_specs(tmp_path_factory.mktemp("projects"), _PROJECTS, environments=6, most_files=30)


def test_a_spec_names_a_package_of_a_channel() -> None:
    (package,) = parse_specs("pkgs/main/linux-64::intel-openmp-2018.0.0-8\n")
    assert (package.name, package.version, package.build) == ("intel-openmp", "2018.0.0", "8")
    assert package.url == "https://repo.anaconda.com/pkgs/main/linux-64/intel-openmp-2018.0.0-8.conda"
    assert [each.distribution for each in _VISION] == ["", "scipy", "tqdm", ""]


@pytest.mark.parametrize("text", ["numpy", "conda-forge::numpy-1.0-0", "conda-forge/linux-64::numpy-1.0"])
def test_what_is_no_package_is_told(text: str) -> None:
    with pytest.raises(UsageError, match="is no package"):
        parse_specs(text)


def test_most_packages_are_small_and_a_few_are_huge() -> None:
    counts = sorted(file_count(f"package-{number}") for number in range(1000))
    assert 15 < counts[500] < 40  # exp(3.2) is 25
    assert counts[-1] > 500
    assert (file_count("python"), file_count("pytorch"), file_count("pandas")) == (1800, 2500, 1400)


def test_conda_reads_back_the_packages_of_the_specs(sandbox: Sandbox, projects: ScaleTree) -> None:
    prefix = projects.environments / "vision-001"
    records = sorted(file.name for file in (prefix / "conda-meta").iterdir())
    rows = json.loads(conda(sandbox, "list", "-p", str(prefix), "--json"))
    assert sorted((row["name"], row["version"], row["build_string"], row["channel"]) for row in rows) == sorted(
        (each.name, each.version, each.build, each.channel) for each in _VISION
    )
    # conda takes records for stale whose Python files it does not find, and deletes them.
    assert sorted(file.name for file in (prefix / "conda-meta").iterdir()) == records


def test_each_project_has_three_variants(projects: ScaleTree) -> None:
    packages = {prefix.name: set(found) for prefix, found in projects.contents.items()}
    assert packages["old-000"] == set(_OLD)
    variants = [packages[name] for name in ("vision-001", "vision-003", "vision-005")]
    assert len(set(map(frozenset, variants))) == 3
    assert {frozenset(each.name for each in variant) for variant in variants} == {frozenset(p.name for p in _VISION)}


def test_a_package_for_any_python_is_shared_by_environments_with_several(projects: ScaleTree) -> None:
    cached = projects.packages / "tqdm-4.66.4-pyhd8ed1ab_0/site-packages/tqdm/__init__.py"
    new = projects.environments / "vision-001/lib/python3.11/site-packages/tqdm/__init__.py"
    old = projects.environments / "old-000/lib/python3.6/site-packages/tqdm/__init__.py"
    assert cached.stat().st_ino == new.stat().st_ino == old.stat().st_ino


def test_every_file_is_linked_from_the_cache_and_is_what_its_record_says(projects: ScaleTree) -> None:
    for prefix in projects.contents:
        for file in (prefix / "conda-meta").glob("*.json"):
            for path in json.loads(file.read_text())["paths_data"]["paths"]:
                installed = (prefix / path["_path"]).stat()
                assert installed.st_nlink > 1
                assert installed.st_size == path["size_in_bytes"]


def test_environments_that_exist_are_refused(tmp_path: Path) -> None:
    build_specs(tmp_path, {"old": _OLD}, environments=1, most_files=2)
    with pytest.raises(RefusedError):
        build_specs(tmp_path, {"old": _OLD}, environments=2, most_files=2)
    assert not (tmp_path / "envs" / "old-001").exists()
