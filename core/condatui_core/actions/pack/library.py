"""conda-pack as a library, with what it forgets. Only for processes of their own: it blocks, and may do so for ever."""

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
"""Bytes; a larger file is no text that names its prefix, and to see that, conda-pack would read all of it at once."""

PackError = CondaPackException
"""What conda-pack raises for what it will not do."""


class PackedFile(Protocol):
    """One file as conda-pack is about to pack it."""

    source: str
    """Absolute: in the package cache, for what conda has installed and the cache still has."""
    target: str
    """Relative to the prefix."""
    is_conda: bool
    file_mode: str | None
    """`text` or `binary` where a prefix has to be replaced, `unknown` where that is to be looked for."""
    prefix_placeholder: str | None


@dataclass(frozen=True, slots=True)
class LoadedEnvironment:
    """What conda-pack makes of an environment."""

    environment: Any
    """The CondaEnv, with all that can be packed."""
    special: tuple[str, ...]
    """Pipes, sockets and devices, at which conda-pack would wait for ever: left out."""
    missing: tuple[str, ...]
    """Lines that name the packages some of whose files are gone."""
    uncached: tuple[str, ...]
    """Lines that name the packages that are not in the package cache any more."""

    @property
    def files(self) -> Sequence[PackedFile]:
        """All that will be packed."""
        files: Sequence[PackedFile] = self.environment.files
        return files


def load(prefix: str, excludes: Sequence[str] = ()) -> LoadedEnvironment:
    """Let conda-pack list an environment. Raises PackError if it cannot be packed at all, OSError if not read."""
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        environment, missing = _load(prefix)
    for pattern in excludes:
        environment = environment.exclude(pattern)
    special = frozenset(file.target for file in environment.files if _is_special(os.path.join(prefix, file.target)))
    environment.files = [file for file in environment.files if file.target not in special]
    uncached = tuple(line[2:] for each in told for line in str(each.message).splitlines() if line.startswith("- "))
    return LoadedEnvironment(environment, tuple(sorted(special)), missing, tuple(dict.fromkeys(uncached)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Manner:
    """How an environment is packed."""

    form: str
    level: int
    threads: int
    """-1 is all cores."""
    dest_prefix: str = ""


def write(loaded: LoadedEnvironment, output: str, manner: Manner, show: Callable[[int, int], None]) -> None:
    """Pack what was loaded into a file, or with `no-archive` a directory, that is not there yet.

    `show` is told how many files were taken, and of how many, before each of them.
    """
    form, level, threads = manner.form, manner.level, manner.threads
    environment = loaded.environment
    packed = {file.target.partition(os.sep)[0] for file in loaded.files} | {"bin"}
    for file in loaded.files:
        if file.file_mode == "unknown" and os.lstat(file.source).st_size > _LARGE:
            file.file_mode = None
    environment.files = _Shown(loaded.files, show)
    _mend(level, threads)
    # Left to itself, xz with one thread takes no notice of the level.
    threads = max(2, threads) if form == "tar.xz" and threads >= 0 else threads
    parcel = {"parcel_name": environment.name.replace("-", "_")} if form == "parcel" else {}
    environment.pack(
        output=output,
        format=form,
        compress_level=level,
        n_threads=threads,
        dest_prefix=manner.dest_prefix or None,
        **parcel,
    )
    if form == "no-archive":
        _sweep(output, packed)


class _Shown(list[PackedFile]):
    """Files that tell how far it is whenever one of them is taken."""

    def __init__(self, files: Iterable[PackedFile], show: Callable[[int, int], None]) -> None:
        super().__init__(files)
        self._show = show

    def __iter__(self) -> Iterator[PackedFile]:
        for number, file in enumerate(super().__iter__()):
            self._show(number, len(self))
            yield file


def _load(prefix: str) -> tuple[Any, tuple[str, ...]]:
    # Whether something is editable is judged elsewhere, and by more than conda-pack looks at.
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
        return False  # then it is missing, which is another matter
    return not (stat.S_ISREG(mode) or stat.S_ISLNK(mode) or stat.S_ISDIR(mode))


def _mend(level: int, threads: int) -> None:
    """Hand on what conda-pack 0.9 does not, and let it share no file with the package cache."""
    formats.ParallelZstdFileWriter = partial(
        formats.ParallelZstdFileWriter, compresslevel=level, n_threads=threads if threads > 0 else os.cpu_count() or 1
    )

    class Copying(formats.NoArchive):  # type: ignore[misc]
        """Copies: a hard link would let conda-unpack write into the package cache, and so into all environments."""

        def __init__(self, output: str, arcroot: str) -> None:
            super().__init__(output, arcroot)
            self.copy_func = partial(shutil.copy2, follow_symlinks=False)

        def __exit__(self, *_: object) -> None:  # pyright: ignore[reportIncompatibleMethodOverride]
            """Let errors out, which conda-pack swallows here."""

    formats.NoArchive = Copying


def _sweep(directory: str, packed: Collection[str]) -> None:
    """Delete the empty temporary file that conda-pack moves into a directory as if that were an archive."""
    for name in os.listdir(directory):
        if name not in packed:
            delete_whole(os.path.join(directory, name))
