"""Place 4, and what the app tells of jobs wherever the user is."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import timedelta

import pytest
from msgspec.structs import replace

from condatui.app import CondatuiApp
from condatui.messages import JobEnded
from condatui.screens.jobs import JobsScreen
from condatui_core.records.environment import Environment
from condatui_core.records.finding import Finding
from condatui_core.records.job import Job, Recovery
from condatui_core.records.request import RestoreRequest
from condatui_core.settings import Settings
from support.fake_jobs import made_job
from support.fake_workbench import FakeWorkbench
from support.inventories import NOW, inventory, loaded, research
from support.pilots import Driver, opened
from support.tiers import thorough

WAY_OUT = RestoreRequest(id="20260520-research")
HALF = Recovery(state="half", message="research is half removed.", way_out=WAY_OUT, way_out_title="Bring research back")


def bench(**settings: object) -> FakeWorkbench:
    return FakeWorkbench(inventory(research(), loaded("zoo")), settings=Settings(watch_seconds=0, **settings))  # type: ignore[arg-type]


def screen(driver: Driver) -> JobsScreen:
    place = driver.app.screen
    assert isinstance(place, JobsScreen), place
    return place


def cut_short() -> Job:
    return made_job(state="interrupted", started=NOW, ended=NOW, recovery=HALF, id="0", submitted=NOW)


async def attended(driver: Driver) -> None:
    """The app hears of jobs once all is loaded."""
    await driver.until(lambda: driver.workbench.jobs.callbacks)
    await driver.pilot.pause()


async def shown(driver: Driver, line: str) -> None:
    """The places have been told of this line of output."""
    await driver.until(lambda: any(line in job.output for job in driver.app.session.jobs))
    await driver.pilot.pause()


async def test_nothing_done_yet_says_which_keys_do_something() -> None:
    async with opened(workbench=bench()) as driver:
        await driver.press("4", "x", "y", "enter")
        assert "There are no jobs yet" in driver.text
        assert driver.workbench.jobs.cancelled == []


async def test_a_job_is_followed_from_its_beginning_to_its_end() -> None:
    async with opened(workbench=bench()) as driver:
        await attended(driver)
        jobs = driver.workbench.jobs
        jobs.put(made_job())
        await driver.until(lambda: "jobs ●1" in driver.text)
        await driver.press("4")
        assert "waits for its turn" in driver.text
        jobs.begin("1", "Removing research")
        jobs.put(replace(jobs.all["1"], commands=(("conda", "remove", "-p", "/a b"),), output=("Unlinking [1/2]",)))
        await driver.until(lambda: "Removing research" in driver.text)
        assert "$ conda remove -p '/a b'" in driver.text
        assert "Unlinking [1/2]" in driver.text
        loads = len(driver.workbench.loads)
        jobs.end("1", "research was removed")
        await driver.until(lambda: "research was removed" in driver.text and "jobs ●1" not in driver.text)
        await driver.until(lambda: len(driver.workbench.loads) == loads + 1)


async def test_the_end_of_a_job_is_told_in_the_place_where_the_user_is() -> None:
    async with opened(workbench=bench()) as driver:
        await attended(driver)
        driver.workbench.jobs.put(made_job())
        driver.workbench.jobs.end("1", "no [/way] out", state="failed")
        await driver.until(lambda: "no [/way] out" in driver.text.splitlines()[-2])


async def test_output_is_followed_unless_the_user_reads_further_up() -> None:
    async with opened(workbench=bench(), size=(80, 24)) as driver:
        await attended(driver)
        jobs = driver.workbench.jobs
        lines = tuple(f"line {number}" for number in range(60))
        jobs.put(made_job(state="running", started=NOW, output=lines))
        await driver.press("4")
        await driver.until(lambda: "line 59" in driver.text)
        jobs.put(replace(jobs.all["1"], output=(*lines, "line 60")))
        await driver.until(lambda: "line 60" in driver.text)
        await driver.press("tab", "home")
        jobs.put(replace(jobs.all["1"], output=(*lines, "line 60", "line 61")))
        await shown(driver, "line 61")
        assert "line 61" not in driver.text
        assert "line 0" in driver.text


async def test_cancelling_ends_the_job_under_the_cursor_and_twice_kills_it() -> None:
    async with opened(workbench=bench()) as driver:
        await attended(driver)
        jobs = driver.workbench.jobs
        jobs.put(made_job(state="running", started=NOW))
        await driver.press("4", "x")
        assert jobs.cancelled == ["1"]
        assert "Cancelling Remove research" in driver.text
        jobs.put(replace(jobs.all["1"], state="cancelling"))
        await driver.until(lambda: "is being cancelled" in driver.text)
        await driver.press("x")
        assert jobs.cancelled == ["1", "1"]
        assert "Killing Remove research" in driver.text
        jobs.put(replace(jobs.all["1"], state="cancelled"))
        await driver.until(lambda: screen(driver).current_job == jobs.all["1"])
        await driver.press("x")
        assert "This job is over" in driver.text
        assert jobs.cancelled == ["1", "1"]


async def test_a_job_of_another_process_is_not_ours_to_cancel() -> None:
    workbench = bench()
    workbench.jobs.put(made_job(state="running", started=NOW, elsewhere="pid 4711 on gpu07"))
    async with opened(workbench=workbench) as driver:
        await attended(driver)
        await driver.press("4", "x")
        assert "carried out by pid 4711 on gpu07" in driver.text
        assert workbench.jobs.cancelled == []


async def test_a_job_of_another_process_is_followed_while_somebody_looks() -> None:
    workbench = bench()
    workbench.jobs.put(made_job(state="running", started=NOW, elsewhere="pid 4711 on gpu07"))
    async with opened(workbench=workbench) as driver:
        await attended(driver)
        assert "jobs ●" not in driver.text
        await driver.press("4")
        workbench.jobs.all["1"] = replace(workbench.jobs.all["1"], state="done", ended=NOW)
        await driver.until(lambda: "· done" in driver.text)


async def test_leaving_ends_jobs_that_began_before_all_was_known() -> None:
    """What was interrupted earlier may take a while to judge."""
    workbench = bench()
    gate = asyncio.Event()

    async def judge() -> tuple[Job, ...]:
        await gate.wait()
        return ()

    workbench.jobs.interrupted = judge  # type: ignore[method-assign]
    async with opened(workbench=workbench) as driver:
        await attended(driver)
        workbench.jobs.put(made_job(state="running", started=NOW))
        await driver.press("q")
        assert "A job is at work:" in driver.text
        await driver.press("q")
        await driver.until(lambda: not driver.app.is_running)
        assert workbench.jobs.closed


async def test_what_was_interrupted_is_told_at_the_start_and_leads_to_its_way_out() -> None:
    workbench = bench()
    workbench.jobs.left_over = (cut_short(),)
    async with opened(workbench=workbench, size=(120, 30)) as driver:
        await driver.until(lambda: "Remove research was interrupted: research is half removed." in driver.text)
        assert "4 shows it and the way out" in driver.text
        assert workbench.jobs.settled == []
        await driver.press("4")
        await driver.until(lambda: workbench.jobs.settled == ["0"])
        await driver.until(lambda: "was interrupted" not in driver.text.splitlines()[1])  # drawn a moment later
        assert "enter: Bring research back" in driver.text
        await driver.press("enter")
        assert workbench.jobs.requests == [WAY_OUT]
        await driver.until(lambda: "enter run" in driver.text)


@pytest.mark.parametrize("place", ["1", "2", "3", "5"])
async def test_escape_puts_the_notice_of_an_interruption_away(place: str) -> None:
    workbench = bench()
    workbench.jobs.left_over = (cut_short(),)
    async with opened(workbench=workbench, size=(160, 30)) as driver:
        await driver.until(lambda: "esc dismisses this" in driver.text)
        await driver.press(place, "question_mark", "escape")
        assert workbench.jobs.settled == []
        await driver.press("escape")
        await driver.until(lambda: "was interrupted" not in driver.text)
        assert workbench.jobs.settled == ["0"]


async def test_jobs_that_could_not_be_read_once_are_told_and_shown_at_the_next_look() -> None:
    workbench = bench()
    workbench.jobs.failure = PermissionError("no journals today")
    async with opened(workbench=workbench, size=(160, 30)) as driver:
        await driver.until(lambda: "no journals today" in driver.text)
        workbench.jobs.failure = None
        workbench.jobs.put(made_job(state="running", started=NOW))
        await driver.press("r")
        await driver.until(lambda: "jobs ●1" in driver.text)
        assert len(workbench.jobs.callbacks) == 1


async def test_journals_of_a_newer_condatui_are_told_at_the_start() -> None:
    workbench = bench()
    told = "The journal of one job was made by a newer condatui"
    workbench.jobs.newer = (Finding(id="newer-journal", severity="warning", message=told),)
    async with opened(workbench=workbench, size=(120, 30)) as driver:
        await driver.until(lambda: told in driver.text)


async def test_damaged_journals_are_told_at_the_start_and_in_the_place_of_jobs() -> None:
    workbench = bench()
    told = "The journal /state/jobs/x is damaged (plan.json: empty)"
    workbench.jobs.damaged = (Finding(id="damaged-journal", severity="warning", message=told),)
    async with opened(workbench=workbench, size=(120, 30)) as driver:
        await driver.until(lambda: told in driver.text)
        await driver.press("4")
        await driver.until(lambda: not driver.app.session.unseen and driver.text.count(told) == 1)
        assert isinstance(driver.app.screen, JobsScreen)
        await driver.press("1")
        assert told not in driver.text


async def test_escape_puts_the_notice_of_a_damaged_journal_away_everywhere_but_in_the_place_of_jobs() -> None:
    workbench = bench()
    told = "The journal /state/jobs/x is damaged (plan.json: empty)"
    workbench.jobs.damaged = (Finding(id="damaged-journal", severity="warning", message=told),)
    async with opened(workbench=workbench, size=(120, 30)) as driver:
        await driver.until(lambda: told in driver.text)
        session = driver.app.session
        assert (session.interrupted, session.damaged_journals) == ((), workbench.jobs.damaged)
        await driver.press("escape")
        await driver.until(lambda: told not in driver.text)
        await driver.press("4")
        assert told in driver.text


async def test_no_way_out_is_promised_where_there_is_nothing_to_put_right() -> None:
    workbench = bench()
    untouched = Recovery(state="untouched", message="Nothing was removed.")
    workbench.jobs.left_over = (replace(cut_short(), recovery=untouched),)
    async with opened(workbench=workbench, size=(120, 30)) as driver:
        await driver.until(lambda: "Nothing was removed." in driver.text)
        assert "4 shows it" in driver.text
        assert "way out" not in driver.text


async def test_what_was_interrupted_is_settled_too_if_the_user_was_here_first() -> None:
    gate = asyncio.Event()
    workbench = FakeWorkbench(gate, inventory(research()), settings=Settings(watch_seconds=0))
    workbench.jobs.left_over = (cut_short(),)
    async with opened(workbench=workbench) as driver:
        await driver.press("4")
        gate.set()
        await driver.until(lambda: workbench.jobs.settled == ["0"])
        await driver.until(lambda: "was interrupted" not in driver.text.splitlines()[1])  # drawn a moment later


async def test_a_job_that_ended_before_this_sitting_is_no_news() -> None:
    workbench = bench()
    workbench.jobs.put(made_job(state="done", started=NOW, ended=NOW))
    async with opened(workbench=workbench) as driver:
        await attended(driver)
        await driver.until(lambda: driver.app.session.jobs)
        await driver.pilot.pause()
        assert driver.posted(JobEnded) == []
        assert len(workbench.loads) == 1


async def test_a_cursor_on_the_newest_job_goes_on_to_the_next_one_and_another_stays() -> None:
    workbench = bench()
    workbench.jobs.put(made_job("Old", id="0", state="done", started=NOW, ended=NOW))
    async with opened(workbench=workbench) as driver:
        await attended(driver)
        await driver.press("4")
        workbench.jobs.put(made_job("New", id="1"))
        await driver.until(lambda: screen(driver).current_job == workbench.jobs.all["1"])
        await driver.press("j")
        workbench.jobs.put(made_job("Newest", id="2"))
        await driver.until(lambda: "Newest" in driver.text)
        assert screen(driver).current_job == workbench.jobs.all["0"]


async def test_enter_goes_into_the_details_and_escape_out_of_them() -> None:
    workbench = bench()
    workbench.jobs.put(made_job(state="done", started=NOW, ended=NOW))
    async with opened(workbench=workbench) as driver:
        await attended(driver)
        await driver.press("4", "enter")
        assert screen(driver).details.has_focus
        await driver.press("escape")
        assert screen(driver).table.has_focus


async def test_the_commands_of_a_job_are_copied() -> None:
    workbench = bench()
    workbench.jobs.put(made_job(state="running", started=NOW, commands=(("conda", "x", "a b"), ("conda", "y"))))
    async with opened(workbench=workbench) as driver:
        await attended(driver)
        await driver.press("4", "y")
        assert driver.app.clipboard == "conda x 'a b'\nconda y"


async def test_seconds_pass_while_a_job_runs() -> None:
    workbench = bench()
    later = [NOW]
    workbench.jobs.put(made_job(state="running", started=NOW))
    async with opened(workbench=workbench) as driver:
        await attended(driver)
        driver.app.session.clock = lambda: later[0]
        await driver.press("4")
        later[0] = NOW + timedelta(seconds=75)
        await driver.until(lambda: "1 min 15" in driver.text)


async def test_jobs_of_a_hundred_changes_are_drawn_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Over a slow line ten pictures a second are plenty."""
    async with opened(workbench=bench()) as driver:
        await attended(driver)
        drawn: list[int] = []
        timers: list[Callable[[], None]] = []

        def set_timer(_seconds: float, callback: Callable[[], None]) -> object:
            timers.append(callback)
            return callback

        driver.app.session.jobs_changed.subscribe(driver.app, lambda _: drawn.append(1))
        monkeypatch.setattr(driver.app, "set_timer", set_timer)
        for number in range(100):
            driver.workbench.jobs.put(made_job(output=(f"{number}",)))
            await driver.pilot.pause()
        (show,) = timers
        assert drawn == []
        show()
        await shown(driver, "99")
        assert drawn == [1]


@pytest.mark.parametrize("key", ["q", "y"])
async def test_leaving_while_a_job_is_at_work_asks_and_then_cancels_it(key: str) -> None:
    async with opened(workbench=bench()) as driver:
        await attended(driver)
        driver.workbench.jobs.put(made_job(state="running", started=NOW))
        await driver.press("q")
        assert "A job is at work:" in driver.text
        assert driver.workbench.jobs.closed == 0
        await driver.press(key)
        await driver.until(lambda: not driver.app.is_running)
        assert driver.workbench.jobs.closed and driver.workbench.jobs.asked


async def test_escape_stays() -> None:
    async with opened(workbench=bench()) as driver:
        await attended(driver)
        driver.workbench.jobs.put(made_job(state="running", started=NOW))
        await driver.press("q", "escape")
        assert "A job is at work:" not in driver.text
        assert driver.place.table.has_focus
        assert (driver.app.is_running, driver.workbench.jobs.closed) == (True, 0)


async def test_leaving_without_a_job_asks_nothing() -> None:
    async with opened(workbench=bench()) as driver:
        await attended(driver)
        await driver.press("q")
        await driver.until(lambda: not driver.app.is_running)


async def test_an_app_that_ends_otherwise_ends_its_jobs_too() -> None:
    workbench = bench()
    async with opened(workbench=workbench) as driver:
        await attended(driver)
        app: CondatuiApp = driver.app
        app.exit(return_code=129)
    assert workbench.jobs.closed and not workbench.jobs.asked
    assert workbench.jobs.callbacks == []


@pytest.mark.parametrize("size", [(60, 15), (200, 50), *thorough([((80, 24),)])])
async def test_with_ascii_signs_nothing_else_is_drawn(size: tuple[int, int]) -> None:
    workbench = bench(ascii=True)
    for number, state in enumerate(("queued", "running", "cancelling", "done", "failed", "cancelled", "interrupted")):
        job = made_job(id=str(number), state=state, started=NOW, ended=NOW, recovery=HALF, output=("x",))
        workbench.jobs.put(job)
    async with opened(workbench=workbench, size=size) as driver:
        await attended(driver)
        await driver.press("4")
        for _ in range(8):
            await driver.press("j")
            assert driver.text.isascii(), driver.text
            assert all(len(line) <= size[0] for line in driver.text.splitlines())


@pytest.mark.parametrize(("keys", "left"), [(("end",), research()), ((*"/research", "enter"), loaded("zoo"))])
async def test_the_end_of_a_removal_stays_to_be_read_when_the_row_under_the_cursor_goes(
    keys: tuple[str, ...], left: Environment
) -> None:
    workbench = bench()
    async with opened(workbench=workbench) as driver:
        await attended(driver)
        await driver.press(*keys)
        rows = driver.place.table.row_count
        workbench.script = [inventory(left)]
        workbench.jobs.put(made_job())
        workbench.jobs.end("1", "it was removed; 2.3 MB more free")
        await driver.until(lambda: driver.place.table.row_count < rows)
        await driver.pilot.pause()
        assert driver.text.splitlines()[-2] == " it was removed; 2.3 MB more free"


async def test_only_a_job_at_work_is_offered_to_be_cancelled() -> None:
    async with opened(workbench=bench(), size=(120, 24)) as driver:
        await attended(driver)
        driver.workbench.jobs.put(made_job(state="running", started=NOW))
        await driver.press("4")
        await driver.until(lambda: "x cancel" in driver.text.splitlines()[-1])
        driver.workbench.jobs.end("1", "removed")
        await driver.until(lambda: "x cancel" not in driver.text.splitlines()[-1])


async def test_a_title_is_whole_where_there_is_room_for_it() -> None:
    title = "Clean up: 3 environments, 1 merge and 2 caches"
    async with opened(workbench=bench(), size=(140, 40)) as driver:
        await attended(driver)
        driver.workbench.jobs.put(made_job(title, state="running", started=NOW))
        driver.workbench.jobs.end("1", "61 MB more free on the disk than before, as predicted by the plan.")
        await driver.press("4")
        await driver.until(lambda: title in driver.text.splitlines()[2][:70])
