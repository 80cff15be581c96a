"""Makes sure that the file that is to stay has the content that is claimed of all: a changed one would stop its set."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from typing import IO

from msgspec.structs import replace

from condatui_core.actions.relink.tally import LeftAloneError, Tally, first_place
from condatui_core.fs.places import HeldPlaces
from condatui_core.fs.safe_read import open_regular
from condatui_core.records.relinking import SameFiles, StoredInode

_CHUNK = 1 << 20


def with_one_that_is_as_claimed(same: SameFiles, tally: Tally, stopped: Callable[[], bool]) -> SameFiles:
    """The set, or one in which another file stays; what is then known to be another content is tallied as changed.

    Blocks. A set in which one file only is joined, or of which no digest is known, is decided by comparing the two.
    """
    if len(same.joined) < 2 or not same.sha256:
        return same
    # A cache's file loses its place to an environment's only if it is another content.
    others = [same.kept, *sorted(same.joined, key=lambda inode: not any(each.cached for each in inode.paths))]
    changed: list[StoredInode] = []
    while others:
        kept = others.pop(0)
        if stopped():
            return same
        if _is_as_claimed(kept, same, stopped):
            for each in changed:
                tally.leave(each, "changed")
            return replace(same, kept=kept, joined=tuple(others)) if changed else same
        changed.append(kept)
    return same


def opened(inode: StoredInode, places: HeldPlaces) -> IO[bytes]:
    """Open a file that was found. Raises LeftAloneError if it is another one now, OSError."""
    place = first_place(inode, places)
    stream = open_regular(place.name, buffering=0, directory=place.directory)
    if os.fstat(stream.fileno()).st_ino != inode.number:
        stream.close()
        raise LeftAloneError("changed")
    return stream


def _is_as_claimed(inode: StoredInode, same: SameFiles, stopped: Callable[[], bool]) -> bool:
    """Whether a file has the digest that its record states; False for one that cannot be read."""
    digest = hashlib.sha256()
    try:
        with HeldPlaces() as places, opened(inode, places) as stream:
            while not stopped() and (chunk := stream.read(_CHUNK)):
                digest.update(chunk)
    except (LeftAloneError, OSError):
        return False
    return digest.hexdigest() == same.sha256
