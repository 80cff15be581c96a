"""What a probe of the GPU runs with: its variables, and a directory of its own."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Iterable, Mapping
from contextlib import suppress
from typing import BinaryIO

import msgspec

from condatui_core.errors import CondatuiError
from condatui_core.fs.delete_tree import delete_tree
from condatui_core.records.gpu_probe import Stage, Variant
from condatui_core.text import mask_credentials

# The variables that a probe runs with: those of the user, without what would spoil its answer.


_LIBRARY_PATH = "LD_LIBRARY_PATH"
_VISIBLE_DEVICES = "CUDA_VISIBLE_DEVICES"

_LEFT_OUT = frozenset(
    (
        "PYTHONHOME",
        "PYTHONPATH",
        "PYTHONSTARTUP",
        "LD_PRELOAD",
        "PYTORCH_NVML_BASED_CUDA_CHECK",  # lets torch say yes where the driver is too old
        "CUDA_LAUNCH_BLOCKING",
        "COLUMNS",
        "LINES",
    )
)
_ADDED = {
    "OMP_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "PYTHONDONTWRITEBYTECODE": "1",  # for the Pythons that a framework starts; the probe itself gets -B anyway
    "PYTHONIOENCODING": "utf-8",
    "TF_CPP_MIN_LOG_LEVEL": "2",
    "TF_FORCE_GPU_ALLOW_GROWTH": "true",
    "XLA_PYTHON_CLIENT_PREALLOCATE": "false",  # JAX takes three quarters of a GPU otherwise
}
_REPORTED = (
    _VISIBLE_DEVICES,
    "CUDA_DEVICE_ORDER",
    "HIP_VISIBLE_DEVICES",
    "ROCR_VISIBLE_DEVICES",
    _LIBRARY_PATH,
)
_REPORTED_THOUGH_REMOVED = ("LD_PRELOAD", "PYTORCH_NVML_BASED_CUDA_CHECK")
_WITHOUT: Mapping[Variant, str] = {
    "no-ld-library-path": _LIBRARY_PATH,
    "no-cuda-visible-devices": _VISIBLE_DEVICES,
}


def probe_environ(
    environ: Mapping[str, str], prefix: str, variables: Iterable[tuple[str, str]] = (), *, variant: Variant = "as-is"
) -> dict[str, str]:
    """The variables as activation would leave them, as far as a framework can tell; no script of activation is run.

    `variables` are those that the environment sets by `conda env config vars`.
    """
    seen = {name: value for name, value in environ.items() if name not in _LEFT_OUT}
    path = os.pathsep.join(filter(None, (os.path.join(prefix, "bin"), environ.get("PATH"))))
    seen |= {"PATH": path, "CONDA_PREFIX": prefix}
    seen |= {name: value for name, value in variables if _can_be_set(name, value)}
    seen |= _ADDED
    if variant in _WITHOUT:
        seen.pop(_WITHOUT[variant], None)
    return seen


def reported_variables(environ: Mapping[str, str], probed: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    """The variables that explain what a framework sees; of those that were removed, their values before."""
    kept = ((name, probed[name]) for name in _REPORTED if name in probed)
    removed = ((name, environ[name]) for name in _REPORTED_THOUGH_REMOVED if name in environ and name not in probed)
    return (*kept, *removed)


def _can_be_set(name: str, value: str) -> bool:
    """Whether this can be a variable: a damaged file may hold anything."""
    return bool(name) and "=" not in name and "\0" not in name + value


# The directory of one probe: what it says, what it writes to stdout and stderr, and an empty place to run in.


_TAIL = 8 << 10
"""Bytes of stdout, and of stderr, that are kept."""
_MOST_WRITTEN = 8 << 20
"""Bytes; a longer file is cut to its tail, so that no disk fills up."""
_MOST_SAID = 1 << 20
"""Bytes of stages; a hundred times what a machine with many GPUs comes to."""


class ProbeFiles:
    """Made when a probe starts and removed when it is over. Its methods touch the disk: call them in a thread."""

    def __init__(self) -> None:
        try:
            self.directory = tempfile.mkdtemp(prefix="condatui-gpu-")
            self.working_directory = os.path.join(self.directory, "empty")
            os.mkdir(self.working_directory)
        except OSError as error:
            hint = "Free some space there, or set TMPDIR to another directory."
            raise CondatuiError("No temporary directory could be made for the GPU check.", str(error), hint) from error
        self.result = os.path.join(self.directory, "stages")
        self._read = 0
        self._partial = b""

    def open(self, name: str) -> BinaryIO:
        """Open `stdout` or `stderr` for the process to write to."""
        return open(os.path.join(self.directory, name), "ab", buffering=0)

    def new_stages(self) -> list[Stage]:
        """Read the stages that were written since this was asked last, credentials masked.

        What makes no sense is passed over.
        """
        try:
            with open(self.result, "rb") as file:
                file.seek(self._read)
                data = file.read(_MOST_SAID - self._read)
        except OSError:  # not written yet
            return []
        self._read += len(data)
        *lines, self._partial = (self._partial + data).split(b"\n")
        return [stage for line in lines if (stage := _stage(line)) is not None]

    def trim(self) -> None:
        """Cut what is written without end, but for the last of it."""
        for name in ("stdout", "stderr"):
            path = os.path.join(self.directory, name)
            with suppress(OSError):  # removed by a clean-up of the temporary directory
                if os.path.getsize(path) > _MOST_WRITTEN:
                    last = self._last(name)
                    os.truncate(path, 0)  # the process appends, so it goes on from there
                    with self.open(name) as file:
                        file.write(last)

    def tail(self, name: str) -> str:
        """The last of `stdout` or `stderr`, credentials masked; bytes that are no UTF-8 are replaced."""
        return mask_credentials(self._last(name).decode("utf-8", "replace"))

    def remove(self) -> None:
        """Remove the directory, as far as that is possible."""
        delete_tree(self.directory)

    def _last(self, name: str) -> bytes:
        try:
            with open(os.path.join(self.directory, name), "rb") as file:
                file.seek(max(0, os.fstat(file.fileno()).st_size - _TAIL))
                return file.read(_TAIL)
        except OSError:  # as above
            return b""


def _stage(line: bytes) -> Stage | None:
    try:
        stage: Stage = msgspec.convert(json.loads(mask_credentials(line.decode())), Stage)
    except (ValueError, RecursionError):  # another writer has interfered, or the disk is full
        return None
    return stage
