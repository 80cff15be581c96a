"""Two real installations: whose an environment is that lies in neither of them."""

from __future__ import annotations

import asyncio
import os
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from condatui_core.records.environment import Environment, Inventory
from condatui_core.settings import Locations, Settings
from condatui_core.workbench import Workbench
from condatui_sandbox import Sandbox
from support.inventories import NOW
from support.sandboxes import conda


@pytest.fixture
def second(sandbox_copy: Callable[..., Sandbox]) -> Sandbox:
    """An installation beside that of `sandbox`, with a cache of its own."""
    return sandbox_copy()


def load(sandbox: Sandbox, *condas: Path, roots: tuple[Path, ...] = ()) -> Inventory:
    settings = Settings(conda=tuple(map(str, condas)), roots=tuple(map(str, roots)), usual_places=False)
    environ = {"HOME": str(sandbox.home), "PATH": "/usr/bin:/bin"}
    locations = Locations.of_user({"CONDATUI_HOME": str(sandbox.home / "state")}, sandbox.home)
    workbench = Workbench(settings, locations, environ=environ, clock=lambda: NOW)

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
