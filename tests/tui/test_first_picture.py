"""The first picture is quick because it does without whatever nobody has looked at yet."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from condatui.app import CondatuiApp
from condatui.panels.help_panel import HelpPanel
from support.fake_workbench import FakeWorkbench
from support.inventories import NOW, environment, inventory
from support.pilots import opened

_IMPORTED = """
import sys, condatui.__main__, condatui.cli.standard_streams
import condatui.app, condatui.cli.opening, condatui_core.workbench
print(*sys.modules)
"""
_LATER = (
    "click",
    "condatui.cli.main",
    "condatui.screens.cleanup",
    "condatui.screens.command_log",
    "condatui.screens.compare",
    "condatui.screens.jobs",
    "condatui.screens.restore",
    "condatui.panels.factory",
    "condatui.panels.forms",
    "condatui.view_models.details.channels",
    "condatui.view_models.details.gpu_tab",
    "condatui.view_models.details.health",
    "condatui.view_models.details.history",
    "condatui.widgets.detail_views",
    "condatui_core.analyses.compare",
    "condatui_core.analyses.families",
    "condatui_core.disk",
    "condatui_core.gpu",
    "condatui_core.jobs",
    "condatui_core.actions",
    "condatui_core.restore_points",
    "condatui_core.records.comparison",
    "condatui_core.records.disk",
    "condatui_core.records.job",
    "condatui_core.records.request",
    "packaging",
)


@pytest.fixture(scope="module")
def imported() -> frozenset[str]:
    """What is imported when the app is ready to run."""
    environ = {"PATH": os.environ["PATH"], "HOME": "/nowhere"}
    ended = subprocess.run(
        [sys.executable, "-c", _IMPORTED], capture_output=True, text=True, check=True, cwd="/", env=environ
    )
    return frozenset(ended.stdout.split())


@pytest.mark.parametrize("module", _LATER)
def test_what_only_later_pictures_need_is_not_imported(module: str, imported: frozenset[str]) -> None:
    assert not {name for name in imported if name == module or name.startswith(f"{module}.")}


async def test_what_a_key_opens_before_all_styles_are_read_gets_them_then(monkeypatch: pytest.MonkeyPatch) -> None:
    begin = CondatuiApp._begin
    monkeypatch.setattr(CondatuiApp, "_begin", lambda _: None)  # a first picture that takes very long
    workbench = FakeWorkbench(inventory(environment("alpha")))
    app = CondatuiApp(workbench, host="gpu07", clock=lambda: NOW)  # type: ignore[arg-type]
    async with app.run_test(size=(100, 30)) as pilot:
        await pilot.press("question_mark")
        help_panel = app.screen.query_one(HelpPanel)
        begin(app)
        await pilot.pause()
        assert help_panel.styles.dock == "bottom"
        assert help_panel.region.bottom == app.size.height - 2


async def test_what_is_not_seen_at_first_is_not_there_yet() -> None:
    async with opened(inventory(environment("alpha"))) as driver:
        assert not driver.place.query("Input, HelpPanel, FilterBar, BottomPanel, TextPane, DiskPane")
        assert {table.id for table in driver.place.query("VirtualTable")} == {"environments", "packages"}


@pytest.mark.parametrize(
    ("key", "kind", "text"), [("question_mark", "HelpPanel", "Mark or unmark"), ("slash", "FilterBar", "enter keep")]
)
async def test_what_was_made_when_it_was_first_asked_for_is_there_the_next_time(key: str, kind: str, text: str) -> None:
    async with opened(inventory(environment("alpha"))) as driver:
        for _ in range(2):
            await driver.press(key)
            assert text in driver.text
            await driver.press("escape")
            assert text not in driver.text
            assert driver.place.table.has_focus
        assert len(driver.place.query(kind)) == 1


async def test_each_tab_of_the_details_is_made_once() -> None:
    async with opened(inventory(environment("alpha"))) as driver:
        for _ in range(2 * len(driver.place.detail.TABS)):
            await driver.press("]")
        tabs = driver.place.detail.query_one("ContentSwitcher").children
        assert [tab.id for tab in tabs] == list(driver.place.detail.TABS)
        assert [tab.id for tab in tabs if tab.display] == ["packages"]
