"""Alike environments are found beside the screens: after each load, and when a GPU check changes which should stay."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from condatui.view_models.gpu import GpuState
from condatui_core.analyses.alike import alike_groups
from condatui_core.records.gpu import GpuResult
from condatui_core.settings import Settings
from support.alike_worlds import changed, numbered
from support.fake_workbench import FakeWorkbench
from support.gpu_facts import no_torch
from support.inventories import inventory, loaded
from support.pilots import Driver, opened

KEEPER, MEMBER = loaded("nlp-exp", numbered(50), frozen=True), loaded("try-7", changed(numbered(50), 1))


def _workbench(**settings: object) -> FakeWorkbench:
    machine = inventory(KEEPER, MEMBER)
    known = FakeWorkbench(machine, settings=Settings(watch_seconds=0, **settings))  # type: ignore[arg-type]
    known.alike = alike_groups(machine)
    return known


def _row(driver: Driver, name: str) -> str:
    return next(line for line in driver.text.splitlines() if f" {name} " in line)


@pytest.mark.parametrize(("ascii_only", "sign"), [(False, "≈"), (True, "~")])
async def test_the_row_of_a_member_names_its_keeper(ascii_only: bool, sign: str) -> None:
    async with opened(workbench=_workbench(ascii=ascii_only), size=(140, 40)) as driver:
        await driver.until(lambda: f"{sign} nlp-exp 98 %" in driver.text)
        assert f"{sign} nlp-exp 98 %" in _row(driver, "try-7")


async def test_a_reload_keeps_the_finding_until_the_search_says_otherwise() -> None:
    known = _workbench()
    async with opened(workbench=known, size=(140, 40)) as driver:
        await driver.until(lambda: "nlp-exp 98 %" in driver.text)
        known.alike = ()
        await driver.press("r")
        await driver.until(lambda: "nlp-exp 98 %" not in driver.text)
        assert len(known.searches) == 2


async def test_a_gpu_that_works_is_a_reason_to_search_again_and_one_that_does_not_is_none() -> None:
    known = _workbench()
    async with opened(workbench=known, size=(140, 40)) as driver:
        await driver.until(lambda: len(known.searches) == 1)
        monitor, session = driver.app._alike_monitor, driver.app.session
        session.gpus = GpuState(results={KEEPER.prefix: no_torch(KEEPER.prefix)})
        monitor.follow_gpus()
        session.gpus = GpuState(results={MEMBER.prefix: _working(MEMBER.prefix)})
        monitor.follow_gpus()
        await driver.until(lambda: len(known.searches) > 1)
        assert known.searches == [frozenset(), frozenset([MEMBER.prefix])]


def _working(prefix: str) -> GpuResult:
    result = no_torch(prefix)
    verdict = replace(result.main.verdict, kind="works", preliminary=False)
    return replace(result, main=replace(result.main, verdict=verdict))
