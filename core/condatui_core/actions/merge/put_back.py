"""Puts a member back that a merge has set aside, and takes away what was being made in its place."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass

from condatui_core.actions.guards import blockers_to_change
from condatui_core.actions.incomplete_marker import is_empty, is_marked_incomplete, read_marker
from condatui_core.actions.prefix_change import module_of
from condatui_core.actions.prefix_state import PrefixState
from condatui_core.actions.protocol import JobContext
from condatui_core.actions.set_aside import SetAside, set_aside, set_aside_of
from condatui_core.errors import CondatuiError
from condatui_core.fs.atomic_write import is_temporary, sync_directory
from condatui_core.fs.held_tree import Identity
from condatui_core.fs.tree import read_tree
from condatui_core.prefixes.probe import HALF_MADE
from condatui_core.prefixes.snapshot import read_snapshot
from condatui_core.records.finding import Finding, blocker
from condatui_core.records.job import Plan, Step
from condatui_core.records.request import MergeRequest
from condatui_core.text import sanitize

# What an interrupted merge has left


@dataclass(frozen=True, slots=True)
class InterruptedMerge:
    """What is at the path of a member and beside it, after a merge that did not come to its end."""

    member: str
    """The path."""
    aside: tuple[str, ...] = ()
    """Where the member itself was set aside."""
    made: tuple[str, ...] = ()
    """Where what was being made in its place was set aside, as it was taken back."""
    there: bool = False
    """Whether something is at the path."""
    half_made: bool = False
    """Whether that is what was being made."""


def find_interrupted(member: str) -> InterruptedMerge:
    """Look what a merge has left at and beside the path of its member; blocks."""
    member = os.path.normpath(member)
    beside = set_aside_of(member)
    made = tuple(each for each in beside if is_marked_incomplete(each))
    return InterruptedMerge(
        member=member,
        aside=tuple(each for each in beside if each not in made),
        made=made,
        there=os.path.lexists(member),
        half_made=is_marked_incomplete(member) or is_empty(member),
    )


def plan_to_put_back(
    request: MergeRequest, found: InterruptedMerge, observed: PrefixState, context: JobContext
) -> Plan:
    """Plan how the member gets its path again."""
    name = sanitize(os.path.basename(found.member))
    steps = [Step(title=f"Rename {sanitize(each)} to {sanitize(found.member)}") for each in found.aside[:1]]
    if found.there:
        steps.insert(0, Step(title="Set aside what was being made there"))
        steps.append(Step(title="Delete what was being made"))
    return Plan(
        request=request,
        title=f"Put {name} back as it was",
        steps=tuple(steps),
        prefixes=(found.member,),
        blockers=tuple(_blockers(found, observed, context)),
    )


def _blockers(found: InterruptedMerge, observed: PrefixState, context: JobContext) -> Iterator[Finding]:
    name = sanitize(os.path.basename(found.member))
    if len(found.aside) != 1:
        what = "is not set aside" if not found.aside else f"was set aside {len(found.aside)} times"
        yield blocker("not-an-environment", f"{name} {what}.", "Look what is there.", map(sanitize, found.aside))
    if found.there and not found.half_made:
        message = f"What is at {sanitize(found.member)} is whole: it is not replaced."
        yield blocker("target-exists", message, "Remove that first.")
    if found.half_made:
        environment = context.environment(found.member)
        yield from blockers_to_change(observed, environment, context, with_conda=False)


# Putting it back


def put_back(found: InterruptedMerge) -> str:
    """Give the member its path again; blocks. Returns where what was made is, if it was used since and so stays.

    Raises CondatuiError if the path is taken by something else, or the member cannot be renamed.
    """
    (aside,) = found.aside
    status = os.lstat(aside)
    with ExitStack() as stack:
        made = stack.enter_context(set_aside(found.member, _identity(found.member))) if found.there else None
        came = came_into_made(made.path) if made else ()
        _rename_back(aside, found.member, (status.st_dev, status.st_ino))
        if made and not came:
            made.delete()
        return made.path if made and came else ""


def _identity(path: str) -> Identity:
    status = os.lstat(path)
    return status.st_dev, status.st_ino


def _rename_back(path: str, member: str, inode: Identity) -> None:
    directory = os.open(os.path.dirname(member), os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        where = SetAside(directory, member, path, inode).put_back()
        if where != member:
            title = f"{sanitize(os.path.basename(member))} could not be put back."
            raise CondatuiError(title, f"It is at {sanitize(where or path)}.", "Is its path free?")
        sync_directory(directory)
    finally:
        os.close(directory)


def take_back(member: str, aside: SetAside | None, job: str) -> str:
    """Undo what a merge has made at a path, in the process that made it; blocks.

    With `aside`, the member that lies there gets its path again. Returns where what was made is, if it was used
    meanwhile and so stays there.
    """
    made = _made_by(member, job)
    if made is None:
        if aside and is_empty(member):
            os.rmdir(member)
        return ""
    with set_aside(member, made) as half:
        came = came_into_made(half.path)
        if aside:
            aside.put_back()
        if not came:
            half.delete()
        return half.path if came else ""


def _made_by(path: str, job: str) -> Identity | None:
    """The identity of a half-made environment, if this job is making it."""
    marker = read_marker(path)
    return _identity(path) if marker and marker.job == job else None


_ALWAYS = (".", "conda-meta", HALF_MADE)
"""What every half-made environment has at its top."""


def came_into_made(path: str) -> tuple[str, ...]:
    """What came into a half-made environment that neither its records nor its source explain."""
    marker = read_marker(path)
    known = _paths_of(marker.source) if marker and marker.source else frozenset[str]()
    snapshot = read_snapshot(path)
    known |= snapshot.stated
    owners = snapshot.owners()
    there = {each.path for each in snapshot.tree.entries}
    filled = {os.path.dirname(each) for each in there}
    return tuple(
        each.path
        for each in snapshot.tree.entries
        if each.path not in known
        and each.path.partition("/")[0] not in _ALWAYS
        and owners.owner(each.path) is None
        and not (each.kind == "directory" and each.path in filled)
        and module_of(each.path) not in there
        and not is_temporary(os.path.basename(each.path))
        and not each.path.endswith(".c~")
        and os.path.basename(each.path) != "__pycache__"
    )


def _paths_of(prefix: str) -> frozenset[str]:
    try:
        return frozenset(each.path for each in read_tree(prefix, leaving_out=("envs", "pkgs")).entries)
    except OSError:
        return frozenset()
