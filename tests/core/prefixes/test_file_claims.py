"""What records claim: paths that lead straight to something below their holder, and no others."""

from __future__ import annotations

import pytest

from condatui_core.prefixes.file_claims import leads_inside


@pytest.mark.parametrize("path", ["lib/a.so", ".hidden", "lib/.hidden", "lib/..data", "...", "a./b..", "lib/a\n"])
def test_paths_of_a_holder(path: str) -> None:
    assert leads_inside(path)


@pytest.mark.parametrize(
    "path",
    ["", ".", "..", "/a", "//a", "../a", "./a", "a/", "a//b", "a/./b", "a/../b", "a/..", "a/.", "a\0b", ".a/../b"],
)
def test_paths_that_lead_out_or_round(path: str) -> None:
    assert not leads_inside(path)
