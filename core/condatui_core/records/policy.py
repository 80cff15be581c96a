"""What a policy file says: what an unattended cleanup may delete, and the rules that environments have to keep."""

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias

from msgspec import Meta, Struct

from condatui_core.records.vulnerability import FoundVulnerability

AllowedReason = Literal[
    "cache",
    "relink",
    "leftover",
    "identical",
    "subset",
    "stale",
    "merge",
    "orphan",
    "missing",
    "broken",
    "stale-python",
    "kernel",
    "scratch-name",
    "name-rule",
    "nothing-requested",
    "too-many",
    "too-large",
]
"""What a policy may allow: a tier with everything in it, or one reason by its id."""


PolicyRule = Literal[
    "max_age_days",
    "names",
    "max_environments_per_user",
    "max_bytes_per_user",
    "max_inodes_per_user",
    "allowed_channels",
    "forbidden_channels",
    "allowed_licenses",
    "forbidden_licenses",
    "required_packages",
    "forbidden_packages",
    "pip",
    "forbidden_gpu",
    "forbidden_findings",
    "vulnerabilities",
]
"""The rules that environments have to keep, each by its field in the file; public names.

`vulnerabilities` has no field of that name: it is what the reports of scanners say, where a check is given some.
"""

GpuVerdict = Literal["works", "elsewhere", "broken", "absent"]
"""The class of what the last GPU check has found."""


_Bytes: TypeAlias = Annotated[int, Meta(ge=0, le=1 << 60)]


class Policy(Struct, frozen=True, kw_only=True):
    """The rules of a policy file; what is left out sets no rule."""

    allow: tuple[AllowedReason, ...] = ()
    """The tiers and reasons for which something may go; nothing else goes."""
    max_age_days: Annotated[int, Meta(ge=1, le=36_500)] | None = None
    """Days without use after which an environment is stale; by default as in the settings."""
    min_free: _Bytes | None = None
    """Bytes that are to be free on each file system on which something may go: nothing goes there if they are, else no
    more than it takes."""
    keep: tuple[str, ...] = ()
    """Names, prefixes and patterns such as `prod-*` of environments and caches that stay."""
    names: str = ""
    """A regular expression that the names of environments have to match as a whole."""
    users: tuple[str, ...] = ()
    """The users whose environments may go, and are checked; by default those of the user who runs a cleanup may go,
    and all are checked."""
    max_environments_per_user: Annotated[int, Meta(ge=0, le=1_000_000)] | None = None
    """How many environments a user may have; those that were used last are within it."""
    max_bytes_per_user: _Bytes | None = None
    """How many bytes the environments of a user may occupy, each file once; those that were used last are within it."""
    max_inodes_per_user: Annotated[int, Meta(ge=0, le=1 << 60)] | None = None
    """How many inodes they may have, each once: files, symlinks and directories; as above."""
    allowed_channels: tuple[str, ...] = ()
    """Channels and patterns of channels, one of which each conda package has to come from; `defaults` is all of
    Anaconda's. Every channel is allowed if there are none."""
    forbidden_channels: tuple[str, ...] = ()
    """Channels and patterns, as above, that no conda package may come from."""
    allowed_licenses: tuple[str, ...] = ()
    """Licenses and patterns of licenses that each conda package has to have, as its record states it."""
    forbidden_licenses: tuple[str, ...] = ()
    """Licenses and patterns that no conda package may have, unless another one may be chosen: `MIT OR GPL-3.0-only`."""
    required_packages: tuple[str, ...] = ()
    """Specs that an environment has to meet, by conda's grammar."""
    forbidden_packages: tuple[str, ...] = ()
    """Specs that no package of an environment may meet, by conda's grammar: `openssl <3.0.8`."""
    pip: Literal["allowed", "forbidden"] = "allowed"
    """Whether pip may have installed anything."""
    forbidden_gpu: tuple[GpuVerdict, ...] = ()
    """What the last GPU check may not have found."""
    forbidden_findings: tuple[str, ...] = ()
    """Ids of findings that no environment may have, and severities: `warning` is all warnings and errors."""
    ignored_vulnerabilities: tuple[str, ...] = ()
    """Ids of vulnerabilities that break no rule, such as `CVE-2024-3651`; an alias is as good."""
    exempt: tuple[str, ...] = ()
    """Names, prefixes and patterns of environments that no rule is about."""
    warn_only: tuple[PolicyRule, ...] = ()
    """Rules that are told and do not fail a check."""


class Violation(Struct, frozen=True, kw_only=True):
    """A rule that is not kept."""

    rule: PolicyRule
    message: str
    """One line, without the environment's name."""
    severity: Literal["error", "warning"]
    """A warning if the policy only warns of it, or if it is a guess."""
    prefix: str = ""
    """Of the environment; empty if the rule is about all environments of a user."""
    name: str = ""
    """Of the environment."""
    user: str = ""
    """Who owns the environment or the environments."""
    evidence: tuple[str, ...] = ()
    """What breaks the rule, one line each: packages, channels."""
    vulnerability: FoundVulnerability | None = None
    """Of the rule `vulnerabilities`, what was found."""


class UncheckedRule(Struct, frozen=True, kw_only=True):
    """A rule that could not be decided."""

    rule: PolicyRule | None
    """None if it is all rules."""
    message: str
    """Why, one line."""
    prefix: str = ""
    """Of the environment."""
    name: str = ""
    """Of the environment."""
