"""How many processes walk the disk: as many as compute, or more where each call makes its caller wait."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from itertools import islice

_SLOW = 100_000
"""Nanoseconds: a call that is answered from memory takes a twentieth of that."""
_PLACES = 8
"""How many places are tried."""
_NAMES = 8
"""How many names of a directory are tried."""


def processes_for(
    places: Sequence[bytes], *, computing: int, waiting: int, clock: Callable[[], int] = time.perf_counter_ns
) -> int:
    """How many processes walk some places: `waiting`, if the first calls there wait for an answer, else `computing`.

    The median decides, since on a busy machine some calls take long everywhere.
    """
    if waiting <= computing:
        return computing
    tried = places[:: max(1, len(places) // _PLACES)][:_PLACES]
    found = [each for place in tried if (each := _nanoseconds_of_a_call(place, clock)) is not None]
    return waiting if found and sorted(found)[len(found) // 2] > _SLOW else computing


def _nanoseconds_of_a_call(place: bytes, clock: Callable[[], int]) -> float | None:
    """What a call takes on average, of those with which the walk begins; None if the place cannot be listed."""
    calls, begun = 1, clock()
    try:
        with os.scandir(place) as entries:
            for entry in islice(entries, _NAMES):
                calls += 1
                with suppress(OSError):
                    entry.stat(follow_symlinks=False)
    except OSError:
        return None
    return (clock() - begun) / calls
