"""What this machine shows of past revisions."""

from __future__ import annotations

import os
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from condatui_core.prefixes.prefix import read_prefix
from condatui_core.prefixes.probe import user_name
from condatui_core.records.environment import Environment
from condatui_core.records.revision import RevisionFacts
from condatui_core.restore_points.look_back import look_back
from condatui_core.restore_points.package_sources import SearchedPlaces
from support.prefixes import FakePrefix


@pytest.fixture
def prefix(tmp_path: Path) -> FakePrefix:
    return FakePrefix(tmp_path / "e")


def look(prefix: FakePrefix) -> tuple[RevisionFacts, ...]:
    contents = read_prefix(str(prefix))
    environment = Environment(name="e", prefix=str(prefix), contents=contents)
    return look_back(environment, SearchedPlaces(installed=contents.packages))


def moment(when: datetime) -> str:
    return f"{when:%Y-%m-%d %H:%M:%S}"


def test_the_way_back_of_each_revision(prefix: FakePrefix) -> None:
    prefix.package("numpy", "2.0", "0")
    prefix.revision("+conda-forge/linux-64::numpy-1.26-0", "+zlib-1.3-0", "# update specs: ['numpy', 'zlib']")
    prefix.revision("-conda-forge/linux-64::numpy-1.26-0", "+conda-forge/linux-64::numpy-2.0-0")
    prefix.revision("-zlib-1.3-0", "# remove specs: ['zlib']")
    first, second, third = look(prefix)
    assert [each.dist_name for each in first.unknown] == ["zlib-1.3-0"]
    assert [each.package.dist_name for each in first.to_download] == ["numpy-1.26-0"]
    assert (first.restorable, first.present, first.requested) == (False, False, (("numpy", "numpy"), ("zlib", "zlib")))
    assert [(each.name, each.kind) for each in second.moves] == [("numpy", "up")]
    assert (second.present, second.to_download) == (False, ())
    assert (third.restorable, third.present, third.requested) == (True, True, (("numpy", "numpy"),))


def test_a_package_that_no_revision_names_is_more_than_any_of_them_left(prefix: FakePrefix) -> None:
    prefix.package("numpy", "2.0", "0")
    prefix.package("stranger")
    prefix.revision("+conda-forge/linux-64::numpy-2.0-0")
    (only,) = look(prefix)
    assert (only.restorable, only.present) == (True, False)


def test_who_made_a_revision_is_who_wrote_its_records(prefix: FakePrefix) -> None:
    prefix.package("numpy", "2.0", "0")
    prefix.revision("+conda-forge/linux-64::numpy-2.0-0", at=moment(datetime.now()))  # noqa: DTZ005 - as conda writes
    prefix.revision("+conda-forge/linux-64::gone-1.0-0", at=moment(datetime.now()))  # noqa: DTZ005 - as above
    assert [each.by for each in look(prefix)] == [user_name(os.geteuid()), ""]


def test_records_of_another_time_do_not_tell_who_made_a_revision(prefix: FakePrefix) -> None:
    """A restored, copied or given away record is of whoever did that."""
    written = prefix.package("numpy", "2.0", "0")
    prefix.revision("+conda-forge/linux-64::numpy-2.0-0", at=moment(datetime.now() - timedelta(days=3)))  # noqa: DTZ005 - as above
    then = (datetime.now() - timedelta(days=3)).timestamp()  # noqa: DTZ005 - as above
    assert look(prefix)[0].by == ""
    os.utime(written, (then, then))
    assert look(prefix)[0].by == ""


def test_an_environment_that_is_not_read_has_no_revisions() -> None:
    assert look_back(Environment(name="e", prefix="/nowhere"), SearchedPlaces()) == ()


def test_a_thousand_revisions_look_for_each_package_once(prefix: FakePrefix, monkeypatch: pytest.MonkeyPatch) -> None:
    from condatui_core.restore_points import package_sources

    reads: list[str] = []
    monkeypatch.setattr(package_sources, "read_record", reads.append)
    lines = [f"+conda-forge/linux-64::base-{number}-1.0-0" for number in range(50)]
    prefix.revision(*lines)
    for number in range(999):
        lines = [f"-conda-forge/linux-64::tool-{number}-0"] if number else []
        prefix.revisions.append(
            "\n".join(["==> 2024-05-06 07:08:09 <==", *lines, f"+conda-forge/linux-64::tool-{number + 1}-0"])
        )
    prefix.write("conda-meta/history", "\n".join(prefix.revisions) + "\n")
    contents = read_prefix(str(prefix))
    environment = Environment(name="e", prefix=str(prefix), contents=contents)
    facts = look_back(environment, SearchedPlaces(pkgs_dirs=("/nowhere",)))
    assert (len(facts), len(facts[-1].to_download)) == (1000, 51)
    assert len(reads) == len(set(reads)) == 2 * (50 + 999)
