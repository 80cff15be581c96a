"""Looks at what this machine shows of past revisions: who made each, and what going back to it takes."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime, timedelta

from condatui_core.analyses.revisions import changes_of, states_of
from condatui_core.prefixes.history import requested_after
from condatui_core.prefixes.meta_file import record_file_name
from condatui_core.prefixes.probe import user_name
from condatui_core.records.environment import Environment
from condatui_core.records.package import PackageRecord
from condatui_core.records.prefix import PrefixContents
from condatui_core.records.revision import RevisionFacts
from condatui_core.restore_points.package_sources import PackageFinder, SearchedPlaces

_LONGEST = timedelta(hours=1)
"""A command's time between its first record and its line in the history."""
_SHORTEST = timedelta(minutes=2)
"""The time that may pass after the line, until the last record is written."""


def look_back(environment: Environment, places: SearchedPlaces) -> tuple[RevisionFacts, ...]:
    """What this machine shows of each revision of an environment, oldest first; blocks."""
    contents = environment.contents
    return tuple(_looks(contents, places, _users(environment.prefix, contents))) if contents else ()


def _looks(contents: PrefixContents, places: SearchedPlaces, users: Mapping[int, str]) -> Iterator[RevisionFacts]:
    history, finder = contents.history, PackageFinder(places)
    steps = zip(changes_of(history), states_of(history), requested_after(history.revisions), strict=True)
    for changes, (_, state), requests in steps:
        sources = [finder.find(state[name]) for name in sorted(state)]
        yield RevisionFacts(
            number=changes.number,
            moves=changes.moves,
            by=users.get(changes.number, ""),
            present=len(sources) == len(places.installed) and all(each.place == "installed" for each in sources),
            to_download=tuple(each for each in sources if each.place == "channel"),
            unknown=tuple(each.package for each in sources if each.place == "unknown"),
            requested=tuple(sorted((name, spec) for name, spec in requests.items() if name in state)),
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
