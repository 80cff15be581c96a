"""Restore points on the disk: whole or not there, listed, found, pruned and deleted."""

from __future__ import annotations

import asyncio
import errno
import io
import json
import os
import sys
import tarfile
from dataclasses import replace
from datetime import timedelta
from functools import partial
from pathlib import Path

import msgspec
import pytest

from condatui_core.actions import forget
from condatui_core.actions.incomplete_marker import mark_incomplete
from condatui_core.actions.remove import perform as remove_perform
from condatui_core.actions.remove import plan as remove_plan
from condatui_core.actions.remove import recover as remove_recover
from condatui_core.actions.restore import perform as restore_perform
from condatui_core.actions.restore import plan as restore_plan
from condatui_core.actions.restore.listing import find_restore_point, restore_points
from condatui_core.errors import CondatuiError, UsageError
from condatui_core.prefixes.discovery import search_root
from condatui_core.prefixes.probe import HALF_MADE
from condatui_core.records.request import ForgetRequest, RemoveRequest, RestoreRequest
from condatui_core.records.restore_point import KeptPath, RestorePoint
from condatui_core.restore_points.create import requirement
from condatui_core.restore_points.store import (
    bytes_of_point,
    delete_point,
    directory_of_points,
    new_point,
    read_paths_of,
    read_point,
    write_manifest,
)
from condatui_core.settings import Locations, Settings
from condatui_core.text import format_bytes
from support.disk_trees import du
from support.inventories import NOW, pip_package
from support.plain_work import PlainWork
from support.removals import RemovalMachine
from support.tiers import thorough

TESTS = Path(__file__).parents[2]


@pytest.fixture
def machine(tmp_path: Path) -> RemovalMachine:
    return RemovalMachine(tmp_path)


async def kept(machine: RemovalMachine, name: str, *, days_ago: int = 0, **settings: object) -> str:
    """Make an environment and remove it so many days ago."""
    prefix = machine.make(name)
    prefix.write("noise", os.urandom(200_000))
    request = RemoveRequest(prefixes=(str(prefix),))
    context = replace(machine.context(**settings), clock=lambda: NOW - timedelta(days=days_ago))
    (point,) = (
        await remove_perform.perform(await remove_plan.plan(request, context), request, context, PlainWork())
    ).restore_points
    return point


async def test_a_restore_point_says_in_plain_files_what_was_there(machine: RemovalMachine) -> None:
    prefix = machine.make("nlp")
    prefix.pip_install(
        "peft", "0.11", direct_url={"url": "https://x.org/peft", "vcs_info": {"vcs": "git", "commit_id": "ab"}}
    )
    prefix.write("conda-meta/pinned", "numpy 1.26.*\n")
    prefix.write("conda-meta/state", '{"env_vars": {"TOKEN": "secret"}}')
    request = RemoveRequest(prefixes=(str(prefix),))
    context = machine.context()
    (point,) = (
        await remove_perform.perform(await remove_plan.plan(request, context), request, context, PlainWork())
    ).restore_points
    directory = machine.points / point
    manifest = json.loads((directory / "manifest.json").read_text())
    assert (manifest["prefix"], manifest["name"], manifest["conda_version"]) == (str(prefix), "nlp", "24.7.1")
    assert manifest["at"] == "2026-05-20T12:00:00+02:00"
    (line,) = (directory / "explicit.txt").read_text().splitlines()[1:]
    assert line.startswith("https://conda.anaconda.org/conda-forge/linux-64/python-3.11.9-h123_0_cpython.conda#")
    assert (directory / "pip.txt").read_text() == "httpx==1.0\npeft @ git+https://x.org/peft@ab\n"
    assert (directory / "meta/pinned").read_text() == "numpy 1.26.*\n"
    assert search_root(str(machine.home)) == ((str(machine.root),), True), "it is no environment itself"
    assert directory.stat().st_mode & 0o777 == machine.points.stat().st_mode & 0o777 == 0o700


async def test_they_are_listed_newest_first_with_what_they_take(machine: RemovalMachine) -> None:
    old, new = await kept(machine, "one", days_ago=3), await kept(machine, "two")
    machine.make("one")
    listed = await restore_points(machine.context())
    assert [(each.id, each.name, each.exists, each.whole) for each in listed] == [
        (new, "two", False, True),
        (old, "one", True, True),
    ]
    assert [each.bytes for each in listed] == [du(machine.points / each.id) for each in listed]
    assert [(each.packages, each.pip_packages) for each in listed] == [(1, 1), (1, 1)]


async def test_one_is_found_by_its_id_or_by_what_was_removed(machine: RemovalMachine) -> None:
    old, new = await kept(machine, "nlp", days_ago=3), await kept(machine, "nlp")
    context = machine.context()
    assert find_restore_point(old, context) == old
    assert find_restore_point("nlp", context) == find_restore_point(str(machine.envs / "nlp"), context) == new
    with pytest.raises(UsageError, match="no restore point `nlq`"):
        find_restore_point("nlq", context)


@pytest.mark.parametrize("point", ["../../etc", "20260101-000000-none", "", "/"])
async def test_what_is_no_id_leads_nowhere(machine: RemovalMachine, point: str) -> None:
    with pytest.raises(UsageError):
        await restore_plan.plan(RestoreRequest(id=point), machine.context())
    plan = await forget.plan(ForgetRequest(ids=(point,)), machine.context())
    assert [each.id for each in plan.blockers] == ["no-restore-point"]


async def test_old_ones_go_when_another_is_made(machine: RemovalMachine) -> None:
    ancient, recent = await kept(machine, "one", days_ago=91), await kept(machine, "two", days_ago=89)
    new = await kept(machine, "three", restore_days=90)
    assert machine.point_ids() == sorted([recent, new])
    assert ancient not in machine.point_ids()


async def test_beyond_the_limit_the_oldest_go_and_never_the_one_just_made(machine: RemovalMachine) -> None:
    await kept(machine, "one", days_ago=3)
    two = await kept(machine, "two", days_ago=2)
    three = await kept(machine, "three", days_ago=1, restore_bytes=2 * du(machine.points / two) + 10_000)
    assert machine.point_ids() == sorted([two, three])
    four = await kept(machine, "four", restore_bytes=10)
    assert machine.point_ids() == [four]


async def test_what_goes_for_its_age_or_for_room_is_in_the_plan_by_name(machine: RemovalMachine) -> None:
    ancient, large = await kept(machine, "one", days_ago=91), await kept(machine, "two", days_ago=2)
    stays = await kept(machine, "three", days_ago=1)
    machine.make("two")
    request = RemoveRequest(prefixes=(str(machine.make("four")),))
    context = machine.context(restore_days=90, restore_bytes=du(machine.points / stays) + 50_000)
    sizes = {each: format_bytes(du(machine.points / each)) for each in (ancient, large)}

    def as_well(point: str) -> str:
        return f"Restore point {point} goes as well, {sizes[point]}"

    plan = await remove_plan.plan(request, context)
    assert plan.removal and plan.removal.prunes == (ancient, large)
    assert [step.title for step in plan.steps[-2:]] == [
        f"Delete restore point {each}: {size}" for each, size in sizes.items()
    ]
    assert [(each.severity, each.message) for each in plan.warnings if each.id == "prunes"] == [
        ("warning", f"{as_well(ancient)}: older than 90 days (`restore_days`). Nothing else can bring back one."),
        ("note", f"{as_well(large)}: beyond {format_bytes(context.settings.restore_bytes)} (`restore_bytes`)."),
    ]
    outcome = await remove_perform.perform(plan, request, context, PlainWork())
    assert machine.point_ids() == sorted([stays, *outcome.restore_points])


async def test_the_restore_points_of_what_is_removed_stay_however_old(machine: RemovalMachine) -> None:
    ancient = await kept(machine, "one", days_ago=91)
    half = str(machine.envs / "one")
    mark_incomplete(half, restore_point=ancient, job="", now=NOW)
    request = RemoveRequest(prefixes=(half, str(machine.make("two"))))
    context = machine.context(restore_days=90)
    plan = await remove_plan.plan(request, context)
    assert plan.removal and plan.removal.prunes == ()
    await remove_perform.perform(plan, request, context, PlainWork())
    assert ancient in machine.point_ids() and not os.path.lexists(half)


async def test_half_of_an_environment_is_no_way_back_to_it(machine: RemovalMachine) -> None:
    whole = await kept(machine, "one", days_ago=3)
    half = machine.make("one")
    half.write(HALF_MADE, "{}")
    half.write("since.txt")
    request = RemoveRequest(prefixes=(str(half),))
    await remove_perform.perform(
        await remove_plan.plan(request, machine.context()), request, machine.context(), PlainWork()
    )
    assert len(machine.point_ids()) == 2
    plan = await forget.plan(ForgetRequest(ids=(whole,)), machine.context())
    assert plan.confirm == "one"


async def test_what_the_plan_did_not_name_is_not_pruned(machine: RemovalMachine) -> None:
    request = RemoveRequest(prefixes=(str(machine.make("nlp")),))
    context = machine.context(restore_days=90)
    plan = await remove_plan.plan(request, context)
    since = await kept(machine, "one", days_ago=91)
    outcome = await remove_perform.perform(plan, request, context, PlainWork())
    assert machine.point_ids() == sorted([since, *outcome.restore_points])


async def test_the_last_way_back_to_something_gone_goes_only_by_a_typed_word(machine: RemovalMachine) -> None:
    older, newer = await kept(machine, "nlp", days_ago=2), await kept(machine, "nlp", days_ago=1)
    there = await kept(machine, "zoo")
    machine.make("zoo")

    async def asked(*ids: str) -> tuple[str, list[str]]:
        plan = await forget.plan(ForgetRequest(ids=ids), machine.context())
        return plan.confirm, [each.message for each in plan.warnings if each.id == "last-restore-point"]

    assert await asked(older) == ("", [])
    assert await asked(there) == ("", []), "zoo is there again"
    told = f"{machine.envs / 'nlp'} is gone, and no restore point of it stays: nothing can bring it back."
    assert await asked(older, newer, there) == ("delete 3", [told])
    (machine.points / older / "paths.json.gz").unlink()
    assert await asked(newer) == ("nlp", [told]), "a damaged one is no way back"


async def test_if_one_cannot_be_deleted_it_is_told_which_are_gone(
    machine: RemovalMachine, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = await kept(machine, "nlp", days_ago=2), await kept(machine, "nlp", days_ago=1)

    def fail(directory: Path, point_id: str) -> None:
        if point_id == second:
            raise OSError(errno.EIO, "Input/output error", str(directory))
        delete_point(directory, point_id)

    monkeypatch.setattr(forget, "delete_point", fail)
    request = ForgetRequest(ids=(first, second))
    plan = await forget.plan(request, machine.context())
    outcome = await forget.perform(plan, request, machine.context(), PlainWork())
    assert (outcome.stopped, machine.point_ids()) == (True, [second])
    assert outcome.message.startswith("1 restore point deleted: ")
    assert [each.message for each in outcome.findings] == [f"Restore point {second} is not deleted."]


async def test_they_are_kept_where_the_settings_say(machine: RemovalMachine) -> None:
    point = await kept(machine, "nlp", restore_directory="~/elsewhere/points")
    assert os.listdir(machine.home / "elsewhere/points") == [point]
    (listed,) = await restore_points(machine.context(restore_directory=str(machine.home / "elsewhere/points")))
    assert listed.id == point


@pytest.mark.parametrize("no_limit", [0, -1])
async def test_zero_and_minus_one_mean_for_ever_and_without_limit(machine: RemovalMachine, no_limit: int) -> None:
    await kept(machine, "one", days_ago=1000)
    await kept(machine, "two", restore_days=no_limit, restore_bytes=no_limit)
    assert len(machine.point_ids()) == 2


async def test_forgetting_frees_what_it_says(machine: RemovalMachine) -> None:
    points = (await kept(machine, "one"), await kept(machine, "two"))
    request, context = ForgetRequest(ids=points[:1]), machine.context()
    plan = await forget.plan(request, context)
    before = du(machine.points)
    outcome = await forget.perform(plan, request, context, PlainWork())
    assert plan.bytes_freed == outcome.bytes_freed == before - du(machine.points) > 200_000
    assert machine.point_ids() == [points[1]]
    assert (await forget.recover(plan, request, "delete", context)).state == "done"


def link_out(path: str, machine: RemovalMachine) -> KeptPath:
    return KeptPath(path, "symlink", 0o777, 0, 0, 0, 0, "manifest", target=str(machine.home))


def tampered(paths: tuple[KeptPath, ...], how: str, machine: RemovalMachine) -> tuple[KeptPath, ...]:
    """The paths of a restore point, the last of them changed."""
    *others, last = paths
    change = partial(msgspec.structs.replace, last)
    return {
        "above": (*others, change(path="../../stray")),
        "absolute": (*others, change(path=str(machine.envs / "stray"))),
        "inside and out": (*others, change(path="notes/../../stray")),
        "through a link": (link_out("out", machine), *others, change(path="out/stray")),
        "through a link that was a directory": (*others, link_out("notes", machine), change(path="notes/stray")),
        "twice": (*others, last, link_out(last.path, machine)),
        "the prefix is a link": (link_out(".", machine), *others[1:], last),
        "the prefix is missing": (*others[1:], last),
        "a link to what is not there": (*others, change(means="manifest", same_as="../../etc/passwd")),
        "an empty name": (*others, change(path="notes//stray")),
        "a name too long": (*paths, link_out("y" * 256, machine)),
        "a name of no bytes": (*paths, link_out("\ud800", machine)),
        "a NUL in an attribute": (*others, change(attributes=(("user.\0", b""),))),
        "a user that cannot be": (*others, change(uid=10**20)),
        "a group that cannot be": (*others, change(gid=-2)),
        "permissions that cannot be": (*others, change(mode=-1)),
        "a size that cannot be": (*others, change(size=-1)),
        "a time that cannot be": (*others, change(mtime_ns=10**30)),
        "a file that is told not to come back": (*paths, change(path="ghost", means="none")),
        "a file that nothing brings back": (*paths, change(path="ghost", means="manifest")),
        "a package that is not listed": (*paths, change(path="ghost", means="package")),
    }[how]


@pytest.mark.parametrize(
    "how",
    [
        "above",
        "absolute",
        "inside and out",
        "through a link",
        "through a link that was a directory",
        "twice",
        "the prefix is a link",
        "the prefix is missing",
        "a link to what is not there",
        "an empty name",
        "a name too long",
        "a name of no bytes",
        "a NUL in an attribute",
        "a user that cannot be",
        "a group that cannot be",
        "permissions that cannot be",
        "a size that cannot be",
        "a time that cannot be",
        "a file that is told not to come back",
        "a file that nothing brings back",
        "a package that is not listed",
    ],
)
async def test_paths_that_no_environment_has_are_refused_before_anything_is_written(
    machine: RemovalMachine, how: str
) -> None:
    point = read_point(machine.points, await kept(machine, "nlp"))
    paths = tampered(read_paths_of(machine.points, point), how, machine)
    rewrite(machine, msgspec.structs.replace(point, paths=len(paths)), paths)
    await is_refused(machine, point.id)


def rewrite(machine: RemovalMachine, point: RestorePoint, paths: tuple[KeptPath, ...]) -> None:
    """Let a restore point say something else of itself."""
    for name in ("manifest.json", "paths.json.gz"):
        (machine.points / point.id / name).unlink()
    write_manifest(machine.points / point.id, point, paths)


async def test_a_list_of_other_packages_is_refused_before_conda_gets_it(machine: RemovalMachine) -> None:
    prefix = machine.make("nlp")
    machine.install(prefix, machine.cache("libx"))
    request, context = RemoveRequest(prefixes=(str(prefix),)), machine.context()
    (point,) = (
        await remove_perform.perform(await remove_plan.plan(request, context), request, context, PlainWork())
    ).restore_points
    with (machine.points / point / "conda.txt").open("a") as listed:
        listed.write("https://elsewhere.invalid/noarch/other-1.0-0.conda\n")
    manifest = read_point(machine.points, point)
    rewrite(machine, manifest, read_paths_of(machine.points, manifest))  # so that it is not found by its size
    await is_refused(machine, point)


async def test_a_manifest_without_its_packages_is_refused(machine: RemovalMachine) -> None:
    prefix = machine.make("nlp")
    machine.install(prefix, machine.cache("libx"))
    request, context = RemoveRequest(prefixes=(str(prefix),)), machine.context()
    plan = await remove_plan.plan(request, context)
    (point,) = (await remove_perform.perform(plan, request, context, PlainWork())).restore_points
    manifest = read_point(machine.points, point)
    paths = tuple(each for each in read_paths_of(machine.points, manifest) if each.means != "package")
    fewer = msgspec.structs.replace(manifest, packages=(), paths=len(paths))
    rewrite(machine, fewer, read_paths_of(machine.points, manifest))
    await is_refused(machine, point)
    rewrite(machine, fewer, paths)
    await is_refused(machine, point)


@pytest.mark.parametrize("prefix", ["", "envs/nlp", "/envs/../nlp", "/envs/\0", "/envs/\ud800"])
async def test_the_list_says_that_a_prefix_cannot_be(machine: RemovalMachine, prefix: str) -> None:
    point = await kept(machine, "nlp")
    manifest = machine.points / point / "manifest.json"
    manifest.write_text(json.dumps({**json.loads(manifest.read_text()), "prefix": prefix}))
    (listed,) = await restore_points(machine.context())
    assert "is no path of an environment" in listed.problem


async def test_a_time_without_a_zone_is_damage(machine: RemovalMachine) -> None:
    point = await kept(machine, "nlp")
    manifest = machine.points / point / "manifest.json"
    manifest.write_text(json.dumps({**json.loads(manifest.read_text()), "at": "2026-05-20T12:00:00"}))
    (listed,) = await restore_points(machine.context())
    assert "damaged" in listed.problem


async def test_a_plan_says_that_an_environment_comes_back_into_another_one(machine: RemovalMachine) -> None:
    outer = machine.make("outer")
    point = await kept(machine, "nlp")
    manifest = machine.points / point / "manifest.json"
    manifest.write_text(json.dumps({**json.loads(manifest.read_text()), "prefix": f"{outer}/inner"}))
    plan = await restore_plan.plan(RestoreRequest(id=point), machine.context())
    assert "inside-environment" in [each.id for each in plan.warnings]


@pytest.mark.parametrize("name", ["files.tar.gz", "paths.json.gz", "conda.txt"])
@pytest.mark.parametrize(
    "how", ["cut off", "gone", "a pipe", *thorough(["empty", "garbage", "zeros", "a directory", "a link"])]
)
@pytest.mark.parametrize("sized", [True, False])
async def test_the_list_says_which_ones_are_damaged(machine: RemovalMachine, name: str, how: str, sized: bool) -> None:
    """Those made before the sizes were noted say it of all but what is cut off."""
    prefix = machine.make("nlp")
    machine.install(prefix, machine.cache("libx"))
    request, context = RemoveRequest(prefixes=(str(prefix),)), machine.context()
    (point,) = (
        await remove_perform.perform(await remove_plan.plan(request, context), request, context, PlainWork())
    ).restore_points
    assert (await restore_points(context))[0].whole
    if not sized:
        manifest = machine.points / point / "manifest.json"
        manifest.write_text(json.dumps({**json.loads(manifest.read_text()), "stored": {}}))
    damage(machine.points / point / name, how)
    (listed,) = await restore_points(context)
    if how == "cut off" and not sized:
        assert listed.problem == ""
    else:
        assert listed.problem == f"{name} is {'gone' if how == 'gone' else 'damaged'}"
    plan = await restore_plan.plan(RestoreRequest(id=point), context)
    assert [each.id for each in plan.blockers] == (["damaged"] if listed.problem or name == "paths.json.gz" else [])


def damage(file: Path, how: str) -> None:
    data = file.read_bytes()
    file.unlink()
    if how == "a directory":
        file.mkdir()
    elif how == "a pipe":
        os.mkfifo(file)
    elif how == "gone":
        pass
    elif how == "a link":
        file.with_name("elsewhere").write_bytes(data)
        file.symlink_to("elsewhere")
    else:
        changed = {"empty": b"", "cut off": data[:-5], "garbage": b"?" * len(data), "zeros": bytes(len(data))}[how]
        file.write_bytes(changed)


async def is_refused(machine: RemovalMachine, point: str) -> None:
    request, context = RestoreRequest(id=point), machine.context()
    plan = await restore_plan.plan(request, context)
    before = sorted(machine.home.rglob("*"))
    with pytest.raises(CondatuiError, match="damaged"):
        await restore_perform.perform(plan, request, context, PlainWork())
    assert sorted(machine.home.rglob("*")) == before


def member(name: str, kind: bytes = tarfile.REGTYPE, *, target: str = "", data: bytes = b"") -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.type, info.linkname, info.size = kind, target, len(data)
    return info


@pytest.mark.parametrize(
    "more",
    [
        member("stray"),
        member("../../stray"),
        member("/tmp/stray"),
        member("notes/todo.txt"),
        member("notes/todo.txt", tarfile.LNKTYPE, target="noise"),
        member("stray", tarfile.LNKTYPE, target="/etc/passwd"),
        member("notes", tarfile.SYMTYPE, target="/etc"),
        member("stray", tarfile.DIRTYPE),
        member("stray", tarfile.FIFOTYPE),
    ],
    ids=lambda info: f"{info.name} {info.type.decode()} {info.linkname}",
)
async def test_an_archive_with_anything_else_in_it_is_refused_before_anything_is_written(
    machine: RemovalMachine, more: tarfile.TarInfo
) -> None:
    point = await kept(machine, "nlp")
    file = machine.points / point / "files.tar.gz"
    with tarfile.open(file) as archive:
        members = [(info, (archive.extractfile(info) or io.BytesIO()).read()) for info in archive]
    with tarfile.open(file, "w:gz") as archive:
        for info, data in (*members, (more, b"")):
            archive.addfile(info, io.BytesIO(data))
    manifest = read_point(machine.points, point)
    paths = read_paths_of(machine.points, manifest)
    rewrite(machine, manifest, paths)  # so that it is not found by its size
    await is_refused(machine, point)


_KILLED = """
import os, signal, sys
from pathlib import Path
import asyncio
from condatui_core.actions.remove import perform as remove_perform, plan as remove_plan
from condatui_core.restore_points import create
from condatui_core.records.request import RemoveRequest
from support.plain_work import PlainWork
from support.removals import RemovalMachine

def die(*_):
    os.kill(os.getpid(), signal.SIGKILL)

home, moment = sys.argv[1:]
machine = RemovalMachine(Path(home))
prefix = machine.make("nlp")
if moment in ("check_archive", "write_manifest"):
    setattr(create, moment, die)
work = PlainWork(before_stage=lambda name: die() if name == moment else None)
request = RemoveRequest(prefixes=(str(prefix),))
context = machine.context()
plan = asyncio.run(remove_plan.plan(request, context))
asyncio.run(remove_perform.perform(plan, request, context, work))
"""


@pytest.mark.parametrize("moment", ["keep", "check_archive", "write_manifest", "remove"])
async def test_killed_with_9_there_is_a_whole_restore_point_or_none(tmp_path: Path, moment: str) -> None:
    environ = {"PATH": os.environ["PATH"], "PYTHONPATH": os.pathsep.join([str(TESTS), *sys.path])}
    home = tmp_path / "home"
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", _KILLED, str(home), moment, env=environ)
    assert await process.wait() == -9
    prefix = home / "conda/envs/nlp"
    assert (prefix / "notes/todo.txt").read_text() == "of nlp"
    machine = RemovalMachine(home)
    machine.note(prefix)
    listed = await restore_points(machine.context())
    assert [each.whole for each in listed] == ([True] if moment == "remove" else [])
    request, context = RemoveRequest(prefixes=(str(prefix),)), machine.context()
    plan = await remove_plan.plan(request, context)
    after = await remove_recover.recover(plan, request, "remove" if moment == "remove" else "keep", context)
    assert after.state == "untouched"
    await remove_perform.perform(plan, request, context, PlainWork())
    assert not [name for name in os.listdir(machine.points) if name.startswith(".")], "nobody's are swept away"


def test_what_a_killed_process_was_deleting_goes_and_nothing_that_a_link_leads_to(tmp_path: Path) -> None:
    (tmp_path / "own").mkdir()
    (tmp_path / "own/kept").touch()
    (tmp_path / "points/.deleting-one/deep").mkdir(parents=True, mode=0o500)
    (tmp_path / "points/.deleting-link").symlink_to(tmp_path / "own")
    with new_point(tmp_path / "points", "nlp", NOW) as (point_id, made):
        (made / "file").write_bytes(b"x" * 5000)
    assert os.listdir(tmp_path / "points") == [point_id]
    assert (tmp_path / "own/kept").exists()
    assert bytes_of_point(tmp_path / "points", point_id) == du(tmp_path / "points" / point_id)
    delete_point(tmp_path / "points", point_id)
    assert os.listdir(tmp_path / "points") == []
    assert bytes_of_point(tmp_path / "points", point_id) == 0


@pytest.mark.parametrize(
    ("setting", "place"), [("~/points", "home/points"), ("points", "home/points"), ("~", "home"), ("/points", None)]
)
def test_the_directory_of_the_settings_may_begin_at_home(tmp_path: Path, setting: str, place: str | None) -> None:
    locations = Locations.of_user({"CONDATUI_HOME": str(tmp_path)}, tmp_path / "home")
    directory = directory_of_points(Settings(restore_directory=setting), locations)
    assert directory == (tmp_path / place if place else Path(setting))


def test_what_a_restore_point_copies_for_people_is_on_the_disk_too(
    machine: RemovalMachine, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced: set[int] = set()
    sync = os.fsync

    def seen_sync(descriptor: int) -> None:
        synced.add(os.fstat(descriptor).st_ino)
        sync(descriptor)

    monkeypatch.setattr(os, "fsync", seen_sync)
    prefix = machine.make("nlp")
    request = RemoveRequest(prefixes=(str(prefix),))

    async def remove() -> None:
        await remove_perform.perform(
            await remove_plan.plan(request, machine.context()), request, machine.context(), PlainWork()
        )

    asyncio.run(remove())
    (point,) = machine.points.iterdir()
    assert synced >= {each.stat().st_ino for each in (machine.points, point, *point.rglob("*"))}


def test_a_project_installed_in_place_that_names_no_place_is_listed_by_its_version() -> None:
    assert requirement(pip_package("x", "1.0", origin="editable", location="/srv/x")) == "-e /srv/x"
    assert requirement(pip_package("x", "1.0", origin="editable")) == "x==1.0"
