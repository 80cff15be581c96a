from __future__ import annotations

from pathlib import Path

import pytest

from condatui_core.whole_files import write_whole


def test_a_new_file_is_written_with_nothing_beside_it(tmp_path: Path) -> None:
    write_whole(tmp_path / "a.md", b"new", replace=False)
    assert [path.name for path in tmp_path.iterdir()] == ["a.md"]
    assert (tmp_path / "a.md").read_bytes() == b"new"


def test_what_is_there_stays_unless_it_may_be_replaced(tmp_path: Path) -> None:
    file = tmp_path / "a.md"
    file.write_bytes(b"old")
    with pytest.raises(FileExistsError):
        write_whole(file, b"new", replace=False)
    assert file.read_bytes() == b"old"
    write_whole(file, b"new", replace=True)
    assert file.read_bytes() == b"new"


def test_what_a_link_points_to_is_replaced_and_keeps_its_permissions(tmp_path: Path) -> None:
    file, link = tmp_path / "a.md", tmp_path / "link.md"
    file.write_bytes(b"old")
    file.chmod(0o640)
    link.symlink_to(file)
    write_whole(link, b"new", replace=True)
    assert link.is_symlink()
    assert (file.read_bytes(), file.stat().st_mode & 0o777) == (b"new", 0o640)


def test_a_link_to_nothing_counts_as_there(tmp_path: Path) -> None:
    (tmp_path / "link.md").symlink_to(tmp_path / "gone")
    with pytest.raises(FileExistsError):
        write_whole(tmp_path / "link.md", b"new", replace=False)


def test_what_cannot_be_written_leaves_nothing_behind(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="No such file"):
        write_whole(tmp_path / "no" / "a.md", b"new", replace=False)
    assert not [*tmp_path.iterdir()]
