"""conda-pack as a library, with corrections. For use in child processes only, since it may block for ever."""

from __future__ import annotations

import errno
import json
import os
import re
import shutil
import stat
import tarfile
import warnings
import zipfile
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from functools import partial
from io import BytesIO
from typing import Any, Protocol

from conda_pack import CondaEnv, CondaPackException, core, formats

from condatui_core.actions.amended_records import record_without, without_paths
from condatui_core.actions.pack.messages import MissingFiles
from condatui_core.fs.delete_tree import delete_whole
from condatui_core.prefixes.slimmed import is_slimmed

_LARGE = 64 << 20
"""Bytes; a larger file is hardly a text with a prefix, and conda-pack would read all of it at once to find out."""

_WITHOUT_TRACE = getattr(os, "O_NOATIME", 0)

_OWN_FILES = ("bin/conda-unpack", "bin/conda_unpack_progress.py")
"""What conda-pack adds to an archive, from temporary files."""

PackError = CondaPackException
"""The error that conda-pack raises if it refuses to pack."""


class PackedFile(Protocol):
    """One file that conda-pack is about to pack."""

    source: str
    """The absolute path: in the package cache if conda has installed the file and the cache still has it."""
    target: str
    """The path relative to the prefix."""
    is_conda: bool
    file_mode: str | None
    """`text` or `binary` if a prefix has to be replaced in it, `unknown` if it has to be searched for the prefix."""
    prefix_placeholder: str | None


@dataclass(frozen=True, slots=True)
class LoadedEnvironment:
    """An environment as conda-pack lists it."""

    environment: Any
    """The CondaEnv, with all files that can be packed."""
    special: tuple[str, ...]
    """Pipes, sockets and devices, which are left out: reading one of them may never end."""
    missing: tuple[MissingFiles, ...]
    uncached: tuple[str, ...]
    """Lines that name packages that are not in the package cache any more."""
    left_out: Collection[str] = frozenset()
    """Paths, relative to the prefix, that the records are not to list either."""

    @property
    def files(self) -> Sequence[PackedFile]:
        """All files that will be packed."""
        files: Sequence[PackedFile] = self.environment.files
        return files


def load(
    prefix: str, excludes: Sequence[str] = (), left_out: Collection[str] = frozenset(), *, form: str = "tar"
) -> LoadedEnvironment:
    """Let conda-pack list an environment. Raises PackError if it cannot be packed at all, OSError if not read.

    Files that match a pattern of `excludes` are not listed; those of `left_out` are unknown to the records as well.
    """
    _read_only_regular_files()
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        environment, missing = _load(prefix)
    for pattern in excludes:
        environment = environment.exclude(pattern)
    look = os.stat if form == "zip" else os.lstat  # a zip archive has the content of what a link leads to
    special = frozenset(each.target for each in environment.files if _is_special(prefix, each.target, look))
    gone = special.union(left_out)
    environment.files = [file for file in environment.files if file.target not in gone]
    uncached = tuple(line[2:] for each in caught for line in str(each.message).splitlines() if line.startswith("- "))
    return LoadedEnvironment(environment, tuple(sorted(special)), missing, tuple(dict.fromkeys(uncached)), left_out)


@dataclass(frozen=True, slots=True, kw_only=True)
class PackOptions:
    """How an environment is packed."""

    form: str
    level: int
    threads: int
    """The number of threads; -1 is one for each core."""
    dest_prefix: str = ""


def write(loaded: LoadedEnvironment, output: str, options: PackOptions, show: Callable[[int, int], None]) -> None:
    """Pack what was loaded into a new file, or with `no-archive` into a new directory.

    `show` is called before each file with the number of files packed so far, and of all files.
    """
    form, level, threads = options.form, options.level, options.threads
    environment = loaded.environment
    packed = {file.target.partition(os.sep)[0] for file in loaded.files} | {"bin"}
    for file in loaded.files:
        if file.file_mode == "unknown" and os.lstat(file.source).st_size > _LARGE:
            file.file_mode = None
    environment.files = _Shown(loaded.files, show)
    _patch_conda_pack(level, threads, loaded)
    _amend_records(loaded.left_out)
    # With one thread, conda-pack does not pass the level on to xz.
    threads = max(2, threads) if form == "tar.xz" and threads >= 0 else threads
    parcel = {"parcel_name": environment.name.replace("-", "_")} if form == "parcel" else {}
    environment.pack(
        output=output,
        format=form,
        compress_level=level,
        n_threads=threads,
        dest_prefix=options.dest_prefix or None,
        **parcel,
    )
    if form == "no-archive":
        _sweep(output, packed)


class _Shown(list[PackedFile]):
    """A list of files that reports progress while it is iterated."""

    def __init__(self, files: Iterable[PackedFile], show: Callable[[int, int], None]) -> None:
        super().__init__(files)
        self._show = show

    def __iter__(self) -> Iterator[PackedFile]:
        for number, file in enumerate(super().__iter__()):
            self._show(number, len(self))
            yield file


def _load(prefix: str) -> tuple[Any, tuple[MissingFiles, ...]]:
    # condatui finds editable installs itself, more of them than conda-pack does.
    load_whole = partial(CondaEnv.from_prefix, prefix, ignore_editable_packages=True)
    with _believing_records() if is_slimmed(prefix) else nullcontext():
        try:
            return load_whole(), ()
        except CondaPackException as error:
            return load_whole(ignore_missing_files=True), tuple(_missing(str(error)))


@contextmanager
def _believing_records() -> Iterator[None]:
    """Let conda-pack believe the records of a slimmed copy, which lack what was left out, and not the package cache.

    So what was left out is not missing, what is gone besides is, and nothing comes from the cache that is not there.
    """
    loads = core.load_managed_package

    def load_recorded(info: Mapping[str, Any], *given: object) -> list[PackedFile]:
        listed = frozenset(map(os.path.normcase, info["files"]))
        return [each for each in loads(info, *given) if os.path.normcase(each.target) in listed]

    core.load_managed_package = load_recorded
    try:
        yield
    finally:
        core.load_managed_package = loads


def _missing(message: str) -> Iterator[MissingFiles]:
    """The packages and files that conda-pack's message lists: `- numpy 1.26.4:`, and below it indented paths."""
    for part in re.split(r"^- ", message, flags=re.MULTILINE)[1:]:
        heading, *lines = part.splitlines()
        package, _, version = heading.rstrip(":").rpartition(" ")
        files = tuple(line.strip() for line in lines if line.startswith("    "))
        yield MissingFiles(package=package, version=version, files=files)


def _is_special(prefix: str, target: str, look: Callable[[str], os.stat_result]) -> bool:
    try:
        mode = look(os.path.join(prefix, target)).st_mode
    except OSError:
        return False  # it is missing, which is reported elsewhere
    return not (stat.S_ISREG(mode) or stat.S_ISLNK(mode) or stat.S_ISDIR(mode))


def _read_only_regular_files() -> None:
    """Let conda-pack and what it archives with open no pipe and no device, at whatever path one comes up."""
    reading = partial(open, opener=open_regular_quietly)
    for module, name in ((core, "open"), (zipfile, "open"), (tarfile, "bltn_open")):
        setattr(module, name, reading)


def open_regular_quietly(path: str, flags: int) -> int:
    """An opener for `open` that reads regular files alone, and leaves their access time if this user may do that.

    By access times condatui knows when an environment was last used. Raises OSError; EINVAL for anything else.
    """
    if flags & os.O_ACCMODE != os.O_RDONLY:
        return os.open(path, flags, 0o666)
    _refuse_special(os.stat(path), path)
    try:
        descriptor = os.open(path, flags | os.O_NONBLOCK | _WITHOUT_TRACE)
    except PermissionError:  # only the owner may leave no trace
        descriptor = os.open(path, flags | os.O_NONBLOCK)
    try:
        _refuse_special(os.fstat(descriptor), path)
    except OSError:
        os.close(descriptor)
        raise
    return descriptor


def _refuse_special(status: os.stat_result, path: str) -> None:
    if not stat.S_ISREG(status.st_mode):
        raise OSError(errno.EINVAL, "not a regular file", path)


def _patch_conda_pack(level: int, threads: int, loaded: LoadedEnvironment) -> None:
    """Pass on the options that conda-pack 0.9 drops, copy files instead of linking them to the cache, and keep those
    whose content it rewrites apart from their other hard links.
    """
    formats.ParallelZstdFileWriter = partial(
        formats.ParallelZstdFileWriter, compresslevel=level, n_threads=threads if threads > 0 else os.cpu_count() or 1
    )

    records = _records_of_pip(loaded) if loaded.left_out else frozenset[str]()

    class Copying(formats.NoArchive):  # type: ignore[misc]
        """Copies files: through a hard link conda-unpack would write into the package cache, and so elsewhere."""

        def __init__(self, output: str, arcroot: str) -> None:
            super().__init__(output, arcroot)
            self.copy_func = partial(shutil.copy2, follow_symlinks=False)

        def __exit__(self, *_: object) -> None:  # pyright: ignore[reportIncompatibleMethodOverride]
            """Let errors pass, which conda-pack would suppress here."""

    class Separate(formats.TarArchive):  # type: ignore[misc]
        """Makes a file of its own of each file whose content is rewritten, though it is a hard link on the disk.

        As a link it would have no content in the archive, and what is written after its header would be taken for the
        next header.
        """

        def _add(self, source: str, target: str) -> None:
            """Give all that conda-pack writes itself the time of the environment, so that it is packed alike again."""
            if target not in _OWN_FILES:
                super()._add(source, target)
                return
            info = self.archive.gettarinfo(source, target)
            info.mtime = self.mtime
            with open(source, "rb", opener=open_regular_quietly) as stream:
                self.archive.addfile(info, stream)

        def _add_bytes(self, source: str, sourcebytes: bytes, target: str) -> None:
            if target in records:
                sourcebytes = record_without(sourcebytes, target, loaded.left_out)
            info = self.archive.gettarinfo(source, target)
            info.type, info.linkname, info.size = tarfile.REGTYPE, "", len(sourcebytes)
            status = os.stat(source)
            if self.archive.inodes.get((status.st_ino, status.st_dev)) == info.name:
                del self.archive.inodes[status.st_ino, status.st_dev]  # no other link is to get these bytes
            self.archive.addfile(info, BytesIO(sourcebytes))

    formats.NoArchive = Copying
    formats.TarArchive = Separate


def _amend_records(left_out: Collection[str]) -> None:
    """Let the records that are packed list only what is packed with them."""
    if not left_out:
        return
    rewrite = core.rewrite_conda_meta

    def amended(source: str) -> tuple[bytes, Mapping[str, object]]:
        _, record = rewrite(source)
        record = without_paths(record, left_out)
        return json.dumps(record, indent=True, sort_keys=True).encode(), record

    core.rewrite_conda_meta = amended


def _records_of_pip(loaded: LoadedEnvironment) -> frozenset[str]:
    """The RECORD of each distribution that pip has installed."""
    return frozenset(
        each.target for each in loaded.files if not each.is_conda and each.target.endswith(".dist-info/RECORD")
    )


def _sweep(directory: str, packed: Collection[str]) -> None:
    """Delete the empty temporary file that conda-pack moves into a directory, taking the directory for an archive."""
    for name in os.listdir(directory):
        if name not in packed:
            delete_whole(os.path.join(directory, name))
