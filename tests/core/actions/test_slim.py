"""Slimmed copies: what they lack, what their records say, and that they work; a conda that links what it is told to."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest
from msgspec.structs import replace

from condatui_core.actions.amended_records import without_paths
from condatui_core.actions.clone import perform as clone_perform
from condatui_core.actions.clone import plan as clone_plan
from condatui_core.actions.half_made import came_into
from condatui_core.actions.incomplete_marker import is_marked_incomplete
from condatui_core.actions.protocol import JobContext
from condatui_core.actions.slim import perform, plan, recover
from condatui_core.actions.slim.leave_out import leave_out
from condatui_core.conda.registry import registered_prefixes
from condatui_core.disk.slimming import slim_files
from condatui_core.errors import CondatuiError, RefusedError
from condatui_core.fs.held_tree import HeldTree
from condatui_core.prefixes.installed_files import check_files
from condatui_core.prefixes.prefix import read_prefix
from condatui_core.prefixes.slimmed import read_note
from condatui_core.records.job import Outcome, Plan
from condatui_core.records.request import CloneRequest, RemoveRequest, SlimRequest
from condatui_core.records.slimming import SlimClass
from support.contexts import asking
from support.plain_work import PlainWork
from support.prefixes import FakePrefix, manifest
from support.removals import RemovalMachine
from support.services import SITE, service_machine

CLASSES: tuple[SlimClass, ...] = ("developer-packages", "byte-code", "tests", "headers", "static-libraries")
COPY = "slim"


@pytest.fixture
def machine(tmp_path: Path) -> RemovalMachine:
    return service_machine(tmp_path / "home")[0]


@pytest.fixture
def service(machine: RemovalMachine) -> FakePrefix:
    return FakePrefix(machine.envs / "service")


@pytest.fixture
def copy(machine: RemovalMachine) -> Path:
    return machine.envs / COPY


def request_of(machine: RemovalMachine, *, target: object = None, **fields: object) -> SlimRequest:
    usual = {"classes": CLASSES, "source": str(machine.envs / "service"), "target": str(target or machine.envs / COPY)}
    return SlimRequest(**{**usual, **fields})  # type: ignore[arg-type]


def context_of(machine: RemovalMachine) -> JobContext:
    return asking(machine.context())


async def planned(machine: RemovalMachine, **fields: object) -> Plan:
    return await plan.plan(request_of(machine, **fields), context_of(machine))


async def slimmed(machine: RemovalMachine, work: PlainWork | None = None, **fields: object) -> Outcome:
    context, request = context_of(machine), request_of(machine, **fields)
    made = await plan.plan(request, context)
    assert made.blockers == ()
    return await perform.perform(made, request, context, work or PlainWork())


def imports(prefix: Path) -> bool:
    return subprocess.run([prefix / "bin/python", "-B", "-c", "import cli.main"], check=False).returncode == 0


def paths(prefix: Path) -> set[str]:
    return {each.relative_to(prefix).as_posix() for each in prefix.rglob("*") if not each.is_dir()}


@dataclass(frozen=True)
class Made:
    """A copy that was made once for several tests, which only read it."""

    source: Path
    copy: Path
    plan: Plan
    outcome: Outcome
    untouched: bool
    """Whether the source is as it was before."""


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Made:
    machine, service = service_machine(tmp_path_factory.mktemp("slimmed") / "home")
    before = manifest(service.path)
    planned_first = asyncio.run(planned(machine))
    outcome = asyncio.run(slimmed(machine))
    return Made(service.path, machine.envs / COPY, planned_first, outcome, manifest(service.path) == before)


def test_a_copy_lacks_what_was_chosen_and_nothing_else(made: Made) -> None:
    copy = made.copy
    assert made.untouched
    gone = {
        f"{SITE}/six/tests/test_six.py", f"{SITE}/cli/tests/test_cli.py", f"{SITE}/httpx/tests/test_httpx.py",
        f"{SITE}/pytest.py", f"{SITE}/pytest-1.0.dist-info/METADATA", "conda-meta/pytest-1.0-0.json",
        f"{SITE}/left.py", f"{SITE}/left-1.0.dist-info/METADATA", "conda-meta/left-1.0-0.json",
        "include/tool.h", "lib/libtool.a",
    }  # fmt: skip
    assert paths(made.source) - paths(copy) == gone
    assert paths(copy) - paths(made.source) == {"conda-meta/condatui-slimmed", "conda-meta/created_at"}
    assert not (copy / "include").exists(), "a directory that is empty then goes as well"
    assert (made.outcome.findings, is_marked_incomplete(str(copy))) == ((), False)
    assert imports(copy)


def test_its_records_list_what_is_there_and_its_history_what_was_asked_for(made: Made) -> None:
    copy = made.copy
    records = [json.loads(each.read_bytes()) for each in copy.glob("conda-meta/*.json")]
    assert {each["name"] for each in records} == {"python", "six", "cli", "tool"}
    listed = {path for each in records for path in each["files"]}
    assert {path for path in listed if not os.path.lexists(copy / path)} == set()
    assert {path["_path"] for each in records for path in each["paths_data"]["paths"]} == listed
    contents = read_prefix(str(copy))
    assert contents.requested_names == {"python", "six", "cli", "tool"}
    assert (contents.unmet, contents.problems) == ((), ())
    assert contents.slimmed and {"tests inside of packages", "left", "pytest"} <= set(contents.slimmed)
    assert read_prefix(str(made.source)).slimmed is None
    note = read_note(str(copy))
    assert note and (note.source, note.packages) == (str(made.source), ("left", "pytest"))


def test_its_note_names_the_classes_of_which_something_went_and_no_others(made: Made) -> None:
    note = read_note(str(made.copy))
    assert note and note.classes == (
        "tools of developers",
        "static libraries",
        "header files",
        "tests inside of packages",
    )
    assert "byte-code" in CLASSES, "which the source has none of"


def test_it_weighs_what_was_planned(made: Made) -> None:
    slimming = made.plan.slimming
    assert slimming
    sizes = {each.name: (each.before, each.after) for each in made.outcome.slimmed}
    assert sizes["tests"] == (5500 + 9000 + 3000, 0)
    assert sizes["headers"] == (7000, 0)
    assert sizes["developer-packages"][1] == 0 < sizes["developer-packages"][0]
    real = slim_files(str(made.copy)).slimming.image_bytes
    assert sum(each.after for each in made.outcome.slimmed) == real
    assert slimming.after == pytest.approx(real, rel=0.01)
    assert slimming.before == slim_files(str(made.source)).slimming.image_bytes


async def test_what_pip_has_noted_lists_what_is_there(machine: RemovalMachine, service: FakePrefix, copy: Path) -> None:
    record = service.path / SITE / "httpx-1.0.dist-info/RECORD"
    rows = [
        "httpx/__init__.py,,",
        'httpx/tests/test_httpx.py,"sha256=a,b",3000',
        "httpx/tests/odd.py,,",
        "../../../bin/x,,",
    ]
    record.write_text("\r\n".join((*rows, "httpx-1.0.dist-info/RECORD,,", "")))
    await slimmed(machine)
    told = (copy / SITE / "httpx-1.0.dist-info/RECORD").read_bytes().decode()
    kept = [rows[0], *rows[2:], "httpx-1.0.dist-info/RECORD,,"]
    assert told == "\r\n".join((*kept, "")), "the row of a file that was never there is not ours to take away"
    assert rows[1] in record.read_text()


async def test_slimming_a_copy_keeps_what_its_note_says(machine: RemovalMachine, copy: Path) -> None:
    await slimmed(machine, classes=("developer-packages", "headers"))
    machine.note(copy)
    again = machine.envs / "again"
    await slimmed(machine, source=str(copy), target=str(again), classes=("tests",))
    note = read_note(str(again))
    assert note and note.source == str(copy)
    assert note.classes == ("tools of developers", "header files", "tests inside of packages")
    assert note.packages == ("left", "pytest")


async def test_what_its_owner_may_only_read_is_copied_and_stays_as_it_is(
    machine: RemovalMachine, service: FakePrefix, copy: Path
) -> None:
    """As root nothing is refused: there the modes alone are looked at."""
    below = [each for each in service.path.rglob("*") if not each.is_symlink()]
    before = manifest(service.path)
    for each in (*below, service.path):
        each.chmod(0o555 if each.is_dir() else 0o444)
    (service.path / "bin/tool").chmod(0o555)
    try:
        outcome = await slimmed(machine)
        assert {each.stat().st_mode & 0o777 for each in below} == {0o555, 0o444}
    finally:
        for each in (service.path, *below):
            each.chmod(0o755 if each.is_dir() else 0o644)
    assert (outcome.findings, is_marked_incomplete(str(copy)), imports(copy)) == ((), False, True)
    assert manifest(service.path).keys() == before.keys()
    shutil.rmtree(copy)


async def test_a_clone_of_a_copy_lacks_the_same_and_says_so(machine: RemovalMachine, copy: Path) -> None:
    await slimmed(machine)
    machine.note(copy)
    clone, context = CloneRequest(source=str(copy), target=str(machine.envs / "again")), context_of(machine)
    outcome = await clone_perform.perform(await clone_plan.plan(clone, context), clone, context, PlainWork())
    assert outcome.findings == ()
    assert paths(Path(clone.target)) == paths(copy)
    faults = check_files(clone.target)
    assert (faults.missing, faults.altered) == ((), ())
    assert read_prefix(clone.target).slimmed == read_prefix(str(copy)).slimmed != ()


async def test_a_package_that_is_named_goes_too(machine: RemovalMachine, copy: Path) -> None:
    await slimmed(machine, classes=("tests",), leave_out=("tool", "HTTPX"))
    contents = read_prefix(str(copy))
    assert {each.name for each in contents.packages} == {"python", "six", "cli", "pytest", "left"}
    assert contents.pip_distributions == ()
    assert not (copy / "bin/tool").exists()
    assert not (copy / SITE / "httpx").exists()


async def test_what_is_kept_stays_with_what_it_needs_and_the_plan_says_so(machine: RemovalMachine, copy: Path) -> None:
    classes: tuple[SlimClass, ...] = (*CLASSES, "leaves")
    found = await planned(machine, classes=classes, keep=("pytest",))
    [kept] = [text for label, text in found.facts if label == "kept as used"]
    assert kept.startswith("left, pytest: ")
    assert found.slimming and found.slimming.packages == ()
    assert "kept as used" not in dict((await planned(machine, classes=classes)).facts)
    assert "kept as used" not in dict((await planned(machine, classes=("tests",), keep=("pytest",))).facts)
    outcome = await slimmed(machine, classes=classes, keep=("pytest",))
    assert {each.name for each in read_prefix(str(copy)).packages} == {"python", "six", "cli", "pytest", "left", "tool"}
    assert (copy / SITE / "left.py").exists()
    assert not (copy / "include").exists(), "the other classes go"
    sizes = {each.name: (each.before, each.after) for each in outcome.slimmed}
    assert "developer-packages" not in sizes


async def test_classes_that_were_not_chosen_weigh_in_the_copy_what_they_did(machine: RemovalMachine) -> None:
    sizes = {each.name: each for each in (await slimmed(machine, classes=("tests",))).slimmed}
    assert sizes["developer-packages"].before > 20000
    assert sizes["developer-packages"].after == pytest.approx(sizes["developer-packages"].before, rel=0.01)


def test_the_outcome_names_the_bytes_of_which_the_plan_gave_a_share(made: Made) -> None:
    contents = dict(made.plan.facts)["contents"]
    assert f"of the {contents.partition(' become ')[0]} that service has" in made.outcome.message
    assert "%" not in made.outcome.message, "the real share may round to another one"


@pytest.mark.parametrize(
    ("fields", "blocker"),
    [
        ({"keep": ("nosuch",)}, "no-such-package"),
        ({"keep": ("tool",), "leave_out": ("tool",)}, "kept-and-left-out"),
        ({"leave_out": ("six",)}, "is-needed"),
        ({"leave_out": ("nosuch",)}, "no-such-package"),
        ({"classes": ()}, "nothing-chosen"),
        ({"classes": ("kept",)}, "bad-class"),
        ({"classes": ("tests", "conda-meta")}, "bad-place"),
        ({"target": "SERVICE"}, "target-exists"),
    ],
)
async def test_what_cannot_be_is_refused(machine: RemovalMachine, fields: dict[str, object], blocker: str) -> None:
    if fields.get("target"):
        fields = {"target": machine.envs / "service"}
    refused = await planned(machine, **fields)
    assert [each.id for each in refused.blockers] == [blocker]
    assert refused.steps == ()
    with pytest.raises(RefusedError):
        await perform.perform(refused, request_of(machine, **fields), context_of(machine), PlainWork())


async def test_without_its_python_nothing_proves_a_copy(machine: RemovalMachine, service: FakePrefix) -> None:
    (service.path / "bin/python").unlink()
    assert "no-python" in [each.id for each in (await planned(machine)).blockers]


async def test_a_copy_that_lacks_nothing_is_told_as_a_clone(machine: RemovalMachine) -> None:
    assert "nothing-chosen" in [each.id for each in (await planned(machine, classes=("translations",))).warnings]
    assert "nothing-chosen" not in [each.id for each in (await planned(machine)).warnings]


async def test_what_a_service_may_miss_is_said_first(machine: RemovalMachine) -> None:
    found = await planned(machine, classes=("tests", "conda-meta"), target=machine.home / "srv")
    assert [each.id for each in found.warnings if each.id != "no-cache"] == ["risky-class", "no-environment"]
    (risky,) = (
        each
        for each in (await planned(machine, classes=("second-blas", "conda-meta"))).warnings
        if each.id == "risky-class"
    )
    assert len(risky.evidence) == 1, "there is no second BLAS"


async def test_without_conda_meta_it_is_no_environment_and_works(machine: RemovalMachine) -> None:
    target = machine.home / "srv" / "app"
    machine.registry.write_text(f"{target}\n")
    await slimmed(machine, classes=(*CLASSES, "conda-meta"), target=target)
    assert not (target / "conda-meta").exists()
    assert str(target) not in registered_prefixes(machine.home)
    assert imports(target)


async def test_a_copy_that_does_not_work_stays_half_made(
    machine: RemovalMachine, service: FakePrefix, copy: Path
) -> None:
    record = f"{SITE}/httpx-1.0.dist-info/RECORD"
    service.write(record, "httpx/__init__.py,,\nhttpx/tests/test_httpx.py,,\n")

    def break_it(stage: str) -> None:
        if stage == "prove":
            (copy / SITE / "cli/main.py").unlink()

    with pytest.raises(CondatuiError, match="not work in the copy") as caught:
        await slimmed(machine, PlainWork(before_stage=break_it))
    assert caught.value.detail == "cli: ModuleNotFoundError: No module named 'cli.main'"
    assert is_marked_incomplete(str(copy))
    context = context_of(machine)
    found = await recover.recover(await planned(machine), request_of(machine), "prove", context)
    assert (found.state, found.way_out) == ("half", RemoveRequest(prefixes=(str(copy),)))
    assert "used since" not in found.message
    assert came_into(str(copy), context) == ()
    (copy / record).write_text("of its user")
    assert came_into(str(copy), context) == (record,)


async def test_what_does_not_import_in_the_source_either_is_told(
    machine: RemovalMachine, service: FakePrefix, copy: Path
) -> None:
    (service.path / SITE / "six.py").write_text("raise ValueError('as ever')")
    outcome = await slimmed(machine)
    assert [each.id for each in outcome.findings] == ["does-not-import"]
    assert "six: ValueError: as ever" in outcome.findings[0].evidence
    assert not is_marked_incomplete(str(copy))


async def test_cancelled_it_is_told_as_half_made(machine: RemovalMachine, copy: Path) -> None:
    def cancel(name: str) -> None:
        if name == "leave-out":
            raise asyncio.CancelledError

    with pytest.raises(asyncio.CancelledError):
        await slimmed(machine, PlainWork(before_stage=cancel))
    found = await recover.recover(await planned(machine), request_of(machine), "leave-out", context_of(machine))
    assert (found.state, is_marked_incomplete(str(copy))) == ("half", True)
    assert came_into(str(copy), context_of(machine)) == ()


async def test_a_path_that_was_never_made_or_is_not_the_jobs_is_left_alone(machine: RemovalMachine, copy: Path) -> None:
    plan_of_it, request, context = await planned(machine), request_of(machine), context_of(machine)
    assert (await recover.recover(plan_of_it, request, "link", context)).state == "untouched"
    shutil.copytree(machine.envs / "service", copy, symlinks=True)
    assert (await recover.recover(plan_of_it, request, "prove", context)).state == "untouched"
    assert (await recover.recover(plan_of_it, request, "complete", context)).state == "done"


async def test_what_has_changed_since_it_was_planned_is_refused(machine: RemovalMachine, copy: Path) -> None:
    request, context = request_of(machine), context_of(machine)
    made = await plan.plan(request, context)
    assert made.slimming
    other = replace(made, slimming=replace(made.slimming, packages=("pytest",)))
    with pytest.raises(RefusedError, match="changed since this was planned"):
        await perform.perform(other, request, context, PlainWork())
    assert not copy.exists()


# Parts of it


def test_a_hard_link_goes_and_the_file_stays_elsewhere(tmp_path: Path) -> None:
    prefix = tmp_path / "env"
    (prefix / "a/b").mkdir(parents=True)
    (tmp_path / "cached").write_text("x")
    os.link(tmp_path / "cached", prefix / "a/b/linked")
    (prefix / "a/stays").write_text("y")
    (prefix / "leads").symlink_to(tmp_path)
    with HeldTree(str(prefix)) as tree:
        leave_out(tree, {"a/b/linked", "a/b", "leads", "not-there", "."}, lambda _: None, lambda: False)
    assert paths(prefix) == {"a/stays"}
    assert not (prefix / "a/b").exists()
    assert (tmp_path / "cached").read_text() == "x"


def test_paths_of_packages_for_any_python_are_those_of_the_archive() -> None:
    record = {
        "noarch": "python",
        "files": ["lib/python3.11/site-packages/six.py", "lib/python3.11/site-packages/tests/a.py"],
        "paths_data": {
            "paths_version": 1,
            "paths": [{"_path": "site-packages/six.py"}, {"_path": "site-packages/tests/a.py"}],
        },
        "name": "six",
    }
    amended = without_paths(record, {"lib/python3.11/site-packages/tests/a.py"})
    assert amended == {
        **record,
        "files": ["lib/python3.11/site-packages/six.py"],
        "paths_data": {"paths_version": 1, "paths": [{"_path": "site-packages/six.py"}]},
    }
    odd: dict[str, object] = {"files": None, "paths_data": {"paths": "?"}}
    assert without_paths(odd, {"x"}) == odd
