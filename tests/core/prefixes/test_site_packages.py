from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from condatui_core.prefixes.prefix import read_prefix
from condatui_core.prefixes.site_packages import SiteDirectory, site_directories, site_packages_candidates
from condatui_core.records.package import Distribution, PathOutside, StaleSitePackages
from support.prefix_reads import reads_of
from support.prefixes import FakePrefix, make_prefix


@pytest.fixture
def prefix(tmp_path: Path) -> FakePrefix:
    return make_prefix(tmp_path / "env")


def distributions(prefix: FakePrefix) -> dict[str, Distribution]:
    contents = read_prefix(str(prefix))
    assert contents.problems == ()
    return {each.name: each for each in contents.distributions}


def directories(prefix: FakePrefix) -> tuple[SiteDirectory, ...]:
    return site_directories(str(prefix), site_packages_candidates(str(prefix)))


def test_what_pip_installed_is_read_from_its_metadata(prefix: FakePrefix) -> None:
    prefix.pip_install("ruamel-yaml", "0.18", requires=["numpy>=1", 'pytest; extra == "test"'])
    found = distributions(prefix)["ruamel-yaml"]
    assert (found.version, found.installer, found.origin, found.owner) == ("0.18", "pip", "index", None)
    assert found.path == "lib/python3.11/site-packages/ruamel_yaml-0.18.dist-info"
    assert found.requires == ("numpy>=1", 'pytest; extra == "test"')
    assert found.installed_bytes == sum(
        (prefix.site_packages / name).stat().st_size
        for name in ("ruamel_yaml/__init__.py", "ruamel_yaml-0.18.dist-info/METADATA")
    )


@pytest.mark.parametrize(
    ("direct_url", "expected"),
    [
        (
            {"url": "https://me:pw@git.org/x.git", "vcs_info": {"vcs": "git", "commit_id": "abc"}},
            ("vcs", "https://***@git.org/x.git", "abc", ""),
        ),
        (
            {"url": "file:///home/ann/my%20code", "dir_info": {"editable": True}},
            ("editable", "file:///home/ann/my%20code", "", "/home/ann/my code"),
        ),
        (
            {"url": "file:///home/ann/code", "dir_info": {}},
            ("local", "file:///home/ann/code", "", "/home/ann/code"),
        ),
        (
            {"url": "file:///tmp/x.whl", "archive_info": {}},
            ("local", "file:///tmp/x.whl", "", "/tmp/x.whl"),
        ),
        (
            {"url": "https://host.org/x.whl", "archive_info": {"hash": "sha256=1"}},
            ("url", "https://host.org/x.whl", "", ""),
        ),
    ],
)
def test_where_pip_got_it_from(
    prefix: FakePrefix, direct_url: Mapping[str, Any], expected: tuple[str, str, str, str]
) -> None:
    prefix.pip_install("x", direct_url=direct_url)
    found = distributions(prefix)["x"]
    assert (found.origin, found.url, found.revision, found.location) == expected


@pytest.mark.parametrize(
    ("archive_info", "sha256"),
    [
        ({"hashes": {"sha256": "a" * 64}, "hash": f"sha256={'b' * 64}"}, "a" * 64),
        ({"hash": f"sha256={'b' * 64}"}, "b" * 64),
        ({"hashes": {"sha512": "c"}}, ""),
        ({"hashes": ["x"], "hash": 7}, ""),
        ({}, ""),
    ],
)
def test_the_checksum_of_an_archive(prefix: FakePrefix, archive_info: Mapping[str, Any], sha256: str) -> None:
    prefix.pip_install("x", direct_url={"url": "https://host/x.whl", "archive_info": archive_info})
    (x,) = (each for each in read_prefix(str(prefix)).distributions if each.name == "x")
    assert (x.origin, x.sha256) == ("url", sha256)


def test_a_broken_direct_url_is_a_problem_and_the_distribution_is_there(prefix: FakePrefix) -> None:
    (prefix.pip_install("x") / "direct_url.json").write_text("{")
    contents = read_prefix(str(prefix))
    assert [each.origin for each in contents.pip_distributions] == ["unknown"]
    assert [os.path.basename(each.path) for each in contents.problems] == ["direct_url.json"]


def test_the_headers_end_where_the_description_begins(prefix: FakePrefix) -> None:
    metadata = (
        "Metadata-Version: 2.1\r\nName: Folded\r\nVersion: 2\r\nRequires-Dist: a\r\n  >=1\r\n\r\nRequires-Dist: b\r\n"
    )
    (prefix.pip_install("folded", "2") / "METADATA").write_bytes(metadata.encode())
    assert distributions(prefix)["Folded"].requires == ("a >=1",)


def test_metadata_in_a_wrong_encoding_is_read(prefix: FakePrefix) -> None:
    (prefix.pip_install("x", "2.0") / "METADATA").write_bytes("Name: x\nAuthor: Jörg\nVersion: 2.0\n".encode("latin-1"))
    assert distributions(prefix)["x"].version == "2.0"


def test_a_pipe_in_place_of_metadata_is_a_problem(prefix: FakePrefix) -> None:
    metadata = prefix.pip_install("x", "2.0") / "METADATA"
    metadata.unlink()
    os.mkfifo(metadata)
    contents = read_prefix(str(prefix))
    assert [(each.name, each.version) for each in contents.pip_distributions] == [("x", "2.0")]
    assert [each.reason for each in contents.problems] == ["its metadata: not a regular file"]


def test_a_dist_info_without_metadata_is_what_a_removal_left(prefix: FakePrefix) -> None:
    (prefix.pip_install("x") / "METADATA").unlink()
    assert distributions(prefix) == {}


def test_leftovers_of_a_failed_uninstall_are_passed_over(prefix: FakePrefix) -> None:
    found = prefix.pip_install("torch", "2.0")
    found.rename(found.parent / "~orch-2.0.dist-info")
    assert distributions(prefix) == {}


def test_egg_infos_of_both_kinds_and_eggs(prefix: FakePrefix) -> None:
    site = prefix.site_packages.relative_to(prefix.path)
    prefix.write(f"{site}/one-1.0-py3.11.egg-info", "Name: One\nVersion: 1.0\n")
    prefix.write(f"{site}/two-2.0-py3.11.egg-info/PKG-INFO", "Name: Two\nVersion: 2.0\n")
    prefix.write(f"{site}/two-2.0-py3.11.egg-info/requires.txt", "numpy>=1\n\n[dev]\npytest\n")
    prefix.write(f"{site}/three-3.0-py3.11.egg/EGG-INFO/PKG-INFO", "Name: Three\nVersion: 3.0\n")
    prefix.write(f"{site}/four-4.0-py3.11.egg", b"PK\x03\x04")
    found = distributions(prefix)
    assert {each.name: each.version for each in found.values()} == {
        "One": "1.0",
        "Two": "2.0",
        "Three": "3.0",
        "four": "4.0",
    }
    assert found["Two"].requires == ("numpy>=1",)


def test_editable_installs_of_old(prefix: FakePrefix, tmp_path: Path) -> None:
    for name in ("mine", "yours"):
        (tmp_path / name / f"{name}.egg-info").mkdir(parents=True)
        (tmp_path / name / f"{name}.egg-info" / "PKG-INFO").write_text(f"Name: {name.title()}\nVersion: 0.1\n")
    (prefix.site_packages / "mine.egg-link").write_text(f"{tmp_path}/mine\n.")
    paths = f"{tmp_path}/mine\n{tmp_path}/yours\n./three.egg\nimport sys\n# no\n"
    (prefix.site_packages / "easy-install.pth").write_text(paths)
    found = distributions(prefix)
    assert {name: (each.origin, each.version, each.location) for name, each in found.items()} == {
        "Mine": ("editable", "0.1", f"{tmp_path}/mine"),
        "Yours": ("editable", "0.1", f"{tmp_path}/yours"),
    }


def test_an_editable_install_whose_project_is_gone(prefix: FakePrefix) -> None:
    (prefix.site_packages / "mine.egg-link").write_text("/nowhere/mine\n.")
    found = distributions(prefix)["mine"]
    assert (found.version, found.location) == ("", "/nowhere/mine")


def test_every_python_of_a_prefix_and_the_windows_layout(prefix: FakePrefix) -> None:
    for directory in ("lib/python3.12/site-packages", "lib/pypy3.9/site-packages"):
        (prefix.path / directory).mkdir(parents=True)
    assert {each.path for each in directories(prefix)} == {
        "lib/python3.11/site-packages",
        "lib/python3.12/site-packages",
        "lib/pypy3.9/site-packages",
    }


def test_one_site_packages_under_several_names_is_read_once(prefix: FakePrefix) -> None:
    (prefix.path / "lib64").symlink_to("lib")
    (prefix.path / "lib" / "python3.1").symlink_to("python3.11")
    prefix.pip_install("x")
    assert len(read_prefix(str(prefix)).distributions) == 1
    (found,) = directories(prefix)
    assert found.path == "lib/python3.11/site-packages"
    assert "lib64/python3.11/site-packages" in found.aliases


def test_names_that_are_no_text_are_kept(prefix: FakePrefix) -> None:
    path = os.fsencode(prefix.site_packages) + b"/caf\xe9-1.0.dist-info"
    os.mkdir(path)
    with open(path + b"/METADATA", "wb") as file:
        file.write(b"Version: 1.0\n")
    (found,) = read_prefix(str(prefix)).distributions
    assert os.fsencode(found.path).endswith(b"caf\xe9-1.0.dist-info")


def test_site_packages_of_another_python_are_not_counted_but_told(prefix: FakePrefix) -> None:
    old = "lib/python3.9/site-packages/foo-1.0.dist-info"
    prefix.write(f"{old}/METADATA", "Name: foo\nVersion: 1.0\n")
    prefix.write(f"{old}/RECORD", "foo.py,,1234\n")
    prefix.pip_install("httpx")
    contents = read_prefix(str(prefix))
    assert [each.name for each in contents.pip_distributions] == ["httpx"]
    stale = StaleSitePackages(path="lib/python3.9/site-packages", names=("foo 1.0",), bytes=1234)
    assert contents.stale_site_packages == (stale,)


@pytest.mark.parametrize("name", ["__pycache__", "README.txt"])
def test_an_empty_site_packages_of_another_python_is_not_worth_a_word(prefix: FakePrefix, name: str) -> None:
    (prefix.path / "lib/python3.9/site-packages" / name).mkdir(parents=True)
    assert read_prefix(str(prefix)).stale_site_packages == ()


def test_without_a_record_of_python_every_site_packages_counts(prefix: FakePrefix) -> None:
    for record in prefix.meta.glob("python-*.json"):
        record.unlink()
    prefix.pip_install("httpx")
    assert "httpx" in distributions(prefix)


def test_the_site_packages_that_the_record_of_python_states_is_the_one(tmp_path: Path) -> None:
    prefix = make_prefix(tmp_path / "env", python="3.13t")
    for record in prefix.meta.glob("python-*.json"):
        record.unlink()
    prefix.package("python", "3.13.1", "h9_1_cp313t", python_site_packages_path="lib/python3.13t/site-packages")
    prefix.pip_install("httpx")
    prefix.write("lib/python3.13/site-packages/foo-1.0.dist-info/METADATA", "Name: foo\nVersion: 1.0\n")
    contents = read_prefix(str(prefix))
    assert [each.name for each in contents.distributions] == ["httpx"]
    assert [each.path for each in contents.stale_site_packages] == ["lib/python3.13/site-packages"]


def test_pypy_looks_right_in_the_prefix_and_no_other_python_does(prefix: FakePrefix) -> None:
    for name in ("own", "conda"):
        prefix.write(f"site-packages/{name}-1.0.dist-info/METADATA", f"Name: {name}\nVersion: 1.0\n")
    prefix.package("conda-built", files={"site-packages/x.py": ""})
    assert "own" not in distributions(prefix)
    for record in prefix.meta.glob("python-*.json"):
        record.unlink()
    prefix.package("python", "3.7.12", "0_73_pypy")
    record = prefix.package("conda", "1.0")
    files = {"files": ["site-packages/conda-1.0.dist-info/METADATA"]}
    record.write_text(json.dumps(json.loads(record.read_text()) | files))
    found = distributions(prefix)
    assert {name: each.owner for name, each in found.items()} == {"own": None, "conda": "conda"}


def test_a_distribution_whose_record_lists_a_pth_file_and_no_code_is_editable(prefix: FakePrefix) -> None:
    dist_info = prefix.pip_install("proj", installer="poetry")
    (dist_info / "RECORD").write_text("proj.pth,,\nproj-1.0.dist-info/METADATA,,\nproj-1.0.dist-info/RECORD,,\n")
    (prefix.site_packages / "proj.pth").write_text("# by poetry\n/home/u/src/proj\n")
    found = distributions(prefix)["proj"]
    assert (found.origin, found.location) == ("editable", "/home/u/src/proj")
    assert read_prefix(str(prefix)).outside == ()


def test_one_whose_pth_file_only_runs_code_is_not(prefix: FakePrefix) -> None:
    dist_info = prefix.pip_install("coverage_pth")
    (dist_info / "RECORD").write_text("coverage_pth.pth,,\ncoverage_pth-1.0.dist-info/METADATA,,\n")
    (prefix.site_packages / "coverage_pth.pth").write_text("import coverage; coverage.process_startup()\n")
    assert distributions(prefix)["coverage_pth"].origin == "index"


def test_one_whose_finder_names_no_directory_is_editable_all_the_same(prefix: FakePrefix) -> None:
    dist_info = prefix.pip_install("proj")
    files = "__editable__.proj-1.0.pth,,\n__editable___proj_1_0_finder.py,,\nproj-1.0.dist-info/METADATA,,\n"
    (dist_info / "RECORD").write_text(files)
    (prefix.site_packages / "__editable__.proj-1.0.pth").write_text("import __editable___proj_1_0_finder\n")
    found = distributions(prefix)["proj"]
    assert (found.origin, found.location) == ("editable", "")


def test_one_that_brings_code_and_a_pth_file_is_not(prefix: FakePrefix) -> None:
    dist_info = prefix.pip_install("tool")
    with (dist_info / "RECORD").open("a") as record:
        record.write("tool.pth,,\n")
    (prefix.site_packages / "tool.pth").write_text("/usr/share/tool\n")
    assert distributions(prefix)["tool"].origin == "index"
    assert read_prefix(str(prefix)).outside == ()


def test_a_pth_file_that_nothing_owns_puts_code_outside_on_the_path(prefix: FakePrefix) -> None:
    (prefix.site_packages / "conda.pth").write_text(f"import x\n\n/home/u/src/mylib\n{prefix}/lib/own\nrelative\n")
    contents = read_prefix(str(prefix))
    file = "lib/python3.11/site-packages/conda.pth"
    assert contents.outside == (PathOutside(file=file, location="/home/u/src/mylib"),)
    assert contents.distributions == ()


def test_every_record_of_pip_is_read_once_however_many_pth_files_there_are(prefix: FakePrefix) -> None:
    for number in range(3):
        prefix.pip_install(f"lib{number}")
        (prefix.site_packages / f"paths{number}.pth").write_text(f"/home/u/src/{number}\n")
    with reads_of(prefix) as reads:
        contents = read_prefix(str(prefix))
    assert (len(contents.distributions), len(contents.outside)) == (3, 3)
    assert [*reads.of_pip.values()] == [1, 1, 1]


def test_a_pth_file_of_a_conda_package_is_its_own_matter(prefix: FakePrefix) -> None:
    site = "lib/python3.11/site-packages"
    prefix.package("tool", files={f"{site}/tool-1.dist-info/METADATA": "", f"{site}/tool.pth": "/usr/share/tool\n"})
    assert read_prefix(str(prefix)).outside == ()
