"""The two tiers of the tests: what every run tries, and the further points that `make test-thorough` tries as well."""

from __future__ import annotations

from collections.abc import Iterable

import pytest


def thorough(points: Iterable[object]) -> list[object]:
    """Points for `parametrize` that only the thorough tier tries: every run has a point of each kind without them.

    A point with values for several names is a tuple.
    """
    return [
        pytest.param(*(each if isinstance(each, tuple) else (each,)), marks=pytest.mark.thorough) for each in points
    ]


def examples(number: int) -> int:
    """How many examples hypothesis makes up where the thorough tier has that many: a fifth in any other run."""
    return number if _Tier.thorough else max(10, number // 5)


class _Tier:
    """What was asked for, before the first test is imported."""

    thorough = False


def choose_tier(*, thorough: bool) -> None:
    """Let tests that are imported from now on have this many examples."""
    _Tier.thorough = thorough
