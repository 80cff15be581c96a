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
