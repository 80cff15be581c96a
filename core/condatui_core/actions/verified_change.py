"""What every change of an environment that stays has in common: kept before, compared afterwards, with a way back."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager

from packaging.utils import canonicalize_name

from condatui_core.actions.checkpoint import Checkpoint, CheckpointSubject, make_checkpoint
from condatui_core.actions.protocol import JobContext, Work
from condatui_core.errors import CondatuiError
from condatui_core.log import unexpected
from condatui_core.prefixes.snapshot import PrefixRecords
from condatui_core.records.finding import Finding, finding
from condatui_core.records.package import Distribution
from condatui_core.restore_points.store import bytes_of_point, directory_of_points
from condatui_core.text import counted, first_of, sanitize

_MOST_LINES = 20


# Before


def left_behind(name: str, before: str, after: str, by_pip: Sequence[Distribution]) -> Finding:
    """The warning that another python will not read what pip has installed; versions, empty for none."""
    count = counted(len(by_pip), "distribution of pip is", "distributions of pip are")
    message = f"python of {sanitize(name)} goes from {before} to {after or 'none'}: {count} left behind."
    names = (sanitize(each.name) for each in by_pip)
    return finding("python-moves", "warning", message, "Install them again afterwards.", names)


def keep(subject: CheckpointSubject, context: JobContext, work: Work, *, limited: bool) -> Checkpoint:
    """Make the restore point of an environment that is about to be changed, and say so; blocks.

    Raises as `make_checkpoint` does.
    """
    kept = make_checkpoint(subject, context, work, limited=limited)
    work.say(f"restore point {kept.point.id}: {counted(kept.point.archived_files, 'file')}")
    return kept


def kept_bytes(kept: Checkpoint, context: JobContext) -> int:
    """The bytes that the restore point takes on the disk; blocks."""
    return bytes_of_point(directory_of_points(context.settings, context.locations), kept.point.id)


# The way back


@contextmanager
def naming_way_back(kept: Checkpoint) -> Iterator[None]:
    """Let each error from here on name the restore point: nothing is lost that it has."""
    try:
        yield
    except Exception as error:
        found = unexpected(error)
        saved = way_back(kept.point.id)
        detail = f"{found.detail}\n{saved}".strip() if found.advice else found.detail
        raise CondatuiError(found.title, detail, found.advice or saved) from error


def way_back(point: str) -> str:
    """Words that name a restore point by its id."""
    return f"Restore point {point} has it as it was."


def not_as_intended(name: str, problems: Iterable[str]) -> CondatuiError:
    """The error that an environment has not become what it was to become, with a line for each problem."""
    lines = "\n".join(map(sanitize, first_of([*problems], _MOST_LINES)))
    return CondatuiError(f"{sanitize(name)} is not as it was to become.", lines)


# Afterwards


def expected_packages(before: Iterable[str], removed: Collection[str], added: Collection[str]) -> set[str]:
    """The packages that an environment is to have afterwards; all as `name-version-build`."""
    return (set(before) - set(removed)) | set(added)


def differences(
    records: PrefixRecords,
    before: PrefixRecords,
    removed: Collection[str],
    added: Collection[str],
    *,
    spared: Collection[str] = (),
) -> Iterator[str]:
    """Lines that name what an environment has otherwise than planned, files of new packages included; blocks.

    `removed` and `added` are spelled `name-version-build`; the distributions that pip itself takes away or replaces
    are `spared`, by canonical names.
    """
    there = {each.dist_name for each in records.contents.packages}
    wanted = expected_packages((each.dist_name for each in before.contents.packages), removed, added)
    yield from (f"{each}: is not there" for each in sorted(wanted - there))
    yield from (f"{each}: was not planned" for each in sorted(there - wanted))
    yield from (f"{each.path}: {each.reason}" for each in records.contents.unreadable)
    lost = sorted(by_pip(before) - by_pip(records))
    yield from (f"{each}, which pip has installed: is gone" for each in lost if _name(each) not in spared)
    yield from missing_files(records, added)


def missing_files(records: PrefixRecords, packages: Collection[str] | None = None) -> Iterator[str]:
    """Lines that name the files that are not there of packages, as `name-version-build`, or else of all; blocks."""
    looked_at = (each for each in records.packages if packages is None or each.record.dist_name in packages)
    paths = (path.path for each in looked_at for path in each.paths)
    yield from (f"{each}: is missing" for each in paths if not os.path.lexists(os.path.join(records.prefix, each)))


def by_pip(records: PrefixRecords) -> set[str]:
    """What pip has installed, by name and version, where a python reads it or another one has left it behind."""
    contents = records.contents
    stale = {name for each in contents.stale_site_packages for name in each.names}
    return {f"{each.name} {each.version}" for each in contents.pip_distributions} | stale


def names_by_pip(records: PrefixRecords) -> set[str]:
    """The canonical names of the same."""
    return {_name(each) for each in by_pip(records)}


def _name(distribution: str) -> str:
    return canonicalize_name(distribution.partition(" ")[0])
