from __future__ import annotations

from condatui_core.analyses.channel_shares import ChannelTotal, Share, channel_shares, channel_totals, origins
from condatui_core.records.installation import ChannelConfig
from condatui_core.records.prefix import History, PrefixContents
from support.inventories import CONDA_FORGE, PYTORCH, package, pip_package

CONFIG = ChannelConfig()
ONE = PrefixContents(
    packages=(
        package("numpy", subdir="linux-64"),
        package("six", noarch="python", subdir="noarch"),
        package("torch", base_url=PYTORCH, subdir="linux-64", installed_bytes=5000),
    ),
    distributions=(pip_package("rich", installed_bytes=7), pip_package("mine", origin="editable")),
    history=History(requested=(("numpy", "numpy"),)),
)
OTHER = PrefixContents(packages=(package("numpy"), package("x", base_url=None)))


def test_an_environment_is_divided_by_channel_platform_and_pips_ways() -> None:
    divided = origins(ONE, CONFIG)
    assert divided.channels == (
        Share("conda-forge", 2, 2000, CONDA_FORGE, 1, 1, "conda-forge"),
        Share("pypi", 2, 7),
        Share("pytorch", 1, 5000, PYTORCH, identity="pytorch"),
    )
    assert divided.platforms == (Share("linux-64", 2, 6000, None, 1), Share("noarch", 1, 1000))
    assert divided.pip == (Share("editable", 1, 0), Share("index", 1, 7))


def test_environments_are_summed_by_base_url_most_bytes_first() -> None:
    totals = channel_totals(channel_shares(each, CONFIG) for each in (ONE, OTHER))
    assert [(total.channel, total.bytes) for total in totals] == [
        ("pytorch", 5000),
        ("conda-forge", 3000),
        ("<unknown>", 1000),
        ("pypi", 7),
    ]
    assert totals[1] == ChannelTotal(
        channel="conda-forge",
        base_url=CONDA_FORGE,
        environments=2,
        packages=3,
        requested=1,
        noarch=1,
        bytes=3000,
    )


def test_the_urls_of_one_channel_are_summed_under_the_one_most_came_from() -> None:
    urls = (CONDA_FORGE, "https://prefix.dev/conda-forge", "https://prefix.dev/conda-forge")
    contents = PrefixContents(packages=tuple(package(f"p{n}", base_url=url) for n, url in enumerate(urls)))
    (share,) = origins(contents, CONFIG).channels
    assert (share.label, share.packages, share.base_url) == ("conda-forge", 3, "https://prefix.dev/conda-forge")
    (total,) = channel_totals([channel_shares(contents, CONFIG)])
    assert (total.channel, total.packages, total.base_url) == ("conda-forge", 3, "https://prefix.dev/conda-forge")


def test_other_channels_of_one_name_stay_apart() -> None:
    contents = PrefixContents(packages=tuple(package(url[8], base_url=url) for url in ("file:///a/m", "file:///b/m")))
    assert len(channel_totals([channel_shares(contents, CONFIG)])) == 2
