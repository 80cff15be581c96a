"""All about one row of place 3."""

from __future__ import annotations

from msgspec.structs import replace

from condatui.view_models.cleanup.detail import row_text
from condatui.view_models.cleanup.rows import CleanupRow
from condatui_core.records.kernel import Reference
from support.cleanups import candidate, hub, prefix_of, reason, way_back

NAMES = {prefix_of(name): name for name in ("hub-image", "hub-image-try", "hub-slim", "hub-image-final-v2")}


def lines(row: CleanupRow, frees: int | None = None) -> list[str]:
    return row_text(row, frees, NAMES).plain.split("\n")


def test_a_candidate_with_its_evidence_trust_and_way_back() -> None:
    stale = reason(trust="likely", evidence=("bin/python was read on 2025-04-01",))
    back = way_back(text="restore point, 12 MB", minutes=2)
    of = candidate("hub-image-try", stale, bytes=516_000_000, instead=prefix_of("hub-image"), way_back=back)
    assert lines(CleanupRow(of.key, candidate=of), 41_000_000) == [
        "hub-image-try",
        f"where   {prefix_of('hub-image-try')}",
        "disk    516 MB on disk · 41 MB freed if only this is removed",
        "why     not used for 400 days  (likely, by signs that may mislead)",
        "        bin/python was read on 2025-04-01",
        "back    restore point, 12 MB · about 2 min",
    ]


def test_a_member_says_what_choosing_it_does() -> None:
    group = hub()
    same, _, differs = group.members
    removed = candidate("hub-image-try", bytes=516_000_000, instead=group.keeper)
    merged = candidate("hub-image-final-v2", kind="merge", tier="merge", bytes=516_000_000, instead=group.keeper)
    shown = lines(CleanupRow(same.prefix, group, same, removed), 41_000_000)
    assert "disk    516 MB on disk · 41 MB freed if only this is removed" in shown
    assert "space   chooses its removal: hub-image takes its place" in shown
    shown = lines(CleanupRow(differs.prefix, group, differs, merged), 303_000)
    assert "disk    516 MB on disk · at least 303 KB freed by merging it into hub-image" in shown
    worthless = replace(merged, only_by_hand="its merge may free nothing")
    shown = lines(CleanupRow(differs.prefix, group, differs, worthless), -25_000)
    assert "disk    516 MB on disk · at most 25 KB more taken by merging it into hub-image" in shown
    assert "! no goal chooses it: its merge may free nothing" in shown
    assert "space   chooses the merge into hub-image" in shown
    blocked = lines(CleanupRow(same.prefix, group, same, candidate("hub-image-try", blocked="it is frozen")))
    assert not [line for line in blocked if "chooses" in line]


def test_what_a_project_may_expect_says_so_before_it_is_chosen() -> None:
    of = candidate("/srv/lab/.conda", label="lab/.conda", project="/srv/lab")
    shown = lines(CleanupRow(of.key, candidate=of))
    assert shown[0] == "lab/.conda"
    assert "! the project in /srv/lab may expect it" in shown


def test_what_stays_says_so_once() -> None:
    of = candidate("used", reason(text="processes run from it"), blocked="processes run from it")
    assert [line for line in lines(CleanupRow(of.key, candidate=of)) if "processes" in line] == [
        "! it stays: processes run from it"
    ]


def test_a_member_names_every_package_in_which_it_differs() -> None:
    group = hub()
    member = group.members[2]
    shown = lines(CleanupRow(member.prefix, group, member))
    assert shown[:2] == ["hub-image-final-v2", f"where   {member.prefix}"]
    assert shown[2].startswith("why     differs in 4: numpy ↓1.26.3")
    assert shown[3] == "nothing proposes to remove it"
    assert shown[4] == "alike   95 % of the packages are the same · 90 % of those requested · 93 % with equal builds"
    assert shown[5] == "differs numpy ↓1.26.3  the keeper has 1.26.4 · requested"
    assert shown[-1] == "more    evaluate, wandb"


def test_what_differs_and_goes_as_it_is_says_so_and_a_merge_says_what_that_frees() -> None:
    group = hub()
    member = group.members[2]
    stale, merge = (
        candidate("hub-image-final-v2"),
        candidate("hub-image-final-v2", kind="merge", tier="merge", instead=prefix_of("hub-image")),
    )
    shown = lines(CleanupRow(member.prefix, group, member, stale), 5_000_000)
    assert "goes    as it is: only its restore point keeps what differs" in shown
    assert any("5.0 MB freed if only this is removed" in line for line in shown)
    shown = lines(CleanupRow(member.prefix, group, member, merge), 4_000_000)
    assert not any(line.startswith("goes") for line in shown)
    assert any("4.0 MB freed by merging it into hub" in line for line in shown)
    twin = group.members[0]
    shown = lines(CleanupRow(twin.prefix, group, twin, candidate("hub-image-try")), 1)
    assert not any(line.startswith("goes") for line in shown)


def test_a_share_is_rounded_down_as_what_differs_is_not_all() -> None:
    group = hub()
    shown = lines(CleanupRow(group.members[1].prefix, group, group.members[1]))
    assert "alike   97 % of the packages are the same · 100 % with equal builds" in shown


def test_a_keeper_says_why_it_stays_and_who_is_alike() -> None:
    group = hub()
    shown = lines(CleanupRow(group.keeper, group), 82_000_000)
    assert shown[:5] == [
        "hub-image",
        f"where   {prefix_of('hub-image')}",
        "stays   used today",
        "stays   holds all",
        "frees   82 MB if all that can be chosen of its group are: removed, or merged into it",
    ]
    assert shown[5] == "alike   hub-image-try  100 % the same: identical"
    assert len(shown) == 8


def test_what_names_an_environment_is_listed_with_its_line() -> None:
    of = candidate("hub-image-try")
    references = (
        Reference(kind="kernel", file="/home/ada/.local/share/jupyter/kernels/try", text="Python (try)"),
        Reference(kind="shell", file="/home/ada/.bashrc", line=12, text="  conda activate hub-image-try\n"),
    )
    shown = row_text(CleanupRow(of.key, candidate=of), None, NAMES, references, home="/home/ada").plain
    assert shown.split("\n")[-2:] == [
        "named   by the Jupyter kernel Python (try)",
        "named   in ~/.bashrc:12: conda activate hub-image-try",
    ]
