"""What could go, why, in which order, and what stands against it."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from msgspec import structs

from condatui_core.analyses.cleanup.candidates import candidates
from condatui_core.analyses.cleanup.choice import choice_of
from condatui_core.analyses.cleanup.goal import reach
from condatui_core.analyses.cleanup.policy import allowed
from condatui_core.records.alike import AlikeGroup, AlikeMember, PackageDifference
from condatui_core.records.cleanup import CleanupCandidate, CleanupChoice
from condatui_core.records.disk import CachedUnit, CacheUse, Cost
from condatui_core.records.environment import Environment, Inventory, KeepMark
from condatui_core.records.kernel import Kernel
from condatui_core.records.package import StaleSitePackages
from condatui_core.records.policy import Policy
from condatui_core.records.prefix import History, PrefixContents, Revision
from condatui_core.remedy import RemoveEnvironment
from support.inventories import NOW, days_ago, environment, finding, inventory, loaded, package, pip_package

STALE = finding("stale", "note", "not used for 400 days", cleanup="unused")
SCRATCH = finding("scratch-name", "note", "named like a scratch environment", cleanup="trial")
ORPHAN = finding("orphan", "warning", "not an environment any more", cleanup="remains")
MISSING = finding("missing", "warning", "registered but does not exist", cleanup="missing")
BROKEN = finding("broken", "error", "1 file of conda-meta cannot be read", cleanup="broken")


def found(
    *environments: Environment,
    caches: tuple[CacheUse, ...] = (),
    groups: Sequence[AlikeGroup] = (),
    user: str = "",
    **sizes: int,
) -> tuple[CleanupCandidate, ...]:
    costs = {environment(name).prefix: Cost(total=size, frees=size) for name, size in sizes.items()}
    return candidates(inventory(*environments), caches=caches, costs=costs, groups=groups, user=user)


def group(keeper: str, *members: AlikeMember) -> AlikeGroup:
    return AlikeGroup(keeper=environment(keeper).prefix, why=("used today",), members=members)


def member(name: str, relation: str, **fields: object) -> AlikeMember:
    given = {"prefix": environment(name).prefix, "relation": relation, "similarity": 0.97, **fields}
    return AlikeMember(**given)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("days", "reliable", "words"),
    [
        (0, True, "it was used today"),
        (1, True, "it was used yesterday"),
        (6, False, "it was perhaps used 6 days ago"),
        (7, True, ""),
    ],
)
def test_what_was_used_in_the_last_days_says_so(days: int, reliable: bool, words: str) -> None:
    same = loaded("same", findings=(SCRATCH,), last_used=days_ago(days, reliable=reliable))
    (row,) = candidates(inventory(same), costs={}, now=NOW)
    assert (row.used_lately, row.caution) == (words, words)
    (row,) = candidates(inventory(structs.replace(same, last_used=None)), costs={}, now=NOW)
    assert row.used_lately == ""


def test_remains_come_before_what_is_stale_and_that_before_mere_names() -> None:
    rows = found(
        loaded("fine"),
        loaded("try", findings=(SCRATCH,)),
        loaded("old", findings=(STALE,), last_used=days_ago(300)),
        loaded("older", findings=(STALE,), last_used=days_ago(400)),
        loaded("old-try", findings=(SCRATCH, STALE), last_used=days_ago(350)),
        environment("half", state="orphan", findings=(ORPHAN,)),
        old=50,
        older=10,
    )
    assert [(row.name, row.tier) for row in rows] == [
        ("half", "leftover"),
        ("older", "stale"),
        ("old-try", "stale"),
        ("old", "stale"),
        ("try", "weak"),
    ]
    assert [each.id for each in rows[2].reasons] == ["stale", "scratch-name"]
    assert [row.bytes for row in rows] == [0, 10, 0, 50, 0]


def test_a_use_that_is_not_sure_makes_it_a_guess_that_comes_last() -> None:
    sure = loaded("sure", findings=(STALE,), last_used=days_ago(200))
    guess = loaded("guess", findings=(STALE,), last_used=days_ago(900, reliable=False))
    rows = found(guess, sure)
    assert [(row.name, row.reasons[0].trust) for row in rows] == [("sure", "likely"), ("guess", "guess")]


def test_of_equals_the_largest_comes_first() -> None:
    rows = found(*(loaded(name, findings=(SCRATCH,)) for name in "abc"), a=1, b=3, c=2)
    assert [row.name for row in rows] == ["b", "c", "a"]


def test_what_is_registered_and_gone_frees_nothing_and_loses_nothing() -> None:
    (row,) = found(environment("gone", state="missing", findings=(MISSING,)))
    assert (row.kind, row.tier, row.reasons[0].trust, row.way_back.kept_bytes) == (
        "environment",
        "leftover",
        "certain",
        0,
    )
    assert row.way_back.text == "nothing is lost: only its line in environments.txt goes"


def test_an_environment_with_damaged_records_may_still_run_and_is_never_chosen_for_that_alone() -> None:
    (row,) = found(loaded("odd", state="broken", findings=(BROKEN,)))
    assert (row.tier, row.reasons[0].id) == ("weak", "broken")


def test_base_and_directories_that_may_be_the_users_own_are_no_candidates() -> None:
    plain = environment("notes", state="orphan", findings=(finding("orphan", "note", "a directory"),))
    assert found(loaded("base", base=True, findings=(STALE,)), plain) == ()


def test_without_python_and_requests_it_is_suspicious_but_a_clone_is_not() -> None:
    tool = loaded("tool", [package("ripgrep", requested_specs=("ripgrep",))])
    cloned = History(
        requested=(("zlib", "zlib=1"),),
        revisions=(Revision(number=0, command="conda create --clone x -n y", update_specs=("zlib=1",)),),
    )
    clone = environment("clone", contents=PrefixContents(packages=(package("zlib"),), history=cloned))
    (row,) = found(loaded("bare", [package("zlib")]), tool, clone, loaded("py", [package("python")], python="3.11"))
    assert (row.name, row.tier, row.reasons[0].id) == ("bare", "weak", "nothing-requested")


@pytest.mark.parametrize(
    ("fields", "why"),
    [
        ({"active": True}, "it is active"),
        ({"frozen": True}, "it is frozen"),
        ({"writable": False}, "you may not write there"),
        ({"keep": KeepMark(note="paper")}, "you keep it: paper"),
        ({"keep": KeepMark()}, "you keep it"),
        ({"baseline": True}, "new environments are cloned from it"),
        ({"findings": (STALE, finding("in-use", "note", cleanup="in-use"))}, "processes run from it"),
        ({"findings": (STALE, finding("managed-by", "note", cleanup="managed"))}, "another tool manages it"),
        ({"owner": "ben"}, "it belongs to ben"),
    ],
)
def test_what_stands_against_it_is_said(fields: dict[str, object], why: str) -> None:
    (row,) = found(structs.replace(loaded("old", findings=(STALE,)), **fields), user="ada")
    assert row.blocked == why


def test_what_the_user_keeps_may_be_any_of_them_if_it_cannot_be_read() -> None:
    machine = inventory(loaded("old", findings=(STALE,)), marks_unknown=True)
    (row,) = candidates(machine, costs={})
    assert row.blocked == "whether you keep it cannot be read"


def test_several_obstacles_are_all_said() -> None:
    findings = (STALE, finding("in-use", "note", cleanup="in-use"), finding("frozen", "note", cleanup="frozen"))
    (row,) = found(loaded("old", active=True, frozen=True, findings=findings))
    assert row.blocked == "it is frozen and it is active and processes run from it"


def test_members_of_a_group_go_to_their_keeper_and_the_keeper_stays() -> None:
    numpy = PackageDifference(name="numpy", keeper="1.26", member="2.0", order="older")
    rows = found(
        *(loaded(name) for name in ("same", "less", "other")),
        loaded("hub", findings=(STALE,)),
        groups=[
            group(
                "hub",
                member("same", "identical", builds=("zlib",)),
                member("less", "subset", lacking=("scipy",)),
                member("other", "differs", differs=(numpy,), extra=("pandas",)),
            )
        ],
    )
    assert [(row.name, row.kind, row.tier) for row in rows] == [
        ("same", "environment", "identical"),
        ("less", "environment", "subset"),
        ("hub", "environment", "stale"),
        ("other", "merge", "merge"),
    ]
    assert [row.reasons[0].text for row in rows if row.instead] == [
        "the same packages as hub",
        "hub has all of its packages",
        "alike to hub, differs in 2: numpy 2.0 → 1.26, +pandas",
    ]
    assert {row.instead for row in rows} == {environment("hub").prefix, ""}
    assert [row.blocked for row in rows] == ["", "", "it stays for 3 environments alike to it", ""]


def of_project(place: str, **fields: object) -> Environment:
    """An environment `.conda` of a project, which only its prefix identifies."""
    return loaded(f"{place}/.conda", prefix=f"{place}/.conda", project=place, **fields)  # type: ignore[arg-type]


def test_a_project_s_own_environment_is_called_as_in_the_list_and_its_project_may_expect_it() -> None:
    twin, keeper = of_project("/home/ada/lab"), of_project("/home/ada/web")
    same = AlikeMember(prefix=twin.prefix, relation="identical", similarity=1.0)
    groups = [AlikeGroup(keeper=keeper.prefix, why=("used today",), members=(same,))]
    rows = {each.path: each for each in found(twin, keeper, groups=groups)}
    row = rows[twin.prefix]
    assert (row.name, row.shown) == ("/home/ada/lab/.conda", "lab/.conda")
    assert row.reasons[0].text == "the same packages as web/.conda"
    assert row.caution == "the project in /home/ada/lab may expect it"
    assert not row.blocked


def test_what_stays_and_what_no_project_has_needs_no_caution() -> None:
    kept = of_project("/home/ada/lab", findings=(STALE,), keep=KeepMark())
    assert [each.caution for each in found(kept, loaded("old", findings=(STALE,)))] == ["", ""]


def test_projects_of_one_name_are_told_apart_by_their_paths() -> None:
    every = [of_project(place, findings=(STALE,)) for place in ("/home/ada/lab", "/srv/lab", "/srv/web")]
    assert {each.shown for each in found(*every)} == {"/home/ada/lab/.conda", "/srv/lab/.conda", "web/.conda"}


def test_the_same_version_from_another_channel_is_told_as_that() -> None:
    hub, other = loaded("hub", [package("numpy")]), loaded("other", [package("numpy")])
    differing = PackageDifference(name="numpy", keeper="1.26", member="1.26", order="same")
    rows = found(hub, other, groups=(group("hub", member("other", "differs", differs=(differing,))),))
    [row] = [each for each in rows if each.kind == "merge"]
    assert row.reasons[0].text == "alike to hub, differs in 1: numpy 1.26 from another channel"


def test_a_member_that_differs_goes_as_it_is_only_if_it_is_surely_stale() -> None:
    members = [member(name, "differs", extra=(name,)) for name in ("old", "perhaps", "try")]
    rows = found(
        loaded("old", findings=(STALE,), last_used=days_ago(400)),
        loaded("perhaps", findings=(STALE,), last_used=days_ago(400, reliable=False)),
        loaded("try", findings=(SCRATCH,)),
        loaded("hub"),
        groups=[group("hub", *members)],
    )
    hub = environment("hub").prefix
    assert [(row.name, row.kind, row.tier, row.instead) for row in rows] == [
        ("old", "environment", "stale", ""),
        ("perhaps", "merge", "merge", hub),
        ("try", "merge", "merge", hub),
    ]
    assert [[each.id for each in row.reasons] for row in rows] == [
        ["stale", "differs"],
        ["differs", "stale"],
        ["differs", "scratch-name"],
    ]
    assert [row.reasons[0].trust for row in rows] == ["likely", "certain", "certain"]
    assert rows[0].reasons[1].text == "alike to hub, differs in 1: +old"


def test_a_goal_removes_what_is_stale_and_differs_before_it_merges_and_the_keeper_stays() -> None:
    members = [member(name, "differs", extra=(name,)) for name in ("old", "older", "perhaps")]
    rows = found(
        loaded("old", findings=(STALE,), last_used=days_ago(400)),
        loaded("older", findings=(STALE,), last_used=days_ago(500)),
        loaded("perhaps", findings=(STALE,), last_used=days_ago(600, reliable=False)),
        loaded("hub", findings=(STALE,), last_used=days_ago(700)),
        groups=[group("hub", *members)],
    )

    def chosen(wanted: int) -> CleanupChoice:
        def frees(choice: CleanupChoice) -> int:
            return 10 * len(choice.prefixes) + 5 * len(choice.merges)

        keys = reach(rows, wanted, frees=frees, counts_points=False).chosen
        return choice_of(row for row in rows if row.key in keys)

    old, older, perhaps, hub = (environment(name).prefix for name in ("old", "older", "perhaps", "hub"))
    assert chosen(10) == CleanupChoice(prefixes=(older,))
    assert chosen(20) == CleanupChoice(prefixes=(older, old))
    assert chosen(1000) == CleanupChoice(prefixes=(older, old), merges=((perhaps, hub),))


def test_what_a_living_python_no_longer_reads_is_a_candidate_of_its_own() -> None:
    stale = StaleSitePackages(path="lib/python3.10/site-packages", names=("rich 13.0",), bytes=70)
    contents = PrefixContents(packages=(package("python"),), stale_site_packages=(stale,))
    (row,) = found(environment("alive", contents=contents, python="3.11"))
    assert (row.kind, row.tier, row.path, row.bytes) == ("leftovers", "leftover", environment("alive").prefix, 70)
    assert row.reasons[0].id == "stale-python"
    (row,) = found(environment("alive", contents=contents, python="3.11", active=True))
    assert row.blocked == "it is active"


def test_what_leftovers_occupy_is_what_was_measured() -> None:
    stale = StaleSitePackages(path="lib/python3.10/site-packages", names=(), bytes=0)
    alive = environment("alive", contents=PrefixContents(stale_site_packages=(stale,)))
    gone = Kernel(path="/k/gone", name="gone", program="/gone/bin/python", gone=True)
    known = Inventory(environments=(alive,), kernels=(gone,))
    rows = candidates(known, costs={}, leftovers={alive.prefix: 70_000, "/k/gone": 12_000})
    assert {(row.kind, row.bytes, row.way_back.kept_bytes) for row in rows} == {
        ("leftovers", 70_000, 70_000),
        ("kernel", 12_000, 12_000),
    }


def test_what_other_environments_lie_in_cannot_go() -> None:
    outer = loaded("outer", findings=(STALE,))
    inner = environment("inner", prefix=f"{outer.prefix}/envs/inner")
    (row,) = found(outer, inner)
    assert row.blocked == "other environments lie in it"
    (row,) = found(outer, environment("inner", prefix=f"{outer.prefix}/envs/inner", state="missing"))[:1]
    assert row.blocked == ""


def test_the_way_back_keeps_what_no_cache_has() -> None:
    cached = package("a", build="0", installed_bytes=1000, file_count=0)
    gone = package("b", build="0", installed_bytes=300, file_count=0)
    pip = pip_package("rich", installed_bytes=20)
    (row, *_) = found(loaded("old", [cached, gone], [pip], findings=(STALE,)), caches=(CACHE,))[-1:]
    records = 2 * 2000
    assert row.way_back.kept_bytes == records + 320
    (measured,) = [
        row
        for row in found(loaded("old", [cached, gone], [pip], findings=(STALE,)), caches=(CACHE,), old=9340)
        if row.kind == "environment"
    ]
    told = records + 320 + (9340 - records - 1000 - 300 - 40)
    assert measured.way_back.kept_bytes == min(told * 3 // 2, 9340), "rather too much, but no more than is its own"


def test_of_what_condatui_never_finished_nothing_is_kept() -> None:
    half = finding("orphan", "warning", "incomplete", cleanup="remains", remedy=RemoveEnvironment(prefix="/x"))
    (row,) = found(environment("half", state="orphan", findings=(half,)), half=500)
    assert row.way_back.kept_bytes == 0


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
        unit("a-1.0-0.conda", 1),
        unit("a-1.0-0", 2, unused=False),
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
    row, _ = found(loaded("old", findings=(STALE,)), caches=(used,))
    assert (row.name, row.bytes, row.reasons[0].text) == ("packages", 0, "all are in use, until environments go")


def test_where_packages_are_all_in_use_it_is_said_that_only_their_archives_free_something() -> None:
    used = structs.replace(CACHE, units=(unit("a-1-0", 2, unused=False), unit("a-1-0.conda", 5)))
    rows = {row.name: row for row in found(loaded("old", findings=(STALE,)), caches=(used,))}
    packages = rows["packages"]
    assert (packages.bytes, packages.also) == (5, ("tarballs",))
    assert packages.reasons[0].text == "only archives until environments go: all packages are in use"


def test_a_package_cache_comes_in_parts_and_what_somebody_needs_stays() -> None:
    rows = found(caches=(CACHE,))
    assert [(row.name, row.part, row.bytes, bool(row.blocked)) for row in rows] == [
        ("archives", "tarballs", 1, False),
        ("packages", "packages", 4 + 1, False),
        ("channel index", "index", 32, False),
        ("packages still linked", "packages", 24, True),
    ]
    assert rows[-1].blocked == "needed by 2 environments with copies of them or soft links to them"
    assert len({row.key for row in rows}) == len(rows)
    assert {(row.kind, row.tier) for row in rows} == {("cache", "cache")}


def test_a_cache_that_may_not_be_written_stays() -> None:
    rows = found(caches=(structs.replace(CACHE, writable=False),))
    assert {row.name: row.blocked for row in rows if row.name != "packages still linked"} == dict.fromkeys(
        ("archives", "packages", "channel index"), "you may not write there"
    )


def test_packages_take_their_archives_along_since_conda_extracts_them_again() -> None:
    archived = structs.replace(
        CACHE,
        units=(unit("b-1-0.conda", 3), unit("old-1-0.tar.bz2", 5, kind="archive", part="tarballs"), unit("b-1-0", 4)),
    )
    rows = {row.name: row for row in found(caches=(archived,))}
    assert (rows["packages"].also, rows["packages"].bytes, rows["archives"].bytes) == (("tarballs",), 12, 8)
    assert rows["packages"].way_back.download_bytes == 8
    other = structs.replace(CACHE, units=(unit("old-1-0.conda", 3), unit("b-1-0", 4)))
    assert [row.also for row in found(caches=(other,))] == [(), ()]


def test_what_is_but_a_part_of_a_path_has_a_key_that_a_shell_keeps() -> None:
    keys = [row.key for row in found(caches=(CACHE,))]
    assert keys == ["/pkgs#archives", "/pkgs#packages", "/pkgs#channel-index", "/pkgs#packages-in-need"]


def test_what_a_merge_has_set_aside_is_left_to_its_job_and_the_user() -> None:
    aside = finding("orphan", "warning", "set aside by a merge that has not ended", cleanup="set-aside")
    (row,) = found(environment(".nlp.condatui-merging-0123456789abcdef", state="orphan", findings=(aside,)))
    assert (row.tier, row.blocked, row.reasons[0].id) == ("leftover", "", "orphan")
    assert row.only_by_hand == "the job that has set it aside puts it right first"
    assert allowed((row,), Policy(allow=("leftover", "orphan"))) == ()


@pytest.mark.parametrize(
    ("fields", "blocked"),
    [
        ({}, ""),
        ({"installation": "/opt/other-conda"}, "its keeper belongs to another conda"),
        ({"foreign": "win-64"}, "it was built for win-64"),
    ],
)
def test_what_no_conda_could_merge_is_not_offered(fields: dict[str, str], blocked: str) -> None:
    differing = member(
        "alike", "differs", differs=(PackageDifference(name="numpy", keeper="2", member="1", order="newer"),)
    )
    rows = found(loaded("hub"), structs.replace(loaded("alike"), **fields), groups=[group("hub", differing)])
    assert [(row.kind, row.blocked) for row in rows if row.name == "alike"] == [("merge", blocked)]
