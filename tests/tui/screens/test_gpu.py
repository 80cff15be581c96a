"""The GPU check in the workbench: the column, the tab, the keys, and that nothing waits for it."""

from __future__ import annotations

import asyncio
import os

import pytest
from msgspec.structs import replace

from condatui.messages import GpuLearned
from condatui.widgets.lines_pane import TextPane
from condatui_core.errors import CondatuiError
from condatui_core.gpu.examination import GpuProgress
from condatui_core.records.environment import Inventory
from condatui_core.records.gpu import GpuResult
from condatui_core.records.gpu_probe import Imported, KernelRun, ProbeBegun
from support.fake_workbench import FakeWorkbench
from support.gpu_facts import (
    CPU_TORCH,
    GPU_MACHINE,
    H200,
    NO_DRIVER_TEXT,
    NO_GPU_MACHINE,
    PIP_TORCH,
    computes,
    crashed,
    result,
    sees_none,
    static,
)
from support.inventories import ROOT, environment, inventory, loaded, package
from support.pilots import Driver, opened

ALPHA, BETA, GAMMA = (f"{ROOT}/envs/{name}" for name in ("alpha", "beta", "gamma"))


def machine() -> Inventory:
    orphan = environment("zombie", state="orphan")
    return inventory(*(loaded(name, [package("pytorch")]) for name in ("alpha", "beta", "gamma")), orphan)


def workbench(**at_once: GpuResult) -> FakeWorkbench:
    found = FakeWorkbench(machine())
    found.gpu.at_once = {f"{ROOT}/envs/{name}": each for name, each in at_once.items()}
    return found


def cell(driver: Driver, name: str) -> str:
    """What the GPU column says of an environment; nothing if there is no such column."""
    lines = driver.text.splitlines()
    column = next(each for each in lines if "name▴" in each).find(" gpu") + 1
    line = next(each for each in lines if f" {name} " in each)
    return line[column : column + 5].strip() if column else ""


async def open_tab(driver: Driver) -> None:
    while driver.place.detail.tab != "gpu":
        await driver.press("right_square_bracket")


def tab(driver: Driver) -> str:
    return driver.place.query_one("#gpu", TextPane).text


WORKS = result(ALPHA, static(), GPU_MACHINE, computes())


async def test_what_files_tell_stands_there_at_once_and_nothing_is_run() -> None:
    bench = workbench(
        alpha=result(ALPHA, static()), beta=result(BETA, static(CPU_TORCH)), gamma=result(GAMMA, static(PIP_TORCH))
    )
    async with opened(workbench=bench, size=(120, 30)) as driver:
        await driver.until(lambda: cell(driver, "gamma") == "✗13.0")
        assert cell(driver, "alpha") == "12.6"
        assert cell(driver, "beta") == "cpu!"
        assert bench.gpu.checked == []


async def test_a_cpu_build_beside_a_gpu_is_a_finding_and_stays_one() -> None:
    bench = workbench(beta=result(BETA, static(CPU_TORCH)))
    async with opened(workbench=bench, size=(120, 30)) as driver:
        await driver.until(lambda: "cpu torch on gpu" in driver.text)
        await driver.press("r")
        await driver.until(lambda: len(bench.loads) == 2 and not driver.app.session.loading)
        assert "cpu torch on gpu" in driver.text
        await driver.press("slash", *"finding:cpu-torch-on-gpu", "enter")
        assert driver.names == ["beta"]


async def test_without_a_gpu_a_cpu_build_is_nothing_to_speak_of() -> None:
    bench = workbench(beta=result(BETA, static(CPU_TORCH), NO_GPU_MACHINE))
    async with opened(workbench=bench, size=(120, 30)) as driver:
        await driver.until(lambda: cell(driver, "beta") == "cpu")
        assert "cpu torch" not in driver.text


async def test_t_checks_the_one_under_the_cursor_and_its_column_fills() -> None:
    bench, go = workbench(alpha=result(ALPHA, static())), asyncio.Event()
    progress = GpuProgress(prefix=ALPHA, framework="torch", stage=ProbeBegun())
    bench.gpu.scripts[ALPHA] = (progress, go, WORKS)
    async with opened(workbench=bench, size=(120, 30)) as driver:
        await driver.press("t")
        await driver.until(lambda: cell(driver, "alpha") == "load")
        go.set()
        await driver.until(lambda: cell(driver, "alpha") == "✓12.6")
        assert bench.gpu.checked == [ALPHA]


async def test_keys_answer_while_a_check_hangs() -> None:
    bench = workbench()
    bench.gpu.scripts[ALPHA] = (GpuProgress(prefix=ALPHA, framework="torch"), asyncio.Event())
    async with opened(workbench=bench) as driver:
        await driver.press("t", "j", "space")
        assert driver.app.session.marked == {BETA}
        assert driver.cursor == GAMMA


async def test_t_checks_the_marked_ones_one_after_the_other() -> None:
    bench, go = workbench(), asyncio.Event()
    bench.gpu.scripts[ALPHA] = (GpuProgress(prefix=ALPHA, framework="torch", stage=Imported()), go, WORKS)
    bench.gpu.scripts[BETA] = (result(BETA, static(), GPU_MACHINE, crashed(11)),)
    async with opened(workbench=bench, size=(120, 30)) as driver:
        await driver.press("space", "space", "t")
        await driver.until(lambda: cell(driver, "alpha") == "ask")
        assert cell(driver, "beta") == "…"
        assert bench.gpu.checked == [ALPHA]
        go.set()
        await driver.until(lambda: cell(driver, "beta") == "✗12.6")
        assert cell(driver, "alpha") == "✓12.6"  # the crash of one is nothing to the other


async def test_capital_t_checks_all_that_have_something_to_check() -> None:
    bench = workbench(alpha=result(ALPHA, static()), gamma=result(GAMMA, static()))
    async with opened(workbench=bench) as driver:
        await driver.until(lambda: len(driver.app.session.gpus.results) == 3)
        await driver.press("T", "enter")
        await driver.until(lambda: bench.gpu.checked == [ALPHA, GAMMA])


async def test_root_does_not_run_the_python_of_others_unless_they_are_marked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    others = replace(loaded("gamma", [package("pytorch")]), owner="mallory")
    bench = FakeWorkbench(inventory(loaded("alpha", [package("pytorch")]), others))
    bench.gpu.at_once = {ALPHA: result(ALPHA, static()), GAMMA: result(GAMMA, static())}
    async with opened(workbench=bench) as driver:
        await driver.until(lambda: len(driver.app.session.gpus.results) == 2)
        await driver.press("T")
        await driver.until(lambda: "1 of other users are left out" in driver.text)
        await driver.press("enter")
        await driver.until(lambda: bench.gpu.checked == [ALPHA])
        await driver.press("j", "space", "t")
        await driver.until(lambda: bench.gpu.checked == [ALPHA, GAMMA])


async def test_x_gives_up_what_runs_and_what_waits() -> None:
    bench = workbench(alpha=result(ALPHA, static()))
    bench.gpu.scripts[ALPHA] = (GpuProgress(prefix=ALPHA, framework="torch"), asyncio.Event())
    async with opened(workbench=bench, size=(120, 30)) as driver:
        await driver.press("space", "space", "t")
        await driver.until(lambda: cell(driver, "alpha") == "load")
        await driver.press("x")
        await driver.until(lambda: cell(driver, "alpha") == "12.6")
        assert (bench.gpu.checked, bench.gpu.ended) == ([ALPHA], 1)
        bench.gpu.scripts[ALPHA] = (WORKS,)
        await driver.press("a", "a", "home", "t")  # and it can be checked again
        await driver.until(lambda: cell(driver, "alpha") == "✓12.6")


async def test_a_check_asked_for_while_a_cancelled_one_still_ends_is_made() -> None:
    bench = workbench(alpha=result(ALPHA, static()))
    bench.gpu.scripts[ALPHA] = (GpuProgress(prefix=ALPHA, framework="torch"), asyncio.Event())
    async with opened(workbench=bench, size=(120, 30)) as driver:
        await driver.press("t")
        await driver.until(lambda: cell(driver, "alpha") == "load")
        dying = bench.gpu.dying = asyncio.Event()
        bench.gpu.scripts[ALPHA] = (WORKS,)
        await driver.press("x", "t")
        assert bench.gpu.checked == [ALPHA]
        dying.set()
        await driver.until(lambda: cell(driver, "alpha") == "✓12.6")
        assert bench.gpu.checked == [ALPHA, ALPHA]


async def test_who_leaves_leaves_no_check_behind() -> None:
    bench = workbench()
    bench.gpu.scripts[ALPHA] = (GpuProgress(prefix=ALPHA, framework="torch"), asyncio.Event())
    async with opened(workbench=bench) as driver:
        await driver.press("t")
        await driver.until(lambda: driver.app.session.gpus.at_work)
    assert bench.gpu.ended == 1


async def test_a_check_that_cannot_be_made_says_why_and_others_can() -> None:
    bench = workbench()
    bench.gpu.scripts[ALPHA] = (CondatuiError("No temporary directory could be made."),)
    bench.gpu.scripts[BETA] = (result(BETA, static(), GPU_MACHINE, computes()),)
    async with opened(workbench=bench, size=(120, 30)) as driver:
        await driver.press("t")
        await driver.until(lambda: "No temporary directory could be made." in driver.text)
        await driver.press("j", "t")
        await driver.until(lambda: cell(driver, "beta") == "✓12.6")


async def test_what_a_check_has_found_stays_until_something_changes() -> None:
    bench = workbench(alpha=result(ALPHA, static()))
    bench.gpu.scripts[ALPHA] = (WORKS,)
    async with opened(workbench=bench, size=(120, 30)) as driver:
        await driver.press("t")
        await driver.until(lambda: cell(driver, "alpha") == "✓12.6")
        looked = len(bench.gpu.looked)
        bench.script = (inventory(*(loaded(name, [package("pytorch")]) for name in ("alpha", "beta", "delta"))),)
        await driver.press("r")
        await driver.until(lambda: len(bench.gpu.looked) == looked + 1)
        assert cell(driver, "alpha") == "✓12.6"
        await driver.press("R")
        await driver.until(lambda: cell(driver, "alpha") == "12.6")


async def test_where_nothing_can_be_run_the_key_says_why() -> None:
    async with opened(workbench=workbench()) as driver:
        await driver.press("end", "t")
        assert "zombie cannot be checked: its state is orphan." in driver.text


async def test_the_tab_tells_machine_verdict_remedy_evidence_stages_and_output() -> None:
    run = replace(computes(), stdout="garbage [/b] \x1b[31m", stderr="a warning")
    bench = workbench(alpha=result(ALPHA, static(), GPU_MACHINE, run))
    async with opened(workbench=bench, size=(120, 60)) as driver:
        await open_tab(driver)
        await driver.until(lambda: "CUDA works" in driver.text)
        text = tab(driver)
        assert text.startswith("NVIDIA driver 560.35.03 · CUDA 12.6 · NVIDIA H200")
        assert "✓ CUDA works: PyTorch 2.6.0 (CUDA 12.6) on NVIDIA H200, sm_90" in text
        assert "version.py: torch 2.6.0, CUDA 12.6" in text
        assert "  kernel       0.00 s  ✓ GPU 0: right" in text
        assert "garbage [/b] \\x1b[31m" in text
        assert "a warning" in text
        assert "t checks it again" in text


async def test_the_command_that_helps_can_be_copied() -> None:
    broken = result(BETA, static(CPU_TORCH))
    async with opened(workbench=workbench(beta=broken), size=(120, 40)) as driver:
        await driver.press("j")
        await open_tab(driver)
        await driver.until(lambda: "$ conda install" in driver.text)
        await driver.press("y")
        assert driver.app.clipboard == BETA
        await driver.press("enter", "y")
        assert driver.app.clipboard == broken.main.verdict.command


async def test_other_frameworks_and_failed_kernels_are_told_in_the_tab() -> None:
    failed = computes(KernelRun(message="CUDA error: no kernel image is available", kind="RuntimeError"))
    bench = workbench(alpha=result(ALPHA, static(), GPU_MACHINE, failed))
    async with opened(workbench=bench, size=(120, 60)) as driver:
        await open_tab(driver)
        await driver.until(lambda: "✗ GPU 0: CUDA error: no kernel image" in tab(driver))
        assert "✗ NVIDIA H200 is sm_90; this build has sm_75" in tab(driver)


async def test_the_tab_follows_a_check_while_it_runs() -> None:
    bench, go = workbench(alpha=result(ALPHA, static())), asyncio.Event()
    bench.gpu.scripts[ALPHA] = (GpuProgress(prefix=ALPHA, framework="torch", stage=ProbeBegun()), go, WORKS)
    async with opened(workbench=bench, size=(120, 40)) as driver:
        await open_tab(driver)
        await driver.press("t")
        await driver.until(lambda: "Checking torch: importing it" in driver.text)
        go.set()
        await driver.until(lambda: "CUDA works" in driver.text)
        assert "Checking torch" not in driver.text


async def test_the_machines_gpus_stand_on_top_where_there_is_room() -> None:
    two = replace(GPU_MACHINE, devices=(H200, replace(H200, index=1)))
    bench = workbench(alpha=result(ALPHA, static(), two))
    async with opened(workbench=bench, size=(120, 30)) as driver:
        await driver.until(lambda: "2 × NVIDIA H200, CUDA 12.6" in driver.text.splitlines()[0])


async def test_in_80_columns_the_column_comes_when_somebody_checks() -> None:
    bench = workbench(alpha=result(ALPHA, static()))
    bench.gpu.scripts[ALPHA] = (result(ALPHA, static(), NO_GPU_MACHINE, sees_none(NO_DRIVER_TEXT)),)
    async with opened(workbench=bench, size=(80, 24)) as driver:
        await driver.until(lambda: driver.posted(GpuLearned))
        await driver.press("t")
        await driver.until(lambda: cell(driver, "alpha") == "!12.6")
        assert all(len(line) <= 80 for line in driver.text.splitlines())


@pytest.mark.parametrize("stage", [None, ProbeBegun(), Imported(), KernelRun()])
async def test_with_ascii_signs_the_column_is_ascii(stage: ProbeBegun | Imported | KernelRun | None) -> None:
    bench = workbench(alpha=result(ALPHA, static(CPU_TORCH)), gamma=result(GAMMA, static(PIP_TORCH)))
    bench.settings = replace(bench.settings, ascii=True)
    bench.gpu.scripts[ALPHA] = (GpuProgress(prefix=ALPHA, framework="torch", stage=stage), asyncio.Event())
    async with opened(workbench=bench, size=(140, 50)) as driver:
        await open_tab(driver)
        await driver.press("t")
        await driver.until(lambda: "x13.0" in driver.text)
        assert driver.text.isascii(), driver.text
