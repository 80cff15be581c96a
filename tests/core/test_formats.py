"""Formats that outlive a process: data of 0.1.0 is read, and what a newer condatui wrote is told and left alone."""

from __future__ import annotations

import gzip
import json
import os
import shutil
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import msgspec
import pytest

from condatui_core.actions import forget
from condatui_core.actions.clean import plan as clean_plan
from condatui_core.actions.incomplete_marker import is_marked_incomplete, mark_incomplete, read_marker
from condatui_core.actions.restore.listing import find_restore_point, restore_points
from condatui_core.actions.restore.plan import plan as restore_plan
from condatui_core.conda.client import recall_answer
from condatui_core.disk import tree_store
from condatui_core.disk.messages import PlaceRequest
from condatui_core.disk.tree_store import DamagedStoreError, TreeStore
from condatui_core.disk.usage import Disk
from condatui_core.environment_files.reading import read_environment_file
from condatui_core.errors import NewerFormatError, UsageError
from condatui_core.fs.tree import read_tree
from condatui_core.gpu.result_cache import ResultCache
from condatui_core.jobs import journal, journal_store
from condatui_core.jobs.journal import Entry, Journal, Submission
from condatui_core.jobs.journal_store import ReadJournal, newer_findings, prune, survey_journals
from condatui_core.jobs.writer_lock import WriterLock
from condatui_core.prefixes.cache import PrefixCache
from condatui_core.prefixes.last_list import read_last_list, write_last_list
from condatui_core.prefixes.last_used import OwnUses
from condatui_core.prefixes.probe import HALF_MADE
from condatui_core.proc.owner import Owner, this_process
from condatui_core.records.environment import Environment, Inventory, LastUsed
from condatui_core.records.installation import ChannelConfig, Installation
from condatui_core.records.job import Plan
from condatui_core.records.request import (
    CleanRequest,
    CloneRequest,
    ForgetRequest,
    RemoveRequest,
    Request,
    RestoreRequest,
)
from condatui_core.restore_points import store
from condatui_core.restore_points.apply import apply_restore_point
from condatui_core.restore_points.prune import prunable_points
from condatui_core.restore_points.store import all_points, new_point, newer_points, read_paths_of, read_point
from condatui_core.restore_points.verify import differences
from condatui_core.settings import Locations, Settings
from support.contexts import made_context
from support.fake_actions import MakeDirectory, queue_of
from support.inventories import NOW

DATA = Path(__file__).parents[1] / "data" / "0.1.0"
HERE = Owner(pid=1, mark="another", host="gpu07")
POINT = "20260520-100006-nlp-exp"
DONE, FAILED, INTERRUPTED = "20260520-100001-aa5c", "20260520-110001-88d9", "20260520-120001-6536"
VISION = "/srv/conda/envs/vision"


@pytest.fixture
def old(tmp_path: Path) -> Locations:
    """What 0.1.0 has left in the home of a user."""
    shutil.copytree(DATA, tmp_path / ".condatui")
    return made_context(Inventory(), tmp_path).locations


def restate(file: Path, **fields: object) -> None:
    """State something else in a JSON file, packed or not."""
    packed = file.suffix == ".gz"
    data = file.read_bytes()
    document = {**json.loads(gzip.decompress(data) if packed else data), **fields}
    text = json.dumps(document).encode()
    file.write_bytes(gzip.compress(text) if packed else text)


# Journals


def read_journal(directory: Path) -> ReadJournal:
    """One of the journals beside each other."""
    (told,) = (each for each in survey_journals(directory.parent, HERE).journals if each.directory == directory)
    return told


def test_a_job_of_0_1_0_that_was_done_is_read(old: Locations) -> None:
    told = read_journal(old.jobs / DONE)
    job = told.job
    assert (job.plan.title, job.state, job.recovery) == ("Remove nlp-exp", "done", None)
    assert job.plan.request == RemoveRequest(prefixes=("/srv/conda/envs/nlp-exp",))
    assert [step.title for step in job.plan.steps][:2] == [
        "Make a restore point of nlp-exp",
        "Remove nlp-exp with conda",
    ]
    assert [each.id for each in job.plan.warnings] == ["no-cache"]
    assert job.commands[0][:2] == ("/srv/conda/bin/conda", "remove")
    assert job.output == (f"restore point {POINT}: 9 files",)
    assert job.end
    assert job.end.outcome
    assert (job.end.outcome.bytes_freed, job.end.outcome.restore_points) == (36864, (POINT,))
    assert job.ended == datetime(2026, 5, 20, 12, 0, 24, tzinfo=timezone(timedelta(hours=2)))


@pytest.mark.parametrize(("id_", "name", "state"), [(FAILED, "failed", "failed"), (INTERRUPTED, "half", "interrupted")])
def test_what_0_1_0_found_after_a_job_is_read(old: Locations, id_: str, name: str, state: str) -> None:
    told = read_journal(old.jobs / id_)
    job = told.job
    target = f"/srv/conda/envs/{name}"
    assert (job.plan.title, job.state) == (f"Make {name}", state)
    assert job.plan.request == CloneRequest(source="/srv/conda/envs/nlp-base", target=target)
    assert job.stage
    assert job.stage.name == "fill"
    assert job.recovery
    assert (job.recovery.state, job.recovery.message) == ("half", "The directory is half-made.")
    assert job.recovery.way_out == RemoveRequest(prefixes=(target,), restore_point=False)
    assert job.recovery.way_out_title == "Remove the half-made directory"
    assert not told.settled


def test_a_job_of_0_1_0_that_was_killed_is_given_up(old: Locations) -> None:
    events = old.jobs / INTERRUPTED / journal.EVENTS
    events.write_bytes(b"".join(events.read_bytes().splitlines(keepends=True)[:3]))
    told = read_journal(old.jobs / INTERRUPTED)
    assert (told.job.state, told.job.recovery) == ("interrupted", None)


def test_journals_of_0_1_0_are_all_there(old: Locations) -> None:
    assert [each.job.id for each in survey_journals(old.jobs, HERE).journals] == [INTERRUPTED, FAILED, DONE]
    assert survey_journals(old.jobs, HERE).newer == ()


async def test_a_journal_states_its_format(tmp_path: Path) -> None:
    new = Journal(tmp_path / "one")
    plan = Plan(request=CloneRequest(source="/a", target="/b"), title="Clone")
    await new.begin(plan, Submission(owner=this_process(), at=NOW))
    await new.close()
    assert json.loads((tmp_path / "one" / journal.OWNER).read_bytes())["format"] == journal.FORMAT
    assert read_journal(tmp_path / "one")


async def test_the_journal_of_a_newer_condatui_is_told_and_neither_read_nor_pruned(
    old: Locations, monkeypatch: pytest.MonkeyPatch
) -> None:
    restate(old.jobs / FAILED / journal.OWNER, format=99, owner={"something": "else"})
    assert [each.job.id for each in survey_journals(old.jobs, HERE).journals] == [INTERRUPTED, DONE]
    assert survey_journals(old.jobs, HERE).newer == (old.jobs / FAILED,)
    note = "The journal of one job was made by a newer condatui (format 99); this one reads format 6 and leaves"
    note += " them alone."
    (told,) = newer_findings(survey_journals(old.jobs, HERE).newer)
    assert (told.id, told.message) == ("newer-journal", note)
    jobs = queue_of(old.home, MakeDirectory())
    await jobs.recall()
    assert (jobs.newer, len(jobs.jobs)) == ((told,), 2)
    monkeypatch.setattr(journal_store, "MOST_KEPT", 1)
    prune(old.jobs, datetime.now(timezone.utc))
    assert sorted(os.listdir(old.jobs)) == [FAILED, INTERRUPTED]
    prune(old.jobs, datetime.now(timezone.utc) + timedelta(days=1000))
    assert os.listdir(old.jobs) == [FAILED]


def test_a_new_kind_of_request_or_entry_raises_the_format_of_journals() -> None:
    """A former condatui cannot read the plan, and passes over the line: it has to be told."""
    requests = {each.__struct_config__.tag for each in Request.__args__}
    entries = {each.__struct_config__.tag for each in Entry.__args__}
    known = {
        1: (
            {"clone", "export", "pack", "remove", "restore", "clean", "forget"},
            {"begun", "stage", "command", "command-ended", "output", "ended", "aftermath", "settled"},
        ),
        2: (
            {
                "clone",
                "export",
                "export-all",
                "pack",
                "remove",
                "restore",
                "clean",
                "forget",
                "cleanup",
                "merge",
                "update",
                "leftovers",
                "kernels",
                "create",
                "unpack",
                "ship",
                "checkpoint",
                "rollback",
            },
            {"begun", "stage", "command", "command-ended", "output", "ended", "aftermath", "settled"},
        ),
    }
    known[3] = (known[2][0] | {"slim"}, known[2][1])
    known[4] = (known[3][0] | {"relink", "separate"}, known[3][1])
    known[5] = (known[4][0] | {"several"}, known[4][1])
    known[6] = known[5]  # which undoes jobs as a whole, by parts that a former one does not know
    assert (requests, entries) == known[journal.FORMAT]


# Marks of half-made environments


def test_the_mark_of_a_newer_condatui_marks_but_does_not_say_what_it_was_made_from(tmp_path: Path) -> None:
    target = tmp_path / "half"
    mark_incomplete(str(target), job="1", now=NOW, source="/srv/conda/envs/nlp")
    made = read_marker(str(target))
    assert (made and made.source, json.loads((target / HALF_MADE).read_bytes())["format"]) == ("/srv/conda/envs/nlp", 1)
    restate(target / HALF_MADE, format=2)
    assert (read_marker(str(target)), is_marked_incomplete(str(target))) == (None, True)


def test_the_mark_of_0_1_0_is_read(tmp_path: Path) -> None:
    (tmp_path / HALF_MADE).write_text('{"format":1,"made_by":"condatui","job":"1","at":"2026-05-20T10:00:00Z"}')
    made = read_marker(str(tmp_path))
    assert made
    assert (made.job, made.source, made.restore_point) == ("1", "", "")


# Restore points


def test_a_restore_point_of_0_1_0_is_read(old: Locations) -> None:
    point = read_point(old.restore_points, POINT)
    assert (point.name, point.prefix, point.conda_version) == ("nlp-exp", "/srv/conda/envs/nlp-exp", "24.7.1")
    assert (point.host, point.root_prefix, point.of_whole) == ("gpu07", "/srv/conda", True)
    assert [(each.dist_name, each.kept) for each in point.packages] == [("python-3.11.9-h123_0_cpython", True)]
    assert point.distributions == ("httpx==1.0",)
    paths = {each.path: each for each in read_paths_of(old.restore_points, point)}
    assert len(paths) == point.paths == 20
    assert (paths["notes/latest"].kind, paths["notes/latest"].target) == ("symlink", "todo.txt")
    assert {paths["notes/todo.txt"].same_as, paths["notes/same.txt"].same_as} & {"notes/same.txt", "notes/todo.txt"}
    assert [each.id for each in all_points(old.restore_points)] == [POINT]


def test_a_restore_point_of_0_1_0_brings_back_all_and_is_verified(old: Locations, tmp_path: Path) -> None:
    paths = read_paths_of(old.restore_points, read_point(old.restore_points, POINT))
    target = tmp_path / "back"
    target.mkdir()
    apply_restore_point(old.restore_points / POINT, paths, str(target), lambda _: None)
    found = [each for each in differences(read_tree(str(target)), paths) if each.what != "owner"]  # that was root's
    assert found == []
    assert (target / "notes/todo.txt").read_text() == "of nlp-exp"
    (target / "notes/todo.txt").write_text("of another")
    assert {each.what for each in differences(read_tree(str(target)), paths)} >= {"content"}


async def test_a_restore_point_of_0_1_0_is_listed_and_found(old: Locations) -> None:
    context = made_context(Inventory(), old.home)
    (listed,) = await restore_points(context)
    assert (listed.id, listed.name, listed.packages, listed.pip_packages, listed.problem) == (
        POINT,
        "nlp-exp",
        1,
        1,
        "",
    )
    assert find_restore_point("nlp-exp", context) == POINT


def test_a_restore_point_states_its_format(tmp_path: Path) -> None:
    point = read_point(DATA / "state/restore", POINT)
    with new_point(tmp_path, "nlp", NOW) as (point_id, made):
        assert json.loads((made / store.OWNER).read_bytes())["format"] == store.FORMAT
        store.write_manifest(
            made, msgspec.structs.replace(point, id=point_id, paths=0, archived_files=0, packages=()), ()
        )
    for name in (store.MANIFEST, store.PATHS):
        data = (tmp_path / point_id / name).read_bytes()
        assert json.loads(gzip.decompress(data) if name == store.PATHS else data)["format"] == store.FORMAT == 1
    assert read_paths_of(tmp_path, read_point(tmp_path, point_id)) == ()


@pytest.fixture
def newer(old: Locations) -> Locations:
    """A home where a newer condatui has made the restore point, in a way that is not known here."""
    restate(old.restore_points / POINT / store.MANIFEST, format=2, prefix={"root": "/srv", "rest": "conda"})
    return old


async def test_the_restore_point_of_a_newer_condatui_is_told_and_not_used(newer: Locations) -> None:
    context = made_context(Inventory(), newer.home)
    told = "The restore point was made by a newer condatui (format 2); this one reads format 1."
    with pytest.raises(NewerFormatError) as raised:
        await restore_plan(RestoreRequest(id=POINT), context)
    assert raised.value.title == told
    (listed,) = await restore_points(context)
    assert (listed.id, listed.name, listed.problem, listed.whole) == (POINT, "nlp-exp", told, False)
    assert newer_points(newer.restore_points) == (POINT,)
    with pytest.raises(UsageError, match="1 of a newer condatui"):
        find_restore_point("nlp-exp", context)
    assert find_restore_point(POINT, context) == POINT


async def test_the_restore_point_of_a_newer_condatui_is_never_deleted(newer: Locations) -> None:
    directory = newer.restore_points
    tight, far = Settings(restore_days=1, restore_bytes=1), NOW + timedelta(days=1000)
    assert prunable_points(directory, all_points(directory), tight, far, spare=()) == ()
    with pytest.raises(NewerFormatError):
        store.delete_point(directory, POINT)
    plan = await forget.plan(ForgetRequest(ids=(POINT,)), made_context(Inventory(), newer.home))
    assert [each.id for each in plan.blockers] == ["newer-restore-point"]
    assert os.listdir(directory) == [POINT]


def test_paths_of_a_newer_condatui_are_not_half_read(old: Locations) -> None:
    restate(old.restore_points / POINT / store.PATHS, format=2)
    with pytest.raises(NewerFormatError):
        read_paths_of(old.restore_points, read_point(old.restore_points, POINT))


@pytest.mark.parametrize(("format_", "left"), [(None, []), (1, []), (2, [".deleting-x", ".making-x"])])
def test_what_a_newer_condatui_was_making_or_deleting_is_not_swept(
    tmp_path: Path, format_: int | None, left: list[str]
) -> None:
    stated = {} if format_ is None else {"format": format_}
    gone = {**msgspec.to_builtins(this_process()), "pid": 2**22 + 1, "mark": "gone"}
    for name, file, content in ((".making-x", store.OWNER, gone), (".deleting-x", store.MANIFEST, {"id": "x"})):
        (tmp_path / name).mkdir()
        (tmp_path / name / file).write_text(json.dumps({**stated, **content}))
    with new_point(tmp_path, "nlp", NOW):
        assert [name for name in sorted(os.listdir(tmp_path)) if name.endswith("-x")] == left


async def test_cleaning_warns_of_restore_points_whose_needs_are_not_known(newer: Locations) -> None:
    request = CleanRequest(pkgs_dirs=(), what=("packages",))
    plan = await clean_plan.plan(request, made_context(Inventory(), newer.home, environ={"PATH": os.environ["PATH"]}))
    assert [each.id for each in plan.warnings] == ["newer-restore-points"]


# What is written beside the writer's lock, and what was noted of own uses


def test_who_writes_is_said_whatever_condatui_it_is(tmp_path: Path) -> None:
    lock = WriterLock(tmp_path, this_process())
    assert lock.try_take("Make new")
    lock.release()
    assert json.loads((tmp_path / "writer").read_bytes())["format"] == 1
    assert lock.holder().endswith("is at work: Make new")
    shutil.copy(DATA / "state/writer", tmp_path / "writer")
    assert lock.holder().startswith("pid ")
    restate(tmp_path / "writer", format=2)
    assert lock.holder() == "a newer condatui is at work"


def test_own_uses_of_0_1_0_still_correct_what_was_used(old: Locations, tmp_path: Path) -> None:
    seen = LastUsed(at=NOW + timedelta(seconds=5), evidence="bin/python was read", reliable=True)
    before = LastUsed(at=NOW - timedelta(days=3), evidence="bin/python3.11 was read", reliable=True)
    assert OwnUses(old.own_uses).correct(VISION, seen) == before
    new = OwnUses(tmp_path / "new")
    new.note(VISION, NOW, NOW + timedelta(seconds=9), before)
    assert new.correct(VISION, seen) == before
    (file,) = (tmp_path / "new").iterdir()
    begun, ended, known, format_, _ = msgspec.msgpack.decode(file.read_bytes())
    assert format_ == 1
    file.write_bytes(msgspec.msgpack.encode((begun, ended, known, 2)))
    assert new.correct(VISION, seen) == seen


# Caches: those of another release are passed over, and never shown wrongly


def test_the_last_list_of_0_1_0_is_read_and_that_of_a_newer_one_is_not(old: Locations, tmp_path: Path) -> None:
    assert read_last_list(old.last_list) == {"/srv/conda": "/srv/conda", VISION: VISION}
    written = {"/a": "base", "/b\udcff": "/b\udcff", "/c/envs/d\n": "d\n"}
    write_last_list(tmp_path / "list", written)
    assert read_last_list(tmp_path / "list") == written
    data = (tmp_path / "list").read_bytes()
    assert data.startswith(b"format 1\0")
    (tmp_path / "list").write_bytes(data.replace(b"format 1", b"format 2"))
    assert read_last_list(tmp_path / "list") == {}


def test_the_prefix_cache_of_0_1_0_says_nothing_of_a_prefix_that_is_gone(old: Locations) -> None:
    assert list(old.prefix_cache.iterdir())
    contents = PrefixCache(old.prefix_cache).read(VISION)
    assert contents.packages == ()


def test_the_gpu_cache_of_0_1_0_says_nothing_of_a_prefix_that_is_gone(old: Locations) -> None:
    assert list(old.gpu_cache.iterdir())
    cache = ResultCache(old.gpu_cache, environ={}, clock=lambda: NOW, system=Path("/nowhere"))
    assert cache.recall(Environment(name="vision", prefix=VISION)) is None


async def test_the_disk_store_of_0_1_0_is_passed_over(old: Locations) -> None:
    before = {each.name: each.read_bytes() for each in old.disk_cache.iterdir()}
    here = old.home / "env"
    (here / "conda-meta").mkdir(parents=True)
    conda = Installation(executable="/srv/conda/bin/conda", root_prefix="/srv/conda")
    machine = Inventory(environments=(Environment(name="env", prefix=str(here)),), installations=(conda,))
    disk = Disk(old, environ={"PATH": os.environ["PATH"]}, clock=lambda: NOW)
    measured = [each async for each in disk.measure(machine)][-1]
    use = measured.use_of(str(here))
    assert use
    assert use.outside == use.shared_with_environments == 0
    after = {each.name: each.read_bytes() for each in old.disk_cache.iterdir()}
    assert after["table"] != before["table"]


async def test_the_disk_store_of_another_format_is_passed_over(old: Locations, monkeypatch: pytest.MonkeyPatch) -> None:
    here = old.home / "env"
    (here / "conda-meta").mkdir(parents=True)
    machine = Inventory(environments=(Environment(name="env", prefix=str(here)),))
    disk = Disk(old, environ={"PATH": os.environ["PATH"]}, clock=lambda: NOW)
    places = [each async for each in disk.measure(machine)][-1].places
    requests = [PlaceRequest(os.fsencode(each.path), each.cache, ()) for each in places]
    kept = TreeStore(old.disk_cache, requests)
    assert kept.table() is not None
    assert kept.inodes() is not None
    monkeypatch.setattr(tree_store, "_FORMAT", 99)
    assert kept.table() is None
    with pytest.raises(DamagedStoreError):
        kept.inodes()


CACHED = sorted(each for each in (DATA / "cache").rglob("*") if each.is_file())


@pytest.mark.parametrize("file", CACHED, ids=lambda each: each.name)
def test_what_0_1_0_cached_is_no_answer_of_a_conda(file: Path) -> None:
    class Other(msgspec.Struct, frozen=True):
        key: bytes

    assert recall_answer(file, Other) is None


# What was printed


def test_a_list_that_a_newer_condatui_has_printed_is_not_half_read(tmp_path: Path) -> None:
    file = tmp_path / "shown.json"
    read: Callable[[], Any] = lambda: read_environment_file(file, ChannelConfig(), "linux-64")  # noqa: E731
    document = {"prefix": "/a", "packages": [{"name": "numpy", "version": "1.0"}]}
    for stated in ({}, {"format": 1}):
        file.write_text(json.dumps({**stated, **document}))
        assert len(read().entries) == 1
    file.write_text(json.dumps({"format": 2, **document}))
    with pytest.raises(NewerFormatError, match=r"\(format 2\); this one reads format 1"):
        read()
