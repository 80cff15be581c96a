"""Which driver runs what was built for which CUDA.

The rule: CUDA's runtime refuses a driver (error 35) if and only if the driver's own CUDA has a smaller major number.
Within a major, a newer build runs on an older driver ("minor version compatibility"), except for what is compiled on
the spot from PTX. Newer drivers run everything older. Only cuda-compat on data-centre GPUs gets around it.

The figures are those of NVIDIA's CUDA Toolkit release notes, tables 2 and 3
(docs.nvidia.com/cuda/cuda-toolkit-release-notes, 13.2), and of docs.nvidia.com/deploy/cuda-compatibility, for Linux.
CUDA 10 had no minor version compatibility. There is no CUDA 12.7.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Literal

Fit = Literal["fine", "minor", "too-old"]

FULL_SUPPORT: tuple[tuple[str, str], ...] = (
    ("10.0", "410.48"),
    ("10.1", "418.39"),
    ("10.2", "440.33"),
    ("11.0", "450.51.05"),
    ("11.1", "455.23"),
    ("11.2", "460.27.03"),
    ("11.3", "465.19.01"),
    ("11.4", "470.42.01"),
    ("11.5", "495.29.05"),
    ("11.6", "510.39.01"),
    ("11.7", "515.43.04"),
    ("11.8", "520.61.05"),
    ("12.0", "525.60.13"),
    ("12.1", "530.30.02"),
    ("12.2", "535.54.03"),
    ("12.3", "545.23.06"),
    ("12.4", "550.54.14"),
    ("12.5", "555.42.02"),
    ("12.6", "560.28.03"),
    ("12.8", "570.26"),
    ("12.9", "575.51.03"),
    ("13.0", "580.65.06"),
    ("13.1", "590.44.01"),
    ("13.2", "595.45.04"),
)
"""(CUDA, the driver from which it is supported in full) pairs."""

_SMALLEST_DRIVER = {11: "450.80.02", 12: "525.60.13", 13: "580.65.06"}
"""The driver from which anything of a major runs."""

WHEELS = ("11.8", "12.1", "12.4", "12.6", "12.8", "12.9", "13.0")
"""The CUDA versions that PyTorch publishes wheels for, at download.pytorch.org/whl/cu118 and so on."""

_OLDEST_OF_13 = (7, 5)
_LAST_FOR_OLD_GPUS = "12.6"
_FIRST_FOR_BLACKWELL = "12.8"


def dotted(version: str) -> tuple[int, ...]:
    """Read `525.60.13` so that it can be compared; empty if it does not begin with a number."""
    match = re.match(r"\d+(?:\.\d+)*", version)
    return tuple(int(part) for part in match[0].split(".")) if match else ()


def cuda_in_words(number: int) -> str:
    """Spell a CUDA version as the driver counts it: 12080 is `12.8`."""
    return f"{number // 1000}.{number % 1000 // 10}"


def fit(build: str, driver: str) -> Fit:
    """Say whether a build for one CUDA runs on a driver that supports another; `minor` is within a major only."""
    wanted, given = dotted(build), dotted(driver)
    if not wanted or not given or given >= wanted[:2]:
        return "fine"
    if wanted[0] == given[0]:
        return "minor" if wanted[0] >= 11 else "too-old"
    return "too-old"


def smallest_driver(build: str) -> str:
    """The driver that at least is needed to run a build for a CUDA version; empty if unknown."""
    wanted = dotted(build)
    return _SMALLEST_DRIVER.get(wanted[0], "") if wanted and wanted[0] >= 11 else full_driver(build)


def full_driver(cuda: str) -> str:
    """The driver from which a CUDA version is supported in full; empty if unknown."""
    return dict(FULL_SUPPORT).get(".".join(map(str, dotted(cuda)[:2])), "")


def newest_cuda(driver: str) -> str:
    """The newest CUDA that a driver, by its own version, supports in full; empty if unknown."""
    given = dotted(driver)
    return next((cuda for cuda, needed in reversed(FULL_SUPPORT) if given and dotted(needed) <= given), "")


def wheel_for(driver_cuda: str, capability: tuple[int, int] | None) -> str:
    """Choose the CUDA of PyTorch's wheels for a driver and a GPU: `12.6`; empty if none will do.

    Volta and older were dropped after 12.6, Blackwell came with 12.8.
    """
    fitting = [cuda for cuda in _wheels_for(capability) if fit(cuda, driver_cuda) != "too-old"]
    whole = [cuda for cuda in fitting if fit(cuda, driver_cuda) == "fine"]
    same_major = [cuda for cuda in fitting if dotted(cuda)[:1] == dotted(driver_cuda)[:1]]
    best = [cuda for cuda in whole if cuda in same_major] or same_major[:1] or whole
    return best[-1] if best else ""


def newest_build(driver_cuda: str, capability: tuple[int, int] | None) -> str:
    """The newest CUDA that a build for a driver and a GPU may be for."""
    old_gpu = capability is not None and capability < _OLDEST_OF_13
    return _LAST_FOR_OLD_GPUS if old_gpu and dotted(driver_cuda) > dotted(_LAST_FOR_OLD_GPUS) else driver_cuda


def _wheels_for(capability: tuple[int, int] | None) -> Iterator[str]:
    for cuda in WHEELS:
        too_new = capability is not None and capability < _OLDEST_OF_13 and dotted(cuda) > dotted(_LAST_FOR_OLD_GPUS)
        too_old = capability is not None and capability >= (10, 0) and dotted(cuda) < dotted(_FIRST_FOR_BLACKWELL)
        if not too_new and not too_old:
            yield cuda
