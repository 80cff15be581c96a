"""Place 3: groups and their keepers, what else could go, what exactly a choice of it frees, and what is proposed."""

from __future__ import annotations

import asyncio
import dataclasses
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from textwrap import dedent

import pytest
from msgspec.structs import replace

from condatui.messages import RequestProposed
from condatui.screens.cleanup import CleanupScreen
from condatui.screens.compare import CompareScreen
from condatui.services import cleanup_finder
from condatui.view_models.cleanup.found import CleanupQuestion, FoundCleanup
from condatui.widgets.lines_pane import OutputPane
from condatui_core.disk.cleanup import CleanupSurvey
from condatui_core.records.environment import Inventory
from condatui_core.records.kernel import Reference
from condatui_core.records.package import PackageRecord
from condatui_core.records.request import CleanRequest, CleanupRequest, MergeRequest, RemoveRequest
from condatui_core.settings import Settings
from support.fake_workbench import FakeDisk, FakeWorkbench
from support.inventories import days_ago, environment, finding, inventory, loaded, package
from support.pilots import Driver, opened
from support.surveys import PKGS, Held, surveyed
from support.tiers import thorough


def packages(count: int = 60, *, older: int = 0) -> list[PackageRecord]:
    """Requested packages, some of them in an older version."""
    return [
        package(f"package-{number:02}", "0.9" if number < older else "1.0", requested_specs=("x",))
        for number in range(count)
    ]


HUB = loaded("hub-image", packages(), last_used=days_ago(0))
TRY = loaded("hub-image-try", packages(), last_used=days_ago(210))
FINAL = loaded("hub-image-final-v2", [*packages(59, older=3), package("evaluate")], last_used=days_ago(100))
SLIM = loaded("hub-slim", packages(58), last_used=days_ago(10))
GROUP = (HUB, TRY, SLIM, FINAL)
OLD = loaded(
    "old",
    [package("torch", requested_specs=("torch",))],
    findings=(finding("stale", "note", "not used for 400 days", cleanup="unused"),),
)
HALF = environment(
    "half", state="orphan", findings=(finding("orphan", "warning", "not an environment any more", cleanup="remains"),)
)
USED = loaded(
    "used",
    [package("used", requested_specs=("used",))],
    findings=(finding("scratch-name", "note", "a trial", cleanup="trial"), finding("in-use", "note", cleanup="in-use")),
)


def machine() -> Inventory:
    return inventory(*GROUP, OLD, HALF, USED)


async def workbench(*, known: Inventory | None = None, ascii: bool = False) -> FakeWorkbench:  # noqa: A002
    """Without groups unless they are given: each environment of a group has 40 MB for itself."""
    known = known or inventory(OLD, HALF, USED)
    alike = tuple(each.prefix for each in known.environments if each.name.startswith("hub"))
    *_, full = await surveyed(
        known,
        Held((HALF.prefix,), 3_000_000),
        Held((OLD.prefix,), 1_000_000),
        Held((OLD.prefix, PKGS), 50_000_000, unit="torch-1.0-0"),
        *(Held((prefix,), 30_000_000 if prefix == alike[0] else 40_000_000) for prefix in alike),
        *([Held((*alike, PKGS), 475_000_000, unit="hub-1.0-0")] if alike else []),
        archives=7_000_000,
    )
    fake = FakeWorkbench(known, settings=Settings(watch_seconds=0, ascii=ascii))
    fake.disk = FakeDisk((full,))
    return fake


@asynccontextmanager
async def cleaning(fake: FakeWorkbench, size: tuple[int, int] = (120, 30)) -> AsyncIterator[Driver]:
    """Place 3, once it is known what each row frees."""
    async with opened(workbench=fake, size=size) as driver:
        await driver.press("3")
        await driver.until(lambda: driver.app.session.cleanup and driver.app.session.cleanup.frees)
        await driver.pilot.pause()
        yield driver


def place(driver: Driver) -> CleanupScreen:
    assert isinstance(driver.app.screen, CleanupScreen)
    return driver.app.screen


def keys(driver: Driver) -> list[str]:
    """The names in the rows, in their order."""
    return [key.rpartition("/")[2].replace("\0", " ") for key in (row.key for row in place(driver).rows)]


async def go_to(driver: Driver, key: str) -> None:
    place(driver).table.go_to(key)
    await driver.pilot.pause()


def proposed(driver: Driver) -> object:
    """The request that was proposed last."""
    return driver.posted(RequestProposed)[-1].request


# What is listed


async def test_groups_come_first_then_what_is_regretted_least() -> None:
    async with cleaning(await workbench(known=machine())) as driver:
        assert keys(driver)[:4] == ["hub-image", "hub-image-try", "hub-slim", "hub-image-final-v2"]
        assert keys(driver)[4:] == ["pkgs#archives", "pkgs#packages", "half", "old", "used"]


async def test_what_could_go_is_listed_with_why_and_what_it_frees() -> None:
    async with cleaning(await workbench()) as driver:
        lines = [" ".join(line.split()) for line in driver.text.splitlines()[2:7]]
        assert lines[0] == f"▌ archives 7.0 M 7.0 M ↓7.0 M what packages were extracted from · {PKGS}"
        assert lines[1].startswith("packages – 0 B")
        assert lines[2].startswith("half 3.0 M 3.0 M 3.0 M kept not an environment any more")
        assert lines[3].startswith("old 51 M 1.0 M")
        assert lines[3].endswith("not used for 400 days")
        assert "! processes run from it" in lines[4]
        assert "nothing is chosen · alike from 90 %" in driver.text


async def test_80_columns() -> None:
    async with cleaning(await workbench(known=machine()), size=(80, 24)) as driver:
        await driver.press("space", "j")
        await driver.until(lambda: place(driver).total and not place(driver).total.about)  # type: ignore[union-attr]
        await driver.pilot.pause()
        assert driver.text == dedent("""\
             1 envs 7 · 2 compare · 3 cleanup · 4 jobs · 5 restore   gpu07 · conda 26.7.1
               what could go          frees  way back    why
             ≈ hub-image  (4 alike, keep this: used last, on 2026-05-20)  choice frees 80 M
             ●   hub-image-try         40 M  515 M kept  remove: identical
            ▌●   hub-slim              40 M  515 M kept  remove: subset (2 fewer)
                 hub-image-final-v2  ≥6.0 M  515 M kept  merge: differs in 3: package-00 ↓0…
               archives               7.0 M  ↓7.0 M      what packages were extracted from …
               packages                 0 B              all are in use, until environments…
               half                   3.0 M  3.0 M kept  not an environment any more
               old                    1.0 M  51 M kept   not used for 400 days
               used                     0 B              ! processes run from it  a trial



            ────────────────────────────────────────────────────────────────────────────────
             hub-slim
             where   /opt/miniforge3/envs/hub-slim
             disk    515 MB on disk · 40 MB freed if only this is removed
             why     subset (2 fewer)
             space   chooses its removal: hub-image takes its place
             back    restore point, about 515 MB before compression
             alike   96 % of the packages are the same · 96 % of those requested · 96 %
             chosen 2 · frees 80 M − restore points 1.0 G
             space choose  enter plan  a all  f goal  = keeper  m merge  c compare  ? help""")


async def test_140_columns() -> None:
    async with cleaning(await workbench(known=machine()), size=(140, 40)) as driver:
        await driver.press("j", "j", "j")
        assert [line.rstrip() for line in driver.text.splitlines()][:24] == dedent("""\
             1 envs 7 · 2 compare · 3 cleanup · 4 jobs · 5 restore   gpu07 · conda 26.7.1 · 686 MB on disk · 7.0 MB unused in package caches
               what could go          disk   frees  way back    why                                      │ hub-image-final-v2
             ≈ hub-image  (4 alike, keep this: used last, on 2026-05-20)               choice frees 80 M │ where
                 hub-image-try       515 M    40 M  515 M kept  remove: identical                        │   /opt/miniforge3/envs/hub-image-final-v2
                 hub-slim            515 M    40 M  515 M kept  remove: subset (2 fewer)                 │ disk    515 MB on disk · at least 6.0 MB
            ▌    hub-image-final-v2  515 M  ≥6.0 M  515 M kept  merge: differs in 3: package-00 ↓0.9, pa…│   freed by merging it into hub-image
               archives              7.0 M   7.0 M  ↓7.0 M      what packages were extracted from · /opt…│ why     differs in 3: package-00 ↓0.9,
               packages                  –     0 B              all are in use, until environments go · …│   package-01 ↓0.9, package-02 ↓0.9 · has 1
               half                  3.0 M   3.0 M  3.0 M kept  not an environment any more              │   more: evaluate · lacks 1: package-59
               old                    51 M   1.0 M  51 M kept   not used for 400 days                    │ ! no goal chooses it: its merge may free no
               used                      –     0 B              ! processes run from it  a trial         │   more than its restore point takes
                                                                                                         │ space   chooses the merge into hub-image
                                                                                                         │ back    restore point, about 515 MB before
                                                                                                         │   compression
                                                                                                         │ alike   91 % of the packages are the same ·
                                                                                                         │   93 % of those requested · 91 % with equal
                                                                                                         │   builds
                                                                                                         │ differs package-00 ↓0.9  the keeper has 1.0
                                                                                                         │   · requested
                                                                                                         │ differs package-01 ↓0.9  the keeper has 1.0
                                                                                                         │   · requested
                                                                                                         │ differs package-02 ↓0.9  the keeper has 1.0
                                                                                                         │   · requested
                                                                                                         │ more    evaluate
            """).splitlines()  # noqa: E501 - the terminal is that wide


async def test_all_about_what_is_under_the_cursor_stands_below() -> None:
    async with cleaning(await workbench(), size=(80, 24)) as driver:
        await go_to(driver, OLD.prefix)
        assert "disk    51 MB on disk · 1.0 MB freed if only this is removed" in driver.text
        assert "why     not used for 400 days" in driver.text
        await driver.press("j")
        assert "! it stays: processes run from it" in driver.text


async def test_what_names_the_environment_under_the_cursor_is_found_beside_the_screen() -> None:
    fake = await workbench()
    fake.named_by = {OLD.prefix: (Reference(kind="kernel", file="/k", text="Python (old)"),)}
    async with cleaning(fake, size=(120, 40)) as driver:
        await go_to(driver, OLD.prefix)
        await driver.until(lambda: "named   by the Jupyter kernel Python (old)" in driver.text)
        await driver.press("k")
        assert "Python (old)" not in driver.text


async def test_what_caches_hold_for_others_frees_nothing() -> None:
    known = inventory(OLD, HALF, USED)
    *_, full = await surveyed(known, Held((PKGS,), 2_000_000, unit="torch-1.0-0"))
    needed = replace(full.caches[0].units[0], soft_linked_by=(OLD.prefix,))
    cache = replace(full.caches[0], units=(needed,))
    fake = FakeWorkbench(known, settings=Settings(watch_seconds=0))
    fake.disk = FakeDisk((dataclasses.replace(full, caches=(cache,)),))
    async with cleaning(fake, size=(120, 24)) as driver:
        await go_to(driver, f"{PKGS}#packages-in-need")
        row, *_ = [" ".join(line.split()) for line in driver.text.splitlines() if "packages still linked" in line]
        assert row.startswith("▌ packages still linked 2.0 M – needed by 1 environment")
        assert "! it stays: needed by 1 environment" in driver.text
        assert driver.text.count("needed by 1 environment") == 2, "in its row, and once below"


async def test_an_empty_place_says_why() -> None:
    async with opened(workbench=FakeWorkbench(inventory(loaded("fine")))) as driver:
        await driver.press("3")
        await driver.until(lambda: driver.app.session.cleanup)
        await driver.pilot.pause()
        assert "package caches are listed once they are measured" in driver.text
        await driver.press("space", "enter", "m", "equals_sign", "c")
        assert not driver.posted(RequestProposed)
        await driver.press("space")
        assert "There is nothing under the cursor." in driver.text


@pytest.mark.parametrize("size", [(60, 15), (200, 55), *thorough([((80, 24),), ((160, 50),)])])
async def test_poor_and_small_terminals(size: tuple[int, int]) -> None:
    async with cleaning(await workbench(known=machine(), ascii=True), size=size) as driver:
        for pressed in (("a",), ("j", "j", "j"), ("f",), ("escape", "question_mark"), ("escape", "tab")):
            await driver.press(*pressed)
            assert driver.text.isascii(), driver.text
            assert all(len(line) <= size[0] for line in driver.text.splitlines())


async def test_g_and_G_go_to_the_first_and_the_last_line() -> None:  # noqa: N802 - the names of the keys
    async with cleaning(await workbench(known=machine())) as driver:
        rows = len(place(driver).rows)
        await driver.press("G")
        assert (place(driver).table.cursor_row, rows) == (rows - 1, 9)
        await driver.press("g")
        assert place(driver).table.cursor_row == 0


async def test_the_cursor_stays_at_the_top_while_rows_come_until_the_user_moves_it() -> None:
    fake = await workbench(known=machine())
    fake.script = (inventory(OLD, HALF, USED),)
    async with opened(workbench=fake, size=(120, 30)) as driver:
        await driver.press("3")
        await driver.until(lambda: driver.app.session.cleanup and driver.app.session.cleanup.frees)
        fake.script = (machine(),)
        driver.app.action_reload()
        await driver.until(lambda: "hub-image" in keys(driver))
        assert place(driver).table.cursor_key == HUB.prefix
        await driver.press("j")
        fake.script = (inventory(TRY, SLIM, FINAL, OLD, HALF, USED),)
        driver.app.action_reload()
        await driver.until(lambda: HUB.prefix not in [row.key for row in place(driver).rows])
        assert place(driver).table.cursor_key == TRY.prefix


# What is chosen


async def test_the_total_is_of_this_very_choice_net_of_restore_points() -> None:
    async with cleaning(await workbench()) as driver:
        await go_to(driver, OLD.prefix)
        await driver.press("space")
        await driver.until(lambda: place(driver).total)
        total = place(driver).total
        assert total is not None
        assert (total.frees, total.kept, total.about) == (1_000_000, 51_000_000, True)
        await driver.until(lambda: "chosen 1 · frees 1.0 M − restore points 51 M" in driver.text)
        await driver.press("a")
        await driver.until(lambda: place(driver).total and place(driver).total.frees == 61_000_000)  # type: ignore[union-attr]
        await driver.pilot.pause()
        assert "chosen 4 · frees 61 M" in driver.text
        await driver.press("a")
        assert place(driver).chosen == frozenset()


async def test_what_restore_points_keep_is_what_the_plan_says_once_it_was_looked_at() -> None:
    fake = await workbench()
    fake.kept = {OLD.prefix: 34_000_000}
    async with cleaning(fake) as driver:
        await go_to(driver, OLD.prefix)
        await driver.press("space")
        await driver.until(lambda: "chosen 1 · frees 1.0 M − restore points ~51 M" in driver.text)
        await driver.until(lambda: "chosen 1 · frees 1.0 M − restore points 34 M" in driver.text)
        fake.kept = {}
        await driver.press("a")
        await driver.until(lambda: place(driver).total and place(driver).total.frees == 61_000_000)  # type: ignore[union-attr]
        await driver.until(lambda: "restore points 37 M" in driver.text)  # what was looked at is remembered


async def test_a_choice_that_is_not_added_up_yet_says_no_figure(monkeypatch: pytest.MonkeyPatch) -> None:
    adds_up, may_end = threading.Event(), threading.Event()
    sum_of = cleanup_finder.sum_of

    def slow(*arguments: object) -> object:
        adds_up.set()
        may_end.wait(20)
        return sum_of(*arguments)  # type: ignore[arg-type]

    async with cleaning(await workbench()) as driver:
        monkeypatch.setattr("condatui.screens.cleanup_choice.sum_of", slow)
        await driver.press("space")
        await driver.until(adds_up.is_set)
        assert "chosen 1 · frees …" in driver.text
        may_end.set()
        await driver.until(lambda: "chosen 1 · frees 7.0 M" in driver.text)


async def test_a_keeper_stands_for_all_of_its_group_that_can_go() -> None:
    async with cleaning(await workbench(known=machine())) as driver:
        await driver.press("space")
        assert place(driver).chosen == {TRY.prefix, SLIM.prefix}, "the merge of the other may free nothing"
        assert place(driver).table.cursor_key == TRY.prefix
        await driver.press("k", "space")
        assert place(driver).chosen == frozenset()


async def test_what_must_stay_says_why_and_is_not_chosen() -> None:
    async with cleaning(await workbench()) as driver:
        await go_to(driver, USED.prefix)
        await driver.press("space")
        assert "This stays: processes run from it." in driver.text
        await driver.press("enter")
        assert "This stays: processes run from it." in driver.text
        assert not driver.posted(RequestProposed)
        assert place(driver).chosen == frozenset()


async def test_what_is_no_candidate_any_more_is_not_chosen_any_more() -> None:
    fake = await workbench()
    async with cleaning(fake) as driver:
        await go_to(driver, HALF.prefix)
        await driver.press("space")
        assert place(driver).chosen == {HALF.prefix}
        fake.script = (inventory(OLD, USED),)
        fake.disk.script = ()
        await driver.press("r")
        await driver.until(lambda: place(driver).chosen == frozenset())
        assert "half" not in keys(driver)


# What is proposed


async def test_enter_proposes_one_plan_for_all_that_is_chosen() -> None:
    async with cleaning(await workbench()) as driver:
        await driver.press("a", "enter")
        await driver.until(lambda: driver.posted(RequestProposed))
        removed = RemoveRequest(prefixes=(HALF.prefix, OLD.prefix))
        cleaned = CleanRequest(
            pkgs_dirs=(PKGS,), what=("tarballs", "packages"), removed_before=(HALF.prefix, OLD.prefix)
        )
        assert proposed(driver) == CleanupRequest(parts=(removed, cleaned))
        about = dict(driver.posted(RequestProposed)[-1].about)
        assert about["old"] == "frees 1.0 M alone · not used for 400 days"
        await driver.until(lambda: "frees 1.0 M alone · not used for 400 days" in driver.text)
        assert "enter run" in driver.text


async def test_one_row_is_planned_by_itself_without_being_chosen() -> None:
    async with cleaning(await workbench()) as driver:
        await driver.press("enter")
        await driver.until(lambda: driver.posted(RequestProposed))
        assert proposed(driver) == CleanRequest(pkgs_dirs=(PKGS,), what=("tarballs",))


async def test_what_a_job_works_on_cannot_be_chosen_until_it_is_over() -> None:
    fake = await workbench()
    async with cleaning(fake) as driver:
        await driver.press("a", "enter")
        await driver.until(lambda: "Do CleanupRequest" in driver.text)
        await driver.press("enter")
        await driver.until(lambda: fake.jobs.submitted)
        await driver.until(lambda: driver.text.count("a job works on it") > 3)
        assert place(driver).chosen == frozenset()
        assert "! a job works on it" not in driver.text


async def test_a_goal_that_a_job_carries_out_is_not_said_to_be_missed() -> None:
    fake = await workbench()
    async with cleaning(fake) as driver:
        await driver.press("f", *"6M", "enter")
        await driver.until(lambda: "goal 6.0 M · chosen 1" in driver.text)
        await driver.press("enter")
        await driver.until(lambda: "Do CleanRequest" in driver.text)
        await driver.press("enter")
        await driver.until(lambda: fake.jobs.submitted and not place(driver).chosen)
        await driver.press("j")
        await driver.pilot.pause()
        assert "goal 6.0 M · a job is at work" in driver.text
        assert "missing" not in driver.text.splitlines()[-2]


async def test_what_came_of_it_stays_until_the_next_key_though_rows_go() -> None:
    fake = await workbench()
    async with cleaning(fake) as driver:
        await driver.press("a", "enter")
        await driver.until(lambda: "Do CleanupRequest" in driver.text)
        await driver.press("enter")
        await driver.until(lambda: fake.jobs.submitted and "a job works on it" in driver.text)
        fake.script = (inventory(USED),)
        fake.jobs.end("job-1", "61 MB more free, as predicted.")
        await driver.until(lambda: keys(driver)[-1:] == ["used"] and "half" not in keys(driver))
        assert "61 MB more free, as predicted." in driver.text.splitlines()[-2]
        await driver.press("j")
        assert "as predicted" not in driver.text
        assert "goal" not in driver.text.splitlines()[-2]


async def test_copy_takes_the_path() -> None:
    async with cleaning(await workbench()) as driver:
        await driver.press("y")
        assert driver.app.clipboard == PKGS


# Groups


async def test_enter_compares_what_differs_with_its_keeper_unless_something_is_chosen() -> None:
    async with cleaning(await workbench(known=machine())) as driver:
        await go_to(driver, FINAL.prefix)
        assert "enter compare" in driver.text
        await driver.press("enter")
        await driver.until(lambda: isinstance(driver.app.screen, CompareScreen) and driver.app.screen.compared)
        assert isinstance(driver.app.screen, CompareScreen)
        compared = driver.app.screen.compared
        assert compared is not None
        assert [each.environment.name for each in compared.subjects] == ["hub-image", "hub-image-final-v2"]
        await driver.press("3", "k", "space")
        assert "enter plan" in driver.text
        await driver.press("enter")
        await driver.until(lambda: driver.posted(RequestProposed))
        assert proposed(driver) == RemoveRequest(prefixes=(SLIM.prefix,))


async def test_a_whole_group_is_compared_from_its_keeper() -> None:
    async with cleaning(await workbench(known=machine())) as driver:
        await driver.press("c")
        await driver.until(lambda: isinstance(driver.app.screen, CompareScreen) and driver.app.screen.compared)
        assert isinstance(driver.app.screen, CompareScreen)
        compared = driver.app.screen.compared
        assert compared is not None
        assert compared.subjects[0].environment.name == "hub-image"
        assert len(compared.subjects) == 4


async def test_only_what_is_in_a_group_is_compared() -> None:
    async with cleaning(await workbench()) as driver:
        await driver.press("c")
        assert "Only environments that are alike are put side by side here." in driver.text


async def test_a_merge_is_planned_for_what_differs_and_nothing_else() -> None:
    async with cleaning(await workbench(known=machine())) as driver:
        await go_to(driver, TRY.prefix)
        await driver.press("m")
        assert "It has nothing that its keeper lacks: removing it loses nothing." in driver.text
        await go_to(driver, FINAL.prefix)
        await driver.press("m")
        await driver.until(lambda: driver.posted(RequestProposed))
        assert proposed(driver) == MergeRequest(keeper=HUB.prefix, member=FINAL.prefix)


async def test_the_user_makes_another_one_the_keeper_and_everything_follows() -> None:
    async with cleaning(await workbench(known=machine())) as driver:
        await go_to(driver, SLIM.prefix)
        await driver.press("equals_sign")
        await driver.until(lambda: keys(driver)[0] == "hub-slim")
        assert "keep this: chosen by you" in driver.text
        assert place(driver).table.cursor_key == SLIM.prefix
        relations = {row.key: row.member.relation for row in place(driver).rows if row.member}
        assert relations[HUB.prefix] == relations[TRY.prefix] == "differs"
        await driver.press("equals_sign")
        await driver.until(lambda: keys(driver)[0] == "hub-image")
        await driver.press("home", "equals_sign")
        assert "It is the keeper already" in driver.text


async def test_one_to_which_no_other_would_go_is_no_keeper_and_that_is_said() -> None:
    base = loaded("base", packages(), base=True, prefix="/opt/miniforge3")
    slim = loaded("hub-slim", packages(56))
    async with cleaning(await workbench(known=inventory(base, slim, OLD, HALF, USED))) as driver:
        await go_to(driver, slim.prefix)
        await driver.press("equals_sign")
        await driver.until(lambda: "hub-slim cannot be the keeper: nothing else could go to it." in driver.text)
        assert driver.app.session.cleanup_options.keepers == frozenset()
        await driver.until(lambda: "hub-slim" in keys(driver))


async def test_the_least_similar_of_a_group_can_be_made_its_keeper() -> None:
    slim = loaded("hub-slim", packages(56))
    final = loaded("hub-image-final-v2", [*packages(older=3), package("evaluate")])  # closer to the others than slim
    async with cleaning(await workbench(known=inventory(HUB, TRY, final, slim, OLD, HALF, USED))) as driver:
        await go_to(driver, slim.prefix)
        await driver.press("equals_sign")
        await driver.until(lambda: keys(driver)[0] == "hub-slim")
        assert {"hub-image", "hub-image-try"} <= {
            row.key.rpartition("/")[2] for row in place(driver).rows if row.member
        }


async def test_of_a_large_group_as_many_are_compared_as_fit() -> None:
    many = [loaded(f"hub-{number:02}", packages()) for number in range(25)]
    async with cleaning(await workbench(known=inventory(*many, OLD, HALF, USED))) as driver:
        await driver.press("c")
        await driver.until(lambda: isinstance(driver.app.screen, CompareScreen) and driver.app.screen.compared)
        assert isinstance(driver.app.screen, CompareScreen)
        compared = driver.app.screen.compared
        assert compared is not None
        assert len(compared.subjects) == 20
        assert "5 more of the group are left out: 20 are compared at most." in driver.text


# The threshold


async def test_a_higher_threshold_makes_smaller_groups_and_the_old_rows_stay_until_it_is_known() -> None:
    fake = await workbench(known=machine())
    async with cleaning(fake) as driver:
        before = len(fake.thresholds)
        fake.group_gate = asyncio.Event()
        await driver.press("plus", "plus", "plus", "plus", "plus")
        assert "alike from 95 % …" in driver.text
        assert keys(driver)[:4] == ["hub-image", "hub-image-try", "hub-slim", "hub-image-final-v2"]
        await driver.press("j")
        assert place(driver).table.cursor_key == TRY.prefix, "keys do not wait for it"
        fake.group_gate.set()
        await driver.until(lambda: "hub-image-final-v2" not in keys(driver))
        assert keys(driver)[:3] == ["hub-image", "hub-image-try", "hub-slim"]
        assert fake.thresholds[before:] == [0.91, 0.95], "those in between are outdated"
        assert "alike from 95 %" in driver.text
        assert "95 % …" not in driver.text
        await driver.press(*["minus"] * 5)
        await driver.until(lambda: "hub-image-final-v2" in keys(driver))


# The goal


@pytest.mark.parametrize("size", [(80, 24), (120, 35), (200, 55)])
async def test_why_a_goal_is_out_of_reach_is_read_in_full_and_again_in_the_plan(size: tuple[int, int]) -> None:
    async with cleaning(await workbench(known=machine()), size=size) as driver:
        await driver.press("f", *"20G", "enter")
        await driver.until(lambda: "It gets as far as" in driver.text)
        place = driver.app.screen
        assert isinstance(place, CleanupScreen)
        assert place.why_short.startswith("It gets as far as")
        details = place.query_one(OutputPane)
        shown = " ".join(" ".join(line.plain for line in details._visible_lines()).split())
        assert place.why_short in shown
        place._propose()
        await driver.pilot.pause()
        assert ("goal", place.why_short) in driver.posted(RequestProposed)[0].about
        await driver.press("escape")
        await driver.press("f", *"1K", "enter")
        await driver.until(lambda: "chosen 1" in driver.text)
        assert "It gets as far as" not in driver.text


async def test_a_goal_chooses_what_reaches_it_and_no_more() -> None:
    async with cleaning(await workbench(known=machine())) as driver:
        await driver.press("f", *"6M", "enter")
        await driver.until(lambda: place(driver).chosen)
        assert place(driver).chosen == {f"{PKGS}#archives"}
        await driver.until(lambda: "goal 6.0 M · chosen 1 · frees 7.0 M" in driver.text)
        await driver.press("home", "j", "j", "j", "j", "space")
        assert "goal 6.0 M · chosen 0 · 6.0 M missing" in driver.text, "the goal stays when the choice is changed"


async def test_without_its_goal_what_the_goal_chose_is_not_chosen_any_more() -> None:
    async with cleaning(await workbench()) as driver:
        await driver.press("f", *"6M", "enter")
        await driver.until(lambda: "goal 6.0 M · chosen 1" in driver.text)
        await go_to(driver, OLD.prefix)
        await driver.press("space", "f", *(["backspace"] * 6), "enter")
        await driver.until(lambda: place(driver).goal == 0)
        assert place(driver).chosen == {OLD.prefix}


async def test_a_goal_out_of_reach_says_how_far_it_gets_and_what_is_in_the_way() -> None:
    async with cleaning(await workbench()) as driver:
        await driver.press("f", *"20G", "enter")
        await driver.until(lambda: "as far as" in driver.text)
        assert "of 20 GB" in driver.text
        assert place(driver).chosen
        await driver.press("j")
        assert "goal 20 G · chosen" in driver.text
        assert "missing" in driver.text


async def test_what_is_no_goal_is_refused_and_nothing_clears_it() -> None:
    async with cleaning(await workbench()) as driver:
        await driver.press("f", *"much", "enter")
        assert "`much` is no size: such as 20G, 500M or 1.5 TB is." in driver.text
        await driver.press("escape", "f", *"6M", "enter")
        await driver.until(lambda: "goal 6.0 M" in driver.text)
        await driver.press("f")
        assert "free at least 6.0M" in driver.text
        await driver.press("ctrl+u", "enter")
        assert "goal" not in driver.text.splitlines()[-2]


async def test_restore_points_on_another_file_system_do_not_count_and_another_users_environment_stays() -> None:
    fake = await workbench(known=inventory(OLD, HALF, replace(USED, findings=OLD.findings, owner="ben")))
    fake.counts_points = False
    async with cleaning(fake) as driver:
        await driver.press("f", *"51M", "enter")
        await driver.until(lambda: place(driver).total)
        assert OLD.prefix in place(driver).chosen
        assert "restore points" not in driver.text
        await go_to(driver, USED.prefix)
        await driver.press("space")
        assert "This stays: it belongs to ben." in driver.text


async def test_a_goal_waits_for_the_walk_of_the_disk() -> None:
    async with opened(workbench=FakeWorkbench(machine())) as driver:
        await driver.press("3")
        await driver.until(lambda: driver.app.session.cleanup)
        await driver.press("f", *"6M", "enter")
        assert "The disk is not measured yet" in driver.text


# What runs beside the screen


async def test_what_could_go_is_found_in_a_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    threads: list[threading.Thread] = []
    find = cleanup_finder.find_cleanup

    def noting(question: CleanupQuestion, survey: CleanupSurvey, is_outdated: object) -> FoundCleanup | None:
        threads.append(threading.current_thread())
        return find(question, survey, is_outdated)  # type: ignore[arg-type]

    monkeypatch.setattr(cleanup_finder, "find_cleanup", noting)
    async with cleaning(await workbench()) as driver:
        await driver.press("space", "j", "space")
        assert threads
        assert threading.main_thread() not in threads


async def test_a_key_that_changes_nothing_looks_for_nothing() -> None:
    fake = await workbench()
    async with cleaning(fake) as driver:
        before = len(fake.thresholds)
        await driver.press("space", "j", "1", "space", "3", "a")
        assert len(fake.thresholds) == before


async def test_a_failure_of_the_search_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    def failing(*_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(cleanup_finder, "find_cleanup", failing)
    async with opened(workbench=await workbench(), size=(120, 30)) as driver:
        await driver.press("3")
        await driver.until(lambda: "Looking for what could go failed." in driver.text)


async def test_hundreds_of_rows() -> None:
    many = inventory(
        *(
            loaded(
                f"env-{number:03}",
                [package(f"p-{number}", requested_specs=("p",))],
                findings=(finding("stale", "note", f"not used for {200 + number} days", cleanup="unused"),),
            )
            for number in range(400)
        ),
        *GROUP,
    )
    *_, full = await surveyed(many, *(Held((each.prefix,), 1_000_000) for each in many.environments))
    fake = FakeWorkbench(many, settings=Settings(watch_seconds=0))
    fake.disk = FakeDisk((full,))
    async with cleaning(fake) as driver:
        assert len(place(driver).rows) == 404
        await driver.press("a")
        await driver.until(lambda: place(driver).total)
        total = place(driver).total
        assert total is not None
        assert total.frees == 402_000_000, "a merge frees nothing of its own"
        await driver.press("end")
        assert place(driver).table.cursor_row == 403
