"""A relink, and its undo, that die at every step: `python -m support.dying_relink DIRECTORY join|separate`.

For each step, that is before each change of the disk, a child of this process carries the work out on files
made for it and kills itself there. What it leaves is looked at, settled, and carried out to its end. The steps that
were tried are printed, or what was wrong.
"""

from __future__ import annotations

import os
import shutil
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from condatui_core.actions import exchanges
from condatui_core.actions.joined_files import read_joined, temporary_names, tidy_up
from condatui_core.actions.relink import batch
from condatui_core.actions.relink.joining import join_all
from condatui_core.actions.separate.copying import separate_all
from condatui_core.fs import places
from condatui_core.records.relinking import RelinkSurvey
from support.plain_work import PlainWork
from support.relinks import CONTENT, Twins, contents_below
from support.relinks import temporary_names as names_below

_CHANGES = ("link", "unlink", "open", "fdatasync", "replace", "utime", "fchmod", "fchown")
ENVIRONMENTS = ("one", "two", "three")
DATA = b"data of another kind\n" * 300


def made(root: Path) -> tuple[Twins, RelinkSurvey]:
    """Three environments with the same library, of which one has a second name; two have the same data."""
    twins = Twins(root / "envs")
    one, two, three = (twins.environment(name, {"lib/library.so": CONTENT, "data": DATA}) for name in ENVIRONMENTS)
    os.link(two / "lib/library.so", two / "lib/more.so")
    library, data = "lib/library.so", "data"
    same = twins.same(one / library, (two / library, two / "lib/more.so"), three / library)
    return twins, twins.survey(same, twins.same(one / data, two / data))


def join(root: Path, survey: RelinkSurvey, job_id: str) -> None:
    """Join everything."""
    joined = join_all(survey, root / "relinked", PlainWork(job_id=job_id))
    assert joined.failed is None
    assert joined.left == ()


def separate(root: Path, job_id: str) -> None:
    """Copy what is joined in one environment."""
    prefix = str(root / "envs/two")
    files = read_joined(root / "relinked", prefix)
    done = separate_all(prefix, files, root / "relinked", PlainWork(job_id=job_id))
    assert (done.failed, done.left, done.behind) == (None, [], ())


def die_at(step: int) -> None:
    """Kill this process right before a change of the disk."""
    counted: list[None] = []

    def count() -> None:
        counted.append(None)
        if len(counted) == step:
            os.kill(os.getpid(), signal.SIGKILL)

    def seen(function: Callable[..., Any]) -> Callable[..., Any]:
        def change(*arguments: object, **more: object) -> object:
            count()
            return function(*arguments, **more)

        return change

    for name in _CHANGES:
        setattr(os, name, seen(getattr(os, name)))
    for module, name in ((places, "exchange_names"), (exchanges, "sync_stream")):
        setattr(module, name, seen(getattr(module, name)))


def dies(work: Callable[[], None], step: int) -> bool:
    """Carry something out in a child that dies at a step; whether it did not come to its end."""
    child = os.fork()
    if not child:
        try:
            die_at(step)
            work()
            os._exit(0)
        except BaseException as error:  # noqa: BLE001 - a child of a fork must not run what is above
            sys.stderr.write(f"step {step}: {error!r}\n")
            os._exit(1)
    _, status = os.waitpid(child, 0)
    assert os.waitstatus_to_exitcode(status) in (0, -signal.SIGKILL), status
    return bool(status)


def try_step(root: Path, what: str, step: int) -> bool:
    """Let it die at one step, and look at what is there; whether there was such a step."""
    twins, survey = made(root)
    before = contents_below(twins.root)
    times = {path: os.lstat(twins.root / path).st_mtime_ns for path in before}
    if what == "separate":
        join(root, survey, "0")
    died = dies(lambda: join(root, survey, "1") if what == "join" else separate(root, "1"), step)
    if not died:
        if what == "separate":
            assert (twins.root / "two/lib/more.so").samefile(twins.root / "two/lib/library.so")
        return False
    there = {path: (twins.root / path).read_bytes() for path in before}
    assert there == before, f"step {step}: {[path for path in before if there[path] != before[path]]}"
    tidy_up(root / "relinked")
    assert (names_below(twins.root), temporary_names(root / "relinked")) == ([], 0), f"step {step}"
    assert contents_below(twins.root) == before, f"step {step}"
    if what == "separate":
        separate(root, "2")
        inodes = {path: os.lstat(twins.root / path) for path in before}
        own = {path: each for path, each in inodes.items() if path.startswith("two/")}
        others = {each.st_ino for path, each in inodes.items() if path not in own}
        assert not others & {each.st_ino for each in own.values()}, f"step {step}"
        assert {path: each.st_mtime_ns for path, each in own.items()} == {path: times[path] for path in own}
    return True


def main(directory: str, what: str) -> None:
    """Try all steps."""
    batch._REST = 0  # the files are made a moment before
    step = 1
    while try_step(root := Path(directory) / str(step), what, step):
        shutil.rmtree(root)
        step += 1
    sys.stdout.write(str(step - 1))


if __name__ == "__main__":
    main(*sys.argv[1:])
