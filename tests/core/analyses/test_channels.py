from __future__ import annotations

import pytest

from condatui_core.analyses.channels import channel_counts, channel_name
from condatui_core.records.installation import ChannelConfig
from condatui_core.records.package import Distribution, PackageRecord
from condatui_core.records.prefix import PrefixContents

LAB = ChannelConfig(
    channel_alias="http://mirror.example:8080/conda",
    custom_channels=(("pkgs/main", "https://repo.anaconda.com/pkgs/main"), ("team", "https://host.example/a/team")),
    custom_multichannels=(
        ("defaults", ("https://repo.anaconda.com/pkgs/main",)),
        ("lab", ("file:///srv/lab-a", "file:///srv/lab-b")),
    ),
)


@pytest.mark.parametrize(
    ("base_url", "name"),
    [
        ("https://conda.anaconda.org/conda-forge", "conda-forge"),
        ("https://conda.anaconda.org/conda-forge/label/dev", "conda-forge/label/dev"),
        ("https://repo.anaconda.com/pkgs/main", "pkgs/main"),
        ("https://repo.continuum.io/pkgs/free", "pkgs/free"),
        ("file:///home/user/channels/mine", "mine"),
        ("http://127.0.0.1:8000/chan", "chan"),
        ("https://anaconda.example/conda/private", "private"),
        ("https://host.example/my%20channel", "my channel"),
        (None, "<unknown>"),
    ],
)
def test_names_under_the_default_configuration(base_url: str | None, name: str) -> None:
    assert channel_name(base_url, ChannelConfig()) == name


@pytest.mark.parametrize(
    ("base_url", "name"),
    [
        ("http://mirror.example:8080/conda/conda-forge", "conda-forge"),
        ("http://mirror.example:8080/condaforge", "condaforge"),
        ("https://host.example/a/team/label/x", "team/label/x"),
        ("https://host.example/a/teams", "a/teams"),
        ("file:///srv/lab-b", "lab"),
        ("https://repo.anaconda.com/pkgs/main", "pkgs/main"),
        ("https://conda.anaconda.org/conda-forge", "conda-forge"),
    ],
)
def test_names_under_an_own_alias_and_own_channels(base_url: str, name: str) -> None:
    assert channel_name(base_url, LAB) == name


def _record(name: str, base_url: str | None) -> PackageRecord:
    return PackageRecord(name=name, version="1", build="0", base_url=base_url)


def test_counts_tell_channels_of_one_name_apart_and_add_pip() -> None:
    """`file:///a/chan` and `http://host/chan` are both `chan` to conda; the counts must not mix them."""
    contents = PrefixContents(
        packages=(
            _record("a", "https://conda.anaconda.org/conda-forge"),
            _record("b", "https://conda.anaconda.org/conda-forge"),
            _record("c", "file:///a/chan"),
            _record("d", "http://host/chan"),
            _record("e", None),
        ),
        distributions=(
            Distribution(name="x", version="1", path="x-1.dist-info"),
            Distribution(name="a", version="1", path="a-1.dist-info", owner="a"),
        ),
    )
    assert channel_counts(contents, ChannelConfig()) == (
        ("conda-forge", 2),
        ("<unknown>", 1),
        ("file:///a/chan", 1),
        ("http://host/chan", 1),
        ("pypi", 1),
    )
