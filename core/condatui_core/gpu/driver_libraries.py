"""Asks the driver's own libraries, in a process that may hang or crash: one JSON line for each thing that is known.

Started by `driver`, as `driver_libraries cuda` or `driver_libraries nvml`.
"""

from __future__ import annotations

import ctypes
import json
import os
import re
import sys
from collections.abc import Callable, Iterator

_COMPUTE_MODES = ("Default", "Exclusive_Thread", "Prohibited", "Exclusive_Process")
_NAME_BYTES = 96
_INT = ctypes.c_int


class _Memory(ctypes.Structure):
    """nvmlMemory_t."""

    _fields_ = (("total", ctypes.c_ulonglong), ("free", ctypes.c_ulonglong), ("used", ctypes.c_ulonglong))


def ask_cuda() -> Iterator[dict[str, object]]:
    """Ask libcuda which CUDA it supports, which needs no GPU, and then whether it starts."""
    try:
        cuda = ctypes.CDLL("libcuda.so.1")
    except OSError as error:
        yield {"library_error": str(error)}
        return
    yield {"library": _loaded("libcuda.so")}
    version = _INT()
    if cuda.cuDriverGetVersion(ctypes.byref(version)) == 0:
        yield {"cuda": version.value}
    yield {"init_code": cuda.cuInit(0)}


def ask_nvml() -> Iterator[dict[str, object]]:
    """Ask NVML, which CUDA_VISIBLE_DEVICES does not concern, for the driver's version and its devices."""
    try:
        nvml = ctypes.CDLL("libnvidia-ml.so.1")
    except OSError:
        return
    code = nvml.nvmlInit_v2()
    yield {"nvml_code": code}
    if code:
        return
    yield {"nvml_driver": _text(nvml.nvmlSystemGetDriverVersion)}
    count = _INT()
    if nvml.nvmlDeviceGetCount_v2(ctypes.byref(count)) == 0:
        for index in range(count.value):
            handle = ctypes.c_void_p()
            if nvml.nvmlDeviceGetHandleByIndex_v2(index, ctypes.byref(handle)) == 0:
                yield {"device": _device(nvml, index, handle)}
                for uuid in _mig_instances(nvml, handle):
                    yield {"mig_instance": uuid}


def _device(nvml: ctypes.CDLL, index: int, handle: ctypes.c_void_p) -> dict[str, object]:
    memory = _Memory()
    major, minor, mode, pending, compute = _INT(), _INT(), _INT(), _INT(), _INT()
    remembered = _answered(nvml, "nvmlDeviceGetMemoryInfo", handle, ctypes.byref(memory))
    capable = _answered(nvml, "nvmlDeviceGetCudaComputeCapability", handle, ctypes.byref(major), ctypes.byref(minor))
    # Old drivers, and GPUs without MIG, do not have or support the call.
    mig = _answered(nvml, "nvmlDeviceGetMigMode", handle, ctypes.byref(mode), ctypes.byref(pending))
    moded = _answered(nvml, "nvmlDeviceGetComputeMode", handle, ctypes.byref(compute))
    known = moded and 0 <= compute.value < len(_COMPUTE_MODES)
    return {
        "index": index,
        "name": _text(lambda *room: nvml.nvmlDeviceGetName(handle, *room)),
        "uuid": _text(lambda *room: nvml.nvmlDeviceGetUUID(handle, *room)),
        "capability": (major.value, minor.value) if capable else None,
        "memory_bytes": memory.total if remembered else None,
        "free_bytes": memory.free if remembered else None,
        "mig": bool(mig and mode.value),
        "compute_mode": _COMPUTE_MODES[compute.value] if known else "",
    }


def _mig_instances(nvml: ctypes.CDLL, handle: ctypes.c_void_p) -> Iterator[str]:
    most = _INT()
    if not _answered(nvml, "nvmlDeviceGetMaxMigDeviceCount", handle, ctypes.byref(most)):
        return
    for index in range(most.value):
        instance = ctypes.c_void_p()
        if _answered(nvml, "nvmlDeviceGetMigDeviceHandleByIndex", handle, index, ctypes.byref(instance)):
            yield _text(lambda *room, mig=instance: nvml.nvmlDeviceGetUUID(mig, *room))


def _answered(nvml: ctypes.CDLL, name: str, *arguments: object) -> bool:
    """Call a function that a driver need not have."""
    function = getattr(nvml, name, None)
    return function is not None and function(*arguments) == 0


def _text(function: Callable[..., int]) -> str:
    room = ctypes.create_string_buffer(_NAME_BYTES)
    return room.value.decode("utf-8", "replace") if function(room, _NAME_BYTES) == 0 else ""


def _loaded(name: str) -> str:
    """The file that this process has loaded under a name, symlinks resolved."""
    try:
        with open("/proc/self/maps", encoding="utf-8", errors="surrogateescape") as maps:
            found = next((line.split(None, 5)[5].strip() for line in maps if re.search(rf"/{name}", line)), "")
    except OSError:
        return ""
    return os.path.realpath(found) if found else ""


def main() -> None:
    """Ask what the argument says."""
    ask = {"cuda": ask_cuda, "nvml": ask_nvml}[sys.argv[1]]
    for answer in ask():
        # At once: whatever is asked next may hang.
        os.write(1, json.dumps(answer).encode() + b"\n")
    os._exit(0)  # no clean-up of the driver's own, in which it may hang


if __name__ == "__main__":
    main()
