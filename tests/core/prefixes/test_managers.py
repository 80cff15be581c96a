"""Environments of pixi, conda-workspaces and others are recognised, and not changed behind their tool."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from condatui_core.analyses.cleanup.candidates import candidates
from condatui_core.analyses.health import PrefixObservations, findings_of, state_of
from condatui_core.inventory import Machine
from condatui_core.prefixes.managers import managed_by
from condatui_core.prefixes.prefix import read_prefix
from condatui_core.prefixes.probe import probe_prefix
from condatui_core.records.environment import Inventory
from condatui_core.records.prefix import Manager, PrefixPointer
from condatui_core.settings import Locations, Settings
from support.inventories import NOW, days_ago, environment, finding
from support.prefixes import make_prefix

PIXI_MARK = {"manifest_path": "/work/lab/pixi.toml", "environment_name": "cuda", "pixi_version": "0.72.0"}


def made(home: Path, *files: str) -> Path:
    """A directory with empty files in it."""
    for each in files:
        (home / each).parent.mkdir(parents=True, exist_ok=True)
        (home / each).touch()
    return home


@pytest.mark.parametrize(
    ("path", "tool", "project"),
    [
        ("work/.pixi/envs/default", "pixi", "work"),
        ("work/.snakemake/conda/0a1b2c_", "snakemake", "work"),
        (".conda/global/envs/ruff", "conda-global", ""),
        (".cg/envs/ruff", "conda-global", ""),
        (".conda/exec/envs/0a1b", "conda-exec", ""),
        (".conda/express", "conda-express", ""),
        (".conda/express/envs/x", "conda-express", ""),
        (".cache/rattler/cache/cached-envs-v0/0a1b", "pixi", ""),
    ],
)
def test_a_tool_is_known_by_where_its_environments_lie(tmp_path: Path, path: str, tool: str, project: str) -> None:
    found = managed_by(str(tmp_path / path))
    assert found
    assert (found.tool, found.project) == (tool, str(tmp_path / project) if project else "")


@pytest.mark.parametrize(
    "path",
    ["envs/x", ".conda/envs/x", "pixi/envs/x", ".pixi/envs/x/lib", ".conda/pkgs", "work/.conda", "conda/0a1b2c_"],
)
def test_environments_of_conda_have_no_other_manager(tmp_path: Path, path: str) -> None:
    assert managed_by(str(tmp_path / path)) is None


@pytest.mark.parametrize(
    ("files", "path", "command", "removes"),
    [
        (
            ("my lab/pixi.toml",),
            "my lab/.pixi/envs/test",
            "pixi clean --environment test --manifest-path '{}/my lab/pixi.toml'",
            "it",
        ),
        ((), "lab/.pixi/envs/test", "pixi clean --environment test --manifest-path {}/lab", "it"),
        ((".pixi/manifests/pixi-global.toml",), ".pixi/envs/ruff", "pixi global uninstall ruff", "it"),
        ((".pixi/bin/pixi",), ".pixi/envs/ruff", "pixi global uninstall ruff", "it"),
        (
            ("opt/manifests/pixi-global.toml",),
            "opt/envs/ruff",
            "PIXI_HOME={}/opt pixi global uninstall ruff",
            "it",
        ),
        ((), "cached-envs-v0/0a1b", "pixi clean cache --exec", "all that `pixi exec` keeps"),
        (
            ("lab/conda.toml",),
            "lab/.conda/envs/dev",
            "conda workspace --file {}/lab/conda.toml clean --environment dev",
            "it",
        ),
        (
            ("lab/conda-project.yml",),
            "lab/envs/default",
            "conda project clean --directory {}/lab default",
            "it",
        ),
        ((".cg/global.toml",), ".cg/envs/gh", "conda global uninstall --environment gh", "it"),
        (
            ("opt/global.toml",),
            "opt/envs/gh",
            "CONDA_GLOBAL_HOME={}/opt conda global uninstall --environment gh",
            "it",
        ),
        (
            (),
            ".conda/exec/envs/ruff--0123456789abcdef",
            "conda exec --clean --all ruff",
            "all that was made to run ruff",
        ),
        (
            ("opt/run-count",),
            "opt/envs/ruff--0123456789abcdef",
            "CONDA_EXEC_HOME={}/opt conda exec --clean --all ruff",
            "all that was made to run ruff",
        ),
        ((), ".conda/express/envs/x", "cx remove --name x --all", "it"),
        ((), ".conda/express", "", "it"),
        (
            (),
            "my flow/.snakemake/conda/0a1b2c3d_",
            "cd '{}/my flow' && snakemake --conda-cleanup-envs",
            "those that its workflow does not use",
        ),
    ],
)
def test_each_tool_has_its_own_command_ready_to_run(
    tmp_path: Path, files: tuple[str, ...], path: str, command: str, removes: str
) -> None:
    found = managed_by(str(made(tmp_path, *files) / path))
    assert found
    assert (found.command, found.removes) == (command.format(tmp_path), removes)


@pytest.mark.parametrize(
    ("manifest", "text"),
    [
        ("conda.toml", ""),
        ("pixi.toml", ""),
        ("pyproject.toml", "[tool.conda.workspace]"),
        ("pyproject.toml", "[tool.pixi.workspace]"),
    ],
)
def test_beside_a_manifest_it_is_a_workspace_and_not_a_home(tmp_path: Path, manifest: str, text: str) -> None:
    (tmp_path / manifest).write_text(text)
    found = managed_by(str(tmp_path / ".conda/envs/x"))
    assert found
    assert (found.tool, found.project, found.manifest) == ("conda-workspaces", str(tmp_path), str(tmp_path / manifest))


def test_a_pyproject_of_something_else_makes_no_workspace(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text("[tool.ruff]\n")
    assert managed_by(str(tmp_path / ".conda/envs/x")) is None


def test_the_envs_of_a_conda_are_not_those_of_a_project(tmp_path: Path) -> None:
    made(tmp_path, "conda-project.yml", "conda-meta/history")
    assert managed_by(str(tmp_path / "envs/x")) is None


def test_pixi_says_which_workspace_an_environment_is_of_that_it_keeps_elsewhere(tmp_path: Path) -> None:
    prefix = make_prefix(tmp_path / "detached/lab-123/envs/cuda")
    prefix.write("conda-meta/pixi", json.dumps(PIXI_MARK))
    assert managed_by(str(prefix)) == Manager(
        tool="pixi",
        project="/work/lab",
        environment="cuda",
        command="pixi clean --environment cuda --manifest-path /work/lab",
    )


def test_where_an_environment_lies_says_more_than_a_mark_of_before_its_project_was_moved(tmp_path: Path) -> None:
    prefix = make_prefix(tmp_path / "moved/.pixi/envs/test")
    prefix.write("conda-meta/pixi", json.dumps(PIXI_MARK))
    found = managed_by(str(prefix))
    assert found
    assert (found.project, found.environment) == (str(tmp_path / "moved"), "test")


def test_what_was_unpacked_from_an_archive_with_marks_of_pixi_is_not_pixi_s(tmp_path: Path) -> None:
    prefix = make_prefix(tmp_path / "unpacked")
    prefix.write("conda-meta/pixi", json.dumps(PIXI_MARK))
    prefix.write("conda-meta/pixi_env_prefix", "/work/lab/.pixi/envs/cuda/conda-meta")
    assert managed_by(str(prefix)) is None
    prefix.write("conda-meta/pixi_env_prefix", f"{prefix}/conda-meta")  # as pixi writes it
    found = managed_by(str(prefix))
    assert found
    assert found.project == "/work/lab"


def test_a_workspace_in_a_home_is_not_taken_for_what_pixi_has_installed_there(tmp_path: Path) -> None:
    made(tmp_path, "pixi.toml", ".pixi/bin/pixi", ".pixi/manifests/pixi-global.toml")
    prefix = make_prefix(tmp_path / ".pixi/envs/default")
    prefix.write("conda-meta/pixi", json.dumps({**PIXI_MARK, "manifest_path": f"{tmp_path}/pixi.toml"}))
    found = managed_by(str(prefix))
    assert found
    assert (found.project, found.manifest) == (str(tmp_path), str(tmp_path / "pixi.toml"))


@pytest.mark.parametrize("mark", ["conda-meta/pixi", "conda-meta/pixi_env_prefix"])
@pytest.mark.parametrize(
    "text",
    [
        "{}",
        "",
        "[1, 2]",
        '{"manifest_path": 3}',
        '{"manifest_path": "relative/pixi.toml"}',
        '{"manifest_path": "/a\\u0000b"}',
        json.dumps({"manifest_path": "/" + 5000 * "x"}),
    ],
)
def test_of_a_mark_that_cannot_be_read_it_is_known_that_pixi_has_left_it(tmp_path: Path, mark: str, text: str) -> None:
    prefix = make_prefix(tmp_path / "detached" / "default")
    prefix.write(mark, text)
    assert managed_by(str(prefix)) == Manager(tool="pixi")


def test_a_pipe_in_the_place_of_a_mark_is_not_waited_for(tmp_path: Path) -> None:
    prefix = make_prefix(tmp_path / "detached" / "default")
    os.mkfifo(prefix.path / "conda-meta/pixi")
    assert managed_by(str(prefix)) == Manager(tool="pixi")


@pytest.mark.parametrize("mark", [".env_setup_done", "/env_setup_done"])
def test_of_workflows_that_share_a_directory_no_command_removes_what_others_use(tmp_path: Path, mark: str) -> None:
    prefix = make_prefix(tmp_path / f"shared/{32 * 'a'}_").path
    made(tmp_path, "shared/mine_.env_setup_done", "shared/mine_/env_setup_done")
    Path(f"{prefix}.yaml").touch()
    Path(f"{prefix}{mark}").touch()
    assert managed_by(str(prefix)) == Manager(tool="snakemake", manifest=f"{prefix}.yaml")
    assert managed_by(str(tmp_path / "shared/mine_")) is None  # that name is none that snakemake gives


def test_what_an_editor_has_made_in_a_project_is_the_project_s_and_no_tool_s(tmp_path: Path) -> None:
    prefix = make_prefix(tmp_path / "work/lab/.conda")
    probe = probe_prefix(str(prefix))
    assert (probe.manager, probe.project) == (None, str(tmp_path / "work/lab"))


def test_the_directory_of_conda_in_a_home_is_no_project_s(tmp_path: Path) -> None:
    prefix = make_prefix(made(tmp_path, ".conda/environments.txt") / ".conda")
    assert probe_prefix(str(prefix)).project == ""


def test_it_is_in_order_without_a_history_and_says_who_manages_it(tmp_path: Path) -> None:
    prefix = make_prefix(tmp_path / ".pixi/envs/default")
    (prefix.meta / "history").unlink()
    observed = PrefixObservations(
        pointer=PrefixPointer(prefix=str(prefix)),
        probe=probe_prefix(str(prefix)),
        name="default",
        contents=read_prefix(str(prefix)),
    )
    (found,) = findings_of(observed, now=NOW, stale_days=180)
    assert state_of(observed) == "ok"
    assert (found.id, found.message, found.evidence) == ("managed-by", "pixi manages it", (str(tmp_path),))
    command = f"pixi clean --environment default --manifest-path {tmp_path}"
    assert found.remedy == f"change it with pixi; `{command}` removes it"


def test_it_is_not_proposed_for_removal() -> None:
    stale = environment(
        "default",
        last_used=days_ago(400),
        findings=(finding("stale", "note", cleanup="unused"), finding("managed-by", "note", cleanup="managed")),
    )
    (candidate,) = candidates(Inventory(environments=(stale,)), costs={})
    assert candidate.blocked == "another tool manages it"


@pytest.mark.parametrize("directory", [".pixi/envs", ".conda/global/envs", ".conda/exec/envs", ".cg/envs"])
def test_those_in_a_home_are_found_and_named_by_their_prefix(tmp_path: Path, directory: str) -> None:
    prefix = make_prefix(tmp_path / directory / "tool")
    locations = Locations.of_user({"CONDATUI_HOME": str(tmp_path / "own")}, tmp_path)
    machine = Machine(Settings(), locations, {}, lambda: NOW)
    machine.survey()
    assert [each.name for each in machine.inventory().environments] == [str(prefix)]
