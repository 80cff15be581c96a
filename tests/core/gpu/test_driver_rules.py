"""Drivers that stand in the way, and GPUs that are not to be seen. By the texts that real PyTorch prints."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from condatui_core.gpu.diagnosis.rules import torch_verdict
from condatui_core.records.gpu import Driver
from condatui_core.records.gpu_probe import Available, Built, KernelRun, Over, Why
from support.gpu_facts import (
    COUNT_TEXT,
    GPU_MACHINE,
    H200,
    NO_DRIVER_TEXT,
    NO_GPU_MACHINE,
    NO_GPUS_TEXT,
    PIP_TORCH,
    PREFIX,
    computes,
    ended,
    fails,
    imported,
    sees_none,
    static,
)
from support.gpu_rules import Seen, check, rule_names

VISIBLE = ("CUDA_VISIBLE_DEVICES", "")


BUILT, YES, NO = Built(cuda="12.6"), Available(available=True), Available(available=False)
HIDDEN = replace(sees_none(NO_GPUS_TEXT), variables=(VISIBLE,))
SHOWN = replace(computes(), variant="no-cuda-visible-devices")
STILL_HIDDEN = replace(sees_none(NO_GPUS_TEXT), variant="no-cuda-visible-devices")
DRIVER_WITHOUT_GPU = Driver(cuda="12.6", library="/usr/lib64/libcuda.so.560.35.03", init_code=100, hardware=False)
"""A machine with the driver's packages and no GPU: libcuda is there and finds no device."""
MIG = replace(GPU_MACHINE, devices=(replace(H200, mig=True),))


EXAMPLES = [
    Seen(
        "driver-too-old",
        "broken",
        "The driver supports CUDA 12.8, this build needs 13.0: driver 580.65.06 or later",
        (
            sees_none(
                "The NVIDIA driver on your system is too old (found version 12080). Please update your GPU driver",
                cuda="13.0",
            ),
        ),
        static=static(PIP_TORCH),
        helps="--force-reinstall torch==2.6.0 --index-url https://download.pytorch.org/whl/cu126",
    ),
    Seen(
        "driver-too-old",
        "broken",
        "The driver supports CUDA 12.6, this build needs 13.0",
        static=static(replace(PIP_TORCH, companions=("torchvision", "torchaudio"))),
        helps="torch==2.13.0 torchvision torchaudio --index-url https://download.pytorch.org/whl/cu126",
    ),
    Seen(
        "driver-too-old",
        "broken",
        "The driver supports CUDA 11.4, this build needs 13.0",
        static=static(replace(PIP_TORCH, companions=("torchvision",))),
        driver=replace(GPU_MACHINE, cuda="11.4"),
        helps="PyTorch 2.7 is the newest with a build for this machine: a downgrade from 2.13.0 "
        f"{PREFIX}/bin/python -m pip install --force-reinstall 'torch==2.7.*' torchvision "
        "--index-url https://download.pytorch.org/whl/cu118",
    ),
    Seen(
        "driver-too-old",
        "broken",
        "The driver supports CUDA 10.1, this build needs 13.0",
        static=static(PIP_TORCH),
        driver=replace(GPU_MACHINE, cuda="10.1"),
        helps="no PyTorch wheel runs on a driver of CUDA 10.1: a newer driver is needed",
    ),
    Seen(
        "driver-too-old",
        "broken",
        "this build needs 13.0",
        static=static(replace(PIP_TORCH, version="2.9.0a0+git12ab")),
        helps="a release in the place of 2.9.0a0",
    ),
    Seen(
        "driver-mismatch",
        "elsewhere",
        "is still loaded (kernel 550.54.15, libraries 550.144)",
        (sees_none(f"{COUNT_TEXT}Error 803: system has unsupported display driver / cuda driver combination"),),
        driver=replace(GPU_MACHINE, kernel_version="550.54.15", library_version="550.144", init_code=803, nvml_code=18),
        helps="reboot",
    ),
    Seen(
        "driver-mismatch",
        "elsewhere",
        "old kernel module",
        (sees_none(NO_GPUS_TEXT),),
        driver=replace(GPU_MACHINE, nvml_code=18, devices=()),
    ),
    Seen(
        "forward-compatibility",
        "elsewhere",
        "cuda-compat",
        (sees_none(f"{COUNT_TEXT}Error 804: forward compatibility was attempted on non supported HW"),),
        driver=replace(GPU_MACHINE, library_version="575.51.03", library="/usr/local/cuda-12.9/compat/libcuda.so.1"),
    ),
    Seen(
        "fabric-manager",
        "elsewhere",
        "fabric manager",
        (sees_none(f"{COUNT_TEXT}Error 802: system not yet initialized"),),
        helps="nvidia-fabricmanager",
    ),
    Seen(
        "stub-library",
        "elsewhere",
        "stub",
        (sees_none(f"{COUNT_TEXT}Error 34: CUDA driver is a stub library"),),
        helps="LD_LIBRARY_PATH",
    ),
    Seen(
        "bad-visible-devices",
        "elsewhere",
        "CUDA_VISIBLE_DEVICES=0,0 is not valid",
        (
            replace(
                sees_none(f"{COUNT_TEXT}Error 101: invalid device ordinal"),
                variables=(("CUDA_VISIBLE_DEVICES", "0,0"),),
            ),
        ),
    ),
    Seen("hidden", "elsewhere", "hidden by CUDA_VISIBLE_DEVICES=''", (HIDDEN, SHOWN), helps="sees a GPU"),
    Seen(
        "hidden",
        "elsewhere",
        "1 is there",
        (HIDDEN, STILL_HIDDEN),
        helps="sees none either",
    ),
    Seen(
        "no-gpu",
        "elsewhere",
        "this machine has no NVIDIA GPU",
        (replace(HIDDEN, variables=(("CUDA_VISIBLE_DEVICES", "-1"),)), STILL_HIDDEN),
        driver=DRIVER_WITHOUT_GPU,
    ),
    Seen("no-gpu", "elsewhere", "this machine has no NVIDIA GPU", (HIDDEN, STILL_HIDDEN), driver=DRIVER_WITHOUT_GPU),
    Seen("hidden", "elsewhere", "hidden by", (HIDDEN, SHOWN), driver=replace(GPU_MACHINE, devices=()), helps="sees"),
    Seen("mig", "elsewhere", "no instance", (sees_none(NO_GPUS_TEXT),), driver=MIG, helps="mig -cgi"),
    Seen(
        "mig",
        "elsewhere",
        "MIG is on",
        (sees_none(NO_GPUS_TEXT),),
        driver=replace(MIG, mig_instances=("MIG-1a2b",)),
        helps="CUDA_VISIBLE_DEVICES=MIG-1a2b",
    ),
    Seen(
        "driver-not-loaded",
        "elsewhere",
        "its driver is not loaded",
        (sees_none(NO_DRIVER_TEXT),),
        driver=replace(NO_GPU_MACHINE, hardware=True),
        helps="modprobe",
    ),
    Seen(
        "container",
        "elsewhere",
        "not given to this container",
        (sees_none(NO_DRIVER_TEXT),),
        driver=replace(NO_GPU_MACHINE, hardware=True, kernel_version="560.35.03"),
        helps="--gpus all",
    ),
    Seen(
        "container",
        "elsewhere",
        "device files",
        (sees_none(NO_GPUS_TEXT),),
        driver=replace(GPU_MACHINE, devices=(), init_code=100, device_files=()),
    ),
    Seen(
        "no-gpu",
        "elsewhere",
        "PyTorch 2.6.0 (CUDA 12.6) looks fine, but this machine has no NVIDIA GPU",
        (sees_none(NO_DRIVER_TEXT),),
        driver=NO_GPU_MACHINE,
        helps="525.60.13",
    ),
    Seen("no-gpu", "elsewhere", "no NVIDIA GPU", static=static(), driver=NO_GPU_MACHINE),
    Seen(
        "no-gpu",
        "elsewhere",
        "no NVIDIA GPU",
        (fails("libcuda.so.1: cannot open shared object file: No such file or directory"),),
        driver=NO_GPU_MACHINE,
    ),
    Seen(
        "cuda-unknown-error",
        "elsewhere",
        "CUDA unknown error",
        (
            sees_none(
                "CUDA unknown error - this may be due to an incorrectly set up environment, e.g. changing env variable "
                "CUDA_VISIBLE_DEVICES after program start. Setting the available devices to be zero."
            ),
        ),
        driver=replace(GPU_MACHINE, init_code=999),
        helps="reload nvidia_uvm sudo rmmod nvidia_uvm && sudo modprobe nvidia_uvm",
    ),
    Seen(
        "cuda-unknown-error",
        "elsewhere",
        "Error 999",
        (sees_none(f"{COUNT_TEXT}Error 999: unknown error"),),
        driver=replace(GPU_MACHINE, uvm_loaded=False),
        helps="not loaded: load it sudo modprobe nvidia_uvm",
    ),
    Seen(
        "cuda-unknown-error",
        "elsewhere",
        "Error 999",
        (sees_none(f"{COUNT_TEXT}Error 999: unknown error"),),
        driver=replace(GPU_MACHINE, device_files=("/dev/nvidia0", "/dev/nvidiactl")),
        helps="not loaded: load it sudo modprobe nvidia_uvm",
    ),
    Seen(
        "cuda-unknown-error",
        "elsewhere",
        "Error 999",
        (sees_none(f"{COUNT_TEXT}Error 999: unknown error"),),
        driver=replace(GPU_MACHINE, device_files=("/dev/dxg",), wsl=True),
        helps="wsl --shutdown",
    ),
    Seen(
        "cuda-failed",
        "broken",
        "CUDA driver initialization failed",
        (sees_none("CUDA driver initialization failed, you might not have a CUDA gpu."),),
    ),
    Seen(
        "cuda-failed",
        "elsewhere",
        "CUDA driver initialization failed",
        (sees_none("CUDA driver initialization failed, you might not have a CUDA gpu."),),
        driver=replace(GPU_MACHINE, init_code=None, crashed=True),
    ),
    Seen(
        "driver-incomplete",
        "elsewhere",
        "named symbol not found",
        (sees_none(f"{COUNT_TEXT}Error 500: named symbol not found"),),
        helps="restart it",
    ),
    Seen(
        "driver-incomplete",
        "elsewhere",
        "CUDA error 500",
        (sees_none(f"{COUNT_TEXT}Error 500: CUDA_ERROR_NOT_FOUND"),),
        helps="restart it",
    ),
    Seen(
        "driver-incomplete",
        "elsewhere",
        "named symbol not found",
        (computes(KernelRun(kind="RuntimeError", message="CUDA error: named symbol not found")),),
        driver=replace(GPU_MACHINE, device_files=("/dev/dxg",), wsl=True),
        helps="restart WSL",
    ),
    Seen("cuda-failed", "broken", "Found no NVIDIA driver", (sees_none(NO_DRIVER_TEXT),)),
    Seen("cuda-failed", "broken", "PyTorch does not say why", (ended(*imported(), NO, Why(), Over()),)),
    Seen("driver-trouble", "elsewhere", "cuInit says 3", driver=replace(GPU_MACHINE, init_code=3)),
    Seen("untried", "works", "the driver supports CUDA 12.6: should work, not tried yet"),
]


@pytest.mark.parametrize("seen", EXAMPLES, ids=str)
def test_what_was_seen_comes_to_this_verdict(seen: Seen) -> None:
    check(seen)


def test_every_rule_has_an_example() -> None:
    assert {seen.id for seen in EXAMPLES} == rule_names("driver_rules")


def test_a_driver_that_is_at_fault_is_not_answered_by_reinstalling_torch() -> None:
    for seen in EXAMPLES:
        if seen.kind == "elsewhere":
            verdict = torch_verdict(seen.static, seen.driver, seen.runs, platform="linux")
            assert "install --force-reinstall" not in verdict.command, verdict
