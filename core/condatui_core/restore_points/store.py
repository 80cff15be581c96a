"""The restore points on the disk: each is a directory that appears complete or not at all."""

from __future__ import annotations

import errno
import gzip
import io
import os
import re
import shutil
import zlib
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import datetime, timezone
from pathlib import Path

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from condatui_core.errors import CondatuiError, NewerFormatError, UsageError
from condatui_core.fs.atomic_write import sync_path, write_new
from condatui_core.fs.delete_tree import delete_tree, delete_whole
from condatui_core.fs.documents import decode, encode_versioned, format_of
from condatui_core.fs.safe_read import open_regular, read_bounded, reason
from condatui_core.fs.tree import read_tree
from condatui_core.proc.owner import Owner, this_process
from condatui_core.records.disk import FileSystem
from condatui_core.records.restore_point import KeptPath, RestorePoint
from condatui_core.remedy import ListRestorePoints
from condatui_core.restore_points.archive import ARCHIVE
from condatui_core.restore_points.kept_paths import is_no_text, wrong_with
from condatui_core.settings import Locations, Settings, expand_home
from condatui_core.text import sanitize

FORMAT = 1
"""The format of restore points, stated in the manifest, in the paths and, during creation, in the owner's file. Raise
it when an older condatui would bring back something else, or miss something."""
MANIFEST = "manifest.json"
PATHS = "paths.json.gz"
EXPLICIT = "explicit.txt"
"""The file that lists all packages of the environment, for people to read."""
NEEDED = "conda.txt"
"""The explicit file of the packages that conda has to put back."""
OWNER = "owner.json"
"""The file that names the process that is still making a restore point."""
_GZIP, _EXPLICIT = b"\x1f\x8b", b"@EXPLICIT"
"""How such files begin."""
_MAKING = ".making-"
_DELETING = ".deleting-"
_ABANDONED = 86_400.0
"""Seconds after which an unfinished restore point without an owner's file counts as abandoned."""
_LARGEST = 64 << 20
_MOST_UNPACKED = 1 << 30
"""Bytes of decompressed paths; a million of them take a fifth of it."""
_ID = re.compile(r"\d{8}-\d{6}-[A-Za-z0-9._-]+")
_LONGEST_NAME = 40


class _Paths(Struct, frozen=True):
    paths: tuple[KeptPath, ...]


def directory_of_points(settings: Settings, locations: Locations) -> Path:
    """The directory of all restore points; a relative path in the settings is relative to the home directory."""
    if settings.restore_directory:
        return Path(os.path.normpath(locations.home / expand_home(settings.restore_directory, locations.home)))
    return locations.restore_points


def free_bytes(directory: Path) -> int | None:
    """The bytes that are free where restore points go; None if that cannot be found out."""
    place = existing_place(directory)
    try:
        return shutil.disk_usage(place).free if place else None
    except OSError:
        return None


def is_beside(directory: Path, path: str) -> bool:
    """Whether restore points go to the file system of a path; not if either cannot be looked at."""
    place = existing_place(directory)
    try:
        return place is not None and os.stat(path).st_dev == place.stat().st_dev
    except OSError:
        return False


def file_systems_of(paths: Iterable[str], points: Path) -> tuple[FileSystem, ...]:
    """The file systems that these paths lie on, in their order; `points` is the directory of restore points.

    What is gone is left out. Raises CondatuiError if a file system does not say how much is free.
    """
    found: dict[int, list[str]] = {}
    for path in paths:
        with suppress(OSError):
            found.setdefault(os.stat(path).st_dev, []).append(path)
    return tuple(_file_system(tuple(dict.fromkeys(there)), points) for there in found.values())


def _file_system(paths: tuple[str, ...], points: Path) -> FileSystem:
    try:
        free = shutil.disk_usage(paths[0]).free
    except OSError as error:
        title = "How much is free on the disk cannot be found out."
        raise CondatuiError(title, f"{sanitize(paths[0])}: {reason(error)}") from error
    return FileSystem(paths=paths, free=free, has_points=is_beside(points, paths[0]))


def existing_place(directory: Path) -> Path | None:
    """The directory of restore points, or the nearest one above it that exists."""
    return next((each for each in (directory, *directory.parents) if each.is_dir()), None)


@contextmanager
def new_point(directory: Path, name: str, at: datetime) -> Iterator[tuple[str, Path]]:
    """Give an id and a directory to fill; on leaving, it gets its final name, or is deleted after an error.

    Only this user may read it, since it holds files of the environment. Raises OSError.
    """
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    _sweep(directory, at.timestamp())
    made = directory / f"{_MAKING}{os.getpid()}-{at.timestamp():.6f}"
    made.mkdir(mode=0o700)
    try:
        write_new(made / OWNER, encode_versioned(this_process(), FORMAT))
        point_id = _free_id(directory, name, at)
        yield point_id, made
        (made / OWNER).unlink()
        sync_path(made)
        os.rename(made, directory / point_id)
        sync_path(directory)
    except BaseException:
        delete_tree(str(made))
        raise


def write_manifest(directory: Path, point: RestorePoint, paths: Sequence[KeptPath]) -> None:
    """Write the manifest of a restore point, and its paths. Raises OSError."""
    packed = encode_versioned(_Paths(tuple(paths)), FORMAT)
    write_new(directory / PATHS, gzip.compress(packed, compresslevel=1, mtime=0))
    stored = {name: os.path.getsize(directory / name) for name in _wanted(point)}
    write_new(directory / MANIFEST, encode_versioned(replace(point, stored=stored), FORMAT))


def read_point(directory: Path, point_id: str) -> RestorePoint:
    """Read the manifest of a restore point.

    Raises UsageError if there is no such restore point, NewerFormatError if a newer condatui has made it, CondatuiError
    if it is damaged.
    """
    if not _ID.fullmatch(point_id) or not os.path.isdir(directory / point_id):
        raise UsageError(f"There is no restore point `{sanitize(point_id)}`.", str(directory), ListRestorePoints())
    try:
        data = read_bounded(str(directory / point_id / MANIFEST), _LARGEST)
        _refuse_newer(format_of(data), directory / point_id)
        point = decode(data, _POINT, own=True)
    except OSError as error:
        raise _damaged(directory / point_id / MANIFEST, reason(error)) from error
    if point.id != point_id:
        raise _damaged(directory / point_id / MANIFEST, f"it is the one of {point.id}")
    if not os.path.isabs(point.prefix) or os.path.normpath(point.prefix) != point.prefix or is_no_text(point.prefix):
        raise _damaged(directory / point_id / MANIFEST, f"`{point.prefix}` is no path of an environment")
    return point


def read_paths_of(directory: Path, point: RestorePoint) -> tuple[KeptPath, ...]:
    """Read the paths of a restore point; raises NewerFormatError as `read_point`, CondatuiError if it is damaged."""
    file = directory / point.id / PATHS
    try:
        data = _unpacked(read_bounded(str(file), _LARGEST))
        _refuse_newer(format_of(data), directory / point.id)
        paths = decode(data, _PATHS, own=True).paths
    except (OSError, EOFError, zlib.error) as error:
        raise _damaged(file, reason(error) if isinstance(error, OSError) else str(error)) from error
    if wrong := wrong_with(paths, point):
        raise _damaged(file, wrong)
    return paths


def _unpacked(packed: bytes) -> bytes:
    """Decompress at most `_MOST_UNPACKED` bytes. Raises OSError, EOFError or zlib.error."""
    with gzip.GzipFile(fileobj=io.BytesIO(packed)) as stream:
        data = stream.read(_MOST_UNPACKED + 1)
    if len(data) > _MOST_UNPACKED:
        raise OSError(errno.EFBIG, f"larger than {_MOST_UNPACKED >> 20} MB")
    return data


def point_ids(directory: Path) -> tuple[str, ...]:
    """The ids of all restore points, newest first; none if the directory cannot be listed."""
    try:
        names = os.listdir(directory)
    except OSError:
        return ()
    return tuple(sorted((name for name in names if _ID.fullmatch(name)), reverse=True))


def newer_points(directory: Path) -> tuple[str, ...]:
    """The ids of the restore points of a newer condatui, newest first: they are neither read nor deleted."""
    return tuple(each for each in point_ids(directory) if _format(directory / each / MANIFEST) > FORMAT)


def problem_of(directory: Path, point: RestorePoint) -> str:
    """A few words that say which files of a restore point are missing or damaged, as far as that is seen at a glance.

    Their sizes and first bytes are looked at; `verify.check_files` reads them. Empty if all seems well.
    """
    wanted = _wanted(point)
    missing = [name for name in wanted if not os.path.lexists(directory / point.id / name)]
    damaged = [name for name in wanted if name not in missing and not _looks_whole(directory / point.id / name, point)]
    words = ((missing, "gone"), (damaged, "damaged"))
    return "; ".join(
        f"{', '.join(names)} {'is' if len(names) == 1 else 'are'} {what}" for names, what in words if names
    )


def _wanted(point: RestorePoint) -> tuple[str, ...]:
    """The files without which a restore point cannot be used, beside its manifest."""
    return (PATHS, *((ARCHIVE,) if point.archived_files else ()), *((NEEDED,) if point.needed else ()))


def _looks_whole(file: Path, point: RestorePoint) -> bool:
    begin = _EXPLICIT if file.name == NEEDED else _GZIP
    try:
        if os.path.getsize(file) != point.stored.get(file.name, os.path.getsize(file)):
            return False
        with open_regular(str(file)) as stream:
            return stream.read(len(begin)) == begin
    except OSError:
        return False


def bytes_of_point(directory: Path, point_id: str) -> int:
    """The bytes that a restore point occupies on the disk."""
    try:
        return read_tree(str(directory / point_id)).exclusive_bytes
    except OSError:
        return 0


def delete_point(directory: Path, point_id: str) -> None:
    """Delete a restore point: a rename hides it at once, so that an interrupted deletion leaves no damaged one.

    Raises NewerFormatError if a newer condatui has made it, OSError if it cannot be deleted.
    """
    _refuse_newer(_format(directory / point_id / MANIFEST), directory / point_id)
    gone = directory / f"{_DELETING}{point_id}"
    os.rename(directory / point_id, gone)
    delete_whole(str(gone))


def _free_id(directory: Path, name: str, at: datetime) -> str:
    plain = re.sub(r"[^A-Za-z0-9._-]+", "-", os.path.basename(name))[:_LONGEST_NAME] or "environment"
    stem = f"{at.astimezone(timezone.utc):%Y%m%d-%H%M%S}-{plain}"
    numbered = (f"{stem}-{number}" for number in range(2, 10_000))
    return next(each for each in (stem, *numbered) if not os.path.lexists(directory / each))


def _sweep(directory: Path, now: float) -> None:
    """Delete what processes that are gone have left half made or half deleted, unless it was a newer condatui."""
    for left in directory.glob(f"{_DELETING}*"):
        if _format(left / MANIFEST) <= FORMAT:
            delete_tree(str(left))
    here = this_process()
    for left in directory.glob(f"{_MAKING}*"):
        if _format(left / OWNER) > FORMAT:
            continue
        try:
            owner = decode(read_bounded(str(left / OWNER), _LARGEST), _OWNER, own=True)
            abandoned = owner.near(here) and not owner.alive(here)
        except OSError:
            abandoned = _modified(left) < now - _ABANDONED
        if abandoned:
            delete_tree(str(left))


def _format(file: Path) -> int:
    """The format that a file states; 0 if it cannot be read."""
    try:
        return format_of(read_bounded(str(file), _LARGEST))
    except OSError:
        return 0


def _refuse_newer(found: int, point: Path) -> None:
    if found > FORMAT:
        raise NewerFormatError("The restore point", str(point), found=found, known=FORMAT)


def _modified(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except OSError:
        return float("inf")


def _damaged(file: Path, why: str) -> CondatuiError:
    return CondatuiError("The restore point is damaged.", f"{file}: {sanitize(why)}")


_POINT = msgspec.json.Decoder(RestorePoint)
_PATHS = msgspec.json.Decoder(_Paths)
_OWNER = msgspec.json.Decoder(Owner)


def all_points(directory: Path) -> Iterator[RestorePoint]:
    """All restore points, newest first, without damaged ones and those of a newer condatui."""
    for point_id in point_ids(directory):
        with suppress(CondatuiError):
            yield read_point(directory, point_id)
