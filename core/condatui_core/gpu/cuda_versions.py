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
from collections.abc import Sequence
from typing import Literal

from msgspec import Struct

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


class WheelIndex(Struct, frozen=True):
    """One of PyTorch's indexes of wheels, such as download.pytorch.org/whl/cu126, and what it has builds of."""

    cuda: str
    first: str
    """The first minor version of PyTorch that it has."""
    last: str
    """The last one; that of the newest PyTorch known here stands for all later ones."""


# As of November 2026, when PyTorch 2.14 was the newest. Up to 2.8 from PyTorch's release compatibility matrix
# (RELEASE.md in its repository), 2.13 and 2.14 from the table of releases in the wheels' own torch/cuda/__init__.py;
# 2.9 to 2.12 were put together from announcements and have not been checked against the index.
WHEELS: tuple[WheelIndex, ...] = (
    WheelIndex("11.3", "1.12", "1.12"),
    WheelIndex("11.6", "1.12", "1.13"),
    WheelIndex("11.7", "1.13", "2.0"),
    WheelIndex("11.8", "2.0", "2.7"),
    WheelIndex("12.1", "2.1", "2.5"),
    WheelIndex("12.4", "2.4", "2.6"),
    WheelIndex("12.6", "2.6", "2.14"),
    WheelIndex("12.8", "2.7", "2.11"),
    WheelIndex("12.9", "2.8", "2.8"),
    WheelIndex("12.9", "2.13", "2.13"),
    WheelIndex("13.0", "2.9", "2.14"),
    WheelIndex("13.2", "2.12", "2.14"),
    WheelIndex("13.4", "2.14", "2.14"),
)
"""PyTorch's indexes, by their CUDA."""
_NEWEST_TORCH = (2, 14)


class Wheel(Struct, frozen=True):
    """Which build of PyTorch to take, and how that changes the version that is installed."""

    cuda: str
    version: str
    """The installed one, or `2.7.*`; empty if none is installed that an index could have."""
    change: Literal["", "downgrade", "upgrade"] = ""


_OLDEST_OF_13 = (7, 5)
_LAST_FOR_OLD_GPUS = "12.6"
_FIRST_BUILDS = (((10, 0), "12.8"), ((9, 0), "11.8"))
"""(capability, the first CUDA that compiles for it) pairs: Blackwell, Hopper."""


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


def wheel_for(
    driver_cuda: str, capability: tuple[int, int] | None, version: str = "", *, whole: bool = False, until: str = ""
) -> Wheel | None:
    """Choose the build of PyTorch for a driver and a GPU that keeps the installed version, or else comes nearest to it.

    Within a major of CUDA a build may be newer than the driver, unless the driver must support it as a `whole`. `until`
    is the last version to be had, for channels that have ended. None if no build runs on this driver and GPU.
    """
    indexes = [_cut(index, until) for index in WHEELS if not until or dotted(index.first) <= dotted(until)]
    fits = [index for index in indexes if _runs(index.cuda, driver_cuda, capability, whole=whole)]
    release = dotted(version)[:2] if re.fullmatch(r"\d+(\.\d+)+", version) else ()
    if not fits:
        return None
    if not release:
        return Wheel(_best(_newest(fits), driver_cuda).cuda, "")
    if keeping := [index for index in fits if _has(index, release)]:
        return Wheel(_best(keeping, driver_cuda).cuda, version)
    if older := [index for index in fits if dotted(index.last) < release]:
        best = _best(_newest(older), driver_cuda)
        return Wheel(best.cuda, f"{best.last}.*", "downgrade")
    oldest = min(dotted(index.first) for index in fits)
    best = _best([index for index in fits if dotted(index.first) == oldest], driver_cuda)
    return Wheel(best.cuda, f"{best.first}.*", "upgrade")


def newest_build(driver_cuda: str, capability: tuple[int, int] | None) -> str:
    """The newest CUDA that a build for a driver and a GPU may be for."""
    old_gpu = capability is not None and capability < _OLDEST_OF_13
    return _LAST_FOR_OLD_GPUS if old_gpu and dotted(driver_cuda) > dotted(_LAST_FOR_OLD_GPUS) else driver_cuda


def _runs(cuda: str, driver_cuda: str, capability: tuple[int, int] | None, *, whole: bool) -> bool:
    """Whether a build runs. Volta and older were dropped after CUDA 12.6."""
    too_new = capability is not None and capability < _OLDEST_OF_13 and dotted(cuda) > dotted(_LAST_FOR_OLD_GPUS)
    first = next((first for since, first in _FIRST_BUILDS if capability is not None and capability >= since), "")
    too_old = dotted(cuda) < dotted(first)
    return not too_new and not too_old and fit(cuda, driver_cuda) in (("fine",) if whole else ("fine", "minor"))


def _has(index: WheelIndex, release: tuple[int, ...]) -> bool:
    known = min(release, _NEWEST_TORCH)
    return dotted(index.first) <= known <= dotted(index.last)


def _cut(index: WheelIndex, until: str) -> WheelIndex:
    ended = until and dotted(index.last) > dotted(until)
    return WheelIndex(index.cuda, index.first, until) if ended else index


def _newest(indexes: Sequence[WheelIndex]) -> list[WheelIndex]:
    """Those that have the newest PyTorch."""
    newest = max(dotted(index.last) for index in indexes)
    return [index for index in indexes if dotted(index.last) == newest]


def _best(indexes: Sequence[WheelIndex], driver_cuda: str) -> WheelIndex:
    """The one that is nearest to the driver: the newest it supports as a whole, of its major where there is one."""
    same_major = [index for index in indexes if dotted(index.cuda)[:1] == dotted(driver_cuda)[:1]]
    supported = [index for index in same_major or indexes if fit(index.cuda, driver_cuda) == "fine"]
    return supported[-1] if supported else (same_major or indexes)[0]
