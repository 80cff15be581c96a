"""The files of one package, by its own record."""

from __future__ import annotations

from pathlib import Path

from condatui_core.prefixes.package_files import read_package_files
from condatui_core.prefixes.prefix import read_prefix
from support.prefixes import make_prefix


def test_the_files_of_a_conda_package_are_looked_at(tmp_path: Path) -> None:
    prefix = make_prefix(tmp_path / "e")
    prefix.package("tool", files={"lib/b.so": "x" * 9000, "bin/a": "y", "bin/gone": "z"})
    (prefix.path / "bin" / "gone").unlink()
    (record,) = (each for each in read_prefix(str(prefix)).packages if each.name == "tool")
    found = read_package_files(str(prefix), record)
    assert [(each.path, bool(each.bytes)) for each in found.files] == [
        ("bin/a", True),
        ("bin/gone", False),
        ("lib/b.so", True),
    ]
    assert (found.missing, found.bytes > 9000, found.why_not) == (1, True, "")


def test_the_files_of_a_package_of_pip_are_those_of_its_own_list(tmp_path: Path) -> None:
    prefix = make_prefix(tmp_path / "e")
    prefix.pip_install("helper", "1.0")
    (distribution,) = (each for each in read_prefix(str(prefix)).distributions if each.name == "helper")
    found = read_package_files(str(prefix), distribution)
    assert any(each.path.endswith("helper-1.0.dist-info/RECORD") for each in found.files)
    assert found.bytes
    (prefix.path / distribution.path / "RECORD").unlink()
    assert "list of files" in read_package_files(str(prefix), distribution).why_not


def test_a_record_that_is_gone_says_so(tmp_path: Path) -> None:
    prefix = make_prefix(tmp_path / "e")
    prefix.package("tool", files={"bin/a": "y"})
    (record,) = (each for each in read_prefix(str(prefix)).packages if each.name == "tool")
    next(prefix.meta.glob("tool-*.json")).unlink()
    assert "tool-" in read_package_files(str(prefix), record).why_not
