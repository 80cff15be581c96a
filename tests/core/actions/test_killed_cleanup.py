"""kill -9 of condatui in every stage of a cleanup: nothing is lost, and the next start says what is left to do."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from condatui_core.actions.clean import installers
from condatui_core.actions.set_aside import set_aside_of
from condatui_core.disk.tool_caches import own_entries
from condatui_core.records.request import (
    CleanRequest,
    CleanupRequest,
    KernelsRequest,
    LeftoversRequest,
    RemoveRequest,
    RestoreRequest,
)
from condatui_sandbox import Sandbox
from support.dying_job import carried_out, run_dying, told
from support.installer_caches import pip_cache
from support.kernels import make_kernel
from support.prefixes import distribution_files
from support.sandboxes import copy_sandbox, manifest
from support.tiers import thorough

OLD = "lib/python3.8/site-packages"


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
        ("1:keep", 3, "untouched"),
        ("1:remove", 60, "half"),
        *thorough(
            [
                ("2:index", 0, "half"),
                ("1:remove", 0, "untouched"),
                ("1:leftovers", 0, "half"),
                ("2:look", 0, "half"),
                ("2:logs", 0, "half"),
            ]
        ),
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


def littered(sandbox: Sandbox) -> tuple[Path, Path, Path]:
    """What an older python left in the environment, a kernel whose environment is gone, and a cache of pip."""
    left = sandbox.prefixes["notebooks"] / OLD
    for path, data in distribution_files("rich", "13.0", "pip", (), root=".").items():
        (left / path).parent.mkdir(parents=True, exist_ok=True)
        (left / path).write_bytes(data if isinstance(data, bytes) else data.encode())
    kernel = make_kernel(sandbox.home / ".local/share/jupyter/kernels/gone", str(sandbox.home / "gone/bin/python"))
    return left, kernel, pip_cache(sandbox.home / ".cache/pip")


@pytest.mark.parametrize(("stage", "effect"), [*thorough([("1:delete", 3), ("2:delete", 2)]), ("3:pip", 2)])
async def test_leftovers_kernels_and_the_cache_of_pip_go_in_the_end_and_can_come_back(
    copied: Sandbox, stage: str, effect: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(installers, "running_processes", lambda *, closely: ())
    left, kernel, cache = littered(copied)
    prefix, kept = copied.prefixes["notebooks"], copied.home / ".condatui/state"
    before, of_kernel = manifest(prefix), {each.name: each.read_bytes() for each in kernel.iterdir()}
    (kept / "restore").mkdir(parents=True, exist_ok=True)
    points = {*os.listdir(kept / "restore")}
    shutil.rmtree(kept / "kernels", ignore_errors=True)
    request = CleanupRequest(
        parts=(
            LeftoversRequest(prefixes=(str(prefix),)),
            KernelsRequest(paths=(str(kernel),)),
            CleanRequest(pkgs_dirs=(str(cache),), what=("pip",)),
        )
    )
    assert run_dying(copied, request, stage, effect)[0] == -9
    after = await told(copied)
    assert after.state == "half"
    assert after.way_out
    assert (await carried_out(copied, after.way_out)).state == "done"
    assert (left.exists(), kernel.exists(), own_entries("pip", str(cache))) == (False, False, ())
    copies = [{file.name: file.read_bytes() for file in each.iterdir()} for each in (kept / "kernels").glob("*/*-gone")]
    assert of_kernel in copies
    point = min({*os.listdir(kept / "restore")} - points)
    assert (await carried_out(copied, RestoreRequest(id=point))).state == "done"
    assert manifest(prefix) == before
