"""Finds which packages the files belong to that a traced command has opened."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator

from packaging.utils import canonicalize_name

from condatui_core.analyses.needs import Node
from condatui_core.analyses.slimming.usage import Touched
from condatui_core.prefixes.ownership import Owners
from condatui_core.prefixes.snapshot import PrefixRecords
from condatui_core.records.package import PackageRecord
from condatui_core.records.usage import Trace
from condatui_core.tracing.notes import HOOK

_METADATA = (".dist-info", ".egg-info", ".egg-link")
_CODE = (".py", ".pyc", ".so")
_META = "conda-meta/"


def touched_by(trace: Trace, records: PrefixRecords, owners: Owners) -> Touched:
    """Sort what a command has used of an environment by package; resolves links, so it blocks.

    `owners` are those of the records.
    """
    inside = _relative_to(records.prefix)
    found = Touched()
    for path in filter(os.path.isfile, sorted(trace.opened | trace.mapped)):  # Python tries names that are not there
        spellings = dict.fromkeys(inside(path))
        if not spellings:
            if path in trace.opened and path.endswith(_CODE) and not path.startswith(f"{HOOK}/"):
                found.outside.add(path)
            continue
        _take(found, owners, tuple(spellings))
        if path in trace.written:
            found.written.add(next(iter(spellings)))
    return found


def _take(found: Touched, owners: Owners, spellings: tuple[str, ...]) -> None:
    number = next((owner for each in spellings if (owner := owners.owner(each)) is not None), None)
    path = spellings[0]
    if number is None:
        if not path.startswith(_META) and not _is_metadata(path):
            found.loose.add(path)
        return
    node = _node(owners, number)
    if _is_metadata(path):
        found.metadata.add(node)
    else:
        found.files.setdefault(node, set()).add(path)


def _is_metadata(path: str) -> bool:
    return any(part.endswith(_METADATA) for part in path.split("/"))


def _node(owners: Owners, number: int) -> Node:
    package = owners.packages[number]
    if isinstance(package, PackageRecord):
        return Node("conda", package.name)
    return Node("pypi", canonicalize_name(package.name))


def _relative_to(prefix: str) -> Callable[[str], Iterator[str]]:
    """A function that gives the spellings of a path in the prefix, links to it and in it resolved as well.

    Of what lies outside there are none.
    """
    roots = tuple(os.path.join(each, "") for each in dict.fromkeys((prefix, os.path.realpath(prefix))))

    def spellings(path: str) -> Iterator[str]:
        for spelled in (os.path.normpath(path), os.path.realpath(path)):
            yield from (spelled[len(root) :] for root in roots if spelled.startswith(root))

    return spellings
