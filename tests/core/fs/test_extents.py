"""What the kernel tells of the extents of files; the disks on which they are shared are in disk/test_block_walk.py."""

from __future__ import annotations

import fcntl
import os
import struct
from collections.abc import Sequence
from pathlib import Path

import pytest

from condatui_core.fs.extents import ExtentReader, SharedExtents

LAST, UNKNOWN, DELALLOC, ENCODED, INLINE, SHARED = 0x1, 0x2, 0x4, 0x8, 0x200, 0x2000
Told = tuple[int, int, int, int]
"""Where in the file, where on the disk, how long, flags."""


@pytest.fixture
def kernel(monkeypatch: pytest.MonkeyPatch) -> list[Sequence[Told]]:
    """What the kernel answers, question by question."""
    answers: list[Sequence[Told]] = []

    def ioctl(descriptor: int, request: int, buffer: bytearray) -> None:
        assert request == 0xC020660B
        told = answers.pop(0)
        struct.pack_into("=L", buffer, 20, len(told))
        for index, (logical, physical, length, flags) in enumerate(told):
            struct.pack_into("=QQQQQLLLL", buffer, 32 + 56 * index, logical, physical, length, 0, 0, flags, 0, 0, 0)

    monkeypatch.setattr(fcntl, "ioctl", ioctl)
    return answers


def read(directory: Path, *names: str) -> SharedExtents:
    reader = ExtentReader()
    reader.look_at(os.fsencode(directory), [(directory / name).lstat().st_ino for name in names])
    return reader.found


def rows(found: SharedExtents) -> list[tuple[int, ...]]:
    return list(zip(found.starts, found.lengths, found.encoded, strict=True))


def test_only_shared_extents_with_a_place_count(tmp_path: Path, kernel: list[Sequence[Told]]) -> None:
    (tmp_path / "x").touch()
    odd = [(at, 0, 4096, SHARED | flag) for at, flag in ((8192, UNKNOWN), (12288, DELALLOC), (16384, INLINE))]
    kernel.append([(0, 40960, 4096, 0), (4096, 81920, 4096, SHARED), *odd, (20480, 4096, 4096, SHARED | LAST)])
    assert rows(read(tmp_path, "x")) == [(81920, 4096, 0), (4096, 4096, 0)]


def test_a_file_in_many_pieces_is_asked_until_it_has_told_the_last(
    tmp_path: Path, kernel: list[Sequence[Told]]
) -> None:
    (tmp_path / "x").touch()
    kernel += [[(0, 40960, 4096, SHARED)], [(4096, 45056, 4096, SHARED)], [(8192, 0, 4096, SHARED)], []]
    assert rows(read(tmp_path, "x")) == [(40960, 8192, 0), (0, 4096, 0)], "what goes on is one extent"
    assert kernel == []


def test_compressed_extents_stay_apart(tmp_path: Path, kernel: list[Sequence[Told]]) -> None:
    (tmp_path / "x").touch()
    kernel.append([(0, 4096, 131072, SHARED | ENCODED), (131072, 135168, 4096, SHARED | ENCODED | LAST)])
    found = read(tmp_path, "x")
    assert rows(found) == [(4096, 131072, 1), (135168, 4096, 1)]
    assert found.compressed


def test_only_what_is_wanted_is_asked_and_only_by_one_name(tmp_path: Path, kernel: list[Sequence[Told]]) -> None:
    (tmp_path / "x").touch()
    (tmp_path / "other").touch()
    os.link(tmp_path / "x", tmp_path / "y")
    kernel.append([(0, 4096, 4096, SHARED | LAST)])
    assert list(read(tmp_path, "x").inodes) == [(tmp_path / "x").stat().st_ino]


def test_a_file_with_a_row_of_its_own_is_asked(tmp_path: Path, kernel: list[Sequence[Told]]) -> None:
    archive = tmp_path / "one.conda"
    archive.touch()
    kernel.append([(0, 4096, 4096, SHARED | LAST)])
    reader = ExtentReader()
    reader.look_at(os.fsencode(archive), [7])
    assert list(reader.found.inodes) == [7]


def test_nothing_is_opened_that_is_no_file(tmp_path: Path, kernel: list[Sequence[Told]]) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "link").symlink_to("pipe")
    assert rows(read(tmp_path, "pipe", "link")) == []


def test_what_may_not_be_opened_is_counted(
    tmp_path: Path, kernel: list[Sequence[Told]], monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "x").touch()
    original = os.open

    def refuse(path: bytes, flags: int, *, dir_fd: int | None = None) -> int:
        if path == b"x":
            raise PermissionError
        return original(path, flags, dir_fd=dir_fd)

    monkeypatch.setattr(os, "open", refuse)
    assert read(tmp_path, "x").unread == 1


def test_a_file_system_that_tells_nothing_is_no_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise OSError(95, "Operation not supported")

    monkeypatch.setattr(fcntl, "ioctl", refuse)
    (tmp_path / "x").touch()
    assert rows(read(tmp_path, "x")) == []
    ExtentReader().look_at(os.fsencode(tmp_path / "gone"), [1])
