"""The process that surveys an environment to be packed, since listing a large one takes seconds."""

from __future__ import annotations

import hashlib
import os
import stat
import sys
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from functools import cache

from conda_pack.prefixes import replace_prefix

from condatui_core.actions.pack.library import PackedFile, PackError, load
from condatui_core.actions.pack.messages import Differences, PackSurvey, words_of
from condatui_core.fs.documents import encode
from condatui_core.fs.safe_read import open_regular, read_bounded
from condatui_core.prefixes.recorded_paths import read_recorded_packages
from condatui_core.prefixes.site_packages import site_directories, site_packages_candidates
from condatui_core.proc.child import bound_memory

# Paths outside of an environment that its python imports from


_LARGEST = 1 << 20
_IN_PLACE = "__editable__"


def paths_outside(prefix: str) -> Iterator[str]:
    """Lines that name the `.pth` files that lead out of a prefix, and where to, also those of editable installs."""
    for directory in site_directories(prefix, site_packages_candidates(prefix)):
        path = os.path.join(prefix, directory.path)
        for name in sorted(each for each in os.listdir(path) if each.endswith(".pth")):
            yield from _leading_out(prefix, path, name)


def _leading_out(prefix: str, directory: str, name: str) -> Iterator[str]:
    try:
        text = os.fsdecode(read_bounded(os.path.join(directory, name), _LARGEST))
    except OSError:
        return
    places = [line.strip() for line in text.splitlines()]
    outside = [each for each in places if os.path.isabs(each) and "\0" not in each and not _within(prefix, each)]
    yield from (f"{name}: {each}" for each in outside)
    if not outside and name.startswith(_IN_PLACE):
        yield f"{name}: found by code"


def _within(prefix: str, path: str) -> bool:
    root = os.path.realpath(prefix)
    return os.path.commonpath((root, os.path.realpath(path))) == root


# Files that differ from what conda-pack would take from the package cache


_CHUNK = 1 << 20


def find_differences(prefix: str, files: Iterable[PackedFile]) -> Differences:
    """Compare the prefix with the files that would be packed from the package cache; reads only what could differ."""
    recorded = cache(lambda: _recorded(prefix))
    counts = {"linked": 0, "alike": 0, "compared": 0}
    changed = []
    for file in files:
        path = os.path.join(prefix, file.target)
        if file.is_conda and file.source != path:
            how, same = _compare(path, file, prefix, recorded)
            counts[how] += 1
            if not same:
                changed.append(file.target)
    return Differences(changed=tuple(changed), **counts)


def _compare(path: str, file: PackedFile, prefix: str, recorded: Callable[[], Mapping[str, str]]) -> tuple[str, bool]:
    """How a file was compared, and whether it is as it was installed."""
    try:
        here, there = os.lstat(path), os.lstat(file.source)
    except OSError:
        return "compared", False  # the cache has lost it: the environment's own file is packed
    if (here.st_dev, here.st_ino) == (there.st_dev, there.st_ino):
        return "linked", True
    if file.prefix_placeholder and stat.S_ISREG(here.st_mode):
        return "compared", _is_installed(path, file, prefix) or _digest(path) == recorded().get(file.target)
    if _alike(here, there):
        return "alike", True
    return "compared", _equal(path, file.source, here, there)


def _alike(here: os.stat_result, there: os.stat_result) -> bool:
    """Whether mode, size and time, which conda copies with a file, are the same."""
    same_time = here.st_mtime_ns // 10**9 == there.st_mtime_ns // 10**9
    return here.st_mode == there.st_mode and here.st_size == there.st_size and same_time


def _equal(path: str, source: str, here: os.stat_result, there: os.stat_result) -> bool:
    if stat.S_IFMT(here.st_mode) != stat.S_IFMT(there.st_mode) or here.st_size != there.st_size:
        return False
    if stat.S_ISLNK(here.st_mode):
        return os.readlink(path) == os.readlink(source)
    return not stat.S_ISREG(here.st_mode) or _digest(path) == _digest(source)


def _is_installed(path: str, file: PackedFile, prefix: str) -> bool:
    """Whether a file equals the cache's file with the prefix written into it."""
    try:
        expected = replace_prefix(_read(file.source), file.file_mode, file.prefix_placeholder, prefix)
    except ValueError:  # the prefix does not fit in
        return False
    return bool(expected == _read(path))


def _recorded(prefix: str) -> dict[str, str]:
    """By path, the sha256 of files as conda installed them: it shortens first lines that are too long for a kernel."""
    packages, _ = read_recorded_packages(prefix)
    return {path.path: path.sha256_in_prefix for package in packages for path in package.paths}


def _read(path: str) -> bytes:
    with open_regular(path, follow=True) as stream:
        return stream.read()


def _digest(path: str) -> str:
    digest = hashlib.sha256()
    with open_regular(path, follow=True) as stream:
        while chunk := stream.read(_CHUNK):
            digest.update(chunk)
    return digest.hexdigest()


def survey(
    prefix: str, excludes: Sequence[str] = (), left_out: Collection[str] = frozenset(), *, form: str = "tar"
) -> PackSurvey:
    """Survey everything that would be packed, changing nothing."""
    try:
        loaded = load(prefix, excludes, left_out, form=form)
        unreadable, size = _weigh(loaded.files)
        return PackSurvey(
            files=len(loaded.files),
            bytes=size,
            python=any(file.target == "bin/python" for file in loaded.files),
            differences=Differences() if unreadable else find_differences(prefix, loaded.files),
            special=loaded.special,
            unreadable=unreadable,
            missing=loaded.missing,
            uncached=loaded.uncached,
            outside=tuple(paths_outside(prefix)),
        )
    except (PackError, OSError, ValueError, KeyError, TypeError, AttributeError, MemoryError) as error:
        # conda-pack raises any of these for a record that it does not expect.
        return PackSurvey(problem=words_of(error))


def _weigh(files: Sequence[PackedFile]) -> tuple[tuple[str, ...], int]:
    unreadable, size = [], 0
    for file in files:
        try:
            size += os.lstat(file.source).st_size
        except FileNotFoundError:
            continue  # the cache has lost it: the environment's own file is packed
        except OSError:
            unreadable.append(file.target)
            continue
        if not os.path.islink(file.source) and not os.access(file.source, os.R_OK):
            unreadable.append(file.target)
    return tuple(unreadable), size


def main(arguments: Sequence[str]) -> None:
    """Print the survey of a prefix that is to be packed in a format, without files that match the patterns after it.

    Paths on stdin, each ended by NUL, are left out as well.
    """
    bound_memory()
    prefix, form, *excludes = arguments
    left_out = frozenset(map(os.fsdecode, sys.stdin.buffer.read().split(b"\0")))
    sys.stdout.buffer.write(encode(survey(prefix, excludes, left_out, form=form)))


if __name__ == "__main__":
    main(sys.argv[1:])
