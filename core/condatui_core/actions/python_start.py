"""Starts the python of an environment that was made or changed, to see whether it runs."""

from __future__ import annotations

import os
from collections.abc import Mapping
from functools import partial

from condatui_core.actions.protocol import JobContext, Work
from condatui_core.conda.commands import conda_environ
from condatui_core.conda.errors import last_words
from condatui_core.errors import CondaError
from condatui_core.records.installation import Installation

_OPTIONS = ("-E", "-s", "-B", "-c", "import sys; print(sys.prefix)")
"""Not -I, which python 2 does not know."""
_SECONDS = 120.0


async def python_problem(prefix: str, installation: Installation | None, context: JobContext, work: Work) -> str:
    """Say why the python of a prefix does not run or has another prefix; empty if all is well, or if there is none."""
    if installation is None:
        return ""
    return await start_problem(prefix, conda_environ(context.caller, installation), work)


async def start_problem(prefix: str, environ: Mapping[str, str], work: Work) -> str:
    """Say why the python of a prefix does not run with these variables, as `python_problem` does."""
    python = os.path.join(prefix, "bin", "python")
    if not await work.in_thread(partial(os.path.lexists, python)):
        return ""
    try:
        answer = await work.run((python, *_OPTIONS), environ=environ, seconds=_SECONDS)
    except CondaError as error:
        return str(error)
    if answer.exit_code != 0:
        return last_words(answer.stderr) or f"It exits with {answer.exit_code}."
    said = answer.stdout.strip()
    if not await work.in_thread(partial(_same_place, said, prefix)):
        return f"It takes {said} for its prefix."
    return ""


def _same_place(one: str, other: str) -> bool:
    return os.path.realpath(one) == os.path.realpath(other)
