"""What comes back is as it was in all that a file system keeps: links, owners, attributes, holes, and unseen edits."""

from __future__ import annotations

import errno
import os
import struct
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from msgspec import structs

from condatui_core.actions.clone.mirror import Mirror
from condatui_core.actions.clone.source import read_source
from condatui_core.actions.prefix_change import PrefixChange
from condatui_core.actions.remove import perform as remove_perform
from condatui_core.actions.remove import plan as remove_plan
from condatui_core.actions.restore import perform as restore_perform
from condatui_core.actions.restore import plan as restore_plan
from condatui_core.fs.attributes import attributes_of
from condatui_core.fs.held_tree import HeldTree
from condatui_core.prefixes.snapshot import read_snapshot
from condatui_core.records.job import Outcome, Plan
from condatui_core.records.request import RemoveRequest, RestoreRequest
from condatui_core.restore_points.create import estimate
from condatui_core.restore_points.store import read_paths_of, read_point, write_manifest
from condatui_sandbox import Sandbox
from support.contexts import context_of
from support.plain_work import PlainWork, removed
from support.prefixes import FakePrefix, make_prefix
from support.removals import RemovalMachine
from support.sandboxes import conda

OTHER = 4321
"""A user and a group that nothing here belongs to."""


@pytest.fixture
def machine(tmp_path: Path) -> RemovalMachine:
    return RemovalMachine(tmp_path)


def install(machine: RemovalMachine, *, copied: bool) -> tuple[FakePrefix, Path]:
    """An environment with a package, whose conda links it from the cache; returns the file of the package too."""
    prefix, package = machine.make("nlp"), machine.cache("libx")
    file = machine.install(prefix, package, copied=copied)
    os.utime(file, (10**9, 10**9))
    os.utime(record_of(prefix), (10**9, 10**9))
    return prefix, file


def record_of(prefix: FakePrefix) -> Path:
    """The record of the package; what has changed later than it may have been edited."""
    return prefix.meta / "libx-1.0-0.json"


def links_packages(machine: RemovalMachine, prefix: FakePrefix) -> None:
    """Let its conda link the package when it is brought back."""
    package = machine.root / "pkgs/libx-1.0-0"
    machine.conda(f'mkdir -p "$3/lib"; ln {package}/lib/* "$3/lib"; touch "$3/conda-meta/libx-1.0-0.json"')


async def brought_back(machine: RemovalMachine, point: str) -> tuple[Plan, Outcome]:
    request, context = RestoreRequest(id=point), machine.context()
    plan = await restore_plan.plan(request, context)
    return plan, await restore_perform.perform(plan, request, context, PlainWork())


async def there_and_back(machine: RemovalMachine, prefix: FakePrefix) -> Outcome:
    (point,) = await removed(machine.context(), prefix)
    links_packages(machine, prefix)
    return (await brought_back(machine, point))[1]


async def test_what_was_copied_from_the_cache_is_copied_again(machine: RemovalMachine) -> None:
    prefix, file = install(machine, copied=True)
    os.link(file, file.with_name("libx.so.1"))
    (point,) = await removed(machine.context(), prefix)
    links_packages(machine, prefix)
    plan, outcome = await brought_back(machine, point)
    assert outcome.findings == ()
    assert file.stat().st_nlink == 2
    assert file.samefile(file.with_name("libx.so.1"))
    assert plan.bytes_needed and plan.bytes_needed >= 6000
    assert dict(plan.facts)["from the cache"] == "1 package, linked but for 6.0 KB, which were no links before either"


async def test_what_was_linked_to_the_cache_is_linked_again(machine: RemovalMachine) -> None:
    prefix, file = install(machine, copied=False)
    (point,) = await removed(machine.context(), prefix)
    links_packages(machine, prefix)
    plan, outcome = await brought_back(machine, point)
    assert outcome.findings == ()
    assert file.samefile(machine.root / "pkgs/libx-1.0-0/lib/libx.so")
    assert dict(plan.facts)["from the cache"] == "1 package, linked: no space is taken"


async def test_an_environment_of_copies_comes_back_as_copies(sandbox_copy: Callable[..., Sandbox]) -> None:
    sandbox = sandbox_copy("notebooks")
    listed = sandbox.directory / "explicit.txt"
    listed.write_text(conda(sandbox, "list", "-p", str(sandbox.prefixes["notebooks"]), "--explicit", "--md5"))
    prefix = sandbox.root_prefix / "envs/copies"
    conda(sandbox, "create", "-p", str(prefix), "--file", str(listed), "--copy", "--offline", "--yes")
    assert linked_files(prefix) == []
    context = await context_of(sandbox)
    remove = RemoveRequest(prefixes=(str(prefix),))
    (point,) = (
        await remove_perform.perform(await remove_plan.plan(remove, context), remove, context, PlainWork())
    ).restore_points
    restore = RestoreRequest(id=point)
    outcome = await restore_perform.perform(await restore_plan.plan(restore, context), restore, context, PlainWork())
    assert outcome.findings == ()
    assert linked_files(prefix) == []


def linked_files(prefix: Path) -> list[Path]:
    return [each for each in prefix.rglob("*") if each.is_file() and not each.is_symlink() and each.stat().st_nlink > 1]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may give files away")
@pytest.mark.parametrize("cached_by", [0, OTHER])
@pytest.mark.parametrize("copied", [True, False])
async def test_the_owner_comes_back_when_root_removes_and_restores(
    machine: RemovalMachine, copied: bool, cached_by: int
) -> None:
    prefix, file = install(machine, copied=copied)
    for each in (prefix.path, *prefix.path.rglob("*")):
        os.chown(each, OTHER, OTHER, follow_symlinks=False)
    (point,) = await removed(machine.context(), prefix)
    os.chown(machine.root / "pkgs/libx-1.0-0/lib/libx.so", cached_by, cached_by)
    links_packages(machine, prefix)
    _, outcome = await brought_back(machine, point)
    assert outcome.findings == ()
    there = (prefix.path, *prefix.path.rglob("*"))
    assert {(each.lstat().st_uid, each.lstat().st_gid) for each in there} == {(OTHER, OTHER)}
    assert (machine.root / "pkgs/libx-1.0-0/lib/libx.so").stat().st_uid == cached_by
    assert file.stat().st_nlink == (2 if cached_by == OTHER and not copied else 1)


async def test_an_owner_that_does_not_come_back_is_told(
    machine: RemovalMachine, monkeypatch: pytest.MonkeyPatch
) -> None:
    prefix, _ = install(machine, copied=False)
    (point,) = await removed(machine.context(), prefix)
    manifest = read_point(machine.points, point)
    theirs = (".", "lib/libx.so", "notes/todo.txt")
    paths = read_paths_of(machine.points, manifest)
    for name in ("manifest.json", "paths.json.gz"):
        (machine.points / point / name).unlink()
    given = (structs.replace(each, uid=OTHER) if each.path in theirs else each for each in paths)
    write_manifest(machine.points / point, manifest, tuple(given))
    links_packages(machine, prefix)
    with monkeypatch.context() as patched:
        patched.setattr(os, "chown", refuse)
        patched.setattr(os, "fchown", refuse)
        patched.setattr(os, "geteuid", lambda: OTHER + 1)
        (finding,) = (await brought_back(machine, point))[1].findings
    assert (finding.id, set(finding.evidence)) == ("restored-owner", set(theirs))
    assert finding.message == "3 paths belong to another user: the directory of the environment."


def refuse(*_: object, **__: object) -> None:
    raise PermissionError(errno.EPERM, "not permitted")


async def test_hard_links_between_own_files_come_back(machine: RemovalMachine) -> None:
    prefix, _ = install(machine, copied=False)
    prefix.write("notes/same", "x" * 5000)
    for name in ("notes/also", "other"):
        os.link(prefix.path / "notes/same", prefix.path / name)
    assert (await there_and_back(machine, prefix)).findings == ()
    assert (prefix.path / "notes/same").stat().st_nlink == 3


def access_list() -> bytes:
    """A POSIX access list: the owner may write, one other user may read."""
    nobody = 0xFFFFFFFF
    entries = [(0x01, 6, nobody), (0x02, 4, OTHER), (0x04, 0, nobody), (0x10, 4, nobody), (0x20, 0, nobody)]
    return struct.pack("<I", 2) + b"".join(struct.pack("<HHI", *each) for each in entries)


@pytest.fixture
def attributed(machine: RemovalMachine) -> Iterator[FakePrefix]:
    prefix, _ = install(machine, copied=False)
    file = prefix.path / "notes/todo.txt"
    try:
        os.setxattr(file, "user.origin", b"https://example.org")
        os.setxattr(file, "system.posix_acl_access", access_list())
        os.setxattr(file.parent, "system.posix_acl_default", access_list())
        os.setxattr(file.parent, "user.kind", b"\0\xff")
    except (OSError, AttributeError):
        pytest.skip("this file system has no attributes")
    yield prefix


async def test_attributes_and_access_lists_come_back(machine: RemovalMachine, attributed: FakePrefix) -> None:
    file = attributed.path / "notes/todo.txt"
    before = {path: (attributes_of(str(path)), path.stat().st_mode) for path in (file, file.parent, attributed.path)}
    assert len(before[file][0]) == len(before[file.parent][0]) == 2
    assert (await there_and_back(machine, attributed)).findings == ()
    assert {path: (attributes_of(str(path)), path.stat().st_mode) for path in before} == before


async def test_an_attribute_that_does_not_come_back_is_told(
    machine: RemovalMachine, attributed: FakePrefix, monkeypatch: pytest.MonkeyPatch
) -> None:
    (point,) = await removed(machine.context(), attributed)
    links_packages(machine, attributed)
    monkeypatch.setattr(os, "setxattr", refuse)
    (finding,) = (await brought_back(machine, point))[1].findings
    assert (finding.id, set(finding.evidence)) == ("restored-attributes", {"notes", "notes/todo.txt"})


def write_with_hole(file: Path, *, megabytes: int = 8) -> int:
    """Write a file of which little is on the disk; returns the blocks that it takes."""
    with file.open("wb") as stream:
        stream.write(b"begin")
        stream.seek((megabytes << 20) // 2)
        stream.write(b"middle")
        stream.truncate(megabytes << 20)
    return file.stat().st_blocks


async def test_holes_stay_holes(machine: RemovalMachine) -> None:
    prefix, _ = install(machine, copied=False)
    file = prefix.path / "sparse"
    blocks = write_with_hole(file)
    if blocks * 512 >= file.stat().st_size:
        pytest.skip("this file system has no holes")
    content = file.read_bytes()
    assert (await there_and_back(machine, prefix)).findings == ()
    assert file.read_bytes() == content
    assert file.stat().st_blocks <= blocks


@pytest.mark.parametrize("megabytes", [8, 72])
def test_holes_stay_holes_in_a_clone(tmp_path: Path, megabytes: int) -> None:
    source, target = make_prefix(tmp_path / "source"), make_prefix(tmp_path / "target")
    blocks = write_with_hole(source.path / "sparse", megabytes=megabytes)
    if blocks * 512 >= megabytes << 20:
        pytest.skip("this file system has no holes")
    read = read_source(str(source), base=False, with_conda=False)
    with HeldTree(str(target)) as tree:
        Mirror(read, PrefixChange(str(source), str(target)), tree, lambda done: None).run(lambda: False)
    assert (target.path / "sparse").read_bytes() == (source.path / "sparse").read_bytes()
    assert (target.path / "sparse").stat().st_blocks <= blocks


def edit_unseen(file: Path) -> None:
    """Edit a file in place, so that its size and its times are as before; the one in the cache is the same file."""
    status = file.stat()
    with file.open("r+b") as stream:
        stream.write(b"edited")
    os.utime(file, ns=(status.st_atime_ns, status.st_mtime_ns))


@pytest.mark.parametrize("copied", [True, False])
async def test_an_edit_in_place_that_cannot_be_seen_is_kept(machine: RemovalMachine, copied: bool) -> None:
    prefix, file = install(machine, copied=copied)
    pristine = file.read_bytes()
    edit_unseen(file)
    (point,) = await removed(machine.context(), prefix)
    cached = machine.root / "pkgs/libx-1.0-0/lib/libx.so"
    cached.unlink()
    cached.write_bytes(pristine)  # the cache was cleaned, and the package extracted once more
    links_packages(machine, prefix)
    assert (await brought_back(machine, point))[1].findings == ()
    assert file.read_bytes()[:6] == b"edited"
    assert cached.read_bytes() == pristine


def test_links_that_are_as_they_were_when_they_were_made_are_not_read(machine: RemovalMachine) -> None:
    prefix, file = install(machine, copied=False)
    caches = [str(machine.root / "pkgs")]
    read: list[int] = []
    found = estimate(read_snapshot(str(prefix)), caches, thorough=True, on_bytes=read.append)
    assert (found.classified["lib/libx.so"].package, sum(read)) == ("libx-1.0-0", 6000)
    record_of(prefix).touch()
    read.clear()
    found = estimate(read_snapshot(str(prefix)), caches, thorough=True, on_bytes=read.append)
    assert (found.classified["lib/libx.so"].package, sum(read)) == ("libx-1.0-0", 0)
    os.utime(record_of(prefix), (10**9, 10**9))
    edit_unseen(file)
    found = estimate(read_snapshot(str(prefix)), caches, thorough=True, on_bytes=read.append)
    assert (found.classified["lib/libx.so"].package, sum(read)) == ("", 6000)
