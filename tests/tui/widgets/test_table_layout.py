"""How columns share a width."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from condatui.view_models.table import TableColumn, fit_columns, total_width

COLUMNS = (
    TableColumn("mark", "", 1),
    TableColumn("name", "name", 36),
    TableColumn("build", "build", 26, priority=2),
    TableColumn("size", "size", 6, align="right", priority=1),
    TableColumn("findings", "findings", 60, flexible=True),
)
CONTENTS = (0, 30, 26, 6, 50)


def fitted(width: int) -> dict[str, int]:
    return {each.column.id: each.width for each in fit_columns(COLUMNS, CONTENTS, width)}


def test_with_room_every_column_is_as_wide_as_its_contents() -> None:
    assert fitted(200) == {"mark": 1, "name": 30, "build": 26, "size": 6, "findings": 50}


def test_the_flexible_column_gives_way_first() -> None:
    assert fitted(100) == {"mark": 1, "name": 30, "build": 26, "size": 6, "findings": 30}


def test_columns_of_the_highest_number_leave_first() -> None:
    assert list(fitted(70)) == ["mark", "name", "size", "findings"]
    assert list(fitted(50)) == ["mark", "name", "findings"]


def test_a_column_without_room_for_its_contents_stops_at_its_own_width() -> None:
    columns = (TableColumn("name", "name", 10), TableColumn("size", "size", 3))
    assert [each.width for each in fit_columns(columns, (50, 50), 200)] == [10, 4]


def test_nothing_is_wider_than_the_terminal() -> None:
    for width in range(30, 140):
        assert total_width(fit_columns(COLUMNS, CONTENTS, width)) <= width


def test_where_even_the_least_is_too_wide_the_rest_is_for_scrolling() -> None:
    assert total_width(fit_columns(COLUMNS, CONTENTS, 10)) > 10


def test_signs_keep_their_place_while_there_are_none() -> None:
    assert fit_columns(COLUMNS, CONTENTS, 100)[0].width == fit_columns(COLUMNS, (1, *CONTENTS[1:]), 100)[0].width


NAMED_OR_BRIEF = (
    TableColumn("name", "name", 36),
    TableColumn("channels", "channels", 28, priority=1),
    TableColumn("codes", "channels", 12, priority=1, comfort=8, brief=True),
)


def test_a_brief_form_takes_the_place_of_its_column_where_there_is_less_room() -> None:
    def shown(width: int) -> list[str]:
        return [each.column.id for each in fit_columns(NAMED_OR_BRIEF, (30, 26, 8), width)]

    assert shown(42) == ["name", "channels"]
    assert shown(41) == shown(30) == ["name", "codes"]
    assert shown(29) == ["name"]


def test_a_column_in_full_knows_the_brief_cell_that_is_shown_where_one_would_be_cut() -> None:
    name, channels = fit_columns(NAMED_OR_BRIEF, (20, 26, 8), 44)
    assert (name.brief, channels.brief, channels.width) == (None, 2, 22)
    assert [each.brief for each in fit_columns(NAMED_OR_BRIEF, (30, 26, 8), 41)] == [None, None]


_COLUMN = st.builds(
    TableColumn,
    id=st.uuids().map(str),
    title=st.sampled_from(["", "name", "channels"]),
    width=st.integers(1, 40),
    align=st.sampled_from(["left", "right"]),
    flexible=st.booleans(),
    priority=st.integers(0, 4),
    comfort=st.sampled_from([0, 8, 30]),
)


@given(st.lists(st.tuples(_COLUMN, st.integers(0, 60), st.booleans()), max_size=8))
def test_with_more_room_there_are_never_fewer_columns(drawn: list[tuple[TableColumn, int, bool]]) -> None:
    columns, contents = [], []
    for column, need, has_brief in drawn:
        columns += [column, replace(column, id=f"{column.id} brief", brief=True)] if has_brief else [column]
        contents += [need, need // 2] if has_brief else [need]
    before: set[str] = set()
    for width in range(10, 200, 3):
        now = {each.column.id.removesuffix(" brief") for each in fit_columns(columns, contents, width)}
        assert before <= now
        before = now
