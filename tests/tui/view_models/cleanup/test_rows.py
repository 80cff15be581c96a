"""The rows of place 3: groups first, what each member is to its keeper, and the other candidates."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from condatui.view_models.alike import member_words
from condatui.view_models.cleanup.rows import (
    COLUMNS,
    CleanupModel,
    CleanupRow,
    choosable,
    choosable_together,
    cleanup_rows,
    rows_of_group,
    way_back_words,
)
from condatui.view_models.glyphs import ASCII
from condatui_core.records.cleanup import CleanupCandidate
from support.cleanups import cached, candidate, group, hub, member, prefix_of, reason, way_back

NAMES = {prefix_of(name): name for name in ("hub-image", "hub-image-try", "hub-slim", "hub-image-final-v2", "old")}
TRIAL = reason("scratch-name", "named like a trial", trust="guess")
IDENTICAL = candidate("hub-image-try", reason("identical", "the same packages as hub-image"), TRIAL, bytes=516_000_000)
OLD = candidate("old", bytes=51_000_000)


def model(*candidates: object, **fields: object) -> CleanupModel:
    rows = cleanup_rows([hub()], candidates)  # type: ignore[arg-type]
    given = {"frees": {}, "together": {}, "names": NAMES, **fields}
    return CleanupModel(rows, **given)  # type: ignore[arg-type]


def cell(of: CleanupModel, row: int, column: str) -> str:
    index = next(index for index, each in enumerate(COLUMNS) if each.id == column)
    return of.cells(row)[index].plain


def test_a_group_comes_first_then_its_members_then_the_others_in_their_order() -> None:
    rows = cleanup_rows([hub()], [cached(), IDENTICAL, OLD])
    keys = [row.key for row in rows]
    assert keys[:4] == [prefix_of(name) for name in ("hub-image", "hub-image-try", "hub-slim", "hub-image-final-v2")]
    assert keys[4:] == [cached().key, OLD.key]
    assert [row.is_heading for row in rows] == [True, False, False, False, False, False]
    assert rows[1].candidate is IDENTICAL
    assert rows[2].candidate is None


def test_a_keeper_that_is_a_candidate_itself_has_one_row() -> None:
    rows = cleanup_rows([hub()], [candidate("hub-image", blocked="it stays for 3 environments alike to it")])
    assert [row.key for row in rows].count(prefix_of("hub-image")) == 1


def test_leftovers_of_a_member_are_a_row_of_their_own() -> None:
    left = candidate("hub-image-try", kind="leftovers", key="left", tier="leftover")
    rows = cleanup_rows([hub()], [IDENTICAL, left])
    assert rows[-1].candidate is left


def test_the_prefix_of_a_row_is_that_of_its_environment() -> None:
    rows = cleanup_rows([hub()], [cached(), OLD])
    assert [row.prefix for row in (rows[0], rows[1], *rows[-2:])] == [
        prefix_of("hub-image"),
        prefix_of("hub-image-try"),
        "",
        prefix_of("old"),
    ]


def test_only_what_nothing_blocks_can_be_chosen() -> None:
    rows = cleanup_rows([hub()], [IDENTICAL, OLD, candidate("used", blocked="processes run from it")])
    assert choosable(rows) == {IDENTICAL.key, OLD.key}
    assert choosable(rows_of_group(rows, prefix_of("hub-image"))) == {IDENTICAL.key}


def test_a_project_s_own_environment_is_called_as_in_the_list_with_what_may_expect_it() -> None:
    own = candidate("/srv/lab/.conda", label="lab/.conda", project="/srv/lab")
    rows = model(own)
    assert cell(rows, 4, "name") == "lab/.conda"
    assert cell(rows, 4, "why") == "not used for 400 days · the project in /srv/lab may expect it"


def test_what_a_member_is_to_its_keeper() -> None:
    words = "differs in 4: numpy ↓1.26.3, zlib ↓1.2.13, pip ↑25.1, … · has 2 more: evaluate, wandb"
    assert member_words(hub().members[2]) == words


def test_the_heading_says_who_stays_why_and_what_the_group_frees() -> None:
    shown = model(together={prefix_of("hub-image"): 82_000_000})
    heading = shown.heading(0)
    assert heading is not None
    assert heading[0].plain == "≈ hub-image  (4 alike, keep this: used today, holds all)"
    assert heading[1].plain == "choice frees 82 M"
    assert shown.heading(1) is None
    unmeasured = model().heading(0)
    assert unmeasured is not None
    assert unmeasured[1].plain == "choice frees …"


def test_in_ascii_the_heading_has_its_sign_too() -> None:
    rows = cleanup_rows([group("hub-image", member("a"), why=("chosen by you",))], [])
    heading = CleanupModel(rows, frees={}, together={}, names=NAMES, glyphs=ASCII).heading(0)
    assert heading is not None
    assert heading[0].plain == "~ hub-image  (2 alike, keep this: chosen by you)"


def test_a_member_says_its_relation_and_its_other_reasons() -> None:
    shown = model(IDENTICAL, frees={IDENTICAL.key: 41_000_000}, chosen=frozenset({IDENTICAL.key}))
    assert [cell(shown, 1, column) for column in ("mark", "name", "disk", "frees", "why")] == [
        "●",
        "  hub-image-try",
        "516 M",
        "41 M",
        "remove: identical · named like a trial",
    ]


def test_another_choice_makes_again_only_the_rows_whose_mark_changes() -> None:
    shown = model(IDENTICAL, OLD)
    before = [shown.cells(index) for index in range(len(shown))]
    chosen = shown.with_chosen(frozenset({OLD.key}))
    assert [chosen.cells(index) is cells for index, cells in enumerate(before)] == [True, True, True, True, False]
    assert cell(chosen, 4, "mark") == "●"
    assert cell(shown, 4, "mark") == ""
    assert cell(chosen.with_chosen(frozenset()), 4, "mark") == ""


def test_one_that_differs_names_the_key_of_the_merge() -> None:
    differs = candidate("hub-image-final-v2", reason("differs", "alike to hub-image"), kind="merge", tier="merge")
    assert cell(model(differs, merge_key="m"), 3, "why").startswith("merge: differs in 4")
    assert cell(model(differs, merge_key="m"), 3, "why").endswith("has 2 more: evaluate, wandb · m shows the merge")
    assert "merge" not in cell(model(IDENTICAL, merge_key="m"), 1, "why")


def test_a_member_that_nothing_proposes_is_shown_without_figures() -> None:
    assert [cell(model(), 2, column) for column in ("name", "disk", "frees", "back", "why")] == [
        "  hub-slim",
        "–",
        "–",
        "",
        "subset (12 fewer)",
    ]


def test_a_kernel_that_nothing_measures_states_no_size() -> None:
    kernel = candidate("nlp", reason("kernel", "its environment is gone"), kind="kernel", key="k", tier="leftover")
    shown = CleanupModel([CleanupRow("k", candidate=kernel)], frees={"k": 0}, together={}, names={})
    assert [cell(shown, 0, column) for column in ("disk", "frees", "back")] == ["–", "–", ""]


def test_what_a_merge_frees_is_a_bound_and_what_may_free_nothing_is_chosen_by_hand_alone() -> None:
    differs = candidate("hub-image-final-v2", kind="merge", tier="merge", only_by_hand="it may free nothing")
    shown = model(IDENTICAL, differs, frees={IDENTICAL.key: 41_000_000, differs.key: 3_000})
    assert (cell(shown, 1, "frees"), cell(shown, 3, "frees")) == ("41 M", "≥3.0 K")
    assert cell(model(differs, frees={differs.key: -3_000}), 3, "frees") == "–"
    assert "only by hand: it may free nothing" in cell(shown, 3, "why")
    rows = cleanup_rows([hub()], [IDENTICAL, differs])
    assert choosable(rows) == {IDENTICAL.key, differs.key}
    assert choosable_together(rows) == {IDENTICAL.key}
    worthwhile = replace(differs, only_by_hand="")
    headings = [model(each, together={prefix_of("hub-image"): 82_000_000}).heading(0) for each in (differs, worthwhile)]
    assert [each and each[1].plain for each in headings] == ["choice frees 82 M", "choice frees ≥82 M"]


def test_why_each_was_chosen_is_told_for_its_plan() -> None:
    differs = candidate("hub-image-final-v2", reason("differs", "alike to hub-image"), kind="merge", tier="merge")
    shown = model(IDENTICAL, differs, OLD, frees={IDENTICAL.key: 41_000_000, differs.key: 3_000}, merge_key="m")
    told = dict(shown.why_chosen([differs, IDENTICAL]))
    assert list(told) == ["hub-image-try", "hub-image-final-v2"]
    assert told["hub-image-try"] == "frees 41 M alone · remove: identical · named like a trial"
    assert told["hub-image-final-v2"].startswith("frees ≥3.0 K alone · merge: differs in 4: numpy ↓1.26.3")
    assert told["hub-image-final-v2"].endswith("has 2 more: evaluate, wandb")


def test_what_stays_says_why_before_all_else() -> None:
    used = candidate("hub-image-try", reason("identical", "the same"), blocked="processes run from it", bytes=5000)
    assert cell(model(used), 1, "why") == "! processes run from it  identical"


@pytest.mark.parametrize(
    ("of", "words"),
    [
        (candidate("a", way_back=way_back()), "12 M kept"),
        (candidate("a"), ""),
        (candidate("a", way_back=way_back(minutes=0.2)), "12 M in 12 s"),
        (candidate("a", way_back=way_back(minutes=2.4)), "12 M in 2 min"),
        (candidate("a", way_back=way_back(kept_bytes=0, minutes=0.01)), "1 s"),
        (candidate("a", way_back=way_back(minutes=2.4, download_bytes=40_000_000)), "2 min ↓40 M"),
        (cached(way_back=way_back(kept_bytes=0, download_bytes=40_000_000)), "↓40 M"),
        (cached(), ""),
    ],
)
def test_what_it_costs_to_get_something_back(of: CleanupCandidate, words: str) -> None:
    assert way_back_words(of) == words


def test_the_path_of_a_cache_ends_its_line_unless_another_has_its_name() -> None:
    other = replace(cached(), key="other", path="/scratch/pkgs")
    alone = CleanupModel([CleanupRow("a", candidate=cached())], frees={}, together={}, names={})
    assert [cell(alone, 0, column) for column in ("name", "why")] == [
        "archives",
        "what packages were extracted from · /opt/miniforge3/pkgs",
    ]
    two = CleanupModel(
        [CleanupRow("a", candidate=cached()), CleanupRow("b", candidate=other)], frees={}, together={}, names={}
    )
    assert [cell(two, 1, column) for column in ("name", "why")] == [
        "archives /scratch/pkgs",
        "what packages were extracted from",
    ]
