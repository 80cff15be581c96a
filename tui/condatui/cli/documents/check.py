"""Convert the report of a check to the JSON document of `condatui check`."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

from condatui_core.analyses.policy_check import PolicyReport
from condatui_core.records.policy import PolicyRule, UncheckedRule, Violation


class ViolationDocument(Struct, frozen=True, kw_only=True):
    """A rule that is not kept."""

    rule: PolicyRule
    """Its field in the policy."""
    environment: str | None
    """The name of the environment; None if the rule is about all environments of a user."""
    prefix: str | None
    """Its real path; None as above."""
    user: str
    """Who owns the environment or the environments; empty if unknown."""
    message: str
    """One line."""
    severity: Literal["error", "warning"]
    """A warning if the policy only warns of it, or if it is a guess; only an error makes the check fail."""
    evidence: tuple[str, ...]
    """What breaks the rule: packages, channels, prefixes."""


class UncheckedDocument(Struct, frozen=True, kw_only=True):
    """A rule that could not be decided."""

    rule: PolicyRule | None
    """None if it is all rules."""
    environment: str | None
    """As in what is broken."""
    prefix: str | None
    """As in what is broken."""
    message: str
    """Why."""


class CheckDocument(Struct, frozen=True, kw_only=True):
    """Whether environments keep the rules of a policy."""

    ok: bool
    """Whether no rule is broken, apart from those that the policy only warns of."""
    checked: int
    """The number of environments that the rules are about."""
    violations: tuple[ViolationDocument, ...]
    """Errors first."""
    unchecked: tuple[UncheckedDocument, ...]
    """What could not be decided: it breaks no rule."""


def describe_check(report: PolicyReport) -> CheckDocument:
    """Describe a report."""
    return CheckDocument(
        ok=report.kept,
        checked=report.checked,
        violations=tuple(map(_violation, report.violations)),
        unchecked=tuple(map(_unchecked, report.unchecked)),
    )


def _violation(broken: Violation) -> ViolationDocument:
    return ViolationDocument(
        rule=broken.rule,
        environment=broken.name or None,
        prefix=broken.prefix or None,
        user=broken.user,
        message=broken.message,
        severity=broken.severity,
        evidence=broken.evidence,
    )


def _unchecked(rule: UncheckedRule) -> UncheckedDocument:
    return UncheckedDocument(
        rule=rule.rule, environment=rule.name or None, prefix=rule.prefix or None, message=rule.message
    )
