"""Removing and bringing back: every environment of the sandbox, path for path."""

from __future__ import annotations

import hashlib
import os
import shutil
import stat
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timezone
from pathlib import Path

import pytest
from msgspec import structs

from condatui_core.actions.remove import plan as remove_plan
from condatui_core.actions.restore import perform as restore_perform
from condatui_core.actions.restore import plan as restore_plan
from condatui_core.actions.restore import recover as restore_recover
from condatui_core.actions.restore.listing import restore_points
from condatui_core.errors import CondatuiError, RefusedError
from condatui_core.prefixes.last_used import OwnUses
from condatui_core.records.environment import Inventory, LastUsed
from condatui_core.records.request import RemoveRequest, RestoreRequest
from condatui_core.restore_points import apply
from condatui_sandbox import Sandbox
from support.contexts import context_of
from support.plain_work import PlainWork, brought_back, removed
from support.removals import RemovalMachine
from support.tiers import thorough

LONG_AGO = datetime(2020, 1, 2, tzinfo=timezone.utc)

Snapshot = dict[str, tuple[object, ...]]


def snapshot(root: Path) -> Snapshot:
    """Everything about a tree that can be put back: kinds, modes, owners, contents, links, times, hard links inside.

    The time and the owner of a file that is linked to the package cache are those of the cache: not an environment's.
    """
    found: Snapshot = {}
    inodes: dict[tuple[int, int], list[str]] = {}
    for directory, names, files in os.walk(root):
        for name in (".", *names, *files):
            path = os.path.normpath(os.path.join(directory, name))
            status = os.lstat(path)
            plain = stat.S_ISREG(status.st_mode)
            shared = plain and status.st_nlink > 1
            if plain:
                inodes.setdefault((status.st_dev, status.st_ino), []).append(path)
            found[os.path.relpath(path, root)] = (
                status.st_mode,
                None if shared else (status.st_uid, status.st_gid, status.st_mtime_ns),
                hashlib.sha256(Path(path).read_bytes()).hexdigest() if plain else "",
                os.readlink(path) if stat.S_ISLNK(status.st_mode) else "",
                status.st_nlink if shared else 1,
            )
    return found


EVERY = (
    "nlp-base",
    "vision-cuda",
    "try-again-final-v2",
    "pip-mix",
    "vision-cpu",
    "prod-frozen",
    "train-pinned",
    "notebooks",
    "segmentation",
    "nlp-exp",
    "bert-finetune",
    "half-cloned",
)


@pytest.mark.parametrize("names", [("pip-mix", "prod-frozen", "notebooks", "half-cloned"), *thorough([(EVERY,)])])
async def test_every_environment_comes_back_file_for_file(
    sandbox_copy: Callable[..., Sandbox], names: tuple[str, ...]
) -> None:
    sandbox = sandbox_copy(*names, "current")
    context = await context_of(sandbox)
    before = {name: snapshot(sandbox.prefixes[name]) for name in names}
    cache = snapshot(sandbox.root_prefix / "pkgs")
    points = await removed(context, *(sandbox.prefixes[name] for name in names), override_frozen=True)
    assert [name for name in names if os.path.lexists(sandbox.prefixes[name])] == []
    listed = (sandbox.home / ".conda/environments.txt").read_text()
    assert [name for name in names if f"{sandbox.prefixes[name]}\n" in listed] == []
    for name, point in zip(names, points, strict=True):
        assert (await brought_back(context, point)).findings == (), name
    for name in names:  # when all are back, for each counts the links to its files
        assert snapshot(sandbox.prefixes[name]) == before[name], name
    assert _but_logs(snapshot(sandbox.root_prefix / "pkgs")) == _but_logs(cache)


async def test_bringing_it_back_is_not_using_it(sandbox_copy: Callable[..., Sandbox]) -> None:
    box = sandbox_copy("notebooks")
    prefix = str(box.prefixes["notebooks"])
    context = await context_of(box)
    environment = context.environment(prefix)
    assert environment is not None
    last_used = LastUsed(at=LONG_AGO, evidence="bin/python3.11 was read", reliable=True)
    known = structs.replace(context.inventory, environments=(structs.replace(environment, last_used=last_used),))
    context = replace(context, inventory=known)
    (point,) = await removed(context, prefix)
    await brought_back(context, point)
    seems = LastUsed(at=context.clock(), evidence="bin/python3.11 was read", reliable=True)
    assert OwnUses(context.locations.own_uses).correct(prefix, seems) == last_used


async def test_what_was_edited_deleted_and_added_comes_back_as_it_was(sandbox_copy: Callable[..., Sandbox]) -> None:
    sandbox = sandbox_copy("notebooks", "nlp-base")
    prefix, pkgs = sandbox.prefixes["notebooks"], sandbox.root_prefix / "pkgs"
    site_packages = next(prefix.glob("lib/python3*/site-packages"))
    modules = sorted(path for path in site_packages.glob("pandas/**/*.py") if path.stat().st_nlink > 1)
    edited, in_place, deleted, locked = modules[:4]
    replace_with(edited, b"edited, as an editor does: a new file")
    with in_place.open("ab") as file:
        file.write(b"# edited in place: the package cache has it too")
    deleted.unlink()
    replace_with(locked, locked.read_bytes())
    locked.chmod(0o400)
    (site_packages / "pandas/compat.py").symlink_to("/nowhere")
    (prefix / "empty/deep").mkdir(parents=True)
    (prefix / "empty").chmod(0o2750)
    (prefix / "data.bin").write_bytes(os.urandom(100_000))
    os.link(prefix / "data.bin", prefix / "empty/same.bin")
    os.link(modules[4], prefix / "linked-module.py")
    (prefix / os.fsdecode(b"caf\xe9 $(touch x)")).write_bytes(b"no UTF-8 in the name")
    os.mkfifo(prefix / "pipe", 0o640)
    os.utime(prefix / "data.bin", ns=(10**18, 10**18 + 123_456_789))
    before = snapshot(prefix)
    context = await context_of(sandbox)
    (point,) = await removed(context, prefix)
    assert (await brought_back(context, point)).findings == ()
    assert snapshot(prefix) == before
    assert os.path.samefile(prefix / "data.bin", prefix / "empty/same.bin")
    assert (
        next(pkgs.glob("pandas-*_1/lib/python3*/site-packages"))
        .joinpath(locked.relative_to(site_packages))
        .stat()
        .st_mode
        & 0o777
        == 0o644
    ), "the file in the cache keeps its own mode"


async def test_what_the_cache_lost_before_is_kept_and_what_it_lost_since_is_downloaded(
    sandbox_copy: Callable[..., Sandbox],
) -> None:
    sandbox = sandbox_copy("notebooks")
    prefix, pkgs = sandbox.prefixes["notebooks"], sandbox.root_prefix / "pkgs"
    lose(pkgs, "ipykernel-*")
    (numpy,) = (path.stem for path in (prefix / "conda-meta").glob("numpy-*.json"))
    next((pkgs / numpy).glob("lib/python3*/site-packages/numpy/__init__.py")).unlink()
    context, before = await context_of(sandbox), contents(snapshot(prefix))
    plan = await remove_plan.plan(RemoveRequest(prefixes=(str(prefix),)), context)
    (warning,) = (each for each in plan.warnings if each.id == "no-cache")
    assert [each.partition("-")[0] for each in warning.evidence] == ["ipykernel", "numpy"]
    (point,) = await removed(context, prefix)
    lose(pkgs, "pandas-2*")
    (summary,) = await restore_points(context)
    assert [each.partition("-")[0] for each in summary.to_download] == ["pandas"]
    assert summary.download_bytes > 0
    plan = await restore_plan.plan(RestoreRequest(id=point), context)
    assert [each.id for each in plan.warnings] == ["download"]
    assert "--offline" not in plan.steps[0].argv
    assert (await brought_back(context, point)).findings == ()
    assert contents(snapshot(prefix)) == before


@pytest.fixture
def machine(tmp_path: Path) -> RemovalMachine:
    return RemovalMachine(tmp_path)


async def test_what_needs_no_conda_comes_back_without_one(machine: RemovalMachine) -> None:
    prefix = machine.make("nlp")
    before = snapshot(prefix.path)
    (point,) = await removed(machine.context(), prefix)
    machine.conda("exit 1")
    context = replace(machine.context(), inventory=Inventory(), conda_facts={})
    plan = await restore_plan.plan(RestoreRequest(id=point), context)
    assert "from the cache" not in dict(plan.facts), "there is nothing to link"
    assert (await brought_back(context, point)).message.startswith("nlp is back: 2 packages, exactly as it was")
    assert snapshot(prefix.path) == before
    assert machine.registry.read_text() == f"{prefix}\n"


async def test_symlinks_into_the_cache_come_back_through_conda(machine: RemovalMachine) -> None:
    prefix, package = machine.make("nlp"), machine.cache("libx")
    linked = machine.install(prefix, package)
    linked.unlink()
    linked.symlink_to(package / "lib/libx.so")
    before = snapshot(prefix.path)
    (point,) = await removed(machine.context(), prefix)
    record = '"$3/conda-meta/libx-1.0-0.json"'
    machine.conda(f'mkdir -p "$3/lib" "$3/conda-meta"; touch {record}; ln {package}/lib/* "$3/lib"')
    work = PlainWork()
    assert (await brought_back(machine.context(), point, work)).findings == ()
    assert len(work.ran) == 1, "or the package might be gone, and the link lead nowhere"
    assert snapshot(prefix.path) == before


async def test_directories_that_are_locked_come_back_locked(machine: RemovalMachine) -> None:
    prefix = machine.make("nlp")
    prefix.write("locked/inner/file", "x")
    for directory in ("locked/inner", "locked"):
        (prefix.path / directory).chmod(0o500)
    before = snapshot(prefix.path)
    machine.conda("true")
    (point,) = await removed(machine.context(), prefix)
    assert not prefix.path.exists()
    assert (await brought_back(machine.context(), point)).findings == ()
    assert snapshot(prefix.path) == before


async def test_nothing_is_ever_replaced(machine: RemovalMachine) -> None:
    prefix = machine.make("nlp")
    (point,) = await removed(machine.context(), prefix)
    request, context = RestoreRequest(id=point), machine.context()
    plan = await restore_plan.plan(request, context)
    prefix.write("mine", "made meanwhile")
    [blocker] = (await restore_plan.plan(request, context)).blockers
    assert (blocker.id, blocker.remedy) == ("target-exists", "Remove or rename what is there first.")
    with pytest.raises(RefusedError):
        await restore_perform.perform(plan, request, context, PlainWork())
    assert os.listdir(prefix.path) == ["mine"]


@pytest.mark.parametrize("name", ["files.tar.gz", "paths.json.gz", "manifest.json"])
async def test_a_damaged_restore_point_brings_nothing_wrong_back(machine: RemovalMachine, name: str) -> None:
    prefix = machine.make("nlp")
    prefix.write("noise", os.urandom(50_000))
    (point,) = await removed(machine.context(), prefix)
    file = machine.points / point / name
    data = bytearray(file.read_bytes())
    data[len(data) // 2] ^= 0xFF
    file.write_bytes(data)
    with pytest.raises(CondatuiError, match="damaged"):
        plan = await restore_plan.plan(RestoreRequest(id=point), machine.context())
        await restore_perform.perform(plan, RestoreRequest(id=point), machine.context(), PlainWork())
    assert not prefix.path.exists()
    file.unlink()
    (summary,) = await restore_points(machine.context())
    assert not summary.whole
    assert summary.problem


@pytest.mark.parametrize(
    ("script", "state"),
    [
        ("exit 0", "untouched"),
        ('echo "==> now <==" >> "$3/conda-meta/history"', "half"),
        ("echo '{}{\"success\": true}'", "untouched"),
        ("kill -9 $$", "untouched"),
    ],
)
async def test_a_conda_that_says_it_did_and_did_not_is_found_out(
    machine: RemovalMachine, script: str, state: str
) -> None:
    prefix = machine.make("nlp")
    machine.install(prefix, machine.cache("libx"))
    (point,) = await removed(machine.context(), prefix)
    request, context = RestoreRequest(id=point), machine.context()
    plan = await restore_plan.plan(request, context)
    conda = str(machine.root / "bin/conda")
    explicit = str(machine.points / point / "conda.txt")
    assert plan.steps[0].argv[:6] == (conda, "install", "-p", str(prefix), "--file", explicit)
    assert "libx-1.0-0" in Path(explicit).read_text()
    machine.conda(script)
    with pytest.raises(CondatuiError, match=r"could not put back|and had not"):
        await restore_perform.perform(plan, request, context, PlainWork())
    assert (await restore_recover.recover(plan, request, "link", context)).state == state


async def test_without_the_conda_that_had_it_packages_cannot_come_back(machine: RemovalMachine) -> None:
    prefix = machine.make("nlp")
    machine.install(prefix, machine.cache("libx"))
    (point,) = await removed(machine.context(), prefix)
    context = replace(machine.context(), inventory=Inventory(), conda_facts={})
    plan = await restore_plan.plan(RestoreRequest(id=point), context)
    assert [each.id for each in plan.blockers] == ["no-conda"]
    (summary,) = await restore_points(context)
    assert summary.problem == f"the conda in {machine.root} is not there"


class KilledError(Exception):
    """Stands for whatever ends a job from outside."""


@pytest.mark.parametrize(
    ("stage", "state"), [("look", "untouched"), ("link", "untouched"), ("unpack", "half"), ("compare", "done")]
)
async def test_killed_in_any_stage_it_says_what_is_there(machine: RemovalMachine, stage: str, state: str) -> None:
    prefix = machine.make("nlp")
    (point,) = await removed(machine.context(), prefix)

    def die(name: str) -> None:
        if name == stage:
            raise KilledError

    with pytest.raises(KilledError):
        await brought_back(machine.context(), point, PlainWork(before_stage=die))
    request, context = RestoreRequest(id=point), machine.context()
    after = await restore_recover.recover(await restore_plan.plan(request, context), request, stage, context)
    assert after.state == state


async def test_half_brought_back_it_can_be_removed_and_brought_back_again(
    machine: RemovalMachine, monkeypatch: pytest.MonkeyPatch
) -> None:
    prefix = machine.make("nlp")
    before = snapshot(prefix.path)
    (point,) = await removed(machine.context(), prefix)

    monkeypatch.setattr(apply._Applier, "unpack", killed)
    with pytest.raises(KilledError):
        await brought_back(machine.context(), point)
    monkeypatch.undo()
    request, context = RestoreRequest(id=point), machine.context()
    after = await restore_recover.recover(await restore_plan.plan(request, context), request, "unpack", context)
    assert (after.state, after.way_out) == ("half", RemoveRequest(prefixes=(str(prefix),)))
    machine.note(prefix.path, state="orphan")
    assert await removed(machine.context(), prefix) == (), "the restore point has it whole"
    await brought_back(machine.context(), point)
    assert snapshot(prefix.path) == before


async def test_what_came_into_a_half_that_was_brought_back_is_kept(
    machine: RemovalMachine, monkeypatch: pytest.MonkeyPatch
) -> None:
    prefix = machine.make("nlp")
    (whole,) = await removed(machine.context(), prefix)
    with monkeypatch.context() as patched, pytest.raises(KilledError):
        patched.setattr(apply._Applier, "finish", killed)
        await brought_back(machine.context(), whole)
    prefix.write("notes/todo.txt", "of nlq")
    prefix.write("work.ipynb", "a day of work")
    request, context = RestoreRequest(id=whole), machine.context()
    after = await restore_recover.recover(await restore_plan.plan(request, context), request, "unpack", context)
    assert "has been used since: notes/todo.txt and 1 more are its own" in after.message
    machine.note(prefix.path, state="orphan")
    (half,) = await removed(machine.context(), prefix)
    await brought_back(machine.context(), half)
    assert (prefix.path / "work.ipynb").read_text() == "a day of work"
    assert (prefix.path / "notes/todo.txt").read_text() == "of nlq"


async def test_a_half_whose_restore_point_is_damaged_is_kept(
    machine: RemovalMachine, monkeypatch: pytest.MonkeyPatch
) -> None:
    prefix = machine.make("nlp")
    (whole,) = await removed(machine.context(), prefix)
    with monkeypatch.context() as patched, pytest.raises(KilledError):
        patched.setattr(apply._Applier, "finish", killed)
        await brought_back(machine.context(), whole)
    (machine.points / whole / "files.tar.gz").write_bytes(b"")
    machine.note(prefix.path, state="orphan")
    (half,) = await removed(machine.context(), prefix)
    await brought_back(machine.context(), half)
    assert (prefix.path / "notes/todo.txt").read_text() == "of nlp"


def killed(*_: object) -> None:
    raise KilledError


def replace_with(file: Path, data: bytes) -> None:
    """Write a new file in the place of another one, as editors and pip do."""
    file.unlink()
    file.write_bytes(data)


def lose(pkgs: Path, pattern: str) -> None:
    """Delete packages from a cache, archives as well."""
    for path in pkgs.glob(pattern):
        shutil.rmtree(path) if path.is_dir() else path.unlink()


def contents(found: Snapshot) -> dict[str, tuple[object, ...]]:
    """Kinds, modes, contents and targets, whatever is linked to what."""
    return {path: (each[0], each[2], each[3]) for path, each in found.items()}


def _but_logs(cache: Snapshot) -> Snapshot:
    """A package cache without what conda touches whenever it runs."""
    return {path: seen for path, seen in cache.items() if path not in (".", "urls", "urls.txt")}
