"""What undoes the last change: a restore point, or after a relink copies of the files that it has joined."""

from __future__ import annotations

import os
from collections.abc import Sequence

from condatui_core.actions.joined_files import joined_environments
from condatui_core.actions.protocol import JobContext
from condatui_core.actions.restore.listing import read_change_since, read_last_change
from condatui_core.errors import UsageError
from condatui_core.records.request import RestoreRequest, SeparateRequest
from condatui_core.remedy import SeparateOne


def undo_of_last_change(prefix: str | None, context: JobContext) -> RestoreRequest | SeparateRequest:
    """The request that undoes the last change, be it of this process or of another; blocks.

    A relink has no restore point: it is undone in the environment at `prefix`. Raises UsageError if there is no change
    to undo, or if the last one was a relink that has joined nothing there.
    """
    joined = joined_environments(context.locations.relinked)
    if not joined:
        return RestoreRequest(id=read_last_change(context))
    if later := read_change_since(joined[0].at, context):
        return RestoreRequest(id=later)
    return separation(prefix, [each.prefix for each in joined])


def separation(prefix: str | None, joined: Sequence[str]) -> SeparateRequest:
    """The request that makes the files of an environment its own again, if it is one of these; UsageError if not."""
    if prefix is not None and os.path.realpath(prefix) in joined:
        return SeparateRequest(prefix=prefix)
    title = "The last change has joined files, which become an environment's own again one environment at a time."
    raise UsageError(title, hint=SeparateOne(prefixes=tuple(joined)))
