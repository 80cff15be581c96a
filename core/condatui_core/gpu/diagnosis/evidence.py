"""All that a verdict is given on: one framework in one environment, its run and the machine's driver."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cached_property

from condatui_core.gpu.diagnosis.run_reading import RunReading
from condatui_core.records.gpu import (
    BuildKind,
    Device,
    Driver,
    OtherFacts,
    StaticFacts,
    TorchFacts,
    Verdict,
    VerdictClass,
)
from condatui_core.records.gpu_probe import Available, Built, DeviceSeen, Framework, Imported, Loaded, ProbeRun, Variant
from condatui_core.text import shell_words

_CUDA_LIBRARY = re.compile(r"/lib(?:cu(?!da\.so|dadebugger)|nv(?!idia|cuvid)|nccl)[^/]*\.so[^/]*$")
"""Those of the toolkit; what is the driver's belongs to the machine."""
_TITLES: dict[Framework, str] = {"torch": "PyTorch", "tensorflow": "TensorFlow", "jax": "JAX", "cupy": "CuPy"}
_NOTHING = ("", "-1", "NoDevFiles")
"""Values of CUDA_VISIBLE_DEVICES that hide every GPU."""
_NO_DRIVER = ("Found no NVIDIA driver", "libcuda.so")


class Evidence(RunReading):
    """The facts, and the questions that the rules ask of them."""

    def __init__(
        self,
        static: StaticFacts,
        driver: Driver | None,
        runs: Sequence[ProbeRun] = (),
        *,
        platform: str = "linux",
        other: OtherFacts | None = None,
    ) -> None:
        done = [run for run in runs if run.ended != "cancelled"]
        super().__init__(next((run for run in done if run.variant == "as-is"), None))
        self.static = static
        self.framework: Framework = other.framework if other else "torch"
        self.torch = _as_torch(other) if other else static.torch
        """What the files say of the framework; of another one, in the same words as of torch."""
        self.other = other
        """What the files say of a framework other than torch; None for torch."""
        self.asked = driver is not None
        """Whether the driver was read at all."""
        self.driver = driver or Driver()
        self.platform = platform
        self.second = next((run for run in done if run.variant != "as-is"), None)

    def verdict(self, name: str, kind: VerdictClass, message: str, remedy: str = "", command: str = "") -> Verdict:
        """Make a verdict; its notes and its evidence are the same for every rule and come later."""
        return Verdict(id=name, kind=kind, message=message, remedy=remedy, command=command)

    @cached_property
    def prefix(self) -> str:
        """The prefix as it is typed in a shell."""
        return shell_words((self.static.prefix,))

    @property
    def python(self) -> str:
        """The environment's python as it is typed in a shell."""
        return shell_words((self.static.python or f"{self.static.prefix}/bin/python",))

    @property
    def name(self) -> str:
        """The framework as people call it: `PyTorch`."""
        return _TITLES[self.framework]

    @property
    def by_conda(self) -> bool:
        """Whether the framework that is used came from conda."""
        if self.other is not None:
            return self.other.conda is not None
        return self.torch.conda is not None and not self.torch.overwritten and not self.torch.distributions

    @cached_property
    def kind(self) -> BuildKind:
        """What torch was built for: by itself if it was asked, else by its files."""
        built = self.stage(Built)
        if built is None:
            return self.torch.kind
        if built.hip:
            return "rocm"
        if built.cuda:
            return "cuda"
        return "xpu" if built.xpu else "cpu"

    @property
    def build_cuda(self) -> str:
        """The CUDA that torch was built for; empty if it was for none."""
        built = self.stage(Built)
        return (built.cuda or "") if built else self.torch.build_cuda

    @property
    def version(self) -> str:
        """The version of torch: by itself if it was asked, else by its files."""
        imported = self.stage(Imported)
        return imported.version if imported and imported.version else self.torch.version

    @property
    def title(self) -> str:
        """What it is, in words: `PyTorch 2.6.0 (CUDA 12.6)`."""
        built_for = {"cuda": f"CUDA {self.build_cuda}".strip(), "rocm": "ROCm", "xpu": "Intel XPU", "cpu": "CPU build"}
        return f"{self.plain_title} ({built_for.get(self.kind, 'unknown build')})"

    @property
    def plain_title(self) -> str:
        """What it is, without what it was built for."""
        return f"{_TITLES[self.framework]} {self.version}".strip()

    @property
    def no_driver(self) -> bool:
        """Whether torch found no libcuda; without a run, whether none was found when the driver was read."""
        if self.run is None:
            return self.asked and bool(self.driver.library_error)
        if self.framework != "torch":  # they do not say it, or not where it can be caught
            return self.cuda_failed and bool(self.driver.library_error)
        return any(text in self.reason for text in _NO_DRIVER)

    @property
    def no_device(self) -> bool:
        """Whether the driver is there and gives no GPU."""
        if self.run is None:
            return self.asked and self.driver.init_code == 100
        if self.framework != "torch":
            hidden = self.variable("CUDA_VISIBLE_DEVICES") in _NOTHING
            return self.cuda_failed and (hidden or self.driver.init_code == 100)
        return "No CUDA GPUs" in self.reason or self.error_code == 100

    @property
    def lacks_cuda(self) -> bool:
        """Whether a CUDA build has no CUDA libraries: by the files, or by what its own plugin says."""
        if self.other is None or self.kind != "cuda":
            return False
        return self.other.cuda_libraries is False or bool(self.unloaded_libraries)

    @property
    def strange_libraries(self) -> tuple[str, ...]:
        """The CUDA libraries that were loaded from outside the environment."""
        loaded = (path for stage in self.stages_of(Loaded) for path in stage.paths)
        inside = self.static.prefix.rstrip("/") + "/"
        return tuple(path for path in loaded if _CUDA_LIBRARY.search(path) and not path.startswith(inside))

    def second_worked(self, variant: Variant) -> bool:
        """Whether it did, without a variable, what it did not do with it."""
        if self.second is None or self.second.variant != variant:
            return False
        if variant == "no-ld-library-path":
            return any(isinstance(each, Imported) for each in self.second.stages)
        return any(isinstance(each, Available) and each.available for each in self.second.stages)

    @property
    def device(self) -> Device | None:
        """The first GPU of the machine."""
        return next(iter(self.driver.devices), None)

    @property
    def capability(self) -> tuple[int, int] | None:
        """Of the first GPU, as torch sees it or else as the driver does."""
        seen = self.stage(DeviceSeen)
        return seen.capability if seen and seen.capability else self.device.capability if self.device else None

    @property
    def gpu_words(self) -> str:
        """The machine's GPUs in a few words: `NVIDIA H200`, `8 × NVIDIA H200`."""
        names = [each.name for each in self.driver.devices]
        if not names:
            return "the NVIDIA GPU"
        return f"{len(names)} × {names[0]}" if len(names) > 1 else names[0]

    @property
    def device_name(self) -> str:
        """The name of the first GPU, as torch sees it or else as the driver does."""
        seen = self.stage(DeviceSeen)
        return seen.name if seen and seen.name else self.device.name if self.device else "the GPU"

    @property
    def driver_cuda(self) -> str:
        """The CUDA that the driver supports, as torch says or else as it was read; empty if unknown."""
        return self.found_cuda or self.driver.cuda


def _as_torch(other: OtherFacts) -> TorchFacts:
    return TorchFacts(
        presence="installed",
        version=other.version,
        kind=other.kind,
        build_cuda=other.build_cuda,
        known_by="metadata",
    )
