"""The files of single distributions of pip."""

from __future__ import annotations

import os
from pathlib import Path

from condatui_core.prefixes.distribution_files import files_of_distributions
from condatui_core.prefixes.snapshot import read_records
from support.prefixes import make_prefix


def test_the_files_of_pip_are_those_of_its_lists(tmp_path: Path) -> None:
    prefix = make_prefix(tmp_path / "env")
    prefix.pip_install("httpx")
    prefix.write("lib/python3.11/site-packages/loose-1.0.dist-info/METADATA", "Name: loose\nVersion: 1.0\n")
    records = read_records(str(prefix))
    found = files_of_distributions(records, records.contents.pip_distributions)
    assert found.unknown == ("loose",)
    assert {os.path.basename(each) for each in found.files} >= {"__init__.py", "RECORD", "METADATA"}
    assert not [each for each in found.files if "loose" in each]
