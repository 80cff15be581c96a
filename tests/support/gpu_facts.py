"""What a check of the GPU would have found out, made by hand: files, drivers and runs as real ones are."""

from __future__ import annotations

from msgspec.structs import replace

from condatui_core.gpu.examination import judge
from condatui_core.records.gpu import CondaBuild, Device, Driver, GpuResult, StaticFacts, TorchFacts
from condatui_core.records.gpu_probe import (
    Available,
    Built,
    ConvolutionRun,
    Counted,
    CudnnRead,
    DeviceSeen,
    Imported,
    ImportFailed,
    KernelRun,
    Loaded,
    Over,
    ProbeBegun,
    ProbeRun,
    Stage,
    Why,
)
from support.inventories import NOW

PREFIX = "/opt/conda/envs/e"
ARCHS = ("sm_75", "sm_80", "sm_86", "sm_90", "compute_90")
FREE, TOTAL = 140_000_000_000, 150_000_000_000
NO_DRIVER_TEXT = (
    "Found no NVIDIA driver on your system. Please check that you have an NVIDIA GPU and installed a driver from "
    "http://www.nvidia.com/Download/index.aspx"
)
NO_GPUS_TEXT = "No CUDA GPUs are available"
COUNT_TEXT = (
    "Unexpected error from cudaGetDeviceCount(). Did you run some cuda functions before calling NumCudaDevices() that "
    "might have already set an error? "
)

CUDA_TORCH = TorchFacts(
    presence="installed",
    version="2.6.0",
    kind="cuda",
    build_cuda="12.6",
    known_by="version.py",
    directory=f"{PREFIX}/lib/python3.11/site-packages/torch",
    conda=CondaBuild(
        name="pytorch",
        version="2.6.0",
        build="cuda126_mkl_py311_hcada2b2_300",
        channel="conda-forge",
        kind="cuda",
        cuda="12.6",
    ),
)
CPU_TORCH = replace(
    CUDA_TORCH,
    kind="cpu",
    build_cuda="",
    conda=CondaBuild(
        name="pytorch", version="2.6.0", build="cpu_mkl_py311_h1234567_100", channel="conda-forge", kind="cpu"
    ),
)
PIP_TORCH = replace(
    CUDA_TORCH,
    version="2.13.0+cu130",
    build_cuda="13.0",
    conda=None,
    distributions=("torch 2.13.0 (lib/python3.11/site-packages/torch-2.13.0.dist-info)",),
)

H200 = Device(
    index=0, name="NVIDIA H200", uuid="GPU-0", capability=(9, 0), memory_bytes=TOTAL, free_bytes=FREE, compute_mode=""
)
GPU_MACHINE = Driver(
    version="560.35.03",
    kernel_version="560.35.03",
    library_version="560.35.03",
    library="/usr/lib/x86_64-linux-gnu/libcuda.so.560.35.03",
    cuda="12.6",
    init_code=0,
    nvml_code=0,
    devices=(H200,),
    hardware=True,
    device_files=("/dev/nvidia-uvm", "/dev/nvidia0", "/dev/nvidiactl"),
)
NO_GPU_MACHINE = Driver(hardware=False, library_error="libcuda.so.1: cannot open shared object file")


def static(torch: TorchFacts = CUDA_TORCH, **fields: object) -> StaticFacts:
    """An environment with a python and this torch."""
    given = {"python": f"{PREFIX}/bin/python", "python_version": "3.11.9", "torch": torch, **fields}
    return StaticFacts(prefix=PREFIX, **given)  # type: ignore[arg-type]


def imported(cuda: str | None = "12.6", version: str = "2.6.0", **built: object) -> tuple[Stage, ...]:
    """The stages up to what torch says it was built for."""
    said = Built(cuda=cuda, **{"archs": ARCHS, **built})  # type: ignore[arg-type]
    return (ProbeBegun(python="3.11.9"), Imported(version=version, file=f"{PREFIX}/x.py"), said)


def sees_none(why: str, *warnings: str, cuda: str | None = "12.6", kind: str = "RuntimeError") -> ProbeRun:
    """A torch that was imported, sees no GPU and says this of it."""
    stages = (*imported(cuda), Available(available=False, warnings=warnings), Why(kind=kind, message=why))
    return ended(*stages, Counted(count=0), Over())


def computes(*kernels: Stage, cuda: str | None = "12.6", more: tuple[Stage, ...] = (), stderr: str = "") -> ProbeRun:
    """A torch that sees GPUs, and what came of the computations on them, all right unless given."""
    devices: list[Stage] = []
    for index, kernel in enumerate(kernels or (KernelRun(right=True),)):
        seen = DeviceSeen(index=index, name="NVIDIA H200", capability=(9, 0), total_bytes=TOTAL, free_bytes=FREE)
        convolution = ConvolutionRun(index=index, right=isinstance(kernel, KernelRun) and kernel.right)
        devices += (seen, kernel, convolution)
    stages = (*imported(cuda), Available(available=True), Counted(count=len(kernels) or 1), CudnnRead(version=90100))
    return ended(*stages, *devices, *more, Loaded(), Over(), stderr=stderr)


def fails(message: str, kind: str = "ImportError", **fields: object) -> ProbeRun:
    """A torch whose import raised this."""
    stage = ImportFailed(kind=kind, message=message, **fields)  # type: ignore[arg-type]
    return ended(ProbeBegun(python="3.11.9"), stage)


def ended(*stages: Stage, **fields: object) -> ProbeRun:
    """A run that came this far, and exited with 0 unless told otherwise."""
    return ProbeRun(stages=stages, **{"exit_code": 0, "seconds": 2.0, **fields})  # type: ignore[arg-type]


def result(prefix: str, static: StaticFacts, driver: Driver | None = GPU_MACHINE, *runs: ProbeRun) -> GpuResult:
    """What an environment comes to by these facts."""
    found = replace(static, prefix=prefix)
    return judge(found, driver, runs, at=NOW, platform="linux", seconds=sum(run.seconds for run in runs))


def no_torch(prefix: str) -> GpuResult:
    """An environment in which there is nothing to check."""
    return result(prefix, static(TorchFacts()), None)


def crashed(number: int) -> ProbeRun:
    """A torch whose import died of a signal."""
    return ended(ProbeBegun(), exit_code=-number)
