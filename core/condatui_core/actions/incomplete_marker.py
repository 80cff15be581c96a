"""The marker in the directory of a new environment, which is there until the environment is complete."""

from __future__ import annotations

import os
from contextlib import suppress
from datetime import datetime
from pathlib import Path

import msgspec
from msgspec import Struct

from condatui_core.conda.registry import environments_txt
from condatui_core.errors import RefusedError
from condatui_core.fs.atomic_write import sync_path, sync_stream
from condatui_core.fs.documents import decode, encode_versioned, format_of
from condatui_core.fs.held_tree import HeldTree, Identity
from condatui_core.fs.safe_read import read_bounded
from condatui_core.fs.sync import sync_tree
from condatui_core.fs.tree import allocated
from condatui_core.prefixes.probe import HALF_MADE

FORMAT = 1
"""Of the content of markers; raised when an older condatui would misread it."""


class IncompleteMarker(Struct, frozen=True, kw_only=True):
    """The content of the marker. An environment is half-made as long as the file exists, whatever it contains."""

    made_by: str = "condatui"
    job: str
    source: str = ""
    """The prefix that is cloned; empty if nothing is."""
    restore_point: str = ""
    """The id of the restore point that is brought back; empty if none is."""
    packages: tuple[str, ...] = ()
    """The packages that conda is asked to link, as `name-version-build`, if it is made from specs."""
    archive: str = ""
    """The path of the archive that is unpacked; empty if none is."""
    beyond_conda: bool = False
    """Whether pip is let install into it as well, or variables are set: of that nothing says what belongs to it."""
    at: datetime


_LARGEST = 1 << 20
_MARKER = msgspec.json.Decoder(IncompleteMarker)


def mark_incomplete(  # noqa: PLR0913 - the fields of the marker
    target: str,
    *,
    job: str,
    now: datetime,
    source: str = "",
    restore_point: str = "",
    packages: tuple[str, ...] = (),
    archive: str = "",
    beyond_conda: bool = False,
    though_empty: bool = False,
) -> Identity:
    """Make the directory, the marker, and the empty history by which conda recognizes an environment.

    `source`, `restore_point`, `packages`, `archive` and `beyond_conda` say what it is made from, as in
    `IncompleteMarker`; `though_empty` that an empty directory may be there already.
    Returns the identity of the directory. Raises RefusedError if the path has been taken in the meantime, OSError if
    the directory cannot be made.
    """
    os.makedirs(os.path.dirname(target), exist_ok=True)
    try:
        os.mkdir(target)  # fails if anything is there, so the directory is certainly this job's
    except FileExistsError:
        if not though_empty or os.path.islink(target):
            raise _taken(target) from None
    mark = IncompleteMarker(
        job=job,
        source=source,
        restore_point=restore_point,
        packages=packages,
        archive=archive,
        beyond_conda=beyond_conda,
        at=now,
    )
    with HeldTree(target) as tree:
        if tree.names("."):  # another one was put in its place
            raise _taken(target)
        with tree.write(HALF_MADE) as stream:
            stream.write(encode_versioned(mark, FORMAT))
            sync_stream(stream)
        tree.sync()
        tree.make_directory("conda-meta")
        with tree.write("conda-meta/history"):
            pass
        return tree.identity


def _taken(target: str) -> RefusedError:
    title = f"{target} has appeared in the meantime: nothing is ever replaced."
    return RefusedError(title, hint="Choose another name.")


def is_marked_incomplete(target: str) -> bool:
    """Whether the directory has the marker: its environment is being made, or was never completed."""
    return os.path.lexists(os.path.join(target, HALF_MADE))


def read_marker(target: str) -> IncompleteMarker | None:
    """What the marker says; None if there is none that can be read, or a newer condatui has made it."""
    try:
        data = read_bounded(os.path.join(target, HALF_MADE), _LARGEST)
        return decode(data, _MARKER, own=True) if format_of(data) <= FORMAT else None
    except OSError:
        return None


def is_empty(target: str) -> bool:
    """Whether it is an empty directory, as a new one is for a moment before it is marked."""
    try:
        return not os.listdir(target)
    except OSError:
        return False


def mark_bytes(target: str) -> int:
    """The bytes that the marker takes on the disk."""
    try:
        return allocated(os.lstat(os.path.join(target, HALF_MADE)))
    except OSError:
        return 0


def sync_made(target: str, home: Path) -> None:
    """Wait until a new environment is on the disk, what conda wrote of it included, and the line that registers it."""
    sync_tree(target)
    with suppress(FileNotFoundError):
        sync_path(environments_txt(home))


def mark_complete(target: str, identity: Identity | None) -> None:
    """Delete the marker, and wait until it is gone from the disk. Raises OSError, also if it is another directory."""
    with HeldTree(target, identity) as tree:
        tree.unlink(HALF_MADE)
        tree.sync()


def remove_if_untouched(target: str) -> bool:
    """Remove the directory again if it holds only what `mark_incomplete` made; returns whether it is gone.

    No tree is deleted: each step fails if another file has appeared meanwhile.
    """
    with suppress(OSError), HeldTree(target) as tree:
        if _is_untouched(tree):
            tree.unlink("conda-meta/history")
            tree.remove_directory("conda-meta")
            tree.unlink(HALF_MADE)
            os.rmdir(target)
    return not os.path.lexists(target)


def _is_untouched(tree: HeldTree) -> bool:
    if tree.status(HALF_MADE) is None or not set(tree.names(".")) <= {HALF_MADE, "conda-meta"}:
        return False
    history = tree.status("conda-meta/history")
    return tree.names("conda-meta") == ["history"] and history is not None and history.st_size == 0
