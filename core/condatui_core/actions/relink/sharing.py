"""Lets files share the blocks of others that have the same contents: each stays a file of its own."""

from __future__ import annotations

import os
from collections.abc import Callable

from condatui_core.actions.relink.staying import opened
from condatui_core.actions.relink.tally import LeftAloneError, Tally, why_left
from condatui_core.fs.places import HeldPlaces
from condatui_core.fs.reflink import share_range
from condatui_core.records.relinking import SameFiles, StoredInode


def share_blocks(same: SameFiles, inode: StoredInode, tally: Tally, stopped: Callable[[], bool]) -> None:
    """Let a file share the blocks of the one that stays; the kernel compares them, so nobody writes in between.

    Blocks. What cannot be shared is tallied. Raises OSError if the disk is full or fails.
    """
    try:
        with (
            HeldPlaces() as places,
            opened(same.kept, places) as kept,
            opened(inode, places) as other,
        ):
            _share_all(kept.fileno(), other.fileno(), same, stopped)
    except LeftAloneError as why:
        tally.leave(inode, why.reason)
    except OSError as error:
        tally.leave(inode, why_left(error))
    else:
        tally.join(len(inode.paths), inode.bytes)


def _share_all(kept: int, other: int, same: SameFiles, stopped: Callable[[], bool]) -> None:
    if {os.fstat(each).st_size for each in (kept, other)} != {same.size}:
        raise LeftAloneError("changed")
    offset = 0
    while offset < same.size:
        shared = 0 if stopped() else share_range(kept, other, offset, same.size - offset)
        if not shared:
            raise LeftAloneError("changed")
        offset += shared
