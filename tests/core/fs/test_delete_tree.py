from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from condatui_core.fs import delete_tree as module
from condatui_core.fs.delete_tree import Leftover, delete_tree, delete_whole


def test_a_tree_a_file_and_a_link_go_and_what_the_link_leads_to_stays(tmp_path: Path) -> None:
    (tmp_path / "tree/below").mkdir(parents=True)
    (tmp_path / "tree/below/file").touch()
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere/kept").touch()
    (tmp_path / "tree/link").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "link").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "file").touch()
    for name in ("tree", "link", "file", "never there"):
        delete_whole(str(tmp_path / name))
    assert [each.name for each in tmp_path.rglob("*")] == ["elsewhere", "kept"]


def test_what_is_mounted_stays_also_if_it_is_of_the_same_device(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "tree/mounted").mkdir(parents=True)
    (tmp_path / "tree/mounted/kept").touch()
    (tmp_path / "tree/gone").touch()
    inode = (tmp_path / "tree/mounted").stat().st_ino
    monkeypatch.setattr(module, "_mount", lambda descriptor: b"1" if os.fstat(descriptor).st_ino == inode else b"0")
    mounted = str(tmp_path / "tree/mounted")
    assert delete_tree(str(tmp_path / "tree")) == (
        Leftover(mounted, "another file system is mounted here", errno.EBUSY),
    )
    assert [each.name for each in (tmp_path / "tree").rglob("*")] == ["mounted", "kept"]
    with pytest.raises(OSError, match="is mounted here") as raised:
        delete_whole(str(tmp_path / "tree"))
    assert (raised.value.errno, raised.value.filename) == (errno.EBUSY, mounted)


@pytest.mark.skipif(not os.path.exists("/proc/self/fdinfo"), reason="only Linux tells")
def test_a_directory_tells_by_which_mount_it_is_seen(tmp_path: Path) -> None:
    marks = []
    for path in (tmp_path, "/proc"):
        descriptor = os.open(path, os.O_RDONLY)
        marks.append(module._mount(descriptor))
        os.close(descriptor)
    assert marks[0].startswith(b"mnt_id:")
    assert marks[0] != marks[1]


def test_a_link_in_the_place_of_a_locked_directory_unlocks_nothing(tmp_path: Path) -> None:
    (tmp_path / "locked").mkdir(0o500)
    (tmp_path / "link").symlink_to("locked")
    above = os.open(tmp_path, os.O_RDONLY)
    try:
        with pytest.raises(OSError):
            module._unlock(above, "link")
        assert (tmp_path / "locked").stat().st_mode & 0o777 == 0o500
        module._unlock(above, "locked")
        assert (tmp_path / "locked").stat().st_mode & 0o777 == 0o700
    finally:
        os.close(above)
