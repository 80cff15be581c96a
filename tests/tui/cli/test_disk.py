"""`condatui disk` on prefixes made by hand."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from msgspec.structs import replace

from condatui.cli.disk import WalkMeanwhile
from condatui.cli.invocation import Invocation
from condatui.cli.main import condatui
from condatui_core.disk import measure as measuring
from condatui_core.disk.measure import Measurement
from condatui_core.disk.usage import Disk
from condatui_core.fs.mounts import Mount
from condatui_core.prefixes.prefix import read_prefix
from condatui_core.prefixes.site_packages import site_packages_candidates
from condatui_core.records.disk import DiskPlace
from condatui_core.records.environment import Environment, Inventory
from condatui_core.records.installation import Installation
from support.disk_trees import du, link, write
from support.inventories import NOW, LoadedWorkbench
from support.prefixes import make_prefix


class Machine:
    """An installation with two environments that share numpy with its package cache."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.pkgs = root / "conda/pkgs"
        shared = write(self.pkgs / "numpy-1.0-0/lib/numpy.so", 60_000)
        write(self.pkgs / "numpy-1.0-0.conda", 20_000)
        write(self.pkgs / "numpy-1.0-0/info/index.json")
        self.prefixes = [self._environment(name, shared) for name in ("one", "two")]
        gone = Environment(name="gone", prefix=str(root / "gone"), state="missing")
        conda = Installation(executable=str(root / "conda/bin/conda"), root_prefix=str(root / "conda"))
        environments = (*(_read(prefix) for prefix in self.prefixes), gone)
        self.inventory = Inventory(environments=environments, installations=(conda,))

    def _environment(self, name: str, shared: Path) -> Path:
        prefix = make_prefix(self.root / "conda/envs" / name)
        link(shared, prefix.path / "lib/numpy.so")
        prefix.package("numpy", files={"lib/own.py": name})
        record = json.loads((prefix.meta / "numpy-1.0-0.json").read_text())
        record["files"].append("lib/numpy.so")
        record["paths_data"]["paths"].append({"_path": "lib/numpy.so", "path_type": "hardlink"})
        prefix.write_record("numpy-1.0-0", record)
        prefix.pip_install("httpx")
        prefix.write("checkpoints/model.pt", "x" * 90_000)
        return prefix.path

    def run(self, *arguments: str, command: str = "disk") -> Result:
        invocation = Invocation(
            environ={"CONDATUI_HOME": str(self.root / "own")},
            home=self.root,
            cwd=str(self.root),
            clock=lambda: NOW,
            terminal=False,
            make_workbench=lambda *_: LoadedWorkbench(self.inventory),  # type: ignore[arg-type]
        )
        return CliRunner().invoke(condatui, [command, *arguments], obj=invocation)

    def document(self, *arguments: str) -> dict[str, Any]:
        result = self.run(*arguments, "--json")
        assert result.exit_code == 0, result.output
        read = json.loads(result.stdout)
        assert isinstance(read, dict)
        return read


def _read(prefix: Path) -> Environment:
    contents = read_prefix(str(prefix), site_packages_candidates(str(prefix)))
    return Environment(name=prefix.name, prefix=str(prefix), contents=contents)


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(Path(os.path.realpath(tmp_path)))


def test_the_document_has_the_fields_that_it_promises(machine: Machine) -> None:
    document = machine.document("one")
    [one] = document["environments"]
    promised = {
        "name",
        "prefix",
        "total",
        "exclusive",
        "shared_with_cache",
        "shared_with_environments",
        "untracked",
        "pip",
        "packages",
    }
    assert promised <= set(one)
    assert (one["name"], one["prefix"]) == ("one", str(machine.prefixes[0]))
    assert one["total"] == du(machine.prefixes[0])
    assert one["untracked"] == du(machine.prefixes[0] / "checkpoints")
    assert one["untracked_directories"][0]["path"] == "checkpoints"
    numpy = next(each for each in one["packages"] if each["name"] == "numpy")
    assert numpy["bytes"] > 60_000 > numpy["exclusive"] > 0
    assert one["pip"] == next(each["bytes"] for each in one["packages"] if each["name"] == "httpx")


def test_a_set_frees_what_only_the_set_holds(machine: Machine) -> None:
    one, both = machine.document("one"), machine.document("one", "two")
    shared = (machine.prefixes[0] / "lib/numpy.so").stat().st_blocks * 512
    archive = (machine.pkgs / "numpy-1.0-0.conda").stat().st_blocks * 512
    assert one["frees"] == one["environments"][0]["exclusive"] == du(machine.prefixes[0]) - shared
    assert one["frees_with_cache_clean"] == one["frees"] + archive
    assert both["frees"] == du(*machine.prefixes) - shared
    assert (
        both["frees_with_cache_clean"] == both["frees"] + shared + archive + du(machine.pkgs / "numpy-1.0-0") - shared
    )


def test_without_a_name_all_that_are_there_are_meant(machine: Machine) -> None:
    document = machine.document()
    assert [each["name"] for each in document["environments"]] == ["one", "two"]
    [cache] = document["caches"]
    assert (cache["path"], cache["total"]) == (str(machine.pkgs), du(machine.pkgs))


def test_a_base_is_measured_but_counts_nothing_in_what_removing_all_frees(machine: Machine) -> None:
    named = machine.document("two")
    one, *others = machine.inventory.environments
    machine.inventory = replace(machine.inventory, environments=(replace(one, base=True), *others))
    everything = machine.document()
    assert [each["base"] for each in everything["environments"]] == [True, False]
    assert everything["frees"] == named["frees"]
    assert "Removing the one that is no base frees" in machine.run().stdout.splitlines()[-1]


def test_an_environment_that_is_named_twice_counts_once(machine: Machine) -> None:
    assert machine.document("one", str(machine.prefixes[0])) == machine.document("one")


def test_people_read_a_table_and_what_removal_frees(machine: Machine) -> None:
    printed = machine.run("one").stdout
    assert "numpy" in printed and "checkpoints" in printed
    assert "Removing it frees" in printed.splitlines()[-1]
    everything = machine.run().stdout
    assert str(machine.pkgs) in everything and "checkpoints" not in everything


def test_it_is_said_once_where_nobody_tells_which_blocks_files_share(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert machine.document("one")["upper_bounds"] == []
    assert "may occupy less" not in machine.run().stdout
    monkeypatch.setattr(measuring, "mounts", lambda: (Mount("/", "zfs"),))
    places = [str(each) for each in (*machine.prefixes, machine.pkgs)]
    assert machine.document("one")["upper_bounds"] == [{"path": each, "reason": "file-system"} for each in places]
    last = machine.run().stdout.splitlines()[-1]
    assert last == "3 environments and caches may occupy less: the file system does not tell which files share blocks."


def test_a_file_that_grew_in_place_is_noticed_anew(machine: Machine) -> None:
    for folder, _, _ in os.walk(machine.root):
        os.utime(folder, (1_000_000_000, 1_000_000_000))
    machine.document("one")
    model = machine.prefixes[0] / "checkpoints/model.pt"
    model.write_bytes(b"x" * 300_000)
    assert machine.document("one", "--anew")["environments"][0]["total"] == du(machine.prefixes[0])


def test_what_the_settings_leave_out_is_said_and_not_measured(machine: Machine) -> None:
    one, two = machine.prefixes
    write(machine.root / "own/config/settings.yaml").write_text(f"unmeasured: ['{one}']\n")
    [measured] = machine.document()["environments"]
    assert measured["prefix"] == str(two)
    assert measured["outside"] == (one / "lib/numpy.so").stat().st_blocks * 512, (
        "it may have a name in what is left out"
    )
    told = machine.run()
    assert told.stderr == "Not measured, as the setting `unmeasured` says: one.\n"
    listed = machine.run("--sizes", "--json", command="list")
    assert [each["disk"] is None for each in json.loads(listed.stdout)["environments"]] == [True, False, True]
    first, *others = machine.inventory.environments
    environments = (replace(first, managed_bytes=5_000_000), *others)
    machine.inventory = replace(machine.inventory, environments=environments)
    printed = machine.run("--sizes", command="list").stdout.splitlines()
    [row] = [line.split() for line in printed if line.startswith("one ")]
    assert row[4:8] == ["~5.0", "M", "–", "–"], row


def test_nothing_is_measured_where_nothing_is_to_be(machine: Machine) -> None:
    result = machine.run("disk", "--json", command="--no-sizes")
    assert (result.exit_code, json.loads(result.stdout)["environments"]) == (0, [])
    assert result.stderr == "Not measured, as the setting `unmeasured` says: one, two.\n"


class SlowDisk(Disk):
    """Measures the places of an inventory, or waits for ever."""

    def __init__(self, *, forever: bool) -> None:
        self.forever = forever
        self.begun: list[tuple[str, ...]] = []
        self.ended: list[tuple[str, ...]] = []

    def places(self, inventory: Inventory) -> tuple[DiskPlace, ...]:
        return tuple(DiskPlace(path=each.prefix) for each in inventory.environments)

    async def measure_whole(self, inventory: Inventory, *, anew: bool = False) -> Measurement:
        places = self.places(inventory)
        names = tuple(place.path for place in places)
        self.begun.append(names)
        try:
            if self.forever and len(self.begun) == 1:
                await asyncio.Event().wait()
        finally:
            self.ended.append(names)
        return Measurement(places=places, sizes={})


async def _loaded(*inventories: Inventory) -> AsyncIterator[Inventory]:
    for each in inventories:
        yield each
        await asyncio.sleep(0)


def _of(*prefixes: str, asking_conda: bool = False) -> Inventory:
    environments = tuple(Environment(name=each, prefix=each) for each in prefixes)
    return Inventory(environments=environments, asking_conda=asking_conda)


async def test_the_walk_begins_before_packages_are_read_and_once() -> None:
    disk = SlowDisk(forever=False)
    walk, begun = WalkMeanwhile(disk), list[int]()
    async for _ in walk.following(_loaded(_of("/a", asking_conda=True), _of("/a", "/b"), _of("/a", "/b"))):
        await asyncio.sleep(0)
        begun.append(len(disk.begun))
    assert begun == [0, 1, 1]
    measured = await walk.of(_of("/a", "/b"))
    assert [place.path for place in measured.places] == ["/a", "/b"]
    assert disk.begun == [("/a", "/b")]


async def test_a_walk_that_began_without_all_environments_is_given_up_for_one_of_all() -> None:
    disk = SlowDisk(forever=True)
    walk = WalkMeanwhile(disk)
    async for _ in walk.following(_loaded(_of("/a"), _of("/a", "/b"))):
        await asyncio.sleep(0)
    measured = await walk.of(_of("/a", "/b"))
    assert [place.path for place in measured.places] == ["/a", "/b"]
    assert disk.ended == [("/a",), ("/a", "/b")]
