"""Convert GPU checks to the JSON document of `condatui gpu`."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import msgspec
from msgspec import Struct, structs

from condatui_core.records.environment import Environment
from condatui_core.records.gpu import Device, Driver, FrameworkResult, GpuResult, VerdictClass
from condatui_core.records.gpu_probe import ProbeRun


class DriverDocument(Struct, frozen=True, kw_only=True):
    """The NVIDIA driver of the machine."""

    version: str
    """Such as `550.54.15`; empty if unknown."""
    cuda: str | None
    """The newest CUDA that it supports."""
    kernel_version: str | None
    """The version of the loaded kernel module."""
    library_version: str | None
    """The version of libcuda by its file's name; None if it is missing."""
    library: str | None
    """The libcuda that programs load."""
    init_code: int | None
    """The result of cuInit; 0 is success."""
    nvml_code: int | None
    """The result of NVML's init, 0 is success; None if its library is missing."""
    mig_instances: tuple[str, ...]
    """The UUIDs that select MIG instances."""
    error: str | None
    """Problems of the driver."""


class FrameworkDocument(Struct, frozen=True, kw_only=True):
    """The result of checking one framework."""

    verdict: str
    """A stable id: `works`, `driver-too-old`."""
    kind: VerdictClass = msgspec.field(name="class")
    """It computes on a GPU; it fails for a reason outside the environment; it is broken; nothing to check."""
    message: str
    """One line."""
    remedy: str
    """What to do, one line; empty if nothing has to be done."""
    command: str | None
    """The command for it, to be run in a shell."""
    notes: tuple[str, ...]
    """Further notes, one line each."""
    framework: str
    """`torch`, `tensorflow`, `jax` or `cupy`."""
    version: str | None
    """None if it is not installed."""
    build_cuda: str | None
    """None for a build without CUDA."""
    evidence: dict[str, str]
    """The evidence by its source; several pieces of evidence are several lines."""
    runs: tuple[ProbeRun, ...]
    """None if the files sufficed."""


class GpuEnvironmentDocument(FrameworkDocument, frozen=True, kw_only=True):
    """The result of checking one environment, PyTorch first."""

    name: str
    """The name, as in `list`."""
    prefix: str
    """Its real path."""
    others: tuple[FrameworkDocument, ...]
    """The other frameworks in it."""
    preliminary: bool
    """Whether it was concluded without running a probe."""
    checked: datetime
    """When."""
    seconds: float
    """The duration of the check."""
    from_cache: bool
    """Whether the result is that of an earlier check that is still valid."""


class GpuDocument(Struct, frozen=True, kw_only=True):
    """The machine and its environments."""

    driver: DriverDocument | None
    """None if there is no trace of a driver."""
    devices: tuple[Device, ...]
    """The GPUs as the driver sees them."""
    environments: tuple[GpuEnvironmentDocument, ...]
    """The checked environments."""


def describe_gpu(driver: Driver, results: Sequence[tuple[Environment, GpuResult]]) -> GpuDocument:
    """Describe the driver, its devices, and the result of each environment."""
    return GpuDocument(
        driver=_driver(driver),
        devices=driver.devices,
        environments=tuple(_environment(environment, result) for environment, result in results),
    )


def _driver(driver: Driver) -> DriverDocument | None:
    if not (driver.version or driver.library or driver.error):
        return None
    return DriverDocument(
        version=driver.version,
        cuda=driver.cuda or None,
        kernel_version=driver.kernel_version or None,
        library_version=driver.library_version or None,
        library=driver.library or None,
        init_code=driver.init_code,
        nvml_code=driver.nvml_code,
        mig_instances=driver.mig_instances,
        error=driver.error or driver.smi_text or None,
    )


def _environment(environment: Environment, result: GpuResult) -> GpuEnvironmentDocument:
    return GpuEnvironmentDocument(
        name=environment.name,
        prefix=environment.prefix,
        others=tuple(_framework(each) for each in result.others),
        preliminary=result.main.verdict.preliminary,
        checked=result.at,
        seconds=round(result.seconds, 3),
        from_cache=result.from_cache,
        **structs.asdict(_framework(result.main)),
    )


def _framework(result: FrameworkResult) -> FrameworkDocument:
    verdict = result.verdict
    evidence: dict[str, str] = {}
    for what, text in verdict.evidence:
        evidence[what] = f"{evidence[what]}\n{text}" if what in evidence else text
    return FrameworkDocument(
        verdict=verdict.id,
        kind=verdict.kind,
        message=verdict.message,
        remedy=verdict.remedy,
        command=verdict.command or None,
        notes=verdict.notes,
        framework=result.framework,
        version=result.version or None,
        build_cuda=result.build_cuda or None,
        evidence=evidence,
        runs=result.runs,
    )
