"""The mounted file systems, and whether each keeps the times at which its files were read."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

from msgspec import Struct

AccessTimes = Literal["kept", "not kept", "unsure"]

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


class Mount(Struct, frozen=True):
    """A mounted file system."""

    point: str
    kind: str = ""
    """Such as `ext4`, `nfs4`, `apfs`."""
    options: frozenset[str] = frozenset()

    @property
    def remote(self) -> bool:
        """Whether files come from another machine or layer, whose links and locks may not be what they seem."""
        return self.kind.startswith(_REMOTE)

    @property
    def access_times(self) -> AccessTimes:
        """Whether reading a file updates its access time, at least once a day as relatime does."""
        if self.options & {"noatime", "ro", "read-only"}:
            return "not kept"
        return "unsure" if self.remote else "kept"


def mounts() -> tuple[Mount, ...]:
    """List the mounted file systems of this machine, without accessing any; empty if that cannot be known."""
    import psutil  # noqa: PLC0415 - imported late: it would delay the first screen

    try:
        partitions = psutil.disk_partitions(all=True)
    except (OSError, psutil.Error):
        return ()
    return tuple(Mount(each.mountpoint, each.fstype, frozenset(each.opts.split(","))) for each in partitions)


def mount_of(path: str, mounted: Iterable[Mount]) -> Mount | None:
    """Find the file system of an absolute path; if several are mounted on one another, the last."""
    found: Mount | None = None
    for mount in mounted:
        holds = path == mount.point or path.startswith(mount.point.rstrip("/") + "/")
        if holds and (found is None or len(mount.point) >= len(found.point)):
            found = mount
    return found
