"""The rows and details of nodes that should be the same."""

from __future__ import annotations

from condatui.view_models.node_rows import NodesModel, NodesQuery, nodes_text, not_compared, to_compare
from condatui_core.analyses.nodes import node_groups
from condatui_core.records.node import NodeGroup
from support.inventories import environment, loaded, package
from support.other_machines import EXP, FLEET, OLDER, on, others

HOSTS = tuple(f"gpu0{number}" for number in range(1, 6))
(EXPS,) = node_groups(others(*FLEET).inventory, HOSTS)
SAME = loaded("base", [package("python")], base=True)
BASES, WITH_BASES = node_groups(others(*FLEET, *(on(host, SAME) for host in HOSTS)).inventory, HOSTS)


def cells(group: NodeGroup) -> list[str]:
    return [cell.plain for cell in NodesModel([group]).cells(0)]


def test_a_row_says_how_many_are_equal_and_who_differs_in_what() -> None:
    assert cells(EXPS) == ["nlp-exp", "5 hosts", "2 equal · gpu03 numpy ↓1.26.3 · gpu04 +scipy · gpu05 missing"]
    assert cells(BASES) == ["base", "5 hosts", "all 5 equal"]


def test_equal_differences_are_said_once_and_many_machines_are_counted() -> None:
    many = [on(f"n{number}", OLDER) for number in range(1, 6)]
    hosts = tuple(each.host for each in many) + tuple(f"m{number}" for number in range(6))
    (group,) = node_groups(others(*(on(f"m{number}", EXP) for number in range(6)), *many).inventory, hosts)
    assert cells(group)[2] == "6 equal · n1, n2, n3 and 2 more numpy ↓1.26.3"
    assert NodesQuery("n5 numpy").of((group,)) == (group,), "one that the row does not name is found"


def test_those_that_differ_most_come_first_and_words_filter_names_machines_and_differences() -> None:
    groups = (BASES, WITH_BASES)
    assert NodesQuery().of(groups) == (WITH_BASES, BASES)
    assert NodesQuery(by="name").of(groups) == groups
    assert NodesQuery(reverse=True).of(groups) == groups
    for text in ("exp", "gpu03", "numpy", "gpu05 missing", "!base"):
        assert NodesQuery(text).of(groups) == (WITH_BASES,), text


def test_the_details_name_all_machines_of_a_difference() -> None:
    assert nodes_text(EXPS).plain.splitlines() == [
        "nlp-exp in /opt/miniforge3/envs/nlp-exp on 4 hosts",
        "2 equal gpu01",
        "gpu03  differs in 1: numpy ↓1.26.3",
        "gpu04  has 1 more: scipy",
        "gpu05  missing",
    ]


def test_the_reference_is_compared_with_one_machine_for_each_difference() -> None:
    prefixes = [each.prefix for each in FLEET]
    assert to_compare(EXPS, 20) == (prefixes[0], prefixes[2], prefixes[3])
    assert to_compare(EXPS, 2) == (prefixes[0], prefixes[2])
    twice = others(*FLEET, on("gpu06", OLDER)).inventory
    (group,) = node_groups(twice, (*HOSTS, "gpu06"))
    assert to_compare(group, 20) == (prefixes[0], prefixes[2], prefixes[3]), "gpu06 is as gpu03"
    assert not_compared(EXPS) == "It is missing on gpu05."
    unread = others(*FLEET[:2], on("gpu09", environment("nlp-exp"))).inventory
    (group,) = node_groups(unread, ("gpu01", "gpu02", "gpu09"))
    assert not_compared(group) == "It could not be read on gpu09."
    assert to_compare(group, 20) == (prefixes[0],)


def test_foreign_names_cannot_draw_on_the_terminal() -> None:
    evil = loaded("evil\x1b[31m", [package("a\x1b[2J")])
    bare = loaded("evil\x1b[31m", [package("b")])
    (group,) = node_groups(others(on("h\x1b", evil), on("i", evil), on("j", bare)).inventory, ("h\x1b", "i", "j"))
    assert "\x1b" not in "".join(cells(group)) + nodes_text(group).plain
