"""The rules of a policy, applied: further reasons, what stays, and which candidates may go without a question."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from msgspec.structs import replace

from condatui_core.analyses.cleanup.reasons import stale_by_policy, use_not_known
from condatui_core.analyses.limits import limits_of_users
from condatui_core.analyses.name_patterns import fits, names_environment
from condatui_core.records.cleanup import CleanupCandidate, CleanupReason
from condatui_core.records.disk import Occupied, Together, nothing_measured
from condatui_core.records.environment import Environment
from condatui_core.records.policy import Policy
from condatui_core.text import counted, some_of

_KEPT = "the policy keeps it"
_BY_USE = frozenset({"stale", "too-many", "too-large"})
"""The reasons that rest on when an environment was last used."""
NOT_DECIDED = "not decided: last use unknown"
"""Why something stays that the policy would let go if its last use were known for sure."""


def allowed(found: Iterable[CleanupCandidate], policy: Policy) -> tuple[CleanupCandidate, ...]:
    """The candidates that may go by a policy: nothing blocks them, and it allows their tier or one of their reasons.

    What only the user chooses does not.

    How long an environment was not used has to be reliable: a guess is not enough where no person reads the plan.
    """
    return tuple(each for each in found if not each.blocked and not each.only_by_hand and _is_allowed(each, policy))


def not_decided(candidate: CleanupCandidate, policy: Policy) -> bool:
    """Whether it stays only because its last use is not known for sure."""
    guessed = {each.id for each in candidate.reasons if _is_guessed(each)}
    return not candidate.blocked and not _is_allowed(candidate, policy) and not guessed.isdisjoint(policy.allow)


def _is_allowed(candidate: CleanupCandidate, policy: Policy) -> bool:
    sure = {each.id for each in candidate.reasons if not _is_guessed(each)}
    by_tier = candidate.tier in policy.allow and (candidate.tier != "stale" or "stale" in sure)
    return by_tier or not sure.isdisjoint(policy.allow)


def _is_guessed(reason: CleanupReason) -> bool:
    return reason.id in _BY_USE and reason.trust == "guess"


@dataclass(frozen=True, slots=True)
class PolicyRules:
    """A policy with what it says of the environments of this machine."""

    policy: Policy
    now: datetime | None
    user: str
    environments: Sequence[Environment] = ()
    together: Together = nothing_measured
    beyond: Mapping[str, tuple[CleanupReason, ...]] = field(default_factory=dict)
    """By prefix, the reasons of the environments that a user has too many of, or too large ones."""

    @classmethod
    def of(
        cls,
        policy: Policy,
        environments: Sequence[Environment],
        together: Together,
        *,
        now: datetime | None,
        user: str,
    ) -> PolicyRules:
        """Find out which environments are beyond what a user may have; what is not measured is beyond no size."""
        beyond: dict[str, list[CleanupReason]] = {}
        for owner in dict.fromkeys(each.owner for each in environments if each.owner):
            own = tuple(each for each in environments if _counts(each, owner))
            for prefix, reason in (*_too_many(own, owner, policy), *_too_large(own, owner, policy, together)):
                beyond.setdefault(prefix, []).append(reason)
        reasons = {prefix: tuple(found) for prefix, found in beyond.items()}
        return cls(policy, now, user, environments, together, reasons)

    @property
    def sets_age(self) -> bool:
        """Whether the policy says when an environment is stale, in place of the settings."""
        return self.policy.max_age_days is not None and self.now is not None

    def reasons(self, environment: Environment) -> Iterator[CleanupReason]:
        """The reasons that the policy adds."""
        days = self.policy.max_age_days
        if days is not None and self.now is not None:
            yield from stale_by_policy(environment, self.now, days)
        elif "stale" in self.policy.allow:
            yield from use_not_known(environment)
        name = environment.name.rpartition("/")[2]
        if self.policy.names and environment.readable and not re.fullmatch(self.policy.names, name):
            yield CleanupReason(
                id="name-rule", text="named against the rule", trust="guess", evidence=(self.policy.names,)
            )
        yield from self.beyond.get(environment.prefix, ())

    @property
    def users(self) -> tuple[str, ...]:
        """The users whose environments may go; those of all if there are none."""
        return self.policy.users or ((self.user,) if self.user else ())

    def obstacles(self, environment: Environment) -> Iterator[str]:
        """What in the policy, or in whose it is, stands against an environment's going."""
        if self.keeps(environment):
            yield _KEPT
        if self.users and environment.owner and environment.owner not in self.users:
            yield f"it belongs to {environment.owner}"

    def still_broken(self, gone: Collection[str]) -> Iterator[str]:
        """By how much each of these users is still beyond the limits once these prefixes are gone, a line for each."""
        most, limits = self.policy.max_environments_per_user, limits_of_users(self.policy)
        for owner in self.users:
            own = [each for each in self.environments if _counts(each, owner) and each.prefix not in gone]
            if most is not None and len(own) > most:
                more = counted(len(own) - most, "environment")
                yield f"{owner} still has {more} more than the policy allows{_undecided(own)}"
            together = _occupied(own, self.together) if limits else Occupied()
            for limit in limits:
                if excess := limit.beyond(together):
                    yield f"{owner} still occupies {limit.words(excess)} more than the policy allows{_undecided(own)}"

    def keeps(self, environment: Environment) -> bool:
        """Whether the policy keeps an environment, by its name, its path or a link to it."""
        return names_environment(self.policy.keep, environment)

    def respected(self, candidate: CleanupCandidate) -> CleanupCandidate:
        """A kernel or a part of a package cache, blocked if the policy keeps it."""
        kept = not candidate.blocked and self._keeps(candidate.name, candidate.path)
        return replace(candidate, blocked=_KEPT) if kept else candidate

    def _keeps(self, *spellings: str) -> bool:
        """Whether the policy keeps what has one of these names and paths."""
        return any(fits(pattern, each) for pattern in self.policy.keep for each in spellings)


def _counts(environment: Environment, owner: str) -> bool:
    return environment.owner == owner and environment.readable and not environment.base


def _oldest_first(own: Iterable[Environment]) -> list[Environment]:
    """Those whose last use is known for sure, the one that was used longest ago first."""
    used = [(each.last_used.at, each.prefix, each) for each in own if each.last_used and each.last_used.reliable]
    return [each for *_, each in sorted(used, key=lambda use: (use[0], use[1]))]


def _is_unsure(environment: Environment) -> bool:
    return environment.last_used is None or not environment.last_used.reliable


def _too_many(own: Sequence[Environment], owner: str, policy: Policy) -> Iterator[tuple[str, CleanupReason]]:
    """(prefix, reason) pairs of the environments of one user that are beyond their number.

    Those go that were surely used longest ago; only if they are too few, the others are named as well, as a guess.
    """
    most = policy.max_environments_per_user
    if most is None or len(own) <= most:
        return
    text = f"{owner} has {len(own)} environments; the policy allows {most}"
    going = _oldest_first(own)[: len(own) - most]
    yield from ((each.prefix, CleanupReason(id="too-many", text=text, trust="likely")) for each in going)
    if len(going) < len(own) - most:
        yield from _guessed("too-many", text, own)


def _too_large(
    own: Sequence[Environment], owner: str, policy: Policy, together: Together
) -> Iterator[tuple[str, CleanupReason]]:
    """As `_too_many`, of those that are beyond the bytes or the inodes of one user, each file counted once."""
    limits, staying = limits_of_users(policy), {each.prefix: each for each in own}
    if not limits:
        return
    occupied = _occupied(own, together)
    for each in _oldest_first(own):
        broken = next((limit for limit in limits if limit.beyond(occupied)), None)
        if broken is None:
            return
        text = f"with it {owner} {broken.broken_by(occupied)}"
        yield each.prefix, CleanupReason(id="too-large", text=text, trust="likely")
        del staying[each.prefix]
        occupied = _occupied(staying.values(), together)
    if broken := next((limit for limit in limits if limit.beyond(occupied)), None):
        yield from _guessed("too-large", f"{owner} {broken.broken_by(occupied)}", own)


def _guessed(reason: str, text: str, own: Iterable[Environment]) -> Iterator[tuple[str, CleanupReason]]:
    return ((each.prefix, CleanupReason(id=reason, text=text, trust="guess")) for each in own if _is_unsure(each))


def _occupied(environments: Iterable[Environment], together: Together) -> Occupied:
    """What they occupy together; nothing if that is not known."""
    return together([each.prefix for each in environments]) or Occupied()


def _undecided(own: Sequence[Environment]) -> str:
    unsure = [each.label for each in own if _is_unsure(each)]
    return f"; {NOT_DECIDED} of {some_of(unsure)}" if unsure else ""
