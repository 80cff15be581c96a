"""Files of conda packages that are missing or altered."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from condatui_core.analyses.consistency import file_findings
from condatui_core.prefixes.installed_files import check_files
from condatui_core.records.prefix import FileFaults, PackageFaults
from support.prefixes import FakePrefix, make_prefix, manifest

FILES = {"bin/tool": "#!ELF", "lib/a.so": "12345", "lib/b.so": "67890", "lib/m.pyc": "x"}
INSTALLED = 1_700_000_000


@pytest.fixture
def prefix(tmp_path: Path) -> FakePrefix:
    prefix = make_prefix(tmp_path / "env")
    prefix.package("tool", files=FILES)
    for path in prefix.path.rglob("*"):
        os.utime(path, (INSTALLED, INSTALLED))
    return prefix


def faults(*paths: str, package: str = "tool") -> tuple[PackageFaults, ...]:
    return (PackageFaults(package=package, spec=f"{package}=1.0=0", paths=paths),)


def rewrite(prefix: FakePrefix, path: str, data: str, *, at: int = INSTALLED) -> None:
    os.utime(prefix.write(path, data), (at, at))


@pytest.mark.parametrize("checksums", [False, True])
def test_a_prefix_in_order_has_no_faults_and_stays_as_it_is(prefix: FakePrefix, checksums: bool) -> None:
    before = manifest(prefix.path)
    assert check_files(str(prefix), checksums=checksums) == FileFaults(by_checksum=checksums)
    assert manifest(prefix.path) == before


def test_missing_files_are_found_and_bytecode_is_not(prefix: FakePrefix) -> None:
    (prefix.path / "lib/a.so").unlink()
    (prefix.path / "lib/m.pyc").unlink()
    assert check_files(str(prefix)).missing == faults("lib/a.so")


def test_a_link_that_leads_nowhere_is_a_missing_file(prefix: FakePrefix) -> None:
    (prefix.path / "lib/a.so").unlink()
    (prefix.path / "lib/a.so").symlink_to("nowhere")
    assert check_files(str(prefix)).missing == faults("lib/a.so")


def test_another_size_or_a_later_time_shows_an_altered_file_at_once(prefix: FakePrefix) -> None:
    rewrite(prefix, "lib/a.so", "another size")
    rewrite(prefix, "lib/b.so", "09876", at=INSTALLED + 60)
    assert check_files(str(prefix)).altered == faults("lib/a.so", "lib/b.so")


def test_what_keeps_size_and_time_is_found_by_its_checksum(prefix: FakePrefix) -> None:
    rewrite(prefix, "lib/a.so", "54321")
    assert check_files(str(prefix)).altered == ()
    assert check_files(str(prefix), checksums=True) == FileFaults(altered=faults("lib/a.so"), by_checksum=True)


@pytest.mark.parametrize("checksums", [False, True])
def test_something_else_in_the_place_of_a_file_is_altered(prefix: FakePrefix, checksums: bool) -> None:
    for path in ("lib/a.so", "lib/b.so", "bin/tool"):
        (prefix.path / path).unlink()
    (prefix.path / "lib/a.so").mkdir()
    os.mkfifo(prefix.path / "lib/b.so")
    (prefix.path / "bin/tool").symlink_to(prefix.path / "lib")
    assert check_files(str(prefix), checksums=checksums).altered == faults("bin/tool", "lib/a.so", "lib/b.so")


def test_a_link_to_another_file_is_found_by_what_it_leads_to(prefix: FakePrefix) -> None:
    other = prefix.write("lib/other", "54321")
    os.utime(other, (INSTALLED, INSTALLED))
    (prefix.path / "lib/a.so").unlink()
    (prefix.path / "lib/a.so").symlink_to(other)
    assert check_files(str(prefix), checksums=True).altered == faults("lib/a.so")
    assert check_files(str(prefix)).altered == faults("lib/a.so"), "the link is later"


@pytest.mark.parametrize("checksums", [False, True])
def test_links_that_conda_has_made_instead_of_files_are_in_order(
    prefix: FakePrefix, tmp_path: Path, checksums: bool
) -> None:
    for path in ("lib/a.so", "lib/b.so"):
        (prefix.path / path).rename(tmp_path / os.path.basename(path))
        (prefix.path / path).symlink_to(tmp_path / os.path.basename(path))
        os.utime(prefix.path / path, (INSTALLED, INSTALLED), follow_symlinks=False)
    assert check_files(str(prefix), checksums=checksums).altered == ()


def test_times_tell_nothing_in_a_prefix_that_was_copied_without_them(prefix: FakePrefix) -> None:
    for path in prefix.path.rglob("*"):
        if "conda-meta" not in path.parts:
            os.utime(path, (INSTALLED + 86_400, INSTALLED + 86_400))
    rewrite(prefix, "lib/a.so", "another size", at=INSTALLED + 86_400)
    assert check_files(str(prefix)).altered == faults("lib/a.so")


def test_a_file_into_which_conda_wrote_the_prefix_has_another_size(prefix: FakePrefix) -> None:
    paths = [{"_path": "etc/x", "path_type": "hardlink", "size_in_bytes": 1, "prefix_placeholder": "/croot"}]
    prefix.package("placed", files={"etc/x": "123"}, paths_data={"paths": paths, "paths_version": 1})
    assert check_files(str(prefix)) == FileFaults()


def test_a_file_that_two_packages_state_belongs_to_one_of_them(prefix: FakePrefix) -> None:
    prefix.package("other", files={"lib/a.so": "12345 of another"})
    assert check_files(str(prefix)).altered == ()


def test_what_pip_has_replaced_is_told_elsewhere(prefix: FakePrefix) -> None:
    prefix.python_package("tqdm", "4.0")
    prefix.pip_install("tqdm", "4.0")
    (prefix.site_packages / "tqdm/__init__.py").unlink()
    assert check_files(str(prefix)) == FileFaults()


def test_a_file_that_was_edited_through_a_hard_link_is_put_back_from_a_new_cache(
    prefix: FakePrefix, tmp_path: Path
) -> None:
    (tmp_path / "pkgs").mkdir()
    os.link(prefix.path / "lib/a.so", tmp_path / "pkgs/a.so")
    with (prefix.path / "lib/a.so").open("a") as stream:
        stream.write("edited in place")
    found = check_files(str(prefix))
    assert [each.linked for each in found.altered] == [("lib/a.so",)]
    (altered,) = file_findings(found, str(prefix))
    assert altered.remedy == (
        "delete tool-1.0-0 from the package cache, which has the same content, "
        f"then `conda install -p {prefix} --force-reinstall tool=1.0=0` puts it back"
    )
    assert "the package cache or other environments have the same file" in altered.evidence[1]


def test_the_findings_name_package_version_and_build() -> None:
    missing, altered = file_findings(
        FileFaults(missing=faults("a", "b"), altered=faults("c"), by_checksum=True), "/envs/x"
    )
    assert (missing.id, missing.message) == ("missing-files", "2 files of packages are missing: tool")
    assert missing.remedy == "`conda install -p /envs/x --force-reinstall tool=1.0=0` puts them back"
    assert missing.command == "conda install -p /envs/x --force-reinstall tool=1.0=0"
    assert missing.evidence == ("tool: a, b",)
    assert {missing.source, altered.source} == {"file-check"}
    assert (altered.id, altered.message) == (
        "altered-files",
        "1 file of packages is not what conda has installed: tool",
    )
