"""Files of unknown make are read with care, and without a trace."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from condatui_core.fs.safe_read import open_regular

LONG_AGO = 1_500_000_000


@pytest.mark.skipif(not hasattr(os, "O_NOATIME"), reason="this system cannot read without a trace")
def test_reading_a_file_does_not_make_it_look_used(tmp_path: Path) -> None:
    file = tmp_path / "python3.11"
    file.write_bytes(b"x")
    os.utime(file, (LONG_AGO, LONG_AGO + 1))  # read before it was written: reading it again would be noted anywhere
    with open_regular(str(file)) as stream:
        assert stream.read() == b"x"
    assert file.stat().st_atime == LONG_AGO


def test_what_is_no_file_any_more_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "link").symlink_to("pipe")
    for name in ("pipe", "link"):
        with pytest.raises(OSError):
            open_regular(str(tmp_path / name))


def test_a_file_of_somebody_else_is_read_all_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "theirs"
    file.write_bytes(b"x")
    quietly = getattr(os, "O_NOATIME", 0)
    opened = os.open

    def refusing(path: str, flags: int, *more: int, dir_fd: int | None = None) -> int:
        if quietly and flags & quietly:
            raise PermissionError(1, "not the owner", path)
        return opened(path, flags, *more, dir_fd=dir_fd)

    monkeypatch.setattr(os, "open", refusing)
    with open_regular(str(file)) as stream:
        assert stream.read() == b"x"
