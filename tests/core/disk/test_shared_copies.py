"""What sharing would save: counted by inodes, and only what conda would link."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from condatui_core.disk.shared_copies import saved_by_sharing
from condatui_core.prefixes.prefix import read_prefix
from condatui_core.records.package import PackageRecord
from support.prefixes import FakePrefix

BLOCK = 4096


def holder(path: Path, *, version: str = "1.0", content: str = "x" * BLOCK) -> FakePrefix:
    """An environment with one package of one file."""
    prefix = FakePrefix(path)
    prefix.package("tool", version, files={"lib/tool.so": content})
    prefix.revision()
    return prefix


def packages(*prefixes: FakePrefix) -> Mapping[str, Sequence[PackageRecord]]:
    return {str(each): read_prefix(str(each)).packages for each in prefixes}


def share(one: FakePrefix, other: Path) -> None:
    other.parent.mkdir(parents=True, exist_ok=True)
    other.unlink(missing_ok=True)
    os.link(one.path / "lib/tool.so", other)


def allocated(prefix: FakePrefix) -> int:
    return (prefix.path / "lib/tool.so").stat().st_blocks * 512


def test_each_copy_but_one_is_saved(tmp_path: Path) -> None:
    prefixes = [holder(tmp_path / name) for name in "abc"]
    size = allocated(prefixes[0])
    assert size > 0
    assert saved_by_sharing(packages(*prefixes)) == 2 * size


def test_what_is_shared_already_is_not_counted(tmp_path: Path) -> None:
    one, other, third = (holder(tmp_path / name) for name in "abc")
    share(one, other.path / "lib/tool.so")
    assert saved_by_sharing(packages(one, other)) == 0
    assert saved_by_sharing(packages(one, other, third)) == allocated(third)


def test_what_a_cache_holds_stays_there_and_all_others_would_share_it(tmp_path: Path) -> None:
    one, other, third = (holder(tmp_path / name) for name in "abc")
    share(one, tmp_path / "pkgs/tool-1.0-0/lib/tool.so")
    assert saved_by_sharing(packages(one, other, third)) == allocated(other) + allocated(third)
    assert saved_by_sharing(packages(one)) == 0


@pytest.mark.parametrize("other", [{"version": "2.0"}, {"content": "y" * 3 * BLOCK}])
def test_another_package_or_an_altered_file_is_not_the_same(tmp_path: Path, other: dict[str, str]) -> None:
    one = holder(tmp_path / "a")
    two = holder(tmp_path / "b", version=other.get("version", "1.0"))
    if content := other.get("content"):
        (two.path / "lib/tool.so").write_text(content)
    assert saved_by_sharing(packages(one, two)) == 0


def test_what_is_gone_or_cannot_be_read_is_passed_over(tmp_path: Path) -> None:
    one, two = holder(tmp_path / "a"), holder(tmp_path / "b")
    found = packages(one, two)
    (two.path / "lib/tool.so").unlink()
    assert saved_by_sharing(found) == 0
    for record in (one.path / "conda-meta").glob("*.json"):
        record.unlink()
    assert saved_by_sharing(found) == 0
