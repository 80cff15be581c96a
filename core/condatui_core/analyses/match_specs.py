"""What people write to ask for a package: conda's match specs and pip's requirements."""

from __future__ import annotations

import re

from msgspec import Struct
from packaging.requirements import InvalidRequirement, Requirement

from condatui_core.credentials import mask_credentials

ANY = "*"
"""The constraint that every version meets."""


class Wanted(Struct, frozen=True, kw_only=True):
    """One package as somebody asks for it: one version, or a constraint."""

    name: str
    version: str = ""
    """Where it is one exact version."""
    constraint: str = ""
    """Where it is not; `*` if any will do."""
    build: str = ""
    """May be a pattern: `py311*`."""
    channel: str = ""
    """A name or URL, if the spec demands one; credentials masked."""
    url: str | None = None
    """Of a distribution that is asked for by its URL; credentials masked."""


_SPEC = re.compile(
    r"(?:(?P<channel>[^\s\[]+):[^:\s\[]*:)?(?P<name>[A-Za-z0-9_][^\s=<>!~\[\]]*)\s*(?P<rest>.*)", re.DOTALL
)
_BRACKETS = re.compile(r"\[([^\]]*)\]\s*$")
_IN_BRACKETS = re.compile(r"(?P<key>\w+)\s*=\s*(?:\"(?P<double>[^\"]*)\"|'(?P<single>[^']*)'|(?P<bare>[^\s,]+))")
_VERSION_BUILD = re.compile(r"(?P<version>.*?[^\s=<>!~,|])(?:(?:\s+=?\s*|=)(?P<build>[^\s=<>!~,|]+))?", re.DOTALL)
_LONGEST = 1000
_PLAIN = re.compile(r"[^\s=<>!~,|*^$()]+")


def parse_match_spec(text: str) -> Wanted | None:
    """Read a spec such as `numpy`, `numpy=1.26`, `conda-forge::numpy>=1.2,<2` or `numpy==1.26.4=py311_0`.

    None if it is not one.
    """
    if len(text) > _LONGEST:
        return None
    spec, stated = _without_brackets(text.partition("#")[0].partition(" if ")[0].strip())
    parts = _SPEC.fullmatch(spec)
    found = _VERSION_BUILD.fullmatch(parts["rest"].strip() or ANY) if parts and "[" not in parts["rest"] else None
    if parts is None or found is None:
        return None
    build = stated.get("build", found["build"] or "")
    version = "".join(stated.get("version", found["version"]).split())
    exact, constraint = _exact_or_constraint(version, has_build=bool(build))
    return Wanted(
        name=parts["name"].lower(),
        version=exact,
        constraint=constraint,
        build="" if build == ANY else build,
        channel=mask_credentials(stated.get("channel") or parts["channel"] or ""),
    )


def parse_requirement(text: str) -> Wanted | None:
    """Read a requirement such as `torch==2.1.0` or `tool @ git+https://…`; None for options, paths and bare URLs."""
    if len(text) > _LONGEST:
        return None
    try:
        requirement = Requirement(text.partition(" #")[0].strip())
    except InvalidRequirement:
        return None
    pins = [
        each for each in requirement.specifier if each.operator in ("==", "===") and not each.version.endswith(".*")
    ]
    exact = pins[0].version if len(pins) == len(requirement.specifier) == 1 else ""
    return Wanted(
        name=requirement.name,
        version=exact,
        constraint="" if exact else str(requirement.specifier) or ANY,
        url=mask_credentials(requirement.url) if requirement.url else None,
    )


def _without_brackets(spec: str) -> tuple[str, dict[str, str]]:
    """Take off `[key=value, …]` at the end, which overrides what stands before it."""
    brackets = _BRACKETS.search(spec)
    if brackets is None:
        return spec, {}
    found = _IN_BRACKETS.finditer(brackets[1])
    stated = {match["key"]: match["double"] or match["single"] or match["bare"] or "" for match in found}
    return spec[: brackets.start()].strip(), stated


def _exact_or_constraint(version: str, *, has_build: bool) -> tuple[str, str]:
    """Sort a version spec into what it is: `==1.2` is exact, and so is `=1.2` beside a build, but not by itself."""
    if not version or version == ANY:
        return "", ANY
    plain = version.lstrip("=")
    if _PLAIN.fullmatch(plain) and (has_build or not version.startswith("=") or version.startswith("==")):
        return plain, ""
    return "", version
