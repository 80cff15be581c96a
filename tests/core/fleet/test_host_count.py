"""Node sets are counted by their text as ClusterShell spells them out, and groups within what they may stand for."""

from __future__ import annotations

import pytest
from ClusterShell.NodeSet import NodeSet
from ClusterShell.NodeUtils import GroupResolver, GroupSource

from condatui_core.fleet.host_count import BoundedGroups, TooManyHostsError, host_count


@pytest.mark.parametrize(
    "asked",
    [
        "login",
        "gpu1,gpu2 , login",
        "gpu[1-20]",
        "gpu[001-128]",
        "gpu[1-20/3]",
        "gpu[1,3,5-7,9-10]",
        "gpu[ 1 - 20 ]",
        "rack[1-3]gpu[1-4]-[7,9]",
        "gpu[1-9]00",
        "gpu1[01-20]",
        "gpu1[1-20]",
        "gpu99[1-9,10-20]",
        "gpu99[9,10]",
        "gpu[1-1_000]",
        "gpu[-8--4]",
        "gpu[-3-5]",
        "gpu9[001,1-400]",
        "a[1-3],b[4-6]c,d",
    ],
)
def test_it_counts_as_clustershell_does(asked: str) -> None:
    assert host_count(asked) >= len(NodeSet(asked, resolver=-1))


@pytest.mark.parametrize(
    ("asked", "count"),
    [
        ("gpu[1-99999999]", 99_999_999),
        ("gpu[0000-9999]-[1-9999/2],login", 50_000_001),
        ("login!gpu[1-5]&gpu[2-3]^gpu4", 9),
        ("gpu999999[1-20]", 89_999_930),
        ("gpu9[-8-99999999]", 100_000_008),
        ("gpu[1-2", 1),
        ("gpu[,a-b,1/2/3,%s-2]" % ("9" * 5000), 1),
    ],
)
def test_it_counts_what_clustershell_had_better_not_spell_out(asked: str, count: int) -> None:
    assert host_count(asked) // 10 == count // 10


@pytest.mark.parametrize("asked", ["@big", "@*", "@outer", "@small,@small[1-99999999]", "gpu*[1-99999999]"])
def test_a_group_is_not_spelled_out_if_it_stands_for_too_many(asked: str) -> None:
    groups = {"big": "gpu[1-99999999]", "outer": "login,@big", "small": "gpu[1-3]"}
    known = GroupResolver(GroupSource("made up", groups, "gpu[1-99999999]"))
    bounded = BoundedGroups(known, 100)
    assert len(NodeSet("@small,login", resolver=bounded)) == 4
    with pytest.raises(TooManyHostsError) as raised:
        NodeSet.fromlist(bounded.checked([asked]), resolver=bounded)
    assert raised.value.count >= 99_999_999
