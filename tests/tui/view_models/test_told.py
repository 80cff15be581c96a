"""What snapshots tell of other machines, in words and beside this machine's own."""

from __future__ import annotations

from datetime import timedelta

from msgspec.structs import replace

from condatui.view_models.glyphs import UNICODE
from condatui.view_models.told import Told, United, disk_words, gpu_lines, no_packages
from condatui_core.records.disk import Cost
from condatui_core.records.host_snapshot import HeldBytes, ToldVerdict
from support.inventories import NOW, environment, finding, inventory, loaded
from support.other_machines import FLEET, on, others

HERE = inventory(loaded("mine"))
DISK = {FLEET[0].prefix: HeldBytes(bytes=900), FLEET[2].prefix: HeldBytes(bytes=800, exclusive=70, inodes=6)}
FIRST = FLEET[0].prefix


def told(**fields: object) -> Told:
    return Told(others(*FLEET).machines[0], NOW, **fields)  # type: ignore[arg-type]


def test_all_environments_stand_in_one_inventory_this_machines_first() -> None:
    united, problem = United("here"), finding("snapshot-unusable")
    there = others(*FLEET, pending=2, problems=(problem,))
    whole = united.inventory(HERE, there)
    assert whole.environments == (*HERE.environments, *FLEET)
    assert (whole.problems, whole.pending, whole.installations) == ((problem,), 2, HERE.installations)
    assert whole.channel_config(FLEET[0]) == there.inventory.channel_configs[0][1]
    assert united.inventory(HERE, there) is whole, "until one of them changes"
    assert united.inventory(HERE, others()) is HERE


def test_costs_that_were_not_told_are_not_known() -> None:
    united, mine = United("here"), {HERE.environments[0].prefix: Cost(total=5, frees=4, inodes=3)}
    costs = united.costs(mine, others(*FLEET, disk=DISK))
    assert costs == {
        **mine,
        FIRST: Cost(total=900, frees=None),
        FLEET[2].prefix: Cost(total=800, frees=70, inodes=6),
    }
    assert united.costs(mine, others(*FLEET)) is mine


def test_the_disk_in_words() -> None:
    assert disk_words(told(bytes=HeldBytes(bytes=5_100_000_000))) == ("5.1 G on gpu01", "", "Told 3 d ago.")
    full = HeldBytes(bytes=5_100_000_000, exclusive=96_000_000, inodes=41_000)
    assert disk_words(told(bytes=full)) == ("5.1 G on gpu01", "96 M of it its own, 41 K inodes", "Told 3 d ago.")
    assert disk_words(told())[0] == "The snapshot of gpu01 does not say what it occupies."


def test_what_is_not_told_of_the_packages_is_not_explained_by_a_guess() -> None:
    lacking, why = on("gpu01", environment("x", prefix="/x")), "no time left\x1b[2J"
    untold = "The snapshot of gpu01 does not tell its packages."
    assert no_packages(lacking, None) == no_packages(lacking, told()) == untold
    machine = others(lacking, unread=(("/y", "no"), ("/x", why))).machines[0]
    assert no_packages(lacking, Told(machine, NOW)) == f"{untold} It says: no time left\\x1b[2J."
    assert no_packages(replace(lacking, state="broken"), None) == f"{untold} Its state there is broken."


def test_the_gpu_in_words() -> None:
    assert gpu_lines(told(), UNICODE).plain == "Its GPU was not checked on gpu01: told 3 d ago."
    checked = ToldVerdict(verdict="works", kind="works", at=NOW - timedelta(days=9), message="all \x1b[1mgood")
    lines = gpu_lines(told(verdict=checked), UNICODE).plain.splitlines()
    assert (lines[0][0], lines[1]) == (UNICODE.good, "Checked on gpu01 9 d ago. Told 3 d ago.")
    assert "\x1b" not in lines[0]
