"""conda's names of platforms: `linux-64`, `osx-arm64`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from condatui_core.records.package import PackageRecord

_SYSTEMS = {"Linux": "linux", "Darwin": "osx", "Windows": "win"}
_MACHINES = {"x86_64": "64", "amd64": "64", "i386": "32", "i686": "32"}
_RUNS_TOO = (("linux-64", "linux-32"), ("osx-arm64", "osx-64"))
"""(machine, platform) pairs: a 64-bit Linux runs 32-bit programs, and Rosetta those for Intel Macs."""


def native_subdir(system: str, machine: str) -> str:
    """Turn what `platform.system()` and `platform.machine()` say into conda's directory: `linux-64`, `osx-arm64`."""
    return f"{_SYSTEMS.get(system, system.lower())}-{_MACHINES.get(machine.lower(), machine.lower())}"


def runs_programs_of(machine: str, platform: str) -> bool:
    """Whether a machine of one platform runs the programs of another, of which packages were built."""
    return machine == platform or (machine, platform) in _RUNS_TOO


def foreign_platform(packages: Iterable[PackageRecord], machine: str) -> str:
    """The platform that conda's packages, by most of them, were built for; empty if this machine runs their programs.

    `machine` is the platform of this machine.
    """
    platforms = Counter(each.subdir for each in packages if each.subdir and each.subdir != "noarch")
    built_for = platforms.most_common(1)[0][0] if platforms else machine
    return "" if runs_programs_of(machine, built_for) else built_for
