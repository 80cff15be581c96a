"""The processes of other test workers, which run programs of the sandbox that all workers share."""

from __future__ import annotations

from collections.abc import Iterator

import psutil

_all_processes = psutil.process_iter


class WithoutOtherWorkers:
    """Stands in for `psutil.process_iter`: whether another worker uses an environment just then is chance."""

    def __init__(self, worker: psutil.Process, started_by: psutil.Process) -> None:
        self._worker = worker
        self._started_by = started_by

    def __call__(self, attrs: list[str] | None = None, ad_value: None = None) -> Iterator[psutil.Process]:
        others = self.pids_of_others()
        return (each for each in _all_processes(attrs, ad_value) if each.pid not in others)

    def pids_of_others(self) -> frozenset[int]:
        """All that runs below the process that started the worker, without the worker and what it started."""
        own = {self._worker.pid, *(each.pid for each in self._worker.children(recursive=True))}
        return frozenset(each.pid for each in self._started_by.children(recursive=True)) - own
