"""conda's names of platforms: `linux-64`, `osx-arm64`."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from operator import attrgetter

from condatui_core.records.package import PackageRecord

_SYSTEMS = {"Linux": "linux", "Darwin": "osx", "Windows": "win"}
_MACHINES = {"x86_64": "64", "amd64": "64", "i386": "32", "i686": "32"}
_IN_NAME = re.compile(r"(?:^|[_-])(?:linux|osx|win)-(?:32|64|aarch64|arm64|ppc64le|s390x)$")
_RUNTIMES = re.compile(
    r"_(?:libgcc|openmp)_mutex|_x86_64-microarch-level|lib(?:gcc|stdcxx|gfortran)(?:-ng|-devel|\d)?|libgomp|libnsl"
    r"|libxcrypt\d*|libuuid|libudev\d*|libcap|libsystemd\d*|libcxx(?:abi)?|libsanitizer|alsa-lib|pthread-stubs|elfutils"
    r"|xorg-.+|glibc|keyutils|libdrm|libva|libselinux.*|ucrt|vc|vc\d+_runtime|vs20\d\d_runtime|vcomp14|m2w64-.+|msys2-.+"
    r"|pywin32|pywinpty|pyobjc-.+|appnope|patchelf|tapi|cctools.*|ld64.*"
)
"""The runtimes of compilers, and what only one system has: each platform has others."""
_RUNS_TOO = (("linux-64", "linux-32"), ("osx-arm64", "osx-64"))
"""(machine, platform) pairs: a 64-bit Linux runs 32-bit programs, and Rosetta those for Intel Macs."""


def native_subdir(system: str, machine: str) -> str:
    """Turn what `platform.system()` and `platform.machine()` say into conda's directory: `linux-64`, `osx-arm64`."""
    return f"{_SYSTEMS.get(system, system.lower())}-{_MACHINES.get(machine.lower(), machine.lower())}"


def runs_programs_of(machine: str, platform: str) -> bool:
    """Whether a machine of one platform runs the programs of another, of which packages were built."""
    return machine == platform or (machine, platform) in _RUNS_TOO


def is_bound_to_platform(package: PackageRecord) -> bool:
    """Whether only its platform has a package, as far as its name tells: a file for other platforms leaves it out."""
    if package.subdir == "noarch" and not _IN_NAME.search(package.name):
        return False
    return bool(_IN_NAME.search(package.name) or _RUNTIMES.fullmatch(package.name))


def main_platform(packages: Iterable[PackageRecord]) -> str:
    """The platform that most of the packages were built for; empty if all are for any."""
    platforms = Counter(map(attrgetter("subdir"), packages))
    for independent in ("", "noarch"):
        platforms.pop(independent, None)
    return min(platforms, key=lambda each: (-platforms[each], each), default="")


def foreign_platform(packages: Iterable[PackageRecord], machine: str) -> str:
    """The platform that conda's packages, by most of them, were built for; empty if this machine runs their programs.

    `machine` is the platform of this machine.
    """
    built_for = main_platform(packages) or machine
    return "" if runs_programs_of(machine, built_for) else built_for
