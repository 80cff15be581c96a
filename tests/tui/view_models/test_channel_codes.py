"""Channels in two or three letters."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from condatui.view_models.channel_codes import channel_codes, joined_codes


def test_channels_that_everybody_knows_have_the_codes_that_everybody_guesses() -> None:
    codes = channel_codes(["conda-forge", "pytorch", "nvidia", "bioconda", "pkgs/main", "<unknown>"])
    assert [*codes.values()] == ["?", "bc", "cf", "nv", "main", "pt"]
    assert joined_codes(["conda-forge", "pytorch", "nvidia"], codes) == "cf+pt+nv"


def test_a_channel_and_its_copy_elsewhere_are_told_apart() -> None:
    assert channel_codes(["main"]) == {"main": "main"}
    assert channel_codes(["main", "pkgs/main"]) == {"main": "main", "pkgs/main": "pm"}


def test_others_have_codes_made_from_their_names() -> None:
    codes = channel_codes(["my-lab", "rapidsai", "https://conda.example.org/team/vision", "通道"])
    assert codes == {"my-lab": "ml", "rapidsai": "ra", "https://conda.example.org/team/vision": "otv", "通道": "c1"}


def test_a_code_that_is_taken_is_not_given_twice() -> None:
    codes = channel_codes(["cool-forge", "conda-forge", "my-lab", "mega-lab"])
    assert codes["conda-forge"] == "cf"
    assert codes["cool-forge"] == "co"
    assert codes["mega-lab"] == "ml"
    assert codes["my-lab"] == "my"


@given(st.sets(st.text(min_size=1, max_size=12) | st.sampled_from(["conda-forge", "pytorch", "cf", "pt", "a-b", "ab"])))
def test_distinct_channels_have_distinct_short_codes(names: set[str]) -> None:
    codes = channel_codes(names)
    assert codes.keys() == names
    assert len({*codes.values()}) == len(names)
    assert all(code.isascii() and code.isprintable() and code for code in codes.values())
    assert codes == channel_codes([*names])
