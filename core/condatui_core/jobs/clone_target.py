"""Where a clone goes that was asked for by a name or a path."""

from __future__ import annotations

import os
from collections.abc import Sequence

from condatui_core.errors import UsageError
from condatui_core.jobs.guarding.names import name_problem
from condatui_core.jobs.work import Surroundings
from condatui_core.printable import printable
from condatui_core.records.environment import Environment
from condatui_core.records.installation import CondaFacts


def target_prefix(text: str, source: Environment | None, around: Surroundings, *, cwd: str) -> str:
    """Find the prefix for what a user typed: a path if there is a slash in it, else a name.

    A name goes into the first envs directory that this user may write to, of the installation that owns the source;
    this looks at the disk. Raises UsageError if it cannot be a name.
    """
    if os.sep in text:
        spelled = str(around.locations.home / text[2:]) if text.startswith("~/") else text
        return os.path.normpath(os.path.join(cwd, spelled))
    if problem := name_problem(text):
        hint = "Choose another, or give a path with a slash in it."
        raise UsageError(f"`{printable(text)[:80]}` cannot be the name of an environment: it {problem}.", hint=hint)
    installation = around.installation(source)
    root = installation.root_prefix if installation else ""
    envs_dirs = around.conda_facts.get(root, CondaFacts()).envs_dirs or (os.path.join(root, "envs"),)
    return os.path.join(_first_writable(envs_dirs), text)


def _first_writable(directories: Sequence[str]) -> str:
    """As conda chooses; where none can be written, the first, and a guard will say so."""
    return next((each for each in directories if _may_write(each)), directories[0])


def _may_write(directory: str) -> bool:
    while not os.path.lexists(directory) and os.path.dirname(directory) != directory:
        directory = os.path.dirname(directory)
    return os.access(directory, os.W_OK | os.X_OK)
