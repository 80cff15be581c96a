"""Relinking as an action: plan, job, undo, and what becomes of environments afterwards."""

from __future__ import annotations

import os
import subprocess
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace as change
from functools import partial
from pathlib import Path

import pytest
from msgspec.structs import replace

from condatui_core.actions import guards
from condatui_core.actions.exchanges import Exchange, ExchangeNotes
from condatui_core.actions.joined_files import read_joined
from condatui_core.actions.last_change import undo_of_last_change
from condatui_core.actions.pack import perform as pack_perform
from condatui_core.actions.pack import plan as pack_plan
from condatui_core.actions.protocol import JobContext
from condatui_core.actions.relink import batch, facts, perform, plan, recover
from condatui_core.actions.relink.joining import join_all
from condatui_core.actions.separate import perform as separate_perform
from condatui_core.actions.separate import plan as separate_plan
from condatui_core.actions.separate import recover as separate_recover
from condatui_core.disk.same_files import survey_same_files
from condatui_core.errors import CondatuiError, NewerFormatError, RefusedError, UsageError
from condatui_core.fs.places import Place
from condatui_core.prefixes.installed_files import check_files
from condatui_core.prefixes.processes import RunningProcess
from condatui_core.records.job import Outcome, Plan
from condatui_core.records.relinking import LinkMethod
from condatui_core.records.request import PackRequest, RelinkRequest, RestoreRequest, SeparateRequest
from condatui_core.remedy import SeparateOne
from condatui_core.restore_points.store import all_points, directory_of_points
from support.disk_trees import du, prefixes, walked
from support.plain_work import PlainWork, brought_back, removed
from support.prefixes import FakePrefix
from support.relinks import Twins, temporary_names
from support.removals import KilledError, RemovalMachine
from support.same_files import content, install_wheel

NAMES = ("one", "two", "three")
LIBRARY, CONDAS = "lib/python3.11/site-packages/big/library.so", "lib/libconda.so"
YEAR = 31_536_000


@pytest.fixture(autouse=True)
def at_rest(monkeypatch: pytest.MonkeyPatch) -> None:
    """The files of a test were made a moment ago."""
    monkeypatch.setattr(batch, "_REST", 0)


@pytest.fixture(autouse=True)
def one_worker(monkeypatch: pytest.MonkeyPatch) -> None:
    """The search of three small environments takes no more."""
    monkeypatch.setattr(facts, "survey_same_files", partial(survey_same_files, workers=1))


@pytest.fixture
def machine(tmp_path: Path) -> RemovalMachine:
    """Three environments with the same wheel, and the same package that conda has copied."""
    machine = RemovalMachine(tmp_path / "home")
    for number, name in enumerate(NAMES):
        prefix = machine.make(name)
        prefix.package("libconda", files={CONDAS: content("conda", 9000)})
        install_wheel(prefix, "big", {"big/library.so": content("library", 50_000), "big/__init__.py": b"x = 1\n"})
        for path in (LIBRARY, CONDAS):
            os.utime(prefix.path / path, ns=(0, 1_700_000_000_000_000_000 + number * YEAR))
    machine.environments.clear()
    for name in NAMES:
        machine.note(machine.envs / name)
    return machine


def prefix_of(machine: RemovalMachine, name: str) -> Path:
    return machine.envs / name


def state_of(prefix: Path, *, times: bool = True) -> dict[str, tuple[bytes, int, int]]:
    files = (each for each in sorted(prefix.rglob("*")) if each.is_file())
    return {
        str(each.relative_to(prefix)): (
            each.read_bytes(),
            each.stat().st_mode,
            each.stat().st_mtime_ns if times else 0,
        )
        for each in files
    }


async def planned(machine: RemovalMachine, **fields: object) -> Plan:
    return await plan.plan(RelinkRequest(**fields), machine.context())  # type: ignore[arg-type]


async def relinked(machine: RemovalMachine, **fields: object) -> Outcome:
    request = RelinkRequest(**fields)  # type: ignore[arg-type]
    made = await plan.plan(request, machine.context())
    assert made.blockers == ()
    return await perform.perform(made, request, machine.context(), PlainWork())


async def separated(machine: RemovalMachine, name: str) -> Outcome:
    request = SeparateRequest(prefix=str(prefix_of(machine, name)))
    made = await separate_plan.plan(request, machine.context())
    assert made.blockers == ()
    return await separate_perform.perform(made, request, machine.context(), PlainWork(job_id="separate"))


async def test_the_plan_says_what_it_frees_and_what_it_means(machine: RemovalMachine) -> None:
    before = state_of(machine.envs)
    made = await planned(machine)
    assert made.relink
    assert (made.relink.groups, made.relink.files, made.relink.method) == (2, 4, "hardlink")
    assert made.bytes_freed == made.relink.bytes == 2 * (53_248 + 12_288)
    assert [each.id for each in made.warnings] == ["one-file-for-all"]
    assert ("big 1.0", "in 3 places, 106 KB over") in made.facts
    assert made.prefixes == tuple(sorted(str(prefix_of(machine, name)) for name in NAMES))
    assert state_of(machine.envs) == before


async def test_what_is_freed_is_what_was_predicted_and_what_du_says(machine: RemovalMachine) -> None:
    before, space = {name: state_of(prefix_of(machine, name), times=False) for name in NAMES}, du(machine.envs)
    outcome = await relinked(machine)
    assert outcome.bytes_freed == outcome.predicted_bytes == space - du(machine.envs) == 2 * (53_248 + 12_288)
    assert {name: state_of(prefix_of(machine, name), times=False) for name in NAMES} == before
    assert [each.id for each in outcome.findings if each.id != "left-alone"] == []
    again = await planned(machine)
    assert [each.id for each in again.blockers] == ["nothing-to-do"]


async def test_no_file_counts_as_altered_for_the_time_of_another_one(machine: RemovalMachine) -> None:
    await relinked(machine)
    for name in NAMES:
        faults = check_files(str(prefix_of(machine, name)))
        assert (faults.altered, faults.missing) == ((), ())


async def test_an_undo_makes_the_files_of_one_environment_its_own_again(machine: RemovalMachine) -> None:
    before, space = {name: state_of(prefix_of(machine, name)) for name in NAMES}, du(machine.envs)
    await relinked(machine)
    joined = du(machine.envs)
    request = SeparateRequest(prefix=str(prefix_of(machine, "two")))
    made = await separate_plan.plan(request, machine.context())
    assert (made.bytes_needed, [each.id for each in made.warnings]) == (53_248 + 12_288, ["needs-space"])
    outcome = await separated(machine, "two")
    assert outcome.bytes_used == du(machine.envs) - joined == 53_248 + 12_288
    assert state_of(prefix_of(machine, "two")) == before["two"]
    assert all((prefix_of(machine, "two") / path).stat().st_nlink == 1 for path in (LIBRARY, CONDAS))
    refused = await separate_plan.plan(request, machine.context())
    assert [each.id for each in refused.blockers] == ["nothing-to-do"]
    await separated(machine, "one")  # whose files stayed, and have others for company
    assert (du(machine.envs), state_of(prefix_of(machine, "three"))[LIBRARY][2]) == (space, before["one"][LIBRARY][2])


async def test_the_last_change_is_a_relink_as_long_as_it_is_the_newest_and_files_are_joined(
    machine: RemovalMachine,
) -> None:
    context, one = machine.context(), str(prefix_of(machine, "one"))
    (point,) = await removed(context, machine.make("gone").path)
    await relinked(machine)
    _written(context, YEAR)  # though the clock of this test stands still
    assert undo_of_last_change(one, context) == SeparateRequest(prefix=one)
    with pytest.raises(UsageError) as caught:
        undo_of_last_change(None, context)
    assert isinstance(caught.value.advice, SeparateOne)
    assert {*caught.value.advice.prefixes} == {str(prefix_of(machine, name)) for name in ("one", "two", "three")}
    _written(context, -1)
    assert undo_of_last_change(one, context) == RestoreRequest(id=point)
    _written(context, YEAR)
    await separated(machine, "two")
    _written(context, YEAR)
    assert undo_of_last_change(one, context) == SeparateRequest(prefix=one)  # shared with the third one
    await separated(machine, "one")
    assert undo_of_last_change(one, context) == RestoreRequest(id=point)


def _written(context: JobContext, seconds: int) -> None:
    """Let the lists of joined files be written so many seconds after the newest restore point."""
    newest = max(each.at for each in all_points(directory_of_points(context.settings, context.locations)))
    at = newest.timestamp() + seconds
    for each in context.locations.relinked.glob("*.json.gz"):
        os.utime(each, times=(at, at))


async def test_what_is_installed_or_removed_later_leaves_the_others_as_they_were(machine: RemovalMachine) -> None:
    """As pip and conda do it: a file is unlinked before another one is written."""
    await relinked(machine)
    before = state_of(prefix_of(machine, "three"))
    library = prefix_of(machine, "two") / LIBRARY
    library.unlink()
    library.write_bytes(b"upgraded")
    (prefix_of(machine, "one") / CONDAS).unlink()
    assert state_of(prefix_of(machine, "three")) == before
    listed = read_joined(machine.context().locations.relinked, str(prefix_of(machine, "two")))
    assert [each.path for each in listed] == [CONDAS]


async def test_a_joined_environment_is_removed_and_comes_back(machine: RemovalMachine) -> None:
    """Its restore point has what it would have had before, and the others keep their files."""
    before, others = state_of(prefix_of(machine, "one")), state_of(prefix_of(machine, "two"), times=False)
    await relinked(machine)
    now = state_of(prefix_of(machine, "one"))
    (point,) = await removed(machine.context(), prefix_of(machine, "one"))
    assert state_of(prefix_of(machine, "two"), times=False) == others
    assert (await brought_back(machine.context(), point)).message
    assert state_of(prefix_of(machine, "one")) == now == before


async def _packed(machine: RemovalMachine, name: str, file: Path) -> dict[str, tuple[bytes, int]]:
    """The contents and modes in an archive of an environment, by their paths; but for what is made for the receiver."""
    request = PackRequest(prefix=str(prefix_of(machine, name)), file=str(file))
    made = await pack_plan.plan(request, machine.context())
    assert made.blockers == ()
    await pack_perform.perform(made, request, machine.context(), PlainWork())
    with tarfile.open(file) as archive:
        members = ((each, archive.extractfile(each)) for each in archive.getmembers())
        files = {each.name: (stream.read(), each.mode) for each, stream in members if stream}
    del files["bin/conda-unpack"]  # it names files in the order in which they are found
    return files


async def test_an_archive_of_a_joined_environment_holds_what_it_held_before(
    machine: RemovalMachine, tmp_path: Path
) -> None:
    """Also of a file that is in the environment twice: an archive has no use for links to what is not in it."""
    twice = "lib/python3.11/site-packages/big/twice.so"
    before = await _packed(machine, "one", tmp_path / "before.tar")
    await relinked(machine)
    os.link(prefix_of(machine, "one") / LIBRARY, prefix_of(machine, "one") / twice)
    after = await _packed(machine, "one", tmp_path / "after.tar")
    assert after == {**before, twice: before[LIBRARY]}
    assert before[LIBRARY] == (content("library", 50_000), 0o644)


@pytest.mark.parametrize("how", ["frozen", "managed"])
async def test_an_environment_that_must_not_be_changed_keeps_its_files(how: str, machine: RemovalMachine) -> None:
    prefix = FakePrefix(prefix_of(machine, "two"))
    prefix.write("conda-meta/frozen" if how == "frozen" else "conda-meta/pixi", "{}")
    made = await planned(machine)
    assert made.relink
    assert (made.relink.files, {each.id for each in made.warnings}) == (2, {"one-file-for-all", how})
    await relinked(machine)
    assert (prefix.path / LIBRARY).stat().st_nlink == 1


async def test_where_something_runs_nothing_is_changed(
    machine: RemovalMachine, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = facts._left_alone
    busy = str(prefix_of(machine, "two"))
    monkeypatch.setattr(facts, "_left_alone", lambda seen, user: [*real(seen, user), (busy, "in-use")])
    before = (prefix_of(machine, "two") / LIBRARY).stat()
    await relinked(machine)
    now = (prefix_of(machine, "two") / LIBRARY).stat()
    assert (now.st_ino, now.st_mtime_ns, now.st_nlink) == (before.st_ino, before.st_mtime_ns, 3)  # others join it


async def test_only_the_environments_that_were_asked_for(machine: RemovalMachine) -> None:
    two, three = (str(prefix_of(machine, name)) for name in ("two", "three"))
    await relinked(machine, prefixes=(two, three))
    inodes = {name: (prefix_of(machine, name) / LIBRARY).stat() for name in NAMES}
    assert inodes["one"].st_mtime_ns == 1_700_000_000_000_000_000
    assert inodes["two"].st_ino == inodes["three"].st_ino


async def test_the_plan_tells_only_of_the_environments_that_were_asked_for(machine: RemovalMachine) -> None:
    one, two = (FakePrefix(prefix_of(machine, name)) for name in ("one", "two"))
    one.write("conda-meta/frozen", "{}")
    made = await planned(machine, prefixes=(str(two.path), str(prefix_of(machine, "three"))))
    assert made.relink
    assert [each.id for each in made.warnings] == ["one-file-for-all"]
    assert [each.reason for each in made.relink.skipped] == ["small"]


@pytest.mark.parametrize("can", [True, False])
async def test_shared_blocks_are_named_only_where_they_could_be_chosen(
    can: bool, machine: RemovalMachine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(facts, "can_share", lambda descriptor: can)
    (warning,) = (await planned(machine, method="hardlink")).warnings
    assert ("reflink" in str(warning.remedy or "")) == can


@contextmanager
def bound(directory: Path) -> Iterator[None]:
    """Mount a directory on itself: the same disk, and a mount of its own."""
    try:
        subprocess.run(["mount", "--bind", str(directory), str(directory)], check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("nothing can be mounted here")
    try:
        yield
    finally:
        subprocess.run(["umount", "--lazy", str(directory)], check=True)


async def test_what_another_mount_of_the_disk_has_is_not_predicted(machine: RemovalMachine) -> None:
    with bound(prefix_of(machine, "three")):
        made = await planned(machine)
        assert made.relink
        skipped = [(each.reason, each.files, each.bytes) for each in made.relink.skipped if each.reason != "small"]
        assert (made.relink.files, skipped) == (2, [("file-system", 2, made.bytes_freed)])
        outcome = await relinked(machine)
        assert outcome.bytes_freed == made.bytes_freed == 53_248 + 12_288


async def test_an_environment_that_has_come_since_the_plan_is_left_alone(machine: RemovalMachine) -> None:
    request = RelinkRequest()
    made = await plan.plan(request, machine.context())
    made = replace(made, prefixes=tuple(each for each in made.prefixes if not each.endswith("three")))
    await perform.perform(made, request, machine.context(), PlainWork())
    assert (prefix_of(machine, "three") / LIBRARY).stat().st_nlink == 1


async def test_what_was_to_share_blocks_is_not_linked(machine: RemovalMachine) -> None:
    request = RelinkRequest()
    made = await plan.plan(request, machine.context())
    assert made.relink
    made = replace(made, relink=replace(made.relink, method="reflink"))
    with pytest.raises(RefusedError, match="would become hard links"):
        await perform.perform(made, request, machine.context(), PlainWork())
    assert (prefix_of(machine, "two") / LIBRARY).stat().st_nlink == 1


@pytest.mark.parametrize("known", [True, False])
async def test_a_conda_at_work_is_waited_for_if_it_is_of_an_installation_here(
    known: bool, machine: RemovalMachine, monkeypatch: pytest.MonkeyPatch
) -> None:
    conda = RunningProcess(1, (), arguments=(str(machine.root / "bin/conda"), "install", "numpy"))
    monkeypatch.setattr(guards, "running_processes", lambda *, closely: (conda,))
    context = machine.context()
    if not known:
        context = change(context, inventory=replace(context.inventory, installations=()))
    made = await plan.plan(RelinkRequest(), context)
    assert [each.id for each in made.blockers] == (["conda-busy"] if known else [])


@pytest.mark.parametrize(("method", "forgotten"), [("reflink", 1), ("hardlink", 0)])
async def test_which_blocks_files_share_is_asked_again_once_some_may_share_more(
    machine: RemovalMachine, method: LinkMethod, forgotten: int
) -> None:
    """No directory changes by that, so the kept walk would not notice it."""
    context = machine.context()
    kept = context.locations.disk_cache
    walked(prefixes(machine.envs / name for name in NAMES), kept)
    before = set(kept.iterdir())
    twins = Twins(machine.envs)
    same = twins.same(*(machine.envs / name / LIBRARY for name in NAMES))
    work = PlainWork()
    await work.in_thread(partial(perform._join, twins.survey(same, method=method), context, work))
    assert len(before - set(kept.iterdir())) == forgotten


async def test_where_no_blocks_can_be_shared(machine: RemovalMachine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(facts, "can_share", lambda descriptor: False)
    made = await planned(machine, method="reflink")
    assert [each.id for each in made.blockers] == ["no-reflinks"]
    monkeypatch.setattr(facts, "can_share", lambda descriptor: True)
    made = await planned(machine)
    assert made.relink
    assert (made.relink.method, made.warnings) == ("reflink", ())
    assert (await planned(machine, method="hardlink")).relink != made.relink


# After an interruption


@contextmanager
def failing(what: str, number: int) -> Iterator[None]:
    """Let the process die, as far as files are concerned, at a call with this number."""
    real, calls = getattr(Place, what), []

    def fail(place: Place, *arguments: object) -> object:
        calls.append(what)
        if len(calls) >= number:
            raise KilledError
        return real(place, *arguments)

    with pytest.MonkeyPatch.context() as patched, pytest.raises(KilledError):
        patched.setattr(Place, what, fail)
        yield


async def test_what_an_interruption_leaves_is_told_and_the_way_out_goes_on(machine: RemovalMachine) -> None:
    request, before = RelinkRequest(), state_of(machine.envs, times=False)
    made = await plan.plan(request, machine.context())
    survey = (await facts.read_facts(request, machine.context())).survey
    with failing("unlink", 2):
        join_all(survey, machine.context().locations.relinked, PlainWork())
    assert len(temporary_names(machine.envs)) > 0
    told = await recover.recover(made, request, "join", machine.context())
    assert (told.state, told.way_out) == ("half", request)
    assert "temporary names of files will be deleted" in told.message
    again = await plan.plan(request, machine.context())
    assert (again.blockers, [each.title[:9] for each in again.steps]) == ((), ["Delete 3 "])
    outcome = await perform.perform(again, request, machine.context(), PlainWork(job_id="later"))
    assert outcome.message == "3 temporary names deleted; nothing else is stored several times."
    assert (temporary_names(machine.envs), state_of(machine.envs, times=False)) == ([], before)
    assert {(prefix_of(machine, name) / LIBRARY).stat().st_nlink for name in NAMES} == {3}
    told = await recover.recover(made, request, "look", machine.context())
    assert told.state == "untouched"
    settled = await recover.recover(made, request, "join", machine.context())
    assert settled.state == "done"  # so it is told once more at most


async def test_what_a_separation_has_left_is_told(machine: RemovalMachine) -> None:
    request = SeparateRequest(prefix=str(prefix_of(machine, "two")))
    await relinked(machine)
    made = await separate_plan.plan(request, machine.context())
    told = await separate_recover.recover(made, request, "copy", machine.context())
    assert (told.state, told.way_out) == ("half", request)
    assert (await separate_recover.recover(made, request, "look", machine.context())).state == "untouched"


async def test_the_notes_of_a_newer_condatui_are_left_alone(machine: RemovalMachine) -> None:
    directory = machine.context().locations.relinked
    notes = ExchangeNotes(directory, "0")
    notes.note([Exchange(str(prefix_of(machine, "one")), CONDAS, ".temporary", 1, 2, 3)])
    notes.close()
    data = notes.file.read_bytes().replace(b'"format":1', b'"format":99')
    notes.file.write_bytes(data)
    with pytest.raises(NewerFormatError):
        await relinked(machine)
    assert notes.file.read_bytes() == data


async def test_a_damaged_list_is_told_with_the_way_out(machine: RemovalMachine) -> None:
    await relinked(machine)
    (file, *_) = machine.context().locations.relinked.glob("*.json.gz")
    file.write_bytes(b"damaged")
    request = RelinkRequest()
    with pytest.raises(CondatuiError) as told:
        await perform.perform(await planned(machine), request, machine.context(), PlainWork(job_id="later"))
    assert (str(file) in told.value.detail, "delete it" in told.value.hint) == (True, True)
