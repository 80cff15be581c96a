"""Environments that a cleanup has removed with the packages they need come back, as far as channels have these."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from condatui_core.records.request import CleanRequest, CleanupRequest, RemoveRequest, RestoreRequest
from condatui_sandbox import Sandbox
from support.dying_job import carried_out, workbench_of
from support.sandboxes import give_own_channels

NAMES = ("notebooks", "nlp-base")


@pytest.fixture
def copied(sandbox_copy: Callable[..., Sandbox]) -> Sandbox:
    return sandbox_copy(*NAMES)


def cleanup(sandbox: Sandbox) -> CleanupRequest:
    """Remove both, and clean the cache of all that is unneeded then."""
    prefixes = tuple(str(sandbox.prefixes[name]) for name in NAMES)
    clean = CleanRequest(
        pkgs_dirs=(str(sandbox.root_prefix / "pkgs"),), what=("tarballs", "packages"), removed_before=prefixes
    )
    return CleanupRequest(parts=(RemoveRequest(prefixes=prefixes), clean))


def contents(root: Path) -> dict[str, tuple[object, ...]]:
    """Kinds, modes, contents and targets of all in a tree."""
    return {str(path.relative_to(root)): (path.lstat().st_mode, _content(path)) for path in root.rglob("*")}


def _content(path: Path) -> object:
    if path.is_symlink():
        return os.readlink(path)
    return hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else ""


async def removed(sandbox: Sandbox, warning: str) -> dict[str, str]:
    """Clean up, as the plan warns of it; returns the restore point of each prefix."""
    jobs = workbench_of(sandbox).jobs
    plan = await jobs.plan(cleanup(sandbox))
    assert warning in {each.id for each in plan.warnings}
    job = await carried_out(sandbox, cleanup(sandbox))
    outcome = job.end.outcome if job.end else None
    assert (job.state, outcome and outcome.findings) == ("done", ())
    assert not any(sandbox.prefixes[name].exists() for name in NAMES)
    return dict(zip(NAMES, outcome.restore_points if outcome else (), strict=True))


async def test_both_come_back_once_their_channel_does_and_none_is_half_made_before(
    sandbox: Sandbox, copied: Sandbox
) -> None:
    channels = give_own_channels(copied, sandbox)
    before = {name: contents(copied.prefixes[name]) for name in NAMES}
    points = await removed(copied, "restore-points")
    away = channels.rename(channels.with_name("away"))
    failed = await carried_out(copied, RestoreRequest(id=points["notebooks"]))
    assert failed.state == "failed"
    assert failed.end
    assert failed.end.message == "conda could not put back the packages of notebooks."
    assert str(channels) in failed.end.detail
    assert not copied.prefixes["notebooks"].exists()
    away.rename(channels)
    for name in NAMES:
        assert (await carried_out(copied, RestoreRequest(id=points[name]))).state == "done"
        assert contents(copied.prefixes[name]) == before[name], name


@pytest.mark.thorough
async def test_what_no_channel_has_any_more_stays_in_the_cache(sandbox: Sandbox, copied: Sandbox) -> None:
    channels = give_own_channels(copied, sandbox)
    before = {name: contents(copied.prefixes[name]) for name in NAMES}
    channels.rename(channels.with_name("away"))
    points = await removed(copied, "only-here")
    for name in NAMES:
        assert (await carried_out(copied, RestoreRequest(id=points[name]))).state == "done"
        assert contents(copied.prefixes[name]) == before[name], name
