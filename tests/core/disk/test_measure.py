"""The walk as a process of its own: what it says on the way, and how it ends."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from contextlib import aclosing
from datetime import datetime, timedelta, timezone
from pathlib import Path

import psutil
import pytest

from condatui_core.disk import measure as measuring
from condatui_core.disk.measure import Measurement, disk_places, measure
from condatui_core.disk.usage import Disk
from condatui_core.errors import CondatuiError
from condatui_core.records.disk import DiskPlace
from condatui_core.records.environment import Environment, Inventory
from condatui_core.records.installation import Installation
from condatui_core.settings import Locations, Settings
from support.disk_trees import cache, du, link, prefixes, write

LATER = datetime.now(timezone.utc) + timedelta(hours=1)


@pytest.fixture
def places(tmp_path: Path) -> list[DiskPlace]:
    shared = write(tmp_path / "pkgs/one-1-0/lib/shared", 30_000)
    for name in ("a", "b"):
        link(shared, tmp_path / name / "lib/shared")
        write(tmp_path / name / "own", 70_000)
    return [*prefixes([tmp_path / "a", tmp_path / "b"]), cache(tmp_path / "pkgs")]


async def all_of(places: list[DiskPlace], kept: Path | None = None) -> list[Measurement]:
    return [each async for each in measure(places, kept=kept, environ=os.environ, now=LATER)]


async def test_the_last_word_is_complete(places: list[DiskPlace], tmp_path: Path) -> None:
    *_, last = await all_of(places)
    assert last.complete
    for place in places[:2]:
        use = last.use_of(place.path)
        assert use and use.total == du(Path(place.path))
    assert last.use_of(str(tmp_path / "pkgs")) is None, "a package cache is no prefix"
    [pkgs] = last.cache_uses([])
    assert pkgs.total == du(tmp_path / "pkgs")


async def test_sizes_come_as_places_are_walked(
    places: list[DiskPlace], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _walk_with(monkeypatch, tmp_path, "from condatui_core.disk import walk; walk._REPORT_SECONDS = 0; walk.main()")
    seen = await all_of(places)
    last = seen[-1]
    assert last.graph
    assert set(last.sizes) == {place.path for place in places}
    assert [len(each.sizes) for each in seen[:-1]] == [1, 2, 3]
    for path, sizes in last.sizes.items():
        assert sizes.total == last.graph.total([path])
        assert sizes.exclusive == last.graph.frees([path])


async def test_whoever_waits_for_the_end_gets_the_same_without_sizes_before(
    places: list[DiskPlace], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _walk_with(monkeypatch, tmp_path, "from condatui_core.disk import walk; walk._REPORT_SECONDS = 0; walk.main()")
    told = (await all_of(places))[-1]
    walk = measure(places, kept=None, environ=os.environ, now=LATER, interim=False)
    *before, last = [each async for each in walk]
    assert before and not any(each.sizes for each in (*before, last))
    assert [last.use_of(place.path) for place in places] == [told.use_of(place.path) for place in places]


async def test_the_second_walk_says_the_same_and_reads_nothing(places: list[DiskPlace], tmp_path: Path) -> None:
    first = (await all_of(places, tmp_path / "kept"))[-1]
    again = (await all_of(places, tmp_path / "kept"))[-1]
    assert again.entries == 0 < first.entries
    assert [again.use_of(place.path) for place in places] == [first.use_of(place.path) for place in places]


async def test_a_walk_that_is_left_leaves_no_process(
    places: list[DiskPlace], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _walk_with(monkeypatch, tmp_path, "tell(WalkProgress(1, ())); import time; time.sleep(600)")
    async with aclosing(measure(places, kept=None, environ=os.environ, now=LATER)) as measurements:
        first = await anext(measurements)
        running = _descendants()
        assert len(running) > 1, "the walk and a process that it started"
    assert not first.complete
    psutil.wait_procs(running, timeout=10)
    assert not [each for each in running if each.is_running() and each.status() != psutil.STATUS_ZOMBIE]


async def test_a_cancelled_walk_leaves_no_process(
    places: list[DiskPlace], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _walk_with(monkeypatch, tmp_path, "tell(WalkProgress(1, ())); import time; time.sleep(600)")
    begun = asyncio.Event()

    async def consume() -> None:
        async for _ in measure(places, kept=None, environ=os.environ, now=LATER):
            begun.set()

    consumer = asyncio.create_task(consume())
    await begun.wait()
    running = _descendants()
    consumer.cancel()
    with pytest.raises(asyncio.CancelledError):
        await consumer
    psutil.wait_procs(running, timeout=10)
    assert not [each for each in running if each.is_running() and each.status() != psutil.STATUS_ZOMBIE]


@pytest.mark.parametrize("script", ["raise SystemExit('it broke')", "import os; os.write(1, b'nonsense nonsense')"])
async def test_a_walk_that_fails_says_why(
    places: list[DiskPlace], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, script: str
) -> None:
    _walk_with(monkeypatch, tmp_path, f"{script}; import sys; sys.exit('it broke')")
    with pytest.raises(CondatuiError, match="it broke"):
        await all_of(places)


async def test_a_walk_that_cannot_be_started_says_why(places: list[DiskPlace], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(measuring, "WALK", ("/nowhere/python",))
    with pytest.raises(CondatuiError, match="could not be measured") as failed:
        await all_of(places)
    assert "No such file" in failed.value.detail


async def test_a_walk_that_complains_a_lot_is_not_held_up(
    places: list[DiskPlace], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _walk_with(
        monkeypatch, tmp_path, "sys.stderr.write('x' * 5_000_000); from condatui_core.disk import walk; walk.main()"
    )
    assert (await asyncio.wait_for(all_of(places), 60))[-1].complete


async def test_a_worker_that_fails_says_why(
    places: list[DiskPlace], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    script = "from condatui_core.disk import walk, workers; workers.carry_out = lambda *_: 1 / 0; walk.main()"
    _walk_with(monkeypatch, tmp_path, script)
    with pytest.raises(CondatuiError, match="ZeroDivisionError"):
        await all_of(places)


def _descendants() -> list[psutil.Process]:
    return psutil.Process().children(recursive=True)


def _walk_with(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, script: str) -> None:
    """Have another script in the place of the walk, which starts a process of its own first, as the walk does."""
    lines = (
        "import subprocess, sys",
        "from condatui_core.disk.messages import WalkProgress, pack",
        "quiet = {'stdout': subprocess.DEVNULL, 'stderr': subprocess.DEVNULL}",
        "subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)'], **quiet)",
        "def tell(message): sys.stdout.buffer.write(pack(message)); sys.stdout.buffer.flush()",
        script,
    )
    file = write(tmp_path / "walk.py")
    file.write_text("\n".join(lines))
    monkeypatch.setattr(measuring, "WALK", (sys.executable, str(file)))


async def test_an_inventory_is_measured_with_the_caches_of_its_installations(tmp_path: Path) -> None:
    root, home = tmp_path / "conda", tmp_path / "home"
    write(root / "conda-meta/history")
    write(root / "pkgs/one-1-0/info/index.json")
    write(home / ".conda/pkgs/two-1-0/info/index.json")
    write(root / "envs/inner/conda-meta/history")
    (tmp_path / "named").mkdir()
    inventory = Inventory(
        environments=(
            Environment(name="base", prefix=str(root)),
            Environment(name="inner", prefix=str(root / "envs/inner")),
            Environment(name="gone", prefix=str(tmp_path / "gone"), state="missing"),
        ),
        installations=(Installation(executable=str(root / "bin/conda"), root_prefix=str(root)),),
        pkgs_dirs=("~/nowhere", str(root / "pkgs")),
    )
    locations = Locations.of_user({"CONDATUI_HOME": str(tmp_path / "own")}, home)
    disk = Disk(locations, environ={**os.environ, "CONDA_PKGS_DIRS": str(tmp_path / "named")}, clock=lambda: LATER)
    *_, last = [each async for each in disk.measure(inventory)]
    assert [place.path for place in last.places] == [
        str(path) for path in (root, root / "envs/inner", root / "pkgs", tmp_path / "named", home / ".conda/pkgs")
    ]
    base = last.use_of(str(root))
    assert base and base.total == du(root) - du(root / "pkgs") - du(root / "envs/inner")
    assert base.with_nested == du(root)
    assert (await disk.break_down(inventory.environments[0], last.places)).untracked == base.total - _bookkeeping(root)


def _bookkeeping(root: Path) -> int:
    return sum(path.lstat().st_blocks * 512 for path in (root, root / "conda-meta", root / "conda-meta/history"))


def test_a_package_cache_that_a_variable_names_may_begin_at_home(tmp_path: Path) -> None:
    (tmp_path / "pkgs").mkdir()
    (place,) = disk_places(Inventory(), environ={"CONDA_PKGS_DIRS": "~/pkgs"}, home=tmp_path)
    assert (place.path, place.cache) == (str(tmp_path / "pkgs"), True)


def test_the_process_of_a_walk_starts_without_what_only_its_parent_needs() -> None:
    """A second walk takes a second of processor time, of which importing asyncio would be a tenth."""
    shown = "import sys, condatui_core.disk.walk; print('asyncio' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", shown], check=True, capture_output=True).stdout == b"False\n"


async def test_what_is_not_to_be_measured_is_walked_neither_by_itself_nor_in_another(tmp_path: Path) -> None:
    """As a base on a disk of this machine, with its `envs` on a slow one."""
    for prefix in ("root", "root/envs/a", "root/envs/b", "root/envsx"):
        write(tmp_path / prefix / "own", 70_000)
        (tmp_path / prefix / "conda-meta").mkdir()
    link(tmp_path / "root/envs/a/own", tmp_path / "root/envs/b/shared")
    found = tuple(
        Environment(name=name, prefix=str(tmp_path / name), state="ok")
        for name in ("root", "root/envs/a", "root/envs/b", "root/envsx")
    )
    locations = Locations.of_user({"CONDATUI_HOME": str(tmp_path / "own")}, tmp_path)
    chosen = Settings(unmeasured=(str(tmp_path / "root/envs/a"),))
    disk = Disk(locations, environ={}, clock=lambda: LATER, settings=chosen)
    *_, usage = [each async for each in disk.survey(Inventory(environments=found))]
    assert {*usage.uses} == {each.prefix for each in found} - {str(tmp_path / "root/envs/a")}
    assert usage.left_out == {str(tmp_path / "root/envs/a")}
    root, b = usage.uses[str(tmp_path / "root")], usage.uses[str(tmp_path / "root/envs/b")]
    assert root.total == du(tmp_path / "root") - du(tmp_path / "root/envs/a", tmp_path / "root/envs/b") - du(
        tmp_path / "root/envsx"
    )
    assert b.outside >= 70_000, "a file that may have a name in what was not walked stays"
    assert not usage.freed_by([str(tmp_path / "root/envs/a")]).measured
    parts = await disk.break_down(found[0], usage.places)
    assert parts.untracked + parts.bookkeeping == root.total


async def test_a_walk_of_nothing_starts_nothing_to_wait_for(tmp_path: Path) -> None:
    write(tmp_path / "a/own")
    locations = Locations.of_user({"CONDATUI_HOME": str(tmp_path / "own")}, tmp_path)
    disk = Disk(locations, environ={}, clock=lambda: LATER, settings=Settings(unmeasured=("/",)))
    found = Environment(name="a", prefix=str(tmp_path / "a"), state="ok")
    *_, usage = [each async for each in disk.survey(Inventory(environments=(found,)))]
    assert (usage.complete, usage.uses, usage.places) == (True, {}, ())


async def test_no_more_processes_walk_than_are_wanted(
    places: list[DiskPlace], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    script = "from condatui_core.disk.messages import read_request; request = read_request(sys.stdin.buffer)"
    _walk_with(monkeypatch, tmp_path, f"{script}; sys.exit(f'{{request.workers}} {{request.most_workers}}')")
    asked: list[str] = []
    for most in (1, 0, 40):
        with pytest.raises(CondatuiError) as failed:
            [each async for each in measure(places, kept=None, environ=os.environ, now=LATER, most_processes=most)]
        asked.append(failed.value.detail)
    usual = min(4, os.cpu_count() or 1)
    assert asked == ["1 1", f"{usual} 16", f"{usual} 40"]
