"""What a plan of a ship has shown, as one checksum: a ship that would write anything else is refused."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator

from condatui_core.actions.ship.content import ShipContent
from condatui_core.actions.ship.slimming import OF_INSTALLATION, ImageSlimming
from condatui_core.fs.tree import read_tree
from condatui_core.records.request import ShipRequest
from condatui_core.reports.dockerfile import LAYERS

_BYTE_CODE = "__pycache__"


def digest_of(request: ShipRequest, content: ShipContent, slimming: ImageSlimming) -> str:
    """The sha256 of all that an image gets, and of what it lacks; blocks. Raises OSError if the prefix is gone.

    Byte code does not count: whoever only uses the environment meanwhile writes some.
    """
    digest = hashlib.sha256()
    for part in _parts(request, content, slimming):
        digest.update(part + b"\0")
    return digest.hexdigest()


def _parts(request: ShipRequest, content: ShipContent, slimming: ImageSlimming) -> Iterator[bytes]:
    for name, data in content.files:
        if name != LAYERS:  # it has the bytes of byte code
            yield name.encode()
            yield data
    for package in slimming.contents.packages:
        yield package.dist_name.encode("utf-8", "surrogateescape")
    for path in sorted(slimming.left_out):
        if not _is_byte_code(path):
            yield os.fsencode(path)
    if request.source == "archive":
        yield from _own_files(request.prefix)


def _own_files(prefix: str) -> Iterator[bytes]:
    """Every path of the environment that an archive may hold, and its size."""
    tree = read_tree(prefix, leaving_out=OF_INSTALLATION)
    for entry in tree.entries:
        if entry.kind != "directory" and not _is_byte_code(entry.path):
            yield os.fsencode(f"{entry.path}\n{entry.status.st_size}")


def _is_byte_code(path: str) -> bool:
    return path.endswith((".pyc", ".pyo")) or _BYTE_CODE in path.split("/")
