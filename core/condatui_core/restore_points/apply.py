"""Applies a restore point: brings its paths back, on top of the packages that conda has linked already."""

from __future__ import annotations

import errno
import hashlib
import os
import shutil
import stat
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import IO

from condatui_core.errors import CondatuiError
from condatui_core.fs.held_tree import HeldTree, Identity, write_with_holes
from condatui_core.fs.safe_read import reason
from condatui_core.fs.sync import sync_tree
from condatui_core.fs.tree import path_kind, read_tree
from condatui_core.prefixes.probe import HALF_MADE
from condatui_core.records.restore_point import KeptPath, own_copies
from condatui_core.restore_points.archive import ARCHIVE, DAMAGES, contents_of
from condatui_core.restore_points.classify import stream_sha256

_CHUNK = 1 << 20


def apply_restore_point(
    directory: Path,
    paths: Sequence[KeptPath],
    target: str,
    on_bytes: Callable[[int], None],
    *,
    identity: Identity | None = None,
) -> None:
    """Make the target what the restore point in a directory states, as far as possible.

    Files that conda has linked from its cache stay linked. `identity` is that of the target when it was made, and
    `on_bytes` is called with the size of each chunk that is written. Raises CondatuiError if the restore point is
    damaged, if the target cannot be written, or if it is another directory by now.
    """
    try:
        with HeldTree(target, identity) as tree:
            applier = _Applier(tree, target, paths)
            applier.delete_others()
            applier.make_directories()
            if any(each.means == "archive" for each in paths):
                applier.unpack(directory / ARCHIVE, on_bytes)
            applier.separate()
            applier.link()
            applier.finish()
    except DAMAGES as error:
        why = reason(error) if isinstance(error, OSError) else str(error)
        where = f"{error.filename}: " if isinstance(error, OSError) and error.filename else ""
        raise CondatuiError("The environment could not be brought back whole.", f"{where}{why}\n{directory}") from error


class _Applier:
    def __init__(self, tree: HeldTree, target: str, paths: Sequence[KeptPath]) -> None:
        self._tree = tree
        self._target = target
        self._paths = paths
        self._by_path = {each.path: each for each in paths}
        self._linked: set[str] = set()
        """Paths of the archive that are correct already, as links to the package cache."""
        self._own = {each.path for each in own_copies(paths)}
        """Files of packages that are files of the environment alone, or become such."""

    def delete_others(self) -> None:
        """Delete the paths that the restore point does not have, or has as something else."""
        for entry in reversed(read_tree(self._target).entries):
            kept = self._by_path.get(entry.path)
            if kept is None and entry.path == HALF_MADE:
                continue  # the target is not complete yet
            if kept is None or kept.kind != entry.kind or kept.target != entry.target:
                self._tree.delete(entry.path)  # a later step puts back what is kept of it

    def make_directories(self) -> None:
        """Make the missing directories, symlinks and pipes."""
        for each in self._paths:
            if each.kind in ("file", "socket", "device") or self._tree.status(each.path):
                continue
            if each.kind == "directory":
                self._tree.make_directory(each.path, 0o700)
            elif each.kind == "symlink":
                self._tree.make_symlink(each.path, each.target)
            else:
                self._tree.make_fifo(each.path)

    def unpack(self, archive: Path, on_bytes: Callable[[int], None]) -> None:
        """Extract the files of the archive, each whole or not at all."""
        with contents_of(archive) as contents:
            for path, content in contents:
                kept = self._by_path.get(path)
                if kept is None:
                    raise OSError(errno.EIO, "the archive holds what the manifest does not", path)
                if not self._is_there(kept):
                    self._put(kept, content, on_bytes)

    def separate(self) -> None:
        """Let the environment have files of its own where it had them, or where those in the cache cannot be shared."""
        for each in self._paths:
            status = self._tree.status(each.path) if self._is_cached(each) and not each.same_as else None
            if status is None or path_kind(status) != "file" or status.st_nlink < 2:
                continue
            if each.path in self._own or not _may_share(each, status):
                self._own.add(each.path)
                self._copy(each)

    def link(self) -> None:
        """Make the hard links inside the environment."""
        for each in self._paths:
            if each.same_as and not self._is_same(each):
                self._tree.link(each.path, each.same_as)

    def finish(self) -> None:
        """Set mode, owner and time of every path; directories last, each after its contents.

        The marker of what is half-made goes when all the rest is on the disk.
        """
        for each in self._paths:
            if each.kind != "directory" and self._tree.status(each.path):
                self._set_metadata(each)
        for each in reversed(self._paths):
            if each.path == ".":
                sync_tree(self._target)
                self._unmark()
            if each.kind == "directory":
                self._set_metadata(each)

        self._tree.sync()

    def _unmark(self) -> None:
        if HALF_MADE not in self._by_path and self._tree.status(HALF_MADE):
            self._tree.unlink(HALF_MADE)

    def _is_there(self, kept: KeptPath) -> bool:
        """Whether conda has linked this very content already: the file was edited in place, and so in the cache too."""
        status = self._tree.status(kept.path)
        if status is None or status.st_nlink < 2 or status.st_size != kept.size:
            return False
        with self._tree.read(kept.path) as content:
            if stream_sha256(content) != kept.sha256:
                return False
        self._linked.add(kept.path)
        return True

    def _put(self, kept: KeptPath, content: IO[bytes], on_bytes: Callable[[int], None]) -> None:
        digest = hashlib.sha256()
        with self._tree.write(kept.path) as stream:
            write = partial(write_with_holes, stream) if kept.holes else stream.write
            while chunk := content.read(_CHUNK):
                write(chunk)
                digest.update(chunk)
                on_bytes(len(chunk))
            if digest.hexdigest() != kept.sha256:
                raise OSError(errno.EIO, "the archive holds something else", kept.path)

    def _set_metadata(self, kept: KeptPath) -> None:
        status = self._tree.status(kept.path)
        assert status is not None
        mode = stat.S_IMODE(status.st_mode)
        if path_kind(status) == "file" and status.st_nlink > 1 and self._is_shared(kept):
            return
        wrong_owner = (status.st_uid, status.st_gid) != (kept.uid, kept.gid)
        if wrong_owner:
            self._tree.try_to_own(kept.path, kept.uid, kept.gid)  # if not, the comparison will report it
        if kept.kind in ("file", "directory"):
            self._tree.try_attributes(kept.path, kept.attributes)  # likewise
        if kept.kind != "symlink" and (mode != kept.mode or wrong_owner or kept.attributes):  # they may change it
            self._tree.set_mode(kept.path, kept.mode)
        self._tree.set_times(kept.path, (status.st_atime_ns, kept.mtime_ns))

    def _copy(self, kept: KeptPath) -> None:
        """Put a file of its own in the place of a link into the package cache, which keeps its own mode and owner."""
        with self._tree.read(kept.path) as content, self._tree.write(kept.path) as stream:
            shutil.copyfileobj(content, stream, _CHUNK)

    def _is_shared(self, kept: KeptPath) -> bool:
        """Whether it shares mode, owner and time with the file in the package cache."""
        return self._is_cached(kept) and (kept.same_as or kept.path) not in self._own

    def _is_cached(self, kept: KeptPath) -> bool:
        source = self._by_path.get(kept.same_as, kept)
        return source.means == "package" or source.path in self._linked

    def _is_same(self, kept: KeptPath) -> bool:
        one, other = self._tree.status(kept.path), self._tree.status(kept.same_as)
        return one is not None and other is not None and os.path.samestat(one, other)


def _may_share(kept: KeptPath, status: os.stat_result) -> bool:
    """Whether a file in the cache has the permissions that it had in the environment, and an owner that may stay."""
    owner = os.geteuid() != 0 or (status.st_uid, status.st_gid) == (kept.uid, kept.gid)
    return stat.S_IMODE(status.st_mode) == kept.mode and owner
