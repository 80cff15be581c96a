"""How columns share a width."""

from __future__ import annotations

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
