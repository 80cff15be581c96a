"""What is known of GPUs: the machine's driver, what an environment was built for, and what a check came to."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from msgspec import Struct

from condatui_core.records.gpu_probe import Framework, ProbeRun

BuildKind = Literal["cpu", "cuda", "rocm", "xpu", "unknown"]
Presence = Literal["absent", "installed", "leftover"]
VerdictClass = Literal["works", "elsewhere", "broken", "absent"]
"""CUDA works; it does not, and that is not the environment's fault; the environment is broken; nothing to check."""


class Device(Struct, frozen=True, kw_only=True):
    """A GPU of the machine, as the driver's own tools see it, whatever CUDA_VISIBLE_DEVICES says."""

    index: int
    name: str
    uuid: str = ""
    capability: tuple[int, int] | None = None
    """The compute capability: (9, 0) is sm_90; None where the driver does not say."""
    memory_bytes: int | None = None
    free_bytes: int | None = None
    mig: bool = False
    """Whether MIG mode is on: then only its instances can be used."""
    compute_mode: str = ""
    """`Default`, `Exclusive_Process`, `Prohibited`; empty if unknown."""


class Driver(Struct, frozen=True, kw_only=True):
    """The NVIDIA driver of this machine, and what stands in its way."""

    version: str = ""
    """`550.54.15`, from the first source that states it; empty if none does."""
    kernel_version: str = ""
    """Of the loaded kernel module: `550.54.15`; empty if none is loaded (or under WSL)."""
    library_version: str = ""
    """Of libcuda by the file it is; empty if it is not there or does not say."""
    library: str = ""
    """The libcuda that was loaded, symlinks resolved."""
    library_error: str = ""
    """Why libcuda could not be loaded."""
    cuda: str = ""
    """The newest CUDA that the driver supports: `12.8`; empty if there is no driver."""
    init_code: int | None = None
    """What cuInit answered, 0 is success; None if it was not asked."""
    nvml_code: int | None = None
    """What NVML's init answered, 0 is success; None if its library is not there."""
    smi_code: int | None = None
    """The exit code of nvidia-smi; None if it is not there."""
    smi_text: str = ""
    """What nvidia-smi said when it failed."""
    devices: tuple[Device, ...] = ()
    mig_instances: tuple[str, ...] = ()
    """The UUIDs by which MIG instances can be chosen: `MIG-…`."""
    hardware: bool | None = None
    """Whether an NVIDIA GPU is on the PCI bus; None if that cannot be seen."""
    amd_hardware: bool = False
    """Whether an AMD GPU with its compute driver is here (/dev/kfd)."""
    device_files: tuple[str, ...] = ()
    """Those in /dev: `/dev/nvidia0`, `/dev/nvidiactl`; `/dev/dxg` under WSL."""
    uvm_loaded: bool | None = None
    """Whether the kernel module nvidia_uvm, which CUDA needs, is loaded; None if that cannot be seen."""
    wsl: bool = False
    timed_out: bool = False
    """Whether the driver did not answer in time."""
    crashed: bool = False
    """Whether one of the driver's own libraries or tools crashed when condatui asked it."""
    error: str = ""
    """Why something is missing here: a library of the driver crashed when it was asked, or did not answer."""
    seconds: float = 0.0
    """How long it took to ask."""

    @property
    def sick(self) -> bool:
        """Whether it fails without any environment: it did not start, did not answer or crashed when it was read."""
        return bool(self.init_code) or self.timed_out or self.crashed

    @property
    def present(self) -> bool:
        """Whether there is, by all evidence, an NVIDIA GPU in this machine, usable or not."""
        return bool(self.hardware or self.devices or self.kernel_version)


class CondaBuild(Struct, frozen=True, kw_only=True):
    """What conda's record says of a framework."""

    name: str
    version: str
    build: str
    channel: str
    """Its short name, or the URL where it has none."""
    kind: BuildKind = "unknown"
    """By the build string."""
    cuda: str = ""
    """By the build string: `12.6`; empty if it names none."""


class Shadow(Struct, frozen=True, kw_only=True):
    """A torch outside the environment that wins over its own when its Python is started as usual."""

    path: str
    version: str = ""
    by: Literal["user site", "PYTHONPATH"] = "user site"


class TorchFacts(Struct, frozen=True, kw_only=True):
    """What the files of an environment say of its PyTorch."""

    presence: Presence = "absent"
    version: str = ""
    """The best known: of version.py, with its suffix (`2.13.0+cu130`), else of a record."""
    kind: BuildKind = "unknown"
    build_cuda: str = ""
    """The CUDA it was built for: `12.6`; empty for none or unknown."""
    build_rocm: str = ""
    known_by: Literal["", "version.py", "libraries", "build string", "metadata"] = ""
    """What kind and CUDA were taken from."""
    directory: str = ""
    """The package's directory."""
    libraries: tuple[str, ...] = ()
    """Which of the libraries that tell kinds apart are there: `libtorch_cuda.so`."""
    conda: CondaBuild | None = None
    distributions: tuple[str, ...] = ()
    """pip's, as `torch 2.13.0+cpu (lib/python3.11/site-packages/torch-2.13.0+cpu.dist-info)`."""
    companions: tuple[str, ...] = ()
    """pip's packages that are built against one build of PyTorch and must change with it: `torchvision`."""
    helpers: tuple[str, ...] = ()
    """Packages that say what was wanted: `cpuonly 2.0`, `pytorch-cuda 12.4`, `cudatoolkit 11.8`."""
    overwritten: tuple[str, ...] = ()
    """What shows that two PyTorch lie over each other, a line each; empty if there is one."""
    shadows: tuple[Shadow, ...] = ()
    leftovers: tuple[str, ...] = ()
    """Directories that a removed or half-removed PyTorch has left."""


class OtherFacts(Struct, frozen=True, kw_only=True):
    """What the files of an environment say of another framework that it has."""

    framework: Framework
    version: str
    kind: BuildKind = "unknown"
    build_cuda: str = ""
    """`12.6`, or only `12` where that is all that is known."""
    source: str = ""
    """The packages that say so: `jax 0.10.2, jax-cuda12-plugin 0.10.2`."""
    mismatch: str = ""
    """Its parts that do not belong together; empty if they do."""
    conda: CondaBuild | None = None
    """conda's record of it; None if pip installed it."""
    cuda_libraries: bool | None = None
    """Whether the CUDA libraries that it needs are in the environment; None if it was not looked for."""
    distributions: tuple[str, ...] = ()
    """pip's packages that it consists of, by name: `cupy-cuda12x`."""
    duplicates: tuple[str, ...] = ()
    """pip's packages that lie over each other, with their versions; empty if there is one."""


class StaticFacts(Struct, frozen=True, kw_only=True):
    """What the files of an environment say, without a process."""

    prefix: str
    python: str = ""
    """The executable, absolute; empty if there is none."""
    foreign: str = ""
    """The platform that its packages were built for, `linux-aarch64`, if this machine runs no such program."""
    python_version: str = ""
    """By conda's record or by where site-packages lies: `3.11.9` or `3.11`; empty if unknown."""
    torch: TorchFacts = TorchFacts()
    others: tuple[OtherFacts, ...] = ()


class Verdict(Struct, frozen=True, kw_only=True):
    """What a check came to."""

    id: str
    """A public, stable word, the name of the rule that gave it: `works`, `driver-too-old`."""
    kind: VerdictClass
    message: str
    """One line."""
    remedy: str = ""
    """What to do, one line."""
    command: str = ""
    """The command that does it, to be copied; empty if there is none."""
    notes: tuple[str, ...] = ()
    """What else is worth knowing, a line each."""
    evidence: tuple[tuple[str, str], ...] = ()
    """What it was concluded from: (what, text) pairs."""
    preliminary: bool = False
    """Whether it was concluded from files alone, so that a run may say more."""


class FrameworkResult(Struct, frozen=True, kw_only=True):
    """What the check of one framework came to."""

    framework: Framework
    version: str
    build_cuda: str
    """Empty for a build without CUDA."""
    verdict: Verdict
    runs: tuple[ProbeRun, ...] = ()
    """None if the files sufficed; the second is without the variable that was suspected."""


class GpuResult(Struct, frozen=True, kw_only=True):
    """What the check of one environment came to."""

    prefix: str
    main: FrameworkResult
    """PyTorch; another framework where only that is installed."""
    others: tuple[FrameworkResult, ...] = ()
    static: StaticFacts
    driver: Driver | None = None
    """None if it was not asked."""
    at: datetime
    """When it was checked."""
    seconds: float = 0.0
    from_cache: bool = False
