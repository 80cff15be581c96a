"""Everything that could go, each thing once, with its reasons, what stands against it and the way back to it."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import PurePath
from types import MappingProxyType

from condatui_core.analyses.cleanup.caches import parts_of
from condatui_core.analyses.cleanup.policy import PolicyRules
from condatui_core.analyses.cleanup.ranking import ranked, strongest_first, tier_of
from condatui_core.analyses.cleanup.reasons import (
    alike_reason,
    changing_obstacles,
    merge_obstacles,
    nothing_requested,
    reasons_of_findings,
    removal_obstacles,
    used_lately,
)
from condatui_core.analyses.cleanup.way_back import cached_names, way_back_of
from condatui_core.analyses.staying import has_role
from condatui_core.records.alike import AlikeGroup, AlikeMember
from condatui_core.records.cleanup import CleanupCandidate, CleanupReason, Tier, WayBack, key_of_part
from condatui_core.records.disk import CacheUse, Cost, Together, nothing_measured
from condatui_core.records.environment import Environment, Inventory, shown_names
from condatui_core.records.policy import Policy
from condatui_core.text import counted, some_of

_UNMEASURED: Mapping[str, int] = MappingProxyType({})
_SET_ASIDE = "the job that has set it aside puts it right first"


def candidates(  # noqa: PLR0913 - what could go rests on all of these
    inventory: Inventory,
    *,
    costs: Mapping[str, Cost],
    together: Together = nothing_measured,
    groups: Sequence[AlikeGroup] = (),
    caches: Sequence[CacheUse] = (),
    leftovers: Mapping[str, int] = _UNMEASURED,
    relinks: Sequence[CleanupCandidate] = (),
    policy: Policy | None = None,
    now: datetime | None = None,
    user: str = "",
    pace: float | None = None,
) -> tuple[CleanupCandidate, ...]:
    """List what could go, the least regrettable first: environments, remains, leftovers, and kernels, parts of caches.

    `costs` are by prefix, `together` is what the limits of a policy are held against, `leftovers` is as in `DiskUsage`;
    what these do not name is as pip's records claim. `relinks` are rows for what is stored twice. A policy adds its
    reasons and keeps what it says stays; it needs `now`, as does
    what tells of a use in the last days. With `user`, what belongs to others is blocked; with a `pace`,
    in packages a minute, it is said how long the way back takes.
    """
    rules = PolicyRules.of(policy or Policy(), inventory.environments, together, now=now, user=user)
    known = _Known(inventory, costs, groups, cached_names(caches), leftovers, rules, pace, now)
    found = [*known.environments(), *known.leftovers(), *map(rules.respected, known.kernels())]
    parts = (rules.respected(part) for cache in caches for part in parts_of(cache, others=bool(found)))
    used = {each.prefix: each.last_used.at for each in inventory.environments if each.last_used}
    return ranked((*found, *parts, *relinks), used)


@dataclass(frozen=True, slots=True)
class _Known:
    """What the candidates among environments are found in."""

    inventory: Inventory
    costs: Mapping[str, Cost]
    groups: Sequence[AlikeGroup]
    cached: Collection[str]
    measured: Mapping[str, int]
    """What leftovers and kernels occupy, as far as it is measured."""
    rules: PolicyRules
    pace: float | None = None
    now: datetime | None = None
    names: dict[str, str] = field(default_factory=dict)
    owners: dict[str, str | None] = field(default_factory=dict)
    """By prefix, the root prefix of the installation that owns it."""
    around: set[str] = field(default_factory=set)
    """The directories that environments lie in."""
    members: dict[str, tuple[AlikeGroup, AlikeMember]] = field(default_factory=dict)
    """By prefix; an environment is a member of one group at most."""

    def __post_init__(self) -> None:
        self.members.update((each.prefix, (group, each)) for group in self.groups for each in group.members)
        self.names.update(shown_names(self.inventory.environments))
        self.owners.update((each.prefix, each.installation) for each in self.inventory.environments)
        there = (each.prefix for each in self.inventory.environments if each.state != "missing")
        self.around.update(str(above) for prefix in there for above in PurePath(prefix).parents)

    def environments(self) -> Iterator[CleanupCandidate]:
        """Whole environments, remains and lines of environments.txt, and members of groups that could be merged."""
        for each in self.inventory.environments:
            reasons = strongest_first((*self._reasons(each), *self._alike(each)))
            if not each.base and (reasons or self.rules.keeps(each)):
                yield self._environment(each, reasons)

    def leftovers(self) -> Iterator[CleanupCandidate]:
        """What the python of a living environment no longer reads."""
        for each in self.inventory.environments:
            stale = each.contents.stale_site_packages if each.contents and each.readable else ()
            if not stale:
                continue
            names = [name for one in stale for name in one.names]
            size = self.measured.get(each.prefix, sum(one.bytes for one in stale))
            yield CleanupCandidate(
                key=key_of_part(each.prefix, "leftovers"),
                kind="leftovers",
                path=each.prefix,
                name=each.name,
                label=self.names[each.prefix],
                tier="leftover",
                reasons=(
                    CleanupReason(
                        id="stale-python",
                        text=f"{some_of([one.path for one in stale])}: its python does not read that any more",
                        evidence=(f"{counted(len(names), 'package')} of pip: {some_of(names)}",) if names else (),
                    ),
                ),
                bytes=size,
                blocked=" and ".join((*changing_obstacles(each), *self.rules.obstacles(each))),
                way_back=WayBack(text="in the restore point of the environment", kept_bytes=size),
            )

    def kernels(self) -> Iterator[CleanupCandidate]:
        """Jupyter kernels whose environment is gone; one that lies in an environment goes with that."""
        for each in self.inventory.kernels:
            if each.gone and not each.inside:
                size = self.measured.get(each.path, 0)
                yield CleanupCandidate(
                    key=key_of_part(each.path, "kernel"),
                    kind="kernel",
                    path=each.path,
                    name=each.display_name or each.name,
                    tier="leftover",
                    reasons=(
                        CleanupReason(
                            id="kernel", text="the environment of this kernel is gone", evidence=(each.program,)
                        ),
                    ),
                    bytes=size,
                    way_back=WayBack(text="a copy is kept, with the command that brings it back", kept_bytes=size),
                )

    def _environment(self, environment: Environment, reasons: tuple[CleanupReason, ...]) -> CleanupCandidate:
        tier: Tier = tier_of(reasons)
        cost = self.costs.get(environment.prefix)
        obstacles = [*removal_obstacles(environment, self.groups), *self.rules.obstacles(environment)]
        if environment.prefix in self.around:
            obstacles.append("other environments lie in it")
        if self.inventory.marks_unknown and environment.keep is None:
            obstacles.append("whether you keep it cannot be read")
        group, member = self._membership(environment)
        if group and tier == "merge":
            obstacles += merge_obstacles(environment, self.owners.get(group.keeper, environment.installation))
        if member and member.stays and not obstacles:
            obstacles.append(member.stays)
        return CleanupCandidate(
            key=environment.prefix,
            kind="merge" if tier == "merge" else "environment",
            path=environment.prefix,
            name=environment.name,
            label=self.names[environment.prefix],
            project="" if environment.manager else environment.project,
            tier=tier,
            reasons=reasons,
            bytes=cost.total if cost else 0,
            blocked=" and ".join(obstacles),
            only_by_hand=_SET_ASIDE if has_role(environment, "set-aside") else "",
            used_lately=used_lately(environment, self.now) if self.now else "",
            instead=group.keeper if group and not _loses_what_differs(tier, member) else "",
            way_back=way_back_of(environment, cost, self.cached, pace=self.pace),
        )

    def _reasons(self, environment: Environment) -> Iterator[CleanupReason]:
        yield from reasons_of_findings(environment, stale=not self.rules.sets_age)
        if (found := nothing_requested(environment)) is not None:
            yield found
        yield from self.rules.reasons(environment)

    def _alike(self, environment: Environment) -> Iterator[CleanupReason]:
        group, member = self._membership(environment)
        if group and member:
            yield alike_reason(group, member, self.names.get(group.keeper, group.keeper))

    def _membership(self, environment: Environment) -> tuple[AlikeGroup, AlikeMember] | tuple[None, None]:
        """The group that it is a member of, and what it is to the keeper."""
        return self.members.get(environment.prefix, (None, None))


def _loses_what_differs(tier: Tier, member: AlikeMember | None) -> bool:
    """Whether a member goes as it is although it differs from its keeper: no other environment takes its place."""
    return tier != "merge" and member is not None and member.relation == "differs"
