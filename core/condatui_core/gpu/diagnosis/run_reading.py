"""One run of the probe, and the questions that are asked of it."""

from __future__ import annotations

import re
from functools import cached_property
from typing import TypeVar

from condatui_core.gpu.cuda_versions import cuda_in_words
from condatui_core.records.gpu_probe import (
    Available,
    Built,
    CudnnRead,
    DeviceSeen,
    Imported,
    ImportFailed,
    KernelRun,
    Over,
    ProbeBegun,
    ProbeRun,
    Stage,
    Why,
)

_S = TypeVar("_S", bound=Stage)
_ERROR = re.compile(r"\bError (\d+):")
_TOO_OLD = re.compile(r"too old \(found version (\d+)\)")
_PLUGIN_FAILED = "Jax plugin configuration error"
_RAISED = re.compile(r"^[\w.]*(?:Error|Exception): ")
"""The last line of a traceback, which names what was raised."""
_UNLOADED = re.compile(r"Unable to load (?P<library>\w+)\.(?: Is it installed\?)?")


class RunReading:
    """One run, or none."""

    def __init__(self, run: ProbeRun | None) -> None:
        self.run = run

    def stage(self, kind: type[_S]) -> _S | None:
        """The first stage of a kind in the run; None if it did not come that far."""
        return next((each for each in self.stages if isinstance(each, kind)), None)

    def stages_of(self, kind: type[_S]) -> tuple[_S, ...]:
        """All stages of a kind in the run."""
        return tuple(each for each in self.stages if isinstance(each, kind))

    @property
    def stages(self) -> tuple[Stage, ...]:
        """The stages that the run has reported."""
        return self.run.stages if self.run else ()

    @property
    def last(self) -> Stage | None:
        """The stage that was over when the run ended."""
        return self.stages[-1] if self.stages else None

    @property
    def cut_short(self) -> bool:
        """Whether the run ended before it had come to its end."""
        return self.run is not None and not isinstance(self.last, Over | ImportFailed)

    @property
    def importing(self) -> bool:
        """Whether it ended while torch was being imported."""
        return isinstance(self.last, ProbeBegun)

    @property
    def asking_driver(self) -> bool:
        """Whether it ended after the import and before a GPU was used."""
        available = self.stage(Available)
        return isinstance(self.last, Imported | Built) or (
            isinstance(self.last, Available | Why) and available is not None and not available.available
        )

    @property
    def signal(self) -> int:
        """The signal that ended the run; 0 if none did."""
        code = self.run.exit_code if self.run else None
        return -code if code is not None and code < 0 else 0

    @cached_property
    def import_error(self) -> str:
        """What the import raised; empty if it succeeded."""
        failed = self.stage(ImportFailed)
        return " ".join(failed.message.split()) if failed else ""

    @property
    def import_failed(self) -> bool:
        """Whether the import raised something."""
        return self.stage(ImportFailed) is not None

    @property
    def missing_module(self) -> str:
        """The module that the import did not find; empty if it failed for something else."""
        failed = self.stage(ImportFailed)
        return failed.missing if failed else ""

    @property
    def imports_nothing(self) -> bool:
        """Whether the import succeeded and gave a module without a file."""
        failed = self.stage(ImportFailed)
        return failed is not None and not failed.kind

    @property
    def available(self) -> bool:
        """Whether torch says that it sees a GPU."""
        stage = self.stage(Available)
        return stage is not None and stage.available

    @cached_property
    def reason(self) -> str:
        """Why CUDA does not start: what torch raised and what it warned of."""
        available, why = self.stage(Available), self.stage(Why)
        stated = self.plugin_error or (why.message if why else "")  # JAX itself raises only that it knows no GPU
        texts = [self.import_error, stated, *(available.warnings if available else ())]
        return " ".join(" ".join(texts).split())

    @cached_property
    def plugin_error(self) -> str:
        """Why JAX does without its plugin for CUDA, which it writes to stderr alone; empty for other frameworks."""
        if self.run is None or self.run.framework != "jax":
            return ""
        _, _, traceback = self.run.stderr.partition(_PLUGIN_FAILED)
        unloaded = dict.fromkeys(match[0] for match in _UNLOADED.finditer(traceback))
        raised = [line.strip() for line in traceback.splitlines() if _RAISED.match(line)]
        return " ".join(unloaded) or (_RAISED.sub("", raised[-1]) if raised else "")

    @property
    def unloaded_libraries(self) -> tuple[str, ...]:
        """The CUDA libraries that JAX's plugin could not load, as they are called there: `cuPTI`."""
        return tuple(dict.fromkeys(match["library"] for match in _UNLOADED.finditer(self.plugin_error)))

    @property
    def cuda_failed(self) -> bool:
        """Whether torch, a build for CUDA, was asked and sees no GPU."""
        stage = self.stage(Available)
        return stage is not None and not stage.available

    @property
    def error_code(self) -> int:
        """The CUDA error in the reason; 0 if it names none."""
        match = _ERROR.search(self.reason)
        return int(match[1]) if match else 0

    @property
    def found_cuda(self) -> str:
        """The CUDA of a driver that torch calls too old; empty if it does not."""
        match = _TOO_OLD.search(self.reason)
        return cuda_in_words(int(match[1])) if match else ""

    @property
    def right_kernels(self) -> tuple[KernelRun, ...]:
        """The kernels that ran and gave the CPU's answer."""
        return tuple(each for each in self.stages_of(KernelRun) if each.right)

    @property
    def failed(self) -> bool:
        """Whether it ran and no computation on a GPU gave the right result."""
        return self.run is not None and not self.right_kernels

    @cached_property
    def kernel_trouble(self) -> str:
        """What the first GPU that failed has raised; what stood in the way before, if none was reached."""
        kernels = [each.message for each in self.stages_of(KernelRun) if not each.right]
        devices = [each.message for each in self.stages_of(DeviceSeen)]
        cudnn = [each.message for each in self.stages_of(CudnnRead)]
        found = next(filter(None, (*kernels, *devices, *cudnn)), "")
        return " ".join(found.split())

    def variable(self, name: str) -> str | None:
        """What a variable was set to as torch ran; None if it was not set."""
        return dict(self.run.variables).get(name) if self.run else None
