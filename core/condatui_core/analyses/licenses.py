"""Read license expressions as conda's records state them: `MIT`, `GPL-2.0-or-later AND (MIT OR BSD-3-Clause)`."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

_TOKEN = re.compile(r"\s*([()]|[^\s()]+)")
_OPERATORS = ("AND", "OR")
_DEEPEST = 20


def may_be_used(expression: str, is_allowed: Callable[[str], bool]) -> bool:
    """Whether a package under these licenses may be used if `is_allowed` says so of single ones.

    `AND` needs both and binds tighter than `OR`, which leaves the choice, as SPDX has it. What is no expression, such
    as `BSD 3-clause`, is a license by that name; so is one `WITH` an exception.
    """
    try:
        return _Reader(expression).read(is_allowed)
    except _NoExpressionError:
        return is_allowed(expression.strip())


class _NoExpressionError(ValueError):
    """A text that is no license expression."""


class _Reader:
    """Reads an expression once from left to right."""

    def __init__(self, text: str) -> None:
        self._tokens: Iterator[str] = iter(_TOKEN.findall(text))
        self._next = next(self._tokens, "")
        self._depth = 0

    def read(self, is_allowed: Callable[[str], bool]) -> bool:
        allowed = self._either(is_allowed)
        if self._next:
            raise _NoExpressionError
        return allowed

    def _either(self, is_allowed: Callable[[str], bool]) -> bool:
        allowed = self._both(is_allowed)
        while self._is("OR"):
            self._advance()
            allowed = self._both(is_allowed) or allowed
        return allowed

    def _both(self, is_allowed: Callable[[str], bool]) -> bool:
        allowed = self._single(is_allowed)
        while self._is("AND"):
            self._advance()
            allowed = self._single(is_allowed) and allowed
        return allowed

    def _single(self, is_allowed: Callable[[str], bool]) -> bool:
        if self._next != "(":
            return is_allowed(self._name())
        self._depth += 1
        if self._depth > _DEEPEST:
            raise _NoExpressionError
        self._advance()
        allowed = self._either(is_allowed)
        if self._advance() != ")":
            raise _NoExpressionError
        self._depth -= 1
        return allowed

    def _name(self) -> str:
        words = []
        while self._next not in ("", "(", ")") and not any(map(self._is, _OPERATORS)):
            words.append(self._advance())
        if not words:
            raise _NoExpressionError
        return " ".join(words)

    def _is(self, operator: str) -> bool:
        return self._next.upper() == operator

    def _advance(self) -> str:
        token, self._next = self._next, next(self._tokens, "")
        return token
