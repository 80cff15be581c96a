"""What a probe of the GPU says, line by line, and how it ended."""

from __future__ import annotations

from typing import Literal, TypeAlias

from msgspec import Struct

Framework = Literal["torch", "tensorflow", "jax", "cupy"]
Ended = Literal["exited", "timed-out", "stuck", "cancelled", "not-started"]
"""How a probe ended: stuck is one that SIGKILL did not end; a crash is an exit with a negative code."""
Variant = Literal["as-is", "no-ld-library-path", "no-cuda-visible-devices"]
"""Which variables a probe ran without."""


class _Stage(Struct, frozen=True, kw_only=True, tag_field="stage"):
    seconds: float = 0.0
    """Since the stage before, or since the script began."""


class ProbeBegun(_Stage, frozen=True, kw_only=True, tag="start"):
    """Python runs; the framework is imported next."""

    python: str = ""
    """Its version: `3.11.9`."""
    executable: str = ""


class Imported(_Stage, frozen=True, kw_only=True, tag="import_ok"):
    """The framework was imported and is a whole one; what it was built for is read next."""

    version: str = ""
    """Its `__version__`."""
    file: str = ""
    """Where it lies."""


class ImportFailed(_Stage, frozen=True, kw_only=True, tag="import_fail"):
    """The import raised something, or gave a module without file or version."""

    kind: str = ""
    """The exception's class; empty for a module that is only a leftover directory."""
    message: str = ""
    traceback: str = ""
    missing: str = ""
    """The module that a ModuleNotFoundError names."""


class Built(_Stage, frozen=True, kw_only=True, tag="static"):
    """What it says it was built for; the driver is asked next."""

    cuda: str | None = None
    hip: str | None = None
    xpu: str | None = None
    archs: tuple[str, ...] = ()
    """What its kernels were compiled for: `sm_80`, `compute_90`."""
    mps: bool | None = None
    """Whether it was built for Apple GPUs; None if it does not say."""


class Available(_Stage, frozen=True, kw_only=True, tag="available"):
    """Whether it sees a GPU."""

    available: bool = False
    warnings: tuple[str, ...] = ()
    """What was warned of meanwhile; whitespace collapsed."""
    mps: bool | None = None
    """Whether it sees an Apple GPU."""


class Why(_Stage, frozen=True, kw_only=True, tag="why"):
    """Why it sees none: what `torch.cuda.init()` raised; whitespace collapsed. Empty if it raised nothing."""

    kind: str = ""
    message: str = ""


class Counted(_Stage, frozen=True, kw_only=True, tag="count"):
    """How many GPUs it counts, which is no proof that one can be used."""

    count: int = 0


class CudnnRead(_Stage, frozen=True, kw_only=True, tag="cudnn"):
    """The cuDNN that it has."""

    version: int | None = None
    """As cuDNN counts: 90100 is 9.1.0."""
    kind: str = ""
    message: str = ""
    """What asking for it raised."""


class DeviceSeen(_Stage, frozen=True, kw_only=True, tag="device"):
    """A GPU as the framework sees it; a kernel runs on it next."""

    index: int = 0
    name: str = ""
    capability: tuple[int, int] | None = None
    total_bytes: int | None = None
    free_bytes: int | None = None
    kind: str = ""
    message: str = ""
    """What asking raised."""


class KernelRun(_Stage, frozen=True, kw_only=True, tag="kernel"):
    """A small matrix multiplication on a GPU, compared with the CPU's answer."""

    index: int = 0
    right: bool = False
    """Whether it ran and its answer is the CPU's."""
    kind: str = ""
    """The exception's class; empty if it ran."""
    message: str = ""
    """What it raised; whitespace collapsed."""
    warnings: tuple[str, ...] = ()


class ConvolutionRun(_Stage, frozen=True, kw_only=True, tag="conv"):
    """A small convolution on a GPU, which is cuDNN's work."""

    index: int = 0
    right: bool = False
    kind: str = ""
    message: str = ""


class Loaded(_Stage, frozen=True, kw_only=True, tag="libraries"):
    """The CUDA libraries that the process has loaded."""

    paths: tuple[str, ...] = ()


class Over(_Stage, frozen=True, kw_only=True, tag="done"):
    """The probe has come to its end."""


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
"""A line of a probe, a JSON object whose `stage` says which; in this order, those of devices once for each.

Each is written when it is over, so that the last one tells what a probe was at when it died or was ended.
"""


class ProbeRun(Struct, frozen=True, kw_only=True):
    """One run of the probe in an environment's own Python."""

    framework: Framework = "torch"
    variant: Variant = "as-is"
    stages: tuple[Stage, ...] = ()
    ended: Ended = "exited"
    exit_code: int | None = None
    """Negative if a signal ended it; None if it was not started or could not be ended."""
    limit: float = 0.0
    """The seconds that were too few for it, if it was ended for that."""
    error: str = ""
    """Why it could not be started, in the words of the operating system."""
    pid: int | None = None
    process_state: str = ""
    """The letter in /proc/<pid>/stat of one that is stuck: `D`."""
    stdout: str = ""
    stderr: str = ""
    """The last of what it wrote, a few KB."""
    variables: tuple[tuple[str, str], ...] = ()
    """Those that matter and were set as it ran: CUDA_VISIBLE_DEVICES, LD_LIBRARY_PATH; `LD_PRELOAD` though removed."""
    seconds: float = 0.0
