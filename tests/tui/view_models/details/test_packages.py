from __future__ import annotations

from condatui.view_models.channel_codes import channel_codes
from condatui.view_models.details.packages import PackagesModel
from condatui.view_models.table import fit_columns, measure
from condatui_core.records.installation import ChannelConfig
from support.inventories import environment, loaded, package, pip_package, research

CONFIG = ChannelConfig()


def rows(model: PackagesModel) -> list[tuple[str, ...]]:
    return [tuple(cell.plain for cell in model.cells(index)) for index in range(len(model))]


def test_conda_and_pip_are_in_one_list_by_name() -> None:
    assert rows(PackagesModel(research(), CONFIG, codes=channel_codes(["conda-forge", "pytorch", "pypi"]))) == [
        ("≠", "numpy", "1.26.4 ≠ pip 2.0.1", "py310hb13e2d6_0", "conda-forge", "cf", "1.0 K"),
        ("▫", "numpy", "2.0.1", "", "pypi", "pip", "20 M"),
        ("", "python", "3.10.14", "h0_0", "conda-forge", "cf", "60 M"),
        ("▪", "pytorch", "2.5.1", "py3.10_cuda12.4_cudnn9.1.0_0", "pytorch", "pt", "4.0 G"),
        ("▫", "research", "0.1", "", "pypi editable", "pip", "–"),
    ]


def test_the_build_is_shown_in_a_third_of_200_columns_and_with_less_room_the_channel_in_short() -> None:
    model = PackagesModel(research(), CONFIG)
    whole = ["sign", "name", "version", "build", "channel", "size"]
    assert [each.column.id for each in fit_columns(model.columns, measure(model), 65)] == whole
    brief = ["sign", "name", "version", "build", "code", "size"]
    assert [each.column.id for each in fit_columns(model.columns, measure(model), 58)] == brief


def test_keys_tell_conda_from_pip() -> None:
    model = PackagesModel(research(), CONFIG)
    assert len({model.key(index) for index in range(len(model))}) == len(model)


def test_the_largest_comes_first_by_size() -> None:
    model = PackagesModel(research(), CONFIG, sort="size")
    assert [row[1] for row in rows(model)][:2] == ["pytorch", "python"]
    reverse = PackagesModel(research(), CONFIG, sort="size", reverse=True)
    assert [row[1] for row in rows(reverse)][-1] == "pytorch"


def test_by_channel_then_by_name() -> None:
    model = PackagesModel(research(), CONFIG, sort="channel")
    assert [row[1] for row in rows(model)] == ["numpy", "python", "numpy", "research", "pytorch"]


def test_a_text_finds_name_version_build_and_channel() -> None:
    def found(text: str) -> list[str]:
        return [row[1] for row in rows(PackagesModel(research(), CONFIG, text=text))]

    assert (found("TORCH"), found("cuda12"), found("editable")) == (["pytorch"], ["pytorch"], ["research"])


def test_what_is_not_read_has_no_rows() -> None:
    assert len(PackagesModel(environment("new"), CONFIG)) == 0


def test_a_record_without_a_channel_says_so() -> None:
    assert rows(PackagesModel(loaded("x", [package("a", base_url=None)]), CONFIG))[0][4] == "<unknown>"


def test_foreign_text_is_made_printable() -> None:
    hostile = "[/x]\x1b[2J\n"
    model = PackagesModel(
        loaded("x", [package(hostile, hostile, build=hostile)], [pip_package(hostile, hostile, path=hostile)]), CONFIG
    )
    assert all(character.isprintable() for row in rows(model) for cell in row for character in cell)
    assert rows(model)[0][1] == "[/x]\\x1b[2J\\n"
