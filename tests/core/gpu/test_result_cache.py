"""What is remembered of checks, and when that does not hold any more."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest
from msgspec.structs import replace

from condatui_core.gpu.examination import judge
from condatui_core.gpu.result_cache import ResultCache, driver_mark, lasts
from condatui_core.records.environment import Environment
from condatui_core.records.gpu import Driver, GpuResult
from condatui_core.records.gpu_probe import ProbeRun
from condatui_core.records.prefix import PrefixContents
from support import gpu_facts
from support.prefixes import FakePrefix, make_prefix

LATER = datetime.now(timezone.utc) + timedelta(hours=1)
NVRM = "NVRM version: NVIDIA UNIX x86_64 Kernel Module  {}  Fri May 31 09:35:42 UTC 2024\n"


class Machine:
    """An environment with a torch, and a system with a driver."""

    def __init__(self, root: Path) -> None:
        self.prefix: FakePrefix = make_prefix(root / "env")
        self.torch = self.prefix.write("lib/python3.11/site-packages/torch/version.py", "__version__ = '2.6.0'\n")
        self.system = root / "system"
        (self.system / "dev").mkdir(parents=True)
        self.driver = self.system / "proc/driver/nvidia/version"
        self.driver.parent.mkdir(parents=True)
        self.driver.write_text(NVRM.format("550.90.07"))
        self.environ: dict[str, str] = {}
        self.kept = root / "kept"
        self.environment = Environment(name="env", prefix=str(self.prefix), contents=PrefixContents())

    def cache(self, now: datetime = LATER) -> ResultCache:
        return ResultCache(self.kept, environ=self.environ, clock=lambda: now, system=self.system)

    def keep(self, now: datetime = LATER) -> GpuResult:
        found = replace(result(gpu_facts.computes()), prefix=str(self.prefix))
        cache = self.cache(now)
        cache.keep(found, cache.dependencies(self.environment))
        return found

    def recall(self) -> GpuResult | None:
        return self.cache().recall(self.environment)


def result(*runs: ProbeRun, driver: Driver | None = None, **torch: object) -> GpuResult:
    facts = gpu_facts.static(torch=replace(gpu_facts.CUDA_TORCH, **torch))
    return judge(facts, driver, runs, at=LATER, platform="linux")


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


def test_a_result_comes_back_whole_and_marked(machine: Machine) -> None:
    found = machine.keep()
    assert machine.recall() == replace(found, from_cache=True)


def test_nothing_is_remembered_of_what_was_never_checked(machine: Machine) -> None:
    assert machine.recall() is None


def _change(path: Path) -> None:
    os.utime(path, (time.time() + 100, time.time() + 100))


CHANGES: dict[str, Callable[[Machine], object]] = {
    "conda has installed something": lambda machine: machine.prefix.package("numpy"),
    "pip has installed something": lambda machine: machine.prefix.pip_install("numpy"),
    "torch was overwritten in place": lambda machine: _change(machine.torch),
    "a variable was set for the environment": lambda machine: machine.prefix.write("conda-meta/state", "{}"),
    "another driver is loaded": lambda machine: machine.driver.write_text(NVRM.format("570.86.15")),
    "the driver is gone": lambda machine: machine.driver.unlink(),
    "a GPU was given to this container": lambda machine: (machine.system / "dev/nvidia0").touch(),
    "GPUs are hidden": lambda machine: machine.environ.update(CUDA_VISIBLE_DEVICES=""),
    "other libraries come first": lambda machine: machine.environ.update(LD_LIBRARY_PATH="/usr/local/cuda/lib64"),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES.keys())
def test_it_does_not_hold_any_more(machine: Machine, change: Callable[[Machine], object]) -> None:
    machine.keep()
    change(machine)
    assert machine.recall() is None


def test_what_was_changed_just_now_may_change_again_unnoticed(machine: Machine) -> None:
    machine.keep(now=datetime.now(timezone.utc))
    assert machine.recall() is None


def test_a_file_that_is_damaged_is_no_result(machine: Machine) -> None:
    machine.keep()
    (file,) = machine.kept.iterdir()
    file.write_bytes(file.read_bytes()[:-20])
    assert machine.recall() is None


def test_results_are_for_this_user_alone(machine: Machine) -> None:
    machine.keep()
    (file,) = machine.kept.iterdir()
    assert file.stat().st_mode & 0o077 == 0


def test_a_cache_that_cannot_be_written_is_no_harm(machine: Machine) -> None:
    machine.kept.write_text("a file where the directory should be")
    machine.keep()
    assert machine.recall() is None


def test_a_machine_without_a_driver_has_a_mark_too(tmp_path: Path) -> None:
    assert driver_mark(tmp_path / "nowhere") == ("",)


HEALTHY = Driver(version="570.86.15", kernel_version="570.86.15", cuda="12.8", init_code=0)


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        (result(gpu_facts.computes(), driver=HEALTHY), True),
        (result(gpu_facts.fails("undefined symbol: iJIT_NotifyEvent"), driver=HEALTHY), True),
        (result(gpu_facts.ended(exit_code=-11), driver=HEALTHY), False),
        (result(gpu_facts.ended(ended="timed-out"), driver=Driver(library_error="none")), False),
        (result(gpu_facts.sees_none("Error 802: system not yet initialized"), driver=HEALTHY), False),
        (result(gpu_facts.sees_none(gpu_facts.NO_DRIVER_TEXT), driver=Driver(library_error="none")), True),
    ],
    ids=["works", "broken import", "crash", "slow", "sick driver", "no driver"],
)
def test_what_may_be_otherwise_by_now_is_checked_again(found: GpuResult, expected: bool) -> None:
    assert lasts(found) is expected
