"""Images that lack what a service does not need: what is not installed, what is deleted, and what is refused."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import tarfile
from dataclasses import dataclass
from pathlib import Path

import pytest

from condatui_core.actions.pack.library import load
from condatui_core.actions.ship import perform as ship_perform
from condatui_core.actions.ship import plan as ship_plan
from condatui_core.actions.ship import slimming
from condatui_core.disk.slimming import slim_files
from condatui_core.errors import CondatuiError, UsageError
from condatui_core.prefixes.prefix import read_prefix
from condatui_core.prefixes.recorded_paths import read_recorded_packages
from condatui_core.records.job import Plan
from condatui_core.records.request import ShipRequest
from condatui_core.records.slimming import SlimClass
from condatui_core.reports.dockerfile import LEFT_OUT, PREFIX
from support.contexts import asking
from support.dockerfiles import faults, stages
from support.plain_work import PlainWork
from support.prefixes import FakePrefix
from support.removals import RemovalMachine
from support.services import SITE, service_machine

CLASSES: tuple[SlimClass, ...] = ("developer-packages", "byte-code", "tests", "headers", "static-libraries")


@dataclass
class Service:
    """A machine with the environment that is shipped."""

    machine: RemovalMachine
    prefix: FakePrefix

    def request(self, directory: Path, *classes: SlimClass, **fields: object) -> ShipRequest:
        return ShipRequest(prefix=str(self.prefix), directory=str(directory), slim=classes or CLASSES, **fields)  # type: ignore[arg-type]

    async def plan(self, request: ShipRequest) -> Plan:
        return await ship_plan.plan(request, asking(self.machine.context()))

    async def ship(self, request: ShipRequest) -> Plan:
        plan = await self.plan(request)
        assert not plan.blockers, plan.blockers
        await ship_perform.perform(plan, request, asking(self.machine.context()), PlainWork())
        return plan


def make_service(home: Path) -> Service:
    machine, prefix = service_machine(home)
    prefix.python_package("pip", "24.0")
    prefix.write(f"{SITE}/cli/__pycache__/x.pyc", "byte code")
    prefix.write(f"{SITE}/cli/tests/__pycache__/x.pyc", "byte code")
    prefix.write("var/cache/own", "of no package")
    prefix.write("include/own.h", "of no package")
    machine.note(prefix.path)
    return Service(machine, prefix)


@pytest.fixture
def service(tmp_path: Path) -> Service:
    return make_service(tmp_path / "home")


def paths(prefix: Path) -> set[str]:
    return {each.relative_to(prefix).as_posix() for each in prefix.rglob("*") if not each.is_dir()}


def installed(service: Service, listed: str, root: Path) -> Path:
    """What the first stage has installed from a list, below a directory in the place of an empty root.

    That is what packages have, without what is of none of them, and byte code.
    """
    target = root / PREFIX[1:]
    shutil.copytree(service.prefix.path, target, symlinks=True)
    files = slim_files(str(service.prefix)).files
    needed = {"bin/python", "pyvenv.cfg", "conda-meta/history"}
    absent = {each.path for each in files if each.kind != "directory" and each.owner is None} - needed
    packages, _ = read_recorded_packages(str(service.prefix))
    for each in packages:
        if f"/{each.record.dist_name}." not in listed:
            absent |= {path.path for path in each.paths} | {f"conda-meta/{each.record.dist_name}.json"}
    for path in absent:
        if "__pycache__" not in path:
            (target / path).unlink()
    return target


def delete(directory: Path, root: Path) -> None:
    """Do what the first stage does when everything is installed, as often as it is asked to."""
    (line,) = (each.arguments for each in stages((directory / "Dockerfile").read_text())[0] if each.name == "RUN")
    steps = [each for each in line.split(" && ") if not re.search(r"micromamba|-m pip", each)]
    (root / "tmp").mkdir(exist_ok=True)
    moved = (directory / LEFT_OUT).read_text().replace(PREFIX, f"{root}{PREFIX}")
    (root / "tmp" / LEFT_OUT).write_text(moved)
    command = " && ".join(steps).replace(PREFIX, f"{root}{PREFIX}").replace("/tmp/left", f"{root}/tmp/left")
    subprocess.run(["/bin/sh", "-ec", command], check=True, capture_output=True)


def imports(prefix: Path, modules: str) -> bool:
    return subprocess.run([prefix / "bin/python", "-B", "-c", f"import {modules}"], check=False).returncode == 0


async def test_packages_are_not_in_the_list_and_files_are_deleted_after_it(service: Service, tmp_path: Path) -> None:
    plan = await service.ship(service.request(tmp_path / "image"))
    image = tmp_path / "image"
    assert faults((image / "Dockerfile").read_text()) == []
    listed = (image / "environment.lock").read_text()
    assert "/six-1.0-0" in listed and "/pytest-1.0-0" not in listed and "/left-1.0-0" not in listed
    assert "pytest" not in (image / "environment.yml").read_text()
    whole = ("include", "lib/libtool.a", f"{SITE}/cli/tests", f"{SITE}/six")  # six has nothing else in there
    assert (image / LEFT_OUT).read_text().splitlines() == [f"{PREFIX}/{each}" for each in whole]
    target = installed(service, listed, tmp_path / "root")
    there = paths(target)
    going = {path for path, name in slim_files(str(service.prefix)).class_of.items() if name in CLASSES}
    for _ in range(2):
        delete(image, tmp_path / "root")
        assert paths(target) == there - going
    assert {f"{SITE}/cli/tests/test_cli.py", "include/tool.h", f"{SITE}/cli/__pycache__/x.pyc"} <= there & going
    assert imports(target, "cli.main, six")
    facts = dict(plan.facts)
    assert facts["left out whole"] == "left, pytest: not in the list"
    assert facts["header files"].endswith("become nothing")
    assert facts["deleted"].startswith("4 files of conda's packages")


async def test_its_layer_weighs_what_the_packages_state_without_what_is_deleted(
    service: Service, tmp_path: Path
) -> None:
    await service.ship(service.request(tmp_path / "all", "caches"))
    await service.ship(service.request(tmp_path / "less", "tests", "static-libraries"))
    await service.ship(service.request(tmp_path / "whole", "developer-packages"))

    def layer(name: str) -> tuple[int, int]:
        document = json.loads((tmp_path / name / "layers.json").read_text())
        return document["bytes_without_base"], document["layers"][1]["files"]

    contents = read_prefix(str(service.prefix))
    weight = sum(each.installed_bytes for each in contents.packages)
    weight += sum(each.installed_bytes for each in contents.pip_distributions)
    assert layer("all") == (weight, sum(each.file_count for each in contents.packages))
    assert layer("all")[0] - layer("less")[0] == 500 * 11 + 9000 + 9000
    assert layer("all")[1] - layer("less")[1] == 3
    gone = [each for each in contents.packages if each.name in ("pytest", "left")]
    assert layer("all")[0] - layer("whole")[0] == sum(each.installed_bytes for each in gone)
    assert not (tmp_path / "whole" / LEFT_OUT).exists()


async def test_pip_that_goes_installs_first_what_it_has_installed(service: Service, tmp_path: Path) -> None:
    plan = await service.ship(service.request(tmp_path / "image", "installer-leftovers", "conda-meta"))
    listed = (tmp_path / "image/environment.lock").read_text()
    assert "/pip-24.0-" in listed and "-m pip install" in (tmp_path / "image/Dockerfile").read_text()
    facts = dict(plan.facts)
    assert "left out whole" not in facts
    assert facts["deleted whole"] == "pip: the first stage installs the packages of pip with it"
    target = installed(service, listed, tmp_path / "root")
    assert (target / SITE / "pip-24.0.dist-info").is_dir()
    delete(tmp_path / "image", tmp_path / "root")
    assert not (target / SITE / "pip-24.0.dist-info").exists() and not (target / "conda-meta").exists()
    assert (target / SITE / "httpx").is_dir()
    (service.prefix.path / f"{SITE}/httpx/tests/test_httpx.py").unlink()
    for each in service.prefix.path.glob(f"{SITE}/httpx-*"):
        shutil.rmtree(each)
    await service.ship(service.request(tmp_path / "none", "installer-leftovers"))
    assert "/pip-24.0-" not in (tmp_path / "none/environment.lock").read_text()


async def test_the_same_environment_lacks_the_same_bytes_on_any_machine(service: Service, tmp_path: Path) -> None:
    other = make_service(tmp_path / "elsewhere" / "deep")
    (other.prefix.path / f"{SITE}/cli/__pycache__/x.pyc").unlink()
    await service.ship(service.request(tmp_path / "one"))
    await other.ship(other.request(tmp_path / "two"))
    one, two = tmp_path / "one", tmp_path / "two"
    assert {each.name: each.read_bytes() for each in one.iterdir()} == {
        each.name: each.read_bytes() for each in two.iterdir()
    }
    await service.ship(service.request(one, "tests", replace=True))
    assert f"{PREFIX}/include" not in (one / LEFT_OUT).read_text()
    assert json.loads((one / "layers.json").read_text())["slim"] == ["tests"]


@pytest.mark.parametrize(
    ("classes", "fields", "blocker"),
    [
        (("developer-packages",), {"command": ("pytest", "--serve")}, "is-needed"),
        (("developer-packages",), {"command": ("cli",)}, ""),
        (("tests",), {"command": ("pytest",)}, ""),
    ],
)
async def test_what_the_service_runs_stays(
    classes: tuple[SlimClass, ...], fields: dict[str, object], blocker: str, service: Service, tmp_path: Path
) -> None:
    record = json.loads((service.prefix.meta / "pytest-1.0-0.json").read_text())
    service.prefix.write("bin/pytest", "#!/bin/sh\n")
    record["files"].append("bin/pytest")
    service.prefix.write_record("pytest-1.0-0", record)
    plan = await service.plan(service.request(tmp_path / "image", *classes, **fields))
    assert [each.id for each in plan.blockers] == ([blocker] if blocker else [])


async def test_what_leaves_nothing_is_refused(service: Service, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="kept"):
        await service.plan(service.request(tmp_path / "image", "kept"))
    for each in service.prefix.meta.glob("*.json"):
        if each.name != "pytest-1.0-0.json":
            each.unlink()
    for each in service.prefix.path.glob(f"{SITE}/*-info"):
        shutil.rmtree(each)
    plan = await service.plan(service.request(tmp_path / "image", "developer-packages"))
    assert [each.id for each in plan.blockers] == ["nothing-left"]


async def test_what_cannot_be_told_is_refused(
    service: Service, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise CondatuiError("The environment cannot be read.")

    monkeypatch.setattr(slimming, "slim_files", fail)
    plan = await service.plan(service.request(tmp_path / "image"))
    assert [(each.id, each.evidence) for each in plan.blockers] == [
        ("cannot-slim", ("The environment cannot be read.",))
    ]


async def test_a_name_that_no_list_can_hold_stays(service: Service, tmp_path: Path) -> None:
    service.prefix.write(f"{SITE}/cli/tests/a\nb.py", "odd")
    record = json.loads((service.prefix.meta / "cli-1.0-0.json").read_text())
    record["files"].append(f"{SITE}/cli/tests/a\nb.py")
    service.prefix.write_record("cli-1.0-0", record)
    plan = await service.ship(service.request(tmp_path / "image"))
    assert [each.evidence for each in plan.warnings if each.id == "odd-name"] == [(f"{SITE}/cli/tests/a\\nb.py",)]
    listed = (tmp_path / "image" / LEFT_OUT).read_text().splitlines()
    assert f"{PREFIX}/{SITE}/cli/tests/test_cli.py" in listed and f"{PREFIX}/{SITE}/cli/tests" not in listed


async def test_risky_classes_are_told(service: Service, tmp_path: Path) -> None:
    plan = await service.plan(service.request(tmp_path / "image", "conda-meta"))
    assert "risky-class" in [each.id for each in plan.warnings]
    plan = await service.plan(service.request(tmp_path / "image", "tests"))
    assert "risky-class" not in [each.id for each in plan.warnings]


# From an archive


async def test_an_archive_lacks_what_was_chosen_and_its_records_do_not_list_it(
    service: Service, tmp_path: Path
) -> None:
    plan = await service.ship(service.request(tmp_path / "image", source="archive"))
    root = tmp_path / "root"
    root.mkdir()
    shutil.unpack_archive(tmp_path / "image/environment.tar.gz", root)
    going = {path for path, name in slim_files(str(service.prefix)).class_of.items() if name in CLASSES}
    own = {"bin/activate", "bin/activate.fish", "bin/conda-unpack", "bin/conda_unpack_progress.py", "bin/deactivate"}
    packed = {each.target for each in load(str(service.prefix)).files}
    assert paths(root) - own == packed - going
    records = [json.loads(each.read_bytes()) for each in root.glob("conda-meta/*.json")]
    lost = {path for each in records for path in each["files"] if not os.path.lexists(root / path)}
    assert imports(root, "cli.main, six")
    assert lost == set() and {each["name"] for each in records} >= {"six", "tool"}
    text = (tmp_path / "image/Dockerfile").read_text()
    assert LEFT_OUT not in text and "-B" in text
    assert dict(plan.facts)["left out whole"] == "left, pytest: not in the archive"
    files = json.loads((tmp_path / "image/layers.json").read_text())["layers"][1]["files"]
    assert files == len(packed - going)


async def test_what_stands_against_an_archive_comes_with_what_helps_here(service: Service, tmp_path: Path) -> None:
    service.prefix.pip_install("own", direct_url={"url": "file:///srv/own", "dir_info": {"editable": True}})
    service.machine.note(service.prefix.path)
    plan = await service.plan(service.request(tmp_path / "image", source="archive"))
    told = {each.id: each.remedy for each in plan.blockers}
    assert told["editable"] == "Install it regularly (`pip install DIRECTORY`), not in place."


async def test_what_pip_has_noted_lists_what_is_packed(service: Service, tmp_path: Path) -> None:
    record = f"{SITE}/httpx-1.0.dist-info/RECORD"
    service.prefix.write(record, "httpx/__init__.py,,\nhttpx/tests/test_httpx.py,,\nhttpx-1.0.dist-info/RECORD,,\n")
    await service.ship(service.request(tmp_path / "image", source="archive"))
    with tarfile.open(tmp_path / "image/environment.tar.gz") as archive:
        packed = archive.extractfile(record)
        assert packed
        assert packed.read() == b"httpx/__init__.py,,\nhttpx-1.0.dist-info/RECORD,,\n"
