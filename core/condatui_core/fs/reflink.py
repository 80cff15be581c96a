"""Blocks that files share on file systems that can do so: the kernel compares them, and both files stay independent."""

from __future__ import annotations

import errno
import fcntl
import os
import struct
import sys

_DEDUPE_RANGE = 0xC0189436
"""The number of FIDEDUPERANGE, see ioctl_fideduperange(2)."""
_HEAD = struct.Struct("=QQHHI")
"""Where the range begins, its length, the number of files that share it afterwards, and two reserved fields."""
_FILE = struct.Struct("=qQQiI")
"""The descriptor of one, where its range begins, and what the kernel says: shared bytes, a status, nothing."""
_DIFFERS = 1
"""The status that says that the contents are not the same."""
_MOST = 16 << 20
"""Bytes that are shared at once: btrfs compares no more."""


def can_share(descriptor: int) -> bool:
    """Whether a file that is open, and not empty, is on a file system that lets files share blocks; changes nothing.

    The kernel is asked to let the file share its first byte with itself: a file system that cannot share says so; one
    that can refuses, since the two ranges are one, or finds nothing to do, since it is less than a block.
    """
    if sys.platform != "linux":
        return False
    try:
        status, _ = _ask(descriptor, descriptor, 0, 1)
    except OSError:
        return False
    return -status in (0, errno.EINVAL)


def share_range(kept: int, other: int, begin: int, length: int) -> int:
    """Let a file share a range of another one, if both have the same contents there; returns how many bytes it shares.

    Both are open for reading. It is 0 if the contents differ. Raises OSError if the system or the file system cannot.
    """
    status, shared = _ask(kept, other, begin, min(length, _MOST))
    if status == _DIFFERS:
        return 0
    if status < 0:
        raise OSError(-status, os.strerror(-status))
    return shared


def _ask(kept: int, other: int, begin: int, length: int) -> tuple[int, int]:
    """What the kernel answers: the status, and the bytes that are shared."""
    request = bytearray(_HEAD.pack(begin, length, 1, 0, 0) + _FILE.pack(other, begin, 0, 0, 0))
    fcntl.ioctl(kept, _DEDUPE_RANGE, request)
    _, _, shared, status, _ = _FILE.unpack_from(request, _HEAD.size)
    return status, shared
