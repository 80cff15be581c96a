"""condatui finds what `conda doctor` finds, in a real environment with a fault of each kind."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from condatui_core.prefixes.installed_files import check_files
from condatui_core.prefixes.prefix import read_prefix
from condatui_core.records.prefix import PackageFaults
from condatui_sandbox import Sandbox
from support.conda_oracle import CondaOracle
from support.sandboxes import conda


@pytest.fixture
def doctor(tmp_path: Path) -> Iterator[CondaOracle]:
    with CondaOracle(tmp_path) as oracle:
        yield oracle


@pytest.fixture
def prefix(sandbox_copy: Callable[..., Sandbox], tmp_path: Path) -> Path:
    conda(sandbox_copy(), "create", "-q", "-y", "--offline", "-p", str(tmp_path / "made"), "python", "numpy", "pip")
    return tmp_path / "made"


def by_record(faults: tuple[PackageFaults, ...]) -> dict[str, list[str]]:
    return {each.spec.replace("=", "-"): sorted(each.paths) for each in faults}


def in_order(found: dict[str, list[str]]) -> dict[str, list[str]]:
    return {name: sorted(paths) for name, paths in found.items()}


def test_a_whole_environment_is_whole_for_both(prefix: Path, doctor: CondaOracle) -> None:
    faults = check_files(str(prefix), checksums=True)
    assert (faults.missing, faults.altered, read_prefix(str(prefix)).unmet) == ((), (), ())
    assert (doctor.missing_files(str(prefix)), doctor.altered_files(str(prefix))) == ({}, {})
    assert doctor.inconsistent(str(prefix)) == []


def test_each_fault_is_found_by_both(prefix: Path, doctor: CondaOracle) -> None:
    record = next((prefix / "conda-meta").glob("numpy-[0-9]*.json"))
    stated = json.loads(record.read_text())
    code = [each for each in stated["files"] if each.endswith(".py")]
    (prefix / code[0]).unlink()
    altered = (prefix / code[1]).read_bytes()
    (prefix / code[1]).unlink()
    (prefix / code[1]).write_bytes(altered + b"# edited")
    record.write_text(json.dumps(stated | {"depends": [*stated["depends"], "python >=4", "libnone", "__glibc >=2.17"]}))
    (prefix / "conda-meta" / "pinned").write_text("numpy *\nnunpy 1.*\n")
    for checksums in (False, True):
        faults = check_files(str(prefix), checksums=checksums)
        assert by_record(faults.missing) == in_order(doctor.missing_files(str(prefix))) == {record.stem: [code[0]]}
        assert by_record(faults.altered) == in_order(doctor.altered_files(str(prefix))) == {record.stem: [code[1]]}
    contents = read_prefix(str(prefix))
    unmet = sorted((each.package, each.needs) for each in contents.unmet)
    assert unmet == doctor.inconsistent(str(prefix)) == [("numpy", "libnone"), ("numpy", "python >=4")]
    assert [each.name for each in contents.malformed_pins] == ["nunpy"]
