"""The table of mounts is read as the kernel writes it."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from condatui_core.fs import mounts as module
from condatui_core.fs.mounts import Mount, mounts

TABLE = rb"""/dev/vda / ext4 rw,relatime 0 0
server:/ann\040and\040bob /mnt/a\040b nfs4 rw,vers=4.2 0 0
none /back\134slash tmpfs rw 0 0
broken
"""


def test_blanks_in_names_are_read_as_they_are(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "mounts").write_bytes(TABLE)
    monkeypatch.setattr(module, "_TABLE", str(tmp_path / "mounts"))
    root, nfs, back = mounts()
    assert root == Mount("/", "ext4", frozenset({"rw", "relatime"}), "/dev/vda")
    assert nfs == Mount("/mnt/a b", "nfs4", frozenset({"rw", "vers=4.2"}), "server:/ann and bob")
    assert back.point == "/back\\slash"
    assert (root.far, nfs.far) == (False, True)


def test_where_there_is_no_table_the_system_is_asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_TABLE", str(tmp_path / "nothing"))
    assert {each.point for each in mounts()} >= {"/"}


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="other systems have no such table")
def test_nothing_is_imported_to_read_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "psutil", None)
    assert "/" in {each.point for each in mounts()}
