"""What records claim: paths that lead straight to something below their holder, and no others."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from condatui_core.prefixes.file_claims import ClaimReader, PackageClaims, leads_inside
from support.prefixes import FakePrefix


@pytest.mark.parametrize("path", ["lib/a.so", ".hidden", "lib/.hidden", "lib/..data", "...", "a./b..", "lib/a\n"])
def test_paths_of_a_holder(path: str) -> None:
    assert leads_inside(path)


@pytest.mark.parametrize(
    "path",
    ["", ".", "..", "/a", "//a", "../a", "./a", "a/", "a//b", "a/./b", "a/../b", "a/..", "a/.", "a\0b", ".a/../b"],
)
def test_paths_that_lead_out_or_round(path: str) -> None:
    assert not leads_inside(path)


def _claims(reader: ClaimReader, prefix: FakePrefix) -> PackageClaims:
    records = [each.name for each in (prefix.path / "conda-meta").glob("*.json")]
    (found,) = reader.of_prefix(str(prefix), records, ())
    return found


def _rewritten(record: Path, **changes: object) -> None:
    record.write_text(json.dumps({**json.loads(record.read_text()), **changes}))


def test_what_many_environments_have_is_taken_apart_once(tmp_path: Path) -> None:
    reader = ClaimReader()
    one, two, other = (FakePrefix(tmp_path / name) for name in ("one", "two", "other"))
    for prefix, data, asked in ((one, b"zlib", "zlib"), (two, b"zlib", "None"), (other, b"lzib", "zlib")):
        record = prefix.package("zlib", "1.3", files={"lib/libz.so": data})
        _rewritten(record, requested_spec=asked)  # says nothing of files
    assert _claims(reader, one) is _claims(reader, two)
    assert _claims(reader, other).files.digests != _claims(reader, one).files.digests
    _rewritten(record, paths_data=None)
    assert _claims(reader, other).files.digests == [""]


@pytest.mark.parametrize("size", [10**30, 1 << 63, -5])
def test_a_record_with_an_impossible_size_claims_nothing(size: int, tmp_path: Path) -> None:
    prefix = FakePrefix(tmp_path / "env")
    record = prefix.package("zlib", "1.3", files={"lib/libz.so": b"zlib"})
    (path,) = json.loads(record.read_text())["paths_data"]["paths"]
    _rewritten(record, paths_data={"paths": [{**path, "size_in_bytes": size}]})
    assert list(ClaimReader().of_prefix(str(prefix), [record.name], ())) == []


def test_of_a_path_that_is_stated_twice_the_last_claim_counts(tmp_path: Path) -> None:
    prefix = FakePrefix(tmp_path / "env")
    record = prefix.package("zlib", "1.3", files={"lib/libz.so": b"zlib"})
    (path,) = json.loads(record.read_text())["paths_data"]["paths"]
    again = {**path, "size_in_bytes": 7, "sha256_in_prefix": "f" * 64}
    _rewritten(record, paths_data={"paths": [path, again]})
    files = _claims(ClaimReader(), prefix).files
    assert (files.paths, list(files.sizes), files.digests) == (["lib/libz.so"], [7], ["f" * 64])
