"""The lines that a GPU probe prints, and how a probe ended."""

from __future__ import annotations

from typing import Literal, TypeAlias

from msgspec import Struct

Framework = Literal["torch", "tensorflow", "jax", "cupy"]
Ended = Literal["exited", "timed-out", "stuck", "cancelled", "not-started"]
"""How a probe ended: `stuck` means that SIGKILL did not end it; a crash is an exit with a negative code."""
Variant = Literal["as-is", "no-ld-library-path", "no-cuda-visible-devices"]
"""The variables that a probe ran without."""


class _Stage(Struct, frozen=True, kw_only=True, tag_field="stage"):
    seconds: float = 0.0
    """Milliseconds since the previous stage, or since the script began."""


class ProbeBegun(_Stage, frozen=True, kw_only=True, tag="start"):
    """Python runs; the framework is imported next."""

    python: str = ""
    """Python's version: `3.11.9`."""
    executable: str = ""


class Imported(_Stage, frozen=True, kw_only=True, tag="import_ok"):
    """The framework was imported and is complete; the probe next reads what it was built for."""

    version: str = ""
    """Its `__version__`."""
    file: str = ""
    """The path of the imported module."""


class ImportFailed(_Stage, frozen=True, kw_only=True, tag="import_fail"):
    """The import raised an exception, or gave a module without file or version."""

    kind: str = ""
    """The exception's class; empty for a module that is only a leftover directory."""
    message: str = ""
    traceback: str = ""
    missing: str = ""
    """The module that a ModuleNotFoundError names."""


class Built(_Stage, frozen=True, kw_only=True, tag="static"):
    """What the framework reports to be built for; the probe next calls the driver."""

    cuda: str | None = None
    hip: str | None = None
    xpu: str | None = None
    archs: tuple[str, ...] = ()
    """The architectures of its kernels: `sm_80`, `compute_90`."""
    mps: bool | None = None
    """Whether it was built for Apple GPUs; None if unknown."""


class Available(_Stage, frozen=True, kw_only=True, tag="available"):
    """Whether the framework sees a GPU."""

    available: bool = False
    warnings: tuple[str, ...] = ()
    """Warnings during the call; whitespace collapsed."""
    mps: bool | None = None
    """Whether it sees an Apple GPU."""


class Why(_Stage, frozen=True, kw_only=True, tag="why"):
    """Why it sees none: the exception of `torch.cuda.init()`, whitespace collapsed; empty if it raised none."""

    kind: str = ""
    message: str = ""


class Counted(_Stage, frozen=True, kw_only=True, tag="count"):
    """The number of GPUs that it counts, which does not prove that one is usable."""

    count: int = 0


class CudnnRead(_Stage, frozen=True, kw_only=True, tag="cudnn"):
    """The cuDNN of the framework."""

    version: int | None = None
    """The version in cuDNN's notation: 90100 is 9.1.0."""
    kind: str = ""
    message: str = ""
    """The exception that reading it raised."""


class DeviceSeen(_Stage, frozen=True, kw_only=True, tag="device"):
    """A GPU as the framework sees it; a kernel runs on it next."""

    index: int = 0
    name: str = ""
    capability: tuple[int, int] | None = None
    total_bytes: int | None = None
    free_bytes: int | None = None
    kind: str = ""
    message: str = ""
    """The exception that reading it raised."""


class KernelRun(_Stage, frozen=True, kw_only=True, tag="kernel"):
    """A small matrix multiplication on a GPU, compared with the CPU's result."""

    index: int = 0
    right: bool = False
    """Whether it ran and its result equals the CPU's."""
    kind: str = ""
    """The exception's class; empty if it ran."""
    message: str = ""
    """The exception's message; whitespace collapsed."""
    warnings: tuple[str, ...] = ()


class ConvolutionRun(_Stage, frozen=True, kw_only=True, tag="conv"):
    """A small convolution on a GPU, which tests cuDNN."""

    index: int = 0
    right: bool = False
    kind: str = ""
    message: str = ""


class Loaded(_Stage, frozen=True, kw_only=True, tag="libraries"):
    """The CUDA libraries that the process has loaded."""

    paths: tuple[str, ...] = ()


class Over(_Stage, frozen=True, kw_only=True, tag="done"):
    """The probe is complete."""


Stage: TypeAlias = (
    ProbeBegun
    | Imported
    | ImportFailed
    | Built
    | Available
    | Why
    | Counted
    | CudnnRead
    | DeviceSeen
    | KernelRun
    | ConvolutionRun
    | Loaded
    | Over
)
"""A line of a probe: a JSON object whose `stage` names its type, in this order; lines of devices once per device.

Each line is written when its stage is complete, so the last one shows where a probe died or was killed.
"""


class ProbeRun(Struct, frozen=True, kw_only=True):
    """One run of the probe in an environment's own Python."""

    framework: Framework = "torch"
    variant: Variant = "as-is"
    stages: tuple[Stage, ...] = ()
    ended: Ended = "exited"
    exit_code: int | None = None
    """Negative if a signal killed it; None if it was not started or could not be killed."""
    limit: float = 0.0
    """The time limit in seconds, if the probe was ended because it exceeded it."""
    error: str = ""
    """Why it could not be started, as the operating system's message."""
    pid: int | None = None
    process_state: str = ""
    """The state letter in /proc/<pid>/stat of a stuck probe: `D`."""
    stdout: str = ""
    stderr: str = ""
    """The end of its stderr, a few KB."""
    variables: tuple[tuple[str, str], ...] = ()
    """Relevant variables that were set: CUDA_VISIBLE_DEVICES, LD_LIBRARY_PATH; also `LD_PRELOAD`, which is removed."""
    seconds: float = 0.0
