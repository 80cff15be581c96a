"""Hold all environments of a machine against a policy: each by itself, and those of each user together."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from types import MappingProxyType

from msgspec import Struct
from msgspec.structs import replace

from condatui_core.analyses.limits import limits_of_users
from condatui_core.analyses.policy_rules import EnvironmentRules, Ruling
from condatui_core.analyses.present import PresentPackages
from condatui_core.analyses.vulnerabilities import Hit, Scans, is_ignored, vulnerabilities_of
from condatui_core.records.disk import Together, nothing_measured
from condatui_core.records.environment import Environment, Inventory
from condatui_core.records.policy import GpuVerdict, Policy, PolicyRule, UncheckedRule, Violation
from condatui_core.records.vulnerability import FoundVulnerability, ReportedVulnerability, ScanReport
from condatui_core.text import counted, some_of

_NOTHING: Mapping[str, GpuVerdict] = MappingProxyType({})
_FRAMEWORKS = frozenset({"torch", "pytorch", "tensorflow", "jax", "jaxlib", "cupy"})
"""What a GPU check checks, by names of conda and of distributions."""


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
    together: Together = nothing_measured,
    gpu: Mapping[str, GpuVerdict] = _NOTHING,
    scans: Sequence[ScanReport] = (),
    prefixes: Collection[str] | None = None,
    of_users: bool = True,
) -> PolicyReport:
    """Check the environments with these prefixes, or all.

    `together` measures for `max_bytes_per_user` and `max_inodes_per_user`; `gpu` has what the last GPU checks have
    found, `scans` what scanners have reported. `of_users` is whether the rules about all environments of a user are
    checked, for the owners of these.
    """
    check = _Check(policy, inventory, now, together, gpu, Scans(scans), named=prefixes is not None)
    subjects = tuple(
        each
        for each in inventory.environments
        if (prefixes is None or each.prefix in prefixes) and each.state != "missing" and check.rules.is_about(each)
    )
    rulings = (*check.rulings(subjects), *(check.of_users(subjects) if of_users else check.not_of_users()))
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
    together: Together
    gpu: Mapping[str, GpuVerdict]
    scans: Scans
    named: bool
    """Whether some environments are checked, rather than all."""
    rules: EnvironmentRules = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "rules", EnvironmentRules(self.policy, self.now))

    def rulings(self, subjects: Sequence[Environment]) -> Iterator[Ruling]:
        found: set[ReportedVulnerability] = set()
        for each in subjects:
            yield from self.rules.of(each, self.inventory.channel_config(each))
            yield from self._gpu(each)
            hits = tuple(self.scans.hits(each.contents)) if each.contents and each.readable else ()
            found.update(hit.reported for hit in hits)
            yield from self._vulnerabilities(each, hits)
            if each.state == "orphan" and self.named:
                message = "it is no whole environment"
                yield UncheckedRule(rule=None, message=message, prefix=each.prefix, name=each.name)
        yield from self._not_found(found)

    def of_users(self, subjects: Sequence[Environment]) -> Iterator[Ruling]:
        """The rules about all environments of each owner of these."""
        for user in dict.fromkeys(each.owner for each in subjects if each.owner):
            own = [each for each in self.inventory.environments if self._counts(each, user)]
            yield from self._number(user, own)
            yield from self._occupied(user, own)

    def not_of_users(self) -> Iterator[UncheckedRule]:
        """The rules about all environments of an owner, where only some environments are checked."""
        limits: list[PolicyRule] = [each.rule for each in limits_of_users(self.policy)]
        if self.policy.max_environments_per_user is not None:
            limits.insert(0, "max_environments_per_user")
        for rule in limits:
            yield UncheckedRule(rule=rule, message="it is about all environments of a user, and only some are checked")

    def _gpu(self, environment: Environment) -> Iterator[Ruling]:
        if not self.policy.forbidden_gpu or not environment.readable:
            return
        found = self.gpu.get(environment.prefix)
        if found is None and _has_framework(environment):
            yield UncheckedRule(
                rule="forbidden_gpu",
                message="its GPU was not checked",
                prefix=environment.prefix,
                name=environment.name,
            )
        elif found is not None and found in self.policy.forbidden_gpu:
            yield self.rules.violation("forbidden_gpu", f"the last GPU check has found: {found}", environment)

    def _vulnerabilities(self, environment: Environment, hits: Sequence[Hit]) -> Iterator[Ruling]:
        for each in vulnerabilities_of(hits):
            if not is_ignored(each, self.policy.ignored_vulnerabilities):
                message = f"{each.id} ({each.severity}) in {_affected(each)}; {_mended(each)}"
                evidence = (*each.aliases, f"reported by {' and '.join(each.scanners)}")
                broken = self.rules.violation("vulnerabilities", message, environment, evidence)
                yield replace(broken, vulnerability=each)

    def _not_found(self, found: Collection[ReportedVulnerability]) -> Iterator[Ruling]:
        """What the reports say of packages that are nowhere: perhaps they are old, or of another machine."""
        for report in self.scans.reports:
            nowhere = [each for each in report.vulnerabilities if each not in found]
            if nowhere:
                packages = Counter(f"{each.name} {each.version}" for each in nowhere)
                of_all = f"{len(nowhere)} of {counted(len(report.vulnerabilities), 'vulnerability', 'vulnerabilities')}"
                message = f"{of_all} in {report.file} are of packages that nothing checked has: {some_of([*packages])}"
                yield UncheckedRule(rule="vulnerabilities", message=message)

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

    def _occupied(self, user: str, own: Sequence[Environment]) -> Iterator[Ruling]:
        limits = limits_of_users(self.policy)
        together = self.together(_prefixes(own)) if limits else None
        for limit in limits:
            if together is None:
                message = f"not all environments of {user} could be measured"
                yield UncheckedRule(rule=limit.rule, message=message)
            elif limit.beyond(together):
                message = f"{user} {limit.broken_by(together)}"
                yield self.rules.violation(limit.rule, message, evidence=_prefixes(own), user=user)


def _affected(found: FoundVulnerability) -> str:
    """The package as its installer calls it, and what of it is affected if that has another name."""
    same = found.source == "pypi" or found.name.lower() == found.package.lower()
    return f"{found.name} {found.version}" if same else f"{found.name} {found.version} of conda's {found.package}"


def _mended(found: FoundVulnerability) -> str:
    return f"fixed in {', '.join(found.fixed)}" if found.fixed else "no fix is known"


def _has_framework(environment: Environment) -> bool:
    """Whether it has something that a GPU check would check."""
    if environment.contents is None:
        return False
    present = PresentPackages(environment.contents, _FRAMEWORKS)
    return any(present.conda_package(name) or present.distribution(name) for name in _FRAMEWORKS)


def _prefixes(environments: Sequence[Environment]) -> tuple[str, ...]:
    return tuple(each.prefix for each in environments)
