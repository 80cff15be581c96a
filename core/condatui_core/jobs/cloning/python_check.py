"""Whether the python of a clone runs, and takes itself for the clone's."""

from __future__ import annotations

import os
from functools import partial

from condatui_core.conda.conda_environ import conda_environ
from condatui_core.conda.failure import last_words
from condatui_core.errors import CondaError
from condatui_core.jobs.cloning.facts import CloneFacts
from condatui_core.jobs.work import Surroundings, Work

_OPTIONS = ("-E", "-s", "-B", "-c", "import sys; print(sys.prefix)")
"""Not -I, which python 2 does not know."""
_SECONDS = 120.0


async def python_problem(facts: CloneFacts, around: Surroundings, work: Work) -> str:
    """Say why it does not; empty if it does, or if there is none."""
    target = facts.target.prefix
    python = os.path.join(target, "bin", "python")
    if facts.installation is None or not await work.beside(partial(os.path.lexists, python)):
        return ""
    try:
        environ = conda_environ(around.caller, facts.installation)
        answer = await work.run((python, *_OPTIONS), environ=environ, seconds=_SECONDS)
    except CondaError as error:
        return str(error)
    if answer.exit_code != 0:
        return last_words(answer.stderr) or f"It exits with {answer.exit_code}."
    said = answer.stdout.strip()
    if not await work.beside(partial(_same_place, said, target)):
        return f"It takes {said} for its prefix."
    return ""


def _same_place(one: str, other: str) -> bool:
    return os.path.realpath(one) == os.path.realpath(other)
