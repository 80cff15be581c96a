from __future__ import annotations

import pytest
from msgspec.structs import replace

from condatui.view_models.details.disk import DiskPartsModel, DiskSubject, parts_line, sharers_line, shares_line
from condatui.view_models.glyphs import ASCII, UNICODE
from condatui_core.records.disk import Breakdown, DiskUse, PackageUse, Sharing, UntrackedDirectory
from support.inventories import environment, finding

MINE, OTHER = environment("mine"), environment("other")
USE = DiskUse(
    prefix=MINE.prefix,
    total=58_000_000,
    exclusive=4_000_000,
    shared_with_cache=2_000_000,
    shared_with_environments=52_000_000,
    outside=0,
    apparent=1,
)
BREAKDOWN = Breakdown(
    prefix=MINE.prefix,
    packages=(
        PackageUse(name="torch", version="2.5.1", source="conda", bytes=40_000_000, exclusive=0, files=9),
        PackageUse(name="evil\x1b[/b]", version="1", source="pypi", bytes=1_000_000, exclusive=1_000_000, files=1),
    ),
    pip=1_000_000,
    untracked=16_000_000,
    bookkeeping=1_000_000,
    directories=(
        UntrackedDirectory(path="checkpoints", bytes=15_000_000, exclusive=3_000_000, files=1200),
        UntrackedDirectory(path="", bytes=1_000_000, exclusive=0, files=1),
    ),
)


def subject(**fields: object) -> DiskSubject:
    given = {
        "use": USE,
        "breakdown": BREAKDOWN,
        "sharing": (Sharing(path=OTHER.prefix, bytes=50_000_000), Sharing(path="/opt/pkgs", bytes=2_000_000)),
        "names": {OTHER.prefix: "other"},
        **fields,
    }
    return DiskSubject(MINE, **given)  # type: ignore[arg-type]


def test_a_bar_shows_whose_the_bytes_are() -> None:
    line = shares_line(subject(), UNICODE, 100).plain
    assert line.startswith("58 M  █")
    assert line.endswith("█ own 4.0 M  ▓ cache 2.0 M  ▒ environments 52 M")
    bar = line.split("  ")[1]
    assert [bar.count(each) for each in "█▓▒"] == [3, 1, 36]


def test_the_smallest_kind_is_seen_and_what_is_nothing_is_not() -> None:
    assert "elsewhere" not in shares_line(subject(), UNICODE, 100).plain
    tiny = DiskUse(
        prefix="/x",
        total=10**12,
        exclusive=1,
        shared_with_cache=0,
        shared_with_environments=0,
        outside=10**12,
        apparent=1,
    )
    assert "█░" in shares_line(subject(use=tiny), UNICODE, 100).plain


def test_what_could_not_be_read_makes_the_total_a_lower_bound() -> None:
    use = replace(USE, findings=(finding("disk-unreadable", hides_bytes=True),))
    assert shares_line(subject(use=use), UNICODE, 100).plain.startswith("≥58 M")


def test_inodes_stand_beside_the_bytes_once_they_are_counted() -> None:
    use = replace(USE, inodes=412_345, exclusive_inodes=1_730)
    assert parts_line(subject(use=use), UNICODE, 120).plain.endswith("bookkeeping 1.0 M · 412 K inodes, 1.7 K own")
    assert "inodes" not in parts_line(subject(), UNICODE, 120).plain


def test_sharers_are_named_and_what_has_no_room_is_counted() -> None:
    assert sharers_line(subject(), UNICODE, 100).plain == "shared with other 50 M, the package cache 2.0 M"
    assert sharers_line(subject(), UNICODE, 35).plain == "shared with other 50 M, 1 more"
    assert sharers_line(subject(sharing=()), UNICODE, 80).plain == "shares nothing with other environments or caches"


def test_two_package_caches_are_told_apart() -> None:
    caches = (Sharing(path="/a", bytes=1), Sharing(path="/b", bytes=1))
    assert (
        "the package cache /a 1 B, the package cache /b 1 B" in sharers_line(subject(sharing=caches), UNICODE, 99).plain
    )


def test_the_cache_of_uv_is_named_with_its_path() -> None:
    sharing = (Sharing(path="/home/me/.cache/uv", bytes=2, tool="uv"), Sharing(path="/opt/pkgs", bytes=1))
    line = sharers_line(subject(sharing=sharing, home="/home/me"), UNICODE, 99).plain
    assert line == "shared with uv cache ~/.cache/uv 2 B, the package cache 1 B"


def test_the_parts_and_what_a_walk_of_changed_directories_cannot_know() -> None:
    parts = "conda 40 M · pip 1.0 M · of no package 16 M · bookkeeping 1.0 M"
    assert parts_line(subject(), UNICODE, 150).plain == parts
    assert (
        parts_line(subject(full_walk="R"), UNICODE, 150).plain
        == f"{parts}  R measures all again, also files that have only grown"
    )


def test_an_upper_bound_says_why_it_is_one() -> None:
    line = parts_line(subject(full_walk="R", upper_bound="file-system"), UNICODE, 200).plain
    assert line.endswith("  or less: the file system does not tell which files share blocks")


@pytest.mark.parametrize(
    ("known", "words"),
    [
        (DiskSubject(environment("gone", state="missing")), "It does not exist"),
        (DiskSubject(MINE, entries=120_000), "Measuring the disk: 120,000 entries so far."),
        (DiskSubject(MINE), "once everything is read"),
    ],
)
def test_what_was_not_measured_says_why(known: DiskSubject, words: str) -> None:
    assert words in shares_line(known, UNICODE, 100).plain


@pytest.mark.parametrize("make", [shares_line, sharers_line, parts_line])
def test_no_line_is_too_wide_and_ascii_is_ascii(make: object) -> None:
    for width in range(10, 120):
        line = make(subject(full_walk="R"), ASCII, width)  # type: ignore[operator]
        assert line.cell_len <= width
        assert line.plain.isascii()


def test_packages_and_directories_stand_largest_first_with_what_to_copy() -> None:
    model = DiskPartsModel(subject())
    rows = [[cell.plain for cell in model.cells(index)] for index in range(len(model))]
    assert rows[0][:5] == ["torch", "2.5.1", "conda", "40 M", "0 B"]
    assert rows[1][:5] == ["checkpoints/ (1,200 files)", "", "no package", "15 M", "3.0 M"]
    assert {row[0] for row in rows[2:]} == {"at its top (1 file)", "evil\\x1b[/b]"}
    assert [model.copied(0), model.copied(1)] == ["torch=2.5.1", f"{MINE.prefix}/checkpoints"]
    assert len({model.key(index) for index in range(len(model))}) == 4
