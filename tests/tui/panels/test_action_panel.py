"""From a key to a job: forms, plans, what can be overruled, and what happens when something comes between."""

from __future__ import annotations

import asyncio
from pathlib import Path
from threading import Event

import pytest
from msgspec.structs import replace
from textual.events import Key
from textual.widgets import Input, Static

from condatui.panels.action_panel import ActionPanel
from condatui.panels.plan_state import PlanState
from condatui.widgets.form_bar import ChoiceLine, FormBar
from condatui.widgets.lines_pane import LinesPane
from condatui.widgets.plan_view import PlanView
from condatui_core.analyses.slimming.classes import USUAL
from condatui_core.errors import CondatuiError, UsageError
from condatui_core.records.environment import Inventory
from condatui_core.records.finding import blocker
from condatui_core.records.job import BlindKernel, Plan, PlannedRemoval
from condatui_core.records.prefix import PrefixContents
from condatui_core.records.request import (
    CloneRequest,
    CreateRequest,
    ExportAllRequest,
    ExportRequest,
    PackRequest,
    RelinkRequest,
    RemoveRequest,
    Request,
    RestoreRequest,
    SeparateRequest,
    ShipRequest,
)
from condatui_core.records.restore_point import RestorePointSummary
from condatui_core.remedy import BuildFromArchive, Remedy, ReplaceFile, Thaw, Unkeep, WithoutRestorePoint
from condatui_core.settings import Locations, Settings
from support.fake_jobs import plan_like
from support.fake_workbench import FakeWorkbench
from support.inventories import NOW, ROOT, environment, finding, inventory, loaded, package, research
from support.pilots import Driver, opened
from support.tiers import thorough

ENVS = f"{ROOT}/envs"


def machine(baseline: str = "") -> Inventory:
    base = loaded("base", [package("conda")], base=True, prefix=ROOT)
    return inventory(base, research(), loaded("zoo", baseline=baseline == "zoo"), environment("half", state="orphan"))


def bench(known: Inventory | None = None, *, home: Path = Path("/nowhere"), **settings: object) -> FakeWorkbench:
    workbench = FakeWorkbench(known or machine(), settings=Settings(watch_seconds=0, **settings))  # type: ignore[arg-type]
    workbench.locations = Locations(home=home, config=home, cache=home, state=home)
    return workbench


def panel(driver: Driver) -> ActionPanel:
    return driver.app.screen.query_one(ActionPanel)


def plan_shown(driver: Driver) -> str:
    return panel(driver).query_one(PlanView).text


def field(driver: Driver, name: str) -> str:
    return panel(driver).query_one(FormBar).answers[name]


def is_open(driver: Driver) -> bool:
    return bool(driver.app.screen.query(ActionPanel))


async def drawn(driver: Driver, words: str) -> None:
    await driver.until(lambda: words in driver.text)


async def on_research(driver: Driver, *keys: str) -> None:
    await driver.press("home", *["j"] * driver.names.index("research"), *keys)
    await driver.pilot.pause()


async def test_a_removal_is_planned_for_the_cursor_and_run_by_enter() -> None:
    async with opened(workbench=bench()) as driver:
        await on_research(driver, "d")
        assert driver.workbench.jobs.requests == [RemoveRequest(prefixes=(f"{ENVS}/research",))]
        await driver.until(lambda: "conda do -p '/a b'" in driver.text)
        assert "enter run" in driver.text
        assert driver.workbench.jobs.submitted == []
        await driver.press("enter")
        assert [plan.request for plan in driver.workbench.jobs.submitted] == driver.workbench.jobs.requests
        assert not is_open(driver)
        assert driver.place.table.has_focus
        assert "Begun: Do RemoveRequest. 4 shows it." in driver.text


async def test_the_marked_environments_are_removed_rather_than_the_cursor() -> None:
    async with opened(workbench=bench()) as driver:
        await on_research(driver, "space", "space", "home", "d")
        (request,) = driver.workbench.jobs.requests
        assert isinstance(request, RemoveRequest)
        assert set(request.prefixes) == {f"{ENVS}/research", f"{ENVS}/zoo"}


async def test_base_is_not_even_planned() -> None:
    async with opened(workbench=bench()) as driver:
        await driver.press("home", "d")
        assert "base is never removed" in driver.text
        assert driver.workbench.jobs.requests == []


@pytest.mark.parametrize("key", ["e", "p"])
async def test_what_is_no_environment_is_neither_exported_nor_packed(key: str) -> None:
    async with opened(workbench=bench()) as driver:
        await driver.press("home", *["j"] * driver.names.index("half"), key)
        assert "its state is orphan" in driver.text
        assert not is_open(driver)


async def test_a_blocker_cannot_be_run_and_says_why() -> None:
    workbench = bench()
    against = finding("in-use", "error", "python runs from it (pid 4711)", remedy="End it first.")
    workbench.jobs.plans[RemoveRequest] = lambda request: plan_like(request, blockers=(against,))
    async with opened(workbench=workbench) as driver:
        await on_research(driver, "d")
        await driver.until(lambda: "python runs from it (pid 4711)" in driver.text)
        assert "End it first." in driver.text
        assert "enter run" not in driver.text
        await driver.press("enter")
        assert workbench.jobs.submitted == []
        await driver.press("escape")
        assert not is_open(driver)


async def test_a_word_that_is_wanted_has_to_be_typed() -> None:
    workbench = bench()
    workbench.jobs.plans[RemoveRequest] = lambda request: plan_like(request, confirm="research")
    async with opened(workbench=workbench) as driver:
        await on_research(driver, "d")
        await driver.until(lambda: "Type research to go on" in driver.text)
        await driver.press("enter")
        await driver.press(*"reseerch", "enter")
        assert workbench.jobs.submitted == []
        assert "Type research and enter to go on" in driver.text
        await driver.press(*["backspace"] * 8, *"research", "enter")
        assert len(workbench.jobs.submitted) == 1


async def test_planning_says_so_and_what_comes_too_late_is_dropped() -> None:
    workbench = bench()
    workbench.jobs.gate = asyncio.Event()
    async with opened(workbench=workbench) as driver:
        await on_research(driver, "d")
        assert "Planning…" in driver.text
        await driver.press("enter", "escape")
        assert not is_open(driver)
        await driver.press("j", "d")
        workbench.jobs.gate.set()
        await driver.until(lambda: "enter run" in driver.text)
        await driver.press("enter")
        assert [plan.request for plan in workbench.jobs.submitted] == [workbench.jobs.requests[1]]


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (CondatuiError("The disk [/gone] is gone.", "where\nit was", "Mount it."), "The disk [/gone] is gone."),
        (ValueError("odd [/thing]\x1b[31m"), r"ValueError: odd [/thing]\x1b[31m"),
    ],
)
async def test_what_cannot_be_planned_says_so_in_place(error: Exception, said: str) -> None:
    workbench = bench()
    workbench.jobs.plans[RemoveRequest] = lambda _: error
    async with opened(workbench=workbench) as driver:
        await on_research(driver, "d")
        await driver.until(lambda: said in driver.text)
        await driver.press("enter", "escape")
        assert workbench.jobs.submitted == []
        assert not is_open(driver)


async def test_no_commands_are_offered_where_there_are_none() -> None:
    workbench = bench()
    workbench.jobs.plans[RemoveRequest] = lambda request: plan_like(request, steps=())
    async with opened(workbench=workbench) as driver:
        await on_research(driver, "d")
        await driver.until(lambda: "enter run  esc leave" in driver.text)
        assert "copy the commands" not in driver.text


async def test_the_commands_are_copied() -> None:
    async with opened(workbench=bench()) as driver:
        await on_research(driver, "d")
        await driver.until(lambda: "enter run" in driver.text)
        await driver.press("y")
        assert driver.app.clipboard == "conda do -p '/a b'"
        assert "Sent to the terminal's clipboard: conda do -p '/a b'" in driver.text


async def test_keys_of_the_place_do_nothing_while_a_plan_is_open() -> None:
    async with opened(workbench=bench()) as driver:
        await on_research(driver, "d")
        await driver.until(lambda: "enter run" in driver.text)
        await driver.press("space", "c", "s", "n", "question_mark", "slash")
        assert driver.app.session.marked == frozenset()
        assert driver.place.environment_query.by == "name"
        assert len(driver.app.screen.query(ActionPanel)) == 1
        assert "enter run" in driver.text
        await driver.press("2", "1")
        assert is_open(driver)
        await driver.pilot.click("#environments")
        await driver.press("escape")
        assert not is_open(driver)


async def test_a_clone_is_named_after_its_source_until_a_name_is_typed(monkeypatch: pytest.MonkeyPatch) -> None:
    async with opened(workbench=bench(), size=(80, 24)) as driver:
        await on_research(driver, "n")
        assert (field(driver, "source"), field(driver, "name")) == (f"{ENVS}/research", "research-2")
        assert "with conda itself" not in driver.text
        await driver.press("shift+tab", "left")
        assert (field(driver, "source"), field(driver, "name")) == (ROOT, "base-2")
        assert "with conda itself" in driver.text
        await driver.press("z")
        assert field(driver, "source") == f"{ENVS}/zoo"
        await driver.press("tab", "X", "shift+tab", "left")
        assert field(driver, "name").endswith("X")


async def test_a_clone_is_asked_for_as_the_form_says(tmp_path: Path) -> None:
    async with opened(workbench=bench(home=tmp_path)) as driver:
        await on_research(driver, "n", *"~/new", "tab", *"numpy>=1.2 ", *"'scipy <2'", "tab", "right", "enter")
        await driver.until(lambda: driver.workbench.jobs.requests)
        assert driver.workbench.jobs.requests == [
            CloneRequest(
                source=f"{ENVS}/research", target=str(tmp_path / "new"), add=("numpy>=1.2", "scipy <2"), offline=True
            )
        ]


@pytest.mark.parametrize(("keys", "why"), [(("backspace",), "needs a name"), (("tab", "'"), "quotation mark")])
async def test_an_answer_that_cannot_be_keeps_the_form_open(keys: tuple[str, ...], why: str) -> None:
    async with opened(workbench=bench()) as driver:
        await on_research(driver, "n", *keys, "enter")
        await driver.until(lambda: why in driver.text)
        assert driver.workbench.jobs.requests == []
        await driver.press("escape")
        assert not is_open(driver)


async def test_the_baseline_is_offered_before_others() -> None:
    async with opened(workbench=bench(machine(baseline="zoo"))) as driver:
        await on_research(driver, "n", "shift+tab", "left")
        assert field(driver, "source") == f"{ENVS}/zoo"


async def test_a_source_is_found_by_typing() -> None:
    names = ("nlp-base", "nlp-exp", "old-nlp", "vision")
    known = inventory(*(loaded(each, prefix=f"{ENVS}/{each}") for each in names))
    async with opened(workbench=bench(known), size=(80, 24)) as driver:
        await driver.press("home", "n")
        await driver.until(lambda: is_open(driver))
        await driver.press("shift+tab")
        assert "1/4  type to find" in driver.text
        await driver.press(*"nlp")
        assert (field(driver, "source"), "1/3 with `nlp`" in driver.text) == (f"{ENVS}/nlp-base", True)
        await driver.press("right", "right")  # those that begin with it come first
        assert (field(driver, "source"), field(driver, "name")) == (f"{ENVS}/old-nlp", "old-nlp-2")
        await driver.press("right", "minus", "e")
        assert (field(driver, "source"), "1/1 with `nlp-e`" in driver.text) == (f"{ENVS}/nlp-exp", True)
        await driver.press("q")  # no name has it: it is not taken
        assert "1/1 with `nlp-e`" in driver.text
        await driver.press(*["backspace"] * 6, *"VIS", "tab", "shift+tab")
        assert (field(driver, "source"), "4/4  type to find" in driver.text) == (f"{ENVS}/vision", True)


async def test_an_export_shows_what_it_will_say_and_follows_the_format(tmp_path: Path) -> None:
    async with opened(workbench=bench(home=tmp_path)) as driver:
        await on_research(driver, "e")
        await driver.until(lambda: "name: research" in driver.text)
        assert "The editable install is not in it" in driver.text
        driver.workbench.jobs.preview_text = "https://c/numpy.conda#md5\x1b[31m"
        await driver.press("left", "left", "left")
        assert field(driver, "file").endswith("/research-explicit.txt")
        await driver.until(lambda: r"numpy.conda#md5\x1b[31m" in driver.text)
        await driver.press("tab", "ctrl+u", *"~/here.txt", "shift+tab", "right")
        assert field(driver, "file") == "~/here.txt"
        await driver.press("left", "enter")
        await driver.until(lambda: driver.workbench.jobs.requests)
        assert driver.workbench.jobs.requests == [
            ExportRequest(prefix=f"{ENVS}/research", file=str(tmp_path / "here.txt"), format="explicit")
        ]


async def test_a_preview_that_ends_below_the_panel_says_so_until_its_end_is_there(tmp_path: Path) -> None:
    async with opened(workbench=bench(home=tmp_path), size=(80, 24)) as driver:
        driver.workbench.jobs.preview_text = "".join(f"line {number}\n" for number in range(20))
        await on_research(driver, "e")
        await driver.until(lambda: "left/right choose  pgdn more" in driver.text)
        assert "line 19" not in driver.text
        await driver.press("pagedown", "pagedown")
        assert "line 19" in driver.text and "pgdn more" not in driver.text
        await driver.press("pageup")
        assert "pgdn more" in driver.text


async def test_what_is_marked_is_exported_together_and_the_panel_says_to_where(tmp_path: Path) -> None:
    async with opened(workbench=bench(home=tmp_path), size=(80, 24)) as driver:
        driver.app.session.mark([f"{ENVS}/{name}" for name in ("research", "zoo", "half")], marked=True)
        await driver.press("e")
        await driver.press("tab", "ctrl+u", *"~/lab")
        await driver.until(lambda: "Export 2 environments to ~/lab/NAME.yml" in driver.text)
        await driver.press("shift+tab", "right", "right")
        assert "Export 2 environments to ~/lab/NAME.yml" in driver.text
        await driver.press("enter")
        await driver.until(lambda: "enter run" in driver.text)
        assert "Marked, but left out: half (orphan)" in driver.text
        asked = ExportAllRequest(
            prefixes=(f"{ENVS}/research", f"{ENVS}/zoo"), directory=str(tmp_path / "lab"), portable=True
        )
        assert driver.workbench.jobs.requests == [asked]
        await driver.press("enter")
        assert [plan.request for plan in driver.workbench.jobs.submitted] == [asked]


async def test_files_that_are_there_are_replaced_by_several_only_when_that_is_said() -> None:
    def answer(request: Request) -> object:
        there = finding(
            "file-exists", "error", "2 files are there that condatui has not written.", remedy=ReplaceFile()
        )
        assert isinstance(request, ExportAllRequest)
        return plan_like(request, blockers=() if request.replace else (there,))

    workbench = bench()
    workbench.jobs.plans[ExportAllRequest] = answer  # type: ignore[assignment]
    async with opened(workbench=workbench) as driver:
        driver.app.session.mark([f"{ENVS}/research", f"{ENVS}/zoo"], marked=True)
        await driver.press("e", "enter")
        await driver.until(lambda: "enter replace these files" in driver.text)
        assert workbench.jobs.submitted == []
        await driver.press("enter")
        await driver.until(lambda: workbench.jobs.submitted)
        (plan,) = workbench.jobs.submitted
        assert isinstance(plan.request, ExportAllRequest) and plan.request.replace


async def test_one_mark_is_exported_wherever_the_cursor_is(tmp_path: Path) -> None:
    async with opened(workbench=bench(home=tmp_path)) as driver:
        driver.app.session.mark([f"{ENVS}/zoo"], marked=True)
        await on_research(driver, "e")
        assert field(driver, "file").endswith("/zoo.yml")


async def test_a_preview_that_cannot_be_made_says_why() -> None:
    workbench = bench()
    workbench.jobs.preview_error = UsageError("An explicit list has no room for a history.")
    async with opened(workbench=workbench) as driver:
        await on_research(driver, "e")
        await driver.until(lambda: "no room for a history" in driver.text)


async def test_a_file_that_is_there_is_replaced_only_when_that_is_said() -> None:
    def answer(request: Request) -> object:
        there = finding("file-exists", "error", "/a exists already.", remedy=ReplaceFile())
        assert isinstance(request, ExportRequest)
        return plan_like(request, blockers=() if request.replace else (there,))

    workbench = bench()
    workbench.jobs.plans[ExportRequest] = answer  # type: ignore[assignment]
    async with opened(workbench=workbench) as driver:
        await on_research(driver, "e", "enter")
        await driver.until(lambda: "enter replace the file" in driver.text)
        assert workbench.jobs.submitted == []
        await driver.press("enter")
        await driver.until(lambda: workbench.jobs.submitted)
        first, second = workbench.jobs.requests
        assert second == replace(first, replace=True)
        assert [plan.request for plan in workbench.jobs.submitted] == [second]
        assert not is_open(driver)


async def test_a_file_is_not_replaced_unasked_if_the_plan_then_warns_of_more() -> None:
    def answer(request: Request) -> object:
        assert isinstance(request, ExportRequest)
        there = finding("file-exists", "error", "/a exists already.", remedy=ReplaceFile())
        changed = finding("changed", "warning", "it has just changed")
        return plan_like(request, warnings=(changed,)) if request.replace else plan_like(request, blockers=(there,))

    workbench = bench()
    workbench.jobs.plans[ExportRequest] = answer  # type: ignore[assignment]
    async with opened(workbench=workbench) as driver:
        await on_research(driver, "e", "enter")
        await driver.until(lambda: "enter replace the file" in driver.text)
        await driver.press("enter")
        await driver.until(lambda: "enter run" in driver.text)
        assert "it has just changed" in driver.text
        assert workbench.jobs.submitted == []


async def test_marks_that_a_filter_hides_are_counted_and_named_before_they_are_removed() -> None:
    async with opened(workbench=bench(), size=(120, 30)) as driver:
        driver.app.session.mark([f"{ENVS}/research", f"{ENVS}/zoo"], marked=True)
        await driver.press("slash", *"zoo", "enter")
        assert "2 marked, 1 hidden by the filter" in driver.text
        await driver.press("d")
        await driver.until(lambda: "enter run" in driver.text)
        assert "not on the screen, as the filter hides it: research" in driver.text


async def test_a_frozen_environment_goes_only_when_that_is_said_and_typed() -> None:
    def answer(request: Request) -> object:
        frozen = finding("frozen", "error", "research is frozen", remedy=Thaw(file="/x/frozen"))
        assert isinstance(request, RemoveRequest)
        return plan_like(request, confirm="research", blockers=() if request.override_frozen else (frozen,))

    workbench = bench()
    workbench.jobs.plans[RemoveRequest] = answer  # type: ignore[assignment]
    async with opened(workbench=workbench) as driver:
        await on_research(driver, "d")
        await driver.until(lambda: "enter though it is frozen" in driver.text)
        await driver.press("enter")
        await driver.until(lambda: "Type research to go on" in driver.text)
        await driver.press(*"research", "enter")
        assert [plan.request for plan in workbench.jobs.submitted] == [
            RemoveRequest(prefixes=(f"{ENVS}/research",), override_frozen=True)
        ]


async def test_what_is_frozen_and_kept_goes_only_when_both_are_said_and_it_is_typed() -> None:
    def answer(request: Request) -> object:
        frozen = finding("frozen", "error", "research is frozen", remedy=Thaw(file="/x/frozen"))
        kept = finding("kept", "error", "research is kept", remedy=Unkeep(prefix=f"{ENVS}/research"))
        assert isinstance(request, RemoveRequest)
        left = [(frozen, request.override_frozen), (kept, request.override_kept)]
        return plan_like(request, confirm="research", blockers=tuple(each for each, said in left if not said))

    workbench = bench()
    workbench.jobs.plans[RemoveRequest] = answer  # type: ignore[assignment]
    async with opened(workbench=workbench) as driver:
        await on_research(driver, "d")
        await driver.until(lambda: "enter though it is frozen and kept" in driver.text)
        assert "K takes the mark away" in driver.text
        await driver.press("enter")
        await driver.until(lambda: "Type research to go on" in driver.text)
        await driver.press(*"research", "enter")
        assert [plan.request for plan in workbench.jobs.submitted] == [
            RemoveRequest(prefixes=(f"{ENVS}/research",), override_frozen=True, override_kept=True)
        ]


async def test_without_room_for_a_restore_point_it_goes_only_when_that_is_said_and_typed() -> None:
    def answer(request: Request) -> object:
        full = finding("no-space", "error", "The restore points need 9 GB", remedy=WithoutRestorePoint(elsewhere=True))
        assert isinstance(request, RemoveRequest)
        return plan_like(request, confirm="research", blockers=(full,) if request.restore_point else ())

    workbench = bench()
    workbench.jobs.plans[RemoveRequest] = answer  # type: ignore[assignment]
    async with opened(workbench=workbench) as driver:
        await on_research(driver, "d")
        await driver.until(lambda: "enter without a restore point" in driver.text)
        await driver.press("enter")
        await driver.until(lambda: "Type research to go on" in driver.text)
        await driver.press(*"research", "enter")
        assert [plan.request for plan in workbench.jobs.submitted] == [
            RemoveRequest(prefixes=(f"{ENVS}/research",), restore_point=False)
        ]


async def test_a_switch_takes_the_kernels_of_what_goes_along_and_leaves_them() -> None:
    kernel = BlindKernel(path="/k/lab", name="My Lab", prefix=f"{ENVS}/research", sha256="0a")

    def answer(request: Request) -> object:
        return plan_like(request, confirm="research", removal=PlannedRemoval(kernels=(kernel,)))

    workbench = bench()
    workbench.jobs.plans[RemoveRequest] = answer  # type: ignore[assignment]
    async with opened(workbench=workbench) as driver:
        await on_research(driver, "d")
        await driver.until(lambda: "space with the kernels" in driver.text)
        await driver.press("tab", "space")
        await driver.until(lambda: "space leave the kernels" in driver.text)
        await driver.press("tab", "space")
        await driver.until(lambda: "space with the kernels" in driver.text)
        await driver.press("tab", "space")
        await driver.until(lambda: "space leave the kernels" in driver.text)
        await driver.press(*"research", "enter")
        assert [plan.request for plan in workbench.jobs.submitted] == [
            RemoveRequest(prefixes=(f"{ENVS}/research",), with_kernels=True)
        ]


def test_a_kernel_that_cannot_go_along_has_no_switch() -> None:
    stays = BlindKernel(path="/k/lab", name="My Lab", prefix=f"{ENVS}/research", stays="It belongs to another user.")
    request = RemoveRequest(prefixes=(f"{ENVS}/research",))
    plan = plan_like(request, removal=PlannedRemoval(kernels=(stays,)))
    assert PlanState(request, plan).switched is None


async def test_what_no_answer_can_overrule_is_not_offered_to_be() -> None:
    directory = finding("file-exists", "error", "/a is a directory.", remedy="Name a file that is not there yet.")
    workbench = bench()
    workbench.jobs.plans[ExportRequest] = lambda request: plan_like(request, blockers=(directory,))
    async with opened(workbench=workbench) as driver:
        await on_research(driver, "e", "enter")
        await driver.until(lambda: "/a is a directory." in driver.text)
        assert "replace the file" not in driver.text


async def test_a_plan_names_the_fields_and_keys_of_this_place() -> None:
    taken = finding("file-exists", "error", "r.yml exists already.", remedy=ReplaceFile())
    workbench = bench()
    workbench.jobs.plans[RemoveRequest] = lambda request: plan_like(request, blockers=(taken,))
    async with opened(workbench=workbench) as driver:
        await on_research(driver, "d")
        await driver.until(lambda: "→ Choose another name, or enter replaces it." in driver.text)


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working directory, which is home as well."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


async def test_a_file_is_suggested_only_if_it_is_there(here: Path) -> None:
    async with opened(workbench=bench(home=here)) as driver:
        await driver.press("N")
        await driver.until(lambda: is_open(driver))
        assert field(driver, "file") == ""
        assert "a path: environment.yml, a list, a lock file" in driver.text
        await driver.press("escape")
        (here / "environment.yaml").write_text("name: made\ndependencies: [numpy]\n")
        await driver.press("N")
        await driver.until(lambda: is_open(driver))
        assert field(driver, "file") == "~/environment.yaml"


async def test_an_environment_is_made_from_a_file_under_the_name_that_it_states(here: Path) -> None:
    (here / "environment.yml").write_text("name: made\ndependencies: [numpy]\n")
    async with opened(workbench=bench(home=here)) as driver:
        await driver.press("N", "enter")
        await driver.until(lambda: "conda do -p '/a b'" in driver.text)
        await driver.press("enter")
        request = CreateRequest(target=f"{ENVS}/made", file=str(here / "environment.yml"))
        assert driver.workbench.jobs.requests == [request]
        assert [plan.request for plan in driver.workbench.jobs.submitted] == [request]
        await driver.press("N", "tab", *"other", "tab", "right", "enter")
        await driver.until(lambda: len(driver.workbench.jobs.requests) > 1)
        assert driver.workbench.jobs.requests[-1] == replace(request, target=f"{ENVS}/other", offline=True)


async def test_a_form_that_is_opened_before_the_jobs_are_known_suggests_the_working_directory_too(
    here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    known = Event()
    monkeypatch.setattr("condatui.services.job_monitor.import_module", lambda _name: known.wait())
    async with opened(workbench=bench(home=here / "home")) as driver:
        try:
            await on_research(driver, "e")
            assert field(driver, "file") == str(here / "research.yml")
        finally:
            known.set()


async def test_a_file_without_a_name_needs_one(here: Path) -> None:
    (here / "environment.yml").write_text("dependencies: [numpy]\n")
    async with opened(workbench=bench(home=here)) as driver:
        await driver.press("N", "enter")
        await driver.until(lambda: "The file does not name the environment: it needs a name." in driver.text)
        assert driver.workbench.jobs.requests == []


async def test_an_export_leaves_variables_out_if_it_is_told_to(tmp_path: Path) -> None:
    contents = PrefixContents(packages=(package("python"),), variables=(("TOKEN", "s3cret"),))
    token = environment("tokens", contents=contents)
    async with opened(workbench=bench(inventory(token, loaded("plain")), home=tmp_path)) as driver:
        await driver.press("home", *["j"] * driver.names.index("plain"), "e")
        await driver.until(lambda: is_open(driver))
        assert "without variables" not in driver.text, "there are none"
        await driver.press("escape", "home", *["j"] * driver.names.index("tokens"), "e")
        await driver.until(lambda: "without variables" in driver.text)
        await driver.press("left")
        assert "without variables" in driver.text, "JSON has them"
        await driver.press("left")
        assert "without variables" not in driver.text, "a list of specs has none"
        await driver.press("right", "right", "tab", "ctrl+u", *"~/t.yml", "tab", "right", "enter")
        await driver.until(lambda: driver.workbench.jobs.requests)
        assert driver.workbench.jobs.requests == [
            ExportRequest(prefix=f"{ENVS}/tokens", file=str(tmp_path / "t.yml"), variables=False)
        ]


async def test_what_was_said_before_is_over_once_a_panel_opens() -> None:
    async with opened(workbench=bench()) as driver:
        await on_research(driver, "y")
        assert "Sent to" in driver.text
        await driver.press("e")
        await driver.until(lambda: is_open(driver))
        assert "Sent to" not in driver.text


@pytest.mark.parametrize(
    "words",
    [
        "environment.yml, what was asked for",
        "environment.yml, for other machines",
        "conda-lock.yml, also for micromamba",
        "specs, for conda create --file",
    ],
)
async def test_each_format_is_said_in_the_narrowest_terminal(words: str) -> None:
    async with opened(workbench=bench(), size=(80, 24)) as driver:
        await on_research(driver, "e")
        for _ in range(8):
            if words in driver.text:
                break
            await driver.press("right")
        assert words in driver.text


@pytest.mark.parametrize("key", ["n", "N", "e", "p", "M"])
async def test_each_label_of_a_form_stands_apart_from_its_answer(key: str) -> None:
    async with opened(workbench=bench(), size=(80, 24)) as driver:
        await on_research(driver, key)
        await driver.until(lambda: is_open(driver))
        labels = [(str(each.content), each.size.width) for each in driver.app.screen.query(".label").results(Static)]
        assert labels and not [label for label, width in labels if 0 < width <= len(label)]


@pytest.mark.parametrize(("key", "examples"), [("n", 1), ("p", 2)])
async def test_an_example_is_told_from_an_answer_without_colours(key: str, examples: int) -> None:
    async with opened(workbench=bench(), size=(60, 20)) as driver:
        await on_research(driver, key)
        said = [line[19:].strip() for line in driver.text.splitlines()]
        assert sum(line.startswith(("nothing; or, say, ", "not known: ")) for line in said) == examples
        assert not any(line.startswith(("numpy", "*.pyc")) for line in said)


async def test_a_choice_that_is_too_long_is_cut_in_the_middle() -> None:
    known = inventory(*(loaded("env", prefix=f"/srv/{'deep/' * 12}{place}/env") for place in ("a", "b")))
    async with opened(workbench=bench(known), size=(60, 15)) as driver:
        await driver.press("n")
        await driver.until(lambda: is_open(driver))
        [line] = [line for line in driver.text.splitlines() if line.startswith(" clone ")]
        assert "…" in line and line.rstrip().endswith("/a/env ›")


async def test_a_pack_is_asked_for_as_the_form_says(tmp_path: Path) -> None:
    async with opened(workbench=bench(home=tmp_path)) as driver:
        await on_research(driver, "p", "right", "tab", "ctrl+u", *"~/r.tar.zst", "tab", "backspace", "1", "9")
        await driver.press("tab", *"/opt/r", "tab", *"*.pyc", "tab", "space", "tab", "enter")
        await driver.until(lambda: driver.workbench.jobs.requests)
        assert driver.workbench.jobs.requests == [
            PackRequest(
                prefix=f"{ENVS}/research",
                file=str(tmp_path / "r.tar.zst"),
                format="tar.zst",
                level=19,
                threads=0,
                dest_prefix="/opt/r",
                excludes=("*.pyc",),
                ignore_editable=True,
            )
        ]


async def test_an_image_is_asked_for_in_the_palette_and_as_the_form_says(tmp_path: Path) -> None:
    async with opened(workbench=bench(home=tmp_path)) as driver:
        await on_research(driver, "colon", *"ship", "enter")
        await driver.until(lambda: is_open(driver))
        assert "Ship research" in driver.text and "research-image" in field(driver, "directory")
        await driver.press("ctrl+u", *"~/image", "tab", "right", "tab", "right", "tab", *"python -m 'my app'", "tab")
        await driver.press(*"80x", "enter")
        await driver.until(lambda: "A port is a number" in driver.text)
        await driver.press("backspace", "enter")
        await driver.until(lambda: driver.workbench.jobs.requests)
        assert driver.workbench.jobs.requests == [
            ShipRequest(
                prefix=f"{ENVS}/research",
                directory=str(tmp_path / "image"),
                source="archive",
                command=("python", "-m", "my app"),
                port=80,
                slim=USUAL,
            )
        ]


@pytest.mark.parametrize(
    ("remedy", "words", "wanted"),
    [
        (ReplaceFile(), "replace what it has written", {"replace": True}),
        (BuildFromArchive(), "build it from the packed environment", {"source": "archive"}),
    ],
)
def test_what_stands_against_an_image_has_one_way_out(remedy: Remedy, words: str, wanted: dict[str, object]) -> None:
    request = ShipRequest(prefix="/e", directory="/d")
    blocked = Plan(request=request, title="Ship", blockers=(blocker("any", "It cannot be.", remedy),))
    alternative = PlanState(request, blocked).alternative
    assert alternative and alternative.label == words
    assert alternative.request == replace(request, **wanted)
    assert alternative.agreed is (words != "build it from the packed environment"), "that is planned again"


async def test_a_level_that_is_no_number_is_refused() -> None:
    async with opened(workbench=bench()) as driver:
        await on_research(driver, "p", "tab", "tab", "x", "enter")
        await driver.until(lambda: "How much to compress is a number" in driver.text)


async def test_escape_leads_from_the_plan_back_to_the_answers() -> None:
    async with opened(workbench=bench()) as driver:
        await on_research(driver, "e", "tab", "ctrl+u", *"/tmp/x", "enter")
        await driver.until(lambda: "enter run" in driver.text)
        await driver.press("escape")
        assert field(driver, "file") == "/tmp/x"
        assert isinstance(driver.app.focused, Input)
        await driver.press("escape")
        assert not is_open(driver)


def point(name: str, **fields: object) -> RestorePointSummary:
    given: dict[str, object] = {
        "id": f"20260520-{name}",
        "name": name,
        "prefix": f"{ENVS}/{name}",
        "at": NOW,
        "bytes": 1000,
        "packages": 3,
        "pip_packages": 1,
        **fields,
    }
    return RestorePointSummary(**given)  # type: ignore[arg-type]


async def test_undo_brings_back_what_was_removed_last_and_is_gone() -> None:
    workbench = bench()
    older = NOW.replace(hour=1)
    workbench.jobs.points = (
        point("again", exists=True),
        point("older", at=older),
        point("newest", at=NOW.replace(hour=2)),
        point("damaged", problem="the archive is gone"),
    )
    async with opened(workbench=workbench) as driver:
        await driver.press("u")
        await driver.until(lambda: "enter run" in driver.text)
        assert workbench.jobs.requests == [RestoreRequest(id="20260520-newest")]


async def test_undo_after_a_relink_is_of_the_environment_under_the_cursor() -> None:
    """Of whatever process the relink was, and whatever jobs came after it: no job of it is known here."""
    workbench = bench()
    workbench.jobs.points = (point("older"),)
    workbench.joined = (f"{ENVS}/research",)
    async with opened(workbench=workbench) as driver:
        await on_research(driver, "u")
        await driver.until(lambda: "enter run" in driver.text)
        assert workbench.jobs.requests == [SeparateRequest(prefix=f"{ENVS}/research")]


async def test_undo_after_a_relink_names_the_environments_that_it_has_joined() -> None:
    workbench = bench()
    workbench.joined = (f"{ENVS}/research",)
    async with opened(workbench=workbench) as driver:
        await driver.press("end", "u")
        await driver.until(lambda: "that has such files: research" in driver.text)
        assert workbench.jobs.requests == []


@pytest.mark.parametrize(
    ("action", "request_of_it"),
    [("relink", RelinkRequest()), ("separate", SeparateRequest(prefix=f"{ENVS}/research"))],
)
async def test_the_palette_offers_to_relink_and_to_undo_it(action: str, request_of_it: Request) -> None:
    workbench = bench()
    async with opened(workbench=workbench) as driver:
        await on_research(driver)
        await driver.app.run_action(f"app.perform('{action}')")
        await driver.until(lambda: "enter run" in driver.text)
        assert workbench.jobs.requests == [request_of_it]


async def test_undo_without_a_removal_says_so() -> None:
    async with opened(workbench=bench()) as driver:
        await driver.press("u")
        await driver.until(lambda: "There is no change to undo" in driver.text)
        await driver.press("enter", "escape")
        assert not is_open(driver)


async def test_in_place_2_the_column_under_the_cursor_is_meant() -> None:
    async with opened(workbench=bench()) as driver:
        await on_research(driver, "space", "space", "c")
        await driver.until(lambda: "reference" in driver.text)
        await driver.press("right", "n")
        assert field(driver, "source") == f"{ENVS}/zoo"


async def test_keys_that_arrive_together_with_the_one_that_asks_are_answers() -> None:
    """Over a slow line several keys come at once: none of them may reach the place below."""
    async with opened(workbench=bench()) as driver:
        await driver.press("home", *["j"] * driver.names.index("research"))
        for key in "ndsq":
            driver.app.post_message(Key(key, key))
        await driver.until(lambda: is_open(driver) and field(driver, "name") == "dsq")
        for key in ("tab", "x", "shift+tab", "s"):
            driver.app.post_message(Key(key, key if len(key) == 1 else None))
        await driver.until(lambda: (field(driver, "name"), field(driver, "add")) == ("dsqs", "x"))


async def test_what_cannot_be_submitted_any_more_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    workbench = bench()

    def refuse(plan: object) -> None:
        raise CondatuiError("condatui is about to end: no job begins any more.")

    monkeypatch.setattr(workbench.jobs, "submit", refuse)
    async with opened(workbench=workbench) as driver:
        await on_research(driver, "d")
        await driver.until(lambda: "enter run" in driver.text)
        await driver.press("enter")
        assert "condatui is about to end" in driver.text


async def test_a_request_is_proposed_from_anywhere() -> None:
    async with opened(workbench=bench()) as driver:
        await driver.app.propose(RestoreRequest(id="x"))
        await driver.until(lambda: "enter run" in driver.text)
        assert driver.workbench.jobs.requests == [RestoreRequest(id="x")]


@pytest.mark.parametrize("size", [(60, 15), (200, 50), *thorough([((80, 24),)])])
async def test_forms_and_plans_fit_and_are_ascii_where_that_is_wanted(size: tuple[int, int]) -> None:
    workbench = bench(ascii=True)
    many = tuple(finding(f"f{number}", "warning", f"Warning {number}", evidence=("x",) * 9) for number in range(40))
    workbench.jobs.plans[RemoveRequest] = lambda request: plan_like(request, warnings=many, confirm="research")
    async with opened(workbench=workbench, size=size) as driver:
        last = {
            "n": "Clone an environment",
            "e": "name: research",
            "p": "Pack research",
            "d": "Type research to go on",
        }
        for key, words in last.items():
            await on_research(driver, key)
            await drawn(driver, words)
            assert driver.text.isascii(), driver.text
            assert driver.text.splitlines()[0].startswith(" 1 envs 4")
            assert any("research" in line for line in driver.text.splitlines()[1:4])
            await driver.press("escape")
        await on_research(driver, "d")
        await driver.until(lambda: "Type research" in driver.text)
        await driver.press("tab", "end")
        assert "Look whether it happened" in driver.text


async def test_what_is_loaded_while_a_panel_opens_does_not_disturb_it() -> None:
    async with opened(workbench=bench()) as driver:
        await on_research(driver)
        place = driver.place
        opening = asyncio.create_task(driver.app.action_open_action("export"))
        while not opening.done():
            place.show_session()
            await asyncio.sleep(0)
        await opening
        assert field(driver, "file").endswith("research.yml")
        await driver.press("escape")
        assert not is_open(driver)


async def test_a_plan_fits_into_a_terminal_that_becomes_smaller() -> None:
    workbench = bench()
    facts = tuple((f"fact {number}", "so it is") for number in range(60))
    workbench.jobs.plans[RemoveRequest] = lambda request: plan_like(request, facts=facts)
    async with opened(workbench=workbench, size=(120, 50)) as driver:
        await on_research(driver, "d")
        await driver.until(lambda: "fact 20" in driver.text)
        await driver.pilot.resize_terminal(60, 15)
        await driver.until(lambda: len(driver.text.splitlines()) == 15)
        assert "Do RemoveRequest" in driver.text
        assert "enter run" in driver.text


@pytest.mark.parametrize("name", ["x [/y]", "caf\udce9", *thorough(["a\x1b[31m", "$(touch x)", "-p", "長い名前" * 30])])
async def test_hostile_names_are_asked_for_and_planned_as_what_they_are(name: str) -> None:
    hostile = loaded(name, prefix=f"{ENVS}/{name}")
    workbench = bench(inventory(hostile))
    workbench.jobs.plans[RemoveRequest] = lambda request: plan_like(request, title=f"Remove {name}")
    async with opened(workbench=workbench, size=(80, 24)) as driver:
        for key in ("n", "e", "p"):
            await driver.press(key)
            await driver.pilot.pause()
            assert is_open(driver)
            assert "\x1b" not in driver.text
            await driver.press("escape")
        await driver.press("d")
        await driver.until(lambda: "enter run" in driver.text)
        await driver.press("enter")
        assert [plan.request for plan in workbench.jobs.submitted] == [RemoveRequest(prefixes=(f"{ENVS}/{name}",))]
        await driver.press("4")
        assert "\x1b" not in driver.text


async def test_a_click_chooses() -> None:
    async with opened(workbench=bench()) as driver:
        await on_research(driver, "e")
        before = field(driver, "format")
        await driver.pilot.click(ChoiceLine)
        assert field(driver, "format") != before


async def test_a_plan_longer_than_its_room_is_moved_through() -> None:
    workbench = bench()
    workbench.jobs.plans[RemoveRequest] = lambda request: plan_like(
        request, facts=tuple((f"fact {number}", "so it is") for number in range(60))
    )
    async with opened(workbench=workbench) as driver:
        await on_research(driver, "d")
        await driver.until(lambda: "fact 0" in driver.text)
        assert "fact 59" not in plan_in_sight(driver)
        await driver.press("end")
        assert "Look whether it happened" in plan_in_sight(driver)


def plan_in_sight(driver: Driver) -> str:
    pane = panel(driver).query_one(PlanView).query_one(LinesPane)
    return "\n".join(line.plain for line in pane._visible_lines())


async def test_at_the_end_of_a_long_plan_nothing_more_is_promised() -> None:
    workbench = bench()
    facts = tuple((f"fact {number}", "so") for number in range(30))
    workbench.jobs.plans[RemoveRequest] = lambda request: plan_like(request, facts=facts)
    async with opened(workbench=workbench, size=(80, 24)) as driver:
        await on_research(driver, "d")
        await driver.until(lambda: "pgdn more" in driver.text.splitlines()[-1])
        await driver.press("end")
        await driver.until(lambda: "pgdn more" not in driver.text.splitlines()[-1])
        await driver.press("home")
        await driver.until(lambda: "pgdn more" in driver.text.splitlines()[-1])
