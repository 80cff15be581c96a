"""Packing that goes wrong: nothing appears under the name that was wanted, and what is said is true."""

from __future__ import annotations

import asyncio
import os
import shutil
import subprocess
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import pytest
import zstandard

from condatui_core.actions.checksum_file import stated_checksum
from condatui_core.actions.pack import perform as pack_perform
from condatui_core.actions.pack import plan as pack_plan
from condatui_core.actions.pack import recover as pack_recover
from condatui_core.actions.pack.messages import ARCHIVE, PackOrder, write_order
from condatui_core.actions.pack.place import PackPlace
from condatui_core.actions.protocol import JobContext
from condatui_core.errors import CondatuiError, RefusedError
from condatui_core.fs.safe_read import sha256_of
from condatui_core.prefixes.prefix import read_prefix
from condatui_core.proc.child import own_argv, own_environ
from condatui_core.proc.runner import Answer
from condatui_core.records.environment import Environment
from condatui_core.records.request import PackRequest
from condatui_core.remedy import RemoveEnvironment
from support.contexts import made_context
from support.inventories import inventory
from support.plain_work import PlainWork
from support.prefixes import FakePrefix, make_prefix
from support.tiers import thorough

_BLOCK = 512
"""Bytes; what `ulimit -f` counts in."""


@pytest.fixture
def prefix(tmp_path: Path) -> FakePrefix:
    """An environment whose packages are in no cache, with more than fits on a small disk."""
    made = make_prefix(tmp_path / "envs" / "research")
    for number in range(40):
        made.write(f"data/{number}", os.urandom(20_000))
    return made


@pytest.fixture
def context(prefix: FakePrefix, tmp_path: Path) -> JobContext:
    environment = Environment(name="research", prefix=str(prefix), contents=read_prefix(str(prefix)))
    return made_context(inventory(environment), tmp_path, environ=os.environ)


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """Where archives go; nothing else is in it."""
    directory = tmp_path / "place"
    directory.mkdir()
    return directory


def _request(prefix: FakePrefix, file: Path, **fields: object) -> PackRequest:
    return PackRequest(prefix=str(prefix), file=str(file), **fields)  # type: ignore[arg-type]


async def _carry_out(request: PackRequest, context: JobContext, work: PlainWork) -> None:
    plan = await pack_plan.plan(request, context)
    assert not plan.blockers, plan.blockers
    await pack_perform.perform(plan, request, context, work)


def _instead(script: str, module: str = "child") -> PlainWork:
    """Work that runs a line of shell in place of one of the processes; its command is `$@`."""
    work = PlainWork()
    real = work.runner

    async def run(argv: Sequence[str], *, environ: Mapping[str, str], seconds: float | None) -> Answer:
        replaced = ("/bin/sh", "-c", script, "sh", *argv) if argv[2].endswith(f"pack.{module}") else argv
        return await real(replaced, environ=environ, seconds=seconds)

    work.runner = run
    return work


@pytest.mark.parametrize(
    "more",
    [{"threads": 2}, {"format": "no-archive"}, *thorough([{}, {"format": "zip"}, {"format": "tar.xz"}])],
)
async def test_a_full_disk(more: dict[str, object], prefix: FakePrefix, context: JobContext, place: Path) -> None:
    """With several threads conda-pack by itself would wait for ever for the one that could not write."""
    limit = 10_000 if more.get("format") == "no-archive" else 100_000
    work = _instead(f'ulimit -f {limit // _BLOCK}; exec "$@"')
    with pytest.raises(CondatuiError, match="could not be packed: nothing was written") as failed:
        await _carry_out(_request(prefix, place / "x.tar.gz", **more), context, work)
    assert "File too large" in failed.value.detail
    assert os.listdir(place) == []


@pytest.mark.parametrize("form", ["tar.gz", *thorough(["no-archive", "tar", "tar.zst", "zip"])])
async def test_hard_links_between_its_own_files_come_along(
    form: str, prefix: FakePrefix, context: JobContext, place: Path
) -> None:
    """One that is rewritten, one that is packed as it is, and texts in bin and elsewhere."""
    for name, text in {
        "note": "of a person\n",
        "tool": f"#!{prefix}/bin/python\nprint()\n",
        "blob": "\0" * 3000,
    }.items():
        first = prefix.write(f"bin/{name}", text)
        for other in ("share", "zlast"):
            (prefix.path / other).mkdir(exist_ok=True)
            os.link(first, prefix.path / other / name)
    file = place / f"x.{form}"
    await _carry_out(_request(prefix, file), context, PlainWork())
    found = file if form == "no-archive" else place / "out"
    if form != "no-archive":
        shutil.unpack_archive(await asyncio.to_thread(_plain, file, form), found)
    for name in ("note", "blob"):
        assert {(found / each / name).read_text() for each in ("bin", "share", "zlast")} == {
            (prefix.path / "bin" / name).read_text()
        }
    assert (found / "bin/tool").read_text() == "#!/usr/bin/env python\nprint()\n"
    assert (
        (found / "share/tool").read_text() == (found / "zlast/tool").read_text() == f"#!{prefix}/bin/python\nprint()\n"
    )


def _plain(file: Path, form: str) -> Path:
    """An archive that the standard library can unpack."""
    if form != "tar.zst":
        return file
    plain = file.with_name("plain.tar")
    with zstandard.open(file, "rb") as packed:
        plain.write_bytes(packed.read())
    return plain


@pytest.mark.parametrize("module", ["check", *thorough(["child"])])
async def test_a_process_that_is_killed(module: str, prefix: FakePrefix, context: JobContext, place: Path) -> None:
    request = _request(prefix, place / "x.tar.gz")
    with pytest.raises(CondatuiError, match="nothing was written"):
        await _carry_out(request, context, _instead("kill -9 $$", module))
    assert os.listdir(place) == []
    after = await pack_recover.recover(await pack_plan.plan(request, context), request, "pack", context)
    assert after.state == "untouched"


async def test_a_process_that_says_it_is_done_and_is_not(prefix: FakePrefix, context: JobContext, place: Path) -> None:
    with pytest.raises(CondatuiError, match="could not be packed"):
        await _carry_out(_request(prefix, place / "x.tar.gz"), context, _instead("exit 0"))
    assert os.listdir(place) == []


@pytest.mark.parametrize("form", ["tar.gz", *thorough(["zip", "tar.bz2", "tar.xz", "tar.zst", "tar"])])
async def test_an_archive_that_is_damaged_never_gets_its_name(
    form: str, prefix: FakePrefix, context: JobContext, place: Path
) -> None:
    def damage(stage: str) -> None:
        if stage == "check":
            (archive,) = place.glob(f".*/{ARCHIVE}")
            with archive.open("rb+") as stream:
                stream.truncate(archive.stat().st_size // 2)

    with pytest.raises(CondatuiError, match="cannot be read back: nothing was written"):
        await _carry_out(_request(prefix, place / f"x.{form}"), context, PlainWork(before_stage=damage))
    assert os.listdir(place) == []


async def test_an_archive_that_lacks_files_never_gets_its_name(
    prefix: FakePrefix, context: JobContext, place: Path
) -> None:
    def rob(stage: str) -> None:
        if stage == "check":
            (archive,) = place.glob(f".*/{ARCHIVE}")
            for path in list((archive / "data").iterdir()):
                path.unlink()

    with pytest.raises(CondatuiError, match="is not whole"):
        await _carry_out(_request(prefix, place / "x.no-archive"), context, PlainWork(before_stage=rob))
    assert os.listdir(place) == []


async def test_cancelling_leaves_nothing(prefix: FakePrefix, context: JobContext, place: Path) -> None:
    begun = asyncio.Event()
    work = PlainWork()

    async def wait(argv: Sequence[str], *, environ: Mapping[str, str], seconds: float | None) -> Answer:
        begun.set()
        await asyncio.Event().wait()
        raise AssertionError

    work.runner = wait
    packing = asyncio.create_task(_carry_out(_request(prefix, place / "x.tar.gz"), context, work))
    await begun.wait()
    assert len(os.listdir(place)) == 1
    packing.cancel()
    with pytest.raises(asyncio.CancelledError):
        await packing
    assert os.listdir(place) == []


def test_the_process_ends_when_nobody_waits_for_it(prefix: FakePrefix, place: Path) -> None:
    directory = place / "work"
    directory.mkdir()
    write_order(directory, PackOrder(prefix=str(prefix), form="tar", level=4, threads=1, parent=2**22 + 1))
    argv = own_argv("condatui_core.actions.pack.child", str(directory))
    done = subprocess.run(argv, env=own_environ(os.environ), capture_output=True, check=False, timeout=60)
    assert done.returncode == 1
    assert os.listdir(place) == []


async def test_what_a_killed_condatui_has_left_is_found_and_cleared(
    prefix: FakePrefix, context: JobContext, place: Path
) -> None:
    request = _request(prefix, place / "x.tar.gz")
    plan = await pack_plan.plan(request, context)
    dead = PackPlace(request.file, "20200101-000000-dead", replace=False)
    dead.make()
    (dead.directory / "tmp123").write_bytes(b"x" * 100_000)
    assert (await pack_recover.recover(plan, request, "pack", context)).state == "untouched"  # it is still at work
    dead._lock.release()
    after = await pack_recover.recover(plan, request, "pack", context)
    assert after.state == "half" and after.way_out == request
    assert str(dead.directory) in after.message
    await pack_perform.perform(plan, request, context, PlainWork())
    assert sorted(os.listdir(place)) == ["x.tar.gz", "x.tar.gz.sha256"]
    assert (await pack_recover.recover(plan, request, "place", context)).state == "done"


@pytest.mark.parametrize("form", ["no-archive", *thorough(["tar.gz"])])
async def test_what_appears_meanwhile_is_kept(form: str, prefix: FakePrefix, context: JobContext, place: Path) -> None:
    target = place / f"x.{form}"

    def appear(stage: str) -> None:
        if stage == "place":
            target.mkdir() if form == "no-archive" else target.write_text("precious")

    with pytest.raises(RefusedError):
        await _carry_out(_request(prefix, target), context, PlainWork(before_stage=appear))
    assert os.listdir(place) == [target.name]
    assert os.listdir(target) == [] if form == "no-archive" else target.read_text() == "precious"


async def test_a_file_that_is_there_is_replaced_only_if_asked(
    prefix: FakePrefix, context: JobContext, place: Path
) -> None:
    real, link = place / "old.tar.gz", place / "latest.tar.gz"
    real.write_text("precious")
    link.symlink_to(real)
    refused = await pack_plan.plan(_request(prefix, link), context)
    assert [each.id for each in refused.blockers] == ["file-exists"]
    await _carry_out(_request(prefix, link, replace=True), context, PlainWork())
    assert link.is_symlink() and real.stat().st_size > 100_000
    assert sorted(os.listdir(place)) == ["latest.tar.gz", "old.tar.gz", "old.tar.gz.sha256"]
    digest = sha256_of(str(place / "old.tar.gz"))
    assert (place / "old.tar.gz.sha256").read_text() == f"{digest}  old.tar.gz\n"
    assert stated_checksum(str(place / "latest.tar.gz")) == digest, "that of what the link leads to"


async def test_places_that_cannot_be(
    prefix: FakePrefix, context: JobContext, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def blockers(file: Path, **fields: object) -> list[str]:
        return [each.id for each in (await pack_plan.plan(_request(prefix, file, **fields), context)).blockers]

    directory = place / "x.no-archive"
    directory.mkdir()
    assert await blockers(directory, replace=True) == ["file-exists"]
    assert await blockers(prefix.path / "x.tar.gz") == ["inside-environment"]
    assert await blockers(place / "absent" / "x.tar.gz") == ["no-directory"]
    monkeypatch.setattr("condatui_core.actions.pack.plan.free_bytes", lambda file: 1000)
    assert await blockers(place / "x.tar") == ["no-space"]
    assert await blockers(place / "x.tar.gz") == []  # nobody knows what remains of it
    monkeypatch.setattr("condatui_core.actions.pack.plan.shutil.which", lambda name, path: None)
    assert await blockers(place / "x.squashfs") == ["no-tool"]


@pytest.mark.parametrize(
    "spoil",
    [
        lambda prefix: prefix.write("conda-meta/bad-1-0.json", "{"),
        lambda prefix: prefix.write("conda-meta/bad-1-0.json", "{}"),
        lambda prefix: prefix.write("conda-meta/python-2.7-0.json", '{"name": "python", "version": "2.7"}'),
    ],
)
async def test_what_conda_pack_cannot_read_is_a_blocker(
    spoil: Callable[[FakePrefix], object], prefix: FakePrefix, context: JobContext, place: Path
) -> None:
    spoil(prefix)
    plan = await pack_plan.plan(_request(prefix, place / "x.tar.gz"), context)
    assert [each.id for each in plan.blockers] == ["cannot-pack"]
    with pytest.raises(RefusedError):
        await pack_perform.perform(plan, _request(prefix, place / "x.tar.gz"), context, PlainWork())


@pytest.mark.parametrize(
    ("script", "words"),
    [
        ("exit 0", "gave no answer"),
        ("echo nonsense", "gave no answer"),
        ("kill -9 $$", "exit code -9"),
        ("echo '{}'; exit 3", "exit code 3"),
        ("echo the disk is gone >&2; exit 1", "the disk is gone"),
    ],
)
async def test_a_survey_without_an_answer_says_how_it_ended(
    script: str, words: str, prefix: FakePrefix, context: JobContext, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pack_plan, "own_argv", lambda *_: ("/bin/sh", "-c", script))
    with pytest.raises(CondatuiError, match="cannot be looked at") as raised:
        await pack_plan.plan(_request(prefix, place / "x.tar.gz"), context)
    assert words in raised.value.detail


async def test_what_a_failed_clone_has_left_is_told_from_what_is_gone(
    context: JobContext, place: Path, tmp_path: Path
) -> None:
    remains = tmp_path / "remains"
    (remains / "lib").mkdir(parents=True)
    plan = await pack_plan.plan(PackRequest(prefix=str(remains), file=str(place / "x.tar.gz")), context)
    (blocker,) = plan.blockers
    assert blocker.message.startswith(f"{remains} is no environment: it has no conda-meta/history")
    assert blocker.remedy == RemoveEnvironment(prefix=str(remains))


async def test_an_environment_that_has_gone(context: JobContext, place: Path, tmp_path: Path) -> None:
    request = PackRequest(prefix=str(tmp_path / "gone"), file=str(place / "x.tar.gz"))
    plan = await pack_plan.plan(request, context)
    assert [each.id for each in plan.blockers] == ["not-an-environment"]
    with pytest.raises(RefusedError):
        await pack_perform.perform(plan, request, context, PlainWork())


@pytest.mark.thorough
async def test_a_file_larger_than_the_memory_is_packed(prefix: FakePrefix, context: JobContext, place: Path) -> None:
    """conda-pack by itself reads every file that is not conda's as a whole."""
    with prefix.write("data/checkpoint.pt").open("wb") as stream:
        stream.truncate(700 << 20)
    work = _instead(f'ulimit -v {512 << 10}; exec "$@"')
    await _carry_out(_request(prefix, place / "x.tar.gz", level=1, excludes=("data/[0-9]*",)), context, work)
    assert sorted(os.listdir(place)) == ["x.tar.gz", "x.tar.gz.sha256"]
