"""All journals of a user: reading them, and deleting old ones."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import msgspec
from msgspec.structs import replace

from condatui_core.fs.atomic_write import decode, format_of
from condatui_core.fs.delete_tree import delete_tree
from condatui_core.fs.locks import FileLock
from condatui_core.fs.safe_read import read_bounded
from condatui_core.jobs.journal import (
    EVENTS,
    FORMAT,
    LOCK,
    OWNER,
    PLAN,
    Entry,
    Settled,
    Submission,
    apply_entries,
    new_job,
)
from condatui_core.proc.owner import Owner
from condatui_core.records.job import Job, Plan

MOST_KEPT = 200
"""How many journals of jobs that are over are kept."""
LONGEST_KEPT = timedelta(days=90)
_LARGEST = 64 << 20
_PLAN = msgspec.json.Decoder(Plan)
_SUBMISSION = msgspec.json.Decoder(Submission)
_ENTRY: msgspec.json.Decoder[Entry] = msgspec.json.Decoder(Entry)


@dataclass(frozen=True, slots=True)
class ReadJournal:
    """The contents of a journal."""

    directory: Path
    job: Job
    owner: Owner
    settled: bool
    """Whether the user knows what became of it."""
    abandoned: bool
    """Whether it has no end, and the process that carried the job out is gone."""


def read_journals(directory: Path, here: Owner) -> list[ReadJournal]:
    """Read all journals, newest first; what is no journal, or none yet, is left out. Never raises."""
    return [journal for each in _directories(directory) if (journal := read_journal(each, here))]


def newer_journals(directory: Path) -> tuple[Path, ...]:
    """The journals of a newer condatui, newest first: they are not read, and never pruned."""
    return tuple(each for each in _directories(directory) if _format(each) > FORMAT)


def newer_note(newer: Sequence[Path]) -> str:
    """One line that says that there are such journals."""
    formats = ", ".join(sorted({str(_format(each)) for each in newer}))
    jobs = "The journal of one job was" if len(newer) == 1 else f"The journals of {len(newer)} jobs were"
    return f"{jobs} made by a newer condatui (format {formats}); this one reads format {FORMAT} and leaves them alone."


def read_journal(directory: Path, here: Owner) -> ReadJournal | None:
    """Read one journal; None if it is none, cannot be read, or is that of a newer condatui."""
    if _format(directory) > FORMAT:
        return None
    try:
        plan = decode(read_bounded(str(directory / PLAN), _LARGEST), _PLAN)
        submission = decode(read_bounded(str(directory / OWNER), _LARGEST), _SUBMISSION)
        entries = tuple(_entries(read_bounded(str(directory / EVENTS), _LARGEST)))
    except OSError:
        return None
    job = apply_entries(new_job(directory.name, plan, submission.at), entries)
    owner = submission.owner
    abandoned = job.end is None and owner.near(here) and not _is_running(directory, owner, here)
    if abandoned:
        job = replace(job, state="interrupted")
    elif job.end is None and owner != here:
        job = replace(job, elsewhere=str(owner))
    settled = any(isinstance(each, Settled) for each in entries)
    return ReadJournal(directory, job, owner, settled=settled, abandoned=abandoned)


def prune(directory: Path, now: datetime) -> None:
    """Delete the journals of jobs that ended long ago, but none of a newer condatui; never raises."""
    known = (each for each in _directories(directory) if _format(each) <= FORMAT)
    for number, each in enumerate(known):
        if number >= MOST_KEPT or now.timestamp() - _modified(each) > LONGEST_KEPT.total_seconds():
            lock = FileLock(each / LOCK)
            with suppress(OSError):
                if lock.try_take():
                    delete_tree(str(each))
            lock.release()


def _directories(directory: Path) -> list[Path]:
    try:
        return sorted((each for each in directory.iterdir() if each.is_dir()), reverse=True)
    except OSError:
        return []


def _format(journal: Path) -> int:
    """The format that a journal states; 0 if it states none, because it is no journal or cannot be read."""
    try:
        return format_of(read_bounded(str(journal / OWNER), _LARGEST))
    except OSError:
        return 0


def _entries(data: bytes) -> Iterator[Entry]:
    """All entries; a line that a full disk or a crash of the machine has cut off is skipped."""
    for line in data.split(b"\n"):
        with suppress(OSError):
            yield decode(line, _ENTRY)


def _is_running(directory: Path, owner: Owner, here: Owner) -> bool:
    """Whether a process holds the journal's lock; where the file system has no locks, whether its owner still runs."""
    lock = FileLock(directory / LOCK)
    try:
        return not lock.try_take() or (not lock.supported and owner.alive(here))
    except OSError:
        return owner.alive(here)
    finally:
        lock.release()


def _modified(directory: Path) -> float:
    for path in (directory / EVENTS, directory):
        with suppress(OSError):
            return path.stat().st_mtime
    return 0.0
