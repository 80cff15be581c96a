from __future__ import annotations

import os
from datetime import datetime, timezone
from pathlib import Path

import pytest

from condatui_core.analyses.specs import spec_name
from condatui_core.prefixes.history import parse_history, parse_specs_comment, read_history

OLD = """\
==> 2016-02-16 13:31:33 <==
# cmd: /home/ilan/minonda/bin/conda update conda
conda-3.19.0-py27_0
pip-7.1.2-py27_0.tar.bz2
==> 2016-02-16 13:31:41 <==
# cmd: /home/ilan/minonda/bin/conda update conda
-conda-3.19.0-py27_0
+conda-3.19.1-py27_0
# update specs: conda,python >=2.7,<3
==> 2016-02-17 10:00:00 <==
conda-3.19.1-py27_0
"""
NEW = """\
# a comment before the first header
==> 2024-05-06 07:08:09 <==
# cmd: /opt/conda/bin/conda create -n e -c https://ann:pw@host.org/t/tk-1/lab numpy
# conda version: 24.7.1
+conda-forge/linux-64::numpy-1.26.4-py311h64a7726_0
+conda-forge/noarch::tqdm-4.66.1-pyhd8ed1ab_0
# update specs: ['numpy', "python[version='>=3.9']", 'tqdm']
==> 2024-05-07 07:08:09 <==
# cmd: /opt/conda/bin/conda remove tqdm
# conda version: 24.7.1
-conda-forge/noarch::tqdm-4.66.1-pyhd8ed1ab_0
# remove specs: ['tqdm']
==> 2024-05-08 07:08:09 <==
# cmd: /opt/conda/bin/conda update --all
# neutered specs: ['numpy']
"""


def history_of(tmp_path: Path, text: str | bytes, *installed: str) -> tuple[object, ...]:
    meta = tmp_path / "conda-meta"
    meta.mkdir(exist_ok=True)
    (meta / "history").write_bytes(text if isinstance(text, bytes) else text.encode())
    history, problems = read_history(str(tmp_path), installed)
    assert problems == []
    return history.revisions, history.requested


def test_revisions_as_conda_counts_them() -> None:
    first, second, third = parse_history(NEW)
    assert [each.number for each in (first, second, third)] == [0, 1, 2]
    assert first.added == ("numpy-1.26.4-py311h64a7726_0", "tqdm-4.66.1-pyhd8ed1ab_0")
    assert first.conda_version == "24.7.1"
    assert first.update_specs == ("numpy", "python[version='>=3.9']", "tqdm")
    assert (second.removed, second.remove_specs) == (("tqdm-4.66.1-pyhd8ed1ab_0",), ("tqdm",))
    assert third.neutered_specs == ("numpy",)


def test_commands_hold_no_credentials_and_no_path_to_conda() -> None:
    assert parse_history(NEW)[0].command == "conda create -n e -c https://***@host.org/t/<TOKEN>/lab numpy"
    assert parse_history(NEW)[0].program == "/opt/conda/bin/conda"


def test_times_are_local(monkeypatch: pytest.MonkeyPatch) -> None:
    local = datetime(2024, 5, 6, 7, 8, 9).astimezone()
    assert parse_history(NEW)[0].at == local


def test_an_old_conda_wrote_the_whole_state() -> None:
    first, second, third = parse_history(OLD)
    assert first.added == ("conda-3.19.0-py27_0", "pip-7.1.2-py27_0")
    assert (second.added, second.removed) == (("conda-3.19.1-py27_0",), ("conda-3.19.0-py27_0",))
    assert second.update_specs == ("conda", "python >=2.7,<3")
    assert (third.added, third.removed) == ((), ("pip-7.1.2-py27_0",))


def test_what_was_requested_and_still_stands(tmp_path: Path) -> None:
    _, requested = history_of(tmp_path, NEW, "numpy", "tqdm", "zlib")
    assert requested == (("numpy", "numpy"),)


def test_a_neutered_spec_takes_the_place_of_the_former(tmp_path: Path) -> None:
    text = (
        "==> 2024-05-06 07:08:09 <==\n# cmd: conda install\n# update specs: ['numpy=1']\n# neutered specs: ['numpy']\n"
    )
    assert history_of(tmp_path, text, "numpy")[1] == (("numpy", "numpy"),)


def test_specs_without_a_command_do_not_count(tmp_path: Path) -> None:
    text = "==> 2024-05-06 07:08:09 <==\n# update specs: ['numpy=1']\n"
    assert history_of(tmp_path, text, "numpy")[1] == ()


@pytest.mark.parametrize(
    ("spec", "name"),
    [
        ("numpy", "numpy"),
        ("NumPy>=1.2", "numpy"),
        ("numpy 1.2*", "numpy"),
        ("conda-forge::ca-certificates", "ca-certificates"),
        ("conda-forge/linux-64::numpy==1.26.4=py311_0", "numpy"),
        ("python_abi[build=*_cp313t]", "python_abi"),
        ("https://conda.anaconda.org/conda-forge/noarch/my-tool-1.0-0.conda", "my-tool"),
        ("*[license=MIT]", "*"),
        ("", ""),
    ],
)
def test_the_name_in_a_spec(spec: str, name: str) -> None:
    assert spec_name(spec) == name


@pytest.mark.parametrize(
    ("comment", "parsed"),
    [
        ("# update specs: ['a', 'b>=1']", ("update", ("a", "b>=1"))),
        ('# install specs: ["a"]', ("update", ("a",))),
        ("# create specs: param >=1.5,<2.0,jupyter", ("update", ("param >=1.5,<2.0", "jupyter"))),
        ("# uninstall specs: ['it\\'s']", ("remove", ("it's",))),
        ("# update specs: ['mkl@']", None),
        ("# update specs: []", None),
        ("# update specs:", None),
        ("# unknown specs: ['a']", None),
        ("# cmd: conda", None),
        ("# update specs: [__import__('os').abort()]", ("update", ("os",))),
    ],
)
def test_specs_as_condas_of_all_ages_wrote_them(comment: str, parsed: tuple[str, tuple[str, ...]] | None) -> None:
    assert parse_specs_comment(comment) == parsed


@pytest.mark.parametrize(
    "garbage",
    [
        b"",
        b"\xff\xfd" * 1000,
        b"==> not a time <==\n# cmd:\n# update specs: ['\n+\n-\n::\n",
        b"==> 0001-01-01 00:00:00 <==\n# update specs: [" + b"[" * 10_000,
        b"==> 2024-13-45 99:00:00 <==\n+a\nb\n",
        b"==> 2024-05-06 07:08:09" + b" " * 20_000 + b"<==\n==>" + b" " * 20_000 + b".\n",
    ],
)
def test_garbage_is_borne(tmp_path: Path, garbage: bytes) -> None:
    revisions, requested = history_of(tmp_path, garbage)
    assert requested == ()
    assert len(revisions) == garbage.count(b"<==")  # type: ignore[arg-type]


def test_a_history_too_large_is_a_problem(tmp_path: Path) -> None:
    (tmp_path / "conda-meta").mkdir()
    file = tmp_path / "conda-meta" / "history"
    file.touch()
    os.truncate(file, 100 << 20)
    history, problems = read_history(str(tmp_path), ())
    assert (history.revisions, [each.reason for each in problems]) == ((), ["larger than 32 MB"])


@pytest.mark.parametrize(
    ("text", "why", "revisions"),
    [
        (NEW.encode("utf-16"), "written as UTF-16, not as UTF-8", 0),
        (NEW.encode("utf-16-be"), "it has NUL bytes, which no conda writes", 0),
        (NEW.encode() + bytes(4096), "it has NUL bytes, which no conda writes", 3),
    ],
    ids=["UTF-16", "UTF-16 without a mark", "after a power cut"],
)
def test_a_history_that_is_no_text_is_a_problem_and_not_empty(
    tmp_path: Path, text: bytes, why: str, revisions: int
) -> None:
    (tmp_path / "conda-meta").mkdir()
    (tmp_path / "conda-meta" / "history").write_bytes(text)
    history, problems = read_history(str(tmp_path), ())
    assert ([each.reason for each in problems], len(history.revisions)) == ([why], revisions)
    assert history.revisions == parse_history(NEW)[:revisions]


def test_created_is_what_conda_left_or_the_first_revision(tmp_path: Path) -> None:
    history_of(tmp_path, NEW)
    assert read_history(str(tmp_path), ())[0].created == parse_history(NEW)[0].at
    (tmp_path / "conda-meta" / "created_at").write_text("1700000000.25\n")
    assert read_history(str(tmp_path), ())[0].created == datetime.fromtimestamp(1700000000.25, timezone.utc)
    (tmp_path / "conda-meta" / "created_at").write_text("yesterday")
    assert read_history(str(tmp_path), ())[0].created == parse_history(NEW)[0].at


@pytest.mark.parametrize("seconds", ["253402300799", "-62135596800", "1e300", "nan"])
def test_a_time_that_no_clock_has_shown_is_none(seconds: str, tmp_path: Path) -> None:
    history_of(tmp_path, "==> 9999-12-31 23:59:59 <==\n# cmd: conda create\n")
    (tmp_path / "conda-meta" / "created_at").write_text(seconds)
    history, _ = read_history(str(tmp_path), ())
    assert (history.created, history.revisions[0].at) == (None, None)


def test_modified_is_when_conda_last_wrote(tmp_path: Path) -> None:
    history_of(tmp_path, NEW)
    os.utime(tmp_path / "conda-meta" / "history", (0, 1_700_000_000))
    assert read_history(str(tmp_path), ())[0].modified == datetime.fromtimestamp(1_700_000_000, timezone.utc)
