"""Hold all environments of a machine against a policy: each by itself, and those of each user together."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from types import MappingProxyType

from msgspec import Struct

from condatui_core.analyses.policy_rules import EnvironmentRules, Ruling
from condatui_core.records.disk import Cost
from condatui_core.records.environment import Environment, Inventory
from condatui_core.records.policy import GpuVerdict, Policy, UncheckedRule, Violation
from condatui_core.text import counted, format_bytes

_NOTHING: Mapping[str, GpuVerdict] = MappingProxyType({})
_UNMEASURED: Mapping[str, Cost] = MappingProxyType({})


class PolicyReport(Struct, frozen=True, kw_only=True):
    """What a check has found."""

    violations: tuple[Violation, ...] = ()
    """Errors first, then as environments and rules are listed."""
    unchecked: tuple[UncheckedRule, ...] = ()
    """What could not be decided."""
    checked: int = 0
    """The number of environments that the rules are about."""

    @property
    def kept(self) -> bool:
        """Whether no rule is broken, apart from those that the policy only warns of."""
        return not any(each.severity == "error" for each in self.violations)


def check_policy(
    policy: Policy,
    inventory: Inventory,
    *,
    now: datetime,
    costs: Mapping[str, Cost] = _UNMEASURED,
    gpu: Mapping[str, GpuVerdict] = _NOTHING,
    prefixes: Collection[str] | None = None,
) -> PolicyReport:
    """Check the environments with these prefixes, or all.

    `costs`, by prefix, are needed for `max_bytes_per_user`; `gpu` has what the last GPU checks have found. The rules
    about a user are checked for the owners of these environments, by all that they have.
    """
    check = _Check(policy, inventory, now, costs, gpu)
    subjects = tuple(
        each
        for each in inventory.environments
        if (prefixes is None or each.prefix in prefixes) and each.state != "missing" and check.rules.is_about(each)
    )
    rulings = tuple(check.rulings(subjects))
    violations = [each for each in rulings if isinstance(each, Violation)]
    return PolicyReport(
        violations=tuple(sorted(violations, key=lambda each: each.severity != "error")),
        unchecked=tuple(each for each in rulings if isinstance(each, UncheckedRule)),
        checked=len(subjects),
    )


@dataclass(frozen=True)
class _Check:
    """A policy, and all that its rules rest on."""

    policy: Policy
    inventory: Inventory
    now: datetime
    costs: Mapping[str, Cost]
    gpu: Mapping[str, GpuVerdict]
    rules: EnvironmentRules = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "rules", EnvironmentRules(self.policy, self.now))

    def rulings(self, subjects: Sequence[Environment]) -> Iterator[Ruling]:
        for each in subjects:
            yield from self.rules.of(each, self.inventory.channel_config(each))
            yield from self._gpu(each)
        for user in dict.fromkeys(each.owner for each in subjects if each.owner):
            own = [each for each in self.inventory.environments if self._counts(each, user)]
            yield from self._number(user, own)
            yield from self._bytes(user, own)

    def _gpu(self, environment: Environment) -> Iterator[Ruling]:
        if not self.policy.forbidden_gpu or not environment.readable:
            return
        found = self.gpu.get(environment.prefix)
        if found is None:
            yield UncheckedRule(
                rule="forbidden_gpu",
                message="its GPU was not checked",
                prefix=environment.prefix,
                name=environment.name,
            )
        elif found in self.policy.forbidden_gpu:
            yield self.rules.violation("forbidden_gpu", f"the last GPU check has found: {found}", environment)

    def _counts(self, environment: Environment, user: str) -> bool:
        return (
            environment.owner == user
            and environment.readable
            and not environment.base
            and self.rules.is_about(environment)
        )

    def _number(self, user: str, own: Sequence[Environment]) -> Iterator[Ruling]:
        most = self.policy.max_environments_per_user
        if most is not None and len(own) > most:
            message = f"{user} has {counted(len(own), 'environment')}; the policy allows {most}"
            yield self.rules.violation("max_environments_per_user", message, evidence=_prefixes(own), user=user)

    def _bytes(self, user: str, own: Sequence[Environment]) -> Iterator[Ruling]:
        most = self.policy.max_bytes_per_user
        if most is None:
            return
        unknown = [each for each in own if each.prefix not in self.costs]
        together = sum(self.costs[each.prefix].total for each in own if each.prefix in self.costs)
        if together > most:
            message = f"{user} occupies {format_bytes(together)}; the policy allows {format_bytes(most)}"
            yield self.rules.violation("max_bytes_per_user", message, evidence=_prefixes(own), user=user)
        elif unknown:
            message = f"{counted(len(unknown), 'environment')} of {user} could not be measured"
            yield UncheckedRule(rule="max_bytes_per_user", message=message)


def _prefixes(environments: Sequence[Environment]) -> tuple[str, ...]:
    return tuple(each.prefix for each in environments)
