"""Looks at environments and at the directory that they are exported into: what comes, changes, stays, or may not be."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from condatui_core.actions.export.one_file import make_text, options_in_words
from condatui_core.actions.guards import no_environment
from condatui_core.actions.protocol import JobContext
from condatui_core.actions.written_files import blockers_to_write
from condatui_core.environment_files.export import ExportText
from condatui_core.environment_files.export_directory import (
    INDEX,
    Index,
    file_content,
    file_names,
    has_options,
    index_row,
    is_own_file,
    merged_index,
    read_index,
)
from condatui_core.fs.safe_read import open_regular
from condatui_core.prefixes.prefix import read_prefix
from condatui_core.records.environment import Environment, State
from condatui_core.records.finding import Finding, blocker, finding
from condatui_core.records.job import ExportChange
from condatui_core.records.prefix import PrefixContents
from condatui_core.records.request import ExportAllRequest
from condatui_core.remedy import ReplaceFile
from condatui_core.text import counted, sanitize

_LARGEST = 64 << 20
_MOST_NAMES = 12
_STAMPED = ("conda-meta", "conda-meta/history", "conda-meta/state", "conda-meta/pinned")
"""What conda and people change whenever they change an environment; beside it every site-packages."""


@dataclass(frozen=True, slots=True)
class Target:
    """One file of the directory, and what becomes of it."""

    file: str
    change: ExportChange
    content: bytes = b""
    """What it will hold; empty if the environment was not read."""
    environment: Environment | None = None
    """None for the index."""
    export: ExportText | None = None
    row: str = ""
    """The environment's row of the index."""
    blockers: tuple[Finding, ...] = ()

    @property
    def is_written(self) -> bool:
        """Whether its content is not there yet."""
        return self.change in ("new", "changed")


@dataclass(frozen=True, slots=True)
class ExportSurvey:
    """The files of a directory, and what is said of the others."""

    targets: tuple[Target, ...] = ()
    """A file for each environment."""
    index: Target | None = None
    """None if there is nothing to list."""
    gone: tuple[str, ...] = ()
    """The names of files of environments that are gone: these stay."""
    left_out: tuple[Finding, ...] = ()
    """Environments that get no file: a note if they are none any more, a warning if they cannot be read whole."""
    blockers: tuple[Finding, ...] = ()

    @property
    def written(self) -> tuple[Target, ...]:
        """The files of environments that are not as they should be."""
        return tuple(each for each in self.targets if each.is_written)


def survey_export(request: ExportAllRequest, context: JobContext) -> ExportSurvey:
    """Read the environments, unless they are as they were, and compare them with the files that are there; blocks."""
    asked = _asked(request, context)
    states: dict[str, State] = {each.prefix: _state_now(each) for each in asked}
    refused = (*_refused(request, asked, states), *_directory_blockers(request.directory))
    if refused:
        return ExportSurvey(blockers=refused)
    files = _files(request, context)
    able = [each for each in asked if states[each.prefix] == "ok"]
    targets = tuple(look_at(each, files[each.prefix], request, context) for each in able)
    index = _new_index(targets, request)
    index_target = _index_target(index, request)
    return ExportSurvey(
        targets=targets,
        index=index_target,
        gone=tuple(sorted(index.gone)),
        left_out=tuple(_left_out(each, states[each.prefix]) for each in asked if states[each.prefix] != "ok"),
        blockers=tuple(_blockers((*targets, index_target))),
    )


def _asked(request: ExportAllRequest, context: JobContext) -> Sequence[Environment]:
    known = context.inventory.environments
    return [each for each in known if not request.prefixes or each.prefix in request.prefixes]


def _state_now(environment: Environment) -> State:
    there = os.path.isdir(os.path.join(environment.prefix, "conda-meta"))
    return environment.state if there or environment.state != "ok" else "missing"


def _left_out(environment: Environment, state: State) -> Finding:
    message = f"{sanitize(environment.name)} is left out: its state is {state}."
    return finding("left-out", "note" if state in ("orphan", "missing") else "warning", message)


def _refused(request: ExportAllRequest, asked: Sequence[Environment], states: Mapping[str, State]) -> Iterator[Finding]:
    """What stands against the whole: of what is named nothing is left out, and of all there is one at least."""
    for prefix in request.prefixes:
        if prefix not in states:
            yield no_environment(prefix)
    broken = [each for each in asked if states[each.prefix] != "ok"]
    if request.prefixes and broken:
        lines = [f"{sanitize(each.name)}: its state is {states[each.prefix]}" for each in broken]
        message = f"{counted(len(lines), 'environment')} cannot be exported."
        yield blocker("not-an-environment", message, "Leave out what is no environment, and repair the rest.", lines)
    if not request.prefixes and len(broken) == len(asked):
        yield blocker("nothing-to-do", "There is no environment to export.")


def _directory_blockers(directory: str) -> tuple[Finding, ...]:
    """What stands against files in the directory, or against making it."""
    if not os.path.lexists(directory):
        return blockers_to_write(directory, replace=False)
    if not os.path.isdir(directory):
        return (blocker("no-directory", f"{sanitize(directory)} is no directory.", "Choose another place."),)
    return ()


def _files(request: ExportAllRequest, context: JobContext) -> Mapping[str, str]:
    """Prefix → file of every environment of the machine, whatever is asked for: a name does not depend on that."""
    there = (each for each in context.inventory.environments if each.state not in ("orphan", "missing"))
    names = file_names(there, request.format)
    return {prefix: os.path.join(request.directory, name) for prefix, name in names.items()}


# One environment


def look_at(environment: Environment, file: str, request: ExportAllRequest, context: JobContext) -> Target:
    """Find out what becomes of the file of an environment; blocks. UsageError as in `export_text`."""
    config = context.inventory.channel_config(environment)
    name = os.path.basename(file)
    if request.changed and _is_newer(file, environment.prefix, options_in_words(request)):
        row = index_row(environment, environment.contents or PrefixContents(), config, name)
        return Target(file, "not-read", environment=environment, row=row)
    contents = read_prefix(environment.prefix)  # the inventory may be hours old
    export = make_text(environment, contents, request, context)
    content = file_content(export, request.format, options_in_words(request))
    change, blockers = _change(file, content, request)
    return Target(file, change, content, environment, export, index_row(environment, contents, config, name), blockers)


def _is_newer(file: str, prefix: str, options: str) -> bool:
    """Whether a file of these options is newer than all that changes whenever its environment does."""
    try:
        written = os.lstat(file)
    except OSError:
        return False
    if not has_options(_content_of(file) or b"", options):
        return False
    paths = (*(Path(prefix, each) for each in _STAMPED), *Path(prefix).glob("lib/python*/site-packages"))
    times = [each.stat().st_mtime_ns for each in paths if each.exists()]
    return bool(times) and max(times) < written.st_mtime_ns


def _change(file: str, content: bytes, request: ExportAllRequest) -> tuple[ExportChange, tuple[Finding, ...]]:
    """What becomes of a file that is to have a content, and what stands against that."""
    there = _content_of(file)
    if there == content:
        return "same", ()
    change: ExportChange = "changed" if os.path.lexists(file) else "new"
    if change == "new" and not os.path.isdir(request.directory):
        return change, ()  # the directory is made first
    own = there is not None and is_own_file(there)
    return change, blockers_to_write(file, replace=request.replace or own)


def stands_against(target: Target, request: ExportAllRequest) -> tuple[Finding, ...]:
    """What stands against writing a file by now: another program may have put its own in its place."""
    return _change(target.file, target.content, request)[1]


def _content_of(file: str) -> bytes | None:
    """The content of a regular file; None if there is none, or nothing that an export could have written."""
    try:
        with open_regular(file) as stream:
            content = stream.read(_LARGEST + 1)
    except OSError:
        return None
    return content if len(content) <= _LARGEST else None


# All together


def _new_index(targets: Sequence[Target], request: ExportAllRequest) -> Index:
    there = _content_of(os.path.join(request.directory, INDEX)) or b""
    former = read_index(there.decode("utf-8", "replace")) if is_own_file(there) else Index()
    rows = {os.path.basename(each.file): each.row for each in targets}
    named = (*former.present, *former.gone)
    exists = frozenset(each for each in named if os.path.lexists(os.path.join(request.directory, each)))
    return merged_index(former, rows, request.format, complete=not request.prefixes, exists=exists)


def _index_target(index: Index, request: ExportAllRequest) -> Target:
    file = os.path.join(request.directory, INDEX)
    content = index.text().encode("utf-8", "replace")
    change, blockers = _change(file, content, request)
    return Target(file, change, content, blockers=blockers)


def _blockers(targets: Sequence[Target]) -> Iterator[Finding]:
    """What stands against writing files; those that condatui has not written are told together."""
    found = [(each.file, every) for each in targets for every in each.blockers]
    foreign = [file for file, each in found if each.remedy == ReplaceFile()]
    if foreign:
        message = f"{counted(len(foreign), 'file is', 'files are')} there that condatui has not written."
        yield blocker("file-exists", message, ReplaceFile(), map(sanitize, foreign), most=_MOST_NAMES)
    yield from dict.fromkeys(each for _, each in found if each.remedy != ReplaceFile())
