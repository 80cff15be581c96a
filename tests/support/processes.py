"""Waiting for processes that tests have started, without sleeping longer than it takes."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

import psutil


async def until(condition: Callable[[], bool]) -> None:
    async def is_met() -> None:
        while not condition():  # noqa: ASYNC110 - no event tells of what other processes do
            await asyncio.sleep(0.005)

    await asyncio.wait_for(is_met(), 20)


def has_ended(pid: int) -> bool:
    """Whether a process is gone; one that nobody reaps counts as gone."""
    try:
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


async def is_gone(pid_file: Path) -> None:
    """Wait until the process has ended whose pid is in a file."""
    pid = int(pid_file.read_text())
    await until(lambda: has_ended(pid))


def is_written(file: Path) -> bool:
    return file.exists() and file.read_text().endswith("\n")
