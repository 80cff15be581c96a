"""Clones by the sandbox's real conda: the disk has the same as the source, and what goes wrong leaves a true word."""

from __future__ import annotations

import asyncio
import dataclasses
import json
import os
import re
import shutil
import stat
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml
from msgspec.structs import replace

from condatui_core.actions.clone import perform as clone_perform
from condatui_core.actions.clone import plan as clone_plan
from condatui_core.actions.clone import recover as clone_recover
from condatui_core.actions.protocol import JobContext
from condatui_core.analyses.health import PrefixObservations, state_of
from condatui_core.conda.answer import CondaAnswer
from condatui_core.errors import CondaError, CondatuiError, RefusedError
from condatui_core.prefixes.last_used import OwnUses
from condatui_core.prefixes.prefix import read_prefix
from condatui_core.prefixes.probe import probe_prefix
from condatui_core.proc.runner import Answer, Runner
from condatui_core.records.environment import Environment, LastUsed
from condatui_core.records.job import Outcome, Plan, Recovery
from condatui_core.records.prefix import PrefixPointer
from condatui_core.records.request import CloneRequest, RemoveRequest
from condatui_core.remedy import AllowDownloads
from condatui_core.settings import Settings
from condatui_sandbox import Sandbox
from support.conda_oracle import CondaOracle
from support.contexts import context_of
from support.fake_conda import answer
from support.plain_work import PlainWork
from support.prefixes import make_prefix
from support.sandboxes import conda, copy_sandbox, manifest
from support.tiers import thorough

KINDS = ("base", "nlp-exp", "pip-mix", "try-again-final-v2", "train-pinned", "prod-frozen", "segmentation")


@dataclass
class Place:
    """A sandbox to clone in."""

    sandbox: Sandbox
    context: JobContext

    def request(self, source: str, target: str = "clone", **fields: object) -> CloneRequest:
        prefix = self.sandbox.root_prefix if source == "base" else self.sandbox.prefixes[source]
        path = target if os.sep in target else str(self.sandbox.root_prefix / "envs" / target)
        return CloneRequest(source=os.path.realpath(prefix), target=path, **fields)  # type: ignore[arg-type]

    async def plan(self, request: CloneRequest) -> Plan:
        return await clone_plan.plan(request, self.context)

    async def perform(self, request: CloneRequest, work: PlainWork | None = None) -> Outcome:
        return await clone_perform.perform(await self.plan(request), request, self.context, work or PlainWork())

    async def recovery(self, request: CloneRequest, work: PlainWork) -> Recovery:
        plan = await self.plan(request)
        return await clone_recover.recover(plan, request, work.stages[-1] if work.stages else "", self.context)

    def state(self, prefix: str) -> str:
        """How the clone is listed."""
        pointer = PrefixPointer(prefix=prefix)
        return state_of(
            PrefixObservations(pointer=pointer, probe=probe_prefix(prefix), name="", contents=read_prefix(prefix))
        )


@pytest.fixture(scope="module")
def copied(sandbox: Sandbox, tmp_path_factory: pytest.TempPathFactory) -> Sandbox:
    return copy_sandbox(sandbox, tmp_path_factory.mktemp("clones") / "sandbox", KINDS)


@pytest.fixture(scope="module")
def loaded(copied: Sandbox) -> JobContext:
    return asyncio.run(context_of(copied))


@pytest.fixture
def place(copied: Sandbox, loaded: JobContext) -> Place:
    """Whatever a former test has made in it is gone."""
    _forget_clones(copied)
    return Place(copied, loaded)


def _forget_clones(sandbox: Sandbox) -> None:
    own = {path.name for path in sandbox.prefixes.values()}
    for path in (sandbox.root_prefix / "envs").iterdir():
        if path.is_dir() and not path.is_symlink() and path.name not in own:
            shutil.rmtree(path)


def run(*argv: str) -> str:
    return subprocess.run(argv, capture_output=True, text=True, check=True, cwd="/").stdout


def files_of(prefix: Path) -> dict[str, tuple[str, int]]:
    """All paths with kind and mode; compiled modules and conda's records left out."""
    found = {}
    for path in prefix.rglob("*"):
        name = path.relative_to(prefix).as_posix()
        if "__pycache__" not in name and not name.startswith(("conda-meta/", "envs/", "pkgs/")):
            status = path.lstat()
            found[name] = (stat.filemode(status.st_mode)[0], status.st_mode & 0o777)
    return {name: seen for name, seen in found.items() if name not in ("conda-meta", "envs", "pkgs")}


@pytest.mark.parametrize(
    "name", ["pip-mix", "prod-frozen", *thorough(sorted({*KINDS} - {"base", "pip-mix", "prod-frozen"}))]
)
async def test_a_clone_has_what_its_source_has(place: Place, name: str) -> None:
    request = place.request(name, offline=True)
    source, target = Path(request.source), Path(request.target)
    before = manifest(source)
    plan = await place.plan(request)
    outcome = await place.perform(request)
    assert plan.blockers == ()
    assert [each for each in outcome.findings if each.severity != "note"] == []
    old, new = read_prefix(str(source)), read_prefix(str(target))
    assert [(each.name, each.version, each.build, each.base_url, each.requested_specs) for each in new.packages] == [
        (each.name, each.version, each.build, each.base_url, each.requested_specs) for each in old.packages
    ]
    assert [(each.name, each.version, each.owner, each.origin) for each in new.distributions] == [
        (each.name, each.version, each.owner, each.origin) for each in old.distributions
    ]
    assert (new.pinned, new.variables, new.history.requested) == (old.pinned, old.variables, old.history.requested)
    assert [(each.package, each.pip_version) for each in new.replaced] == [
        (each.package, each.pip_version) for each in old.replaced
    ]
    assert (new.frozen, new.problems) == (None, ())
    assert files_of(target) == files_of(source)
    assert manifest(source) == before
    assert place.state(str(target)) == "ok"


async def test_cloning_an_environment_is_not_using_it(place: Place) -> None:
    request, context = place.request("nlp-exp", offline=True), place.context
    begun = context.clock()
    await place.perform(request)
    seems = LastUsed(at=begun + (context.clock() - begun) / 2, evidence="bin/python3.11 was read", reliable=True)
    environment = context.environment(request.source)
    assert environment is not None
    assert OwnUses(context.locations.own_uses).correct(request.source, seems) == environment.last_used


async def test_what_it_costs_is_what_the_disk_has_lost(place: Place) -> None:
    request = place.request("nlp-exp", offline=True)
    plan, outcome = await place.plan(request), await place.perform(request)
    inodes: dict[int, list[os.stat_result]] = {}
    for path in (Path(request.target), *Path(request.target).rglob("*")):
        inodes.setdefault(path.lstat().st_ino, []).append(path.lstat())
    own = [found[0] for found in inodes.values() if stat.S_ISDIR(found[0].st_mode) or found[0].st_nlink == len(found)]
    assert outcome.bytes_used == sum(status.st_blocks * 512 for status in own)
    assert plan.bytes_needed is not None
    assert outcome.bytes_used is not None
    assert _not_linked_as_in(Path(request.source), Path(request.target)) == []
    assert abs(outcome.bytes_used - plan.bytes_needed) < outcome.bytes_used / 4
    shared = sum(status.st_blocks * 512 for found in inodes.values() for status in found[:1]) - outcome.bytes_used
    assert shared > 0  # the rest is linked from the package cache


def _not_linked_as_in(source: Path, clone: Path) -> list[str]:
    """The files that the clone has for itself, and the source shares with the cache or does not have."""
    files = (each for each in clone.rglob("*") if each.is_file() and not each.is_symlink())
    own = (each for each in files if each.stat().st_nlink == 1 and each.parent != clone / "conda-meta")
    pairs = ((each.relative_to(clone), source / each.relative_to(clone)) for each in own)
    return sorted(str(path) for path, origin in pairs if not origin.exists() or origin.stat().st_nlink > 1)


async def test_its_python_imports_what_pip_has_put_over_conda(place: Place) -> None:
    request = place.request("try-again-final-v2", offline=True)
    await place.perform(request)
    said = run(f"{request.target}/bin/python", "-c", "import numpy; print(numpy.__version__, numpy.__file__)").split()
    (replaced,) = read_prefix(request.source).replaced
    assert said[0] == replaced.pip_version
    assert said[1].startswith(request.target)


async def test_conda_says_the_same_of_both_of_what_was_asked_for(place: Place, tmp_path: Path) -> None:
    request = place.request("train-pinned", offline=True)
    await place.perform(request)
    exports = [
        yaml.safe_load(conda(place.sandbox, "env", "export", "-p", prefix, "--from-history"))
        for prefix in (request.source, request.target)
    ]
    for export in exports:
        del export["name"], export["prefix"]
    assert exports[0] == exports[1]
    revisions = [
        json.loads(conda(place.sandbox, "list", "-p", prefix, "--revisions", "--json"))
        for prefix in (request.source, request.target)
    ]
    assert revisions[1][: len(revisions[0])] == revisions[0]
    with CondaOracle(tmp_path) as oracle:
        before, after = (oracle.states(prefix)[-1] for prefix in (request.source, request.target))
    assert set(after) == set(before), "conda takes no clone for empty"
    history = read_prefix(request.target).history
    assert history.created is not None and history.revisions[-1].at is not None
    assert abs((history.created - history.revisions[-1].at).total_seconds()) < 2  # not the source's


async def test_of_base_conda_itself_stays_behind_unless_it_is_asked_for(place: Place) -> None:
    plain, whole = place.request("base", "plain", offline=True), place.request("base", "whole", with_conda=True)
    plan = await place.plan(plain)
    assert [each.id for each in plan.warnings] == ["base"]
    assert [each.severity for each in (await place.perform(plain)).findings] == []
    assert [each.id for each in (await place.perform(whole)).findings] in ([], ["conda-said"])
    source = {each.name for each in read_prefix(plain.source).packages}
    names = {target: {each.name for each in read_prefix(target).packages} for target in (plain.target, whole.target)}
    assert names == {plain.target: source - {"conda"}, whole.target: source}
    assert not list(Path(plain.target).rglob("conda/*"))
    assert {path.name for path in Path(plain.target).iterdir()}.isdisjoint({"envs", "pkgs"})
    assert "conda" not in dict(read_prefix(plain.target).history.requested)
    revisions = json.loads(conda(place.sandbox, "list", "-p", plain.target, "--revisions", "--json"))
    assert [each.partition("-")[0] for each in revisions[-1]["remove"]] == ["conda"]


async def test_files_that_nobody_owns_come_along_with_the_new_prefix_in_them(place: Place, tmp_path: Path) -> None:
    source = tmp_path / "odd"
    conda(place.sandbox, "create", "-p", str(source), "--clone", str(place.sandbox.root_prefix), "--offline")
    site_packages = next(source.glob("lib/python3*/site-packages"))
    text = f"#!{source}/bin/python\n# not {source}-2, and not {source}2\n"
    (source / "bin" / "tool").write_text(text)
    (source / "bin" / "tool").chmod(0o750)
    (site_packages / "here.pth").write_text(f"{source}/src\n")
    dist_info = site_packages / "tool-1.0.dist-info"
    dist_info.mkdir()
    (dist_info / "METADATA").write_text("Name: tool\nVersion: 1.0\n")
    (dist_info / "RECORD").write_text("../../../bin/tool,sha256=old,1\ntool-1.0.dist-info/RECORD,,\n")
    (source / "lib" / "compiled.so").write_bytes(b"\x7fELF\0" + os.fsencode(source) + b"/lib\0")
    (source / "absolute").symlink_to(source / "lib")
    (source / "empty").mkdir()
    os.mkfifo(source / "pipe")
    request = CloneRequest(source=str(source), target=str(tmp_path / "new"), offline=True)
    plan = await place.plan(request)
    told = {each.id: each.evidence for each in plan.warnings}
    assert told["old-prefix"] in (("lib/compiled.so",), ("absolute",))
    assert [each.evidence for each in plan.warnings if each.id == "old-prefix"] == [("lib/compiled.so",), ("absolute",)]
    assert told["special-files"] == ("pipe",)
    outcome = await place.perform(request)
    new = Path(request.target)
    assert (new / "bin" / "tool").read_text() == text.replace(f"#!{source}", f"#!{new}")
    assert stat.S_IMODE((new / "bin" / "tool").stat().st_mode) == 0o750
    assert (new / site_packages.relative_to(source) / "here.pth").read_text() == f"{new}/src\n"
    assert os.readlink(new / "absolute") == f"{new}/lib"
    assert (new / "empty").is_dir()
    record = (new / dist_info.relative_to(source) / "RECORD").read_text().splitlines()
    assert re.fullmatch(rf"../../../bin/tool,sha256=[\w-]{{43}},{len((new / 'bin' / 'tool').read_bytes())}", record[0])
    assert {each.id: each.evidence for each in outcome.findings} == {
        "old-prefix": ("lib/compiled.so",),
        "special-files": ("pipe",),
    }


async def test_a_target_that_no_shell_would_survive_is_only_a_directory(place: Place, tmp_path: Path) -> None:
    target = tmp_path / "my ; rm -rf ." / "env"
    request = place.request("pip-mix", str(target), offline=True)
    outcome = await place.perform(request)
    assert [each for each in outcome.findings if each.severity == "error"] == []
    assert str(target) in run(str(target / "bin" / "pip"), "--version")
    assert {path.name for path in tmp_path.iterdir()} == {"my ; rm -rf ."}


@pytest.mark.parametrize("name", ["-p", "a b", "; rm -rf x", "$(touch-x)", "it's", "x" * 300, "base"])
async def test_names_that_would_be_trouble_are_refused(place: Place, name: str) -> None:
    plan = await place.plan(place.request("nlp-exp", str(place.sandbox.root_prefix / "envs" / name)))
    assert [each.id for each in plan.blockers] == ["bad-name"]
    assert plan.steps == ()


async def test_what_breaks_a_rule_of_the_policy_is_said_before(place: Place, tmp_path: Path) -> None:
    (tmp_path / "policy.yaml").write_text("format: 1\nnames: (proj|exp)-.+\npip: forbidden\n")
    settings = Settings(usual_places=False, policy=str(tmp_path / "policy.yaml"))
    request = place.request("pip-mix", str(place.sandbox.root_prefix / "envs" / "try"))
    plan = await clone_plan.plan(request, dataclasses.replace(place.context, settings=settings))
    told = [each.evidence[0] for each in plan.warnings if each.id == "policy"]
    assert told == ["the policy's rule names", "the policy's rule pip"]
    assert not plan.blockers


async def test_what_is_there_is_never_replaced(place: Place, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(place.sandbox.prefixes["pip-mix"])
    for target in (str(place.sandbox.prefixes["pip-mix"]), str(tmp_path / "link")):
        before = manifest(place.sandbox.prefixes["pip-mix"])
        request = place.request("nlp-exp", target)
        plan = await place.plan(request)
        assert [each.id for each in plan.blockers] == ["target-exists"]
        assert "--clone" not in str(plan.facts)  # which would delete it
        work = PlainWork()
        with pytest.raises(RefusedError):
            await place.perform(request, work)
        assert (work.stages, work.ran) == ([], [])
        assert (await place.recovery(request, work)).state == "untouched"
        assert manifest(place.sandbox.prefixes["pip-mix"]) == before


async def test_a_target_that_comes_up_in_the_last_moment_is_left_alone(place: Place, tmp_path: Path) -> None:
    target = tmp_path / "new"

    def make(stage: str) -> None:
        (target / "conda-meta").mkdir(parents=True)
        (target / "conda-meta" / "history").write_text("mine")

    request, work = place.request("nlp-exp", str(target)), PlainWork(before_stage=make)
    with pytest.raises(RefusedError, match="has appeared"):
        await place.perform(request, work)
    assert work.ran == []
    assert [path.name for path in target.rglob("*")] == ["conda-meta", "history"]
    assert (await place.recovery(request, work)).state == "untouched"


class Dying(BaseException):
    """Stands for the end of the process."""


@pytest.mark.parametrize(
    ("dies_before", "state"),
    [("put-back", "half"), ("add", "half"), *thorough([("link", "untouched"), ("copy", "half"), ("verify", "half")])],
)
async def test_whoever_dies_half_way_leaves_something_that_is_described(
    place: Place, dies_before: str, state: str
) -> None:
    def die(stage: str) -> None:
        if stage == dies_before:
            raise Dying

    request, work = place.request("train-pinned", "half", add=("xlrd",), offline=True), PlainWork(before_stage=die)
    with pytest.raises(Dying):
        await place.perform(request, work)
    found = await place.recovery(request, work)
    assert found.state == state
    if state == "untouched":
        assert not os.path.lexists(request.target)
    elif dies_before == "add":
        assert ("has all of its source" in found.message, found.way_out) == (True, None)
        assert place.state(request.target) == "ok"
    else:
        assert found.way_out == RemoveRequest(prefixes=(request.target,))
        assert place.state(request.target) == "orphan"


class Lying:
    """A conda that does some of what it is told, by another's hand, and says what it likes."""

    def __init__(self, says: Answer, *, made: Sequence[str] = ()) -> None:
        self.says = says
        self.made = made

    async def __call__(self, argv: Sequence[str], *, environ: Mapping[str, str], seconds: float | None) -> Answer:
        prefix = Path(argv[argv.index("-p") + 1])
        for name in self.made:
            (prefix / name).parent.mkdir(exist_ok=True)
            (prefix / name).write_text("x")
        return self.says


async def test_a_conda_that_is_killed_leaves_a_half_made_prefix(place: Place) -> None:
    request = place.request("nlp-exp", "killed", offline=True)
    work = PlainWork(runner=Lying(answer(exit_code=-9), made=("lib/libz.so", "bin/x")))
    with pytest.raises(CondaError, match="could not link the packages"):
        await place.perform(request, work)
    found = await place.recovery(request, work)
    assert (found.state, found.way_out) == ("half", RemoveRequest(prefixes=(request.target,)))
    assert place.state(request.target) == "orphan"


@pytest.mark.parametrize("document", [None, {"success": True}, {"success": False, "message": "no"}])
async def test_a_conda_that_has_not_done_it_is_not_believed(place: Place, document: object) -> None:
    request, work = place.request("nlp-exp", "lied", offline=True), PlainWork(runner=Lying(answer(document)))
    with pytest.raises(CondaError):
        await place.perform(request, work)
    assert not os.path.lexists(request.target)
    assert (await place.recovery(request, work)).state == "untouched"


@pytest.mark.parametrize("documents", [(), ({"exception_name": "CondaMultiError"}, {"success": True})])
async def test_a_conda_that_has_done_it_may_say_what_it_likes(place: Place, documents: tuple[object, ...]) -> None:
    real = PlainWork().runner

    async def run(argv: Sequence[str], *, environ: Mapping[str, str], seconds: float | None) -> Answer:
        done = await real(argv, environ=environ, seconds=seconds)
        said = "\n".join(map(json.dumps, documents))
        stdout = done.stdout if "python" in os.path.basename(argv[0]) else said
        return Answer(argv=tuple(argv), exit_code=0, stdout=stdout)

    request = place.request("train-pinned", "said", offline=True)
    assert (await place.perform(request, PlainWork(runner=run))).findings == ()


async def test_the_cache_comes_first_and_only_then_the_network(place: Place) -> None:
    said = answer({"success": False, "exception_name": "OfflineError", "message": "not offline"}, exit_code=1)
    for offline, commands in ((True, [True]), (False, [True, False])):
        work = PlainWork(runner=Lying(said))
        with pytest.raises(CondaError):
            await place.perform(place.request("train-pinned", "net", offline=offline), work)
        assert ["--offline" in argv for argv in work.ran] == commands


async def test_what_the_cache_has_no_more_is_said_before(place: Place) -> None:
    source = place.sandbox.root_prefix / "envs" / "remote"
    conda(place.sandbox, "create", "-p", str(source), "--clone", str(place.sandbox.prefixes["train-pinned"]))
    (record,) = (source / "conda-meta").glob("tqdm-*.json")
    stated = json.loads(record.read_text())
    name = record.name.removesuffix(".json")
    record.write_text(json.dumps({**stated, "url": f"https://conda.invalid/noarch/{stated['fn']}", "md5": "0" * 32}))
    record.write_text(record.read_text().replace(stated["sha256"], "0" * 64))
    request = CloneRequest(source=str(source), target=f"{source}-2")
    plan = await place.plan(request)
    assert plan.blockers == ()
    assert [(each.id, each.evidence) for each in plan.warnings] == [("no-cache", (name,))]
    assert not any("--offline" in step.argv for step in plan.steps)
    offline = await place.plan(CloneRequest(source=str(source), target=f"{source}-2", offline=True))
    assert [(each.id, each.evidence) for each in offline.blockers] == [("no-cache", (name,))]


async def test_specs_are_added_afterwards_as_the_plan_has_said(place: Place) -> None:
    request, source = place.request("nlp-exp", "more", add=("xlrd",), offline=True), place.sandbox.prefixes["nlp-exp"]
    before = manifest(source)
    plan = await place.plan(request)
    assert dict(plan.facts)["added"] == "1 package, nothing to download"
    assert [(each.name, each.change) for each in plan.moves] == [("xlrd", "new")]
    assert manifest(source) == before
    outcome = await clone_perform.perform(plan, request, place.context, PlainWork())
    assert "xlrd was added" in outcome.message
    target = read_prefix(f"{place.sandbox.root_prefix}/envs/more")
    assert "xlrd" in {each.name for each in target.packages}
    assert "xlrd" in dict(target.history.requested)


async def test_what_was_there_already_is_not_called_added(place: Place) -> None:
    request = place.request("nlp-exp", "same", add=("click", "tqdm"), offline=True)
    plan = await place.plan(request)
    assert dict(plan.facts)["added"] == "nothing: all of it is there"
    outcome = await clone_perform.perform(plan, request, place.context, PlainWork())
    assert outcome.message.endswith(" click tqdm were there already.")


async def test_what_conda_cannot_add_is_said_in_its_words_before_anything_is_made(place: Place) -> None:
    plan = await place.plan(place.request("nlp-exp", "never", add=("no-such-package",), offline=True))
    assert [each.id for each in plan.blockers] == ["not-solved"]
    assert "no-such-package" in "\n".join(plan.blockers[0].evidence)
    expected = "conda cannot add no-such-package: no channel that it looks in has no-such-package."
    assert plan.blockers[0].message == expected
    assert (plan.steps, plan.moves, plan.blockers[0].remedy) == ((), (), AllowDownloads())


def _asked(place: Place, *says: object) -> tuple[Place, list[Sequence[str]]]:
    """The place with a conda that says this to one dry run after the other, and what it was asked."""
    asked: list[Sequence[str]] = []

    async def ask(argv: Sequence[str], *, environ: Mapping[str, str], seconds: float | None) -> CondaAnswer:
        assert environ["CONDA_PIP_INTEROP_ENABLED"] == "false"  # else it would delete records of what pip has replaced
        said = says[len(asked)]
        asked.append(argv)
        if isinstance(said, Exception):
            raise said
        assert isinstance(said, CondaAnswer)
        return said

    return Place(place.sandbox, dataclasses.replace(place.context, ask_conda=ask)), asked


_TORCH = {"name": "torch", "dist_name": "torch-2.0-0", "version": "2.0", "build_string": "0"}
_FETCHES_TORCH = {"actions": {"LINK": [_TORCH], "FETCH": [{**_TORCH, "size": 1_000_000_000}]}}


async def test_what_an_addition_downloads_is_said_and_has_to_fit(place: Place) -> None:
    request = place.request("nlp-exp", "big", add=("torch",))
    asking, asked = _asked(place, answer(_FETCHES_TORCH))
    plan = await asking.plan(request)
    assert dict(plan.facts)["added"] == "1 package, 1.0 GB to download, about 6.0 GB on the disk"
    assert (plan.bytes_needed or 0) > 5_000_000_000
    assert ("--dry-run" in asked[0], "--offline" in asked[0], asked[0][3]) == (True, False, request.source)
    huge = {"actions": {"LINK": [_TORCH], "FETCH": [{**_TORCH, "size": 10**15}]}}
    assert [each.id for each in (await _asked(place, answer(huge))[0].plan(request)).blockers] == ["no-space"]
    offline = replace(request, offline=True)
    plan = await _asked(place, answer(_FETCHES_TORCH))[0].plan(offline)
    assert [(each.id, each.evidence) for each in plan.blockers] == [("not-cached", ("torch-2.0-0",))]


async def test_a_build_is_looked_for_in_the_cache_first_and_what_cannot_be_told_is_a_warning(place: Place) -> None:
    request = place.request("nlp-exp", "exact", add=("torch=2.0=0",))
    asking, asked = _asked(place, CondaError("conda is offline."), answer({"message": "All there."}))
    plan = await asking.plan(request)
    assert ["--offline" in each for each in asked] == [True, False]
    assert (dict(plan.facts)["added"], plan.blockers) == ("nothing: all of it is there", ())
    asking, _ = _asked(place, CondaError("conda could not add it.", "NotWritableError"))
    plan = await asking.plan(place.request("nlp-exp", "unsure", add=("torch",)))
    assert dict(plan.facts)["added"] == "cannot be told before"
    assert [each.evidence for each in plan.warnings if each.id == "not-solved"] == [
        ("conda could not add it.", "NotWritableError")
    ]
    assert plan.steps and not plan.blockers


async def test_what_conda_calls_no_spec_is_refused_before_anything_is_made(place: Place) -> None:
    asking, _ = _asked(
        place, CondaError("conda could not add it.", "CondaValueError: invalid package specification: !numpy")
    )
    plan = await asking.plan(place.request("nlp-exp", "odd", add=("!numpy",)))
    assert [each.id for each in plan.blockers] == ["not-solved"]
    assert plan.blockers[0].message == "conda cannot add !numpy: that is no spec of a package."
    assert "invalid package specification: !numpy" in "\n".join(plan.blockers[0].evidence)
    assert plan.steps == ()


def _only_adding(says: Answer) -> Runner:
    """A conda that is real until it has to add something: then it says this, and does nothing."""
    real = PlainWork().runner

    async def run(argv: Sequence[str], *, environ: Mapping[str, str], seconds: float | None) -> Answer:
        return says if "--" in argv else await real(argv, environ=environ, seconds=seconds)

    return run


async def test_what_cannot_be_added_leaves_the_clone_whole(place: Place) -> None:
    request, work = place.request("train-pinned", "less", add=("no-such-package",), offline=True), PlainWork()
    with pytest.raises(CondaError, match="was made, and no-such-package could not be added") as raised:
        await place.perform(request, work)
    assert "has all of its source; no-such-package was not added to it" in raised.value.hint
    assert place.state(request.target) == "ok"
    found = await place.recovery(request, work)
    assert "no-such-package was not added" in found.message
    request, work = (
        place.request("train-pinned", "less-2", add=("packaging=99",)),
        PlainWork(runner=_only_adding(answer())),
    )
    with pytest.raises(CondaError, match="could not be added") as raised:
        await place.perform(request, work)
    assert "Not there: packaging=99" in raised.value.detail
    options = await place.plan(place.request("train-pinned", "less-3", add=("--force",)))
    assert [each.id for each in options.blockers] == ["bad-spec"]
    assert (await place.plan(place.request("train-pinned", "/"))).title == "Clone train-pinned to /"


async def test_a_disk_that_is_full_leaves_a_half_made_prefix(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device", "x")

    monkeypatch.setattr("condatui_core.actions.clone.mirror.copy_attributes", full)
    request, work = place.request("pip-mix", "full", offline=True), PlainWork()
    with pytest.raises(CondatuiError, match="could not be made") as raised:
        await place.perform(request, work)
    assert "No space left" in raised.value.detail
    monkeypatch.undo()
    assert (await place.recovery(request, work)).state == "half"


async def test_a_source_that_is_gone_or_none_is_refused(place: Place, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    for source in (tmp_path / "gone", tmp_path / "empty"):
        plan = await place.plan(CloneRequest(source=str(source), target=str(tmp_path / "new")))
        assert "not-an-environment" in [each.id for each in plan.blockers]


async def test_a_source_of_another_platform_is_refused_with_the_reason(place: Place, tmp_path: Path) -> None:
    source = make_prefix(tmp_path / "foreign")
    source.package("vc", subdir="win-64")
    source.package("ucrt", subdir="win-64")
    environment = Environment(prefix=str(source), name="foreign", foreign="win-64")
    inventory = replace(place.context.inventory, environments=(environment,))
    context = dataclasses.replace(place.context, inventory=inventory)
    plan = await clone_plan.plan(CloneRequest(source=str(source), target=str(tmp_path / "new")), context)
    (reason,) = [each.message for each in plan.blockers if each.id == "other-platform"]
    assert "built for win-64" in reason and plan.steps == ()
