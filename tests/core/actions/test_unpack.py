"""Unpacking archives: checked first, never over something, relocated, started, and honest about what is left."""

from __future__ import annotations

import hashlib
import os
import platform
import tarfile
from collections.abc import Callable, Mapping
from dataclasses import replace as replaced
from pathlib import Path

import pytest

from condatui_core.actions import guards
from condatui_core.actions.guards import observe_prefix
from condatui_core.actions.half_made import came_into
from condatui_core.actions.incomplete_marker import is_marked_incomplete
from condatui_core.actions.protocol import JobContext
from condatui_core.actions.remove import plan as remove_plan
from condatui_core.actions.unpack import host as unpack_host
from condatui_core.actions.unpack import perform as unpack_perform
from condatui_core.actions.unpack import plan as unpack_plan
from condatui_core.actions.unpack import recover as unpack_recover
from condatui_core.actions.unpack.survey import survey_archive
from condatui_core.conda.registry import registered_prefixes
from condatui_core.errors import CondatuiError, RefusedError, UsageError
from condatui_core.records.environment import Inventory
from condatui_core.records.host import Host
from condatui_core.records.job import Outcome, Plan
from condatui_core.records.request import RemoveRequest, UnpackRequest
from support.binaries import ARM_64, elf
from support.contexts import made_context
from support.packed import BUILDER, MTIME, PYTHON, pack_files, packed_files, special_member
from support.plain_work import PlainWork

HOST = Host(platform="linux-64", virtual=(("__glibc", "2.31"),))


@pytest.fixture
def context(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> JobContext:
    """A machine without any conda."""

    async def read_host(environ: Mapping[str, str], *, cuda: bool) -> Host:
        return HOST

    monkeypatch.setattr(unpack_plan, "read_host", read_host)
    monkeypatch.setattr(guards, "running_processes", lambda closely: ())
    return made_context(Inventory(), tmp_path / "home", environ={"PATH": os.environ["PATH"]})


def request(archive: Path, **fields: object) -> UnpackRequest:
    return UnpackRequest(archive=str(archive), target=str(archive.parent / "new"), **fields)  # type: ignore[arg-type]


async def unpacked(request: UnpackRequest, context: JobContext, work: PlainWork | None = None) -> Outcome:
    plan = await unpack_plan.plan(request, context)
    assert not plan.blockers, plan.blockers
    return await unpack_perform.perform(plan, request, context, work or PlainWork())


def ids(plan: Plan) -> list[str]:
    return [each.id for each in plan.blockers]


@pytest.mark.parametrize("suffix", ["tar", "tar.gz", "tar.bz2", "tar.xz", "tar.zst", "zip"])
async def test_every_format_becomes_an_environment_at_its_place(
    suffix: str, context: JobContext, tmp_path: Path
) -> None:
    links = {} if suffix == "zip" else {"lib/libz.so": "libz.so.1"}
    archive = pack_files(tmp_path / f"env.{suffix}", packed_files(), links=links)
    work = PlainWork()
    outcome = await unpacked(request(archive), context, work)
    target = tmp_path / "new"
    assert outcome.message.startswith("new was unpacked: 1 package, ")
    assert outcome.message.endswith("python 3.11.9 starts.")
    assert outcome.files == (str(target),)
    assert work.stages == ["unpack", "relocate", "verify"]
    assert (target / "bin/tool").read_text().startswith(f"#!{target}/bin/python\n")
    assert os.access(target / "bin/tool", os.X_OK) and not os.access(target / "lib/libz.so.1", os.X_OK)
    if suffix != "zip":
        assert os.readlink(target / "lib/libz.so") == "libz.so.1"
        assert (target / "lib/libz.so.1").stat().st_mtime == MTIME
    assert sorted(os.listdir(target)) == ["bin", "conda-meta", "lib"], "no marker, nothing half-written"
    assert registered_prefixes(context.caller.home) == ()


async def test_it_is_registered_if_asked(context: JobContext, tmp_path: Path) -> None:
    (tmp_path / "home").mkdir()
    await unpacked(request(pack_files(tmp_path / "env.tar", packed_files()), register=True), context)
    assert registered_prefixes(context.caller.home) == (str(tmp_path / "new"),)


@pytest.mark.parametrize(
    ("member", "why"),
    [
        (special_member("/etc/passwd", tarfile.REGTYPE), "leads out"),
        (special_member("lib/../../x", tarfile.REGTYPE), "leads out"),
        (special_member("dev/null", tarfile.CHRTYPE), "device"),
        (special_member("pipe", tarfile.FIFOTYPE), "device"),
        (special_member("etc", tarfile.SYMTYPE, "/etc"), "a link to /etc"),
        (special_member("lib/up", tarfile.SYMTYPE, "../../up"), "a link to ../../up"),
        (special_member("lib/hard", tarfile.LNKTYPE, "../outside"), "not in the archive before it"),
        (special_member("bin/tool", tarfile.REGTYPE), "twice"),
        (special_member(".condatui-clone", tarfile.REGTYPE), "not whole"),
        (special_member("inside/x", tarfile.REGTYPE), "behind a link"),
        (special_member("n" * 300, tarfile.REGTYPE), "too long"),
        (special_member("d/" * 300 + "x", tarfile.REGTYPE), "too long"),
        (special_member("bin/./tool", tarfile.REGTYPE), "not spelled"),
    ],
    ids=lambda each: each.name[:20] if isinstance(each, tarfile.TarInfo) else "",
)
async def test_what_would_lead_out_of_it_is_refused_before_anything_is_made(
    member: tarfile.TarInfo, why: str, context: JobContext, tmp_path: Path
) -> None:
    archive = pack_files(tmp_path / "env.tar", packed_files(), links={"inside": "lib"}, members=[member])
    plan = await unpack_plan.plan(request(archive), context)
    assert ids(plan) == ["bad-archive"]
    (line,) = plan.blockers[0].evidence
    assert line.startswith(member.name[:100]) and why in line
    assert os.listdir(tmp_path) == ["env.tar"]


async def test_links_that_lead_out_by_way_of_others_are_found_before_anything_runs(
    context: JobContext, tmp_path: Path
) -> None:
    files = {**packed_files(), "a/b/file": ""}
    links = {"a/b/up": "..", "out": "a/b/up/../.."}
    archive = pack_files(tmp_path / "env.tar", files, links=links)
    work = PlainWork()
    with pytest.raises(CondatuiError) as error:
        await unpacked(request(archive), context, work)
    assert (error.value.title, error.value.detail) == (
        "The archive holds links that lead out of the environment.",
        "out",
    )
    assert work.ran == []


# The checksum


def checksum(archive: Path) -> str:
    return hashlib.sha256(archive.read_bytes()).hexdigest()


@pytest.mark.parametrize(
    ("line", "blockers", "warnings"),
    [
        ("{digest}  env.tar\n", [], []),
        ("{digest} *env.tar\n", [], []),
        ("# made by hand\n{upper}  dist/env.tar\n", [], []),
        ("0" * 64 + "  env.tar\n", ["bad-checksum"], []),
        ("{digest}  other.tar\n", ["bad-checksum"], []),
        ("", ["bad-checksum"], []),
        (None, [], ["no-checksum"]),
    ],
)
async def test_the_checksum_beside_it_counts(
    line: str | None, blockers: list[str], warnings: list[str], context: JobContext, tmp_path: Path
) -> None:
    archive = pack_files(tmp_path / "env.tar", packed_files())
    if line is not None:
        digest = checksum(archive)
        (tmp_path / "env.tar.sha256").write_text(line.format(digest=digest, upper=digest.upper()))
    plan = await unpack_plan.plan(request(archive), context)
    assert (ids(plan), [each.id for each in plan.warnings]) == (blockers, warnings)
    assert dict(plan.facts)["sha256"] == checksum(archive)


async def test_another_archive_than_the_planned_one_is_not_used(context: JobContext, tmp_path: Path) -> None:
    archive = pack_files(tmp_path / "env.tar", packed_files())
    plan = await unpack_plan.plan(request(archive), context)
    pack_files(archive, {**packed_files(), "bin/tool": f"#!{BUILDER}/bin/python\nprinT()\n"})
    work = PlainWork()
    with pytest.raises(CondatuiError, match="another archive than the one that was planned"):
        await unpack_perform.perform(plan, request(archive), context, work)
    assert work.ran == []
    assert is_marked_incomplete(str(tmp_path / "new"))


# The machine


@pytest.mark.parametrize(
    ("files", "blockers", "warnings"),
    [
        (packed_files(numpy={"depends": ["__glibc >=2.35"]}), ["machine"], []),
        ({**packed_files(), "lib/libz.so.1": elf(("2.17", "2.34"))}, ["no-glibc"], []),
        ({**packed_files(), "x86_64-conda-linux-gnu/sysroot/lib64/libc.so.6": elf(("2.34",))}, [], []),
        (packed_files(python={"subdir": "linux-aarch64"}), ["other-platform"], []),
        ({**packed_files(python={"subdir": "noarch"}), "bin/python": elf(machine=ARM_64)}, ["other-platform"], []),
        (packed_files(torch={"depends": ["__cuda >=12"]}), [], ["no-cuda"]),
        (packed_files(torch={"depends": ["__glibc >=2.17", "__unix"]}), [], []),
    ],
)
async def test_what_this_machine_lacks_is_told_first(
    files: dict[str, str | bytes], blockers: list[str], warnings: list[str], context: JobContext, tmp_path: Path
) -> None:
    plan = await unpack_plan.plan(request(pack_files(tmp_path / "env.tar", files)), context)
    assert ids(plan) == blockers
    assert [each.id for each in plan.warnings if each.id != "no-checksum"] == warnings
    assert not (tmp_path / "new").exists()


async def test_this_machine_is_asked_for_its_c_library_and_its_driver_only_if_that_matters(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked = []

    async def read_driver(environ: Mapping[str, str]) -> object:
        asked.append(environ)
        return replaced_driver

    from condatui_core.records.gpu import Driver

    replaced_driver = Driver(cuda="12.4")
    monkeypatch.setattr(unpack_host, "read_driver", read_driver)
    host = await unpack_host.read_host({}, cuda=False)
    assert asked == []
    assert dict(host.virtual)["__glibc"] == unpack_host.glibc_version() != ""
    assert platform.release().startswith(dict(host.virtual)["__linux"])
    assert dict((await unpack_host.read_host({}, cuda=True)).virtual)["__cuda"] == "12.4"


async def test_what_does_not_fit_on_the_disk_is_refused(context: JobContext, tmp_path: Path) -> None:
    archive = pack_files(tmp_path / "env.tar", packed_files())
    survey = survey_archive(str(archive))
    observed = replaced(await observe_prefix(str(tmp_path / "new"), context), free_bytes=survey.bytes_needed - 1)
    assert ids(unpack_plan.plan_of(request(archive), observed, survey, HOST)) == ["no-space"]


# The place


def a_file(target: Path) -> None:
    target.write_text("precious")


def a_directory(target: Path) -> None:
    target.mkdir()
    (target / "thesis.tex").write_text("precious")


def a_link(target: Path) -> None:
    (target.parent / "empty").mkdir()
    target.symlink_to("empty")


@pytest.mark.parametrize("make", [a_file, a_directory, a_link])
async def test_nothing_is_ever_replaced(make: Callable[[Path], None], context: JobContext, tmp_path: Path) -> None:
    archive, target = pack_files(tmp_path / "env.tar", packed_files()), tmp_path / "new"
    make(target)
    assert ids(await unpack_plan.plan(request(archive), context)) == ["target-exists"]
    target.rename(tmp_path / "aside")
    plan = await unpack_plan.plan(request(archive), context)
    (tmp_path / "aside").rename(target)
    with pytest.raises(RefusedError):
        await unpack_perform.perform(plan, request(archive), context, PlainWork())
    assert not is_marked_incomplete(str(target))


async def test_an_empty_directory_is_used(context: JobContext, tmp_path: Path) -> None:
    (tmp_path / "new").mkdir(mode=0o750)
    await unpacked(request(pack_files(tmp_path / "env.tar", packed_files())), context)
    assert (tmp_path / "new").stat().st_mode & 0o777 == 0o750
    assert (tmp_path / "new/bin/python").exists()


async def test_without_conda_unpack_it_goes_only_where_it_was_packed_for(context: JobContext, tmp_path: Path) -> None:
    files = packed_files()
    del files["bin/conda-unpack"]
    plan = await unpack_plan.plan(request(pack_files(tmp_path / "env.tar", files)), context)
    assert ids(plan) == ["other-place"] and BUILDER in plan.blockers[0].message
    files["bin/tool"] = f"#!{tmp_path}/new/bin/python\n"
    work = PlainWork()
    await unpacked(request(pack_files(tmp_path / "env.tar", files)), context, work)
    assert work.stages == ["unpack", "verify"]


# What is no archive, or a damaged one


async def test_what_is_no_packed_environment_is_refused(context: JobContext, tmp_path: Path) -> None:
    for name, data in (("text", b"hello"), ("empty", b""), ("squash", b"hsqs" + bytes(100))):
        (tmp_path / name).write_bytes(data)
    for name in ("text", "empty", "squash", "nothing", "."):
        with pytest.raises(UsageError):
            await unpack_plan.plan(request(tmp_path / name), context)
    around = {f"env/{path}": data for path, data in packed_files().items()}
    plan = await unpack_plan.plan(request(pack_files(tmp_path / "parcel.tar", around)), context)
    assert "not-an-environment" in ids(plan)


@pytest.mark.parametrize("suffix", ["tar", "tar.gz", "tar.bz2", "tar.xz", "tar.zst", "zip"])
@pytest.mark.parametrize("share", [0.3, 0.7])
async def test_a_damaged_archive_is_told(suffix: str, share: float, context: JobContext, tmp_path: Path) -> None:
    archive = pack_files(tmp_path / f"env.{suffix}", {**packed_files(), "data": os.urandom(20_000)})
    data = archive.read_bytes()
    archive.write_bytes(data[: int(len(data) * share)])
    with pytest.raises(CondatuiError, match="damaged"):
        await unpack_plan.plan(request(archive), context)
    assert not (tmp_path / "new").exists()


@pytest.mark.parametrize("cut", ["before the mark of the end", "before a member", "in a header"])
async def test_an_archive_that_lacks_its_end_is_damaged(cut: str, context: JobContext, tmp_path: Path) -> None:
    archive = pack_files(tmp_path / "env.tar", packed_files())
    with tarfile.open(archive) as tar:
        last = tar.getmembers()[-1]
    data = bytearray(archive.read_bytes())
    if cut == "in a header":
        data[last.offset] ^= 1
    archive.write_bytes(
        data[: last.offset_data + 512 * 2 if "mark" in cut else last.offset if "member" in cut else None]
    )
    with pytest.raises(CondatuiError, match="damaged"):
        await unpack_plan.plan(request(archive), context)


async def test_what_was_compressed_is_compared_with_its_checksum(context: JobContext, tmp_path: Path) -> None:
    archive = pack_files(tmp_path / "env.tar.gz", packed_files())
    data = bytearray(archive.read_bytes())
    data[-6] ^= 1
    archive.write_bytes(data)
    with pytest.raises(CondatuiError, match="damaged"):
        await unpack_plan.plan(request(archive), context)


def stated(**values: str) -> tarfile.TarInfo:
    """An empty file of which the archive states something in words of its own."""
    member = special_member("lib/odd", tarfile.REGTYPE)
    member.pax_headers = {name.replace("_", "."): value for name, value in values.items()}
    return member


def long_name(size: int) -> tarfile.TarInfo:
    """The header of a name that is as long as this."""
    member = special_member("././@LongLink", tarfile.GNUTYPE_LONGNAME)
    member.size = size
    return member


SPARSE = {"GNU_sparse_map": "0,0", "GNU_sparse_name": "lib/odd"}


@pytest.mark.parametrize(
    ("member", "words"),
    [
        (stated(**SPARSE, GNU_sparse_realsize="-5"), "less than nothing"),
        (stated(**SPARSE, GNU_sparse_realsize=str(10**30)), "more than any environment"),
        (stated(size="-512"), "less than nothing"),
        (stated(size=str(10**40)), "more than any environment"),
        (stated(comment="x" * (2 << 20)), "larger than any"),
        (long_name(4 << 30), "larger than any"),
    ],
    ids=["negative", "huge", "negative size", "huge size", "many words", "long name"],
)
async def test_what_an_archive_says_of_itself_is_bounded(
    member: tarfile.TarInfo, words: str, context: JobContext, tmp_path: Path
) -> None:
    archive = pack_files(tmp_path / "env.tar", packed_files(), members=[member])
    with pytest.raises(CondatuiError) as told:
        await unpack_plan.plan(request(archive), context)
    assert words in f"{told.value.title} {told.value.detail}"


@pytest.mark.parametrize("time", ["inf", "nan", "1e300", "-1", "99999999999999"])
async def test_a_time_that_no_file_can_have_is_none(time: str, context: JobContext, tmp_path: Path) -> None:
    await unpacked(request(pack_files(tmp_path / "env.tar", packed_files(), members=[stated(mtime=time)])), context)
    assert (tmp_path / "new/lib/odd").stat().st_mtime == 0


async def test_a_zip_with_a_file_that_has_no_name_is_read(context: JobContext, tmp_path: Path) -> None:
    archive = pack_files(tmp_path / "env.zip", {**packed_files(), "lib/none": ""})
    archive.write_bytes(archive.read_bytes().replace(b"lib/none", b"\0ib/none"))
    plan = await unpack_plan.plan(request(archive), context)
    assert not plan.blockers


async def test_links_that_lead_to_others_without_end_are_refused(context: JobContext, tmp_path: Path) -> None:
    links = {f"lib/l{number}": f"l{number + 1}" for number in range(3000)}
    plan = await unpack_plan.plan(request(pack_files(tmp_path / "env.tar", packed_files(), links=links)), context)
    with pytest.raises(CondatuiError, match="lead out"):
        await unpack_perform.perform(plan, request(tmp_path / "env.tar"), context, PlainWork())


async def test_a_record_that_cannot_be_read_is_told(context: JobContext, tmp_path: Path) -> None:
    archive = pack_files(tmp_path / "env.tar", {**packed_files(), "conda-meta/odd-1-0.json": "{"})
    (told,) = [each for each in (await unpack_plan.plan(request(archive), context)).warnings if each.id == "broken"]
    assert told.evidence[0].startswith("conda-meta/odd-1-0.json: not valid JSON")


# What is left of where it was packed


async def test_what_still_leads_to_the_builder_is_told_with_names(context: JobContext, tmp_path: Path) -> None:
    site = "lib/python3.11/site-packages"
    files = {
        **packed_files(),
        "conda-meta/pixi": '{"manifest_path": "/home/ada/project/pixi.toml"}',
        f"{site}/own-1.0.dist-info/direct_url.json": '{"url": "file:///home/ada/own", "dir_info": {}}',
        f"{site}/far-1.0.dist-info/direct_url.json": '{"url": "https://example.org/far.whl"}',
        f"{site}/own.pth": "/home/ada/own/src\n./inside\nimport sys\n",
        f"{site}/settings.py": f"HERE = '{BUILDER}/share'\n",
        f"{site}/notes.txt": "made in /home/ada/project on a Monday\n",
        f"{site}/harmless.py": "HERE = '/usr/share'\n",
        "bin/old": "#!/home/ada/env/bin/python3.11\n",
        "bin/system": "#!/usr/bin/python3\n",
        "lib/binary": f"\0{BUILDER}\0",
    }
    outcome = await unpacked(request(pack_files(tmp_path / "env.tar", files)), context)
    (told,) = [each for each in outcome.findings if each.id == "builder-paths"]
    assert told.evidence == (
        "bin/old: starts /home/ada/env/bin/python",
        "conda-meta/pixi: pixi's own file, which names its project there",
        f"{site}/notes.txt: names /home/ada/project",
        f"{site}/own-1.0.dist-info/direct_url.json: was installed from /home/ada/own",
        f"{site}/own.pth: adds /home/ada/own/src",
        f"{site}/settings.py: names {BUILDER}",
    )


async def test_files_that_records_state_and_that_are_not_in_it_are_told(context: JobContext, tmp_path: Path) -> None:
    files = packed_files(numpy={"paths_data": {"paths": [{"_path": "lib/gone", "path_type": "hardlink"}]}})
    outcome = await unpacked(request(pack_files(tmp_path / "env.tar", files)), context)
    (told,) = [each for each in outcome.findings if each.id == "missing-files"]
    assert told.evidence == ("lib/gone: is missing",)


# What goes wrong


@pytest.mark.parametrize(
    ("python", "title"),
    [
        ("#!/bin/sh\necho no >&2\nexit 3\n", "new could not be moved to its place."),
        (PYTHON.replace("cd ", "exit 3; "), "The python of new does not start here."),
        (PYTHON.replace("&& pwd", "&& echo /elsewhere"), "The python of new does not start here."),
    ],
)
async def test_an_environment_that_does_not_start_stays_marked_and_can_be_removed(
    python: str, title: str, context: JobContext, tmp_path: Path
) -> None:
    archive = pack_files(tmp_path / "env.tar", {**packed_files(), "bin/python": python, "mine/data": "pip's"})
    work = PlainWork()
    with pytest.raises(CondatuiError) as error:
        await unpacked(request(archive), context, work)
    assert error.value.title == title
    target = str(tmp_path / "new")
    assert is_marked_incomplete(target)
    plan = await unpack_plan.plan(UnpackRequest(archive=str(archive), target=f"{target}2"), context)
    after = await unpack_recover.recover(plan, request(archive), work.stages[-1], context)
    assert (after.state, after.way_out) == ("half", RemoveRequest(prefixes=(target,)))
    assert "used since" not in after.message
    assert came_into(target, context) == (), "conda-unpack has written into it, nobody else"
    removal = await remove_plan.plan(RemoveRequest(prefixes=(target,)), context)
    assert (removal.blockers, removal.kept_bytes, removal.confirm) == ((), 0, ""), "no conda is needed for that"
    (tmp_path / "new/work.ipynb").write_text("a day of work")
    tool = tmp_path / "new/bin/tool"
    tool.write_text(tool.read_text().replace("print", "prinT"))
    assert came_into(target, context) == ("bin/tool", "work.ipynb")
