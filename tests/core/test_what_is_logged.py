"""With --debug the log tells what was done: commands, loads, jobs, and caches that were passed over."""

from __future__ import annotations

import logging
from datetime import datetime, timezone
from pathlib import Path

import pytest
from msgspec import Struct

from condatui_core.actions.protocol import JobContext, Work
from condatui_core.conda.client import recall_answer, remember_answer
from condatui_core.log import open_log
from condatui_core.prefixes.cache import PrefixCache
from condatui_core.proc.runner import CommandLog, CommandRun, Outcome
from condatui_core.records.job import Job, Plan
from condatui_core.records.job import Outcome as JobOutcome
from condatui_core.records.request import CloneRequest
from condatui_core.settings import Locations, Settings
from condatui_core.workbench import Workbench
from support.fake_actions import MakeDirectory, queue_of, request
from support.prefixes import make_prefix

NOON = datetime(2024, 5, 6, 12, tzinfo=timezone.utc)


class Answer(Struct):
    """What is remembered."""

    value: int


@pytest.fixture
def logged(caplog: pytest.LogCaptureFixture) -> pytest.LogCaptureFixture:
    caplog.set_level(logging.DEBUG, "condatui_core")
    return caplog


@pytest.mark.parametrize(
    ("outcome", "level"), [("done", "DEBUG"), ("cancelled", "DEBUG"), ("failed", "WARNING"), ("timed out", "WARNING")]
)
def test_every_command_is_logged_with_its_end(logged: pytest.LogCaptureFixture, outcome: Outcome, level: str) -> None:
    run = CommandRun(argv=("conda", "two words"), started=NOON, milliseconds=12, exit_code=3, outcome=outcome)
    CommandLog().add(run)
    assert [(each.levelname, each.getMessage()) for each in logged.records] == [
        (level, f"{outcome} after 12 ms, exit code 3: conda 'two words'")
    ]


def test_an_answer_that_cannot_be_understood_is_passed_over_and_said(
    logged: pytest.LogCaptureFixture, tmp_path: Path
) -> None:
    assert recall_answer(tmp_path / "none", Answer) is None
    assert logged.text == ""
    (tmp_path / "file").write_bytes(b"\xc1")
    assert recall_answer(tmp_path / "file", Answer) is None
    assert f"passed over {tmp_path}/file" in logged.text
    remember_answer(tmp_path / "file" / "below", Answer(1))
    assert f"not remembered in {tmp_path}/file/below" in logged.text


def test_a_prefix_that_is_read_again_is_said_with_the_reason(logged: pytest.LogCaptureFixture, tmp_path: Path) -> None:
    prefix = make_prefix(tmp_path / "env")
    for _ in range(2):  # as if it were long ago
        PrefixCache(tmp_path / "cache", clock=lambda: 1 << 61).read(str(prefix.path))
    assert logged.text == ""
    prefix.package("numpy", "1.26.4")
    PrefixCache(tmp_path / "cache").read(str(prefix.path))
    assert f"not using the cached contents of {prefix.path}: the prefix has changed" in logged.text


async def test_a_load_is_logged_and_a_problem_once_for_as_long_as_it_stays(
    logged: pytest.LogCaptureFixture, tmp_path: Path
) -> None:
    environ = {"PATH": "", "CONDATUI_HOME": str(tmp_path)}
    settings = Settings(usual_places=False, roots=(str(tmp_path / "nowhere"),))
    locations = Locations.of_user(environ, tmp_path)
    workbench = Workbench(settings, locations, environ=environ, clock=lambda: NOON)
    for _ in range(2):
        async for _inventory in workbench.load():
            pass
    said = [each.getMessage() for each in logged.records]
    assert sum("root-unusable" in each for each in said) == 1
    assert sum(each.startswith("loaded 0 environments of 0 condas in ") for each in said) == 2


class Failing(MakeDirectory):
    """Fails as nobody has thought of."""

    async def perform(self, plan: Plan, request: CloneRequest, context: JobContext, work: Work) -> JobOutcome:
        raise ZeroDivisionError("by nothing")


async def _over(home: Path, action: MakeDirectory) -> Job:
    jobs = queue_of(home, action)
    job = jobs.submit(await jobs.plan(request(home)))
    async for _ in jobs.events(job.id):
        pass
    over = jobs.job(job.id)
    assert over is not None
    return over


async def test_a_job_is_logged_from_its_beginning_to_its_end(logged: pytest.LogCaptureFixture, tmp_path: Path) -> None:
    job = await _over(tmp_path, MakeDirectory())
    assert f"job {job.id} begins: {job.plan.title}" in logged.text
    assert f"job {job.id} is done: {job.plan.title}" in logged.text


async def test_a_job_that_fails_unexpectedly_names_the_log(tmp_path: Path) -> None:
    log = tmp_path / "state" / "condatui.log"
    open_log(log, debug=False)
    job = await _over(tmp_path, Failing())
    assert job.end is not None
    assert str(job.end.hint).splitlines() == ["Please report this.", f"The log has the details: {log}"]
    assert "ZeroDivisionError: by nothing" in log.read_text()
    assert "WARNING" in log.read_text() and f"job {job.id} is failed" in log.read_text()
