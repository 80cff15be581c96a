"""Reads the facts that a clone depends on: the states of source and target, and what has to be copied."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial

from condatui_core.actions.clone.addition import Addition
from condatui_core.actions.clone.source import Provided, Source, provide, read_source
from condatui_core.actions.guards import observe_prefixes
from condatui_core.actions.prefix_change import PrefixChange, is_binary
from condatui_core.actions.prefix_state import PrefixState
from condatui_core.actions.protocol import JobContext
from condatui_core.fs.safe_read import open_regular, reason
from condatui_core.fs.tree import TreeEntry, allocated
from condatui_core.prefixes.meta_file import record_file_name
from condatui_core.records.environment import Environment
from condatui_core.records.installation import CondaFacts, Installation
from condatui_core.records.package import PackageRecord
from condatui_core.records.request import CloneRequest

# The survey of the source


_LOOKED_THROUGH = 256 << 20
"""Bytes of all files together that the survey searches for the prefix; the rest is searched when it is copied."""
_LARGEST = 16 << 20
"""Bytes of the largest file that the survey searches."""


@dataclass(slots=True)
class CloneSurvey:
    """What a survey of the source has found."""

    copied: int = 0
    """Number of files that condatui copies: conda does not own them, or they are not as it installed them."""
    copied_bytes: int = 0
    placed_bytes: int = 0
    """Bytes of files that conda rewrites, because they contain the prefix, or copies to another file system."""
    binaries: list[str] = field(default_factory=list)
    """Binary files that contain the old prefix, where it cannot be replaced."""
    links: list[str] = field(default_factory=list)
    """Links into the source, which will lead into the clone."""
    unreadable: list[str] = field(default_factory=list)
    special: list[str] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    """Files that conda's records list but that do not exist."""

    @property
    def bytes_needed(self) -> int:
        """The bytes that the clone needs on the disk."""
        return self.copied_bytes + self.placed_bytes


def survey_source(source: Source, provided: Sequence[Provided], device: int | None) -> CloneSurvey:
    """Find what would be copied to a prefix on the file system `device`, changing nothing."""
    seen = CloneSurvey(
        unreadable=list(source.tree.unreadable),
        placed_bytes=sum(map(partial(_record_bytes, source.prefix), source.records)),
    )
    change = PrefixChange(source.prefix, "", spellings=source.spellings, spared=source.spared)
    linkable = _linked_paths(source, provided, device)
    left = _LOOKED_THROUGH
    for entry in sorted(source.tree.entries, key=lambda each: each.status.st_size):
        if entry.kind == "symlink":
            if change.link_target(entry.target) != entry.target:
                seen.links.append(entry.path)
        elif entry.kind == "directory":
            seen.placed_bytes += allocated(entry.status)
        elif entry.kind != "file":
            seen.special.append(entry.path)
        elif entry.path in linkable and _is_as_installed(source, entry):
            seen.placed_bytes += 0 if linkable[entry.path] else allocated(entry.status)
        else:
            left -= _look_through(seen, change, entry, left)
    there = {each.path for each in source.tree.entries}
    seen.missing = sorted(_missing(source, there))
    return seen


def _record_bytes(prefix: str, record: PackageRecord) -> int:
    try:
        return allocated(os.stat(os.path.join(prefix, "conda-meta", record_file_name(record))))
    except OSError:
        return 0


def _linked_paths(source: Source, provided: Sequence[Provided], device: int | None) -> dict[str, bool]:
    """The files that conda brings, and whether it links each one, which takes no space."""
    elsewhere = any(each.device not in (device, None) for each in provided)
    return {
        path: not recorded.placeholder and recorded.kind == "hardlink" and not elsewhere
        for path, recorded in source.recorded.items()
    }


def _is_as_installed(source: Source, entry: TreeEntry) -> bool:
    recorded = source.recorded[entry.path]
    return bool(recorded.placeholder) or recorded.size in (None, entry.status.st_size)


def _look_through(seen: CloneSurvey, change: PrefixChange, entry: TreeEntry, left: int) -> int:
    """Add a file that is copied to the survey; returns the bytes of it that count as searched."""
    seen.copied += 1
    seen.copied_bytes += allocated(entry.status)
    path = os.path.join(change.source, entry.path)
    size = entry.status.st_size
    if not os.access(path, os.R_OK, effective_ids=os.access in os.supports_effective_ids):
        seen.unreadable.append(entry.path)
        return 0
    if entry.path.endswith(".pyc"):
        return 0
    if size > min(_LARGEST, left):
        return 0
    try:
        with open_regular(path) as stream:
            data = stream.read()
    except OSError:
        seen.unreadable.append(entry.path)
        return 0
    if is_binary(data) and change.occurs_in(data):
        seen.binaries.append(entry.path)
    return size


def _missing(source: Source, there: set[str]) -> Iterator[str]:
    """The files that are missing, without those of packages that pip has replaced or removed."""
    gone = {each.package for each in source.contents.replaced}
    gone |= {
        record.name
        for record in source.records
        if any(not os.path.lexists(os.path.join(source.prefix, each.path)) for each in record.provides)
    }
    for path, recorded in source.recorded.items():
        if path not in there and recorded.kind in ("hardlink", "softlink") and source.owners[path] not in gone:
            yield path


@dataclass(frozen=True, slots=True, kw_only=True)
class CloneFacts:
    """Everything that a clone depends on."""

    request: CloneRequest
    environment: Environment | None
    """The source in the inventory."""
    installation: Installation | None
    """The installation whose conda makes the clone."""
    origin: PrefixState
    """The state of the source."""
    target: PrefixState
    source: Source | None = None
    """What the source consists of; None if it cannot be read."""
    unread: str = ""
    """Why the source cannot be read."""
    provided: tuple[Provided, ...] = ()
    survey: CloneSurvey
    without: frozenset[str] = frozenset()
    """The packages without which it is cloned."""
    addition: Addition | None = None
    """What the additional specs come to; None if there are none, or if conda was not asked."""


async def read_facts(request: CloneRequest, context: JobContext, *, without: Collection[str] = ()) -> CloneFacts:
    """Read the facts about source and target, in threads, changing nothing; packages `without` which it is cloned."""
    environment = context.environment(request.source)
    installation = context.installation(environment)
    origin, target = await observe_prefixes((request.source, request.target), context, installation=installation)
    facts = context.conda_facts.get(installation.root_prefix if installation else "", CondaFacts())
    return await asyncio.to_thread(
        partial(
            _read_facts,
            request,
            environment=environment,
            installation=installation,
            origin=origin,
            target=target,
            pkgs_dirs=facts.pkgs_dirs,
            without=frozenset(without),
        )
    )


def _read_facts(
    request: CloneRequest,
    *,
    environment: Environment | None,
    installation: Installation | None,
    origin: PrefixState,
    target: PrefixState,
    pkgs_dirs: tuple[str, ...],
    without: frozenset[str],
) -> CloneFacts:
    source, unread = None, ""
    provided: tuple[Provided, ...] = ()
    seen = CloneSurvey()
    try:
        aliases = environment.aliases if environment else ()
        source = read_source(
            origin.real, base=origin.root, with_conda=request.with_conda, aliases=aliases, without=without
        )
        provided = provide(source.packages, pkgs_dirs)
        seen = survey_source(source, provided, target.device)
    except OSError as error:
        unread = f"{error.filename or origin.real}: {reason(error)}"
    return CloneFacts(
        request=request,
        environment=environment,
        installation=installation,
        origin=origin,
        target=target,
        source=source,
        unread=unread,
        provided=provided,
        survey=seen,
        without=without,
    )
