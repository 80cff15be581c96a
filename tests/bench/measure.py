"""Times of whole processes and of key presses, and how they are printed."""

from __future__ import annotations

import os
import statistics
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple


@dataclass(frozen=True, slots=True)
class Line:
    """One figure, beside what is promised."""

    what: str
    figure: str
    promised: str = ""

    def __str__(self) -> str:
        return f"{self.what:<64} {self.figure:>22}   {self.promised}"


def seconds(action: Callable[[], object]) -> float:
    """How long an action takes, wall clock."""
    start = time.perf_counter()
    action()
    return time.perf_counter() - start


class Spent(NamedTuple):
    """What an action took."""

    wall: float
    """Seconds."""
    cpu: float
    """Seconds of processor time, of this process and those that it has waited for."""


def spent(action: Callable[[], object]) -> Spent:
    """What an action takes."""
    start, used = time.perf_counter(), _processor_seconds()
    action()
    return Spent(time.perf_counter() - start, _processor_seconds() - used)


def _processor_seconds() -> float:
    return sum(os.times()[:4])


def run(argv: Sequence[str], environ: Mapping[str, str]) -> bytes:
    """Run a command to its end; a failure ends the benchmark, for its time would mean nothing."""
    return subprocess.run(argv, env=dict(environ), stdin=subprocess.DEVNULL, capture_output=True, check=True).stdout


def median(values: Sequence[float]) -> float:
    """The middle one."""
    return statistics.median(values)


def percentile(values: Sequence[float], percent: int) -> float:
    """The value below which so many percent lie (nearest rank)."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, len(ordered) * percent // 100)]
