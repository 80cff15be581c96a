"""Read prefixes into the cache in a second process, since parsing holds the interpreter lock.

It begins with the last prefix while condatui itself begins with the first. If the process fails or does not start,
only time is lost.
"""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from condatui_core.proc.child import Child, ChildNotStartedError, ChildWatcher, own_argv, own_environ, start_child

WORTH_IT = 8
"""The least prefixes that are worth a process, which costs as much as reading a few."""


async def start_reading_ahead(prefixes: Sequence[str], cache: Path, *, environ: Mapping[str, str]) -> Child | None:
    """Start reading these prefixes from the last to the first; None if they are too few or the start fails."""
    if len(prefixes) < WORTH_IT or (os.cpu_count() or 1) < 2:
        return None
    argv, names = own_argv(__name__, str(cache)), b"\0".join(os.fsencode(prefix) for prefix in reversed(prefixes))
    try:
        return await start_child(argv, own_environ(environ), ChildWatcher(), stdin=names, heard=False)
    except ChildNotStartedError:
        return None


async def stop_reading_ahead(child: Child | None) -> None:
    """End the process, which is safe at any point because it writes files atomically."""
    if child is not None:
        await child.end()


def main() -> None:
    """Read the prefixes named on stdin, separated by NUL, into the cache."""
    from condatui_core.prefixes.cache import PrefixCache  # noqa: PLC0415 - only the second process needs it

    gc.disable()  # records have no cycles
    cache = PrefixCache(Path(sys.argv[1]))
    for prefix in sys.stdin.buffer.read().split(b"\0"):
        cache.read(os.fsdecode(prefix))


if __name__ == "__main__":
    main()
