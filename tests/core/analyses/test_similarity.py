"""How much alike environments are: same name, version and channel, out of the names in either."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from condatui_core.analyses.columns import align, environment_listing
from condatui_core.analyses.similarity import Matrix, judge, similarity_matrix
from condatui_core.records.comparison import Cell, Column, Entry, Listing
from condatui_core.records.installation import ChannelConfig
from condatui_core.records.package import PackageRecord
from condatui_core.records.prefix import PrefixContents

FORGE = "https://conda.anaconda.org/conda-forge"


def environment(versions: Mapping[str, str], base_url: str = FORGE, build: str = "0") -> Listing:
    packages = tuple(
        PackageRecord(name=name, version=version, build=build, base_url=base_url) for name, version in versions.items()
    )
    return environment_listing("/envs/x", "x", PrefixContents(packages=packages), ChannelConfig())


def similarities(listings: Sequence[Listing]) -> Matrix:
    return similarity_matrix((judge(each.name, each.cells) for each in align(listings)), len(listings))


def test_three_of_five_names_are_the_same() -> None:
    left = environment({"a": "1", "b": "1", "c": "1", "d": "1"})
    right = environment({"a": "1", "b": "1.0", "c": "1", "d": "2", "e": "1"})
    assert similarities([left, right]) == ((1.0, 0.6), (0.6, 1.0))


def test_another_channel_is_another_package_and_another_build_is_not() -> None:
    here = environment({"a": "1"})
    assert similarities([here, environment({"a": "1"}, base_url="https://other.example.org/forge")])[0][1] == 0.0
    assert similarities([here, environment({"a": "1"}, base_url="https://mirror.example.org/conda-forge")])[0][1] == 1.0
    assert similarities([here, environment({"a": "1"}, build="1")])[0][1] == 1.0


def test_what_neither_has_does_not_count_for_a_pair() -> None:
    matrix = similarities([environment({"a": "1"}), environment({"a": "1"}), environment({"b": "1", "c": "1"})])
    assert matrix == ((1.0, 1.0, 0.0), (1.0, 1.0, 0.0), (0.0, 0.0, 1.0))


def test_two_empty_environments_are_the_same() -> None:
    assert similarities([environment({}), environment({}), environment({"a": "1"})])[0] == (1.0, 1.0, 0.0)


def test_a_file_is_as_similar_as_what_it_states() -> None:
    cells = (
        Cell(name="a", source="conda", constraint=">=1"),
        Cell(name="b", source="conda", version="2"),
        Cell(name="c", source="conda", constraint="<1"),
    )
    asked = Listing(column=Column(label="a.yml"), entries=tuple(Entry(cell=cell, package=cell.name) for cell in cells))
    assert similarities([environment({"a": "1", "b": "2", "c": "3"}), asked])[0][1] == pytest.approx(2 / 3)


packages = st.dictionaries(st.sampled_from("abcdefgh"), st.sampled_from(["1", "1.0", "2"]), max_size=8)


@given(st.lists(packages, min_size=2, max_size=6))
def test_the_matrix_is_symmetric_and_what_the_definition_says(environments: list[dict[str, str]]) -> None:
    matrix = similarities([environment(each) for each in environments])
    number = {"1": 1, "1.0": 1, "2": 2}
    for left, mine in enumerate(environments):
        for right, theirs in enumerate(environments):
            names = mine.keys() | theirs.keys()
            same = [name for name in mine.keys() & theirs.keys() if number[mine[name]] == number[theirs[name]]]
            assert matrix[left][right] == matrix[right][left] == (len(same) / len(names) if names else 1.0)
