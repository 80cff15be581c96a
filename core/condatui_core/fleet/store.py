"""The directory of snapshots that a fleet fills: one file a host, named by whoever asked and never by the answer."""

from __future__ import annotations

import errno
import os
from datetime import datetime, timezone
from pathlib import Path

from msgspec.structs import replace

from condatui_core.errors import CondatuiError
from condatui_core.fs.atomic_write import write_whole
from condatui_core.fs.documents import encode
from condatui_core.fs.safe_read import reason
from condatui_core.records.host_snapshot import HostSnapshot
from condatui_core.snapshots.document import encode_snapshot, file_name_of, host_of, read_snapshot
from condatui_core.text import sanitize


class FleetStore:
    """Keeps the newest snapshot of each host. Its methods touch the disk: call them in a thread."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory

    def prepare(self) -> None:
        """Make the directory, for this user alone, if it is not there. CondatuiError if it cannot be used."""
        try:
            self.directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise self._unusable(reason(error)) from error
        if not os.access(self.directory, os.W_OK | os.X_OK):
            raise self._unusable("this user may not write into it")

    def file_of(self, host: str) -> Path:
        """The file of a host's snapshot."""
        return self.directory / file_name_of(host)

    def keep(self, host: str, snapshot: HostSnapshot) -> str:
        """Store the snapshot of a host in place of its former one, whole or not at all; returns the file.

        The host gets the name that it was asked by: what a machine calls itself may be the name of another one.
        Raises OSError if it cannot be written, and for a file that is no snapshot of this host, which may be the
        user's own or a newer condatui's; what was there is as it was then.
        """
        file = self.file_of(host)
        _check_replaceable(file, host)
        data = encode_snapshot(replace(snapshot, host=host), encode(snapshot.list))
        write_whole(file, data, replace=True, private=True)
        return str(file)

    def former(self, host: str) -> datetime | None:
        """When the snapshot of a host that is there was stored, by the clock of this machine; None if there is none."""
        try:
            return datetime.fromtimestamp(self.file_of(host).stat().st_mtime, timezone.utc)
        except (OSError, OverflowError, ValueError):
            return None

    def _unusable(self, why: str) -> CondatuiError:
        where = f"{sanitize(str(self.directory))}: {why}"
        return CondatuiError("The snapshots cannot be stored.", where, "`-o` names another directory.")


def _check_replaceable(file: Path, host: str) -> None:
    if not os.path.lexists(file):
        return
    try:
        found = read_snapshot(str(file)).host
    except CondatuiError as error:
        if host_of(str(file)) == host:  # a former one of this very host, which nobody can read any more
            return
        raise OSError(errno.EEXIST, f"{file.name} is left alone: {error.title}", str(file)) from error
    if found != host:
        raise OSError(errno.EEXIST, f"{file.name} is left alone: it is of the host {found}", str(file))
