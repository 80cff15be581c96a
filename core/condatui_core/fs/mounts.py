"""What is mounted where, and whether it keeps the times at which its files were read."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

from msgspec import Struct

AccessTimes = Literal["kept", "not kept", "unsure"]

# On these, times come from another machine or another layer: cached, late or never.
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
    def access_times(self) -> AccessTimes:
        """Whether reading a file leaves its time, to a day (relatime writes it once a day)."""
        if self.options & {"noatime", "ro", "read-only"}:
            return "not kept"
        return "unsure" if self.kind.startswith(_REMOTE) else "kept"


def mounts() -> tuple[Mount, ...]:
    """List what is mounted on this machine, without touching any of it; empty if that cannot be known."""
    import psutil  # noqa: PLC0415 - takes longer to import than the first picture should wait

    try:
        partitions = psutil.disk_partitions(all=True)
    except (OSError, psutil.Error):
        return ()
    return tuple(Mount(each.mountpoint, each.fstype, frozenset(each.opts.split(","))) for each in partitions)


def mount_of(path: str, mounted: Iterable[Mount]) -> Mount | None:
    """Find the file system of an absolute path; of several mounted on one another, the last."""
    found: Mount | None = None
    for mount in mounted:
        holds = path == mount.point or path.startswith(mount.point.rstrip("/") + "/")
        if holds and (found is None or len(mount.point) >= len(found.point)):
            found = mount
    return found
