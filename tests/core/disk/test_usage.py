"""What is known of the disk while it is measured, and what follows from it."""

from __future__ import annotations

import os
import shutil
from contextlib import aclosing
from pathlib import Path

import pytest

from condatui_core.disk import usage
from condatui_core.disk.usage import Disk, DiskUsage, survey
from condatui_core.records.cleanup import CleanupChoice
from condatui_core.records.disk import Cost, Occupied, Sharing
from condatui_core.records.environment import Environment, Inventory
from condatui_core.settings import Locations
from support.disk_trees import du, link, write
from support.inventories import NOW, environment, finding, inventory, loaded, package, pip_package
from support.surveys import PKGS, Held, half_of, measurement_of, said, surveyed

ONE = loaded("one", [package("a"), package("b")], managed_bytes=2000)
TWO = loaded("two", [package("a")], managed_bytes=1000)
GONE = environment("gone", state="missing")
MACHINE = inventory(ONE, TWO, GONE)
FULL = measurement_of(
    MACHINE,
    Held((ONE.prefix,), 100, inodes=3),
    Held((TWO.prefix,), 20, inodes=2),
    Held((ONE.prefix, TWO.prefix), 3000, inodes=10),
    Held((ONE.prefix, PKGS), 40_000, inodes=50, unit="b-1.0-0"),
    archives=500_000,
)


async def surveys(*measurements: object, **how: object) -> list[DiskUsage]:
    return [each async for each in survey(said(*measurements), MACHINE, **how)]  # type: ignore[arg-type]


async def test_first_the_claims_of_the_records_then_what_is_walked_then_all(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(usage, "_BATCH_SECONDS", -1.0)
    claimed, half, full = await surveys(half_of(FULL, TWO.prefix), FULL)
    assert claimed.costs == {
        ONE.prefix: Cost(total=2000, frees=1000, measured=False),
        TWO.prefix: Cost(total=1000, frees=0, measured=False),
    }
    assert half.costs[TWO.prefix] == Cost(total=3020, frees=20, inodes=12)
    assert half.costs[ONE.prefix].measured is False
    assert (half.entries, half.complete, half.graph) == (617, False, None)
    assert full.costs == {
        ONE.prefix: Cost(total=43_100, frees=100, inodes=63),
        TWO.prefix: Cost(total=3020, frees=20, inodes=12),
    }
    assert (full.complete, full.total, full.inodes, full.reclaimable) == (True, 543_120, 65, 500_000)


async def test_what_comes_often_is_told_seldom() -> None:
    claimed, full = await surveys(*[half_of(FULL, TWO.prefix)] * 50, FULL)
    assert (claimed.complete, full.complete) == (False, True)


async def test_the_figures_of_last_time_stand_until_there_are_better_ones() -> None:
    *_, former = await surveys(FULL)
    again, full = await surveys(FULL, former=former, anew=True)
    assert again.costs == former.costs
    assert again.freed_by([ONE.prefix]) == former.freed_by([ONE.prefix])
    assert (again.complete, again.entries, full.complete, former.anew, full.anew) == (False, 0, True, False, True)


async def test_one_that_is_gone_frees_nothing_and_leaves_the_sum_exact() -> None:
    _, full = await surveys(FULL)
    assert full.freed_by([ONE.prefix, GONE.prefix]) == full.freed_by([ONE.prefix])
    assert (full.freed_by([GONE.prefix]).frees, full.freed_by([GONE.prefix]).measured) == (0, True)
    assert full.together([ONE.prefix, GONE.prefix]) == full.together([ONE.prefix])


async def test_what_a_selection_frees_and_who_keeps_the_rest() -> None:
    claimed, full = await surveys(FULL)
    assert claimed.freed_by([ONE.prefix, TWO.prefix]).measured is False
    assert claimed.freed_by([ONE.prefix]).frees == 1000
    freed = full.freed_by([ONE.prefix])
    assert (freed.frees, freed.with_cache_clean, freed.one_by_one, freed.together) == (100, 540_100, 43_100, 43_100)
    assert freed.kept_by == (Sharing(path=PKGS, bytes=40_000), Sharing(path=TWO.prefix, bytes=3000))
    both = full.freed_by([ONE.prefix, TWO.prefix])
    assert (both.frees, both.one_by_one, both.together) == (3120, 46_120, 43_120)
    assert (freed.inodes, both.inodes) == (3, 15)


async def test_what_environments_occupy_together_is_known_once_all_are_measured() -> None:
    claimed, full = await surveys(FULL)
    assert full.together([ONE.prefix, TWO.prefix]) == Occupied(bytes=43_120, inodes=65)
    assert full.together([ONE.prefix, "/new"]) is None
    assert claimed.together([ONE.prefix]) is None
    assert full.freed_by([ONE.prefix, "/new"]).measured is False, "one that was not there when the disk was measured"


async def test_a_choice_frees_just_what_is_chosen() -> None:
    claimed, full = await surveys(FULL)
    choice = CleanupChoice(prefixes=(ONE.prefix,), cleaned=((PKGS, ("packages",)),))
    assert claimed.frees_with_choice(choice) == 0
    assert full.frees_with_choice(choice) == 40_100
    assert full.frees_with_choice(CleanupChoice(cleaned=((PKGS, ("packages",)),))) == 0


async def test_a_merge_takes_at_most_what_no_cache_has_of_the_keeper_and_what_pip_has_in_the_member_alone() -> None:
    keeper = loaded("keeper", pip=[pip_package("rich", installed_bytes=7)])
    member = loaded("member", pip=[pip_package("Rich", installed_bytes=7), pip_package("trl", installed_bytes=2000)])
    held = (
        Held((keeper.prefix,), 500),
        Held((member.prefix,), 40_000),
        Held((keeper.prefix, member.prefix), 900),
        Held((keeper.prefix, PKGS), 7000, unit="some-1.0-0"),
    )
    *_, known = await surveyed(inventory(keeper, member), *held)
    choice = CleanupChoice(merges=((member.prefix, keeper.prefix),))
    notes = 3 * 4096
    assert known.frees_with_choice(choice) == 40_000 - (500 + 900) - 2000 - notes
    assert known.lost_without_one(choice) == {member.prefix: 40_000 - (500 + 900) - 2000 - notes}


async def test_what_could_not_be_measured_becomes_a_finding_of_the_environment() -> None:
    unreadable = finding("disk-unreadable", "warning", source="disk", hides_bytes=True)
    own = finding("stale", "note")
    machine = inventory(loaded("one", findings=(own,)), TWO)
    measured = measurement_of(machine, Held((ONE.prefix,), 1), findings={ONE.prefix: (unreadable,)})
    *_, known = [each async for each in survey(said(measured), machine)]
    judged = known.added_to(machine)
    assert judged.environments[0].findings == (unreadable, own)
    assert judged.environments[1] is TWO
    assert known.costs[ONE.prefix].at_least
    assert known.freed_by([ONE.prefix]).at_least
    assert known.added_to(judged) == judged, "told twice, it is one finding"
    *_, well = [each async for each in survey(said(measurement_of(machine)), machine)]
    assert well.added_to(judged) == machine


async def test_what_is_chosen_really_frees_that_much(tmp_path: Path) -> None:
    root = Path(os.path.realpath(tmp_path))
    shared = write(root / "pkgs/b-1.0-0/lib/b.so", 90_000)
    write(root / "pkgs/b-1.0-0/info/index.json")
    write(root / "pkgs/b-1.0-0.conda", 20_000)
    write(root / "pkgs/cache/1.json", 30_000)
    for name in ("one", "two"):
        write(root / name / "conda-meta/history")
    link(shared, root / "one/lib/b.so")
    machine = Inventory(
        environments=tuple(Environment(name=name, prefix=str(root / name)) for name in ("one", "two")),
        pkgs_dirs=(str(root / "pkgs"),),
    )
    disk = Disk(Locations.of_user({"CONDATUI_HOME": str(root / "own")}, root), environ=os.environ, clock=lambda: NOW)
    async with aclosing(disk.survey(machine)) as steps:
        *_, known = [each async for each in steps]
    assert known.total == du(root / "one", root / "two", root / "pkgs")
    choice = CleanupChoice(prefixes=(str(root / "one"),), cleaned=((str(root / "pkgs"), ("packages", "index")),))
    predicted, before = known.frees_with_choice(choice), du(root)
    for path in (root / "one", root / "pkgs/b-1.0-0", root / "pkgs/cache"):
        shutil.rmtree(path)
    assert predicted == before - du(root)


async def test_who_holds_a_package_without_any_file_is_the_same_in_every_answer() -> None:
    """`condatui disk` and place 3 ask differently, and cleaning spares what either of them calls held."""
    machine = inventory(loaded("one", [package("meta", file_count=0)]))
    measured = measurement_of(machine, Held((PKGS,), 4096, unit="meta-1.0-h0_0"))
    *_, known = [each async for each in survey(said(measured), machine)]
    assert known.caches == measured.cache_uses(machine.environments)
    (held,) = [unit.copied_by for cache in known.caches for unit in cache.units if unit.name == "meta-1.0-h0_0"]
    assert held == (machine.environments[0].prefix,)
