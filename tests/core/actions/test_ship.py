"""A directory that an image is built from: pinned, the same for the same environment, over nothing of anybody else."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Mapping
from pathlib import Path

import pytest

from condatui_core.actions.protocol import JobContext
from condatui_core.actions.ship import perform as ship_perform
from condatui_core.actions.ship import plan as ship_plan
from condatui_core.actions.ship import recover as ship_recover
from condatui_core.errors import CondatuiError, RefusedError, UsageError
from condatui_core.prefixes.prefix import read_prefix
from condatui_core.records.environment import Environment
from condatui_core.records.job import Outcome, Plan
from condatui_core.records.request import ShipRequest, ShipSource
from condatui_core.records.slimming import SlimClass
from condatui_core.reports.dockerfile import PREFIX
from support.contexts import made_context
from support.dockerfiles import command, environ, faults, stages
from support.inventories import inventory
from support.plain_work import PlainWork
from support.prefixes import CONDA_FORGE, FakePrefix, make_prefix

FILES = [".dockerignore", "Dockerfile", "environment.lock", "environment.yml", "layers.json", "requirements.txt"]


def make_service(directory: Path) -> FakePrefix:
    prefix = make_prefix(directory / "envs" / "service-v2")
    prefix.package("numpy", "1.26.4", depends=["python"], files={"lib/numpy.so": "1234"})
    prefix.python_package("pip", "24.0")
    prefix.pip_install("einops", "0.8.0")
    prefix.write("bin/python", "#!ELF")
    return prefix


@pytest.fixture
def prefix(tmp_path: Path) -> FakePrefix:
    return make_service(tmp_path)


def context_of(prefix: FakePrefix, home: Path) -> JobContext:
    environment = Environment(name=prefix.path.name, prefix=str(prefix), contents=read_prefix(str(prefix)))
    return made_context(inventory(environment), home)


@pytest.fixture
def context(prefix: FakePrefix, tmp_path: Path) -> JobContext:
    return context_of(prefix, tmp_path)


def request(prefix: FakePrefix, directory: Path, **fields: object) -> ShipRequest:
    return ShipRequest(prefix=str(prefix), directory=str(directory), **fields)  # type: ignore[arg-type]


async def shipped(request: ShipRequest, context: JobContext, work: PlainWork | None = None) -> Outcome:
    plan = await ship_plan.plan(request, context)
    assert not plan.blockers, plan.blockers
    return await ship_perform.perform(plan, request, context, work or PlainWork())


def contents(directory: Path) -> dict[str, bytes]:
    return {each.name: each.read_bytes() for each in directory.iterdir()}


def ids(plan: Plan) -> list[str]:
    return [each.id for each in plan.blockers]


async def test_a_list_says_that_it_brings_back_what_was_left_out(prefix: FakePrefix, tmp_path: Path) -> None:
    prefix.write("conda-meta/condatui-slimmed", "{}")
    plan = await ship_plan.plan(request(prefix, tmp_path / "image"), context_of(prefix, tmp_path))
    assert (plan.blockers, plan.warnings[0].id) == ((), "slimmed")


async def test_a_list_with_checksums_is_what_the_image_is_built_from(
    prefix: FakePrefix, context: JobContext, tmp_path: Path
) -> None:
    outcome = await shipped(request(prefix, tmp_path / "image", command=("python", "-m", "app"), port=80), context)
    written = contents(tmp_path / "image")
    assert sorted(written) == FILES
    assert sorted(outcome.files) == [str(tmp_path / "image" / each) for each in FILES]
    lines = written["environment.lock"].decode().splitlines()
    assert lines[lines.index("@EXPLICIT") + 1].startswith(f"{CONDA_FORGE}/linux-64/python-3.11.9-h123_0_cpython.conda#")
    record = json.loads((prefix.meta / "numpy-1.26.4-0.json").read_text())
    assert f"{record['url']}#sha256:{record['sha256']}" in lines, "after python, which it needs"
    assert written["requirements.txt"].decode().splitlines()[1:] == ["einops==0.8.0"]
    text = written["Dockerfile"].decode()
    assert faults(text) == []
    assert command(text) == ["python", "-m", "app"]
    layers = json.loads(written["layers.json"])["layers"]
    packages = read_prefix(str(prefix))
    weight = sum(each.installed_bytes for each in packages.packages)
    weight += sum(each.installed_bytes for each in packages.pip_distributions)
    assert [each["bytes"] for each in layers] == [None, weight]
    assert weight > 0


async def test_the_same_environment_gives_the_same_bytes_on_any_machine(
    prefix: FakePrefix, context: JobContext, tmp_path: Path
) -> None:
    await shipped(request(prefix, tmp_path / "one"), context)
    other = make_service(tmp_path / "elsewhere" / "deep")
    await shipped(request(other, tmp_path / "two"), context_of(other, tmp_path / "elsewhere"))
    one, two = contents(tmp_path / "one"), contents(tmp_path / "two")
    assert one == two
    assert not [name for name, data in one.items() if str(tmp_path).encode() in data]


async def test_variables_of_its_activation_are_set_and_those_of_scripts_are_told(
    prefix: FakePrefix, context: JobContext, tmp_path: Path
) -> None:
    prefix.write("conda-meta/state", json.dumps({"env_vars": {"DATA": f"{prefix}/share", "TWO": "a\nb"}}))
    prefix.write("etc/conda/env_vars.d/gdal.json", json.dumps({"gdal_data": "share/gdal", "DATA": "lost"}))
    script = 'if true; then\n  export PROJ_DATA="$CONDA_PREFIX/share/proj"\nfi\nexport _CONDA_SET=1\n'
    prefix.write("etc/conda/activate.d/proj.sh", "\n" * 500_000 + script)  # as long as that is, it is read at once
    outcome = await shipped(request(prefix, tmp_path / "image"), context)
    text = (tmp_path / "image/Dockerfile").read_text()
    found = environ(text)
    assert (found["DATA"], found["GDAL_DATA"]) == (f"{PREFIX}/share", "share/gdal")
    assert "TWO" not in found
    told = {each.id: each.evidence for each in outcome.findings}
    assert told["activation"] == ("etc/conda/activate.d/proj.sh: PROJ_DATA",)
    assert told["variables"] == ("TWO",), "the last of them"
    assert "# Not set here: PROJ_DATA, by etc/conda/activate.d/proj.sh" in text
    await shipped(request(prefix, tmp_path / "bare", variables=False), context)
    assert "DATA" not in environ((tmp_path / "bare/Dockerfile").read_text())


@pytest.mark.parametrize(
    ("origin", "where"),
    [
        ({"url": "file:///srv/own", "dir_info": {"editable": True}}, "used from a directory here"),
        ({"url": "file:///srv/own", "dir_info": {}}, "came from a directory here"),
        ({"url": "https://x.org/own", "vcs_info": {"vcs": "git", "commit_id": "1" * 40}}, "no git"),
    ],
)
async def test_what_cannot_travel_in_a_list_is_refused_with_the_reason(
    origin: Mapping[str, object], where: str, prefix: FakePrefix, context: JobContext, tmp_path: Path
) -> None:
    prefix.pip_install("own", direct_url=origin)
    plan = await ship_plan.plan(request(prefix, tmp_path / "image"), context)
    assert ids(plan) == ["editable"]
    assert plan.blockers[0].evidence[0].startswith("own 1.0: ") and where in plan.blockers[0].evidence[0]
    assert not (tmp_path / "image").exists()


@pytest.mark.parametrize(
    ("fields", "why"),
    [
        ({"url": "file:///srv/channel/linux-64/own-1.0-0.conda"}, "its channel is on this machine"),
        ({"url": None, "channel": None}, "its URL is not known"),
        ({"md5": None, "sha256": None}, "its checksum is not known"),
    ],
)
async def test_a_package_without_url_or_checksum_is_refused(
    fields: dict[str, object], why: str, prefix: FakePrefix, context: JobContext, tmp_path: Path
) -> None:
    prefix.package("own", **fields)  # type: ignore[arg-type]
    plan = await ship_plan.plan(request(prefix, tmp_path / "image"), context)
    assert [(each.id, each.evidence) for each in plan.blockers] == [("not-lockable", (f"own-1.0-0: {why}",))]


async def test_pip_checks_hashes_if_all_are_known(prefix: FakePrefix, context: JobContext, tmp_path: Path) -> None:
    for file in sorted(prefix.site_packages.glob("einops*/**/*"), reverse=True):
        file.unlink() if file.is_file() else file.rmdir()
    (prefix.site_packages / "einops-0.8.0.dist-info").rmdir()
    digest = "ab" * 32
    archive = {"url": "https://x.org/own-1.0-py3-none-any.whl", "archive_info": {"hashes": {"sha256": digest}}}
    prefix.pip_install("own", direct_url=archive)
    outcome = await shipped(request(prefix, tmp_path / "image"), context)
    line = (tmp_path / "image/requirements.txt").read_text().splitlines()[1]
    assert line == f"own @ https://x.org/own-1.0-py3-none-any.whl --hash=sha256:{digest}"
    assert "--require-hashes" in (tmp_path / "image/Dockerfile").read_text()
    assert "no-checksum" not in [each.id for each in outcome.findings]


async def test_pip_that_is_not_there_cannot_install(tmp_path: Path) -> None:
    prefix = make_prefix(tmp_path / "envs/bare")
    prefix.pip_install("einops", "0.8.0")
    assert ids(await ship_plan.plan(request(prefix, tmp_path / "image"), context_of(prefix, tmp_path))) == ["no-pip"]


@pytest.mark.parametrize(
    "fields",
    [
        {"base": "debian"},
        {"base": "debian:latest"},
        {"base": "Debian 12"},
        {"base": "alpine:3.20"},
        {"base": "python:3.12-alpine"},
        {"port": 0},
        {"port": 70000},
        {"command": ("a\nb",)},
    ],
)
async def test_what_makes_no_image_is_refused(
    fields: dict[str, object], prefix: FakePrefix, context: JobContext, tmp_path: Path
) -> None:
    with pytest.raises(UsageError):
        await ship_plan.plan(request(prefix, tmp_path / "image", **fields), context)


@pytest.mark.parametrize("base", ["localhost:5000/own/base:1.0", f"debian@sha256:{'0' * 64}", "gcr.io/a/b-c_d:v1.2-x"])
async def test_a_pinned_base_is_taken(base: str, prefix: FakePrefix, context: JobContext, tmp_path: Path) -> None:
    await shipped(request(prefix, tmp_path / "image", base=base), context)
    assert stages((tmp_path / "image/Dockerfile").read_text())[-1][0].arguments == base


# The directory


async def test_nothing_of_anybody_else_is_written_over(prefix: FakePrefix, context: JobContext, tmp_path: Path) -> None:
    image = tmp_path / "image"
    image.mkdir()
    (image / "Dockerfile").write_text("FROM precious:1\n")
    for replace in (False, True):
        plan = await ship_plan.plan(request(prefix, image, replace=replace), context)
        assert ids(plan) == ["file-exists"] and plan.blockers[0].evidence == ("Dockerfile",)
    (image / "Dockerfile").rename(image / "notes.txt")
    assert ids(await ship_plan.plan(request(prefix, image), context)) == ["file-exists"], "it would be sent along"
    (image / "notes.txt").unlink()
    await shipped(request(prefix, image), context)
    prefix.package("newer")
    assert ids(await ship_plan.plan(request(prefix, image), context)) == ["file-exists"]
    await shipped(request(prefix, image, replace=True), context)
    assert "newer-1.0-0" in (image / "environment.lock").read_text()
    assert ids(await ship_plan.plan(request(prefix, prefix.path / "lib"), context)) == ["file-exists"]
    assert ids(await ship_plan.plan(request(prefix, prefix.meta), context)) != []


async def test_what_appears_after_the_plan_stays(prefix: FakePrefix, context: JobContext, tmp_path: Path) -> None:
    order = request(prefix, tmp_path / "image")
    plan = await ship_plan.plan(order, context)

    def appear(stage: str) -> None:
        (tmp_path / "image").mkdir()
        (tmp_path / "image/Dockerfile").write_text("precious")

    with pytest.raises(RefusedError):
        await ship_perform.perform(plan, order, context, PlainWork(before_stage=appear))
    assert contents(tmp_path / "image") == {"Dockerfile": b"precious"}, "and what was written before it is gone again"


@pytest.mark.parametrize("source", ["lock", "archive"])
@pytest.mark.parametrize("change", ["package", "file", "left out"])
async def test_what_has_changed_since_the_plan_was_shown_is_refused(
    source: ShipSource, change: str, prefix: FakePrefix, context: JobContext, tmp_path: Path
) -> None:
    slim: tuple[SlimClass, ...] = ("headers",) if change == "left out" else ()
    order = request(prefix, tmp_path / "image", source=source, slim=slim)
    plan = await ship_plan.plan(order, context)
    match change:
        case "package":
            prefix.package("newer")
        case "left out":
            prefix.write("include/tool.h", "")
        case _:
            prefix.write("share/own.txt" if source == "archive" else "conda-meta/state", '{"env_vars": {"A": "1"}}')
    with pytest.raises(RefusedError, match="has changed since this was planned"):
        await ship_perform.perform(plan, order, context, PlainWork())
    assert not (tmp_path / "image").exists()


async def test_byte_code_that_comes_meanwhile_is_no_change(
    prefix: FakePrefix, context: JobContext, tmp_path: Path
) -> None:
    order = request(prefix, tmp_path / "image", source="archive", slim=("byte-code",))
    plan = await ship_plan.plan(order, context)
    prefix.write("lib/python3.11/site-packages/__pycache__/own.cpython-311.pyc", "code")
    await ship_perform.perform(plan, order, context, PlainWork())
    assert (tmp_path / "image/Dockerfile").exists()


async def test_a_failure_leaves_the_directory_as_an_earlier_ship_has_written_it(
    prefix: FakePrefix, context: JobContext, tmp_path: Path
) -> None:
    image = tmp_path / "image"
    await shipped(request(prefix, image), context)
    (image / "Dockerfile").unlink()
    before = contents(image)
    prefix.package("newer")

    def stand_in_the_way(stage: str) -> None:
        (image / "Dockerfile").mkdir()

    with pytest.raises(CondatuiError, match="could not be written"):
        await shipped(request(prefix, image, replace=True), context, PlainWork(before_stage=stand_in_the_way))
    (image / "Dockerfile").rmdir()
    assert contents(image) == before


async def test_what_a_cancelled_ship_has_packed_goes_again(
    prefix: FakePrefix, context: JobContext, tmp_path: Path
) -> None:
    def cancel(stage: str) -> None:
        if stage == "write":
            assert (tmp_path / "image/environment.tar.gz").exists()
            raise asyncio.CancelledError

    with pytest.raises(asyncio.CancelledError):
        await shipped(request(prefix, tmp_path / "image", source="archive"), context, PlainWork(before_stage=cancel))
    assert not (tmp_path / "image").exists()


async def test_what_an_interruption_has_left_is_told_and_completed(
    prefix: FakePrefix, context: JobContext, tmp_path: Path
) -> None:
    order = request(prefix, tmp_path / "image")
    plan = await ship_plan.plan(order, context)
    assert (await ship_recover.recover(plan, order, "write", context)).state == "untouched"
    await shipped(order, context)
    assert (await ship_recover.recover(plan, order, "write", context)).state == "done"
    os.unlink(tmp_path / "image/Dockerfile")
    after = await ship_recover.recover(plan, order, "write", context)
    assert (after.state, "5 of 6 files" in after.message) == ("half", True)
    assert isinstance(after.way_out, ShipRequest)
    await shipped(after.way_out, context)
    assert sorted(os.listdir(tmp_path / "image")) == FILES


async def test_a_url_with_a_password_is_written_without_it_and_one_with_a_token_is_refused(
    prefix: FakePrefix, context: JobContext, tmp_path: Path
) -> None:
    url, hashes = "https://me:pw@x.org/einops-0.8.0-py3-none-any.whl", {"hashes": {"sha256": "1" * 64}}
    (site,) = prefix.path.rglob("einops-0.8.0.dist-info")
    (site / "direct_url.json").write_text(json.dumps({"url": url, "archive_info": hashes}))
    await shipped(request(prefix, tmp_path / "image"), context)
    lines = (tmp_path / "image/requirements.txt").read_text().splitlines()
    assert lines[1:] == [f"einops @ {url.replace('me:pw@', '')} --hash=sha256:{'1' * 64}"]
    (site / "direct_url.json").write_text(json.dumps({"url": f"{url}?token=t", "archive_info": hashes}))
    (blocker,) = (await ship_plan.plan(request(prefix, tmp_path / "other"), context)).blockers
    assert (blocker.id, blocker.evidence) == ("not-lockable", ("einops 0.8.0: its URL has a secret in it",))


async def test_credentials_of_a_channel_never_reach_the_list_and_are_told(prefix: FakePrefix, tmp_path: Path) -> None:
    prefix.package("own", url="https://repo.x.org/t/to-ken/lab/linux-64/own-1.0-0.conda")
    prefix.package("other", url="https://me:pass-word@repo.x.org/lab/linux-64/other-1.0-0.conda")
    outcome = await shipped(request(prefix, tmp_path / "image"), context_of(prefix, tmp_path))
    lock = (tmp_path / "image/environment.lock").read_text()
    assert "\nhttps://repo.x.org/lab/linux-64/own-1.0-0.conda#" in lock
    assert "\nhttps://repo.x.org/lab/linux-64/other-1.0-0.conda#" in lock
    assert not [each for each in contents(tmp_path / "image").values() if b"to-ken" in each or b"pass-word" in each]
    (told,) = [each for each in outcome.findings if each.id == "credentials"]
    assert told.message.startswith("2 packages come from a channel with a token")
    assert told.evidence == ("repo.x.org",)
    prefix.package("odd", url="https://repo.x.org/lab/linux-64/odd-1.0-0.conda?token=to-ken")
    refused = await ship_plan.plan(request(prefix, tmp_path / "other"), context_of(prefix, tmp_path))
    assert refused.blockers[0].evidence == ("odd-1.0-0: its URL has a secret in it",)


async def test_long_lists_end_with_the_number_of_the_others(prefix: FakePrefix, tmp_path: Path) -> None:
    for number in range(60):
        prefix.package(f"own{number:02}", md5=None, sha256=None)
    plan = await ship_plan.plan(request(prefix, tmp_path / "image"), context_of(prefix, tmp_path))
    assert (len(plan.blockers[0].evidence), plan.blockers[0].evidence[-1]) == (51, "and 10 more")


async def test_an_archive_whose_ship_was_killed_is_known_as_its_own(
    prefix: FakePrefix, context: JobContext, tmp_path: Path
) -> None:
    order = request(prefix, tmp_path / "image", source="archive")
    plan = await ship_plan.plan(order, context)

    def die(stage: str) -> None:
        if stage != "directory":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        await ship_perform.perform(plan, order, context, PlainWork(before_stage=die))
    for name in ("environment.tar.gz", "environment.tar.gz.sha256"):  # it may have come so far
        (tmp_path / "image" / name).write_text("whole")
    after = await ship_recover.recover(plan, order, "write", context)
    assert isinstance(after.way_out, ShipRequest)
    assert ids(await ship_plan.plan(after.way_out, context)) == []


async def test_an_environment_that_is_gone_is_told(prefix: FakePrefix, context: JobContext, tmp_path: Path) -> None:
    (prefix.meta / "history").unlink()
    assert ids(await ship_plan.plan(request(prefix, tmp_path / "image"), context)) == ["not-an-environment"]


@pytest.mark.parametrize("source", ["lock", "archive"])
async def test_a_record_that_cannot_be_read_is_named_and_nothing_is_written(
    source: ShipSource, prefix: FakePrefix, tmp_path: Path
) -> None:
    (prefix.meta / "numpy-1.26.4-0.json").write_text('{"name": ')
    plan = await ship_plan.plan(request(prefix, tmp_path / "image", source=source), context_of(prefix, tmp_path))
    broken = next(each for each in plan.blockers if each.id == "broken")
    assert "numpy-1.26.4-0.json" in broken.evidence[0]


async def test_a_list_of_nothing_makes_no_image(tmp_path: Path) -> None:
    bare = FakePrefix(tmp_path / "envs/bare")
    bare.write("conda-meta/history", "==> 2024-01-01 00:00:00 <==\n")
    plan = await ship_plan.plan(request(bare, tmp_path / "image"), context_of(bare, tmp_path))
    assert "nothing-left" in ids(plan)
