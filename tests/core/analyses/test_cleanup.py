from __future__ import annotations

from msgspec import structs

from condatui_core.analyses.cleanup import CleanupCandidate, candidates, choice_of, requests_of, without_going
from condatui_core.records.disk import CachedUnit, CacheUse, Cost
from condatui_core.records.environment import Environment
from condatui_core.records.request import CleanRequest, CloneRequest, RemoveRequest
from support.inventories import environment, finding, loaded

STALE = finding("stale", "note", "not used for 400 days", cleanup="unused")
SCRATCH = finding("scratch-name", "note", "named like a scratch environment", cleanup="trial")
ORPHAN = finding("orphan", "warning", "not an environment any more", cleanup="remains")


def found(*environments: Environment, caches: tuple[CacheUse, ...] = (), **sizes: int) -> tuple[CleanupCandidate, ...]:
    costs = {environment(name).prefix: Cost(total=size, frees=size) for name, size in sizes.items()}
    return candidates(environments, caches, costs)


def test_the_strongest_reason_comes_first_and_of_equals_the_largest() -> None:
    rows = found(
        loaded("fine"),
        loaded("try", findings=(SCRATCH,)),
        loaded("old", findings=(STALE,)),
        loaded("older", findings=(STALE,)),
        loaded("old-try", findings=(SCRATCH, STALE)),
        environment("half", state="orphan", findings=(ORPHAN,)),
        old=5,
        older=10,
    )
    assert [row.name for row in rows] == ["half", "old-try", "older", "old", "try"]
    assert rows[1].reasons == ("not used for 400 days", "named like a scratch environment")
    assert [row.bytes for row in rows] == [0, 0, 10, 5, 0]


def test_base_and_directories_that_may_be_the_users_own_are_no_candidates() -> None:
    plain = environment("notes", state="orphan", findings=(finding("orphan", "note", "a directory"),))
    assert found(loaded("base", base=True, findings=(STALE,)), plain) == ()


def test_what_stands_against_it_is_said() -> None:
    [row] = found(
        loaded(
            "old",
            active=True,
            findings=(STALE, finding("in-use", "note", cleanup="in-use"), finding("frozen", "note", cleanup="frozen")),
        )
    )
    assert row.blocked == "it is active and processes run from it and it is frozen"


def unit(name: str, size: int, **fields: object) -> CachedUnit:
    kind = "archive" if name.endswith(".conda") else "package"
    part = "tarballs" if kind == "archive" else "packages"
    given = {"kind": kind, "part": part, "unused": True, **fields}
    return CachedUnit(name=name, bytes=size, **given)  # type: ignore[arg-type]


CACHE = CacheUse(
    path="/pkgs",
    total=100,
    archives=1,
    packages=1,
    cleanable=1,
    unsafe=1,
    units=(
        unit("a-1-0.conda", 1),
        unit("a-1-0", 2, unused=False),
        unit("b-1-0", 4),
        unit("c-1-0", 8, soft_linked_by=("/soft",)),
        unit("d-1-0", 16, copied_by=("/copy", "/soft")),
        unit("cache", 32, kind="other", part="index", unused=False),
        unit("mine.txt", 64, kind="other", part=None, unused=False),
    ),
)


def test_packages_that_are_all_in_use_stand_there_only_beside_environments_that_could_go() -> None:
    used = structs.replace(CACHE, units=(unit("a-1-0", 2, unused=False),))
    assert found(caches=(used,)) == ()
    _, row = found(loaded("old", findings=(STALE,)), caches=(used,))
    assert (row.name, row.bytes, row.reasons) == ("packages", 0, ("all are in use, until environments go",))


def test_what_a_job_is_taking_away_is_blocked() -> None:
    rows = found(loaded("old", findings=(STALE,)), caches=(CACHE,))
    old = rows[0].path
    at_work = (RemoveRequest(prefixes=(old,)), CleanRequest(pkgs_dirs=("/pkgs",), what=("tarballs",)))
    blocked = {row.name for row in without_going(rows, at_work) if row.blocked == "a job works on it"}
    assert blocked == {"old", "archives"}
    assert without_going(rows, ()) == rows


def test_what_is_just_being_made_is_not_cleared_away() -> None:
    (row,) = found(loaded("new", findings=(ORPHAN,)))
    assert row.blocked == ""
    (making,) = without_going((row,), (CloneRequest(source="/envs/base", target=row.path),))
    assert making.blocked == "a job works on it"


def test_a_package_cache_comes_in_parts_and_what_somebody_needs_stays() -> None:
    rows = found(caches=(CACHE,))
    assert [(row.name, row.part, row.bytes, bool(row.blocked)) for row in rows] == [
        ("archives", "tarballs", 1, False),
        ("packages", "packages", 4, False),
        ("channel index", "index", 32, False),
        ("packages in need", "packages", 24, True),
    ]
    assert rows[-1].blocked == "needed by 2 environments with copies of them or soft links to them"
    assert len({row.key for row in rows}) == len(rows)


def test_a_cache_that_may_not_be_written_stays() -> None:
    from msgspec.structs import replace

    assert all(row.blocked for row in found(caches=(replace(CACHE, writable=False),)))


def test_a_choice_becomes_requests_environments_first_caches_by_what_is_cleaned() -> None:
    rows = (
        CleanupCandidate(key="1", path="/pkgs", name="packages", part="packages"),
        CleanupCandidate(key="2", path="/old", name="old"),
        CleanupCandidate(key="3", path="/pkgs", name="archives", part="tarballs"),
        CleanupCandidate(key="4", path="/other", name="archives", part="tarballs"),
    )
    assert requests_of(choice_of(rows)) == (
        RemoveRequest(prefixes=("/old",)),
        CleanRequest(pkgs_dirs=("/pkgs",), what=("tarballs", "packages")),
        CleanRequest(pkgs_dirs=("/other",), what=("tarballs",)),
    )
    assert requests_of(choice_of([])) == ()
