"""Rules for frameworks that see a GPU, by what came of a computation on it."""

from __future__ import annotations

import re

from condatui_core.gpu.cuda_versions import WHEELS
from condatui_core.gpu.diagnosis.cuda_builds import cuda_build
from condatui_core.gpu.diagnosis.evidence import Evidence
from condatui_core.gpu.diagnosis.remedies import reinstall
from condatui_core.records.gpu import Verdict
from condatui_core.records.gpu_probe import Built, DeviceSeen, KernelRun

_GB = 1_000_000_000
_FULL = re.compile(r"out of memory|Error 2:", re.IGNORECASE)
_FULL_OR_WRONG = re.compile(r"CUBLAS_STATUS_(?:NOT_INITIALIZED|ALLOC_FAILED)")
_BUSY = "busy or unavailable"
_LIBRARY = re.compile(
    r"cuDNN version incompatibility|CUDNN_STATUS_\w+|CUBLAS_STATUS_\w+|cuDNN error|CUBLAS", re.IGNORECASE
)
_HARDWARE = "the driver or the GPU itself, where other environments fail as well; else reinstall it"
_EXCLUSIVE = ("Exclusive_Process", "Exclusive_Thread", "Prohibited")


def works(evidence: Evidence) -> Verdict | None:
    """`works`: at least one GPU gave the CPU's answer."""
    right = evidence.right_kernels
    if not evidence.available or not right:
        return None
    tried = len(evidence.stages_of(KernelRun))
    some = f" on {len(right)} of {tried} GPUs" if len(right) < tried else ""
    seen = next((each for each in evidence.stages_of(DeviceSeen) if each.index == right[0].index), DeviceSeen())
    parts = [
        f"CUDA works{some}: {evidence.plain_title} (CUDA {evidence.build_cuda}) on {seen.name or evidence.device_name}"
    ]
    if seen.capability:
        parts.append(arch(seen.capability))
    if seen.free_bytes is not None and seen.total_bytes:
        parts.append(f"{seen.free_bytes / _GB:.0f} of {seen.total_bytes / _GB:.0f} GB free")
    if evidence.driver.version:
        parts.append(f"driver {evidence.driver.version}")
    return evidence.verdict("works", "works", ", ".join(parts))


def arch_missing(evidence: Evidence) -> Verdict | None:
    """`arch-missing`: the build has no kernels for this GPU."""
    if "no kernel image" not in evidence.kernel_trouble:
        return None
    built = evidence.stage(Built)
    have = " ".join(built.archs) if built and built.archs else "no kernels for it"
    gpu = arch(evidence.capability) if evidence.capability else "of another architecture"
    message = f"{evidence.device_name} is {gpu}; this build has {have}"
    build = cuda_build(evidence)
    remedy = build.remedy(f"a build for its architecture: {_build_for(evidence.capability)}")
    return evidence.verdict("arch-missing", "broken", message, remedy, build.command)


def ptx_too_new(evidence: Evidence) -> Verdict | None:
    """`ptx-too-new`: the driver cannot compile the PTX of this build."""
    trouble = evidence.kernel_trouble
    if "unsupported toolchain" not in trouble and not re.search(r"\b222\b", trouble):
        return None
    driver = evidence.driver_cuda or "unknown"
    message = f"The driver (CUDA {driver}) is older than the PTX of this build (CUDA {evidence.build_cuda})"
    build = cuda_build(evidence, whole=True)
    remedy = build.remedy("a newer driver, or a build for the driver's CUDA")
    return evidence.verdict("ptx-too-new", "broken", message, remedy, build.command)


def busy(evidence: Evidence) -> Verdict | None:
    """`busy`: the GPU is in an exclusive mode and another process has it."""
    text = f"{evidence.kernel_trouble} {evidence.reason}"
    exclusive = [each for each in evidence.driver.devices if each.compute_mode in _EXCLUSIVE]
    if _BUSY not in text and not (exclusive and evidence.failed and _FULL_OR_WRONG.search(text)):
        return None
    mode = f"in mode {exclusive[0].compute_mode}" if exclusive else "in exclusive mode"
    message = f"{evidence.device_name} is {mode} and taken"
    remedy = "wait, or choose another GPU with CUDA_VISIBLE_DEVICES"
    return evidence.verdict("busy", "elsewhere", message, remedy, "nvidia-smi")


def gpu_full(evidence: Evidence) -> Verdict | None:
    """`gpu-full`: the GPU has no memory left."""
    text = f"{evidence.kernel_trouble} {evidence.reason}"
    if not evidence.failed:
        return None
    if not _FULL.search(text) and not (_FULL_OR_WRONG.search(text) and _little_left(evidence)):
        return None
    message = f"The memory of {evidence.device_name} is full: no fault of this environment"
    query = "nvidia-smi --query-compute-apps=pid,name,used_memory --format=csv"
    return evidence.verdict("gpu-full", "elsewhere", message, "see which processes hold it", query)


def cuda_library_mismatch(evidence: Evidence) -> Verdict | None:
    """`cuda-library-mismatch`: cuDNN or cuBLAS is of a version that the build does not expect."""
    match = _LIBRARY.search(evidence.kernel_trouble)
    if match is None:
        return None
    strange = evidence.strange_libraries
    what = (
        f"{strange[0]} is not this environment's" if strange else f"{match[0]}, most often a library of another version"
    )
    path = evidence.variable("LD_LIBRARY_PATH")
    remedy = "unset LD_LIBRARY_PATH" if path else "reinstall it"
    command = "unset LD_LIBRARY_PATH" if path else reinstall(evidence)
    return evidence.verdict("cuda-library-mismatch", "broken", f"cuDNN or cuBLAS does not fit: {what}", remedy, command)


def kernel_wrong(evidence: Evidence) -> Verdict | None:
    """`kernel-wrong`: a computation ran to its end and gave a wrong result."""
    if not _sees_and_fails(evidence) or not evidence.stages_of(KernelRun) or evidence.kernel_trouble:
        return None
    message = f"A test computation gave a wrong result on {evidence.device_name}"
    return evidence.verdict("kernel-wrong", "broken", message, _HARDWARE, "nvidia-smi -q -d ECC")


def kernel_failed(evidence: Evidence) -> Verdict | None:
    """`kernel-failed`: a computation raised something that no other rule knows."""
    if not _sees_and_fails(evidence):
        return None
    trouble = evidence.kernel_trouble or "it says that it sees a GPU, and counts none"
    message = f"A test computation failed: {trouble}"
    return evidence.verdict("kernel-failed", "broken", message, _HARDWARE, reinstall(evidence))


def _sees_and_fails(evidence: Evidence) -> bool:
    return evidence.available and not evidence.right_kernels


def arch(capability: tuple[int, int]) -> str:
    """Spell a compute capability as builds name it: `sm_90`."""
    return f"sm_{capability[0]}{capability[1]}"


def _little_left(evidence: Evidence) -> bool:
    seen = [each.free_bytes for each in evidence.stages_of(DeviceSeen) if each.free_bytes is not None]
    known = seen or [each.free_bytes for each in evidence.driver.devices if each.free_bytes is not None]
    return bool(known) and min(known) < _GB


def _build_for(capability: tuple[int, int] | None) -> str:
    if capability is None:
        return f"one for another CUDA ({', '.join(dict.fromkeys(index.cuda for index in WHEELS))})"
    if capability < (7, 5):
        return "CUDA 12.6 is the last for Volta and older, or an older version"
    return "CUDA 12.8 or later for Blackwell" if capability >= (10, 0) else "a current one"
