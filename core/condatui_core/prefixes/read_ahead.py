"""A second process that reads prefixes into the cache, beginning with the last: a parse holds the interpreter lock.

Whoever reads from the front finds the rest already there. If this process fails, or is not there at all, nothing is
lost but time.
"""

from __future__ import annotations

import asyncio
import os
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from condatui_core.proc.child import DIRECTORY, own_argv, own_environ

WORTH_IT = 8
"""So many prefixes have to be waiting; starting a process costs as much as reading a few."""


async def start_reading_ahead(prefixes: Sequence[str], cache: Path, *, environ: Mapping[str, str]) -> Process | None:
    """Start to read these prefixes from the last to the first; None if it is not worth it or cannot be done."""
    if len(prefixes) < WORTH_IT or (os.cpu_count() or 1) < 2:
        return None
    try:
        process = await asyncio.create_subprocess_exec(
            *own_argv(__name__, str(cache)),
            stdin=PIPE,
            stdout=DEVNULL,
            stderr=DEVNULL,
            env=own_environ(environ),
            cwd=DIRECTORY,
            start_new_session=True,
        )
    except OSError:
        return None
    assert process.stdin is not None
    process.stdin.write(b"\0".join(os.fsencode(prefix) for prefix in reversed(prefixes)))
    process.stdin.close()
    return process


async def stop_reading_ahead(process: Process | None) -> None:
    """End it, wherever it is: what it was writing appears whole or not at all."""
    if process is None:
        return
    with suppress(ProcessLookupError):
        process.kill()
    await process.wait()


def main() -> None:
    """Read the prefixes named on stdin, a NUL between them, into the cache."""
    from condatui_core.prefixes.cache import PrefixCache  # noqa: PLC0415 - for this process, not for who starts it

    cache = PrefixCache(Path(sys.argv[1]))
    for prefix in sys.stdin.buffer.read().split(b"\0"):
        cache.read(os.fsdecode(prefix))


if __name__ == "__main__":
    main()
