"""Why an environment could go, how far to trust that, and what stands against it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from types import MappingProxyType

from condatui_core.analyses.staying import OF_REMOVAL_ALONE, Hold, holds_of
from condatui_core.records.alike import AlikeGroup, AlikeMember, PackageDifference
from condatui_core.records.cleanup import CleanupReason, Trust
from condatui_core.records.environment import Environment
from condatui_core.records.finding import CleanupRole, Finding
from condatui_core.text import counted, percent, some_of

_ROLES: tuple[tuple[CleanupRole, str, Trust], ...] = (
    ("remains", "orphan", "certain"),
    ("set-aside", "orphan", "certain"),
    ("missing", "missing", "certain"),
    ("broken", "broken", "certain"),
    ("unused", "stale", "likely"),
    ("trial", "scratch-name", "guess"),
)
"""The findings for which an environment could go, the strongest first: the reason's id, and how far to trust it."""
_OBSTACLES: Mapping[Hold, str] = MappingProxyType(
    {
        "kept": "you keep it",
        "frozen": "it is frozen",
        "active": "it is active",
        "in-use": "processes run from it",
        "baseline": "new environments are cloned from it",
        "base": "conda itself is in it",
        "managed": "another tool manages it",
        "not-writable": "you may not write there",
    }
)
"""What keeps an environment from going, as it is said of something that could go."""


def reasons_of_findings(environment: Environment, *, stale: bool = True) -> Iterator[CleanupReason]:
    """The reasons among the findings of an environment, the strongest first; `stale` says whether age is one."""
    by_role: dict[CleanupRole, Finding] = {each.cleanup: each for each in reversed(environment.findings)}
    for role, reason, trust in _ROLES:
        if role in by_role and (stale or role != "unused"):
            found = by_role[role]
            weak = role == "unused" and not (environment.last_used and environment.last_used.reliable)
            trusted: Trust = "guess" if weak else trust
            yield CleanupReason(id=reason, text=found.message, trust=trusted, evidence=found.evidence)


def stale_by_policy(environment: Environment, now: datetime, days: int) -> Iterator[CleanupReason]:
    """The reason for an environment that was not used for longer than a policy allows, or of which no use is known."""
    used = environment.last_used
    if used is None:
        made = environment.created
        yield from () if made and (now - made).days < days else use_not_known(environment)
    elif (unused := (now - used.at).days) >= days:
        perhaps = "" if used.reliable else "perhaps "
        yield CleanupReason(
            id="stale",
            text=f"{perhaps}not used for {counted(unused, 'day')}; the policy allows {days}",
            trust="likely" if used.reliable else "guess",
            evidence=(f"{used.evidence} on {used.at:%Y-%m-%d}{'' if used.reliable else ', which is weak evidence'}",),
        )


_LATELY = timedelta(days=7)
"""Within this time a use is so recent that a goal takes anything else first."""


def used_lately(environment: Environment, now: datetime) -> str:
    """When an environment was used in the last days, in words; empty if that is longer ago, or not known."""
    used = environment.last_used
    if used is None or now - used.at >= _LATELY:
        return ""
    days = max((now - used.at).days, 0)
    when = "today" if days == 0 else "yesterday" if days == 1 else f"{days} days ago"
    return f"it was {'' if used.reliable else 'perhaps '}used {when}"


def use_not_known(environment: Environment) -> Iterator[CleanupReason]:
    """The reason for an environment that was read and of which no use is known: it may be stale, or new."""
    if environment.last_used is None and environment.readable and environment.contents is not None:
        yield CleanupReason(id="stale", text="its last use is not known", trust="guess")


def nothing_requested(environment: Environment) -> CleanupReason | None:
    """The reason for an environment without python in which nothing was asked for; a clone is none."""
    contents = environment.contents
    if contents is None or environment.state != "ok" or environment.python or contents.distributions:
        return None
    if not contents.packages:
        return None
    if contents.requested_names or contents.history.cloned_specs:
        return None
    packages = counted(len(contents.packages), "package")
    return CleanupReason(
        id="nothing-requested", text="no python, and nothing was requested", trust="likely", evidence=(packages,)
    )


def alike_reason(group: AlikeGroup, member: AlikeMember, keeper: str) -> CleanupReason:
    """What a member of a group is to its keeper, which has the name `keeper`."""
    share = f"{percent(member.similarity)} of the packages of either are the same"
    if member.relation == "identical":
        builds = (f"other builds of {some_of(member.builds)}",) if member.builds else ()
        return CleanupReason(id="identical", text=f"the same packages as {keeper}", evidence=(*builds, *group.why))
    if member.relation == "subset":
        text = f"{keeper} has all of its packages"
        more = counted(len(member.lacking), "package")
        return CleanupReason(id="subset", text=text, evidence=(f"{keeper} has {more} more", share, *group.why))
    differing = len(member.differs) + len(member.extra)
    named = [*map(_difference, member.differs), *(f"+{name}" for name in member.extra)]
    text = f"alike to {keeper}, differs in {differing}: {some_of(named)}"
    return CleanupReason(id="differs", text=text, evidence=(share, *group.why))


def _difference(found: PackageDifference) -> str:
    if found.order == "same":
        return f"{found.name} {found.member} from another channel"
    return f"{found.name} {found.member} → {found.keeper}"


def changing_obstacles(environment: Environment) -> Iterator[str]:
    """What stands against changing or removing an environment, whatever was agreed on."""
    return (_OBSTACLES[hold] for hold in holds_of(environment) if hold not in OF_REMOVAL_ALONE)


def merge_obstacles(environment: Environment, keeper_of: str | None) -> Iterator[str]:
    """What stands against merging an environment into a keeper that this installation owns."""
    if environment.installation != keeper_of:
        yield "its keeper belongs to another conda"
    if environment.foreign:
        yield f"it was built for {environment.foreign}"


def removal_obstacles(environment: Environment, groups: Sequence[AlikeGroup]) -> Iterator[str]:
    """What stands against removing an environment: the above, the user's word, and that others go to it."""
    for hold in holds_of(environment):
        note = f": {environment.keep.note}" if hold == "kept" and environment.keep and environment.keep.note else ""
        yield f"{_OBSTACLES[hold]}{note}"
    for group in groups:
        if group.keeper == environment.prefix and group.members:
            yield f"it stays for {counted(len(group.members), 'environment')} alike to it"
