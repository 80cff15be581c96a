"""conda-pack as a library, with corrections. For use in child processes only, since it may block for ever."""

from __future__ import annotations

import os
import shutil
import stat
import warnings
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Protocol

from conda_pack import CondaEnv, CondaPackException, formats

from condatui_core.fs.delete_tree import delete_whole

_LARGE = 64 << 20
"""Bytes; a larger file is hardly a text with a prefix, and conda-pack would read all of it at once to find out."""

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
    """Pipes, sockets and devices, which are left out, since conda-pack would wait for ever to read them."""
    missing: tuple[str, ...]
    """Lines that name packages with missing files."""
    uncached: tuple[str, ...]
    """Lines that name packages that are not in the package cache any more."""

    @property
    def files(self) -> Sequence[PackedFile]:
        """All files that will be packed."""
        files: Sequence[PackedFile] = self.environment.files
        return files


def load(prefix: str, excludes: Sequence[str] = ()) -> LoadedEnvironment:
    """Let conda-pack list an environment. Raises PackError if it cannot be packed at all, OSError if not read."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        environment, missing = _load(prefix)
    for pattern in excludes:
        environment = environment.exclude(pattern)
    special = frozenset(file.target for file in environment.files if _is_special(os.path.join(prefix, file.target)))
    environment.files = [file for file in environment.files if file.target not in special]
    uncached = tuple(line[2:] for each in caught for line in str(each.message).splitlines() if line.startswith("- "))
    return LoadedEnvironment(environment, tuple(sorted(special)), missing, tuple(dict.fromkeys(uncached)))


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
    _patch_conda_pack(level, threads)
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


def _load(prefix: str) -> tuple[Any, tuple[str, ...]]:
    # condatui finds editable installs itself, more of them than conda-pack does.
    try:
        return CondaEnv.from_prefix(prefix, ignore_editable_packages=True), ()
    except CondaPackException as error:
        environment = CondaEnv.from_prefix(prefix, ignore_editable_packages=True, ignore_missing_files=True)
        return environment, tuple(_listed(str(error)))


def _listed(message: str) -> Iterator[str]:
    for line in message.splitlines():
        if line.startswith("- "):
            yield line[2:].rstrip(":")
        elif line.startswith("    "):
            yield f"  {line.strip()}"


def _is_special(path: str) -> bool:
    try:
        mode = os.lstat(path).st_mode
    except OSError:
        return False  # it is missing, which is reported elsewhere
    return not (stat.S_ISREG(mode) or stat.S_ISLNK(mode) or stat.S_ISDIR(mode))


def _patch_conda_pack(level: int, threads: int) -> None:
    """Pass on the options that conda-pack 0.9 drops, and make it copy files instead of linking them to the cache."""
    formats.ParallelZstdFileWriter = partial(
        formats.ParallelZstdFileWriter, compresslevel=level, n_threads=threads if threads > 0 else os.cpu_count() or 1
    )

    class Copying(formats.NoArchive):  # type: ignore[misc]
        """Copies files: through a hard link conda-unpack would write into the package cache, and so elsewhere."""

        def __init__(self, output: str, arcroot: str) -> None:
            super().__init__(output, arcroot)
            self.copy_func = partial(shutil.copy2, follow_symlinks=False)

        def __exit__(self, *_: object) -> None:  # pyright: ignore[reportIncompatibleMethodOverride]
            """Let errors pass, which conda-pack would suppress here."""

    formats.NoArchive = Copying


def _sweep(directory: str, packed: Collection[str]) -> None:
    """Delete the empty temporary file that conda-pack moves into a directory, taking the directory for an archive."""
    for name in os.listdir(directory):
        if name not in packed:
            delete_whole(os.path.join(directory, name))
