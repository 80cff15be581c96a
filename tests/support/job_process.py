"""A process with one job, to be killed: `python -m support.job_process HOME TARGET STAGE [SCRIPT]`.

It says `at STAGE` when it has got there, and stays. `command` is while the command of the job runs; with `events` it
says all that happens, and `full` is a disk that is full from the first stage on.
"""

from __future__ import annotations

import asyncio
import os
import resource
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from condatui_core.records.job import Said
from condatui_core.records.request import CloneRequest
from support.fake_actions import MakeDirectory, queue_of, stay

TESTS = Path(__file__).parents[1]


@asynccontextmanager
async def job_process(
    home: Path, stop: str, *, script: str = "echo filled > half", name: str = "new", limit: str = "unlimited"
) -> AsyncIterator[Process]:
    """Start the process, its files limited to so many blocks; it is ended with the context."""
    process = await asyncio.create_subprocess_exec(
        *("sh", "-c", f'ulimit -f {limit}; exec "$@"', "sh", sys.executable, "-m", "support.job_process"),
        *(str(home), str(home / name), stop, script),
        env={"PATH": os.environ["PATH"], "PYTHONPATH": os.pathsep.join([str(TESTS), *sys.path])},
        stdout=PIPE,
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


async def said_by(process: Process) -> str:
    """The next line that it says."""
    assert process.stdout
    return (await asyncio.wait_for(process.stdout.readline(), 60)).decode().rstrip("\n")


def _say(*words: object) -> None:
    sys.stdout.write("|".join(map(str, words)) + "\n")
    sys.stdout.flush()


async def main(home: str, target: str, stop: str, script: str) -> None:
    """Carry the job out as far as it is wanted."""

    async def at(stage: str) -> None:
        if stop == "full":
            resource.setrlimit(resource.RLIMIT_FSIZE, (0, resource.RLIM_INFINITY))
        elif stage == stop:
            _say(f"at {stage}")
            await stay(stage)

    jobs = queue_of(Path(home), MakeDirectory(at=at, script=script))
    job = jobs.submit(await jobs.plan(CloneRequest(source="/nowhere", target=target)))
    async for event in jobs.events(job.id):
        if stop == "events":
            _say(event)
        elif stop == "command" and isinstance(event, Said):
            _say("at command")
    over = jobs.job(job.id)
    assert over
    assert over.end
    assert over.recovery
    _say(over.state, over.recovery.state, over.end.message, over.end.detail)


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
