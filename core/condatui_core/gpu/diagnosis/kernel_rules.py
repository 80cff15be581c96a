"""Rows 19 to 25 of the table: torch sees a GPU, and what came of a computation on it."""

from __future__ import annotations

import re

from condatui_core.gpu.cuda_versions import WHEELS
from condatui_core.gpu.diagnosis.evidence import Evidence
from condatui_core.gpu.diagnosis.remedies import cuda_build, reinstall
from condatui_core.records.gpu import Verdict
from condatui_core.records.gpu_probe import Built, DeviceSeen, KernelRun

_GB = 1_000_000_000
_FULL = re.compile(r"out of memory|Error 2:", re.IGNORECASE)
_FULL_OR_WRONG = re.compile(r"CUBLAS_STATUS_(?:NOT_INITIALIZED|ALLOC_FAILED)")
_BUSY = "busy or unavailable"
_LIBRARY = re.compile(
    r"cuDNN version incompatibility|CUDNN_STATUS_\w+|CUBLAS_STATUS_\w+|cuDNN error|CUBLAS", re.IGNORECASE
)
_EXCLUSIVE = ("Exclusive_Process", "Exclusive_Thread", "Prohibited")


def works(case: Evidence) -> Verdict | None:
    """Row 19."""
    right = case.right_kernels
    if not case.available or not right:
        return None
    tried = len(case.stages_of(KernelRun))
    some = f" on {len(right)} of {tried} GPUs" if len(right) < tried else ""
    seen = next((each for each in case.stages_of(DeviceSeen) if each.index == right[0].index), DeviceSeen())
    parts = [f"CUDA works{some}: {case.plain_title} (CUDA {case.build_cuda}) on {seen.name or case.device_name}"]
    if seen.capability:
        parts.append(arch(seen.capability))
    if seen.free_bytes is not None and seen.total_bytes:
        parts.append(f"{seen.free_bytes / _GB:.0f} of {seen.total_bytes / _GB:.0f} GB free")
    if case.driver.version:
        parts.append(f"driver {case.driver.version}")
    return case.verdict(19, "works", "works", ", ".join(parts))


def arch_missing(case: Evidence) -> Verdict | None:
    """Row 20."""
    if "no kernel image" not in case.kernel_trouble:
        return None
    built = case.stage(Built)
    have = " ".join(built.archs) if built and built.archs else "no kernels for it"
    gpu = arch(case.capability) if case.capability else "of another architecture"
    message = f"{case.device_name} is {gpu}; this build has {have}"
    remedy = f"a build for its architecture: {_build_for(case.capability)}"
    return case.verdict(20, "arch-missing", "broken", message, remedy, cuda_build(case))


def ptx_too_new(case: Evidence) -> Verdict | None:
    """Row 21."""
    trouble = case.kernel_trouble
    if "unsupported toolchain" not in trouble and not re.search(r"\b222\b", trouble):
        return None
    driver = case.driver_cuda or "unknown"
    message = f"The driver (CUDA {driver}) is older than the PTX of this build (CUDA {case.build_cuda})"
    remedy = "a newer driver, or a build for the driver's CUDA"
    return case.verdict(21, "ptx-too-new", "broken", message, remedy, cuda_build(case))


def busy(case: Evidence) -> Verdict | None:
    """Row 22."""
    text = f"{case.kernel_trouble} {case.reason}"
    exclusive = [each for each in case.driver.devices if each.compute_mode in _EXCLUSIVE]
    if _BUSY not in text and not (exclusive and case.failed and _FULL_OR_WRONG.search(text)):
        return None
    mode = f"in mode {exclusive[0].compute_mode}" if exclusive else "in exclusive mode"
    message = f"{case.device_name} is {mode} and taken"
    remedy = "wait, or choose another GPU with CUDA_VISIBLE_DEVICES"
    return case.verdict(22, "busy", "elsewhere", message, remedy, "nvidia-smi")


def gpu_full(case: Evidence) -> Verdict | None:
    """Row 23."""
    text = f"{case.kernel_trouble} {case.reason}"
    if not case.failed:
        return None
    if not _FULL.search(text) and not (_FULL_OR_WRONG.search(text) and _little_left(case)):
        return None
    message = f"The memory of {case.device_name} is full: no fault of this environment"
    query = "nvidia-smi --query-compute-apps=pid,name,used_memory --format=csv"
    return case.verdict(23, "gpu-full", "elsewhere", message, "see which processes hold it", query)


def cuda_library_mismatch(case: Evidence) -> Verdict | None:
    """Row 24."""
    match = _LIBRARY.search(case.kernel_trouble)
    if match is None:
        return None
    strange = case.strange_libraries
    what = (
        f"{strange[0]} is not this environment's" if strange else f"{match[0]}, most often a library of another version"
    )
    path = case.variable("LD_LIBRARY_PATH")
    remedy = "unset LD_LIBRARY_PATH" if path else "install it anew"
    command = "unset LD_LIBRARY_PATH" if path else reinstall(case)
    return case.verdict(24, "cuda-library-mismatch", "broken", f"cuDNN or cuBLAS does not fit: {what}", remedy, command)


def kernel_failed(case: Evidence) -> Verdict | None:
    """Row 25."""
    if not case.available or case.right_kernels:
        return None
    kernels = case.stages_of(KernelRun)
    remedy = "the driver or the GPU itself, where other environments fail as well; else install it anew"
    if kernels and not case.kernel_trouble:
        message = f"A test computation gave a wrong result on {case.device_name}"
        return case.verdict(25, "kernel-wrong", "broken", message, remedy, "nvidia-smi -q -d ECC")
    message = f"A test computation failed: {case.kernel_trouble or 'it says that it sees a GPU, and counts none'}"
    return case.verdict(25, "kernel-failed", "broken", message, remedy, reinstall(case))


def arch(capability: tuple[int, int]) -> str:
    """Spell a compute capability as builds name it: `sm_90`."""
    return f"sm_{capability[0]}{capability[1]}"


def _little_left(case: Evidence) -> bool:
    seen = [each.free_bytes for each in case.stages_of(DeviceSeen) if each.free_bytes is not None]
    known = seen or [each.free_bytes for each in case.driver.devices if each.free_bytes is not None]
    return bool(known) and min(known) < _GB


def _build_for(capability: tuple[int, int] | None) -> str:
    if capability is None:
        return f"one for another CUDA ({', '.join(WHEELS)})"
    if capability < (7, 5):
        return "CUDA 12.6 is the last for Volta and older, or an older version"
    return "CUDA 12.8 or later for Blackwell" if capability >= (10, 0) else "a current one"
