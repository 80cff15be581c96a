from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import pytest

from condatui_core.prefixes.prefix import read_prefix
from condatui_core.records.package import Replacement
from support.prefixes import FakePrefix, make_prefix, manifest

SITE = "lib/python3.11/site-packages"


@pytest.fixture
def prefix(tmp_path: Path) -> FakePrefix:
    return make_prefix(tmp_path / "env")


def replaced(prefix: FakePrefix) -> tuple[Replacement, ...]:
    contents = read_prefix(str(prefix))
    assert contents.problems == ()
    return contents.replaced


def test_what_conda_installed_belongs_to_it_even_if_pip_is_its_installer(prefix: FakePrefix) -> None:
    prefix.python_package("tqdm", "4.66.1")
    (prefix.site_packages / "tqdm-4.66.1.dist-info" / "INSTALLER").write_text("pip\n")
    prefix.pip_install("httpx")
    contents = read_prefix(str(prefix))
    assert {each.name: each.owner for each in contents.distributions} == {"tqdm": "tqdm", "httpx": None}
    assert [each.name for each in contents.pip_distributions] == ["httpx"]
    assert contents.replaced == ()


def test_pip_upgraded_a_conda_package(prefix: FakePrefix) -> None:
    prefix.python_package("My.Package", "1.0")
    shutil.rmtree(prefix.site_packages / "My.Package-1.0.dist-info")
    prefix.pip_install("my-package", "2.0")
    (found,) = replaced(prefix)
    assert (found.package, found.distribution) == ("My.Package", "my-package")
    assert (found.conda_version, found.pip_version) == ("1.0", "2.0")
    assert "My.Package-1.0.dist-info, which conda's record lists, is gone" in found.evidence[0]
    assert "my_package-2.0.dist-info" in found.evidence[1]


def test_a_clone_of_that_has_both(prefix: FakePrefix) -> None:
    prefix.python_package("tqdm", "4.0")
    prefix.pip_install("tqdm", "5.0")
    (found,) = replaced(prefix)
    assert (found.conda_version, found.pip_version) == ("4.0", "5.0")
    assert "is still there as well" in found.evidence[0]


def test_the_package_is_named_as_conda_names_it(prefix: FakePrefix) -> None:
    site = "lib/python3.11/site-packages"
    prefix.package(
        "pytorch", "2.1.0", "py3.11_cuda12.1_0", files={f"{site}/torch-2.1.0.dist-info/METADATA": "Name: torch"}
    )
    shutil.rmtree(prefix.site_packages / "torch-2.1.0.dist-info")
    prefix.pip_install("torch", "2.3.0")
    assert [(each.package, each.distribution) for each in replaced(prefix)] == [("pytorch", "torch")]


def test_pip_installed_the_same_version_anew(prefix: FakePrefix) -> None:
    prefix.python_package("tqdm", "4.0")
    prefix.pip_install("tqdm", "4.0")
    (found,) = replaced(prefix)
    assert (found.conda_version, found.pip_version) == ("4.0", "4.0")
    assert "RECORD has" in found.evidence[0]


def test_a_develop_install_over_a_conda_package(prefix: FakePrefix) -> None:
    prefix.python_package("tqdm", "4.0")
    (prefix.site_packages / "tqdm.egg-link").write_text("/home/ann/tqdm\n.")
    assert [each.package for each in replaced(prefix)] == ["tqdm"]


def test_a_dist_info_that_is_only_gone_is_no_replacement(prefix: FakePrefix) -> None:
    prefix.python_package("tqdm", "4.0")
    shutil.rmtree(prefix.site_packages / "tqdm-4.0.dist-info")
    assert replaced(prefix) == ()


def test_metadata_edited_by_hand_is_no_replacement(prefix: FakePrefix) -> None:
    prefix.python_package("tqdm", "4.0")
    with (prefix.site_packages / "tqdm-4.0.dist-info" / "METADATA").open("a") as file:
        file.write("edited")
    assert replaced(prefix) == ()


def test_a_file_that_conda_wrote_the_prefix_into_has_another_size(prefix: FakePrefix) -> None:
    record = prefix.python_package("tqdm", "4.0")
    stated = json.loads(record.read_text())
    for path in stated["paths_data"]["paths"]:
        path |= {"prefix_placeholder": "/croot/_placehold", "size_in_bytes": 1}
    record.write_text(json.dumps(stated))
    assert replaced(prefix) == ()


def test_the_same_name_in_another_python_is_no_replacement(prefix: FakePrefix) -> None:
    prefix.python_package("tqdm", "4.0")
    other = prefix.path / "lib/python3.12/site-packages/tqdm-5.0.dist-info"
    other.mkdir(parents=True)
    (other / "METADATA").write_text("Name: tqdm\nVersion: 5.0\n")
    assert replaced(prefix) == ()


def test_a_record_that_goes_by_a_symlink_owns_what_lies_behind_it(prefix: FakePrefix) -> None:
    (prefix.path / "lib" / "python3.11t").symlink_to("python3.11")
    path = "lib/python3.11t/site-packages/tqdm-4.0.dist-info"
    prefix.package("tqdm", "4.0", files={f"{path}/METADATA": "Name: tqdm\nVersion: 4.0\n"})
    contents = read_prefix(str(prefix))
    assert [(each.owner, each.path) for each in contents.distributions] == [
        ("tqdm", "lib/python3.11/site-packages/tqdm-4.0.dist-info")
    ]
    assert contents.replaced == ()


def test_a_package_that_brings_a_distribution_twice_is_told_once(prefix: FakePrefix) -> None:
    site = "lib/python3.11/site-packages"
    files = {f"{site}/tqdm-4.0.dist-info/METADATA": "", f"{site}/tqdm-4.0-py3.11.egg-info/PKG-INFO": ""}
    prefix.package("tqdm", "4.0", files=files)
    assert replaced(prefix) == ()
    prefix.pip_install("tqdm", "5.0")
    assert [each.pip_version for each in replaced(prefix)] == ["5.0"]


def test_conda_installed_over_pip_leaves_pips_dist_info_as_a_leftover(prefix: FakePrefix) -> None:
    prefix.pip_install("idna", "2.50")
    prefix.python_package("idna", "3.10.1")
    contents = read_prefix(str(prefix))
    assert contents.replaced == () and contents.pip_distributions == ()
    (left,) = contents.leftovers
    assert (left.name, left.version, left.path) == ("idna", "2.50", f"{SITE}/idna-2.50.dist-info")
    assert left.overwritten_by == "conda's idna 3.10.1" and "sizes" in left.evidence


@pytest.mark.parametrize("last", ["pip", "conda"])
def test_files_of_one_size_are_told_apart_by_their_checksums(prefix: FakePrefix, last: str) -> None:
    prefix.python_package("idna", "3.1")
    prefix.pip_install("idna", "3.2")
    if last == "conda":
        prefix.python_package("idna", "3.1")
    contents = read_prefix(str(prefix))
    assert [each.pip_version for each in contents.replaced] == ([] if last == "conda" else ["3.2"])
    assert [each.version for each in contents.leftovers] == (["3.2"] if last == "conda" else [])


@pytest.mark.parametrize(("newer", "leftovers"), [("conda", ["2.5"]), ("pip", [])])
def test_without_sizes_and_checksums_the_times_tell(prefix: FakePrefix, newer: str, leftovers: list[str]) -> None:
    record = prefix.python_package("idna", "3.1")
    dist_info = prefix.pip_install("idna", "2.5")
    (dist_info / "RECORD").write_text("idna/other.py,,\n")
    for installer, file in (("conda", record), ("pip", dist_info / "RECORD")):
        seconds = 2_000_000_000 if installer == newer else 1_000_000_000
        os.utime(file, (seconds, seconds))
    contents = read_prefix(str(prefix))
    assert [each.version for each in contents.leftovers] == leftovers
    assert len(contents.replaced) == 1 - len(leftovers)


def test_of_two_dist_infos_of_pip_the_one_whose_files_are_there_counts(prefix: FakePrefix) -> None:
    prefix.pip_install("httpx", "0.28")
    prefix.pip_install("httpx", "0.27")
    contents = read_prefix(str(prefix))
    assert [each.version for each in contents.pip_distributions] == ["0.27"]
    assert [(each.version, each.overwritten_by) for each in contents.leftovers] == [("0.28", "pip's httpx 0.27")]


def test_a_clone_with_condas_files_and_pips_dist_info_imports_condas(prefix: FakePrefix) -> None:
    """`conda create --clone` links conda's files again and copies pip's dist-info beside them."""
    prefix.pip_install("tqdm", "5.0")
    dist_info = prefix.site_packages / "tqdm-5.0.dist-info"
    record = prefix.python_package("tqdm", "4.0")
    os.utime(record, (1_000_000_000, 1_000_000_000))
    assert dist_info.exists()
    assert [each.version for each in read_prefix(str(prefix)).leftovers] == ["5.0"]


def test_looking_which_was_last_leaves_the_prefix_as_it_is(prefix: FakePrefix) -> None:
    prefix.python_package("idna", "3.1")
    prefix.pip_install("idna", "3.2")
    before = manifest(prefix.path)
    read_prefix(str(prefix))
    assert manifest(prefix.path) == before
