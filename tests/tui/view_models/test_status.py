from __future__ import annotations

import pytest

from condatui.view_models.cleanup.found import CleanupOptions, FoundCleanup
from condatui.view_models.status import cleanup_waiting, top_line
from condatui_core.disk.usage import DiskUsage
from condatui_core.records.environment import Inventory
from condatui_core.records.installation import Installation
from support.inventories import environment, finding, inventory, loaded
from support.surveys import Held, surveyed

MACHINE = inventory(loaded("a", managed_bytes=3_000_000_000), loaded("b", managed_bytes=400_000_000))


def line(machine: Inventory, width: int = 120) -> str:
    return top_line(machine, host="gpu07", width=width).plain


def test_the_top_line_says_how_the_machine_stands() -> None:
    assert line(MACHINE) == "condatui  gpu07 · conda 26.7.1 · 2 environments · ~3.4 GB by their records"


def test_the_least_important_leaves_first_when_the_terminal_is_narrow() -> None:
    assert line(MACHINE, 60) == "condatui  gpu07 · conda 26.7.1 · 2 environments"
    assert line(MACHINE, 45) == "condatui  conda 26.7.1 · 2 environments"


def test_no_line_is_wider_than_the_terminal() -> None:
    busy = inventory(environment("a"), problems=(finding(),), pending=3)
    assert all(top_line(busy, host="gpu07", width=width).cell_len <= width for width in range(100))


def test_what_is_still_to_come_is_said() -> None:
    assert line(inventory(environment("a"), pending=1, asking_conda=True)).endswith("1 environment · reading 1 more")
    assert line(inventory(environment("a"), asking_conda=True)).endswith("asking conda")


def test_no_conda_is_said_once_it_is_sure() -> None:
    broken = Installation(executable="/x/conda", root_prefix="/x", error="not executable")
    assert "looking for conda" in line(Inventory(asking_conda=True))
    assert "read-only: no conda found" in line(Inventory())
    assert "read-only: no conda found" in line(Inventory(installations=(broken,)))


def test_more_than_one_conda_is_counted() -> None:
    two = (*MACHINE.installations, Installation(executable="/y", root_prefix="/y", version="1", kind="mamba"))
    assert "conda 26.7.1 +1" in line(inventory(installations=two))


def test_problems_of_the_machine_are_counted() -> None:
    assert line(inventory(problems=(finding(), finding()))).endswith("! 2 problems")


async def test_what_is_measured_stands_in_the_place_of_what_records_claim() -> None:
    one, other = MACHINE.environments
    claimed, measured = await surveyed(
        MACHINE,
        Held((one.prefix,), 1_000, inodes=400),
        Held((one.prefix, other.prefix), 3_000_000, inodes=1_100),
        archives=500_000,
    )
    assert line_with(claimed).endswith("~3.4 GB by their records · measuring the disk: 0 entries")
    assert line_with(measured).endswith("3.5 MB on disk · 1.5 K inodes · 500 KB free to reclaim")


def line_with(disk: DiskUsage) -> str:
    return top_line(MACHINE, host="gpu07", width=120, disk=disk).plain


def test_a_host_name_cannot_draw_on_the_terminal() -> None:
    assert "\x1b" not in top_line(MACHINE, host="\x1b[31m", width=120).plain


@pytest.mark.parametrize(
    ("found", "words"),
    [
        (None, ""),
        (FoundCleanup(options=CleanupOptions(0.9)), ""),
        (FoundCleanup(options=CleanupOptions(0.9), waiting=0), ""),
        (FoundCleanup(options=CleanupOptions(0.9), waiting=14_000_000_000), "3 cleanup 14 G"),
    ],
)
def test_the_top_line_says_what_waits_in_the_cleanup_place(found: FoundCleanup | None, words: str) -> None:
    assert cleanup_waiting(found, "3") == words
    line = top_line(Inventory(), host="gpu07", width=120, waiting=words).plain
    assert line.endswith(words)
