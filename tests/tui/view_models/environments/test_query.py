from __future__ import annotations

import pytest

from condatui.view_models.environments.query import SORTS, EnvironmentQuery, descends, sort_environments
from condatui.view_models.environments.rows import EnvironmentsModel
from condatui_core.records.disk import Cost
from support.inventories import NOW, days_ago, environment, finding, loaded, package, pip_package

SMALL = loaded(
    "small",
    [package("a")],
    managed_bytes=10,
    python="3.9.18",
    last_used=days_ago(400),
    findings=(finding("x", "note"),),
)
LARGE = loaded(
    "large",
    [package("a")],
    [pip_package("b")],
    managed_bytes=1000,
    python="3.10.1",
    last_used=days_ago(1),
    findings=(finding("x", "error"),),
)
UNREAD = environment("unread")
ALL = (UNREAD, SMALL, LARGE)


@pytest.mark.parametrize("by", ["disk", "packages", "python", "used"])
def test_the_greatest_comes_first_and_the_unknown_last_either_way(by: str) -> None:
    assert sort_environments(ALL, by) == (LARGE, SMALL, UNREAD)
    assert sort_environments(ALL, by, reverse=True) == (SMALL, LARGE, UNREAD)


def test_what_was_measured_counts_and_what_records_claim_where_nothing_was() -> None:
    costs = {SMALL.prefix: Cost(total=5000, frees=2), UNREAD.prefix: Cost(total=70, frees=3)}
    assert sort_environments(ALL, "disk", costs=costs) == (SMALL, LARGE, UNREAD)
    assert sort_environments(ALL, "frees", costs=costs) == (UNREAD, SMALL, LARGE)
    assert sort_environments(ALL, "frees", reverse=True, costs=costs) == (SMALL, UNREAD, LARGE)


def test_the_most_inodes_come_first_and_what_is_not_counted_last() -> None:
    costs = {SMALL.prefix: Cost(total=5000, frees=2, inodes=9), UNREAD.prefix: Cost(total=70, frees=3, inodes=12)}
    assert sort_environments(ALL, "inodes", costs=costs) == (UNREAD, SMALL, LARGE)


def test_the_gravest_finding_comes_first() -> None:
    assert sort_environments(ALL, "findings") == (LARGE, SMALL, UNREAD)


def test_by_name_keeps_the_order_of_the_inventory() -> None:
    assert sort_environments(ALL, "name") == ALL
    assert sort_environments(ALL, "name", reverse=True) == (LARGE, SMALL, UNREAD)


def test_equals_keep_their_order() -> None:
    twins = (loaded("b", managed_bytes=5), loaded("a", managed_bytes=5))
    assert sort_environments(twins, "disk") == twins == sort_environments(twins, "disk", reverse=True)


def test_a_python_that_is_no_version_is_unknown() -> None:
    odd = loaded("odd", python="not a version")
    assert sort_environments((odd, SMALL), "python") == (SMALL, odd)


def test_the_direction_shown_is_the_direction_sorted() -> None:
    assert [descends(by, False) for by in ("name", "disk")] == [False, True]
    assert [descends(by, True) for by in ("name", "disk")] == [True, False]


def test_every_order_has_its_column() -> None:
    assert set(SORTS) < {column.id for column in EnvironmentsModel([], now=NOW).columns}


OLD = loaded("old", [package("numpy", "1.9.0")])
NEW = loaded("new", [package("numpy", "1.26.4")])
BY_PIP = loaded("by-pip", [], [pip_package("numpy", "2.0.1")])
WITHOUT = loaded("without", [package("scipy")])


def test_a_package_orders_by_its_versions_and_who_has_none_comes_last_either_way() -> None:
    four = (WITHOUT, NEW, OLD, BY_PIP)
    assert sort_environments(four, "package:numpy") == (BY_PIP, NEW, OLD, WITHOUT)
    assert sort_environments(four, "package:numpy", reverse=True) == (OLD, NEW, BY_PIP, WITHOUT)


def test_the_packages_of_a_filter_can_be_sorted_by_next_to_the_name() -> None:
    query = EnvironmentQuery(filter="package:numpy package:torch>=2")
    assert query.sorts == ("name", "package:numpy", "package:torch", *SORTS[1:])
    assert query.next_sort().by == "package:numpy"
    assert query.next_sort().of((OLD, NEW)) == ()
    assert EnvironmentQuery(filter="package:numpy", by="package:numpy").of((OLD, WITHOUT, NEW)) == (NEW, OLD)


def test_an_order_by_a_package_goes_with_the_filter_about_it() -> None:
    query = EnvironmentQuery(filter="package:numpy", by="package:numpy", reverse=True)
    assert query.filtered("package:numpy>=2").by == "package:numpy"
    assert query.filtered("package:num") == EnvironmentQuery(filter="package:num")
    assert EnvironmentQuery(filter="package:numpy", by="disk", reverse=True).filtered("").by == "disk"


def test_a_filter_that_is_kept_incomplete_has_an_error_that_typing_it_had_not() -> None:
    query = EnvironmentQuery(filter="finding:mis")
    assert query.filter_error == ""
    assert query.kept_error.startswith("There is no `finding:mis`. Did you mean `missing`?")


def test_what_an_environment_has_is_looked_up_again_once_it_was_read_again() -> None:
    query = EnvironmentQuery(filter="package:numpy>=2")
    assert query.of((NEW,)) == ()
    updated = loaded("new", [package("numpy", "2.1.0")])
    assert query.of((updated,)) == (updated,)
