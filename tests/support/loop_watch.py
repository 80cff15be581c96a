"""Looks at the disk that a coroutine takes on the thread of its event loop, where nothing may wait for a disk."""

from __future__ import annotations

import asyncio
import builtins
import inspect
import io
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from types import FrameType, ModuleType

import pytest

_LOOKS: tuple[tuple[ModuleType, str], ...] = (
    *((os, name) for name in ("stat", "lstat", "readlink", "access", "statvfs", "scandir", "listdir", "open")),
    *((os, name) for name in ("mkdir", "rmdir", "rename", "replace", "unlink", "remove", "link", "symlink", "fsync")),
    (io, "open"),
    (builtins, "open"),
)
"""What may take as long as the disk takes."""
_ABLE = ("supports_dir_fd", "supports_effective_ids", "supports_fd", "supports_follow_symlinks")
"""Where `os` says what its functions can do: what stands for one of them can do the same."""


@contextmanager
def looks_on_the_loop(place: str) -> Iterator[list[str]]:
    """Collect, as `function in coroutine`, what coroutines of modules below a directory look at themselves meanwhile.

    What a test's own coroutine calls is left out.
    """
    seen: list[str] = []
    with pytest.MonkeyPatch.context() as patched:
        for module, name in _LOOKS:
            look = getattr(module, name)
            tell = _telling(look, place, seen)
            patched.setattr(module, name, tell)
            for able in (each for each in _ABLE if look in getattr(os, each)):
                patched.setattr(os, able, getattr(os, able) | {tell})
        yield seen


def _telling(look: Callable[..., object], place: str, seen: list[str]) -> Callable[..., object]:
    """The same function, that also tells who called it."""

    @wraps(look)
    def tell(*arguments: object, **named: object) -> object:
        coroutine = _coroutine_of(inspect.currentframe()) if _is_on_a_loop() else None
        if coroutine and coroutine.f_code.co_filename.startswith(place):
            seen.append(f"{look.__name__} in {coroutine.f_globals['__name__']}.{coroutine.f_code.co_name}")
        return look(*arguments, **named)

    return tell


def _is_on_a_loop() -> bool:
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True


def _coroutine_of(frame: FrameType | None) -> FrameType | None:
    """The innermost coroutine that a call comes from; None if it is the log that writes for it."""
    while frame and not _is_log(frame) and not _is_coroutine(frame):
        frame = frame.f_back
    return frame if frame and _is_coroutine(frame) else None


def _is_log(frame: FrameType) -> bool:
    return frame.f_globals.get("__name__") in ("logging", "condatui_core.log")


def _is_coroutine(frame: FrameType) -> bool:
    return bool(frame.f_code.co_flags & (inspect.CO_COROUTINE | inspect.CO_ASYNC_GENERATOR))
