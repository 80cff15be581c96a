"""kill -9 of condatui in every stage of a cleanup: nothing is lost, and the next start says what is left to do."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from condatui_core.actions.set_aside import set_aside_of
from condatui_core.records.request import CleanRequest, CleanupRequest, RemoveRequest, RestoreRequest
from condatui_sandbox import Sandbox
from support.dying_job import carried_out, run_dying, told
from support.sandboxes import copy_sandbox, manifest


@pytest.fixture(scope="module")
def copied(sandbox: Sandbox, tmp_path_factory: pytest.TempPathFactory) -> Sandbox:
    """Every test leaves the environment in it as it was."""
    copied = copy_sandbox(sandbox, tmp_path_factory.mktemp("killed") / "sandbox", ["notebooks"])
    (copied.prefixes["notebooks"] / "mine").write_text("data")
    return copied


def request_of(sandbox: Sandbox) -> CleanupRequest:
    """Remove the environment, and clean the cache of what is no package, so that it can come back."""
    prefix, pkgs = str(sandbox.prefixes["notebooks"]), str(sandbox.root_prefix / "pkgs")
    return CleanupRequest(
        parts=(
            RemoveRequest(prefixes=(prefix,)),
            CleanRequest(pkgs_dirs=(pkgs,), what=("logs", "index"), removed_before=(prefix,)),
        )
    )


def logged(sandbox: Sandbox) -> Path:
    """A log, beside an index of a channel: what the package cache is cleaned of."""
    log, index = (sandbox.root_prefix / "pkgs" / each for each in (".logs/conda.log", "cache/again.json"))
    for file in (log, index):
        file.parent.mkdir(exist_ok=True)
        file.write_text("said")
    return log


@pytest.mark.parametrize(
    ("stage", "effect", "state"),
    [
        ("1:look", 0, "untouched"),
        ("1:keep", 3, "untouched"),
        ("1:remove", 0, "untouched"),
        ("1:remove", 60, "half"),
        ("1:leftovers", 0, "half"),
        ("2:look", 0, "half"),
        ("2:logs", 0, "half"),
        ("2:index", 0, "half"),
    ],
)
async def test_whenever_it_dies_the_way_out_ends_it_and_all_comes_back(
    copied: Sandbox, stage: str, effect: int, state: str
) -> None:
    prefix, log = copied.prefixes["notebooks"], logged(copied)
    before = manifest(prefix)
    assert run_dying(copied, request_of(copied), stage, effect)[0] == -9
    after = await told(copied)
    assert after.state == state
    if state == "untouched":
        assert manifest(prefix) == before
        return
    if after.way_out:
        assert (await carried_out(copied, after.way_out)).state == "done"
    assert (os.path.lexists(prefix), set_aside_of(str(prefix)), log.exists()) == (False, (), False)
    point = max(each for each in os.listdir(copied.home / ".condatui/state/restore") if not each.startswith("."))
    assert (await carried_out(copied, RestoreRequest(id=point))).state == "done"
    assert manifest(prefix) == before
