"""A second process reads prefixes into the cache, beginning with the last, since a parse holds the interpreter lock.

condatui itself reads from the front and finds the rest already there. If this process fails, or is not there at all,
only time is lost.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from condatui_core.proc.child import Child, own_argv, own_environ, start_child
from condatui_core.proc.errors import ChildNotStartedError
from condatui_core.proc.output import ChildWatcher

WORTH_IT = 8
"""So many prefixes have to be waiting; starting a process costs as much as reading a few."""


async def start_reading_ahead(prefixes: Sequence[str], cache: Path, *, environ: Mapping[str, str]) -> Child | None:
    """Start to read these prefixes from the last to the first; None if it is not worth it or cannot be done."""
    if len(prefixes) < WORTH_IT or (os.cpu_count() or 1) < 2:
        return None
    argv, names = own_argv(__name__, str(cache)), b"\0".join(os.fsencode(prefix) for prefix in reversed(prefixes))
    try:
        return await start_child(argv, own_environ(environ), ChildWatcher(), stdin=names, heard=False)
    except ChildNotStartedError:
        return None


async def stop_reading_ahead(child: Child | None) -> None:
    """End it, wherever it is: what it was writing appears whole or not at all."""
    if child is not None:
        await child.end()


def main() -> None:
    """Read the prefixes named on stdin, a NUL between them, into the cache."""
    from condatui_core.prefixes.cache import PrefixCache  # noqa: PLC0415 - for this process, not for who starts it

    cache = PrefixCache(Path(sys.argv[1]))
    for prefix in sys.stdin.buffer.read().split(b"\0"):
        cache.read(os.fsdecode(prefix))


if __name__ == "__main__":
    main()
