"""Groups of alike environments on several machines, and contents that many of them have as one object."""

from __future__ import annotations

from msgspec.structs import replace

from condatui_core.analyses.alike import alike_groups
from condatui_core.analyses.alike_machines import groups_across, machines_of
from condatui_core.analyses.package_sets import package_sets
from condatui_core.records.environment import Inventory
from condatui_core.records.installation import ChannelConfig
from condatui_core.records.prefix import PrefixContents
from support.inventories import environment, loaded, package
from support.other_machines import EXP, FLEET, OLDER, on, others

TEN = [package(f"p{number}") for number in range(10)]
BIG = loaded("big", TEN)
NEAR = loaded("near", [*TEN[1:], package("p0", "9")])


def test_only_what_is_on_two_machines_or_more_is_a_group_across_them() -> None:
    one_machine = (on("gpu01", BIG), on("gpu01", replace(NEAR, name="twin", prefix="/envs/twin")))
    assert groups_across(others(*one_machine).inventory, threshold=0.8) == ()
    (group,) = groups_across(others(*one_machine, on("gpu02", NEAR)).inventory, threshold=0.8)
    assert (len(group.members), machines_of(group)) == (2, 2)


def test_the_largest_group_comes_first() -> None:
    sizes = [
        len(each.members) for each in groups_across(others(on("a", BIG), on("b", BIG), *FLEET).inventory, threshold=1)
    ]
    assert sizes == [1, 1]
    more = others(on("a", BIG), on("b", BIG), on("c", BIG), *FLEET).inventory
    first, second = groups_across(more, threshold=1)
    assert ([machines_of(each) for each in (first, second)], first.keeper) == ([3, 2], "a:/opt/miniforge3/envs/big")


def test_contents_that_are_one_object_are_looked_at_once_and_judged_by_each_machine() -> None:
    """The same records are one package for both machines only if both give their channel the same name."""
    mirror = ChannelConfig(channel_alias="https://mirror.example")
    shared = EXP.contents
    one, two, three = (replace(on(host, EXP), contents=shared) for host in ("a", "b", "c"))
    machines = others(one, two, three).inventory
    configs = (*machines.channel_configs[:2], (machines.channel_configs[2][0], mirror))
    sets = package_sets(replace(machines, channel_configs=configs))
    assert [each.environment for each in sets] == [one, two, three]
    assert sets[0].held is sets[1].held
    assert sets[0].held is not sets[2].held
    foreign = replace(two, foreign="win-64")
    assert [each.kind[0] for each in package_sets(Inventory(environments=(one, foreign)))] == ["", "win-64"]


def test_one_object_or_equal_ones_make_the_same_groups() -> None:
    def copy(contents: PrefixContents | None) -> PrefixContents:
        assert contents is not None
        return replace(contents)

    machines = others(*FLEET, on("gpu06", OLDER), on("gpu07", environment("unread"))).inventory
    apart = replace(
        machines,
        environments=tuple(
            replace(each, contents=copy(each.contents)) if each.contents else each for each in machines.environments
        ),
    )
    assert alike_groups(machines, threshold=0.5) == alike_groups(apart, threshold=0.5) != ()
