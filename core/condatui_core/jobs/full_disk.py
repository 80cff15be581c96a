"""What somebody can delete by hand when the disk is so full that no job can note what it does."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import suppress

from condatui_core.actions.protocol import JobContext, caches_of
from condatui_core.errors import CondatuiError
from condatui_core.fs.safe_read import reason
from condatui_core.jobs.reserve import FULL
from condatui_core.text import counted, format_bytes, sanitize, shell_words

_ENDS = (".conda", ".tar.bz2")
_MOST_NAMED = 3


def journal_error(error: OSError) -> CondatuiError:
    """The error for a job that stops because its journal cannot be written."""
    where = f"{error.filename}: " if error.filename else ""
    return CondatuiError(
        "The job's journal cannot be written, so it does not go on.",
        sanitize(f"{where}{reason(error)}"),
        "Is the disk full? Nothing is done that could not be reported after a crash.",
    )


def full_disk_error(error: OSError, context: JobContext) -> CondatuiError:
    """The same with the way out, if the cause is a full disk: archives that conda downloads again; blocks."""
    stated = journal_error(error)
    if error.errno not in FULL:
        return stated
    found = sorted(_archives(context), reverse=True)
    return CondatuiError(stated.title, stated.detail, "\n".join(_ways_out(found)))


_ELSEWHERE = "Or keep journals and restore points on another disk: set CONDATUI_HOME to a directory there."


def _ways_out(archives: Sequence[tuple[int, str]]) -> Iterator[str]:
    if not archives:
        yield "Delete something by hand."
    else:
        count, total = counted(len(archives), "archive"), format_bytes(sum(size for size, _ in archives))
        yield f"Make room by hand: the package cache has {count}, {total}; conda downloads again what it needs of them."
    for size, path in archives[:_MOST_NAMED]:
        yield f"rm {shell_words((path,))}   # {format_bytes(size)}"
    yield _ELSEWHERE


def _archives(context: JobContext) -> Iterator[tuple[int, str]]:
    """The archives in the package caches that this user may delete, with their bytes."""
    roots = (each for each in context.inventory.installations if not each.error)
    caches = dict.fromkeys(cache for each in roots for cache in caches_of(each, context))
    for cache in (each for each in caches if os.access(each, os.W_OK | os.X_OK)):
        with suppress(OSError), os.scandir(cache) as entries:
            for each in entries:
                if each.name.endswith(_ENDS) and each.is_file(follow_symlinks=False):
                    yield each.stat(follow_symlinks=False).st_size, each.path
