"""Two records of one package: which of them is true, and what export, comparison and health make of it."""

from __future__ import annotations

import os
import shutil
from datetime import datetime, timezone
from pathlib import Path

import pytest

from condatui_core.analyses.columns import environment_listing
from condatui_core.analyses.health import PrefixObservations, findings_of, state_of
from condatui_core.environment_files.export import export_text
from condatui_core.prefixes.prefix import read_prefix
from condatui_core.prefixes.probe import probe_prefix
from condatui_core.prefixes.snapshot import read_records
from condatui_core.records.environment import Environment
from condatui_core.records.finding import Finding
from condatui_core.records.installation import ChannelConfig
from condatui_core.records.prefix import PrefixContents, PrefixPointer
from support.prefixes import FakePrefix, make_prefix


@pytest.fixture
def prefix(tmp_path: Path) -> FakePrefix:
    return make_prefix(tmp_path / "env")


def versions(contents: PrefixContents, name: str = "zlib") -> list[str]:
    return [each.version for each in contents.packages if each.name == name]


def findings(prefix: FakePrefix) -> tuple[Finding, ...]:
    observed = PrefixObservations(
        pointer=PrefixPointer(prefix=str(prefix)),
        probe=probe_prefix(str(prefix)),
        name="env",
        contents=read_prefix(str(prefix)),
    )
    assert state_of(observed) == "broken"
    return findings_of(observed, now=datetime(2026, 1, 1, tzinfo=timezone.utc), stale_days=180)


def written(record: Path, seconds: int) -> None:
    os.utime(record, (seconds, seconds))


@pytest.mark.parametrize(("true", "stale"), [("1.2", "1.3"), ("1.3", "1.2")])
def test_the_record_whose_files_are_there_is_true_whichever_is_newer(prefix: FakePrefix, true: str, stale: str) -> None:
    prefix.package("zlib", stale, files={f"lib/libz.so.{stale}": "gone", "include/zlib.h": "another size"})
    (prefix.path / f"lib/libz.so.{stale}").unlink()
    file = prefix.package("zlib", true, files={f"lib/libz.so.{true}": "here", "include/zlib.h": "a size"})
    written(file, 1_000_000_000)
    contents = read_prefix(str(prefix))
    assert versions(contents) == [true]
    assert [os.path.basename(each.path) for each in contents.problems] == [f"zlib-{stale}-0.json"]
    assert [each.record.version for each in read_records(str(prefix)).packages if each.record.name == "zlib"] == [true]


def test_a_noarch_package_is_looked_for_in_this_python(prefix: FakePrefix) -> None:
    prefix.python_package("tqdm", "4.1")
    newer = prefix.python_package("tqdm", "4.2")
    shutil.rmtree(prefix.site_packages / "tqdm-4.2.dist-info")
    written(newer, 4_000_000_000)
    assert versions(read_prefix(str(prefix)), "tqdm") == ["4.1"]


@pytest.mark.parametrize("files", [{}, {"lib/libz.so": "both"}])
def test_where_the_files_do_not_tell_the_newer_record_counts_and_that_is_said(
    prefix: FakePrefix, files: dict[str, str]
) -> None:
    written(prefix.package("zlib", "1.2", files=files), 2_000_000_000)
    written(prefix.package("zlib", "1.3", files=files), 1_000_000_000)
    (found,) = findings(prefix)
    assert versions(read_prefix(str(prefix))) == ["1.2"]
    assert "that of 1.2 0 is newer, the files do not tell" in found.evidence[0]
    assert "rm" not in str(found.remedy) and "zlib-1.3-0.json" in str(found.remedy)


def test_the_remedy_deletes_the_stale_record_and_never_the_true_one(prefix: FakePrefix) -> None:
    prefix.package("zlib", "1.3", files={"lib/libz.so.1.3": "gone"})
    (prefix.path / "lib/libz.so.1.3").unlink()
    prefix.package("zlib", "1.2", files={"lib/libz.so.1.2": "here"})
    (found,) = findings(prefix)
    assert (found.id, found.message) == ("broken", "zlib has a second record: 1.2 0 counts, 1.3 0 does not")
    assert f"`rm -- {prefix.meta / 'zlib-1.3-0.json'}`" in str(found.remedy)


def test_export_and_comparison_have_the_true_record_only(prefix: FakePrefix) -> None:
    prefix.package("zlib", "1.3", files={"lib/libz.so.1.3": "gone"})
    (prefix.path / "lib/libz.so.1.3").unlink()
    prefix.package("zlib", "1.2", files={"lib/libz.so.1.2": "here"})
    contents = read_prefix(str(prefix))
    exported = export_text(Environment(prefix=str(prefix), name="env", contents=contents), ChannelConfig())
    assert "zlib=1.2=0" in exported.text and "zlib=1.3" not in exported.text
    assert not any("could not be read" in note for note in exported.notes)
    cells = [each.cell for each in environment_listing(str(prefix), "env", contents, ChannelConfig()).entries]
    assert [each.version for each in cells if each.name == "zlib"] == ["1.2"]
