"""An NVIDIA driver of the tests' own: `libcuda.so.1` and `libnvidia-ml.so.1`, whose answers come from the environment.

| variable              | what                                                                        |
| --------------------- | --------------------------------------------------------------------------- |
| `STUB_CUDA_VERSION`   | what cuDriverGetVersion says: 12080 unless set                              |
| `STUB_CUDA_INIT`      | what cuInit answers: 0 unless set                                           |
| `STUB_CUDA_COUNT`     | how many devices there are: 1 unless set                                    |
| `STUB_CUDA_HANG`      | seconds that cuInit takes, SIGTERM ignored                                  |
| `STUB_CUDA_CRASH`     | cuInit dies of a SIGSEGV                                                    |
| `STUB_NVML_INIT`      | what nvmlInit answers: 0 unless set                                         |
| `STUB_NVML_DRIVER`    | the driver's version: 570.86.15 unless set                                  |
| `STUB_NVML_MIG`       | MIG mode is on, and there is one instance, `MIG-0`                          |
| `STUB_NVML_MODE`      | the compute mode: 0 unless set, 3 is exclusive                              |

Use it by LD_LIBRARY_PATH. The library's file is called `libcuda.so.570.86.15`, as a driver's is.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

VERSION = "570.86.15"
"""Of the driver that the library belongs to."""

_CUDA = r"""
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

static int number(const char *name, int otherwise) {
    const char *value = getenv(name);
    return value ? atoi(value) : otherwise;
}

int cuDriverGetVersion(int *version) { *version = number("STUB_CUDA_VERSION", 12080); return 0; }

int cuInit(unsigned flags) {
    int seconds = number("STUB_CUDA_HANG", 0);
    if (seconds) signal(SIGTERM, SIG_IGN);
    while (seconds-- > 0) sleep(1);
    if (number("STUB_CUDA_CRASH", 0)) raise(SIGSEGV);
    return number("STUB_CUDA_INIT", 0);
}

int cuDeviceGetCount(int *count) { *count = number("STUB_CUDA_COUNT", 1); return 0; }
"""

_NVML = r"""
#include <stdio.h>
#include <stdlib.h>

typedef struct { unsigned long long total, free, used; } Memory;

static int number(const char *name, int otherwise) {
    const char *value = getenv(name);
    return value ? atoi(value) : otherwise;
}

int nvmlInit_v2(void) { return number("STUB_NVML_INIT", 0); }

int nvmlSystemGetDriverVersion(char *room, unsigned length) {
    const char *version = getenv("STUB_NVML_DRIVER");
    snprintf(room, length, "%s", version ? version : "570.86.15");
    return 0;
}

int nvmlDeviceGetCount_v2(int *count) { *count = number("STUB_CUDA_COUNT", 1); return 0; }
int nvmlDeviceGetHandleByIndex_v2(int index, void **handle) { *handle = (void *)(long)(index + 1); return 0; }
int nvmlDeviceGetName(void *device, char *room, unsigned length) { snprintf(room, length, "NVIDIA H200"); return 0; }

int nvmlDeviceGetUUID(void *device, char *room, unsigned length) {
    long index = (long)device;
    if (index >= 100) snprintf(room, length, "MIG-%ld", index - 100);
    else snprintf(room, length, "GPU-%ld", index - 1);
    return 0;
}

int nvmlDeviceGetMemoryInfo(void *device, Memory *memory) {
    memory->total = 150754820096ULL; memory->free = 150000000000ULL; memory->used = 754820096ULL;
    return 0;
}

int nvmlDeviceGetCudaComputeCapability(void *device, int *major, int *minor) { *major = 9; *minor = 0; return 0; }

int nvmlDeviceGetMigMode(void *device, int *mode, int *pending) {
    *mode = *pending = number("STUB_NVML_MIG", 0);
    return 0;
}

int nvmlDeviceGetComputeMode(void *device, int *mode) { *mode = number("STUB_NVML_MODE", 0); return 0; }
int nvmlDeviceGetMaxMigDeviceCount(void *device, int *count) { *count = number("STUB_NVML_MIG", 0) ? 7 : 0; return 0; }

int nvmlDeviceGetMigDeviceHandleByIndex(void *device, int index, void **handle) {
    *handle = (void *)(long)(100 + index);
    return index == 0 && number("STUB_NVML_MIG", 0) ? 0 : 6;
}
"""


def build_stub_cuda(directory: Path) -> Path:
    """Build both libraries with the C compiler of this machine; returns the directory, for LD_LIBRARY_PATH."""
    if shutil.which("cc") is None and not os.environ.get("CI"):
        pytest.skip("there is no C compiler to build a driver with")
    directory.mkdir(parents=True, exist_ok=True)
    for name, version, source in (("libcuda", VERSION, _CUDA), ("libnvidia-ml", VERSION, _NVML)):
        code, library = directory / f"{name}.c", directory / f"{name}.so.{version}"
        code.write_text(source)
        command = ["cc", "-shared", "-fPIC", "-o", str(library), str(code), f"-Wl,-soname,{name}.so.1"]
        subprocess.run(command, check=True, capture_output=True, timeout=60)
        (directory / f"{name}.so.1").symlink_to(library.name)
    return directory
