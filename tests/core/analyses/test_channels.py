from __future__ import annotations

import pytest

from condatui_core.analyses.channel_shares import channel_counts
from condatui_core.analyses.channels import (
    channel_identity,
    channel_label,
    channel_location,
    channel_name,
    channel_urls,
)
from condatui_core.analyses.provenance import lineage
from condatui_core.records.installation import ChannelConfig
from condatui_core.records.package import Distribution, PackageRecord
from condatui_core.records.prefix import PrefixContents

FORGE = "https://conda.anaconda.org/conda-forge"
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


# One channel, several URLs


PROXIED = ChannelConfig(
    channel_alias="https://proxy.example/conda",
    migrated_channel_aliases=("https://old.example/conda",),
    custom_channels=(
        ("pkgs/main", "https://proxy.example/anaconda/pkgs/main"),
        ("team", "https://host.example/a/team"),
        ("team", "file:///srv/team"),
    ),
    custom_multichannels=(("defaults", ("https://proxy.example/anaconda/pkgs/main",)),),
)
ONE_CHANNEL: dict[str, list[str | None]] = {
    "conda-forge": [
        "https://conda.anaconda.org/conda-forge",
        "http://conda.anaconda.org/conda-forge/",
        "https://conda.anaconda.org/t/tk-123/conda-forge",
        "https://me:secret@proxy.example/conda/conda-forge",
        "https://old.example/conda/conda-forge",
        "https://prefix.dev/conda-forge",
        "https://mirrors.example.edu/anaconda/cloud/conda-forge",
        "https://conda.anaconda.org/conda-forge/label/main",
        "conda-forge",
    ],
    "conda-forge/label/dev": ["https://conda.anaconda.org/conda-forge/label/dev"],
    "pkgs/main": [
        "https://repo.anaconda.com/pkgs/main",
        "https://repo.continuum.io/pkgs/main",
        "https://repo.anaconda.cloud/repo/main",
        "https://proxy.example/anaconda/pkgs/main",
        "https://conda.anaconda.org/main",
        "https://mirrors.example.edu/anaconda/pkgs/main",
    ],
    "pkgs/r": ["https://repo.anaconda.com/pkgs/r", "https://conda.anaconda.org/r"],
    "anaconda": ["https://conda.anaconda.org/anaconda"],
    "team": ["https://host.example/a/team", "file:///srv/team"],
    "https://host.example/own": ["https://host.example/own", "http://host.example/own/"],
    "https://host.example/main": ["https://host.example/main"],
    "file:///srv/conda-forge": ["file:///srv/conda-forge"],
    "": ["", None],
}


def test_all_urls_of_one_channel_are_one() -> None:
    found = {identity: {channel_identity(url, PROXIED) for url in urls} for identity, urls in ONE_CHANNEL.items()}
    assert found == {identity: {identity} for identity in ONE_CHANNEL}


def test_a_channel_is_called_the_same_by_each_of_its_urls() -> None:
    for identity, urls in ONE_CHANNEL.items():
        if identity and "://" not in identity:
            assert {channel_label(url, PROXIED) for url in urls} == {identity}
    assert channel_label("file:///srv/lab-b", LAB) == "lab"
    assert channel_label(None, PROXIED) == "<unknown>"


@pytest.mark.parametrize("name", ["main", "r", "free", "pro", "msys2"])
def test_a_channel_of_another_server_is_not_one_of_anaconda(name: str) -> None:
    """anaconda.org's `main` is a copy of `pkgs/main`; that below somebody's own alias is somebody's own."""
    own = ChannelConfig(channel_alias="https://conda.corp.example")
    assert channel_identity(f"https://conda.corp.example/{name}", own) == name
    assert channel_identity(name, own) == name
    assert lineage(f"https://conda.corp.example/{name}", own) == name
    assert channel_identity(f"https://conda.anaconda.org/{name}", own) == f"pkgs/{name}"
    assert channel_identity(name, ChannelConfig()) == f"pkgs/{name}"


@pytest.mark.parametrize(
    "url",
    [FORGE, "http://conda.anaconda.org/conda-forge", "https://prefix.dev/conda-forge", f"{FORGE}/label/main"],
)
def test_a_member_of_a_multichannel_has_its_name_by_each_of_its_urls(url: str) -> None:
    config = ChannelConfig(custom_multichannels=(("lab", (FORGE,)),))
    assert channel_label(url, config) == "lab"


def test_counts_of_one_channel_are_one_count() -> None:
    packages = tuple(_record(f"p{number}", url) for number, url in enumerate(ONE_CHANNEL["conda-forge"]))
    assert channel_counts(PrefixContents(packages=packages), PROXIED) == (("conda-forge", len(packages)),)


@pytest.mark.parametrize(
    ("name", "urls"),
    [
        ("conda-forge", ("https://proxy.example/conda/conda-forge",)),
        ("conda-forge/label/dev", ("https://proxy.example/conda/conda-forge/label/dev",)),
        ("team/label/x", ("https://host.example/a/team/label/x",)),
        ("defaults", ("https://proxy.example/anaconda/pkgs/main",)),
        ("https://me:pw@host.example/own/linux-64/", ("https://host.example/own",)),
    ],
)
def test_a_name_leads_where_conda_looks(name: str, urls: tuple[str, ...]) -> None:
    assert channel_urls(name, PROXIED) == urls


@pytest.mark.parametrize(
    ("channel", "url", "location"),
    [
        ("<unknown>", "https://files.example.org/ab/aaa-1.0-py3-none-any.whl", "pypi"),
        (None, "https://files.example.org/ab/aaa-1.0-py3-none-any.whl#sha256=00", "pypi"),
        (FORGE, "https://files.example.org/ab/aaa-1.0-py3-none-any.whl", FORGE),
        (None, f"{FORGE}/linux-64/a-1-0.conda#00", FORGE),
        ("<unknown>", None, None),
        ("conda-forge", None, "conda-forge"),
    ],
)
def test_where_a_record_came_from(channel: str | None, url: str | None, location: str | None) -> None:
    """A wheel came from an index of Python packages, unless the record states the channel that listed it."""
    assert channel_location(channel, url, "linux-64") == location
