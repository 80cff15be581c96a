"""What a filter goes by: ages such as `>90d`, bytes such as `<=1.5G`, words for what a GPU check came to."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Mapping
from types import MappingProxyType

from condatui_core.errors import UsageError
from condatui_core.records.gpu import VerdictClass
from condatui_core.text import parse_bytes, sanitize

Compare = Callable[[float, float], bool]
"""Compares what an environment has with the limit."""

_OPERATORS: Mapping[str, Compare] = MappingProxyType(
    {">=": operator.ge, "<=": operator.le, ">": operator.gt, "<": operator.lt}
)
_COMPARISON = re.compile(r"(?P<sign>>=|<=|>|<)\s*(?P<limit>.+)", re.DOTALL)
_AGE = re.compile(r"(?P<number>\d{1,6})\s*(?P<unit>[dwmy])", re.IGNORECASE | re.ASCII)
_DAYS: Mapping[str, int] = MappingProxyType({"d": 1, "w": 7, "m": 30, "y": 365})
"""By unit of an age, its days."""

NEVER = float("inf")
"""The days since the last use of what was never used."""


def _comparison(field: str, value: str, example: str) -> tuple[Compare, str]:
    """The comparison and the limit of a value. UsageError if it compares with nothing."""
    match = _COMPARISON.fullmatch(value)
    if match is None:
        raise UsageError(f"`{sanitize(field)}:` compares, with >, >=, < or <=: as in `{field}:{example}`.")
    return _OPERATORS[match["sign"]], match["limit"].strip()


def age_test(field: str, value: str) -> Callable[[float], bool]:
    """A test of an age in days, such as `>90d`; `never` is a value as well. UsageError if it is none."""
    if value.casefold() == "never":
        return lambda days: days == NEVER
    compare, limit = _comparison(field, value, ">90d")
    match = _AGE.fullmatch(limit)
    if match is None:
        raise UsageError(
            f"`{sanitize(limit)}` is no age: such as 90d, 2w, 6m or 1y is, for days, weeks, months and years."
        )
    wanted = int(match["number"]) * _DAYS[match["unit"].lower()]
    return lambda days: compare(days, wanted)


def bytes_test(field: str, value: str) -> Callable[[int, bool], bool | None]:
    """A test of a number of bytes, such as `>5G`, and of whether the real number may be larger.

    It gives None where the larger number could turn the answer round. UsageError if it is no comparison with a size.
    """
    compare, limit = _comparison(field, value, ">5G")
    wanted = parse_bytes(limit)

    def fits(count: int, at_least: bool) -> bool | None:
        said = compare(count, wanted)
        return None if at_least and said != compare(float("inf"), wanted) else said

    return fits


def is_begun_age(value: str) -> bool:
    """Whether an age is still being typed: a sign without a number, a number without its unit, the word `never`."""
    typed = value.casefold()
    return not value.lstrip("<>= 0123456789") or (typed != "never" and "never".startswith(typed))


def is_begun_size(value: str) -> bool:
    """Whether a comparison with a size is still being typed: there is no number yet."""
    return not value.lstrip("<>= ")


def gpu_word_of(kind: VerdictClass | None) -> str:
    """The word for what a check came to; None if there was none."""
    if kind is None:
        return "unknown"
    return "none" if kind == "absent" else kind
