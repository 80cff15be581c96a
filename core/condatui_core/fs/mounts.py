"""The mounted file systems: whether each keeps the times at which files were read, and whether files share blocks."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator
from typing import Literal

from msgspec import Struct

AccessTimes = Literal["kept", "not kept", "unsure"]
SharedBlocks = Literal["told", "not told", "none"]
"""Whether files may share blocks there without being links of each other, and whether that can be found out."""

# These file systems get times from another machine or layer: cached, late or never.
_REMOTE = (
    "nfs",
    "cifs",
    "smb",
    "afs",
    "9p",
    "fuse",
    "lustre",
    "gpfs",
    "beegfs",
    "ceph",
    "gluster",
    "overlay",
    "osxfuse",
)
# Files of these may share blocks, by `cp --reflink` or deduplication. FIEMAP says which ones.
_SHARING = ("btrfs", "xfs", "bcachefs")
# These share blocks too, or are kept by something that does, and have no means to say it.
_SILENT = ("zfs", "apfs", "nfs", "cifs", "smb", "9p", "lustre", "gpfs", "beegfs", "ceph", "gluster")


class Mount(Struct, frozen=True):
    """A mounted file system."""

    point: str
    kind: str = ""
    """Such as `ext4`, `nfs4`, `apfs`."""
    options: frozenset[str] = frozenset()
    source: str = ""
    """What is mounted: the device, which several mounts of one file system have in common."""

    @property
    def remote(self) -> bool:
        """Whether files come from another machine or layer, whose links and locks may not be what they seem."""
        return self.kind.startswith(_REMOTE)

    @property
    def far(self) -> bool:
        """Whether each call waits for an answer of another machine or program; layers of this very disk do not."""
        return self.remote and self.kind != "overlay"

    @property
    def access_times(self) -> AccessTimes:
        """Whether reading a file updates its access time, at least once a day as relatime does."""
        if self.options & {"noatime", "ro", "read-only"}:
            return "not kept"
        return "unsure" if self.remote else "kept"

    @property
    def shared_blocks(self) -> SharedBlocks:
        """Whether files there may share blocks, and whether that can be found out."""
        if self.kind in _SHARING:
            return "told"
        return "not told" if self.kind.startswith(_SILENT) else "none"


_TABLE = "/proc/self/mounts"
_ESCAPED = re.compile(rb"\\([0-7]{3})")
_COLUMNS = 4


def mounts() -> tuple[Mount, ...]:
    """List the mounted file systems of this machine, without accessing any; empty if that cannot be known."""
    try:
        with open(_TABLE, "rb") as table:
            return tuple(_mounts_in(table.read()))
    except FileNotFoundError:
        return _told_mounts()
    except OSError:
        return ()


def _mounts_in(table: bytes) -> Iterator[Mount]:
    """The mounts in the table of a Linux kernel, which writes blanks in a name as `\\040`."""
    for line in table.splitlines():
        columns = [_ESCAPED.sub(lambda found: bytes([int(found[1], 8) & 0xFF]), each) for each in line.split(b" ")]
        if len(columns) >= _COLUMNS:
            source, point, kind, options = map(os.fsdecode, columns[:_COLUMNS])
            yield Mount(point, kind, frozenset(options.split(",")), source)


def _told_mounts() -> tuple[Mount, ...]:
    """The mounts of a system without such a table."""
    import psutil  # noqa: PLC0415 - imported late: it would delay the first screen

    try:
        partitions = psutil.disk_partitions(all=True)
    except (OSError, psutil.Error):
        return ()
    return tuple(
        Mount(each.mountpoint, each.fstype, frozenset(each.opts.split(",")), each.device) for each in partitions
    )


def mount_of(path: str, mounted: Iterable[Mount]) -> Mount | None:
    """Find the file system of an absolute path; if several are mounted on one another, the last."""
    found: Mount | None = None
    for mount in mounted:
        holds = path == mount.point or path.startswith(mount.point.rstrip("/") + "/")
        if holds and (found is None or len(mount.point) >= len(found.point)):
            found = mount
    return found
