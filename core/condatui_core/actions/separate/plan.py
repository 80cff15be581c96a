"""Plans which files of an environment become its own again, and the space that this needs."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from functools import partial

from condatui_core.actions.guards import blockers_to_alter, bytes_problem, observe_prefix
from condatui_core.actions.joined_files import LIST_WAY_OUT, JoinedFile, one_file_before, read_joined, temporary_names
from condatui_core.actions.prefix_state import PrefixState
from condatui_core.actions.protocol import JobContext
from condatui_core.errors import CondatuiError
from condatui_core.fs.safe_read import reason
from condatui_core.fs.tree import allocated
from condatui_core.records.finding import Finding, blocker, finding
from condatui_core.records.job import Plan, Step
from condatui_core.records.request import SeparateRequest
from condatui_core.text import counted, format_bytes, sanitize

_ALLOWED = ("base", "active")
"""What stands against most changes, but not against copies of files in the place of files with the same contents."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SeparateFacts:
    """Everything that a separation depends on."""

    request: SeparateRequest
    observed: PrefixState
    name: str
    files: tuple[JoinedFile, ...]
    needed: int
    """Bytes."""
    blockers: tuple[Finding, ...] = ()
    left: int = 0
    """Temporary names that interrupted jobs have left."""


async def read_facts(request: SeparateRequest, context: JobContext) -> SeparateFacts:
    """Look which files of the environment are joined with others, changing nothing.

    Raises CondatuiError if the list of them cannot be read.
    """
    observed = await observe_prefix(request.prefix, context)
    environment = context.environment(observed.real)
    files = await asyncio.to_thread(_joined, observed.real, context)
    against = await asyncio.to_thread(partial(blockers_to_alter, observed, environment, context, with_conda=False))
    return SeparateFacts(
        request=request,
        observed=observed,
        name=environment.name if environment else os.path.basename(observed.real),
        files=files,
        needed=await asyncio.to_thread(_bytes_of, observed.real, files),
        blockers=tuple(each for each in against if each.id not in _ALLOWED),
        left=await asyncio.to_thread(temporary_names, context.locations.relinked),
    )


async def plan(request: SeparateRequest, context: JobContext) -> Plan:
    """Find out which files would be copied, changing nothing."""
    return plan_of(await read_facts(request, context))


def plan_of(facts: SeparateFacts) -> Plan:
    """Plan the copies."""
    name, files = sanitize(facts.name), counted(len(facts.files), "file")
    blockers = tuple(_blockers(facts))
    return Plan(
        request=facts.request,
        title=f"Make the files of {name} its own again",
        steps=() if blockers else tuple(_steps(facts)),
        prefixes=(facts.observed.real,),
        bytes_needed=facts.needed,
        facts=(("files", f"{files}, {format_bytes(facts.needed)}"),),
        warnings=tuple(_warnings(facts)) if facts.files and not blockers else (),
        blockers=blockers,
    )


def _steps(facts: SeparateFacts) -> Iterator[Step]:
    if facts.left:
        yield Step(title=f"Delete {counted(facts.left, 'temporary name')} that an interrupted job has left")
    if facts.files:
        files, name = counted(len(facts.files), "file"), sanitize(facts.name)
        yield Step(title=f"Put a copy in the place of {files} of {name}")


def _joined(prefix: str, context: JobContext) -> tuple[JoinedFile, ...]:
    directory = context.locations.relinked
    try:
        return read_joined(directory, prefix)
    except OSError as error:
        where = f"{error.filename or directory}: {reason(error)}"
        raise CondatuiError("What relinking has joined cannot be read.", sanitize(where), LIST_WAY_OUT) from error


def _bytes_of(prefix: str, files: tuple[JoinedFile, ...]) -> int:
    """What copies of these files take: one for those that were one file."""
    total = 0
    for first, *_ in one_file_before(files):
        with suppress(OSError):
            total += allocated(os.lstat(os.path.join(prefix, first.path)))
    return total


def _blockers(facts: SeparateFacts) -> Iterator[Finding]:
    yield from facts.blockers
    if not (facts.blockers or facts.files or facts.left):
        message = f"No file of {sanitize(facts.name)} is joined with others by a relink."
        yield blocker("nothing-to-do", message, "Files that share blocks are independent already.")
    yield from bytes_problem(facts.needed or None, facts.observed)


def _warnings(facts: SeparateFacts) -> Iterator[Finding]:
    message = (
        f"This needs {format_bytes(facts.needed)}: what a relink has joined of {sanitize(facts.name)} is its own then."
    )
    yield finding("needs-space", "note", message, "What conda has linked stays linked. A relink joins them again.")
