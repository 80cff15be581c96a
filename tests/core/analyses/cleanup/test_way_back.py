"""How long it takes to get an environment back, at the pace of earlier jobs on this machine."""

from __future__ import annotations

from datetime import timedelta

from condatui_core.analyses.cleanup.way_back import pace_of, way_back_of
from condatui_core.records.job import Job, JobState, Plan
from condatui_core.records.request import CloneRequest, RemoveRequest, Request, RestoreRequest
from support.inventories import NOW, loaded, package

RESTORE = RestoreRequest(id="20260520-1")


def job(request: Request, packages: int, seconds: float, *, state: JobState = "done", begun: bool = True) -> Job:
    return Job(
        id="1",
        plan=Plan(request=request, title="", packages=packages),
        state=state,
        submitted=NOW,
        started=NOW if begun else None,
        ended=NOW + timedelta(seconds=seconds),
    )


def test_the_pace_is_that_of_all_restores_and_clones_together() -> None:
    clone = CloneRequest(source="/a", target="/b")
    assert pace_of([job(RESTORE, 200, 90), job(clone, 100, 30)]) == 150


def test_without_a_restore_or_clone_that_is_done_there_is_no_ground() -> None:
    jobs = [
        job(RemoveRequest(prefixes=("/a",)), 100, 10),
        job(RESTORE, 100, 10, state="failed"),
        job(RESTORE, 100, 10, begun=False),
        job(RESTORE, 0, 10),
        job(RESTORE, 100, 0),
    ]
    assert pace_of(jobs) is None


def test_minutes_are_said_only_with_a_ground() -> None:
    environment = loaded("old", [package(f"p-{number}") for number in range(300)])
    assert way_back_of(environment, None, ()).minutes is None
    assert way_back_of(environment, None, (), pace=150).minutes == 2
    assert way_back_of(loaded("empty"), None, (), pace=150).minutes is None
