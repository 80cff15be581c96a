"""Builds that are not for this GPU, and computations on it. By the texts that real PyTorch prints."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from condatui_core.records.gpu import CondaBuild, Device, Driver
from condatui_core.records.gpu_probe import Available, Built, DeviceSeen, KernelRun, Over, ProbeRun
from support.gpu_facts import (
    COUNT_TEXT,
    CPU_TORCH,
    CUDA_TORCH,
    GPU_MACHINE,
    H200,
    NO_GPU_MACHINE,
    PIP_TORCH,
    PREFIX,
    computes,
    ended,
    imported,
    sees_none,
    static,
)
from support.gpu_rules import Seen, check, rule_names

LIBRARY_PATH = ("LD_LIBRARY_PATH", "/usr/local/cuda-12.1/lib64")


def kernel(message: str, kind: str = "RuntimeError") -> ProbeRun:
    return computes(KernelRun(kind=kind, message=message))


BUILT, YES, NO = Built(cuda="12.6"), Available(available=True), Available(available=False)
FULL = Device(index=0, name="NVIDIA T4", memory_bytes=16_000_000_000, free_bytes=200_000_000)
OLD_CPU = replace(CPU_TORCH, helpers=("cpuonly 2.0",))
PYTORCH_CHANNEL = replace(
    CPU_TORCH,
    conda=CondaBuild(name="pytorch", version="2.5.1", build="py3.9_cpu_0", channel="pytorch", kind="cpu"),
)
PIP_CPU = replace(PIP_TORCH, version="2.13.0+cpu", kind="cpu", build_cuda="")


EXAMPLES = [
    Seen(
        "overwritten",
        "broken",
        "Two PyTorch in one environment: conda's 2.6.0 cuda126_mkl_py311_hcada2b2_300, pip's torch 2.13.0",
        static=static(replace(CUDA_TORCH, distributions=PIP_TORCH.distributions, overwritten=("x",))),
    ),
    Seen(
        "rocm-works",
        "works",
        "ROCm 6.2 build: it works",
        (replace(computes(), stages=(*imported(None, hip="6.2"), YES, KernelRun(right=True), Over())),),
        driver=replace(NO_GPU_MACHINE, amd_hardware=True),
    ),
    Seen(
        "rocm-no-gpu",
        "elsewhere",
        "no AMD GPU here",
        (ended(*imported(None, hip="6.2"), NO, Over()),),
        driver=NO_GPU_MACHINE,
        helps="/dev/kfd",
    ),
    Seen(
        "rocm-on-nvidia",
        "broken",
        "for AMD GPUs",
        static=static(replace(CUDA_TORCH, kind="rocm", build_rocm="6.2")),
        helps="cuda",
    ),
    Seen(
        "rocm-broken",
        "broken",
        "the test computation failed",
        (ended(*imported(None, hip="6.2"), YES, KernelRun(message="HIP error: invalid device function"), Over()),),
        driver=replace(NO_GPU_MACHINE, amd_hardware=True),
        helps="invalid device function",
    ),
    Seen("mps-untried", "works", "was not tried", static=static(CPU_TORCH), driver=Driver(), platform="darwin"),
    Seen(
        "mps-works",
        "works",
        "Apple GPU (MPS)",
        (ended(*imported(None), Available(mps=True), Over()),),
        static=static(CPU_TORCH),
        driver=Driver(),
        platform="darwin",
    ),
    Seen(
        "mps-absent",
        "elsewhere",
        "sees no Apple GPU",
        (ended(*imported(None), Available(mps=False), Over()),),
        driver=Driver(),
        platform="darwin",
    ),
    Seen("cpu-build", "elsewhere", "nothing to fix", static=static(CPU_TORCH), driver=NO_GPU_MACHINE),
    Seen(
        "cpu-build",
        "elsewhere",
        "nothing to fix",
        (sees_none("Torch not compiled with CUDA enabled", cuda=None, kind="AssertionError"),),
        static=static(CPU_TORCH),
        driver=NO_GPU_MACHINE,
    ),
    Seen(
        "cpu-on-gpu",
        "broken",
        "CPU-only build (conda's cpu_mkl_py311_h1234567_100): NVIDIA H200 unused",
        static=static(CPU_TORCH),
        helps=f"conda install -p {PREFIX} 'pytorch=*=*cuda*' 'cuda-version<=12.6'",
    ),
    Seen(
        "cpu-on-gpu",
        "broken",
        "CPU-only build (conda's py3.9_cpu_0)",
        static=static(PYTORCH_CHANNEL),
        driver=replace(GPU_MACHINE, cuda="12.2"),
        helps=f"conda install -p {PREFIX} -c pytorch -c nvidia 'pytorch=2.5.1=*cuda*' pytorch-cuda=12.1",
    ),
    Seen("cpu-on-gpu", "broken", "cpuonly is installed", static=static(OLD_CPU), helps="remove"),
    Seen(
        "cpu-on-gpu",
        "broken",
        "pip's 2.13.0+cpu",
        static=static(PIP_CPU),
        helps="torch==2.13.0 --index-url https://download.pytorch.org/whl/cu126",
    ),
    Seen(
        "cpu-on-gpu",
        "broken",
        "pip's 2.13.0+cpu",
        static=static(PIP_CPU),
        driver=Driver(hardware=True),
        helps=f"{PREFIX}/bin/python -m pip install --force-reinstall torch==2.13.0",
    ),
    Seen(
        "cpu-on-gpu",
        "broken",
        "CPU-only build",
        (sees_none("Torch not compiled with CUDA enabled", cuda=None, kind="AssertionError"),),
        static=static(CPU_TORCH),
    ),
    Seen(
        "works",
        "works",
        "CUDA works: PyTorch 2.6.0 (CUDA 12.6) on NVIDIA H200, sm_90, 140 of 150 GB free, driver 560.35.03",
        (computes(),),
    ),
    Seen(
        "works",
        "works",
        "works on 1 of 2 GPUs",
        (computes(KernelRun(right=True), KernelRun(index=1, message="CUDA error: uncorrectable ECC error")),),
    ),
    Seen(
        "arch-missing",
        "broken",
        "NVIDIA H200 is sm_90; this build has sm_75",
        (kernel("CUDA error: no kernel image is available for execution on the device", "AcceleratorError"),),
    ),
    Seen(
        "ptx-too-new",
        "broken",
        "The driver (CUDA 12.6) is older than the PTX",
        (kernel("CUDA error: the provided PTX was compiled with an unsupported toolchain."),),
        helps="cuda-version<=12.6",
    ),
    Seen(
        "ptx-too-new",
        "broken",
        "The driver (CUDA 12.4) is older than the PTX",
        (kernel("CUDA error: the provided PTX was compiled with an unsupported toolchain."),),
        static=static(replace(PIP_TORCH, version="2.6.0+cu126", build_cuda="12.6")),
        driver=replace(GPU_MACHINE, cuda="12.4"),
        helps="torch==2.6.0 --index-url https://download.pytorch.org/whl/cu124",
    ),
    Seen(
        "busy",
        "elsewhere",
        "NVIDIA H200 is in mode Exclusive_Process and taken",
        (kernel("CUDA error: all CUDA-capable devices are busy or unavailable"),),
        driver=replace(GPU_MACHINE, devices=(replace(H200, compute_mode="Exclusive_Process"),)),
    ),
    Seen("gpu-full", "elsewhere", "is full", (kernel("CUDA out of memory. Tried to allocate 2 MiB."),)),
    Seen("gpu-full", "elsewhere", "is full", (sees_none(f"{COUNT_TEXT}Error 2: out of memory"),)),
    Seen(
        "gpu-full",
        "elsewhere",
        "NVIDIA T4 is full",
        (
            ended(
                *imported(),
                YES,
                DeviceSeen(name="NVIDIA T4", free_bytes=200_000_000, total_bytes=16_000_000_000),
                KernelRun(message="CUDA error: CUBLAS_STATUS_NOT_INITIALIZED when calling `cublasCreate(handle)`"),
                Over(),
            ),
        ),
        driver=replace(GPU_MACHINE, devices=(FULL,)),
        helps="query-compute-apps",
    ),
    Seen(
        "cuda-library-mismatch",
        "broken",
        "does not fit",
        (kernel("CUDA error: CUBLAS_STATUS_NOT_INITIALIZED when calling `cublasCreate(handle)`"),),
    ),
    Seen(
        "cuda-library-mismatch",
        "broken",
        "does not fit",
        (
            replace(
                kernel(
                    "cuDNN version incompatibility: PyTorch was compiled against (8, 3, 2) but linked against (8, 0)"
                ),
                variables=(LIBRARY_PATH,),
            ),
        ),
        helps="unset LD_LIBRARY_PATH",
    ),
    Seen("kernel-failed", "broken", "unspecified launch failure", (kernel("unspecified launch failure"),)),
    Seen("kernel-wrong", "broken", "gave a wrong result", (computes(KernelRun(right=False)),)),
]


@pytest.mark.parametrize("seen", EXAMPLES, ids=str)
def test_what_was_seen_comes_to_this_verdict(seen: Seen) -> None:
    check(seen)


def test_every_rule_has_an_example() -> None:
    assert {seen.id for seen in EXAMPLES} == rule_names("build_rules", "kernel_rules")
