"""Hold one environment against the rules of a policy that its records decide."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from fnmatch import fnmatchcase
from functools import cached_property

from condatui_core.analyses.channels import UNKNOWN, channel_label
from condatui_core.analyses.licenses import may_be_used
from condatui_core.analyses.match_specs import Wanted, parse_match_spec
from condatui_core.analyses.name_patterns import names_environment
from condatui_core.analyses.present import Present, PresentPackages, canonical
from condatui_core.analyses.provenance import lineage
from condatui_core.analyses.requirements import satisfies_pep440
from condatui_core.analyses.specs import meets, satisfies_conda
from condatui_core.records.environment import Environment
from condatui_core.records.finding import SEVERITIES
from condatui_core.records.installation import ChannelConfig
from condatui_core.records.package import PackageRecord
from condatui_core.records.policy import Policy, PolicyRule, UncheckedRule, Violation
from condatui_core.records.prefix import PrefixContents
from condatui_core.text import counted, some_of

Ruling = Violation | UncheckedRule
"""What comes of a rule that is not kept, or that cannot be decided."""


@dataclass(frozen=True)
class EnvironmentRules:
    """The rules of a policy about single environments, prepared once for many of them."""

    policy: Policy
    now: datetime

    def of(self, environment: Environment, config: ChannelConfig) -> Iterator[Ruling]:
        """The rules that an environment does not keep, and those that cannot be decided.

        The GPU check's rule is not among them, nor are those about all environments of a user.
        """
        if environment.state == "missing" or not self.is_about(environment):
            return
        if environment.state == "orphan":  # remains, of which only the findings tell
            pass
        elif environment.contents is None or not environment.readable:
            yield self._unchecked(environment, None, f"it could not be read: it is {environment.state}")
        else:
            yield from self._name(environment)
            yield from self._age(environment)
            yield from self._of_contents(environment, environment.contents, config)
        yield from self._findings(environment)

    def is_about(self, environment: Environment) -> bool:
        """Whether the rules are about an environment: it is not exempt, and belongs to one of the policy's users."""
        of_others = bool(self.policy.users and environment.owner and environment.owner not in self.policy.users)
        return not of_others and not names_environment(self.policy.exempt, environment)

    def violation(
        self,
        rule: PolicyRule,
        message: str,
        environment: Environment | None = None,
        evidence: Iterable[str] = (),
        *,
        user: str = "",
        guess: bool = False,
    ) -> Violation:
        """The record of a rule that is not kept."""
        return Violation(
            rule=rule,
            message=message,
            severity="warning" if guess or rule in self.policy.warn_only else "error",
            prefix=environment.prefix if environment else "",
            name=environment.name if environment else "",
            user=environment.owner if environment else user,
            evidence=tuple(evidence),
        )

    def _unchecked(self, environment: Environment, rule: PolicyRule | None, message: str) -> UncheckedRule:
        return UncheckedRule(rule=rule, message=message, prefix=environment.prefix, name=environment.name)

    def _name(self, environment: Environment) -> Iterator[Ruling]:
        name = environment.name.rpartition("/")[2]
        if self.policy.names and not environment.base and not re.fullmatch(self.policy.names, name):
            yield self.violation("names", f"its name is not of the form {self.policy.names}", environment)

    def _age(self, environment: Environment) -> Iterator[Ruling]:
        days = self.policy.max_age_days
        if days is None or environment.base:
            return
        used = environment.last_used
        if used is None:
            made = environment.created
            if made is None or (self.now - made).days >= days:
                yield self._unchecked(environment, "max_age_days", "its last use is not known")
        elif (unused := (self.now - used.at).days) > days:
            perhaps = "" if used.reliable else "perhaps "
            message = f"{perhaps}not used for {counted(unused, 'day')}; the policy allows {days}"
            yield self.violation(
                "max_age_days",
                message,
                environment,
                [f"{used.evidence} on {used.at:%Y-%m-%d}"],
                guess=not used.reliable,
            )

    def _of_contents(
        self, environment: Environment, contents: PrefixContents, config: ChannelConfig
    ) -> Iterator[Ruling]:
        yield from self._channels(environment, contents.packages, config)
        yield from self._licenses(environment, contents.packages)
        yield from self._packages(environment, contents, config)
        if self.policy.pip == "forbidden" and (by_pip := contents.pip_distributions):
            names = [f"{each.name} {each.version}" for each in by_pip]
            message = f"pip has installed {counted(len(names), 'package')}: {some_of(names)}"
            yield self.violation("pip", message, environment, names)

    # Channels and licenses: what every package has to fulfil

    def _channels(
        self, environment: Environment, packages: Sequence[PackageRecord], config: ChannelConfig
    ) -> Iterator[Ruling]:
        allowed, forbidden = self.policy.allowed_channels, self.policy.forbidden_channels
        if allowed:
            amiss = [each for each in packages if not _comes_from(each, allowed, config)]
            yield from self._from(environment, "allowed_channels", "not from an allowed channel", amiss, config)
        if forbidden:
            amiss = [each for each in packages if _comes_from(each, forbidden, config)]
            yield from self._from(environment, "forbidden_channels", "from a forbidden channel", amiss, config)

    def _from(
        self,
        environment: Environment,
        rule: PolicyRule,
        what: str,
        amiss: Sequence[PackageRecord],
        config: ChannelConfig,
    ) -> Iterator[Ruling]:
        labels = [channel_label(each.base_url, config) for each in amiss]
        if amiss:
            channels = some_of(sorted(set(labels), key=lambda each: (-labels.count(each), each)))
            message = f"{_are(len(amiss))} {what}: {channels}"
            lines = [f"{each.dist_name} from {label}" for each, label in zip(amiss, labels, strict=True)]
            yield self.violation(rule, message, environment, lines)

    def _licenses(self, environment: Environment, packages: Sequence[PackageRecord]) -> Iterator[Ruling]:
        allowed, forbidden = self.policy.allowed_licenses, self.policy.forbidden_licenses
        if allowed:
            amiss = [each for each in packages if not may_be_used(each.license, _in(allowed))]
            yield from self._under(environment, "allowed_licenses", "not under an allowed license", amiss)
        if forbidden:
            is_forbidden = _in(forbidden)
            amiss = [each for each in packages if not may_be_used(each.license, lambda name: not is_forbidden(name))]
            yield from self._under(environment, "forbidden_licenses", "under a forbidden license", amiss)

    def _under(
        self, environment: Environment, rule: PolicyRule, what: str, amiss: Sequence[PackageRecord]
    ) -> Iterator[Ruling]:
        if amiss:
            names = [f"{each.name} ({each.license or 'states none'})" for each in amiss]
            yield self.violation(rule, f"{_are(len(amiss))} {what}: {some_of(names)}", environment, names)

    # Packages that have to be there, or must not be

    def _packages(self, environment: Environment, contents: PrefixContents, config: ChannelConfig) -> Iterator[Ruling]:
        if not self._specs.all:
            return
        present = PresentPackages(contents, self._specs.names)
        for rule, wanted, text in self._specs.all:
            found = _look_up(present, wanted)
            met = found is not None and _is(found, wanted, config)
            has = f"{found.name} {found.version}" if found else ""
            if met is None:
                yield self._unchecked(environment, rule, f"whether {has} is {text} cannot be told")
            elif rule == "forbidden_packages" and met:
                yield self.violation(rule, f"it has {has}; {text} is forbidden", environment, [has])
            elif rule == "required_packages" and not met:
                message = f"{text} is required; it has {has}" if has else f"{text} is required and missing"
                yield self.violation(rule, message, environment, [has] if has else [])

    @cached_property
    def _specs(self) -> _Specs:
        required = _parsed("required_packages", self.policy.required_packages)
        forbidden = _parsed("forbidden_packages", self.policy.forbidden_packages)
        return _Specs((*required, *forbidden))

    # Findings

    def _findings(self, environment: Environment) -> Iterator[Ruling]:
        forbidden = self.policy.forbidden_findings
        gravest = max((SEVERITIES.index(each) for each in SEVERITIES if each in forbidden), default=-1)
        for each in environment.findings:
            if each.source != "policy" and (each.id in forbidden or SEVERITIES.index(each.severity) <= gravest):
                message = each.message if each.message.startswith(each.id) else f"{each.id}: {each.message}"
                yield self.violation("forbidden_findings", message, environment, each.evidence)


@dataclass(frozen=True)
class _Specs:
    """The specs of a policy, parsed, each with its rule and its text."""

    all: tuple[tuple[PolicyRule, Wanted, str], ...]
    names: frozenset[str] = field(init=False)
    """What packages are looked up by: conda's names, and canonical names of distributions."""

    def __post_init__(self) -> None:
        names = (name for _, wanted, _ in self.all for name in (wanted.name, canonical(wanted.name)))
        object.__setattr__(self, "names", frozenset(names))


def _parsed(rule: PolicyRule, specs: Iterable[str]) -> Iterator[tuple[PolicyRule, Wanted, str]]:
    for text in specs:
        if wanted := parse_match_spec(text):  # others are errors of the policy's file
            yield rule, wanted, text


def _are(count: int) -> str:
    return f"{counted(count, 'package')} {'is' if count == 1 else 'are'}"


def _comes_from(package: PackageRecord, patterns: Iterable[str], config: ChannelConfig) -> bool:
    """Whether a package is from one of these channels; `defaults` stands for all of Anaconda's."""
    label = channel_label(package.base_url, config)
    names = {label, label.partition("/label/")[0], lineage(package.base_url, config) or UNKNOWN}
    return any(fnmatchcase(name, pattern) for name in names for pattern in patterns)


def _in(patterns: Sequence[str]) -> Callable[[str], bool]:
    """Whether a license is one of these; upper and lower case make no difference."""
    lowered = [each.lower() for each in patterns]
    return lambda name: any(fnmatchcase(name.lower(), each) for each in lowered)


def _look_up(present: PresentPackages, wanted: Wanted) -> Present | None:
    """What has a name: conda's package, else the distribution, of pip or shipped by a conda package of another name."""
    return present.conda_package(wanted.name) or present.distribution(canonical(wanted.name))


def _is(found: Present, wanted: Wanted, config: ChannelConfig) -> bool | None:
    """Whether what was found is as wanted; None if that cannot be told."""
    if found.record is not None and found.record.name.lower() == wanted.name:
        met = meets(found.record, wanted)
        return met and (not wanted.channel or _comes_from(found.record, (wanted.channel,), config))
    if wanted.build or wanted.build_number or wanted.channel:
        return False  # asked of conda's package, and this is none
    spec = f"=={wanted.version}" if wanted.version else wanted.constraint
    by_pip = satisfies_pep440(found.version, spec)
    return satisfies_conda(found.version, wanted.version or wanted.constraint) if by_pip is None else by_pip
