"""Where each call waits for the disk, more processes walk it than there are processors, never more than asked for."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from condatui_core.disk import walk as walking
from condatui_core.disk.messages import PlaceRequest, WalkRequest, WalkResult
from condatui_core.disk.patience import processes_for
from condatui_core.disk.workers import Found, Task, carry_out_all
from support.disk_trees import write

MILLISECOND = 1_000_000


@pytest.fixture
def places(tmp_path: Path) -> list[bytes]:
    """Ten places with five files each."""
    for number in range(50):
        write(tmp_path / f"{number % 10}/file{number}")
    return [os.fsencode(tmp_path / str(number)) for number in range(10)]


def clock_of(*calls: int) -> Callable[[], int]:
    """A clock by which the six calls in a place take so many nanoseconds each, one place after the other."""
    times = [0]
    for each in calls:
        times += [times[-1], times[-1] + 6 * each]
    return iter(times[1:]).__next__


@pytest.mark.parametrize(
    ("calls", "expected"),
    [
        ([MILLISECOND] * 8, 16),
        ([2_000] * 8, 2),
        ([2_000] * 5 + [50 * MILLISECOND] * 3, 2),  # a busy machine, not a slow disk
        ([2_000] * 3 + [MILLISECOND] * 5, 16),
    ],
)
def test_the_first_calls_decide(places: list[bytes], calls: list[int], expected: int) -> None:
    assert processes_for(places, computing=2, waiting=16, clock=clock_of(*calls)) == expected


def test_a_limit_holds_without_a_look(places: list[bytes]) -> None:
    def never() -> int:
        raise AssertionError("there is nothing to decide")

    assert processes_for(places, computing=2, waiting=2, clock=never) == 2
    assert processes_for(places, computing=2, waiting=0, clock=never) == 2


def test_what_cannot_be_listed_decides_nothing(tmp_path: Path) -> None:
    assert processes_for([os.fsencode(tmp_path / "gone")], computing=2, waiting=16) == 2
    assert processes_for([], computing=2, waiting=16) == 2


@pytest.mark.parametrize("slow", [True, False])
def test_a_walk_over_a_slow_disk_says_the_same_with_more_processes(
    places: list[bytes], monkeypatch: pytest.MonkeyPatch, slow: bool
) -> None:
    started: list[int] = []

    def count(tasks: list[Task], workers: int) -> Iterator[Found]:
        started.append(workers)
        return carry_out_all(tasks, workers)

    monkeypatch.setattr(walking, "carry_out_all", count)
    monkeypatch.setattr("condatui_core.disk.patience._SLOW", -1 if slow else 1 << 60)
    requests = tuple(PlaceRequest(place, cache=False, skip=()) for place in places)
    messages: list[object] = []
    walking.walk(WalkRequest(requests, b"", True, 1, 1, most_workers=5), messages.append)
    result = messages[-1]
    assert isinstance(result, WalkResult)
    assert (started, result.entries) == ([5 if slow else 1], 50)
