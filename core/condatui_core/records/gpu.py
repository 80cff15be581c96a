"""Records about GPUs: the machine's driver, what an environment was built for, and the results of checks."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from msgspec import Struct

from condatui_core.records.gpu_probe import Framework, ProbeRun

BuildKind = Literal["cpu", "cuda", "rocm", "xpu", "unknown"]
Presence = Literal["absent", "installed", "leftover"]
VerdictClass = Literal["works", "elsewhere", "broken", "absent"]
"""CUDA works; it fails for a reason outside the environment; the environment is broken; nothing to check."""


class Device(Struct, frozen=True, kw_only=True):
    """A GPU of the machine as the driver's own tools report it, independent of CUDA_VISIBLE_DEVICES."""

    index: int
    name: str
    uuid: str = ""
    capability: tuple[int, int] | None = None
    """The compute capability: (9, 0) is sm_90; None if the driver does not report it."""
    memory_bytes: int | None = None
    free_bytes: int | None = None
    mig: bool = False
    """Whether MIG mode is on: then only its instances can be used."""
    compute_mode: str = ""
    """`Default`, `Exclusive_Process`, `Prohibited`; empty if unknown."""


class Driver(Struct, frozen=True, kw_only=True):
    """The NVIDIA driver of this machine, and its problems."""

    version: str = ""
    """`550.54.15`, from the first source that states it; empty if none does."""
    kernel_version: str = ""
    """The version of the loaded kernel module: `550.54.15`; empty if none is loaded (or under WSL)."""
    library_version: str = ""
    """The version of libcuda by its file's name; empty if it is missing or its name has none."""
    library: str = ""
    """The libcuda that was loaded, symlinks resolved."""
    library_error: str = ""
    """Why libcuda could not be loaded."""
    cuda: str = ""
    """The newest CUDA that the driver supports: `12.8`; empty if there is no driver."""
    init_code: int | None = None
    """The result of cuInit, 0 is success; None if it was not called."""
    nvml_code: int | None = None
    """The result of NVML's init, 0 is success; None if its library is missing."""
    smi_code: int | None = None
    """The exit code of nvidia-smi; None if it is missing."""
    smi_text: str = ""
    """The message of nvidia-smi when it failed."""
    devices: tuple[Device, ...] = ()
    mig_instances: tuple[str, ...] = ()
    """The UUIDs that select MIG instances: `MIG-…`."""
    hardware: bool | None = None
    """Whether an NVIDIA GPU is on the PCI bus; None if unknown."""
    amd_hardware: bool = False
    """Whether the machine has an AMD GPU with its compute driver (/dev/kfd)."""
    device_files: tuple[str, ...] = ()
    """Device files: `/dev/nvidia0`, `/dev/nvidiactl`; `/dev/dxg` under WSL."""
    uvm_loaded: bool | None = None
    """Whether the kernel module nvidia_uvm, which CUDA needs, is loaded; None if unknown."""
    wsl: bool = False
    timed_out: bool = False
    """Whether the driver did not answer in time."""
    crashed: bool = False
    """Whether one of the driver's own libraries or tools crashed when condatui asked it."""
    error: str = ""
    """Why fields are missing: a library of the driver crashed when it was called, or did not return."""
    seconds: float = 0.0
    """The duration of the readings."""

    @property
    def sick(self) -> bool:
        """Whether the driver itself fails: it did not start, did not answer or crashed when it was read."""
        return bool(self.init_code) or self.timed_out or self.crashed

    @property
    def present(self) -> bool:
        """Whether any evidence shows an NVIDIA GPU in this machine, usable or not."""
        return bool(self.hardware or self.devices or self.kernel_version)


class CondaBuild(Struct, frozen=True, kw_only=True):
    """What conda's record states about a framework."""

    name: str
    version: str
    build: str
    channel: str
    """The channel's short name, or its URL if it has none."""
    kind: BuildKind = "unknown"
    """The kind of build, from the build string."""
    cuda: str = ""
    """The CUDA version, from the build string: `12.6`; empty if it names none."""


class Shadow(Struct, frozen=True, kw_only=True):
    """A torch outside the environment that takes precedence over its own in an ordinary start of its Python."""

    path: str
    version: str = ""
    by: Literal["user site", "PYTHONPATH"] = "user site"


class TorchFacts(Struct, frozen=True, kw_only=True):
    """What the files of an environment state about its PyTorch."""

    presence: Presence = "absent"
    version: str = ""
    """The version of version.py, with its suffix (`2.13.0+cu130`), otherwise of a record."""
    kind: BuildKind = "unknown"
    build_cuda: str = ""
    """The CUDA it was built for: `12.6`; empty for none or unknown."""
    build_rocm: str = ""
    known_by: Literal["", "version.py", "libraries", "build string", "metadata"] = ""
    """The source of `kind` and `cuda`."""
    directory: str = ""
    """The package's directory."""
    libraries: tuple[str, ...] = ()
    """The existing libraries that distinguish kinds: `libtorch_cuda.so`."""
    conda: CondaBuild | None = None
    distributions: tuple[str, ...] = ()
    """pip's distributions, as `torch 2.13.0+cpu (lib/python3.11/site-packages/torch-2.13.0+cpu.dist-info)`."""
    companions: tuple[str, ...] = ()
    """pip's packages that are built against one build of PyTorch and must change with it: `torchvision`."""
    helpers: tuple[str, ...] = ()
    """Packages that show which build was wanted: `cpuonly 2.0`, `pytorch-cuda 12.4`, `cudatoolkit 11.8`."""
    overwritten: tuple[str, ...] = ()
    """Evidence that two PyTorch installations overlap, one line each; empty if there is only one."""
    shadows: tuple[Shadow, ...] = ()
    leftovers: tuple[str, ...] = ()
    """Directories left by a PyTorch that was removed completely or partly."""


class OtherFacts(Struct, frozen=True, kw_only=True):
    """What the files of an environment state about another framework in it."""

    framework: Framework
    version: str
    kind: BuildKind = "unknown"
    build_cuda: str = ""
    """`12.6`, or only `12` if no more is known."""
    source: str = ""
    """The packages that show this: `jax 0.10.2, jax-cuda12-plugin 0.10.2`."""
    mismatch: str = ""
    """Parts of the framework that do not match; empty if all match."""
    conda: CondaBuild | None = None
    """conda's record of the framework; None if pip installed it."""
    cuda_libraries: bool | None = None
    """Whether the CUDA libraries that it needs are in the environment; None if not checked."""
    distributions: tuple[str, ...] = ()
    """The names of pip's packages that it consists of: `cupy-cuda12x`."""
    duplicates: tuple[str, ...] = ()
    """pip's packages that overlap, with their versions; empty if there is only one."""


class StaticFacts(Struct, frozen=True, kw_only=True):
    """What the files of an environment show, without running a process."""

    prefix: str
    python: str = ""
    """The executable, absolute; empty if there is none."""
    foreign: str = ""
    """The platform that its packages were built for, `linux-aarch64`, if this machine runs no such program."""
    python_version: str = ""
    """The version by conda's record or the path of site-packages: `3.11.9` or `3.11`; empty if unknown."""
    torch: TorchFacts = TorchFacts()
    others: tuple[OtherFacts, ...] = ()


class Verdict(Struct, frozen=True, kw_only=True):
    """The conclusion of a check."""

    id: str
    """A public, stable id, the name of the rule that applied: `works`, `driver-too-old`."""
    kind: VerdictClass
    message: str
    """One line."""
    remedy: str = ""
    """What to do, one line."""
    command: str = ""
    """The command for it, to be copied; empty if there is none."""
    notes: tuple[str, ...] = ()
    """Further notes, one line each."""
    evidence: tuple[tuple[str, str], ...] = ()
    """The evidence as (source, text) pairs."""
    preliminary: bool = False
    """Whether it was concluded from files alone, so that a probe may show more."""
    about: Literal["", "overwritten", "leftovers", "cpu-build", "rocm-build", "mps-build"] = ""
    """The fact about the files of the framework that the verdict is about."""


class FrameworkResult(Struct, frozen=True, kw_only=True):
    """The result of checking one framework."""

    framework: Framework
    version: str
    build_cuda: str
    """Empty for a build without CUDA."""
    verdict: Verdict
    runs: tuple[ProbeRun, ...] = ()
    """The probes; none if the files sufficed. The second ran without the suspected variable."""


class GpuResult(Struct, frozen=True, kw_only=True):
    """The result of checking one environment."""

    prefix: str
    main: FrameworkResult
    """The result for PyTorch, or for another framework if PyTorch is not installed."""
    others: tuple[FrameworkResult, ...] = ()
    static: StaticFacts
    driver: Driver | None = None
    """None if the driver was not read."""
    at: datetime
    """The time of the check."""
    seconds: float = 0.0
    from_cache: bool = False

    @property
    def works(self) -> bool:
        """Whether a test run has computed on a GPU; what files alone suggest does not count."""
        verdict = self.main.verdict
        return verdict.kind == "works" and not verdict.preliminary
