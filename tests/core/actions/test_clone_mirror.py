"""What is copied to a clone beside what conda has linked, on prefixes made by hand."""

from __future__ import annotations

import errno
import json
import os
import stat
from pathlib import Path
from typing import IO

import pytest

from condatui_core.actions.clone import mirror
from condatui_core.actions.clone.carry_over import CarriedOver, carry_over
from condatui_core.actions.clone.mirror import Mirrored
from condatui_core.actions.clone.source import Source, machinery, read_source
from condatui_core.actions.clone.verify import Verified, verify
from condatui_core.actions.prefix_change import PrefixChange
from condatui_core.fs.held_tree import HeldTree
from condatui_core.fs.safe_read import open_regular
from condatui_core.prefixes.prefix import read_prefix
from condatui_core.records.installation import ChannelConfig
from support.inventories import NOW, package
from support.prefixes import FakePrefix, make_prefix, record_of


class Pair:
    """A prefix, and another one into which conda has linked its packages."""

    def __init__(self, directory: Path) -> None:
        self.source = make_prefix(directory / "source")
        self.target = make_prefix(directory / "target")

    def linked(self, path: str, data: str) -> None:
        """A file of a package, hard-linked into both."""
        origin = self.source.write(path, data)
        (self.target.path / path).parent.mkdir(parents=True, exist_ok=True)
        os.link(origin, self.target.path / path)

    def read(self) -> tuple[Source, PrefixChange]:
        source = read_source(str(self.source), base=False, with_conda=False)
        return source, PrefixChange(str(self.source), str(self.target))

    def mirror(self) -> Mirrored:
        source, change = self.read()
        with HeldTree(change.target) as tree:
            return mirror.Mirror(source, change, tree, lambda done: None).run(lambda: False)

    def verify(self) -> Verified:
        return verify(*self.read(), lambda tree: read_prefix(tree.root), channels=ChannelConfig(), ignored=())

    def there(self, path: str) -> bool:
        return os.path.lexists(self.target.path / path)


@pytest.fixture
def pair(tmp_path: Path) -> Pair:
    return Pair(tmp_path)


def test_nothing_is_copied_where_all_is_the_same(pair: Pair) -> None:
    pair.linked("lib/x", "shared")
    pair.source.write("bin/tool", f"#!{pair.source}/bin/python\n")
    pair.target.write("bin/tool", f"#!{pair.target}/bin/python\n")
    pair.source.write("lib/y", f"\x7fELF\0{pair.source}/lib\0\0\0\0\0\0")
    pair.target.write("lib/y", f"\x7fELF\0{pair.target}/lib\0\0\0")
    assert pair.mirror() == Mirrored()
    assert pair.verify().differing == ()


def test_what_was_edited_is_copied_and_the_package_cache_stays_as_it_is(pair: Pair, tmp_path: Path) -> None:
    pair.linked("lib/x.py", "as packaged")
    os.link(pair.target.path / "lib/x.py", tmp_path / "in-cache")
    (pair.source.path / "lib/x.py").unlink()
    pair.source.write("lib/x.py", "edited")
    assert pair.mirror().copied == ["lib/x.py"]
    assert (pair.target.path / "lib/x.py").read_text() == "edited"
    assert (tmp_path / "in-cache").read_text() == "as packaged"


def test_what_pip_has_deleted_is_deleted_and_what_conda_has_compiled_stays(pair: Pair) -> None:
    pair.linked("lib/kept.py", "kept")
    for path in ("lib/gone.py", "lib/__pycache__/gone.cpython-311.pyc", "lib/__pycache__/kept.cpython-311.pyc"):
        pair.target.write(path, "of the package")
    pair.target.write("old-1.0.dist-info/METADATA")
    pair.mirror()
    assert [pair.there(each) for each in ("lib/gone.py", "lib/__pycache__/gone.cpython-311.pyc")] == [False, False]
    assert [pair.there(each) for each in ("lib/__pycache__/kept.cpython-311.pyc", "old-1.0.dist-info")] == [True, False]
    assert pair.verify().differing == ()


def test_compiled_modules_are_the_same_where_they_are_of_the_same_source(pair: Pair) -> None:
    pair.linked("lib/x.py", "x")
    pair.source.write("lib/__pycache__/x.cpython-311.pyc", b"\1" * 16 + os.fsencode(pair.source.path))
    pair.target.write("lib/__pycache__/x.cpython-311.pyc", b"\1" * 16 + os.fsencode(pair.target.path))
    pair.source.write("lib/__pycache__/y.cpython-311.pyc", b"\1" * 16 + os.fsencode(pair.source.path))
    done = pair.mirror()
    assert (done.copied, done.naming_source) == (["lib/__pycache__/y.cpython-311.pyc"], [])


def test_directories_that_cannot_be_listed_are_said_and_what_conda_put_there_stays(
    pair: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    pair.linked("lib/closed/x", "x")
    scan = os.scandir

    def closed(path: str) -> object:
        if path == f"{pair.source}/lib/closed":
            raise PermissionError(errno.EACCES, "Permission denied", path)
        return scan(path)

    monkeypatch.setattr(os, "scandir", closed)
    assert pair.mirror().unreadable == [f"{pair.source}/lib/closed: Permission denied"]
    assert pair.there("lib/closed/x")


def test_files_that_cannot_be_read_are_said(pair: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
    pair.source.write("data/closed", "x")
    pair.source.write("data/open", "y")

    def opened(path: str) -> IO[bytes]:
        if path.endswith("closed"):
            raise PermissionError(errno.EACCES, "Permission denied", path)
        return open_regular(path)

    monkeypatch.setattr(mirror, "open_regular", opened)
    done = pair.mirror()
    assert (done.copied, done.unreadable) == (["data/open"], ["data/closed: Permission denied"])


def test_of_a_large_file_it_is_known_whether_it_names_the_source(pair: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mirror, "LARGEST_TEXT", 10)
    monkeypatch.setattr(mirror, "_CHUNK", 7)
    pair.source.write("weights.bin", b"\0" * 50 + os.fsencode(pair.source.path) + b"/x\0")
    pair.source.write("other.bin", b"\0" * 50)
    done = pair.mirror()
    assert (sorted(done.copied), done.naming_source) == (["other.bin", "weights.bin"], ["weights.bin"])
    assert (pair.target.path / "weights.bin").read_bytes() == (pair.source.path / "weights.bin").read_bytes()


def test_modes_and_times_come_along_and_closed_directories_are_filled_first(pair: Pair) -> None:
    file = pair.source.write("closed/run.sh", "echo")
    file.chmod(0o711)
    os.utime(file, (1_000_000_000, 1_000_000_000))
    file.parent.chmod(0o555)
    try:
        pair.mirror()
        copy = pair.target.path / "closed" / "run.sh"
        assert (stat.S_IMODE(copy.stat().st_mode), copy.stat().st_mtime) == (0o711, 1_000_000_000)
        assert copy.parent.stat().st_mode & 0o777 == 0o555
    finally:
        for directory in (file.parent, pair.target.path / "closed"):
            directory.chmod(0o755)


def test_a_link_a_file_and_a_directory_take_each_others_place(pair: Pair) -> None:
    pair.source.write("a/x", "x")
    (pair.source.path / "b").symlink_to("a")
    pair.source.write("c", "file")
    pair.target.write("a", "file")
    pair.target.write("b/y", "y")
    (pair.target.path / "c").symlink_to(pair.source.path / "a")
    pair.mirror()
    assert pair.verify().differing == ()
    assert (pair.target.path / "b").is_symlink()
    assert (pair.source.path / "a" / "x").read_text() == "x"


def test_verifying_finds_what_is_not_as_it_should_be(pair: Pair) -> None:
    pair.linked("lib/x", "x")
    pair.source.write("lib/y", "y")
    pair.target.write("lib/y", "other")
    pair.target.write("lib/z", "z")
    pair.target.write("etc/names", f"{pair.source}/lib")
    pair.source.package("numpy")
    pair.source.pip_install("httpx")
    found = pair.verify()
    assert set(found.differing) >= {"lib/y", "lib/z", "etc/names"}
    assert (found.missing_packages, found.other_packages) == (("numpy-1.0-0",), ())
    assert (found.distributions, found.naming_source) == (("httpx 1.0",), ("etc/names",))


@pytest.mark.parametrize(
    ("channel", "md5", "other"),
    [
        ("https://prefix.dev/conda-forge", "", False),
        ("https://host.example/own", "00", False),
        ("https://host.example/own", "", True),
    ],
)
def test_a_package_is_the_same_by_another_url_of_its_channel_or_by_its_digest(
    pair: Pair, channel: str, md5: str, *, other: bool
) -> None:
    pair.source.package("numpy", md5="00", sha256="")
    pair.target.package("numpy", channel=channel, md5=md5, sha256="")
    differ = ("numpy-1.0-0",) if other else ()
    found = pair.verify()
    assert (found.missing_packages, found.other_packages) == (differ, differ)


def test_what_needs_conda_is_of_its_machinery(tmp_path: Path) -> None:
    records = (
        package("conda", depends=("python", "boltons")),
        package("conda-build", depends=("conda >=24",)),
        package("mamba", depends=("conda-forge::conda-build",)),
        package("boltons"),
        package("python"),
        package("condado"),
    )
    assert machinery(records) == {"conda", "conda-build", "mamba"}


def test_of_base_neither_its_environments_nor_what_conda_is_made_of_come_along(tmp_path: Path) -> None:
    base = make_prefix(tmp_path / "base")
    site_packages = base.site_packages.relative_to(base.path).as_posix()
    base.package("conda", files={"bin/conda": "", f"{site_packages}/conda/cli.py": "", "condabin/conda": ""})
    base.write(f"{site_packages}/conda/__pycache__/cli.cpython-311.pyc")
    base.write("pkgs/numpy-1.0-0/lib/x")
    base.write(".condarc")
    base.write("own.txt")
    make_prefix(base.path / "envs" / "x")
    nested = FakePrefix(base.path / "odd" / "nested")
    nested.revision()
    nested.write("lib/x")
    source = read_source(str(base), base=True, with_conda=False)
    paths = {entry.path for entry in source.tree.entries}
    assert "own.txt" in paths
    assert not [path for path in paths if path.split("/")[0] in ("envs", "pkgs", ".condarc", "conda-meta", "condabin")]
    assert not [path for path in paths if "conda" in path or "nested" in path]
    assert source.spared == ("envs", "pkgs")


# The records of a clone, which get the requests of its source


def _with_a_request(directory: Path) -> Pair:
    """A pair with the packages asked and other in both, of which the source was asked for the first."""
    pair = Pair(directory)
    for name in ("asked", "other"):
        pair.target.write_record(f"{name}-1.0-0", _record(name))
        pair.source.write_record(f"{name}-1.0-0", _record(name, requested_spec=name if name == "asked" else "None"))
    return pair


def _record(name: str, **more: str) -> dict[str, object]:
    return {**record_of(name, "1.0", "0", channel="https://conda.example/main", subdir="noarch", files={}), **more}


def _carried(pair: Pair, tree: HeldTree) -> CarriedOver:
    source, change = pair.read()
    return carry_over(change, tree, source.packages, (), command="conda create", now=NOW)


def _requested(record: Path) -> object:
    return json.loads(record.read_bytes()).get("requested_spec")


@pytest.mark.parametrize("name", ["asked", "other"])
def test_a_record_of_a_clone_that_cannot_be_read_is_a_problem_and_no_failure(tmp_path: Path, name: str) -> None:
    pair = _with_a_request(tmp_path)
    pair.target.write(f"conda-meta/{name}-1.0-0.json", "{")
    with HeldTree(str(pair.target)) as tree:
        carried = _carried(pair, tree)
    assert [os.path.basename(each.path) for each in carried.unreadable] == [f"{name}-1.0-0.json"]
    assert {"asked", "other"} - {each.record.name for each in carried.packages} == {name}


def test_a_record_of_a_clone_is_not_read_through_a_link(tmp_path: Path) -> None:
    pair = _with_a_request(tmp_path)
    record = pair.target.meta / "asked-1.0-0.json"
    record.rename(tmp_path / "elsewhere.json")
    record.symlink_to(tmp_path / "elsewhere.json")
    with HeldTree(str(pair.target)) as tree:
        carried = _carried(pair, tree)
    assert [each.path for each in carried.unreadable] == [str(record)]
    assert record.is_symlink()
    assert _requested(tmp_path / "elsewhere.json") == "None"


def test_the_records_of_the_clone_that_is_held_are_read_whatever_is_at_its_path(tmp_path: Path) -> None:
    pair = _with_a_request(tmp_path)
    with HeldTree(str(pair.target)) as tree:
        pair.target.path.rename(tmp_path / "moved")
        another = make_prefix(pair.target.path)
        another.write_record("asked-1.0-0", _record("asked", license="of another"))
        (package,) = (each for each in _carried(pair, tree).packages if each.record.name == "asked")
    moved = tmp_path / "moved/conda-meta/asked-1.0-0.json"
    assert (_requested(moved), _requested(another.meta / moved.name)) == ("asked", "None")
    assert (package.record.requested_specs, package.record.license) == (("asked",), "BSD-3-Clause")
