"""Parse the specs of packages, and check versions against them: conda's grammar, and PEP 440 for pip's."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from fnmatch import fnmatchcase

from msgspec import Struct
from packaging.requirements import InvalidRequirement, Requirement
from packaging.specifiers import InvalidSpecifier, SpecifierSet

from condatui_core.analyses.versions import CondaVersion, is_pep440, parse_conda_version
from condatui_core.text import mask_credentials

# Checking a version against a spec


_TOKEN = re.compile(r"\s*([()|,]|[^()|,]+)")
_RELATION = re.compile(r"(==|!=|<=|>=|~=|=|<|>)([^\s=<>!~]\S*)")
_LONGEST_SPEC = 2000
_DEEPEST = 20


class _UnreadableError(ValueError):
    """A spec or version cannot be parsed."""


def satisfies_conda(version: str, spec: str) -> bool | None:
    """Check a version against a conda spec such as `>=1.2,<2|1.0.*`; None if either cannot be read.

    Regular expressions (`^…$`), which conda accepts too, are never run.
    """
    if len(spec) > _LONGEST_SPEC or "^" in spec or "$" in spec:
        return None
    try:
        return _Reader(spec, version).read()
    except _UnreadableError:
        return None


def satisfies_pep440(version: str, spec: str) -> bool | None:
    """Check a version against a specifier set such as `>=1.2,!=1.3.*`; pre-releases count. None if unreadable."""
    if not is_pep440(version):
        return None
    try:
        return SpecifierSet("" if spec == "*" else spec).contains(version, prereleases=True)
    except InvalidSpecifier:
        return None


class _Reader:
    """Reads a spec once from left to right; `,` binds tighter than `|`, and parentheses group as usual."""

    def __init__(self, spec: str, version: str) -> None:
        self._tokens: Iterator[str] = iter([token.strip() for token in _TOKEN.findall(spec)])
        self._version = version
        self._next = next(self._tokens, "")
        self._depth = 0

    def read(self) -> bool:
        met = self._either()
        if self._next:
            raise _UnreadableError
        return met

    def _either(self) -> bool:
        met = self._both()
        while self._next == "|":
            self._advance()
            # Both sides are read before they are joined: an unreadable side makes the whole spec unreadable.
            met = self._both() or met
        return met

    def _both(self) -> bool:
        met = self._single()
        while self._next == ",":
            self._advance()
            met = self._single() and met
        return met

    def _single(self) -> bool:
        token = self._advance()
        if token != "(":
            return _meets(self._version, token)
        self._depth += 1
        if self._depth > _DEEPEST:
            raise _UnreadableError
        met = self._either()
        if self._advance() != ")":
            raise _UnreadableError
        self._depth -= 1
        return met

    def _advance(self) -> str:
        token, self._next = self._next, next(self._tokens, "")
        return token


def _meets(version: str, spec: str) -> bool:
    """Check one condition without commas and bars."""
    if spec == "*":
        return True
    if spec[:1] in set("=<>!~"):
        return _meets_relation(version, spec)
    if "*" in spec.rstrip("*"):
        return fnmatchcase(version, spec)
    if spec.endswith("*"):
        return _parse(version).starts_with(_parse(spec.rstrip("*").rstrip(".")))
    return _parse(version) == _parse(spec)


def _meets_relation(version: str, spec: str) -> bool:
    relation = _RELATION.fullmatch(spec)
    if relation is None:
        raise _UnreadableError
    operator, bound = relation.groups()
    if bound.endswith(".*"):
        bound = bound[:-2]
        operator = {"!=": "!=*", "~=": ""}.get(operator, operator)
    if operator == "~=":
        series = _parse(bound.rpartition(".")[0])
        return _parse(version) >= _parse(bound) and _parse(version).starts_with(series)
    if operator not in _RELATIONS:
        raise _UnreadableError
    return _RELATIONS[operator](_parse(version), _parse(bound))


_RELATIONS: dict[str, Callable[[CondaVersion, CondaVersion], bool]] = {
    "==": lambda version, bound: version == bound,
    "!=": lambda version, bound: version != bound,
    "<=": lambda version, bound: version <= bound,
    ">=": lambda version, bound: version >= bound,
    "<": lambda version, bound: version < bound,
    ">": lambda version, bound: version > bound,
    "=": lambda version, bound: version.starts_with(bound),
    "!=*": lambda version, bound: not version.starts_with(bound),
}


def _parse(text: str) -> CondaVersion:
    version = parse_conda_version(text)
    if version is None:
        raise _UnreadableError
    return version


# Parsing match specs and requirements


ANY = "*"
"""The constraint that every version meets."""


class Wanted(Struct, frozen=True, kw_only=True):
    """A request for one package: an exact version or a constraint."""

    name: str
    version: str = ""
    """The exact version; empty for a constraint."""
    constraint: str = ""
    """The constraint, `*` for any version; empty for an exact version."""
    build: str = ""
    """The build string, possibly a pattern: `py311*`."""
    channel: str = ""
    """The name or URL of the channel, if the spec has one; credentials masked."""
    url: str | None = None
    """The URL of a distribution that is requested by URL; credentials masked."""


_SPEC = re.compile(
    r"(?:(?P<channel>[^\s\[]+):[^:\s\[]*:)?(?P<name>[A-Za-z0-9_][^\s=<>!~\[\]]*)\s*(?P<rest>.*)", re.DOTALL
)
_BRACKETS = re.compile(r"\[([^\]]*)\]\s*$")
_IN_BRACKETS = re.compile(r"(?P<key>\w+)\s*=\s*(?:\"(?P<double>[^\"]*)\"|'(?P<single>[^']*)'|(?P<bare>[^\s,]+))")
_VERSION_BUILD = re.compile(r"(?P<version>.*?[^\s=<>!~,|])(?:(?:\s+=?\s*|=)(?P<build>[^\s=<>!~,|]+))?", re.DOTALL)
_LONGEST = 1000
_PLAIN = re.compile(r"[^\s=<>!~,|*^$()]+")


def parse_match_spec(text: str) -> Wanted | None:
    """Parse a spec such as `numpy`, `numpy=1.26`, `conda-forge::numpy>=1.2,<2` or `numpy==1.26.4=py311_0`.

    None if it is not a spec.
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
    """Parse a requirement such as `torch==2.1.0` or `tool @ git+https://…`; None for options, paths and bare URLs."""
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
    """Split off the `[key=value, …]` at the end, which overrides the part before it."""
    brackets = _BRACKETS.search(spec)
    if brackets is None:
        return spec, {}
    found = _IN_BRACKETS.finditer(brackets[1])
    stated = {match["key"]: match["double"] or match["single"] or match["bare"] or "" for match in found}
    return spec[: brackets.start()].strip(), stated


def _exact_or_constraint(version: str, *, has_build: bool) -> tuple[str, str]:
    """Classify a version spec as (exact, constraint): `==1.2` is exact; `=1.2` is exact only beside a build."""
    if not version or version == ANY:
        return "", ANY
    plain = version.lstrip("=")
    if _PLAIN.fullmatch(plain) and (has_build or not version.startswith("=") or version.startswith("==")):
        return plain, ""
    return "", version
