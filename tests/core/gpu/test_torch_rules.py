"""The verdicts as a whole: what files alone come to, and which runs count."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from condatui_core.gpu.diagnosis.rules import torch_verdict
from condatui_core.records.gpu import Driver, StaticFacts, TorchFacts
from condatui_core.records.gpu_probe import ProbeBegun
from support.gpu_facts import CPU_TORCH, CUDA_TORCH, GPU_MACHINE, NO_GPU_MACHINE, PIP_TORCH, computes, ended, static


@pytest.mark.parametrize(
    ("facts", "driver", "name", "preliminary"),
    [
        (static(python=""), GPU_MACHINE, "no-python", False),
        (static(TorchFacts()), GPU_MACHINE, "no-torch", False),
        (static(TorchFacts(presence="leftover")), GPU_MACHINE, "torch-leftover", False),
        (static(replace(CUDA_TORCH, overwritten=("x",))), GPU_MACHINE, "overwritten", True),
        (static(CPU_TORCH), NO_GPU_MACHINE, "cpu-build", True),
        (static(CPU_TORCH), GPU_MACHINE, "cpu-on-gpu", True),
        (static(PIP_TORCH), GPU_MACHINE, "driver-too-old", True),
    ],
)
def test_files_alone_come_to_a_verdict_at_once(
    facts: StaticFacts, driver: Driver, name: str, preliminary: bool
) -> None:
    verdict = torch_verdict(facts, driver, platform="linux")

    assert (verdict.id, verdict.preliminary) == (name, preliminary)


def test_what_nothing_speaks_against_is_not_said_to_work_before_it_was_tried() -> None:
    verdict = torch_verdict(static(), GPU_MACHINE, platform="linux")

    assert (verdict.id, verdict.preliminary) == ("untried", True)
    assert "not tried yet" in verdict.message


@pytest.mark.parametrize(
    ("driver", "name"),
    [
        (replace(GPU_MACHINE, init_code=803, nvml_code=18), "driver-mismatch"),
        (replace(GPU_MACHINE, init_code=999), "driver-trouble"),
        (replace(GPU_MACHINE, init_code=None, timed_out=True, error="libcuda did not answer"), "driver-trouble"),
    ],
)
def test_what_a_sick_driver_will_not_let_work_is_not_said_to_work(driver: Driver, name: str) -> None:
    verdict = torch_verdict(static(), driver, platform="linux")

    assert (verdict.id, verdict.kind, verdict.preliminary) == (name, "elsewhere", True)


def test_a_run_that_was_cancelled_tells_nothing() -> None:
    cancelled = ended(ProbeBegun(), ended="cancelled", exit_code=-15)

    assert torch_verdict(static(), GPU_MACHINE, (cancelled,), platform="linux").id == "untried"


def test_a_run_that_came_to_its_end_counts_however_the_process_died() -> None:
    died = replace(computes(), exit_code=-11)

    assert torch_verdict(static(), GPU_MACHINE, (died,), platform="linux").id == "works"
