"""conda's names of platforms."""

from __future__ import annotations

_SYSTEMS = {"Linux": "linux", "Darwin": "osx", "Windows": "win"}
_MACHINES = {"x86_64": "64", "amd64": "64", "i386": "32", "i686": "32"}


def native_subdir(system: str, machine: str) -> str:
    """Turn what `platform.system()` and `platform.machine()` say into conda's directory: `linux-64`, `osx-arm64`."""
    return f"{_SYSTEMS.get(system, system.lower())}-{_MACHINES.get(machine.lower(), machine.lower())}"
