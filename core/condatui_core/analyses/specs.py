"""Whether a version meets what a spec asks for: conda's spec grammar, and PEP 440 for pip's."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from fnmatch import fnmatchcase

from packaging.specifiers import InvalidSpecifier, SpecifierSet

from condatui_core.analyses.versions import CondaVersion, is_pep440, parse_conda_version

_TOKEN = re.compile(r"\s*([()|,]|[^()|,]+)")
_RELATION = re.compile(r"(==|!=|<=|>=|~=|=|<|>)([^\s=<>!~]\S*)")
_LONGEST = 2000
_DEEPEST = 20


class _UnreadableError(ValueError):
    """A spec or version that cannot be judged."""


def satisfies_conda(version: str, spec: str) -> bool | None:
    """Check a version against a conda spec such as `>=1.2,<2|1.0.*`; None if either cannot be read.

    Regular expressions (`^…$`), which conda takes too, are not run.
    """
    if len(spec) > _LONGEST or "^" in spec or "$" in spec:
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
    """Reads a spec once, left to right: `|` joins what `,` has joined, parentheses as usual."""

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
            # Both sides are read before they are joined: an unreadable side makes the whole unreadable.
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
