"""The variables that a probe runs with: those of the user, without what would spoil its answer."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping

from condatui_core.records.gpu_probe import Variant

_LIBRARY_PATH = "LD_LIBRARY_PATH"
_VISIBLE_DEVICES = "CUDA_VISIBLE_DEVICES"

_LEFT_OUT = frozenset(
    (
        "PYTHONHOME",
        "PYTHONPATH",
        "PYTHONSTARTUP",
        "LD_PRELOAD",
        "PYTORCH_NVML_BASED_CUDA_CHECK",  # lets torch say yes where the driver is too old
        "CUDA_LAUNCH_BLOCKING",
        "COLUMNS",
        "LINES",
    )
)
_ADDED = {
    "OMP_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "PYTHONDONTWRITEBYTECODE": "1",  # for the Pythons that a framework starts; the probe itself gets -B anyway
    "PYTHONIOENCODING": "utf-8",
    "TF_CPP_MIN_LOG_LEVEL": "2",
    "TF_FORCE_GPU_ALLOW_GROWTH": "true",
    "XLA_PYTHON_CLIENT_PREALLOCATE": "false",  # JAX takes three quarters of a GPU otherwise
}
_REPORTED = (
    _VISIBLE_DEVICES,
    "CUDA_DEVICE_ORDER",
    "HIP_VISIBLE_DEVICES",
    "ROCR_VISIBLE_DEVICES",
    _LIBRARY_PATH,
)
_REPORTED_THOUGH_REMOVED = ("LD_PRELOAD", "PYTORCH_NVML_BASED_CUDA_CHECK")
_WITHOUT: Mapping[Variant, str] = {
    "no-ld-library-path": _LIBRARY_PATH,
    "no-cuda-visible-devices": _VISIBLE_DEVICES,
}


def probe_environ(
    environ: Mapping[str, str], prefix: str, variables: Iterable[tuple[str, str]] = (), *, variant: Variant = "as-is"
) -> dict[str, str]:
    """The variables as activation would leave them, as far as a framework can tell; no script of activation is run.

    `variables` are those that the environment sets by `conda env config vars`.
    """
    seen = {name: value for name, value in environ.items() if name not in _LEFT_OUT}
    path = os.pathsep.join(filter(None, (os.path.join(prefix, "bin"), environ.get("PATH"))))
    seen |= {"PATH": path, "CONDA_PREFIX": prefix}
    seen |= {name: value for name, value in variables if _can_be_set(name, value)}
    seen |= _ADDED
    if variant in _WITHOUT:
        seen.pop(_WITHOUT[variant], None)
    return seen


def reported_variables(environ: Mapping[str, str], probed: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    """The variables that explain what a framework sees; of those that were removed, their values before."""
    kept = ((name, probed[name]) for name in _REPORTED if name in probed)
    removed = ((name, environ[name]) for name in _REPORTED_THOUGH_REMOVED if name in environ and name not in probed)
    return (*kept, *removed)


def _can_be_set(name: str, value: str) -> bool:
    """Whether this can be a variable: a damaged file may hold anything."""
    return bool(name) and "=" not in name and "\0" not in name + value
