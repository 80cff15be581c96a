"""What the rules of a policy say of environments, as their findings."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime
from types import MappingProxyType

from msgspec.structs import replace

from condatui_core.analyses.policy_rules import EnvironmentRules
from condatui_core.records.environment import Environment, Inventory
from condatui_core.records.finding import Finding, merged
from condatui_core.records.installation import ChannelConfig
from condatui_core.records.policy import Policy, PolicyRule, Violation
from condatui_core.remedy import Advice
from condatui_core.text import counted

_REMEDIES: MappingProxyType[PolicyRule, Advice] = MappingProxyType(
    {
        "names": "rename it: clone it under another name, then remove it",
        "max_age_days": "remove it, or keep it by the policy's `exempt`",
        "forbidden_channels": "install those packages from an allowed channel",
        "allowed_channels": "install those packages from an allowed channel",
        "pip": "install those packages with conda, where a channel has them",
    }
)


class PolicyFindings:
    """Holds the environments of inventories against one policy, each again only when it has changed.

    The rules about all environments of a user, about GPUs and about findings are left to `condatui check`.
    """

    def __init__(self, policy: Policy) -> None:
        self.policy = policy
        self._rules_of = replace(policy, forbidden_findings=())
        self._known: dict[str, tuple[Environment, ChannelConfig, date, Environment]] = {}
        """By prefix: what was held against the policy, when, and the same with its findings."""

    def added_to(self, inventory: Inventory, now: datetime) -> Inventory:
        """The inventory with a finding for each rule that an environment does not keep."""
        rules = EnvironmentRules(self._rules_of, now)
        environments = tuple(self._of(each, inventory.channel_config(each), rules) for each in inventory.environments)
        return replace(inventory, environments=environments)

    def _of(self, environment: Environment, config: ChannelConfig, rules: EnvironmentRules) -> Environment:
        if environment.contents is None:  # not read yet, or not to be read
            return environment
        today = rules.now.date()
        known = self._known.get(environment.prefix)
        if known and known[0] is environment and known[1:3] == (config, today):
            return known[3]
        broken = [each for each in rules.of(environment, config) if isinstance(each, Violation)]
        found = replace(environment, findings=merged(environment.findings, findings_of_policy(broken), source="policy"))
        self._known[environment.prefix] = (environment, config, today, found)
        return found


def findings_of_policy(violations: Iterable[Violation]) -> tuple[Finding, ...]:
    """The violations of one environment as its findings; all that one rule says are one finding."""
    by_rule: dict[PolicyRule, list[Violation]] = {}
    for each in violations:
        by_rule.setdefault(each.rule, []).append(each)
    return tuple(_finding(rule, broken) for rule, broken in by_rule.items())


def _finding(rule: PolicyRule, broken: list[Violation]) -> Finding:
    first, *more = broken
    message = f"{first.message}, and {counted(len(more), 'more case')}" if more else first.message
    lines = [each.message for each in broken] if more else [*first.evidence]
    return Finding(
        id="policy",
        severity=first.severity,
        message=message,
        label=f"policy: {rule.replace('_', ' ')}",
        remedy=_REMEDIES.get(rule, ""),
        evidence=(f"the policy's rule {rule}", *lines),
        source="policy",
    )
