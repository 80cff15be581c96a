"""Groups of alike environments on several machines: what is the same there frees nothing anywhere else."""

from __future__ import annotations

from condatui_core.analyses.alike import alike_groups
from condatui_core.records.alike import AlikeGroup
from condatui_core.records.environment import Inventory, host_of


def groups_across(inventory: Inventory, *, threshold: float) -> tuple[AlikeGroup, ...]:
    """The groups of alike environments that are on two machines or more, the largest first."""
    groups = [each for each in alike_groups(inventory, threshold=threshold) if machines_of(each) > 1]
    return tuple(sorted(groups, key=lambda each: -len(each.members)))


def machines_of(group: AlikeGroup) -> int:
    """On how many machines the environments of a group are."""
    return len({host_of(prefix) for prefix in (group.keeper, *(each.prefix for each in group.members))})
