"""The process that reads back every byte of an archive; its order and answer are those of the one that packs."""

from __future__ import annotations

import bz2
import gzip
import lzma
import os
import sys
import tarfile
import zipfile
import zlib
from collections.abc import Iterator
from typing import IO, cast

from condatui_core.actions.pack.messages import ARCHIVE, PackAnswer, read_order, words_of, write_answer
from condatui_core.fs.tree import read_tree
from condatui_core.proc.child import ChildError, bound_memory

_MOST_BYTES = 256 << 20
"""Bytes of a listing at most: it has about a hundred for each file, and the largest environments need far less."""
_SECONDS = 600.0
"""Seconds after which a listing counts as hanging."""
_UNREADABLE = (
    OSError,
    EOFError,
    ValueError,
    ChildError,
    tarfile.TarError,
    zipfile.BadZipFile,
    zlib.error,
    lzma.LZMAError,
    MemoryError,
)


def main(directory: str) -> int:
    """Count the files in the archive of a directory, and write the answer; returns the exit code."""
    archive = os.path.join(directory, ARCHIVE)
    bound_memory()
    try:
        names = set(_names(archive, read_order(directory).form))
        answer = PackAnswer(files=len(names), bytes=_bytes(archive))
    except _UNREADABLE as error:
        answer = PackAnswer(error=words_of(error))
    write_answer(directory, answer)
    return 1 if answer.error else 0


def _names(archive: str, form: str) -> Iterator[str]:
    if form == "no-archive":
        entries = read_tree(archive).entries
        filled = {os.path.dirname(each.path) or os.curdir for each in entries if each.path != os.curdir}
        yield from (each.path for each in entries if each.path not in filled)
    elif form == "zip":
        yield from _names_in_zip(archive)
    elif form == "squashfs":
        yield from _names_in_squashfs(archive)
    else:
        with _stream(archive, form) as stream, tarfile.open(fileobj=stream, mode="r|") as tar:
            yield from (member.name for member in tar)


def _names_in_zip(archive: str) -> Iterator[str]:
    with zipfile.ZipFile(archive) as opened:
        if broken := opened.testzip():
            raise zipfile.BadZipFile(f"{broken} is damaged")
        yield from opened.namelist()


def _names_in_squashfs(archive: str) -> Iterator[str]:
    import asyncio  # noqa: PLC0415 - for this format only, as the imports below

    from condatui_core.proc.child import STDERR, STDOUT, Output  # noqa: PLC0415
    from condatui_core.proc.runner import run_to_end  # noqa: PLC0415

    argv, output = ("unsquashfs", "-l", archive), Output(_MOST_BYTES)
    # unsquashfs stays in the group of this process, and is ended with it.
    exit_code = asyncio.run(run_to_end(argv, os.environ, output, seconds=_SECONDS, own_group=False))
    if exit_code:
        raise OSError(output.text(STDERR).strip() or f"unsquashfs ended with exit code {exit_code}")
    yield from output.text(STDOUT).splitlines()


def _stream(archive: str, form: str) -> IO[bytes]:
    """The tar stream in an archive. Several threads make several frames, which these readers join."""
    if form == "tar.zst":
        import zstandard  # noqa: PLC0415 - for this format only

        return cast(IO[bytes], zstandard.open(archive, "rb"))
    if form == "tar.bz2":
        return cast(IO[bytes], bz2.open(archive))
    if form == "tar.xz":
        return cast(IO[bytes], lzma.open(archive))
    return open(archive, "rb") if form == "tar" else cast(IO[bytes], gzip.open(archive))


def _bytes(archive: str) -> int:
    if os.path.isfile(archive):
        return os.stat(archive).st_size
    return sum(each.status.st_size for each in read_tree(archive).entries if each.kind != "directory")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
