"""Two real installations: whose an environment is that lies in neither of them."""

from __future__ import annotations

import asyncio
import dataclasses
import os
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from condatui_core.actions.remove import plan as remove_plan
from condatui_core.conda.discovery import find_installations
from condatui_core.records.environment import Environment, Inventory
from condatui_core.records.request import RemoveRequest
from condatui_core.settings import Locations, Settings
from condatui_core.workbench import Workbench
from condatui_sandbox import Sandbox
from support.contexts import context_of
from support.fake_conda import FakeRunner, conda_client, installed
from support.inventories import NOW
from support.prefixes import make_prefix
from support.sandboxes import conda


@pytest.fixture
def second(sandbox_copy: Callable[..., Sandbox]) -> Sandbox:
    """An installation beside that of `sandbox`, with a cache of its own."""
    return sandbox_copy()


def load(sandbox: Sandbox, *condas: Path, roots: tuple[Path, ...] = (), named: tuple[Path, ...] = ()) -> Inventory:
    settings = Settings(conda=tuple(map(str, condas)), roots=tuple(map(str, roots)), usual_places=False)
    environ = {"HOME": str(sandbox.home), "PATH": "/usr/bin:/bin"}
    locations = Locations.of_user({"CONDATUI_HOME": str(sandbox.home / "state")}, sandbox.home)
    workbench = Workbench(settings, locations, environ=environ, clock=lambda: NOW)
    workbench.point_to(map(str, named))

    async def last() -> Inventory:
        return [each async for each in workbench.load()][-1]

    return asyncio.run(last())


def at(inventory: Inventory, prefix: Path) -> Environment:
    return next(each for each in inventory.environments if each.prefix == os.path.realpath(prefix))


@pytest.mark.parametrize("evidence", ["history", "records"])
def test_an_environment_elsewhere_belongs_to_the_installation_that_made_it(
    sandbox: Sandbox, second: Sandbox, tmp_path: Path, evidence: str
) -> None:
    prefix = tmp_path / "elsewhere" / "made"
    conda(second, "create", "-q", "-y", "--offline", "-p", str(prefix), "python")
    history = prefix / "conda-meta" / "history"
    if evidence == "records":
        history.write_text(re.sub(r"# cmd: \S+/conda ", "# cmd: conda ", history.read_text()))
    inventory = load(second, sandbox.conda, second.conda, roots=(prefix.parent,))
    assert {each.root_prefix for each in inventory.installations} == {
        str(sandbox.root_prefix),
        str(second.root_prefix),
    }
    assert at(inventory, prefix).installation == str(second.root_prefix)


@pytest.mark.parametrize("pointer", ["environments.txt", "an environment in it", "--root", "history", "its path"])
def test_a_root_prefix_in_no_usual_place_is_an_installation_whatever_points_to_it(
    sandbox_copy: Callable[..., Sandbox], tmp_path: Path, pointer: str
) -> None:
    second = sandbox_copy("vision-cpu")
    home = tmp_path / "home"
    first = dataclasses.replace(second, home=home)
    (home / ".conda").mkdir(parents=True)
    root = second.root_prefix
    listed = {"environments.txt": root, "an environment in it": root / "envs" / "vision-cpu"}.get(pointer)
    (home / ".conda" / "environments.txt").write_text(f"{listed}\n" if listed else "")
    made = make_prefix(tmp_path / "data" / "made")
    made.revision(command=f"{root}/bin/conda create -p {made}")
    roots = {"--root": (root.parent,), "history": (made.path.parent,)}.get(pointer, ())
    inventory = load(first, roots=roots, named=(root,) if pointer == "its path" else ())
    (installation,) = inventory.installations
    assert (installation.root_prefix, installation.version, installation.error) == (str(root), "24.7.1", "")
    by_name = {each.name: each for each in inventory.environments}
    assert by_name["base"].prefix == str(root) and by_name["base"].base
    assert by_name["vision-cpu"].installation == str(root)


async def test_its_base_is_never_removed(sandbox_copy: Callable[..., Sandbox], tmp_path: Path) -> None:
    second = sandbox_copy()
    (tmp_path / "home" / ".conda").mkdir(parents=True)
    (tmp_path / "home" / ".conda" / "environments.txt").write_text(f"{second.root_prefix}\n")
    context = await context_of(dataclasses.replace(second, home=tmp_path / "home"))
    plan = await remove_plan.plan(RemoveRequest(prefixes=(str(second.root_prefix),)), context)
    assert any("base" in each.message for each in plan.blockers)


async def test_the_conda_of_another_user_that_only_environments_name_is_not_run(tmp_path: Path) -> None:
    root = installed(tmp_path / "theirs", version="")
    os.chmod(root / "bin" / "conda", 0o757)
    runner = FakeRunner({})
    (found,) = await find_installations((), (), conda_client(tmp_path, runner, euid=os.geteuid()), pointed=(str(root),))
    assert (found.root_prefix, runner.asked) == (str(root), [])
    assert found.error == "Other users may change it, and only environments name it."
