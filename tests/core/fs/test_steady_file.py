"""Files that are held open: whatever is done to them is seen."""

from __future__ import annotations

import errno
import os
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from condatui_core.fs import steady_file
from condatui_core.fs.places import HeldPlaces, Place
from condatui_core.fs.steady_file import SteadyFile, same_contents


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Callable[[str], Place]]:
    with HeldPlaces() as places:
        yield lambda name: places.place(str(tmp_path), name)


def _set_user_attribute(file: Path) -> None:
    try:
        os.setxattr(file, "user.mine", b"1")
    except OSError:
        pytest.skip("no attributes here")


CHANGES: dict[str, Callable[[Path], object]] = {
    "mode": lambda file: file.chmod(0o755),
    "time": lambda file: os.utime(file, ns=(1, 1)),
    "attribute": _set_user_attribute,
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_change_is_seen(change: str, tmp_path: Path, place: Callable[[str], Place]) -> None:
    (tmp_path / "file").write_bytes(b"content")
    with SteadyFile(place("file")) as file:
        os.link(tmp_path / "file", tmp_path / "more")
        assert (file.unchanged, file.links) == (True, 2)
        CHANGES[change](tmp_path / "file")
        assert not file.unchanged
        assert file.unwritten


def test_a_writer_is_seen_whatever_time_it_sets(tmp_path: Path, place: Callable[[str], Place]) -> None:
    (tmp_path / "file").write_bytes(b"content")
    status = (tmp_path / "file").stat()

    def write() -> None:
        with (tmp_path / "file").open("r+b") as stream:
            stream.write(b"Content")
        os.utime(tmp_path / "file", ns=(status.st_atime_ns, status.st_mtime_ns))

    with SteadyFile(place("file")) as file:
        writer = threading.Thread(target=write)
        writer.start()
        while file.unwritten:
            continue
        assert not file.unchanged
    writer.join()
    assert (tmp_path / "file").read_bytes() == b"Content"


@pytest.mark.parametrize(
    ("content", "same"), [(b"a" * 3_000_000, True), (b"a" * 2_999_999 + b"b", False), (b"a" * 2_999_999, False)]
)
def test_contents_are_compared(content: bytes, same: bool, tmp_path: Path, place: Callable[[str], Place]) -> None:
    (tmp_path / "one").write_bytes(b"a" * 3_000_000)
    (tmp_path / "two").write_bytes(content)
    with SteadyFile(place("one")) as one, SteadyFile(place("two")) as two:
        assert same_contents(one, two) is same
        assert not same_contents(one, two, lambda: True)


def test_only_a_regular_file_is_opened(tmp_path: Path, place: Callable[[str], Place]) -> None:
    (tmp_path / "link").symlink_to("file")
    os.mkfifo(tmp_path / "pipe")
    for name, number in (("link", errno.ELOOP), ("pipe", errno.EINVAL), ("nothing", errno.ENOENT)):
        with pytest.raises(OSError, match=name) as raised:
            SteadyFile(place(name))
        assert raised.value.errno == number


def test_where_nobody_can_tell_who_writes(
    tmp_path: Path, place: Callable[[str], Place], monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_bytes(b"content")
    monkeypatch.setattr(steady_file, "take_read_lease", lambda descriptor: False)
    with pytest.raises(OSError, match="cannot tell") as raised:
        SteadyFile(place("file"))
    assert raised.value.errno == errno.ENOTSUP
    monkeypatch.setattr(sys, "platform", "darwin")
    with SteadyFile(place("file")) as file:  # where no system has leases, sizes and times have to do
        assert file.unchanged
        (tmp_path / "file").write_bytes(b"contents")
        assert (file.unwritten, file.unchanged) == (True, False)
