"""Exporting several environments into a directory: only what has changed is written, and nothing of others."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest

from condatui_core.actions.export import directory as export
from condatui_core.actions.protocol import JobContext
from condatui_core.environment_files.reading import read_environment_file
from condatui_core.errors import CondatuiError, RefusedError, UsageError
from condatui_core.prefixes.prefix import read_prefix
from condatui_core.records.environment import Environment, Inventory
from condatui_core.records.installation import ChannelConfig
from condatui_core.records.job import Outcome, Plan
from condatui_core.records.request import ExportAllRequest
from support.contexts import made_context
from support.inventories import inventory
from support.plain_work import PlainWork
from support.prefixes import FakePrefix, make_prefix


@pytest.fixture
def prefixes(tmp_path: Path) -> dict[str, FakePrefix]:
    found = {name: make_prefix(tmp_path / "envs" / name) for name in ("nlp", "vision")}
    found["nlp"].package("numpy", "1.26.4")
    found["nlp"].pip_install("einops", "0.8.0")
    return found


@pytest.fixture
def into(tmp_path: Path) -> Path:
    return tmp_path / "exports"


def _context(prefixes: dict[str, FakePrefix], home: Path, *others: Environment) -> JobContext:
    environments = (
        Environment(name=name, prefix=str(prefix), contents=read_prefix(str(prefix)))
        for name, prefix in prefixes.items()
    )
    return made_context(inventory(*environments, *others), home)


@pytest.fixture
def context(prefixes: dict[str, FakePrefix], tmp_path: Path) -> JobContext:
    return _context(prefixes, tmp_path)


def _request(into: Path, **fields: object) -> ExportAllRequest:
    return ExportAllRequest(directory=str(into), **fields)  # type: ignore[arg-type]


async def _carry_out(request: ExportAllRequest, context: JobContext, work: PlainWork | None = None) -> Outcome:
    plan = await export.plan(request, context)
    assert not plan.blockers
    return await export.perform(plan, request, context, work or PlainWork())


def _changes(plan: Plan) -> dict[str, str]:
    return {os.path.basename(each.file): each.change for each in plan.exports}


def _state(into: Path) -> dict[str, tuple[int, bytes]]:
    return {each.name: (each.stat().st_mtime_ns, each.read_bytes()) for each in into.iterdir()}


@pytest.mark.parametrize("form", ["yaml", "json", "explicit", "requirements", "conda-lock"])
async def test_each_has_a_file_and_the_index_lists_them(into: Path, context: JobContext, form: str) -> None:
    outcome = await _carry_out(_request(into, format=form), context)
    files = sorted(each.name for each in into.iterdir())
    assert sorted(outcome.files) == [str(into / each) for each in files]
    assert len(files) == 3
    (nlp,) = (each for each in files if each.startswith("nlp"))
    entries = read_environment_file(into / nlp, ChannelConfig(), "linux-64").entries
    assert {each.cell.name for each in entries} >= {"python", "numpy"}
    assert f"| nlp | 3.11.9 | 2+1 | conda-forge | [{nlp}]({nlp}) |\n" in (into / "index.md").read_text().replace(
        "\\", ""
    )
    assert str(into.parent) not in "".join(each.read_text() for each in into.iterdir())


async def test_what_is_as_it_was_keeps_its_time_and_its_bytes(into: Path, context: JobContext) -> None:
    await _carry_out(_request(into), context)
    before = _state(into)
    outcome = await _carry_out(_request(into), context)
    assert (_state(into), outcome.files) == (before, ())
    assert not outcome.stopped


async def test_only_the_file_of_what_has_changed_is_written(
    into: Path, prefixes: dict[str, FakePrefix], context: JobContext
) -> None:
    await _carry_out(_request(into), context)
    before = _state(into)
    prefixes["nlp"].package("scipy")
    assert _changes(await export.plan(_request(into), context)) == {"nlp.yml": "changed", "vision.yml": "same"}
    outcome = await _carry_out(_request(into), context)
    after = _state(into)
    assert {name for name in before if before[name] != after[name]} == {"nlp.yml", "index.md"}
    assert "scipy=1.0=0" in (into / "nlp.yml").read_text()
    assert outcome.files == (str(into / "nlp.yml"), str(into / "index.md"))


async def test_what_has_not_changed_since_its_file_was_written_is_not_even_read(
    into: Path, prefixes: dict[str, FakePrefix], context: JobContext
) -> None:
    await _carry_out(_request(into), context)
    later = os.stat(into / "nlp.yml").st_mtime_ns + 1_000_000_000
    prefixes["nlp"].package("scipy")
    os.utime(prefixes["nlp"].meta, ns=(later, later))
    for path in (prefixes["vision"].meta, prefixes["vision"].meta / "history", prefixes["vision"].site_packages):
        os.utime(path, ns=(1, 1))
    edited = (into / "vision.yml").read_text() + "# edited by hand\n"
    (into / "vision.yml").write_text(edited)
    plan = await export.plan(_request(into, changed=True), context)
    assert _changes(plan) == {"nlp.yml": "changed", "vision.yml": "not-read"}
    assert not plan.blockers
    await _carry_out(_request(into, changed=True), context)
    assert (into / "vision.yml").read_text() == edited
    assert "scipy" in (into / "nlp.yml").read_text()
    (into / "vision.yml").write_text("of somebody else")
    plan = await export.plan(_request(into, changed=True), context)
    assert [each.id for each in plan.blockers] == ["file-exists"]


@pytest.mark.parametrize("name", ["nlp.yml", "index.md"])
async def test_a_file_of_somebody_else_is_never_replaced_unless_asked(
    into: Path, context: JobContext, name: str
) -> None:
    into.mkdir()
    (into / name).write_text("name: nlp\nchannels: []\ndependencies: []\n")
    plan = await export.plan(_request(into), context)
    assert [(each.id, each.evidence) for each in plan.blockers] == [("file-exists", (str(into / name),))]
    with pytest.raises(RefusedError):
        await export.perform(plan, _request(into), context, PlainWork())
    assert os.listdir(into) == [name]
    await _carry_out(_request(into, replace=True), context)
    assert (into / name).read_text().startswith(("# Written by condatui", "<!-- Written by condatui"))


async def test_a_link_is_not_followed_to_what_condatui_wrote_elsewhere(
    into: Path, context: JobContext, tmp_path: Path
) -> None:
    await _carry_out(_request(tmp_path / "other"), context)
    into.mkdir()
    (tmp_path / "other" / "nlp.yml").write_text((tmp_path / "other" / "vision.yml").read_text())
    (into / "nlp.yml").symlink_to(tmp_path / "other" / "nlp.yml")
    plan = await export.plan(_request(into), context)
    assert [each.id for each in plan.blockers] == ["file-exists"]


async def test_a_file_that_appears_meanwhile_is_kept(into: Path, context: JobContext) -> None:
    def appear(stage: str) -> None:
        if stage == "write":
            into.mkdir()
            (into / "nlp.yml").write_text("precious")

    with pytest.raises(RefusedError):
        await _carry_out(_request(into), context, PlainWork(before_stage=appear))
    assert (into / "nlp.yml").read_text() == "precious"


async def test_what_takes_the_place_of_an_own_file_meanwhile_is_kept(
    into: Path, prefixes: dict[str, FakePrefix], context: JobContext
) -> None:
    await _carry_out(_request(into), context)
    prefixes["nlp"].package("scipy")

    def swap(stage: str) -> None:
        if stage == "write":
            (into / "nlp.yml").write_text("precious")

    with pytest.raises(RefusedError):
        await _carry_out(_request(into), context, PlainWork(before_stage=swap))
    assert (into / "nlp.yml").read_text() == "precious"


async def test_the_file_of_what_is_gone_stays_and_is_told(
    into: Path, prefixes: dict[str, FakePrefix], context: JobContext, tmp_path: Path
) -> None:
    await _carry_out(_request(into), context)
    before = (into / "vision.yml").read_bytes()
    left = _context({"nlp": prefixes["nlp"]}, tmp_path)
    plan = await export.plan(_request(into), left)
    assert ("stay, of environments that are gone", "vision.yml") in plan.facts
    await _carry_out(_request(into), left)
    assert (into / "vision.yml").read_bytes() == before
    above, below = (into / "index.md").read_text().split("## No longer there")
    assert "vision.yml" not in above and "vision.yml" in below
    (into / "vision.yml").unlink()
    await _carry_out(_request(into), left)
    assert "vision" not in (into / "index.md").read_text()


async def test_a_part_leaves_the_other_rows_of_the_index(
    into: Path, prefixes: dict[str, FakePrefix], context: JobContext
) -> None:
    await _carry_out(_request(into), context)
    whole = (into / "index.md").read_text()
    prefixes["vision"].package("torch")
    await _carry_out(_request(into, prefixes=(str(prefixes["vision"]),)), context)
    index = (into / "index.md").read_text()
    assert index == whole.replace("| vision | 3.11.9 | 1 |", "| vision | 3.11.9 | 2 |") != whole


async def test_what_is_no_environment_is_told_and_what_is_broken_fails_the_job(
    into: Path, prefixes: dict[str, FakePrefix], tmp_path: Path
) -> None:
    torso = Environment(name="torso", prefix=str(tmp_path / "envs" / "torso"), state="orphan")
    context = _context(prefixes, tmp_path, torso)
    outcome = await _carry_out(_request(into), context)
    assert (outcome.stopped, [each.severity for each in outcome.findings if each.id == "left-out"]) == (False, ["note"])
    (tmp_path / "envs" / "sick" / "conda-meta").mkdir(parents=True)
    sick = Environment(name="sick", prefix=str(tmp_path / "envs" / "sick"), state="broken")
    outcome = await _carry_out(_request(into), _context(prefixes, tmp_path, sick))
    assert (outcome.stopped, [each.severity for each in outcome.findings if each.id == "left-out"]) == (
        True,
        ["warning"],
    )
    assert sorted(os.listdir(into)) == ["index.md", "nlp.yml", "vision.yml"]


async def test_what_is_named_has_to_be_there(into: Path, prefixes: dict[str, FakePrefix], tmp_path: Path) -> None:
    torso = Environment(name="torso", prefix=str(tmp_path / "envs" / "torso"), state="orphan")
    request = _request(into, prefixes=(str(prefixes["nlp"]), torso.prefix, "/nowhere"))
    plan = await export.plan(request, _context(prefixes, tmp_path, torso))
    assert [each.id for each in plan.blockers] == ["not-an-environment", "not-an-environment"]
    assert not into.exists()


async def test_what_stands_against_the_directory(into: Path, context: JobContext, tmp_path: Path) -> None:
    async def blockers(directory: Path) -> list[str]:
        return [each.id for each in (await export.plan(_request(directory), context)).blockers]

    (tmp_path / "file").write_text("")
    assert await blockers(tmp_path / "file") == ["no-directory"]
    assert await blockers(tmp_path / "absent" / "deep") == ["no-directory"]
    assert await blockers(tmp_path / "envs" / "nlp" / "conda-meta") == ["inside-environment"] * 3
    assert await blockers(tmp_path / "envs" / "nlp" / "conda-meta" / "new") == ["inside-environment"]


@pytest.mark.parametrize(
    "how",
    [
        {"format": "explicit", "from_history": True},
        {"format": "explicit", "leaves": True},
        {"format": "conda-lock", "portable": True},
        {"from_history": True, "leaves": True},
    ],
)
async def test_options_that_contradict_each_other(into: Path, context: JobContext, how: dict[str, object]) -> None:
    with pytest.raises(UsageError):
        await export.plan(_request(into, **how), context)


async def test_only_changed_files_are_written_again_if_the_options_are_others(into: Path, context: JobContext) -> None:
    await _carry_out(_request(into), context)
    for file in into.iterdir():
        os.utime(file, (4_000_000_000, 4_000_000_000))
    same = await export.plan(_request(into, changed=True), context)
    others = await export.plan(_request(into, changed=True, builds=False), context)
    assert {each.change for each in same.exports} == {"not-read"}
    assert {each.change for each in others.exports} == {"changed"}


async def test_of_one_that_has_changed_the_title_and_the_outcome_say_so(into: Path, context: JobContext) -> None:
    request = _request(into)
    await _carry_out(request, context)
    (into / "vision.yml").unlink()
    plan = await export.plan(request, context)
    assert plan.title.startswith("Export 1 of 2 environments to ")
    assert any(each.title == f"Write 1 file into {into}, and read it back" for each in plan.steps)
    await _carry_out(request, context)
    assert (await _carry_out(request, context)).message == f"{into}: 2 files are as before"


async def test_after_an_interruption_of_which_nothing_can_be_read_it_claims_nothing(
    into: Path, context: JobContext
) -> None:
    request = _request(into)
    plan = await export.plan(request, context)
    await _carry_out(request, context)
    gone = replace(context, inventory=Inventory())
    found = await export.recover(plan, request, "write", gone)
    assert (found.state, "cannot be found out" in found.message) == ("half", True)


async def test_after_an_interruption_it_says_what_is_written(into: Path, context: JobContext) -> None:
    request = _request(into)
    plan = await export.plan(request, context)
    assert (await export.recover(plan, request, "", context)).state == "untouched"

    def fail(stage: str) -> None:
        if stage == "index":
            (into / "vision.yml").unlink()
            raise CondatuiError("The power goes.")

    with pytest.raises(CondatuiError):
        await export.perform(plan, request, context, PlainWork(before_stage=fail))
    half = await export.recover(plan, request, "write", context)
    assert (half.state, half.way_out) == ("half", request)
    assert "1 of 2 files were written, each whole" in half.message
    await _carry_out(request, context)
    assert (await export.recover(plan, request, "index", context)).state == "done"


async def test_environments_of_one_name_have_files_of_their_own_that_stay_theirs(
    into: Path, prefixes: dict[str, FakePrefix], tmp_path: Path
) -> None:
    other = make_prefix(tmp_path / "mambaforge" / "envs" / "nlp")
    other.package("torch")
    twin = Environment(name="nlp", prefix=str(other), contents=read_prefix(str(other)))
    context = _context(prefixes, tmp_path, twin)
    await _carry_out(_request(into), context)
    mine = f"{tmp_path.name}-nlp.yml"
    assert {each.name for each in into.iterdir()} == {"index.md", "mambaforge-nlp.yml", mine, "vision.yml"}
    assert "torch" in (into / "mambaforge-nlp.yml").read_text()
    await _carry_out(_request(into, prefixes=(str(other),)), context)
    assert "numpy" in (into / mine).read_text()
