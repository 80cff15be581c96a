"""The directory of one probe: what it says, what it writes to stdout and stderr, and an empty place to run in."""

from __future__ import annotations

import json
import os
import tempfile
from contextlib import suppress
from typing import BinaryIO

import msgspec

from condatui_core.errors import CondatuiError
from condatui_core.fs.delete_tree import delete_tree
from condatui_core.records.gpu_probe import Stage
from condatui_core.text import mask_credentials

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
