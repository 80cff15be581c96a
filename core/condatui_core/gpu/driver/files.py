"""What the kernel's files say of GPUs: nothing here can hang, for no driver is asked."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator

from msgspec import Struct

from condatui_core.bounded_read import read_bounded

_LARGEST = 1 << 16
_MODULE = re.compile(r"Kernel Module(?: for \S+)?\s+(\d+\.\d+(?:\.\d+)?)")
_NVIDIA, _DISPLAY = "0x10de", "0x03"
"""The vendor, and how the class of anything begins that draws or computes."""
_DEVICE_FILE = re.compile(r"nvidia.*|dxg")


class DriverFiles(Struct, frozen=True, kw_only=True):
    """What is in /proc, /sys and /dev."""

    kernel_version: str = ""
    hardware: bool | None = None
    """Whether an NVIDIA GPU is on the PCI bus; None if that cannot be seen."""
    amd_hardware: bool = False
    device_files: tuple[str, ...] = ()
    wsl: bool = False


def read_driver_files(root: str = "/") -> DriverFiles:
    """Read them; `root` is where the file system begins."""
    devices = tuple(sorted(name for name in _names(os.path.join(root, "dev")) if _DEVICE_FILE.fullmatch(name)))
    return DriverFiles(
        kernel_version=_kernel_version(root),
        hardware=_on_bus(os.path.join(root, "sys/bus/pci/devices")),
        amd_hardware=os.path.exists(os.path.join(root, "dev/kfd")),
        device_files=tuple(f"/dev/{name}" for name in devices),
        wsl="dxg" in devices,
    )


def _kernel_version(root: str) -> str:
    match = _MODULE.search(_read(os.path.join(root, "proc/driver/nvidia/version")))
    return match[1] if match else _read(os.path.join(root, "sys/module/nvidia/version")).strip()


def _on_bus(directory: str) -> bool | None:
    devices = [os.path.join(directory, name) for name in _names(directory)]
    if not devices:
        return None
    return any(
        _read(f"{each}/vendor").strip() == _NVIDIA and _read(f"{each}/class").startswith(_DISPLAY) for each in devices
    )


def _names(directory: str) -> Iterator[str]:
    try:
        yield from os.listdir(directory)
    except OSError:
        return


def _read(path: str) -> str:
    try:
        return read_bounded(path, _LARGEST).decode("utf-8", "replace")
    except OSError:
        return ""
