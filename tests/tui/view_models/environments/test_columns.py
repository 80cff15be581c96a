"""Which columns place 1 has, chosen or usual, and what a wider terminal changes in them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from condatui.view_models.environments.columns import CHOICES, CODES, check_columns, columns_of, fit_beside
from condatui.view_models.environments.query import SORTS
from condatui.view_models.environments.rows import EnvironmentsModel
from condatui.view_models.table import fit_columns, measure
from condatui_core.settings import SettingError
from support.inventories import NOW, finding, loaded, package, research

MANY = (
    research(),
    replace(
        loaded("a-name-that-is-longer-than-most-final-v2", [package("numpy")], python="3.12.4"),
        channels=(("conda-forge", 90), ("pytorch", 8), ("nvidia", 4), ("pkgs/main", 2)),
        findings=tuple(finding(each, "warning", "…") for each in ("stale", "mixed-channels", "pip-over-conda")),
    ),
)


def shown_at(width: int, chosen: tuple[str, ...] = (), sorted_by: str = "name") -> dict[str, int]:
    """The widths of the columns in a terminal of this width, as place 1 lays it out."""
    model = EnvironmentsModel(MANY, now=NOW, chosen=chosen, sorted_by=sorted_by)
    beside = fit_beside(width, columns_of(chosen, absent=("host",), sorted_by=sorted_by))
    table = int(width * 2 / 3) if beside else width
    return {each.column.id: each.width for each in fit_columns(model.columns, measure(model), table - 1)}


@given(
    st.lists(st.sampled_from(CHOICES), unique=True).map(tuple),
    st.sampled_from(SORTS),
    st.integers(min_value=60, max_value=239),
)
def test_a_wider_terminal_never_shows_fewer_columns(chosen: tuple[str, ...], sorted_by: str, width: int) -> None:
    def columns(at: int) -> set[str]:
        return {each.replace(CODES, "channels") for each in shown_at(at, chosen, sorted_by)}

    assert columns(width) <= columns(width + 1)


def test_channels_are_there_from_80_columns_on_and_by_name_where_there_is_room() -> None:
    assert all({"channels", CODES} & shown_at(width).keys() for width in range(80, 241))
    assert CODES in shown_at(80)
    assert shown_at(160)["channels"] == 28


def test_the_details_are_beside_the_table_only_where_it_has_all_columns() -> None:
    assert not fit_beside(199, columns_of(absent=("host",)))
    assert fit_beside(200, columns_of(absent=("host",)))
    assert not fit_beside(200, columns_of(absent=("host",)), findings=45), "they would be cut more than at 199"
    assert fit_beside(260, columns_of(absent=("host",)), findings=45)
    assert {*CHOICES} - {"gpu", "behind"} <= shown_at(200).keys()
    assert fit_beside(132, columns_of(["disk"]))
    assert not fit_beside(131, columns_of(["disk"]))


def test_chosen_columns_come_in_their_order_and_stay_however_narrow_the_terminal_is() -> None:
    ids = [each.id for each in columns_of(["findings", "name", "channels", "inodes"])]
    assert ids == ["mark", "host", "name", "findings", "channels", CODES, "inodes"]
    assert [*shown_at(40, ("findings", "disk", "frees", "inodes"))][2:] == ["findings", "disk", "frees", "inodes"]


@pytest.mark.parametrize("chosen", [(), ("disk", "findings")])
def test_what_the_rows_are_sorted_by_is_shown(chosen: tuple[str, ...]) -> None:
    assert "inodes" not in shown_at(80, chosen)
    assert "inodes" in shown_at(80, chosen, sorted_by="inodes")


def test_a_column_that_there_is_not_is_refused_with_the_one_that_may_be_meant() -> None:
    check_columns(["name", "disk", "findings"])
    with pytest.raises(SettingError) as refused:
        check_columns(["disk", "chanels"])
    assert (refused.value.title, refused.value.hint) == ("There is no column `chanels`.", "Did you mean `channels`?")
    with pytest.raises(SettingError, match="twice"):
        check_columns(["disk", "disk"])
