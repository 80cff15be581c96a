"""Check versions, builds and whole packages against conda's specs, and write the spec of a package."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import TYPE_CHECKING

from condatui_core.analyses.versions import CondaVersion, parse_conda_version
from condatui_core.records.package import PackageRecord
from condatui_core.text import strip_credentials

if TYPE_CHECKING:
    from condatui_core.analyses.match_specs import Wanted

# Checking a version against a spec


_TOKEN = re.compile(r"\s*(\^[^$]*\$|[()|,]|[^()|,]+)")
_RELATION = re.compile(r"(==|!=|<=|>=|~=|=|<|>)([^\s=<>!~]\S*)")
_LONGEST_SPEC = 2000
_DEEPEST = 20


class _UnreadableError(ValueError):
    """A spec or version cannot be parsed."""


def satisfies_conda(version: str, spec: str) -> bool | None:
    """Check a version against a conda spec such as `>=1.2,<2|1.0.*`; None if either cannot be read.

    A regular expression (`^…$`) is run only if it cannot take long; otherwise the spec counts as unreadable.
    """
    if len(spec) > _LONGEST_SPEC:
        return None
    try:
        return _Reader(spec, version).read()
    except _UnreadableError:
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
    if spec.startswith("^") or spec.endswith("$"):
        return _safe_regex(spec).match(version) is not None
    if spec[:1] in set("=<>!~"):
        return _meets_relation(version, spec)
    if "*" in spec.rstrip("*"):
        return glob_matches(spec, version)
    if spec.endswith("*"):
        return _parse(version).starts_with(_parse(spec.rstrip("*").rstrip(".") or "*"))
    return _parse(version) == _parse(spec)


_SLOW = re.compile(r"\)[*+?{]|\\[1-9]|\(\?|[*+}][*+{]")
"""Repeated groups, references, look-around: what makes a match take exponential time."""
_MOST_REPEATS = 3
_LONGEST_MATCHED = 200


@lru_cache(maxsize=256)
def _safe_regex(spec: str) -> re.Pattern[str]:
    repeats = len(re.findall(r"[*+{]", spec))
    closed = spec.startswith("^") and spec.endswith("$")
    if not closed or len(spec) > _LONGEST_MATCHED or repeats > _MOST_REPEATS or _SLOW.search(spec):
        raise _UnreadableError
    try:
        return re.compile(spec)
    except (re.error, OverflowError) as error:
        raise _UnreadableError from error


def glob_matches(pattern: str, text: str) -> bool:
    """Whether a text matches a pattern in which only `*` has a meaning, in linear time."""
    if "*" not in pattern:
        return pattern == text
    first, *between, last = pattern.split("*")
    if not text.startswith(first) or len(text) < len(first) + len(last) or not text.endswith(last):
        return False
    position, end = len(first), len(text) - len(last)
    for piece in between:
        found = text.find(piece, position, end)
        if found < 0:
            return False
        position = found + len(piece)
    return True


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


# The name in a spec


_NAME = re.compile(r"[^\s=<>!~\[@;]+")
_ARCHIVE = re.compile(r"(?:\.conda|\.tar\.bz2)$")


@lru_cache(maxsize=1 << 14)
def spec_name(spec: str) -> str:
    """The package name in a match spec: `conda-forge::numpy>=1`, `numpy 1.2*`, the URL of an archive; else empty."""
    bare = spec.strip().partition("[")[0]
    if _ARCHIVE.search(bare):
        return bare.rpartition("/")[2].rsplit("-", 2)[0].lower()
    match = _NAME.match(bare.rpartition("::")[2].strip())
    return match[0].lower() if match else ""


# Checking builds, and whole packages


def build_matches(build: str, pattern: str) -> bool | None:
    """Whether a build string is, or matches, what a spec asks for; None if that cannot be told."""
    if pattern.startswith("^") and pattern.endswith("$"):
        try:
            return _safe_regex(pattern).match(build) is not None
        except _UnreadableError:
            return None
    return glob_matches(pattern, build)


def build_number_matches(number: int, constraint: str) -> bool | None:
    """Whether a build number meets a constraint such as `0` or `>=2`; None if that cannot be read."""
    if constraint.strip().isdigit():
        return number == int(constraint)
    return satisfies_conda(str(number), constraint) if constraint[:1] in ("=", "<", ">", "!", "*") else None


def meets(package: PackageRecord, wanted: Wanted) -> bool | None:
    """Whether a package meets a spec in all but its channel; None if a part of the spec cannot be checked."""
    answers = (
        package.name.lower() == wanted.name,
        satisfies_conda(package.version, wanted.version or wanted.constraint),
        not wanted.build or build_matches(package.build, wanted.build),
        not wanted.build_number or build_number_matches(package.build_number, wanted.build_number),
        wanted.subdir in ("", package.subdir),
        wanted.md5 in ("", package.md5),
        wanted.sha256 in ("", package.sha256),
        *(stated_of_archive(key, value, package.url) for key, value in wanted.also),
    )
    return False if False in answers else None if None in answers else True


def stated_of_archive(key: str, value: str, url: str | None) -> bool | None:
    """Whether an archive is the one of which a spec states a `url` or file name (`fn`); None for any other key."""
    if key not in ("url", "fn") or not url:
        return None
    mine, its = strip_credentials(url), strip_credentials(value)
    return mine == its if key == "url" else mine.rpartition("/")[2] == value


# The spec of a package


def exact_spec(record: PackageRecord) -> str:
    """The spec of this very package, with its channel: conda searches that one as well then."""
    channel = f"{record.base_url}::" if record.base_url else ""
    return f"{channel}{record.name}={record.version}={record.build}"
