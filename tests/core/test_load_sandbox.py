"""The whole core on a real conda with real environments: what is shown is what conda says, and what is so."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import datetime, timezone
from pathlib import Path

import msgspec
import pytest

from condatui_core.analyses.channels import channel_name
from condatui_core.records.environment import Environment, Inventory
from condatui_core.settings import Locations, Settings
from condatui_core.workbench import Workbench
from condatui_sandbox import Sandbox
from condatui_sandbox.environments import age
from support.conda_oracle import CondaOracle
from support.sandboxes import conda, lasting_state


def _load(sandbox: Sandbox, own: Path, **settings: object) -> Inventory:
    locations = Locations.of_user({"CONDATUI_HOME": str(own)}, sandbox.home)
    chosen = msgspec.convert({"usual_places": False, **settings}, Settings)
    workbench = Workbench(
        chosen, locations, environ=sandbox.environ, clock=lambda: datetime.now(timezone.utc).astimezone()
    )

    async def last() -> Inventory:
        return [inventory async for inventory in workbench.load()][-1]

    return asyncio.run(last())


@pytest.fixture(scope="module")
def inventory(sandbox: Sandbox, tmp_path_factory: pytest.TempPathFactory) -> Inventory:
    return _load(sandbox, tmp_path_factory.mktemp("own"))


@pytest.fixture(scope="module")
def environments(inventory: Inventory) -> dict[str, Environment]:
    return {os.path.basename(each.name): each for each in inventory.environments if each.state != "missing"}


def _ids(environment: Environment) -> set[str]:
    return {finding.id for finding in environment.findings}


def test_every_environment_is_there_once(sandbox: Sandbox, inventory: Inventory) -> None:
    real = {os.path.realpath(prefix) for prefix in sandbox.prefixes.values()}
    assert [each.prefix for each in inventory.environments if each.base] == [str(sandbox.root_prefix)]
    assert {each.prefix for each in inventory.environments} == real
    assert len(inventory.environments) == len(real)
    assert inventory.problems == ()


def test_the_installation_is_the_real_one(sandbox: Sandbox, inventory: Inventory) -> None:
    (installation,) = inventory.installations
    assert installation.root_prefix == str(sandbox.root_prefix)
    assert installation.version == "24.7.1"
    assert all(each.installation == installation.root_prefix for each in inventory.environments)


def test_states_and_marks(environments: dict[str, Environment], inventory: Inventory, sandbox: Sandbox) -> None:
    assert environments["half-cloned"].state == "orphan"
    assert environments["nlp-exp"].aliases == (str(sandbox.prefixes["current"]),)
    assert environments["prod-frozen"].frozen
    assert [each.name for each in inventory.environments if each.state == "missing"] == [
        str(sandbox.prefixes["deleted-project"])
    ]


def test_findings_of_each_kind_where_they_belong(environments: dict[str, Environment]) -> None:
    assert {"pip-over-conda", "mixed-channels", "scratch-name"} <= _ids(environments["try-again-final-v2"])
    assert {"editable", "local"} <= _ids(environments["pip-mix"])
    assert "frozen" in _ids(environments["prod-frozen"])
    assert _ids(environments["nlp-base"]) == set()


def test_one_that_nobody_has_touched_for_long_is_stale(sandbox_copy: Callable[..., Sandbox], tmp_path: Path) -> None:
    copy = sandbox_copy("vision-cpu")
    age(copy.prefixes["vision-cpu"], 400, time.time())
    (environment,) = [each for each in _load(copy, tmp_path / "own").environments if each.name == "vision-cpu"]
    assert next(each.message for each in environment.findings if each.id == "stale").endswith("400 days")
    assert environment.last_used is not None
    assert "bin/python" in environment.last_used.evidence


def test_the_replaced_package_is_named_with_both_versions(environments: dict[str, Environment]) -> None:
    contents = environments["try-again-final-v2"].contents
    assert contents is not None
    (replaced,) = contents.replaced
    assert (replaced.package, replaced.distribution) == ("numpy", "numpy")
    assert replaced.conda_version.startswith("1.")
    assert replaced.pip_version.startswith("2.")


@pytest.mark.parametrize("name", ["base", "nlp-base", "vision-cuda", "pip-mix", "segmentation"])
def test_packages_and_channels_are_those_that_conda_lists(
    sandbox_copy: Callable[..., Sandbox], tmp_path: Path, name: str
) -> None:
    """On a copy: `conda list` may delete records, condatui reads them first."""
    copy = sandbox_copy(*([] if name == "base" else [name]))
    prefix = str(copy.prefixes[name])
    inventory = _load(copy, tmp_path / "own")
    (environment,) = [each for each in inventory.environments if each.prefix == prefix]
    contents, config = environment.contents, dict(inventory.channel_configs)[str(copy.root_prefix)]
    assert contents is not None
    ours = {
        (each.name, each.version, each.build, channel_name(each.base_url, config), each.base_url)
        for each in contents.packages
    }
    listed = json.loads(conda(copy, "list", "-p", prefix, "--json"))
    theirs = {
        (each["name"], each["version"], each["build_string"], each["channel"], each["base_url"])
        for each in listed
        if each["channel"] != "pypi"
    }
    assert ours == theirs
    assert {each.version for each in contents.pip_distributions} == {
        each["version"] for each in listed if each["channel"] == "pypi"
    }


def test_requested_packages_are_those_of_condas_own_history(
    sandbox: Sandbox, environments: dict[str, Environment]
) -> None:
    with CondaOracle(sandbox.home) as oracle:
        for name in ("nlp-base", "bert-finetune", "try-again-final-v2"):
            contents = environments[name].contents
            assert contents is not None
            requested = [each for each, _ in contents.history.requested]
            assert requested == oracle.requested(environments[name].prefix)
            assert "python" in requested


def test_reading_changes_nothing(sandbox: Sandbox, tmp_path: Path) -> None:
    before = lasting_state(sandbox)
    _load(sandbox, tmp_path / "own")
    _load(sandbox, tmp_path / "own")
    assert lasting_state(sandbox) == before


_COUNT_OPENS = """
import json, sys
from collections import Counter
opened = Counter()
def hook(event, arguments):
    if event == "open" and isinstance(arguments[0], (str, bytes)):
        opened[arguments[0] if isinstance(arguments[0], str) else arguments[0].decode()] += 1
sys.addaudithook(hook)
from condatui.__main__ import main
try:
    main()
finally:
    print(json.dumps(opened), file=sys.stderr)
"""


def test_a_warm_start_opens_at_most_five_files_an_environment(sandbox: Sandbox, tmp_path: Path) -> None:
    environ = {**sandbox.environ, "CONDATUI_HOME": str(tmp_path / "own"), "CONDATUI_USUAL_PLACES": "0"}

    def opened() -> dict[str, int]:
        done = subprocess.run(
            [sys.executable, "-c", _COUNT_OPENS, "list", "--packages", "--json"],
            env=environ,
            capture_output=True,
            text=True,
            check=True,
        )
        count: dict[str, int] = json.loads(done.stderr.splitlines()[-1])
        return {
            path: times
            for path, times in count.items()
            if path.startswith((str(sandbox.directory), str(tmp_path / "own")))
        }

    cold, warm = opened(), opened()
    environments = len({os.path.realpath(prefix) for prefix in sandbox.prefixes.values()})
    assert sum(cold.values()) > 30 * environments
    assert sum(warm.values()) <= 5 * environments
    for prefix in sandbox.prefixes.values():
        assert sum(times for path, times in warm.items() if path.startswith(f"{prefix}/conda-meta/")) <= 5
