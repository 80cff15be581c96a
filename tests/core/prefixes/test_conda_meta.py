from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from condatui_core.prefixes.conda_meta import RecordReader, read_conda_meta
from condatui_core.prefixes.recorded_paths import RecordedPath, read_paths
from condatui_core.records.finding import Problem
from condatui_core.records.package import PackageRecord
from support.prefixes import CONDA_FORGE, MAIN, FakePrefix, make_prefix


@pytest.fixture
def prefix(tmp_path: Path) -> FakePrefix:
    return make_prefix(tmp_path / "env")


def records(prefix: FakePrefix) -> dict[str, PackageRecord]:
    packages, problems = read_conda_meta(str(prefix))
    assert problems == []
    return {each.record.name: each.record for each in packages}


def only_problem(prefix: FakePrefix) -> str:
    """The reason of the one problem, when the python of the prefix is still read."""
    packages, problems = read_conda_meta(str(prefix))
    assert [each.record.name for each in packages] == ["python"]
    assert len(problems) == 1
    return problems[0].reason


def test_a_record_states_all_that_conda_wrote(prefix: FakePrefix) -> None:
    prefix.package("zlib", "1.3", "h1_2", files={"lib/libz.so.1": "12345", "include/zlib.h": "67"}, build_number=2)
    record = records(prefix)["zlib"]
    assert (record.version, record.build, record.build_number) == ("1.3", "h1_2", 2)
    assert (record.base_url, record.subdir) == (CONDA_FORGE, "linux-64")
    assert record.file_name == "zlib-1.3-h1_2.conda"
    assert (record.installed_bytes, record.file_count, record.archive_bytes) == (7, 2, 1000)
    assert record.timestamp == 1700000000000
    assert record.requested_specs == ()


def test_links_and_directories_have_no_size_of_their_own(prefix: FakePrefix) -> None:
    paths = [
        {"_path": "lib/a", "path_type": "hardlink", "size_in_bytes": 10},
        {"_path": "lib/b", "path_type": "softlink", "size_in_bytes": 10},
        {"_path": "lib/c", "path_type": "directory", "size_in_bytes": 4096},
        {"_path": "lib/d.pyc", "path_type": "pyc_file"},
    ]
    prefix.package("linked", paths_data={"paths": paths, "paths_version": 1})
    assert records(prefix)["linked"].installed_bytes == 10


@pytest.mark.parametrize(
    ("field", "written", "attribute", "read"),
    [
        ("timestamp", 1700000000, "timestamp", 1700000000000),
        ("timestamp", 1700000000.5, "timestamp", 1700000000500),
        ("timestamp", None, "timestamp", 0),
        ("timestamp", 1e300, "timestamp", 0),
        ("noarch", True, "noarch", "generic"),
        ("noarch", "Python", "noarch", "python"),
        ("noarch", False, "noarch", None),
        ("version", 2022, "version", "2022"),
        ("version", 1.5, "version", "1.5"),
        ("build", 0, "build", "0"),
        ("license", 3, "license", "3"),
        ("depends", None, "depends", ()),
        ("license", None, "license", ""),
        ("size", None, "archive_bytes", 0),
        ("build_number", None, "build_number", 0),
        ("paths_data", None, "installed_bytes", 0),
        ("paths_data", {"paths_version": 1}, "installed_bytes", 0),
        ("requested_spec", "None", "requested_specs", ()),
        ("requested_spec", "", "requested_specs", ()),
        ("requested_spec", "numpy>=1", "requested_specs", ("numpy>=1",)),
        ("requested_specs", ["a", "b"], "requested_specs", ("a", "b")),
        ("a field of 2031", {"x": [1]}, "name", "old"),
    ],
)
def test_fields_as_condas_of_all_ages_wrote_them(
    prefix: FakePrefix, field: str, written: object, attribute: str, read: object
) -> None:
    file = prefix.package("old")
    record = json.loads(file.read_text()) | {field: written}
    file.unlink()
    prefix.write_record(f"old-{record['version']}-{record['build']}", record)
    assert getattr(records(prefix)["old"], attribute) == read


def test_a_record_of_conda_4_0_with_names_of_files_only(prefix: FakePrefix) -> None:
    old = {"name": "six", "version": "1.9", "build": "py27_0", "files": ["lib/python2.7/site-packages/six.egg-info"]}
    prefix.write_record("six-1.9-py27_0", old)
    record = records(prefix)["six"]
    assert (record.base_url, record.url, record.installed_bytes, record.file_count) == (None, None, 0, 1)
    assert [each.name for each in record.provides] == ["six"]


@pytest.mark.parametrize(
    ("channel", "url", "base_url"),
    [
        (f"{CONDA_FORGE}/linux-64", None, CONDA_FORGE),
        (CONDA_FORGE, None, CONDA_FORGE),
        (f"{CONDA_FORGE}/label/dev/noarch/", None, f"{CONDA_FORGE}/label/dev"),
        (None, f"{MAIN}/linux-64/x-1.0-0.conda", MAIN),
        ("defaults", f"{MAIN}/osx-arm64/x-1.0-0.tar.bz2", MAIN),
        (f"{MAIN}/osx-64", "https://repo.continuum.io/pkgs/main/osx-64/x-1.0-0.conda", MAIN),
        ("https://me:secret@host.org/t/tk-123/lab/linux-64", None, "https://host.org/lab"),
        (None, "file:///srv/mirror/noarch/x-1.0-0.conda", "file:///srv/mirror"),
        ("<unknown>", "file:///tmp/x-1.0-0.conda", "file:///tmp"),
        ("<unknown>", "https://files.example.org/packages/ab/x-1.0-py3-none-any.whl", "pypi"),
        ("pypi", "https://files.example.org/packages/ab/x-1.0-py3-none-any.whl#sha256=ab", "pypi"),
        (None, f"{MAIN}/linux-64/x-1.0-0.conda#md5=ab", MAIN),
        (None, f"{MAIN}/linux-64/x-1.0-0.tar.gz?token=ab", MAIN),
        ("<unknown>", None, None),
        ("conda-forge", None, "conda-forge"),
        (None, None, None),
    ],
)
def test_the_channel_is_its_location(
    prefix: FakePrefix, channel: str | None, url: str | None, base_url: str | None
) -> None:
    file = prefix.package("x")
    file.write_text(json.dumps(json.loads(file.read_text()) | {"channel": channel, "url": url}))
    assert records(prefix)["x"].base_url == base_url


def test_credentials_stay_in_the_prefix(prefix: FakePrefix) -> None:
    prefix.package("x", channel="https://me:secret@host.org/t/tk-123/lab")
    assert "secret" not in repr(records(prefix)["x"])
    assert "tk-123" not in repr(records(prefix)["x"])


def test_the_distributions_of_a_package_are_found_but_not_what_it_has_vendored(prefix: FakePrefix) -> None:
    site = "lib/python3.11/site-packages"
    files = {
        f"{site}/torch-2.1.0.dist-info/METADATA": "",
        f"{site}/functorch-2.1-py3.11.egg-info/PKG-INFO": "",
        f"{site}/setuptools/_vendor/wheel-0.43.0.dist-info/METADATA": "",
        "share/doc/METADATA": "",
    }
    prefix.package("pytorch", "2.1.0", files=files)
    provides = records(prefix)["pytorch"].provides
    assert {(each.name, each.version) for each in provides} == {("torch", "2.1.0"), ("functorch", "2.1")}


def test_a_noarch_package_provides_what_lies_in_this_python(prefix: FakePrefix) -> None:
    prefix.python_package("tqdm", "4.66.1")
    packages, _ = read_conda_meta(str(prefix))
    tqdm = next(each for each in packages if each.record.name == "tqdm")
    assert tqdm.record.provides[0].path == "lib/python3.11/site-packages/tqdm-4.66.1.dist-info"
    assert {os.path.basename(anchor.path) for anchor in tqdm.traces.anchors} == {"METADATA", "RECORD"}
    assert all((prefix.path / anchor.path).stat().st_size == anchor.size for anchor in tqdm.traces.anchors)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "not valid JSON"),
        (b'{"name": "bad", "vers', "not valid JSON"),
        (b"\x00" * 100, "not valid JSON"),
        (b'{"name": "\xff\xfe", "version": "1", "build": "0"}', "not UTF-8"),
        (b"[1, 2]", "unexpected content"),
        (b'{"name": null, "version": "1.0", "build": "0"}', "unexpected content"),
        (b'{"name": "bad", "version": "1.0", "build": "0", "depends": {"a": 1}}', "unexpected content"),
        (b'{"name": "bad", "version": "1.0", "build": "0", "x": ' + b"[" * 100_000, "nested too deeply"),
        (
            b'{"name": "bad", "version": "1.0", "build": "0", "x": ' + b"[" * 100_000 + b"]" * 100_000 + b"}",
            "nested too deeply",
        ),
        (b'{"name": "good", "version": "1.0", "build": "0"}', "holds the record of good 1.0 0"),
    ],
)
def test_a_bad_record_is_a_problem_and_harms_no_other(prefix: FakePrefix, content: bytes, reason: str) -> None:
    prefix.write("conda-meta/bad-1.0-0.json", content)
    assert reason in only_problem(prefix)


def test_a_huge_record_is_not_read(prefix: FakePrefix) -> None:
    os.truncate(prefix.write("conda-meta/bad-1.0-0.json"), 100 << 20)
    assert only_problem(prefix) == "larger than 32 MB"


def test_a_directory_named_as_a_record(prefix: FakePrefix) -> None:
    (prefix.meta / "bad-1.0-0.json").mkdir()
    assert "directory" in only_problem(prefix)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes here")
def test_a_pipe_named_as_a_record_is_not_waited_for(prefix: FakePrefix) -> None:
    os.mkfifo(prefix.meta / "bad-1.0-0.json")
    assert only_problem(prefix) == "not a regular file"


def test_a_link_to_nowhere(prefix: FakePrefix) -> None:
    (prefix.meta / "bad-1.0-0.json").symlink_to("gone.json")
    assert only_problem(prefix) == "No such file or directory"


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_record_that_this_user_may_not_read(prefix: FakePrefix) -> None:
    prefix.write("conda-meta/bad-1.0-0.json", "{}").chmod(0)
    assert only_problem(prefix) == "Permission denied"


def test_a_record_that_is_a_symlink_is_read_as_conda_does(prefix: FakePrefix, tmp_path: Path) -> None:
    file = prefix.package("zlib")
    os.rename(file, tmp_path / "elsewhere.json")
    file.symlink_to(tmp_path / "elsewhere.json")
    assert "zlib" in records(prefix)


def test_a_record_that_vanishes_while_the_prefix_is_read(tmp_path: Path) -> None:
    read = RecordReader().read(str(tmp_path / "gone-1.0-0.json"))
    assert isinstance(read, Problem)
    assert read.reason == "No such file or directory"


def test_files_that_conda_passes_over_too(prefix: FakePrefix) -> None:
    prefix.write("conda-meta/._zlib-1.3-0.json", b"\x00\x05\x16\x07")
    prefix.write("conda-meta/notes.txt", "hello")
    assert list(records(prefix)) == ["python"]


def test_the_files_of_a_package_where_they_lie(prefix: FakePrefix) -> None:
    prefix.python_package("tqdm", "4.66.1")
    paths = read_paths(str(prefix), records(prefix)["tqdm"])
    assert not isinstance(paths, Problem)
    assert all((prefix.path / each.path).stat().st_size == each.size for each in paths)
    assert all(len(each.sha256_in_prefix) == 64 and each.kind == "hardlink" for each in paths)


@pytest.mark.parametrize(
    ("recorded", "expected"),
    [
        (RecordedPath(path="a", sha256="archive", sha256_in_prefix="prefix", placeholder="/build"), "prefix"),
        (RecordedPath(path="a", sha256="archive"), "archive"),
        (RecordedPath(path="a", sha256="archive", placeholder="/build"), ""),
    ],
)
def test_the_checksum_of_an_archive_is_not_expected_where_the_prefix_was_replaced(
    recorded: RecordedPath, expected: str
) -> None:
    assert recorded.expected_sha256 == expected


def test_a_file_that_conda_found_damaged_is_one_of_the_package_all_the_same(prefix: FakePrefix) -> None:
    prefix.python_package("tqdm", "4.66.1")
    whole = read_paths(str(prefix), records(prefix)["tqdm"])
    file = next(prefix.meta.glob("tqdm-*.json"))
    document = json.loads(file.read_bytes())
    document["paths_data"]["paths"].pop()
    file.write_text(json.dumps(document))
    paths = read_paths(str(prefix), records(prefix)["tqdm"])
    assert not isinstance(paths, Problem)
    assert not isinstance(whole, Problem)
    assert {each.path for each in paths} == {each.path for each in whole}
    assert [each.sha256 for each in paths].count("") == 1


def test_the_files_of_a_package_whose_record_is_gone(prefix: FakePrefix) -> None:
    record = records(prefix)["python"]
    (prefix.meta / "python-3.11.9-h123_0_cpython.json").unlink()
    problem = read_paths(str(prefix), record)
    assert isinstance(problem, Problem)
    assert problem.path.endswith("python-3.11.9-h123_0_cpython.json")


def test_one_reader_takes_the_same_content_apart_once(tmp_path: Path) -> None:
    reader = RecordReader()
    one, other = (make_prefix(tmp_path / name).package("zlib", "1.3", "h1_2") for name in ("one", "other"))
    assert reader.read(str(one)) is reader.read(str(other))


def test_one_reader_tells_apart_what_differs_by_a_single_field(tmp_path: Path) -> None:
    reader = RecordReader()
    files = [
        make_prefix(tmp_path / name).package("zlib", requested_spec=asked) for name, asked in (("a", ""), ("b", "zlib"))
    ]
    read = [reader.read(str(file)) for file in files]
    assert [each.record.requested_specs for each in read if not isinstance(each, Problem)] == [(), ("zlib",)]


def test_one_reader_still_sees_that_a_known_content_has_a_wrong_name(prefix: FakePrefix) -> None:
    reader = RecordReader()
    file = prefix.package("zlib", "1.3", "h1_2")
    copy = file.with_name("zlib-1.2-h1_2.json")
    copy.write_bytes(file.read_bytes())
    assert not isinstance(reader.read(str(file)), Problem)
    assert reader.read(str(copy)) == Problem(path=str(copy), reason="holds the record of zlib 1.3 h1_2")
