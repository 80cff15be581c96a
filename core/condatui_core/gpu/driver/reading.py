"""The NVIDIA driver of this machine: read in processes of their own, for whoever asks a sick one may hang or crash."""

from __future__ import annotations

import asyncio
import os
import re
import shutil
import time
from collections.abc import Mapping, Sequence

import msgspec
from msgspec import Struct

from condatui_core.conda.process_group import STDERR, STDOUT, Output, run_group
from condatui_core.gpu.cuda_versions import cuda_in_words
from condatui_core.gpu.driver.files import DriverFiles, read_driver_files
from condatui_core.gpu.driver.smi import is_too_new, parse_smi, smi_argv
from condatui_core.own_process import own_argv, own_environ
from condatui_core.records.gpu import Device, Driver

_LIBRARIES = "condatui_core.gpu.driver.libraries"
_SECONDS = 10.0
_GRACE = 2.0
"""Seconds from SIGTERM to SIGKILL, and from there until a process is given up that hangs in the kernel."""
_MOST_BYTES = 1 << 20
_MOST_WORDS = 2000
_HIDING = ("CUDA_VISIBLE_DEVICES", "NVIDIA_VISIBLE_DEVICES")
"""What makes the driver hide devices: this is about the machine, not about one shell."""


class Said(Struct, frozen=True, kw_only=True):
    """What was written by a process, and how it ended."""

    stdout: str = ""
    stderr: str = ""
    exit_code: int | None = None
    """None if it was not started, or had to be ended."""
    timed_out: bool = False


class _Told(Struct, frozen=True, kw_only=True):
    """What the driver's libraries have told, all lines together."""

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

    Whoever does not answer within so many seconds is ended, or left to the kernel if it cannot be. `root` is where
    /proc, /sys and /dev begin.
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


async def _query(smi: str | None, environ: Mapping[str, str], seconds: float) -> Said | None:
    if smi is None:
        return None
    said = await _run(smi_argv(smi), environ, seconds)
    return await _run(smi_argv(smi, older=True), environ, seconds) if is_too_new(said.stdout + said.stderr) else said


async def _run(argv: Sequence[str], environ: Mapping[str, str], seconds: float) -> Said:
    output = Output(_MOST_BYTES)
    exit_code, timed_out = None, False
    try:
        exit_code = await run_group(argv, environ, seconds=seconds, grace=_GRACE, output=output)
    except asyncio.TimeoutError:
        timed_out = True
    except OSError as error:
        return Said(stderr=str(error))
    written = [output.written[each].decode("utf-8", "replace") for each in (STDOUT, STDERR)]
    return Said(stdout=written[0], stderr=written[1], exit_code=exit_code, timed_out=timed_out)


def _driver(files: DriverFiles, cuda: Said, nvml: Said, smi: Said | None, *, seconds: float) -> Driver:
    told = _told(cuda.stdout + nvml.stdout)
    devices, smi_driver = parse_smi(smi.stdout) if smi else ((), "")
    asked = {"libcuda": cuda, "NVML": nvml, **({"nvidia-smi": smi} if smi else {})}
    return Driver(
        version=files.kernel_version or told.nvml_driver or smi_driver,
        kernel_version=files.kernel_version,
        library_version=_library_version(told.library),
        library=told.library,
        library_error=told.library_error,
        cuda=cuda_in_words(told.cuda) if told.cuda else "",
        init_code=told.init_code,
        nvml_code=told.nvml_code,
        smi_code=smi.exit_code if smi else None,
        smi_text=_words(smi) if smi and smi.exit_code else "",
        devices=told.devices or devices,
        mig_instances=told.mig_instances,
        hardware=files.hardware,
        amd_hardware=files.amd_hardware,
        device_files=files.device_files,
        wsl=files.wsl,
        timed_out=any(said.timed_out for said in asked.values()),
        error=", ".join(filter(None, (_trouble(name, said) for name, said in asked.items()))),
        seconds=seconds,
    )


def _told(written: str) -> _Told:
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
    return msgspec.convert(merged, _Told)


def _library_version(path: str) -> str:
    match = re.fullmatch(r"libcuda\.so\.(\d+\.\d+(?:\.\d+)?)", os.path.basename(path))
    return match[1] if match else ""


def _words(said: Said) -> str:
    return " ".join((said.stdout + said.stderr).split())[:_MOST_WORDS]


def _trouble(name: str, said: Said) -> str:
    if said.timed_out:
        return f"{name} did not answer"
    if said.exit_code is not None and said.exit_code < 0:
        return f"{name} crashed whoever asked it (signal {-said.exit_code})"
    return ""


_LINE = msgspec.json.Decoder(dict[str, object])
