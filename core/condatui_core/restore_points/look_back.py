"""Looks at what this machine shows of past revisions: who made each, and what going back to it takes."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime, timedelta

from condatui_core.analyses.revisions import State, states_of
from condatui_core.prefixes.meta_file import record_file_name
from condatui_core.prefixes.probe import user_name
from condatui_core.records.environment import Environment
from condatui_core.records.package import PackageRecord
from condatui_core.records.prefix import PrefixContents, Revision
from condatui_core.records.revision import RevisionFacts
from condatui_core.restore_points.package_sources import PackageFinder, SearchedPlaces

_LONGEST = timedelta(hours=1)
"""A command's time between its first record and its line in the history."""
_SHORTEST = timedelta(minutes=2)
"""The time that may pass after the line, until the last record is written."""


def look_back(environment: Environment, places: SearchedPlaces) -> tuple[RevisionFacts, ...]:
    """What this machine shows of each revision of an environment, oldest first; blocks."""
    if environment.contents is None:
        return ()
    finder = PackageFinder(places)
    users = _users(environment.prefix, environment.contents)
    return tuple(
        _facts(revision, state, finder, users.get(revision.number, ""), len(places.installed))
        for revision, state in states_of(environment.contents.history)
    )


def _facts(revision: Revision, state: State, finder: PackageFinder, by: str, installed: int) -> RevisionFacts:
    sources = [finder.find(state[name]) for name in sorted(state)]
    return RevisionFacts(
        number=revision.number,
        by=by,
        present=len(sources) == installed and all(each.place == "installed" for each in sources),
        to_download=tuple(each for each in sources if each.place == "channel"),
        unknown=tuple(each.package for each in sources if each.place == "unknown"),
    )


# Who made a revision


def _users(prefix: str, contents: PrefixContents) -> Mapping[int, str]:
    """The users who made revisions, by the owners of the records that they wrote and that are still there.

    A record counts if all its times are those of the revision: one that was given to another user, copied or put
    back from a backup was changed later.
    """
    records = {each.dist_name: each for each in contents.packages}
    users = {}
    for revision in contents.history.revisions:
        if revision.at is None:
            continue
        written = (records[each] for each in revision.added if each in records)
        owners = set(_owners(prefix, written, revision.at))
        if len(owners) == 1:
            users[revision.number] = user_name(owners.pop())
    return users


def _owners(prefix: str, records: Iterable[PackageRecord], at: datetime) -> Iterator[int]:
    begin, end = (at - _LONGEST).timestamp(), (at + _SHORTEST).timestamp()
    for record in records:
        try:
            status = os.lstat(os.path.join(prefix, "conda-meta", record_file_name(record)))
        except OSError:
            continue
        if all(begin <= each <= end for each in (status.st_mtime, status.st_ctime)):
            yield status.st_uid
