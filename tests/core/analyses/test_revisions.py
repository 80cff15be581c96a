"""What revisions have changed, and what an environment had after them."""

from __future__ import annotations

import pytest

from condatui_core.analyses.revisions import changes_of, history_package, never_named, state_after, states_of
from condatui_core.prefixes.history import parse_history
from condatui_core.records.package import PackageRecord
from condatui_core.records.prefix import History, Revision
from condatui_core.records.revision import HistoryPackage
from support.histories import CONDA_3, CONDA_4_1, CONDA_4_6, CONDA_26, MAMBA, REINSTALLED


def history(text: str) -> History:
    return History(revisions=parse_history(text))


def moves(text: str) -> list[list[tuple[str, str]]]:
    """For each revision (package, kind of change) pairs."""
    return [[(move.name, move.kind) for move in each.moves] for each in changes_of(history(text))]


def state(text: str, number: int) -> list[str]:
    return [each.dist_name for each in state_after(history(text), number)]


@pytest.mark.parametrize(
    ("line", "source", "package"),
    [
        ("numpy-1.26.4-py311_0", "conda-forge/linux-64", ("numpy", "1.26.4", "py311_0", "conda-forge", "linux-64")),
        ("scikit-learn-1.5-0", "defaults", ("scikit-learn", "1.5", "0", "defaults", "")),
        ("zlib-1.2.8-0", "", ("zlib", "1.2.8", "0", "", "")),
        ("numpy-1.11.1-py35_0[nomkl]", "defaults", ("numpy", "1.11.1", "py35_0", "defaults", "")),
        ("x-1-0", "https://host.org/a/b/noarch", ("x", "1", "0", "https://host.org/a/b", "noarch")),
        ("x-1-0", "https://***@host.org/t/<TOKEN>/a/osx-arm64", ("x", "1", "0", "https://host.org/a", "osx-arm64")),
        ("x-1-0", "file:///srv/c/linux-64", ("x", "1", "0", "file:///srv/c", "linux-64")),
        ("x-1-0", "conda-forge/label/dev/noarch", ("x", "1", "0", "conda-forge/label/dev", "noarch")),
        ("x-1-0", "<unknown>/linux-64", ("x", "1", "0", "", "linux-64")),
        ("Pillow-1-0", "", ("pillow", "1", "0", "", "")),
        ("no package", "c", ("no package", "", "", "", "")),
    ],
)
def test_a_package_as_a_line_names_it(line: str, source: str, package: tuple[str, str, str, str, str]) -> None:
    assert history_package(line, source) == HistoryPackage(*package)


def test_an_update_as_conda_orders_versions() -> None:
    assert moves(CONDA_26)[1:] == [
        [("libblas", "build"), ("numpy", "up")],
        [("tqdm", "removed")],
        [("numpy", "down")],
    ]
    assert moves(CONDA_4_6)[1] == [("openssl", "channel"), ("tool", "up")]


def test_a_full_listing_is_what_was_there() -> None:
    first, second = changes_of(history(CONDA_3))
    assert [(move.name, move.kind) for move in first.moves] == [
        ("numpy", "added"),
        ("python", "added"),
        ("zlib", "added"),
    ]
    assert [(move.name, move.kind) for move in second.moves] == [
        ("numpy", "up"),
        ("openblas", "added"),
        ("zlib", "removed"),
    ]
    assert state(CONDA_3, 1) == ["numpy-1.9.10-py27_1", "openblas-0.2.14-3", "python-2.7.9-1"]


def test_a_move_has_both_sides_with_their_channels() -> None:
    (move,) = changes_of(history(CONDA_4_1))[1].moves
    assert (move.kind, move.before, move.after) == (
        "build",
        HistoryPackage("numpy", "1.11.1", "py35_0", "defaults"),
        HistoryPackage("numpy", "1.11.1", "py35_1", "conda-forge"),
    )


def test_an_equal_version_that_is_spelled_otherwise_is_neither_newer_nor_older() -> None:
    text = "==> 2024-05-06 07:08:09 <==\n+c::x-1.0-0\n==> 2024-05-07 07:08:09 <==\n-c::x-1.0-0\n+c::x-1.0.0-0\n"
    assert moves(text)[1] == [("x", "build")]


def test_mamba_and_conda_mean_the_same_channel() -> None:
    assert moves(MAMBA)[1:] == [[("numpy", "up")], [("tzdata", "removed")]]
    assert state(MAMBA, 2) == ["numpy-1.26.4-py311_0"]


def test_a_revision_without_lines_does_not_empty_the_environment() -> None:
    assert moves(REINSTALLED)[1:] == [[], [("numpy", "up")]]
    assert (
        state(REINSTALLED, 1) == state(REINSTALLED, 0) == ["libblas-3.9.0-20_linux64_openblas", "numpy-1.26.3-py311_0"]
    )


def test_what_was_there_before_the_history_began_can_be_removed() -> None:
    assert moves("==> 2024-05-06 07:08:09 <==\n-c::x-1-0\n-c::y-1-0\n+c::y-2-0\n") == [[("x", "removed"), ("y", "up")]]


def test_every_state_is_passed_in_turn() -> None:
    passed = [(revision.number, sorted(state)) for revision, state in states_of(history(CONDA_26))]
    assert passed == [
        (0, ["libblas", "numpy", "tqdm", "zlib"]),
        (1, ["libblas", "numpy", "tqdm", "zlib"]),
        (2, ["libblas", "numpy", "zlib"]),
        (3, ["libblas", "numpy", "zlib"]),
    ]


def test_there_is_no_state_after_a_revision_that_was_never_made() -> None:
    with pytest.raises(LookupError):
        state_after(history(CONDA_26), 4)


def test_packages_that_no_line_names_were_there_all_along() -> None:
    records = [PackageRecord(name=name, version="1", build="0") for name in ("numpy", "constructor-made")]
    assert [each.name for each in never_named(history(CONDA_26), records)] == ["constructor-made"]


def test_records_without_sources_are_packages_of_unknown_channels() -> None:
    made = History(revisions=(Revision(number=0, added=("x-1-0", "broken")),))
    assert state_after(made, 0) == (HistoryPackage("broken"), HistoryPackage("x", "1", "0"))


@pytest.mark.parametrize("garbage", ["==> x <==\n+\n-\n::\n", "==> x <==\n+::\n+a::\n"])
def test_garbage_is_no_package(garbage: str) -> None:
    assert state(garbage, 0) == []
