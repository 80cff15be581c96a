"""What was chosen, as one request; and what running jobs work on."""

from __future__ import annotations

from condatui_core.analyses.cleanup.choice import choice_of, request_of, why_left_out, without_going
from condatui_core.records.cleanup import CleanupCandidate
from condatui_core.records.finding import blocker
from condatui_core.records.job import LeftOut
from condatui_core.records.request import (
    CleanRequest,
    CleanupRequest,
    CloneRequest,
    KernelsRequest,
    LeftoversRequest,
    MergeRequest,
    RemoveRequest,
)


def row(key: str, kind: str = "environment", path: str = "", **fields: object) -> CleanupCandidate:
    given = {"tier": "cache" if kind == "cache" else "stale", "path": path or f"/{key}", "name": key, **fields}
    return CleanupCandidate(key=key, kind=kind, **given)  # type: ignore[arg-type]


EVERYTHING = (
    row("packages", "cache", "/pkgs", part="packages"),
    row("archives", "cache", "/pkgs", part="tarballs"),
    row("others", "cache", "/other", part="tarballs"),
    row("old"),
    row("tried", "merge", instead="/hub"),
    row("alive", "leftovers"),
    row("kernel", "kernel"),
)


def test_a_choice_is_one_request_with_its_parts_in_order() -> None:
    assert request_of(choice_of(EVERYTHING)) == CleanupRequest(
        parts=(
            MergeRequest(keeper="/hub", member="/tried"),
            RemoveRequest(prefixes=("/old",)),
            LeftoversRequest(prefixes=("/alive",)),
            KernelsRequest(paths=("/kernel",)),
            CleanRequest(pkgs_dirs=("/pkgs",), what=("tarballs", "packages"), removed_before=("/old",)),
            CleanRequest(pkgs_dirs=("/other",), what=("tarballs",), removed_before=("/old",)),
        )
    )


def test_one_thing_is_a_request_of_its_own_and_nothing_is_none() -> None:
    assert request_of(choice_of([row("old")])) == RemoveRequest(prefixes=("/old",))
    assert request_of(choice_of([])) is None


def test_of_several_environments_those_that_something_stands_against_can_be_left_out() -> None:
    several = request_of(choice_of([row("old"), row("older")]))
    assert several == CleanupRequest(parts=(RemoveRequest(prefixes=("/old", "/older")),))


def test_what_goes_as_a_whole_is_neither_merged_nor_tidied_before() -> None:
    rows = (row("old"), row("m", "merge", "/old", instead="/hub"), row("l", "leftovers", "/old"))
    assert request_of(choice_of(rows)) == RemoveRequest(prefixes=("/old",))


def test_what_a_job_works_on_is_blocked_the_keeper_of_a_merge_among_it() -> None:
    request = request_of(choice_of(EVERYTHING[:1] + EVERYTHING[3:5]))
    assert isinstance(request, CleanupRequest)
    rows = (*EVERYTHING, row("hub"))
    blocked = [each.key for each in without_going(rows, (*request.parts,)) if each.blocked == "a job works on it"]
    assert blocked == ["packages", "old", "tried", "hub"]
    assert without_going(rows, ()) == rows


def test_what_a_plan_names_and_what_its_job_has_set_aside_are_worked_on() -> None:
    found = (row("merged", path="/envs/merged"), row("aside", path="/envs/.old"), row("left", path="/envs/left"))
    request = MergeRequest(keeper="/envs/hub", member="/envs/old")
    blocked = without_going(found, (request,), ("/envs/.old", "/envs/merged"))
    assert [each.at_work for each in blocked] == [True, True, False]


def test_what_is_just_being_made_is_not_cleared_away() -> None:
    (making,) = without_going((row("new"),), (CloneRequest(source="/base", target="/new"),))
    assert making.blocked == "a job works on it"


def test_what_a_plan_has_left_out_is_known_by_its_request() -> None:
    busy = LeftOut(
        title="Clean the cache",
        request=CleanRequest(pkgs_dirs=("/pkgs",), what=("tarballs",)),
        blockers=(blocker("cache-busy", "Another conda is at work."),),
    )
    frozen = LeftOut(
        title="Remove old",
        request=RemoveRequest(prefixes=("/old",)),
        blockers=(blocker("frozen", "old is frozen."),),
    )
    rows = (EVERYTHING[1], EVERYTHING[0], row("old"), row("older"))
    said = [why_left_out(each, (busy, frozen)) for each in rows]
    assert said == ["Another conda is at work.", "", "old is frozen.", ""]
