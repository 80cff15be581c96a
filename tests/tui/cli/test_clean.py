"""`condatui clean` on a real sandbox."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from condatui_core.actions.clean import installers
from condatui_sandbox import Sandbox
from support.cli_runs import run_in
from support.disk_trees import du
from support.installer_caches import WHAT_UV_KEEPS, pip_cache, uv_cache
from support.sandboxes import conda, manifest


@pytest.fixture(autouse=True)
def no_other_installer(monkeypatch: pytest.MonkeyPatch) -> None:
    """A pip of the tester may run at the same time."""
    monkeypatch.setattr(installers, "running_processes", lambda *, closely: ())


def archives(sandbox: Sandbox) -> list[str]:
    return [name for name in os.listdir(sandbox.root_prefix / "pkgs") if name.endswith((".conda", ".tar.bz2"))]


def with_installer_caches(sandbox: Sandbox) -> tuple[Path, Path]:
    return pip_cache(sandbox.home / ".cache/pip"), uv_cache(sandbox.home / ".cache/uv")


def test_archives_and_unneeded_packages_go_and_nothing_else(sandbox_copy: Callable[..., Sandbox]) -> None:
    sandbox = sandbox_copy("notebooks")
    pip, _ = with_installer_caches(sandbox)
    source, kept = sandbox.prefixes["notebooks"], du(pip)
    before, environment = du(sandbox.root_prefix), manifest(source)
    result = run_in(sandbox, "clean", "--yes", "--json")
    assert result.exit_code == 0, result.output
    lines = [json.loads(line) for line in result.stdout.splitlines()]
    plan, outcome = lines[0]["plan"], lines[-1]["result"]["outcome"]
    assert plan["request"] == {
        "type": "clean",
        "pkgs_dirs": [str(sandbox.root_prefix / "pkgs")],
        "what": ["tarballs", "packages"],
        "removed_before": [],
    }
    assert plan["bytes_freed"] == outcome["bytes_freed"] == before - du(sandbox.root_prefix) > 1_000_000
    assert (archives(sandbox), manifest(source), du(pip)) == ([], environment, kept)
    conda(sandbox, "create", "-p", str(sandbox.home / "again"), "--clone", str(source), "--offline")


def test_the_caches_of_pip_and_uv_alone(sandbox_copy: Callable[..., Sandbox]) -> None:
    sandbox = sandbox_copy("notebooks")
    pip, uv = with_installer_caches(sandbox)
    there = archives(sandbox)
    result = run_in(sandbox, "clean", "--what", "pip,uv", "--yes")
    assert result.exit_code == 0, result.output
    assert f"pip cache purge --cache-dir {pip}" in result.stdout
    assert f"uv cache clean --cache-dir {uv}" in result.stdout
    assert (os.listdir(pip), sorted(os.listdir(uv)), archives(sandbox)) == ([], WHAT_UV_KEEPS, there)


def test_one_cache_is_named_and_its_parts_follow(sandbox_copy: Callable[..., Sandbox]) -> None:
    sandbox = sandbox_copy("notebooks")
    pip, uv = with_installer_caches(sandbox)
    result = run_in(sandbox, "clean", "--cache", "~/.cache/uv", "--yes", "--json")
    assert result.exit_code == 0, result.output
    request = json.loads(result.stdout.splitlines()[0])["plan"]["request"]
    assert (request["pkgs_dirs"], request["what"]) == ([str(uv)], ["uv"])
    assert (sorted(os.listdir(uv)), len(os.listdir(pip))) == (WHAT_UV_KEEPS, 3)


def test_a_dry_run_changes_nothing(sandbox_copy: Callable[..., Sandbox]) -> None:
    sandbox = sandbox_copy("notebooks")
    with_installer_caches(sandbox)
    before = manifest(sandbox.root_prefix / "pkgs"), manifest(sandbox.home / ".cache")
    result = run_in(sandbox, "clean", "--what", "tarballs,packages,index,logs,pip,uv", "--dry-run")
    assert result.exit_code == 0, result.output
    assert (manifest(sandbox.root_prefix / "pkgs"), manifest(sandbox.home / ".cache")) == before


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("--what", "everything", "--yes"), 2, "`everything` is none of tarballs, packages, index, logs, pip, uv."),
        (("--what", "uv", "--yes"), 2, "There is no cache to clean."),
        (("--cache", "~", "--yes"), 3, "is no package cache of a conda, of pip or of uv."),
        (("--cache", "", "--yes"), 2, "A path is empty."),
        ((), 3, "no terminal to ask"),
    ],
)
def test_what_is_surely_a_mistake_is_refused(
    sandbox: Sandbox, arguments: tuple[str, ...], code: int, said: str
) -> None:
    before = archives(sandbox)
    result = run_in(sandbox, "clean", *arguments)
    assert (result.exit_code, said in result.stderr) == (code, True), result.output
    assert archives(sandbox) == before
