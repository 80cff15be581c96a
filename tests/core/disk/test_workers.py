"""What one worker of a walk has met, the others are told with their next task, and need not ask lstat again."""

from __future__ import annotations

import os
from array import array
from contextlib import suppress
from pathlib import Path

import pytest

from condatui_core.disk.messages import PlaceRequest
from condatui_core.disk.scan import SeenInodes
from condatui_core.disk.workers import Found, MetByWorkers, MetInodes, Pipe, Task, deal, serve
from support.disk_trees import link, write


class Dealer(Pipe[Found, Task]):
    """Deals some tasks to a worker in this very process, and keeps what it sends."""

    def __init__(self, *tasks: Task) -> None:
        self._tasks = list(tasks)
        self.sent: list[Found] = []

    def receive(self) -> Task:
        if not self._tasks:
            raise EOFError
        return self._tasks.pop(0)

    def send(self, message: Found) -> None:
        self.sent.append(message)


def _met(*inodes: int, trusted: bool = True) -> MetInodes:
    return MetInodes(1, array("Q", inodes), trusted)


def _task(place: Path, *met: MetInodes) -> Task:
    return Task(0, PlaceRequest(os.fsencode(place), cache=False, skip=()), 0, met=met)


def test_a_worker_is_told_once_what_the_others_have_met(tmp_path: Path) -> None:
    met, task = MetByWorkers(), _task(tmp_path)
    assert met.tell(10, task).met == ()
    met.add(10, [_met(1, 2)])
    met.add(11, [_met(3)])
    assert met.tell(10, task).met == (_met(3),)
    assert met.tell(10, task).met == ()
    met.add(11, [_met(4)])
    assert met.tell(10, task).met == (_met(4),)
    assert met.tell(11, task).met == (_met(1, 2),)


def test_what_another_worker_has_met_is_a_link_without_lstat(tmp_path: Path) -> None:
    shared = write(tmp_path / "a/lib/shared.so")
    link(shared, tmp_path / "b/lib/shared.so")
    status = shared.stat()
    dealer = Dealer(_task(tmp_path / "a", MetInodes(status.st_dev, array("Q", [status.st_ino]), trusted=True)))
    serve(dealer)
    [found] = dealer.sent
    assert found.rechecked
    assert list(found.rechecked.tree.links[status.st_dev].inodes) == [status.st_ino]
    assert not any(table.inodes for table in found.rechecked.inodes.values())  # only lstat could have told this
    assert found.task.met == ()  # it knows them already


def test_a_worker_tells_what_it_has_met_and_that_once(tmp_path: Path) -> None:
    shared = write(tmp_path / "a/lib/shared.so")
    link(shared, tmp_path / "b/lib/shared.so")
    dealer = Dealer(_task(tmp_path / "a"), _task(tmp_path / "b"))
    serve(dealer)
    first, second = dealer.sent
    assert [list(each.inodes) for each in first.met] == [[shared.stat().st_ino]]
    assert all(each.trusted for each in first.met)
    assert not any(each.inodes for each in second.met)
    assert first.worker == os.getpid()


def test_no_worker_trusts_directory_entries_where_another_has_seen_them_differ(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shared = write(tmp_path / "a/lib/shared.so")
    link(shared, tmp_path / "b/lib/shared.so")
    status, asked = shared.stat(), list[SeenInodes]()
    monkeypatch.setattr("condatui_core.disk.workers.carry_out", lambda task, seen: _note(task, seen[status.st_dev]))

    def _note(task: Task, seen: SeenInodes) -> Found:
        asked.append(seen)
        return Found(task, None)

    serve(Dealer(_task(tmp_path / "a", MetInodes(status.st_dev, array("Q", [status.st_ino]), trusted=False))))
    assert [(each.trusted, each.inodes) for each in asked] == [(False, {status.st_ino})]


def test_a_result_is_taken_in_before_more_is_dealt() -> None:
    order: list[str] = []

    def brief(_: int, piece: int) -> int:
        order.append(f"deal {piece}")
        return piece

    results = deal([1, 2], 1, _double, brief=brief, take_in=lambda result: order.append(f"take in {result}"))
    order.extend(f"use {result}" for result in results)
    assert order == ["deal 1", "take in 2", "deal 2", "use 2", "take in 4", "use 4"]


def _double(pipe: Pipe[int, int]) -> None:
    with suppress(EOFError):
        while True:
            pipe.send(2 * pipe.receive())
