"""The top line: the places and what waits in them, how the machine stands, and what leaves in a narrow terminal."""

from __future__ import annotations

import pytest

from condatui.view_models import styles
from condatui.view_models.cleanup.found import CleanupOptions, FoundCleanup
from condatui.view_models.top_line import PlaceLabel, place_labels, top_line
from condatui_core.disk.usage import DiskUsage
from condatui_core.records.environment import Inventory
from condatui_core.records.installation import Installation
from support.inventories import environment, finding, inventory, loaded
from support.surveys import Held, surveyed

MACHINE = inventory(loaded("a", managed_bytes=3_000_000_000), loaded("b", managed_bytes=400_000_000))
WAITING = FoundCleanup(options=CleanupOptions(0.9), waiting=14_000_000_000)


def key(action: str) -> str:
    return {"environments": "1", "compare": "2", "cleanup": "3", "jobs": "4", "restore": "5"}[action.split(".")[1]]


def labels(current: str = "environments", **fields: object) -> tuple[PlaceLabel, ...]:
    return place_labels(key, current, **{"environments": 45, **fields})  # type: ignore[arg-type]


BUSY = labels(cleanup=WAITING, jobs=1, restore_points=3)


def line(machine: Inventory, width: int = 160, places: tuple[PlaceLabel, ...] = ()) -> str:
    return top_line(machine, host="gpu07", width=width, places=places).plain


def test_the_places_and_what_waits_in_them_come_first() -> None:
    assert line(MACHINE, places=BUSY) == (
        "1 envs 45 · 2 compare · 3 cleanup 14 G · 4 jobs ●1 · 5 restore 3   "
        "gpu07 · conda 26.7.1 · ~3.4 GB by their records"
    )


@pytest.mark.parametrize(
    ("width", "shown"),
    [
        (89, "1 envs 45 · 2 compare · 3 cleanup 14 G · 4 jobs ●1 · 5 restore 3   gpu07 · conda 26.7.1"),
        (78, "1 envs 45  2 compare  3 cleanup 14 G  4 jobs ●1  5 restore 3   gpu07"),
        (60, "1 envs 45  2 compare  3 cleanup 14 G  4 jobs ●1  5 restore 3"),
        (58, "1 envs 45  2 comp  3 clean 14 G  4 jobs ●1  5 rest 3"),
        (38, "1 envs 45  2  3 14 G  4 ●1  5 3"),
        (20, "1 envs 45  2  3 14 …"),
    ],
)
def test_in_a_narrow_terminal_the_machine_leaves_first_and_then_the_names(width: int, shown: str) -> None:
    assert line(MACHINE, width, BUSY) == shown


def test_what_is_urgent_stays_beside_the_places_in_80_columns() -> None:
    reading = inventory(loaded("a"), pending=13, asking_conda=True)
    shown = top_line(reading, host="gpu07", width=78, places=labels(), read_only=True).plain
    assert shown == "1 envs 45  2 comp  3 clean  4 jobs  5 rest   read-only · reading 13 more"


def test_the_place_that_is_shown_stands_out_and_keeps_its_name() -> None:
    for width in (160, 30):
        text = top_line(MACHINE, host="gpu07", width=width, places=labels("restore", restore_points=3))
        (span,) = (each for each in text.spans if each.style == "bold reverse")
        assert text.plain[span.start : span.end] in ("5 restore 3", "5 rest 3")


def test_jobs_at_work_are_counted_or_else_those_that_were_interrupted() -> None:
    def jobs(**fields: object) -> tuple[str, str]:
        label = labels("jobs", **fields)[3]
        return label.waiting, label.style

    assert jobs() == ("", styles.PLAIN)
    assert jobs(jobs=2, unseen=1) == ("●2", styles.STRONG)
    assert jobs(unseen=1) == ("!1", styles.WARNING)


@pytest.mark.parametrize(
    ("found", "waiting"),
    [
        (None, ""),
        (FoundCleanup(options=CleanupOptions(0.9)), ""),
        (FoundCleanup(options=CleanupOptions(0.9), waiting=0), ""),
        (WAITING, "14 G"),
    ],
)
def test_the_cleanup_place_has_what_could_be_freed(found: FoundCleanup | None, waiting: str) -> None:
    assert labels(cleanup=found)[2].waiting == waiting


def test_no_line_is_wider_than_the_terminal() -> None:
    busy = inventory(environment("a"), problems=(finding(),), pending=3)
    lines = (top_line(busy, host="gpu07", width=width, places=BUSY) for width in range(130))
    assert all(each.cell_len <= width for width, each in enumerate(lines))


def test_what_is_still_to_come_is_said() -> None:
    assert line(inventory(environment("a"), pending=1, asking_conda=True)).endswith("reading 1 more")
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
    assert line_with(measured).endswith("3.5 MB on disk · 1.5 K inodes · 500 KB unused in package caches")


def line_with(disk: DiskUsage) -> str:
    return top_line(MACHINE, host="gpu07", width=120, disk=disk).plain


def test_a_host_name_cannot_draw_on_the_terminal() -> None:
    assert "\x1b" not in top_line(MACHINE, host="\x1b[31m", width=120).plain
