from __future__ import annotations

from condatui.view_models.channel_codes import channel_codes
from condatui.view_models.details.channels import ChannelsModel
from condatui.view_models.details.packages import PackagesModel
from condatui_core.records.installation import ChannelConfig
from support.inventories import environment, loaded, package, research


def rows(model: ChannelsModel) -> list[tuple[str, ...]]:
    return [tuple(cell.plain for cell in model.cells(index)) for index in range(len(model))]


def test_packages_bytes_and_requests_are_summed_by_channel_and_pip_by_origin() -> None:
    codes = channel_codes(["conda-forge", "pytorch", "pypi"])
    assert rows(ChannelsModel(research(), ChannelConfig(), codes=codes)) == [
        ("conda-forge", "cf", "2", "1", "0", "60 M", "https://conda.anaconda.org/conda-forge"),
        ("pytorch", "pt", "1", "1", "0", "4.0 G", "https://conda.anaconda.org/pytorch"),
        ("pypi editable", "", "1", "–", "–", "0 B", ""),
        ("pypi", "", "1", "–", "–", "20 M", ""),
    ]


def test_channels_of_one_name_are_told_apart_by_their_urls() -> None:
    mirrors = ["file:///a/conda-forge", "file:///b/conda-forge"]
    model = ChannelsModel(loaded("x", [package(url[8], base_url=url) for url in mirrors]), ChannelConfig())
    assert [model.key(index) for index in range(len(model))] == mirrors


def test_a_package_from_nowhere_has_its_row() -> None:
    assert rows(ChannelsModel(loaded("x", [package("a", base_url=None)]), ChannelConfig()))[0][0] == "<unknown>"


def test_what_is_not_read_has_no_rows() -> None:
    assert len(ChannelsModel(environment("new"), ChannelConfig())) == 0


def test_the_urls_of_one_channel_are_one_row_with_one_name_everywhere() -> None:
    urls = ("https://prefix.dev/conda-forge", "https://mirror.example/anaconda/cloud/conda-forge")
    held = loaded("x", [package(f"p{number}", base_url=url) for number, url in enumerate(urls)])
    assert [row[::2][:2] for row in rows(ChannelsModel(held, ChannelConfig()))] == [("conda-forge", "2")]
    packages = PackagesModel(held, ChannelConfig())
    assert {packages.row(index).channel for index in range(len(packages))} == {"conda-forge"}
