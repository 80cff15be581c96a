"""Where the packages of past revisions are."""

from __future__ import annotations

import hashlib
import json
from datetime import datetime, timezone
from pathlib import Path

import pytest

from condatui_core.records.installation import ChannelConfig
from condatui_core.records.package import PackageRecord
from condatui_core.records.restore_point import KeptPackage, RestorePoint
from condatui_core.records.revision import HistoryPackage, PackageSource
from condatui_core.restore_points.package_sources import PackageFinder, SearchedPlaces
from condatui_core.restore_points.store import new_point, write_manifest

FORGE = "https://conda.anaconda.org/conda-forge"
MAIN = "https://repo.anaconda.com/pkgs/main"
DIST = "numpy-1.26.4-py311_0"
NUMPY = HistoryPackage("numpy", "1.26.4", "py311_0", "conda-forge", "linux-64")


def url_of(channel: str = FORGE, extension: str = ".conda", subdir: str = "linux-64") -> str:
    return f"{channel}/{subdir}/{DIST}{extension}"


def record(channel: str | None = FORGE, **fields: object) -> PackageRecord:
    given = {
        "url": channel and url_of(channel),
        "base_url": channel,
        "subdir": "linux-64",
        "md5": "m" * 32,
        "archive_bytes": 1000,
        **fields,
    }
    return PackageRecord(name="numpy", version="1.26.4", **{"build": "py311_0", **given})  # type: ignore[arg-type]


def extract(directory: Path, channel: str = FORGE, **fields: object) -> None:
    """Leave what conda leaves of an extracted package."""
    (directory / DIST / "info").mkdir(parents=True)
    stated = {"url": url_of(channel), "md5": "c" * 32, "sha256": "d" * 64, "size": 2000, **fields}
    (directory / DIST / "info" / "repodata_record.json").write_text(json.dumps(stated))


def archive(directory: Path, url: str, content: bytes = b"archive") -> None:
    """Leave an archive that is not extracted, and its URL, as conda does."""
    (directory / url.rpartition("/")[2]).write_bytes(content)
    (directory / "urls.txt").write_text(f"{MAIN}/noarch/other-1-0.conda\n{url}\n")


def find(package: HistoryPackage = NUMPY, **places: object) -> PackageSource:
    return PackageFinder(SearchedPlaces(**places)).find(package)  # type: ignore[arg-type]


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    (tmp_path / "pkgs").mkdir()
    return tmp_path / "pkgs"


def test_what_is_installed_needs_nothing() -> None:
    source = find(installed=(record(),))
    assert (source.place, source.url, source.md5) == ("installed", url_of(), "m" * 32)
    assert source.explicit == f"{url_of()}#{'m' * 32}"


@pytest.mark.parametrize(
    ("stated", "subdir", "channel", "same"),
    [
        ("conda-forge", "linux-64", FORGE, True),
        ("conda-forge", "", FORGE, True),
        ("", "linux-64", FORGE, True),
        (FORGE, "linux-64", FORGE, True),
        ("conda-forge", "linux-64", "https://prefix.dev/conda-forge", True),
        ("conda-forge", "linux-64", None, True),
        ("conda-forge", "noarch", FORGE, False),
        ("conda-forge", "linux-64", MAIN, False),
        ("defaults", "linux-64", MAIN, True),
        ("defaults", "linux-64", "https://repo.anaconda.com/pkgs/free", True),
        ("defaults", "linux-64", FORGE, False),
        ("pkgs/main", "linux-64", MAIN, True),
    ],
)
def test_a_package_of_another_channel_is_another_package(
    stated: str, subdir: str, channel: str | None, same: bool
) -> None:
    package = HistoryPackage("numpy", "1.26.4", "py311_0", stated, subdir)
    assert (find(package, installed=(record(channel),)).place == "installed") is same


def test_another_build_is_another_package() -> None:
    assert find(installed=(record(build="py311_1"),)).place == "channel"


def test_an_extracted_package_is_here_with_its_checksums(cache: Path) -> None:
    extract(cache)
    source = find(pkgs_dirs=(str(cache),))
    assert (source.place, source.url, source.md5, source.sha256) == ("here", url_of(), "c" * 32, "d" * 64)


def test_credentials_in_a_cache_are_left_out(cache: Path) -> None:
    extract(cache, "https://ann:pw@conda.anaconda.org/t/tk-1/conda-forge")
    assert find(pkgs_dirs=(str(cache),)).url == url_of()


@pytest.mark.parametrize("content", ["", "[]", '{"url": 1}'])
def test_a_damaged_package_in_a_cache_is_none(cache: Path, content: str) -> None:
    extract(cache)
    (cache / DIST / "info" / "repodata_record.json").write_text(content)
    assert find(pkgs_dirs=(str(cache),)).place == "channel"


def test_an_extracted_package_of_another_channel_is_not_taken(cache: Path) -> None:
    extract(cache, MAIN)
    assert (find(pkgs_dirs=(str(cache),)).place, find(pkgs_dirs=(str(cache),)).url) == ("channel", "")


def test_mambas_cache_tells_the_checksums_of_what_conda_has_to_download(cache: Path) -> None:
    extract(cache / "https" / "conda.anaconda.org" / "conda-forge" / "linux-64")
    source = find(pkgs_dirs=(str(cache),))
    assert (source.place, source.explicit, source.archive_bytes) == ("channel", f"{url_of()}#{'c' * 32}", 2000)


@pytest.mark.parametrize("extension", [".conda", ".tar.bz2"])
def test_an_archive_alone_is_here_and_its_checksum_is_read_when_asked_for(cache: Path, extension: str) -> None:
    archive(cache, url_of(extension=extension))
    finder = PackageFinder(SearchedPlaces(pkgs_dirs=(str(cache),)))
    source = finder.find(NUMPY)
    assert (source.place, source.url, source.md5, source.archive_bytes) == ("here", url_of(extension=extension), "", 7)
    assert finder.with_checksum(source).md5 == hashlib.md5(b"archive").hexdigest()


def test_an_archive_of_another_channel_is_not_taken(cache: Path) -> None:
    archive(cache, url_of(MAIN))
    assert find(pkgs_dirs=(str(cache),)).place == "channel"


def test_a_record_elsewhere_tells_what_to_download() -> None:
    source = find(elsewhere=(record(MAIN), record()))
    assert (source.place, source.explicit, source.archive_bytes) == ("channel", f"{url_of()}#{'m' * 32}", 1000)


def test_a_record_elsewhere_tells_which_archive_a_cache_has(cache: Path) -> None:
    (cache / f"{DIST}.conda").write_bytes(b"x" * 1000)
    assert find(elsewhere=(record(file_name=f"{DIST}.conda"),), pkgs_dirs=(str(cache),)).place == "here"


def test_a_restore_point_tells_what_to_download(tmp_path: Path) -> None:
    kept = KeptPackage(
        name="numpy",
        version="1.26.4",
        build="py311_0",
        url=url_of(),
        md5="r" * 32,
        sha256="",
        file_name=f"{DIST}.conda",
        archive_bytes=3000,
        kept=True,
    )
    at = datetime(2026, 5, 6, tzinfo=timezone.utc)
    with new_point(tmp_path / "points", "e", at) as (point_id, directory):
        point = RestorePoint(
            id=point_id,
            prefix="/opt/e",
            name="e",
            at=at,
            host="h",
            user="u",
            root_prefix="",
            conda_version="",
            environment=True,
            frozen=False,
            packages=(kept,),
            distributions=(),
            paths=0,
            files=0,
            bytes=0,
            archived_files=0,
            archived_bytes=0,
        )
        write_manifest(directory, point, ())
    source = find(points=tmp_path / "points")
    assert (source.place, source.md5, source.archive_bytes) == ("channel", "r" * 32, 3000)


def test_a_channel_on_this_machine_has_it_here(tmp_path: Path) -> None:
    channel = tmp_path / "channel"
    (channel / "linux-64").mkdir(parents=True)
    (channel / "linux-64" / f"{DIST}.tar.bz2").write_bytes(b"local")
    package = HistoryPackage("numpy", "1.26.4", "py311_0", f"file://{channel}", "linux-64")
    finder = PackageFinder(SearchedPlaces())
    source = finder.find(package)
    assert (source.place, source.url) == ("here", f"file://{channel}/linux-64/{DIST}.tar.bz2")
    assert finder.with_checksum(source).md5 == hashlib.md5(b"local").hexdigest()


def test_a_named_channel_may_lie_on_this_machine(tmp_path: Path) -> None:
    (tmp_path / "conda-forge" / "linux-64").mkdir(parents=True)
    (tmp_path / "conda-forge" / "linux-64" / f"{DIST}.conda").touch()
    assert find(channels=ChannelConfig(channel_alias=f"file://{tmp_path}")).place == "here"


@pytest.mark.parametrize(
    ("package", "place"),
    [
        (NUMPY, "channel"),
        (HistoryPackage("numpy", "1.26.4", "py311_0", "defaults"), "channel"),
        (HistoryPackage("numpy", "1.26.4", "py311_0"), "unknown"),
        (HistoryPackage("requests", "2.0", "pypi_0", "pypi", ""), "unknown"),
        (HistoryPackage("damaged line"), "unknown"),
    ],
)
def test_without_any_record_the_history_alone_tells_the_channel(package: HistoryPackage, place: str) -> None:
    source = find(package)
    assert (source.place, source.url, source.explicit) == (place, "", "")
