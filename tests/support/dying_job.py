"""A job that really dies, with its process or with its conda: `python -m support.dying_job HOME STAGE EFFECT`.

It reads its request from stdin, and kills itself right before the effect with that number in that stage, 0 being its
beginning; it says how the job ended if it did not come so far. What is written beside it, to the journal and to caches,
is no effect.
"""

from __future__ import annotations

import asyncio
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Protocol
from unittest.mock import patch

import msgspec

from condatui_core.actions.clean import installers
from condatui_core.jobs.job_work import JobWork
from condatui_core.records.job import Job, Recovery
from condatui_core.records.request import Request
from condatui_core.settings import Locations, Settings
from condatui_core.workbench import Workbench
from condatui_sandbox import Sandbox

TESTS = Path(__file__).parents[1]
_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT
_EFFECTS = {"os.rename", "os.remove", "os.rmdir", "os.mkdir", "os.link", "os.symlink", "os.chmod", "os.utime"}
_ASIDE = re.compile(
    r"/state/(jobs|own-uses)/|/state/(writer$|\.[0-9a-f]{16}\.condatui$)|/\.condatui/cache/|^/dev/(?!shm/)"
)

_HOOK = """
def _die(event, arguments, counted=[]):
    if event == {event!r} and {prefix!r} in os.fsdecode(arguments[{argument}]) and {word!r} in sys.argv:
        counted.append(event)
        if len(counted) == {number}:
            {with_parent} and os.kill(os.getppid(), 9)
            os.kill(os.getpid(), 9)

sys.addaudithook(_die)
"""


class Home(Protocol):
    """A sandbox, or less where no conda is needed: a home, and the variables of whoever works in it."""

    @property
    def home(self) -> Path: ...

    @property
    def environ(self) -> Mapping[str, str]: ...


def workbench_of(sandbox: Home) -> Workbench:
    """What somebody gets to see who starts condatui in a sandbox now."""
    return _workbench({**sandbox.environ, "CONDATUI_HOME": str(sandbox.home / ".condatui")}, sandbox.home)


def run_dying(sandbox: Home, request: Request, stage: str, effect: int) -> tuple[int, str]:
    """Carry out a request in a process of its own as far as that; its exit code, and how the job ended if it did."""
    done = subprocess.run(
        [sys.executable, "-m", "support.dying_job", str(sandbox.home), stage, str(effect)],
        env={**sandbox.environ, "PYTHONPATH": os.pathsep.join([str(TESTS), *sys.path])},
        input=msgspec.json.encode(request),
        capture_output=True,
        check=False,
        timeout=120,
    )
    assert done.returncode in (0, -signal.SIGKILL), done.stderr.decode()
    return done.returncode, done.stdout.decode()


@contextmanager
def dying_conda(
    sandbox: Sandbox, word: str, event: str, prefix: str, number: int, *, with_parent: bool = False
) -> Iterator[None]:
    """Let a conda with this word in its command be killed right before the event with this number in a prefix."""
    whole = sandbox.conda.read_text()
    argument = 1 if event == "os.link" else 0
    hook = _HOOK.format(
        word=word, event=event, prefix=prefix, argument=argument, number=number, with_parent=with_parent
    )
    start = 'if __name__ == "__main__":'
    assert start in whole
    sandbox.conda.write_text(whole.replace(start, f"{hook}\n{start}"))
    try:
        yield
    finally:
        sandbox.conda.write_text(whole)


async def carried_out(sandbox: Home, request: Request) -> Job:
    """Carry out a request here and now."""
    jobs = workbench_of(sandbox).jobs
    job = jobs.submit(await jobs.plan(request))
    async for _ in jobs.events(job.id):
        pass
    return jobs.job(job.id) or job


async def told(sandbox: Home) -> Recovery:
    """What the next start says; the one after it says no more."""
    jobs = workbench_of(sandbox).jobs
    (job,) = await jobs.interrupted()
    assert job.state == "interrupted"
    await jobs.settle(job.id)
    assert await workbench_of(sandbox).jobs.interrupted() == ()
    assert job.recovery
    return job.recovery


def _workbench(environ: dict[str, str], home: Path) -> Workbench:
    def clock() -> datetime:
        return datetime.now().astimezone()

    return Workbench(Settings(usual_places=False), Locations.of_user(environ, home), environ=environ, clock=clock)


def _die_at(stage: str, effect: int) -> None:
    """Kill this process then; what the event loop and its threads do is seen alike."""
    counted: list[str] = []
    begun: list[str] = []
    go_on = JobWork.stage

    def see(event: str, arguments: tuple[object, ...]) -> None:
        if begun[-1:] != [stage] or not _is_effect(event, arguments):
            return
        counted.append(event)
        if len(counted) == effect:
            os.kill(os.getpid(), signal.SIGKILL)

    async def begin(work: JobWork, name: str, title: str) -> None:
        await go_on(work, name, title)
        begun.append(name)
        if name == stage and not effect:
            os.kill(os.getpid(), signal.SIGKILL)

    JobWork.stage = begin  # type: ignore[method-assign, assignment]
    sys.addaudithook(see)


def _is_effect(event: str, arguments: tuple[object, ...]) -> bool:
    if event == "open":
        if not isinstance(arguments[2], int) or not arguments[2] & _WRITING:
            return False
        if isinstance(arguments[0], int):  # a file that has been opened already
            return False
    elif event not in _EFFECTS:
        return False
    path = arguments[0]
    return not (isinstance(path, (str, bytes, os.PathLike)) and _ASIDE.search(os.fsdecode(path)))


async def main(home: str, stage: str, effect: str) -> None:
    """Carry the job out as far as it is wanted."""
    request = msgspec.json.decode(sys.stdin.buffer.read(), type=Request)
    _die_at(stage, int(effect))
    patch.object(installers, "running_processes", return_value=()).start()  # the tester's own pip is none of these
    environ = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    jobs = _workbench({**environ, "CONDATUI_HOME": f"{home}/.condatui"}, Path(home)).jobs
    plan = await jobs.plan(request)
    assert not plan.blockers, plan.blockers
    job = jobs.submit(plan)
    async for _ in jobs.events(job.id):
        pass
    over = jobs.job(job.id)
    assert over and over.end
    after = over.recovery.message if over.recovery else ""
    sys.stdout.write("\n".join((over.state, over.end.message, over.end.detail, str(over.end.hint), after)))


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
