"""The rules of a policy, applied: further reasons, what stays, and which candidates may go without a question."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from fnmatch import fnmatchcase

from msgspec.structs import replace

from condatui_core.analyses.cleanup.reasons import stale_by_policy
from condatui_core.records.cleanup import CleanupCandidate, CleanupReason
from condatui_core.records.disk import Cost
from condatui_core.records.environment import Environment
from condatui_core.records.policy import Policy
from condatui_core.text import format_bytes

_KEPT = "the policy keeps it"


def allowed(found: Iterable[CleanupCandidate], policy: Policy) -> tuple[CleanupCandidate, ...]:
    """The candidates that may go by a policy: nothing blocks them, and it allows their tier or one of their reasons.

    How long an environment was not used has to be reliable: a guess is not enough where no person reads the plan.
    """
    return tuple(each for each in found if not each.blocked and _is_allowed(each, policy))


def _is_allowed(candidate: CleanupCandidate, policy: Policy) -> bool:
    sure = {each.id for each in candidate.reasons if each.id != "stale" or each.trust != "guess"}
    by_tier = candidate.tier in policy.allow and (candidate.tier != "stale" or "stale" in sure)
    return by_tier or not sure.isdisjoint(policy.allow)


@dataclass(frozen=True, slots=True)
class PolicyRules:
    """A policy with what it says of the environments of this machine."""

    policy: Policy
    now: datetime | None
    user: str
    beyond: Mapping[str, tuple[CleanupReason, ...]] = field(default_factory=dict)
    """By prefix, the reasons of the environments that a user has too many of, or too large ones."""

    @classmethod
    def of(
        cls,
        policy: Policy,
        environments: Sequence[Environment],
        costs: Mapping[str, Cost],
        *,
        now: datetime | None,
        user: str,
    ) -> PolicyRules:
        """Find out which environments are beyond what a user may have."""
        beyond: dict[str, list[CleanupReason]] = {}
        for owner in dict.fromkeys(each.owner for each in environments if each.owner):
            own = sorted((each for each in environments if _counts(each, owner)), key=_newest_first)
            for prefix, reason in _beyond(own, owner, policy, costs):
                beyond.setdefault(prefix, []).append(reason)
        return cls(policy, now, user, {prefix: tuple(reasons) for prefix, reasons in beyond.items()})

    @property
    def sets_age(self) -> bool:
        """Whether the policy says when an environment is stale, in place of the settings."""
        return self.policy.max_age_days is not None and self.now is not None

    def reasons(self, environment: Environment) -> Iterator[CleanupReason]:
        """The reasons that the policy adds."""
        days = self.policy.max_age_days
        if days is not None and self.now is not None and (stale := stale_by_policy(environment, self.now, days)):
            yield stale
        name = environment.name.rpartition("/")[2]
        if self.policy.names and environment.readable and not re.fullmatch(self.policy.names, name):
            yield CleanupReason(
                id="name-rule", text="named against the rule", trust="guess", evidence=(self.policy.names,)
            )
        yield from self.beyond.get(environment.prefix, ())

    def obstacles(self, environment: Environment) -> Iterator[str]:
        """What in the policy, or in whose it is, stands against an environment's going."""
        if self.keeps(environment):
            yield _KEPT
        users = self.policy.users or ((self.user,) if self.user else ())
        if users and environment.owner and environment.owner not in users:
            yield f"it belongs to {environment.owner}"

    def keeps(self, environment: Environment) -> bool:
        """Whether the policy keeps an environment, by its name, its path or a link to it."""
        return self._keeps(environment.name, environment.prefix, *environment.aliases)

    def respected(self, candidate: CleanupCandidate) -> CleanupCandidate:
        """A kernel or a part of a package cache, blocked if the policy keeps it."""
        kept = not candidate.blocked and self._keeps(candidate.name, candidate.path)
        return replace(candidate, blocked=_KEPT) if kept else candidate

    def _keeps(self, *spellings: str) -> bool:
        """Whether the policy keeps what has one of these names and paths."""
        return any(_fits(pattern, each) for pattern in self.policy.keep for each in spellings)


def _fits(pattern: str, text: str) -> bool:
    return any(text == each or fnmatchcase(text, each) for each in (pattern, pattern.rstrip("/") or "/"))


def _counts(environment: Environment, owner: str) -> bool:
    return environment.owner == owner and environment.readable and not environment.base


def _newest_first(environment: Environment) -> tuple[bool, float, str]:
    used = environment.last_used
    return used is None, -used.at.timestamp() if used else 0.0, environment.prefix


def _beyond(
    own: Sequence[Environment], owner: str, policy: Policy, costs: Mapping[str, Cost]
) -> Iterator[tuple[str, CleanupReason]]:
    """(prefix, reason) pairs of the environments of one user that are beyond the limits, the last used within."""
    most, limit, together = policy.max_environments_per_user, policy.max_bytes_per_user, 0
    for number, each in enumerate(own):
        if most is not None and number >= most:
            text = f"{owner} has {len(own)} environments; the policy allows {most}"
            yield each.prefix, CleanupReason(id="too-many", text=text, trust="guess")
        together += costs[each.prefix].total if each.prefix in costs else 0
        if limit is not None and together > limit:
            text = f"with it {owner} occupies {format_bytes(together)}; the policy allows {format_bytes(limit)}"
            yield each.prefix, CleanupReason(id="too-large", text=text, trust="guess")
