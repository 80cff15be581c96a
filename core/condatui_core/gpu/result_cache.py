"""What checks came to, on disk: with what each depends on, so that it is known whether it still holds."""

from __future__ import annotations

import hashlib
import logging
import os
from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path

import msgspec
from msgspec import Struct
from msgspec.structs import replace

import condatui_core
from condatui_core.conda.client import cache_file, recall_answer, remember_answer
from condatui_core.fs.safe_read import read_bounded
from condatui_core.gpu.probe.environ import probe_environ, reported_variables
from condatui_core.prefixes.cache import Stamps, stamp, stamps, too_fresh
from condatui_core.records.environment import Environment
from condatui_core.records.gpu import GpuResult
from condatui_core.records.gpu_probe import ImportFailed

_logger = logging.getLogger(__name__)

_FORMAT = 2
"""To be raised when the same facts lead to another verdict."""
_LARGEST = 64 << 10
"""Bytes of what the driver's module says of itself."""
_LASTING = ("works", "absent")


class Dependencies(Struct, frozen=True, array_like=True):
    """What the outcome of a check depends on: if one of these is another, the check has to be made again."""

    fingerprint: str
    prefix: bytes
    stamps: Stamps
    """Of the environment, and of torch/version.py."""
    driver: tuple[str, ...]
    """What the module in the kernel says, and the device files."""
    variables: tuple[tuple[str, str], ...]


class _Kept(Struct, frozen=True, array_like=True):
    dependencies: Dependencies
    result: GpuResult


class ResultCache:
    """Keeps the last result of each environment. Its methods read the disk: call them in a thread."""

    def __init__(
        self,
        directory: Path,
        *,
        environ: Mapping[str, str],
        clock: Callable[[], datetime],
        system: Path = Path("/"),
    ) -> None:
        self._directory = directory
        self._environ = environ
        self._clock = clock
        self._system = system
        self._fingerprint = _fingerprint()

    def dependencies(self, environment: Environment) -> Dependencies:
        """Look at all that a check of an environment depends on; to be called before the check, not after it."""
        prefix = environment.prefix
        variables = environment.contents.variables if environment.contents else ()
        found = stamps(prefix)
        versions = [f"{each.path}/torch/version.py" for each in found if each.path.endswith("/site-packages")]
        return Dependencies(
            fingerprint=self._fingerprint,
            prefix=os.fsencode(prefix),
            stamps=(*found, *stamp(prefix, versions)),
            driver=driver_mark(self._system),
            variables=reported_variables(self._environ, probe_environ(self._environ, prefix, variables)),
        )

    def keep(self, result: GpuResult, dependencies: Dependencies) -> None:
        """Keep a result. A cache that cannot be written is no reason to trouble anybody."""
        if not too_fresh(dependencies.stamps, int(self._clock().timestamp() * 1e9)):
            remember_answer(self._file(result.prefix), _Kept(dependencies, replace(result, from_cache=True)))

    def recall(self, environment: Environment) -> GpuResult | None:
        """The last result of an environment, marked as such; None if there is none or it does not hold any more."""
        kept = recall_answer(self._file(environment.prefix), _Kept)
        if kept is None:
            return None
        if kept.dependencies != self.dependencies(environment):
            _logger.debug("passed over the last result of %s: what it depends on has changed", environment.prefix)
            return None
        return kept.result

    def _file(self, prefix: str) -> Path:
        return cache_file(self._directory, prefix, "gpu")


def lasts(result: GpuResult) -> bool:
    """Whether a result that holds says all that a new check would: what hung on the driver may be otherwise by now."""
    main = result.main
    if main.verdict.kind in _LASTING:
        return True
    if not all(run.ended == "exited" and run.exit_code == 0 for run in main.runs):
        return False
    no_driver = result.driver is not None and not result.driver.present
    failed = any(isinstance(stage, ImportFailed) for run in main.runs for stage in run.stages)
    return no_driver or failed or (main.framework == "torch" and result.static.torch.kind == "cpu")


def driver_mark(system: Path) -> tuple[str, ...]:
    """What distinguishes one driver from another without asking it: a sick one would not answer."""
    try:
        module = read_bounded(str(system / "proc/driver/nvidia/version"), _LARGEST).decode("utf-8", "replace")
    except OSError:  # not loaded
        module = ""
    try:
        devices = sorted(name for name in os.listdir(system / "dev") if name.startswith(("nvidia", "dxg", "kfd")))
    except OSError:
        devices = []
    return (module, *devices)


def _fingerprint() -> str:
    """What must be the same for a result to be understood: its types down to each field, and the writing version."""
    types = repr(msgspec.inspect.type_info(GpuResult))
    return hashlib.sha256(f"{_FORMAT} {condatui_core.__version__} {types}".encode()).hexdigest()[:16]
