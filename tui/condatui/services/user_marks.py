"""Changes what the user says of environments: that they stay, and which one is the baseline."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import TYPE_CHECKING

from condatui_core.records.environment import Environment
from condatui_core.text import counted, sanitize

if TYPE_CHECKING:
    from condatui_core.workbench import Workbench

MARKS_GROUP = "user marks"
"""The worker group of these changes."""


async def toggle_kept(workbench: Workbench, chosen: Sequence[Environment]) -> str:
    """Keep these environments; if all of them are kept by now, no more. Returns what was done, for the status line.

    Raises CondatuiError if the marks cannot be read or written.
    """
    prefixes = [each.prefix for each in chosen]
    marks = await asyncio.to_thread(workbench.marks)
    subject = sanitize(chosen[0].name) if len(chosen) == 1 else counted(len(chosen), "environment")
    if all(marks.mark_of(prefix) for prefix in prefixes):
        await workbench.unkeep(prefixes)
        return f"{subject} {_verb(chosen, 'is', 'are')} not kept any more."
    await workbench.keep(prefixes)
    return f"{subject} {_verb(chosen, 'stays', 'stay')}: nothing proposes a removal."


async def toggle_baseline(workbench: Workbench, environment: Environment) -> str:
    """Make an environment the baseline; if it is that by now, no more. Returns what was done, for the status line.

    Raises RefusedError if the settings name a baseline, CondatuiError if the marks cannot be read or written.
    """
    marks = await asyncio.to_thread(workbench.marks)
    name = sanitize(environment.name)
    if marks.baseline == environment.prefix:
        await workbench.set_baseline("")
        return f"{name} is not the baseline any more."
    await workbench.set_baseline(environment.prefix)
    return f"{name} is the baseline: new environments are cloned from it."


def _verb(chosen: Sequence[Environment], one: str, several: str) -> str:
    return one if len(chosen) == 1 else several
