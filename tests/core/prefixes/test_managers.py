"""Environments of pixi, conda-workspaces and others are recognised, and not changed behind their tool."""

from __future__ import annotations

from pathlib import Path

import pytest

from condatui_core.actions.guards import blockers_to_change, observe_prefix
from condatui_core.analyses.cleanup.candidates import candidates
from condatui_core.analyses.health import PrefixObservations, findings_of, state_of
from condatui_core.inventory import Machine
from condatui_core.prefixes.managers import managed_by
from condatui_core.prefixes.prefix import read_prefix
from condatui_core.prefixes.probe import probe_prefix
from condatui_core.records.environment import Inventory
from condatui_core.records.prefix import Manager, PrefixPointer
from condatui_core.settings import Locations, Settings
from support.contexts import made_context
from support.inventories import NOW, days_ago, environment, finding
from support.prefixes import make_prefix


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
    ],
)
def test_a_tool_is_known_by_where_its_environments_lie(tmp_path: Path, path: str, tool: str, project: str) -> None:
    found = managed_by(str(tmp_path / path))
    assert found == Manager(tool=tool, project=str(tmp_path / project) if project else "")  # type: ignore[arg-type]


@pytest.mark.parametrize("path", ["envs/x", ".conda/envs/x", "pixi/envs/x", ".pixi/envs/x/lib", ".conda/pkgs"])
def test_environments_of_conda_have_no_other_manager(tmp_path: Path, path: str) -> None:
    assert managed_by(str(tmp_path / path)) is None


@pytest.mark.parametrize("manifest", ["conda.toml", "pixi.toml", "pyproject.toml"])
def test_beside_a_manifest_it_is_a_workspace_and_not_a_home(tmp_path: Path, manifest: str) -> None:
    (tmp_path / manifest).touch()
    found = managed_by(str(tmp_path / ".conda/envs/x"))
    assert found == Manager(tool="conda-workspaces", project=str(tmp_path))


@pytest.mark.parametrize("mark", ["conda-meta/pixi", "conda-meta/pixi_env_prefix"])
def test_pixi_leaves_a_mark_in_environments_that_it_keeps_elsewhere(tmp_path: Path, mark: str) -> None:
    prefix = make_prefix(tmp_path / "detached" / "default")
    prefix.write(mark, "{}")
    assert managed_by(str(prefix)) == Manager(tool="pixi")


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


async def test_it_is_neither_changed_nor_proposed_for_removal(tmp_path: Path) -> None:
    prefix = make_prefix(tmp_path / ".pixi/envs/default")
    context = made_context(Inventory(), tmp_path)
    observed = await observe_prefix(str(prefix), context)
    (found,) = [each for each in blockers_to_change(observed, None, context) if each.id == "managed-by"]
    assert "pixi manages" in found.message
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
