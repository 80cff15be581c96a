"""The NVIDIA driver of this machine, read without trusting it: kernel files, nvidia-smi, and its own libraries."""

from __future__ import annotations

import asyncio
import csv
import os
import re
import shutil
import time
from collections.abc import Iterator, Mapping, Sequence

import msgspec
from msgspec import Struct

from condatui_core.fs.safe_read import read_bounded
from condatui_core.gpu.cuda_versions import cuda_in_words
from condatui_core.proc.child import (
    STDERR,
    STDOUT,
    ChildNotStartedError,
    ChildTimedOutError,
    ChildWroteTooMuchError,
    Output,
    own_argv,
    own_environ,
)
from condatui_core.proc.runner import run_to_end
from condatui_core.records.gpu import Device, Driver

# What the kernel's files say of GPUs: nothing here can hang, for no driver is asked.


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
    uvm_loaded: bool | None = None
    """Whether the kernel module nvidia_uvm is loaded; None if the modules cannot be seen."""
    wsl: bool = False


def read_driver_files(root: str = "/") -> DriverFiles:
    """Read them; `root` is where the file system begins."""
    devices = tuple(sorted(name for name in _names(os.path.join(root, "dev")) if _DEVICE_FILE.fullmatch(name)))
    return DriverFiles(
        kernel_version=_kernel_version(root),
        hardware=_on_bus(os.path.join(root, "sys/bus/pci/devices")),
        amd_hardware=os.path.exists(os.path.join(root, "dev/kfd")),
        device_files=tuple(f"/dev/{name}" for name in devices),
        uvm_loaded=_uvm_loaded(root),
        wsl="dxg" in devices,
    )


def _kernel_version(root: str) -> str:
    match = _MODULE.search(_read(os.path.join(root, "proc/driver/nvidia/version")))
    return match[1] if match else _read(os.path.join(root, "sys/module/nvidia/version")).strip()


def _uvm_loaded(root: str) -> bool | None:
    modules = set(_names(os.path.join(root, "sys/module")))
    return "nvidia_uvm" in modules if modules else None


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


# nvidia-smi, asked for fields: its banner changes from driver to driver.


_MIB = 1 << 20
_FIELDS = (
    "index",
    "uuid",
    "name",
    "driver_version",
    "memory.total",
    "memory.free",
    "mig.mode.current",
    "compute_mode",
    "compute_cap",
)
_OLDER = _FIELDS[:-1]
"""What a driver before 510 knows."""
_UNKNOWN_FIELD = "not a valid field"


def smi_argv(executable: str, *, older: bool = False) -> tuple[str, ...]:
    """The query; `older` is for drivers that do not know the compute capability."""
    fields = ",".join(_OLDER if older else _FIELDS)
    return (executable, f"--query-gpu={fields}", "--format=csv,noheader,nounits")


def is_too_new(text: str) -> bool:
    """Whether nvidia-smi says that it does not know one of the fields."""
    return _UNKNOWN_FIELD in text


def parse_smi(text: str) -> tuple[tuple[Device, ...], str]:
    """Read its answer: the devices, and the version of the driver; lines that are none are passed over."""
    rows = [row for row in csv.reader(text.splitlines(), skipinitialspace=True) if len(row) >= len(_OLDER)]
    return tuple(_devices(rows)), rows[0][3].strip() if rows else ""


def _devices(rows: Sequence[Sequence[str]]) -> Iterator[Device]:
    for row in rows:
        index, uuid, name, _, total, free, mig, mode, *capability = (each.strip() for each in row)
        if index.isdigit():
            yield Device(
                index=int(index),
                uuid=uuid,
                name=name,
                capability=_capability(capability[0]) if capability else None,
                memory_bytes=int(total) * _MIB if total.isdigit() else None,
                free_bytes=int(free) * _MIB if free.isdigit() else None,
                mig=mig == "Enabled",
                compute_mode="" if mode.startswith("[") else mode,
            )


def _capability(text: str) -> tuple[int, int] | None:
    major, _, minor = text.partition(".")
    return (int(major), int(minor)) if major.isdigit() and minor.isdigit() else None


# The NVIDIA driver of this machine: read in processes of their own, which a sick driver may hang or crash.


_LIBRARIES = "condatui_core.gpu.driver_libraries"
_SECONDS = 10.0
_GRACE = 2.0
"""Seconds from SIGTERM to SIGKILL: a driver may need longer than other programs to let go."""
_MOST_BYTES = 1 << 20
_MOST_WORDS = 2000
_HIDING = ("CUDA_VISIBLE_DEVICES", "NVIDIA_VISIBLE_DEVICES")
"""What makes the driver hide devices: this is about the machine, not about one shell."""


class DriverAnswer(Struct, frozen=True, kw_only=True):
    """What was written by a process, and how it ended."""

    stdout: str = ""
    stderr: str = ""
    exit_code: int | None = None
    """None if it was not started, or had to be ended."""
    timed_out: bool = False

    @property
    def crashed(self) -> bool:
        """Whether a signal ended the process, which condatui did not send."""
        return self.exit_code is not None and self.exit_code < 0 and not self.timed_out


class _DriverOutput(Struct, frozen=True, kw_only=True):
    """What the driver's libraries have answered, all lines together."""

    library: str = ""
    library_error: str = ""
    cuda: int = 0
    init_code: int | None = None
    nvml_code: int | None = None
    nvml_driver: str = ""
    devices: tuple[Device, ...] = ()
    mig_instances: tuple[str, ...] = ()


async def read_driver(environ: Mapping[str, str], *, seconds: float = _SECONDS, root: str = "/") -> Driver:
    """Read all that can be known of the driver; never raises for what it finds.

    A process that does not answer within so many seconds is ended, or left to the kernel if it cannot be. `root` is
    where /proc, /sys and /dev begin.
    """
    started = time.monotonic()
    variables = {name: value for name, value in environ.items() if name not in _HIDING}
    smi = shutil.which("nvidia-smi", path=variables.get("PATH"))
    own = own_environ(variables)
    files, cuda, nvml, queried = await asyncio.gather(
        asyncio.to_thread(read_driver_files, root),
        _run(own_argv(_LIBRARIES, "cuda"), own, seconds),
        _run(own_argv(_LIBRARIES, "nvml"), own, seconds),
        _query(smi, variables, seconds),
    )
    return _driver(files, cuda, nvml, queried, seconds=time.monotonic() - started)


async def _query(smi: str | None, environ: Mapping[str, str], seconds: float) -> DriverAnswer | None:
    if smi is None:
        return None
    answer = await _run(smi_argv(smi), environ, seconds)
    return (
        await _run(smi_argv(smi, older=True), environ, seconds) if is_too_new(answer.stdout + answer.stderr) else answer
    )


async def _run(argv: Sequence[str], environ: Mapping[str, str], seconds: float) -> DriverAnswer:
    output = Output(_MOST_BYTES)
    exit_code, timed_out = None, False
    try:
        exit_code = await run_to_end(argv, environ, output, seconds=seconds, grace=_GRACE)
    except ChildTimedOutError:
        timed_out = True
    except ChildWroteTooMuchError:
        pass  # what it wrote until then may do
    except ChildNotStartedError as error:
        return DriverAnswer(stderr=str(error))
    stdout, stderr = (output.written[each].decode("utf-8", "replace") for each in (STDOUT, STDERR))
    return DriverAnswer(stdout=stdout, stderr=stderr, exit_code=exit_code, timed_out=timed_out)


def _driver(
    files: DriverFiles, cuda: DriverAnswer, nvml: DriverAnswer, smi: DriverAnswer | None, *, seconds: float
) -> Driver:
    libraries = _merged(cuda.stdout + nvml.stdout)
    devices, smi_driver = parse_smi(smi.stdout) if smi else ((), "")
    asked = {"libcuda": cuda, "NVML": nvml, **({"nvidia-smi": smi} if smi else {})}
    return Driver(
        version=files.kernel_version or libraries.nvml_driver or smi_driver,
        kernel_version=files.kernel_version,
        library_version=_library_version(libraries.library),
        library=libraries.library,
        library_error=libraries.library_error,
        cuda=cuda_in_words(libraries.cuda) if libraries.cuda else "",
        init_code=libraries.init_code,
        nvml_code=libraries.nvml_code,
        smi_code=smi.exit_code if smi else None,
        smi_text=_words(smi) if smi and smi.exit_code else "",
        devices=libraries.devices or devices,
        mig_instances=libraries.mig_instances,
        hardware=files.hardware,
        amd_hardware=files.amd_hardware,
        device_files=files.device_files,
        uvm_loaded=files.uvm_loaded,
        wsl=files.wsl,
        timed_out=any(answer.timed_out for answer in asked.values()),
        crashed=any(answer.crashed for answer in asked.values()),
        error=", ".join(filter(None, (_trouble(name, answer) for name, answer in asked.items()))),
        seconds=seconds,
    )


def _merged(written: str) -> _DriverOutput:
    """Put the lines together; the last one may be half written, or be something that the driver itself printed."""
    merged: dict[str, object] = {}
    listed: dict[str, list[object]] = {"device": [], "mig_instance": []}
    for line in written.splitlines():
        try:
            fields = _LINE.decode(line)
        except msgspec.DecodeError:
            continue
        for name, value in fields.items():
            if name in listed:
                listed[name].append(value)
            else:
                merged[name] = value
    merged |= {f"{name}s": values for name, values in listed.items()}
    return msgspec.convert(merged, _DriverOutput)


def _library_version(path: str) -> str:
    match = re.fullmatch(r"libcuda\.so\.(\d+\.\d+(?:\.\d+)?)", os.path.basename(path))
    return match[1] if match else ""


def _words(answer: DriverAnswer) -> str:
    return " ".join((answer.stdout + answer.stderr).split())[:_MOST_WORDS]


def _trouble(name: str, answer: DriverAnswer) -> str:
    if answer.timed_out:
        return f"{name} did not answer"
    if answer.crashed:
        return f"{name} crashed when asked (signal {-(answer.exit_code or 0)})"
    return ""


_LINE = msgspec.json.Decoder(dict[str, object])
