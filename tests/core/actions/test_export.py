"""Writing an export: whole or not at all, never over what is there unless asked, and read back."""

from __future__ import annotations

import os
import resource
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from condatui_core.actions.export import one_file as export
from condatui_core.actions.protocol import JobContext
from condatui_core.errors import CondatuiError, RefusedError, UsageError
from condatui_core.prefixes.prefix import read_prefix
from condatui_core.records.environment import Environment
from condatui_core.records.job import Outcome
from condatui_core.records.request import ExportRequest
from support.contexts import made_context
from support.inventories import inventory
from support.plain_work import PlainWork
from support.prefixes import FakePrefix, make_prefix


@pytest.fixture
def prefix(tmp_path: Path) -> FakePrefix:
    made = make_prefix(tmp_path / "envs" / "research")
    made.package("numpy", "1.26.4")
    made.pip_install("einops", "0.8.0")
    made.pip_install("own", direct_url={"url": "file:///srv/own", "dir_info": {"editable": True}})
    return made


@pytest.fixture
def context(prefix: FakePrefix, tmp_path: Path) -> JobContext:
    environment = Environment(name="research", prefix=str(prefix), contents=read_prefix(str(prefix)))
    return made_context(inventory(environment), tmp_path)


def _request(prefix: FakePrefix, file: Path, **fields: object) -> ExportRequest:
    return ExportRequest(prefix=str(prefix), file=str(file), **fields)  # type: ignore[arg-type]


async def _carry_out(request: ExportRequest, context: JobContext, work: PlainWork) -> Outcome:
    plan = await export.plan(request, context)
    assert not plan.blockers
    return await export.perform(plan, request, context, work)


@pytest.mark.parametrize("form", ["yaml", "json", "explicit", "requirements"])
async def test_every_format_is_written_and_read_back(
    form: str, prefix: FakePrefix, context: JobContext, tmp_path: Path
) -> None:
    file, work = tmp_path / "out", PlainWork()
    request = _request(prefix, file, format=form)
    outcome = await _carry_out(request, context, work)
    assert work.stages == ["write", "read-back"]
    assert outcome.files == (str(file),)
    assert file.read_text() == (await export.preview(request, context)).text
    assert sorted(os.listdir(tmp_path)) == ["envs", "out"]
    assert (await export.recover(await export.plan(request, context), request, "write", context)).state == "done"


async def test_what_was_installed_since_it_was_loaded_is_in_it(
    prefix: FakePrefix, context: JobContext, tmp_path: Path
) -> None:
    prefix.package("brand-new")
    await _carry_out(_request(prefix, tmp_path / "out.yml"), context, PlainWork())
    assert "brand-new" in (tmp_path / "out.yml").read_text()


async def test_a_file_that_is_there_is_kept_unless_asked(
    prefix: FakePrefix, context: JobContext, tmp_path: Path
) -> None:
    file = tmp_path / "out.yml"
    file.write_text("precious")
    request = _request(prefix, file)
    plan = await export.plan(request, context)
    assert [each.id for each in plan.blockers] == ["file-exists"]
    with pytest.raises(RefusedError):
        await export.perform(plan, request, context, PlainWork())
    assert file.read_text() == "precious"
    assert (await export.recover(plan, request, "", context)).state == "untouched"
    await _carry_out(_request(prefix, file, replace=True), context, PlainWork())
    assert "numpy" in file.read_text()


async def test_a_file_that_appears_meanwhile_is_kept(prefix: FakePrefix, context: JobContext, tmp_path: Path) -> None:
    file = tmp_path / "out.yml"
    work = PlainWork(before_stage=lambda name: (file.write_text("precious"), None)[1])
    with pytest.raises(RefusedError):
        await _carry_out(_request(prefix, file), context, work)
    assert file.read_text() == "precious"


async def test_what_cannot_be_written_is_refused_before(
    prefix: FakePrefix, context: JobContext, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def blockers(file: Path) -> list[str]:
        return [each.id for each in (await export.plan(_request(prefix, file, replace=True), context)).blockers]

    assert await blockers(tmp_path) == ["file-exists"]
    assert await blockers(tmp_path / "absent" / "out.yml") == ["no-directory"]
    assert await blockers(tmp_path / ("x" * 300)) == ["bad-name"]
    os.mkfifo(tmp_path / "pipe")
    assert await blockers(tmp_path / "pipe") == ["file-exists"]
    monkeypatch.setattr(os, "access", lambda *_: False)
    assert await blockers(tmp_path / "out.yml") == ["not-writable"]


@pytest.mark.parametrize("file", ["conda-meta/history", "conda-meta/new.yml", "bin/tool", "METADATA", "link.yml"])
async def test_what_an_environment_needs_is_never_replaced(
    prefix: FakePrefix, context: JobContext, tmp_path: Path, file: str
) -> None:
    other = make_prefix(tmp_path / "envs" / "other")
    other.package("tool", files={"bin/tool": "#!/bin/sh\n"})
    other.pip_install("pipped", "1.0")
    pipped = next(other.path.rglob("pipped-*/METADATA"))
    (other.path / "link.yml").symlink_to(other.path / "bin" / "tool")
    request = _request(prefix, pipped if file == "METADATA" else other.path / file, replace=True)
    plan = await export.plan(request, context)
    assert [each.id for each in plan.blockers] == ["inside-environment"]
    with pytest.raises(RefusedError):
        await export.perform(plan, request, context, PlainWork())


async def test_a_file_beside_what_an_environment_needs_may_be_replaced(prefix: FakePrefix, context: JobContext) -> None:
    file = prefix.write("environment.yml", "name: x\n")
    await _carry_out(_request(prefix, file, replace=True), context, PlainWork())
    assert "numpy" in file.read_text()


async def test_only_texts_are_replaced(prefix: FakePrefix, context: JobContext, tmp_path: Path) -> None:
    program, text = tmp_path / "program", tmp_path / "out.yml"
    program.write_bytes(b"\x7fELF\0\0")
    text.write_bytes("name: x\n".encode("utf-16"))
    plan = await export.plan(_request(prefix, program, replace=True), context)
    assert [each.message for each in plan.blockers] == [f"{program} is no text."]
    await _carry_out(_request(prefix, text, replace=True), context, PlainWork())


async def test_an_environment_that_has_gone_is_refused(context: JobContext, tmp_path: Path) -> None:
    request = ExportRequest(prefix=str(tmp_path / "gone"), file=str(tmp_path / "out"))
    plan = await export.plan(request, context)
    assert [each.id for each in plan.blockers] == ["not-an-environment"]
    with pytest.raises(RefusedError):
        await export.perform(plan, request, context, PlainWork())


async def test_a_history_has_no_room_in_a_list(prefix: FakePrefix, context: JobContext, tmp_path: Path) -> None:
    with pytest.raises(UsageError):
        await export.plan(_request(prefix, tmp_path / "out", format="explicit", from_history=True), context)


@contextmanager
def _full_disk() -> Iterator[None]:
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@pytest.mark.parametrize("replace", [True, False])
async def test_a_full_disk_leaves_everything_as_it_was(
    replace: bool, prefix: FakePrefix, context: JobContext, tmp_path: Path
) -> None:
    file = tmp_path / "out.yml"
    if replace:
        file.write_text("precious")
    before = sorted(os.listdir(tmp_path))
    hard = resource.getrlimit(resource.RLIMIT_FSIZE)[1]
    work = PlainWork(before_stage=lambda name: resource.setrlimit(resource.RLIMIT_FSIZE, (20, hard)))
    with _full_disk(), pytest.raises(CondatuiError, match="could not be written") as failed:
        await _carry_out(_request(prefix, file, replace=replace), context, work)
    assert "File too large" in failed.value.detail
    assert sorted(os.listdir(tmp_path)) == before
    assert not replace or file.read_text() == "precious"


async def test_a_file_that_does_not_hold_what_was_written_is_told(
    prefix: FakePrefix, context: JobContext, tmp_path: Path
) -> None:
    file = tmp_path / "out.yml"

    def spoil(stage: str) -> None:
        if stage == "read-back":
            file.write_text("name: other\n")

    with pytest.raises(CondatuiError, match="does not hold"):
        await _carry_out(_request(prefix, file), context, PlainWork(before_stage=spoil))


async def test_a_project_below_the_top_of_its_repository_is_named_so(
    prefix: FakePrefix, context: JobContext, tmp_path: Path
) -> None:
    vcs = {"vcs": "hg", "commit_id": "f00"}
    prefix.pip_install("deep", direct_url={"url": "https://x.org/r", "vcs_info": vcs, "subdirectory": "py"})
    text = (await export.preview(_request(prefix, tmp_path / "x"), context)).text
    assert "deep @ hg+https://x.org/r@f00#subdirectory=py\n" in text


async def test_nothing_is_written_under_a_name_that_stands_for_something_else(
    prefix: FakePrefix, context: JobContext, tmp_path: Path
) -> None:
    for name, form in (("pixi.lock", "explicit"), ("environment.yml", "explicit"), ("requirements.txt", "yaml")):
        with pytest.raises(UsageError, match="stands for"):
            await export.plan(_request(prefix, tmp_path / name, format=form), context)
    assert os.listdir(tmp_path) == ["envs"]
