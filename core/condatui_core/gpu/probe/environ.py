"""What a probe of the GPU runs with: its variables, and a directory of its own."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Iterable, Mapping
from typing import Literal

import msgspec

from condatui_core.errors import CondatuiError
from condatui_core.fs.delete_tree import delete_tree
from condatui_core.prefixes.activation import activated
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
        "JAX_COMPILATION_CACHE_DIR",  # JAX would write into it, and needs none
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
    seen = activated(seen, prefix, variables) | _ADDED
    if variant in _WITHOUT:
        seen.pop(_WITHOUT[variant], None)
    return seen


def reported_variables(environ: Mapping[str, str], probed: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    """The variables that explain what a framework sees; of those that were removed, their values before."""
    kept = ((name, probed[name]) for name in _REPORTED if name in probed)
    removed = ((name, environ[name]) for name in _REPORTED_THOUGH_REMOVED if name in environ and name not in probed)
    return (*kept, *removed)


# The directory of one probe: what it says, what it writes to stdout and stderr, and empty places to run and write in.


_TAIL = 8 << 10
"""Bytes of stdout, and of stderr, that are kept."""
_MOST_WRITTEN = 8 << 20
"""Bytes; a longer file is cut to its tail, so that no disk fills up."""
_MOST_SAID = 1 << 20
"""Bytes of stages; a hundred times what a machine with many GPUs comes to."""
_PLACES = {
    "HOME": "home",
    "TMPDIR": "tmp",
    "XDG_CACHE_HOME": "home/.cache",
    "XDG_CONFIG_HOME": "home/.config",
    "XDG_DATA_HOME": "home/.local/share",
    "XDG_STATE_HOME": "home/.local/state",
    "CUDA_CACHE_PATH": "home/.nv/ComputeCache",
    "CUPY_CACHE_DIR": "home/.cupy/kernel_cache",
    "HF_HOME": "home/.cache/huggingface",
    "KERAS_HOME": "home/.keras",
    "MPLCONFIGDIR": "home/.config/matplotlib",
    "NUMBA_CACHE_DIR": "home/.cache/numba",
    "TORCHINDUCTOR_CACHE_DIR": "tmp/torchinductor",
    "TORCH_EXTENSIONS_DIR": "home/.cache/torch_extensions",
    "TORCH_HOME": "home/.cache/torch",
    "TRITON_CACHE_DIR": "home/.triton/cache",
}
"""Where frameworks, and what they import, write of their own accord: each by a place in the probe's directory."""
_RESULT, _STDOUT, _STDERR = "stages", "stdout", "stderr"


class ProbeFiles:
    """Made when a probe starts and removed when it is over. Its methods touch the disk: call them in a thread.

    The files are held open from the beginning. What the probe puts in their places later, such as a pipe or a link,
    is neither read nor written.
    """

    def __init__(self) -> None:
        self._open: dict[str, int] = {}
        self.directory = ""
        try:
            self.directory = tempfile.mkdtemp(prefix="condatui-gpu-")
            self.working_directory = os.path.join(self.directory, "empty")
            for path in (self.working_directory, *self.places.values()):
                os.makedirs(path, mode=0o700, exist_ok=True)
            for name in (_RESULT, _STDOUT, _STDERR):
                flags = os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_EXCL
                self._open[name] = os.open(os.path.join(self.directory, name), flags, 0o600)
        except OSError as error:
            self.remove()
            hint = "Free some space there, or set TMPDIR to another directory."
            raise CondatuiError("No temporary directory could be made for the GPU check.", str(error), hint) from error
        self.result = os.path.join(self.directory, _RESULT)
        self._read = 0
        self._partial = b""

    @property
    def places(self) -> dict[str, str]:
        """The variables that name where the probe may write: nothing of it is left, and nothing of the user's changes.

        They win over those of the user, and `HOME` is for what has no variable.
        """
        return {name: os.path.join(self.directory, place) for name, place in _PLACES.items()}

    @property
    def stdout(self) -> int:
        """The descriptor for the process to write its stdout to."""
        return self._open[_STDOUT]

    @property
    def stderr(self) -> int:
        """The descriptor for the process to write its stderr to."""
        return self._open[_STDERR]

    def new_stages(self) -> list[Stage]:
        """Read the stages that were written since this was asked last, credentials masked.

        What makes no sense is passed over.
        """
        data = os.pread(self._open[_RESULT], _MOST_SAID - self._read, self._read)
        self._read += len(data)
        *lines, self._partial = (self._partial + data).split(b"\n")
        return [stage for line in lines if (stage := _stage(line)) is not None]

    def trim(self) -> None:
        """Cut what is written without end, but for the last of it."""
        for name in (_STDOUT, _STDERR):
            if os.fstat(self._open[name]).st_size > _MOST_WRITTEN:
                last = self._last(name)
                os.ftruncate(self._open[name], 0)  # the process appends, so it goes on from there
                os.write(self._open[name], last)

    def tail(self, name: Literal["stdout", "stderr"]) -> str:
        """The last of `stdout` or `stderr`, credentials masked; bytes that are no UTF-8 are replaced."""
        return mask_credentials(self._last(name).decode("utf-8", "replace"))

    def remove(self) -> None:
        """Remove the directory, as far as that is possible."""
        while self._open:
            os.close(self._open.popitem()[1])
        if self.directory:
            delete_tree(self.directory)

    def _last(self, name: str) -> bytes:
        size = os.fstat(self._open[name]).st_size
        return os.pread(self._open[name], _TAIL, max(0, size - _TAIL))


def _stage(line: bytes) -> Stage | None:
    try:
        stage: Stage = msgspec.convert(json.loads(mask_credentials(line.decode())), Stage)
    except (ValueError, RecursionError):  # another writer has interfered, or the disk is full
        return None
    return stage
