"""Applies a restore point: brings its paths back, on top of the packages that conda has linked already."""

from __future__ import annotations

import errno
import hashlib
import os
import secrets
import shutil
import stat
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import IO

from condatui_core.errors import CondatuiError
from condatui_core.fs.atomic_write import new_file
from condatui_core.fs.delete_tree import delete_whole
from condatui_core.fs.safe_read import open_regular, reason
from condatui_core.fs.tree import path_kind, read_tree
from condatui_core.prefixes.probe import HALF_MADE
from condatui_core.records.restore_point import KeptPath
from condatui_core.restore_points.archive import ARCHIVE, DAMAGES, contents_of
from condatui_core.restore_points.classify import file_sha256

_CHUNK = 1 << 20


def apply_restore_point(
    directory: Path, paths: Sequence[KeptPath], target: str, on_bytes: Callable[[int], None]
) -> None:
    """Make the target what the restore point in a directory states, as far as possible.

    Files that conda has linked from its cache stay linked. `on_bytes` is called with the size of each chunk that is
    written. Raises CondatuiError if the restore point is damaged, or if the target cannot be written.
    """
    try:
        applier = _Applier(target, paths)
        applier.delete_others()
        applier.make_directories()
        if any(each.means == "archive" for each in paths):
            applier.unpack(directory / ARCHIVE, on_bytes)
        applier.link()
        applier.finish()
    except DAMAGES as error:
        why = reason(error) if isinstance(error, OSError) else str(error)
        where = f"{error.filename}: " if isinstance(error, OSError) and error.filename else ""
        raise CondatuiError("The environment could not be brought back whole.", f"{where}{why}\n{directory}") from error


class _Applier:
    def __init__(self, target: str, paths: Sequence[KeptPath]) -> None:
        self._target = target
        self._paths = paths
        self._by_path = {each.path: each for each in paths}
        self._linked: set[str] = set()
        """Paths of the archive that are correct already, as links to the package cache."""
        for each in paths:
            if os.path.isabs(each.path) or ".." in each.path.split("/"):
                raise OSError(errno.EINVAL, "leads out of the environment", each.path)

    def delete_others(self) -> None:
        """Delete the paths that the restore point does not have, or has as something else."""
        os.makedirs(self._target, exist_ok=True)
        for entry in reversed(read_tree(self._target).entries):
            kept = self._by_path.get(entry.path)
            if kept is None and entry.path == HALF_MADE:
                continue  # the target is not complete yet
            if kept is None or kept.kind != entry.kind or kept.target != entry.target:
                delete_whole(self._at(entry.path))  # a later step puts back what is kept of it

    def make_directories(self) -> None:
        """Make the missing directories, symlinks and pipes."""
        for each in self._paths:
            absolute = self._at(each.path)
            if each.kind in ("file", "socket", "device") or os.path.lexists(absolute):
                continue
            if each.kind == "directory":
                os.mkdir(absolute, 0o700)
            elif each.kind == "symlink":
                os.symlink(each.target, absolute)
            else:
                os.mkfifo(absolute)

    def unpack(self, archive: Path, on_bytes: Callable[[int], None]) -> None:
        """Extract the files of the archive, each whole or not at all."""
        with contents_of(archive) as contents:
            for path, content in contents:
                kept = self._by_path.get(path)
                if kept is None:
                    raise OSError(errno.EIO, "the archive holds what the manifest does not", path)
                if not self._is_there(kept):
                    self._put(kept, content, on_bytes)

    def link(self) -> None:
        """Make the hard links inside the environment."""
        for each in self._paths:
            if each.same_as and not self._is_same(each):
                temporary = self._beside(each.path)
                os.link(self._at(each.same_as), temporary)
                os.replace(temporary, self._at(each.path))

    def finish(self) -> None:
        """Set mode, owner and time of every path; directories last, each after its contents."""
        for each in self._paths:
            if each.kind != "directory" and os.path.lexists(self._at(each.path)):
                self._set_metadata(each)
        for each in reversed(self._paths):
            if each.path == "." and HALF_MADE not in self._by_path and os.path.lexists(self._at(HALF_MADE)):
                os.unlink(self._at(HALF_MADE))
            if each.kind == "directory":
                self._set_metadata(each)

    def _is_there(self, kept: KeptPath) -> bool:
        """Whether conda has linked this very content already: the file was edited in place, and so in the cache too."""
        absolute = self._at(kept.path)
        try:
            status = os.lstat(absolute)
        except FileNotFoundError:
            return False
        if status.st_nlink < 2 or status.st_size != kept.size or file_sha256(absolute) != kept.sha256:
            return False
        self._linked.add(kept.path)
        return True

    def _put(self, kept: KeptPath, content: IO[bytes], on_bytes: Callable[[int], None]) -> None:
        temporary = self._beside(kept.path)
        digest = hashlib.sha256()
        with new_file(temporary) as stream:
            while chunk := content.read(_CHUNK):
                stream.write(chunk)
                digest.update(chunk)
                on_bytes(len(chunk))
        if digest.hexdigest() != kept.sha256:
            os.unlink(temporary)
            raise OSError(errno.EIO, "the archive holds something else", kept.path)
        os.replace(temporary, self._at(kept.path))

    def _set_metadata(self, kept: KeptPath) -> None:
        absolute = self._at(kept.path)
        status = os.lstat(absolute)
        mode = stat.S_IMODE(status.st_mode)
        if path_kind(status) == "file" and status.st_nlink > 1 and self._is_cached(kept):
            if mode == kept.mode:
                return
            temporary = self._beside(kept.path)
            with open_regular(absolute) as content, new_file(temporary) as stream:
                shutil.copyfileobj(content, stream, _CHUNK)
            shutil.copystat(absolute, temporary)  # the file in the cache keeps its own mode
            os.replace(temporary, absolute)
        wrong_owner = (status.st_uid, status.st_gid) != (kept.uid, kept.gid)
        if wrong_owner:
            _try_to_own(absolute, kept)
        if kept.kind != "symlink" and (mode != kept.mode or wrong_owner):  # a change of owner clears the set-id bits
            os.chmod(absolute, kept.mode)
        os.utime(absolute, ns=(status.st_atime_ns, kept.mtime_ns), follow_symlinks=False)

    def _is_cached(self, kept: KeptPath) -> bool:
        source = self._by_path.get(kept.same_as, kept)
        return source.means == "package" or source.path in self._linked

    def _is_same(self, kept: KeptPath) -> bool:
        try:
            return os.path.samestat(os.lstat(self._at(kept.path)), os.lstat(self._at(kept.same_as)))
        except FileNotFoundError:
            return False

    def _beside(self, path: str) -> str:
        """A temporary path beside a file; it does not extend the file's name, which may have the greatest length."""
        return os.path.join(os.path.dirname(self._at(path)), f".condatui-{secrets.token_hex(8)}")

    def _at(self, path: str) -> str:
        return self._target if path == "." else os.path.join(self._target, path)


def _try_to_own(path: str, kept: KeptPath) -> None:
    """Set the owner, if this user may; otherwise the file stays this user's, and the comparison will report it."""
    try:
        os.chown(path, kept.uid, kept.gid, follow_symlinks=False)
    except OSError as error:
        if error.errno not in (errno.EPERM, errno.EACCES, errno.EINVAL):  # EINVAL: a container may not know the user id
            raise
