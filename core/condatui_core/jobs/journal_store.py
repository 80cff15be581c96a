"""All journals of a user: reading them, and deleting old ones."""

from __future__ import annotations

import errno
import os
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import TypeVar

import msgspec
from msgspec.structs import replace

from condatui_core.fs.delete_tree import delete_tree
from condatui_core.fs.documents import decode, format_of
from condatui_core.fs.locks import FileLock
from condatui_core.fs.safe_read import read_bounded, reason
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
from condatui_core.proc.owner import Owner, this_process
from condatui_core.records.finding import Finding, finding
from condatui_core.records.job import Job, Plan
from condatui_core.remedy import SeeInterrupted
from condatui_core.text import sanitize

MOST_KEPT = 200
"""How many journals of jobs that are over are kept."""
LONGEST_KEPT = timedelta(days=90)
_LARGEST = 64 << 20
_T = TypeVar("_T")
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

    @property
    def needs_attention(self) -> bool:
        """Whether its job was interrupted, and the user does not know yet."""
        return not self.settled and self.job.state == "interrupted"


@dataclass(frozen=True, slots=True)
class DamagedJournal:
    """A journal that cannot be read, so that nothing is known of its job."""

    directory: Path
    reason: str

    @property
    def finding(self) -> Finding:
        """What to tell about it."""
        message = f"The journal {sanitize(str(self.directory))} is damaged ({sanitize(self.reason)}): "
        message += "whether its job came to an end, and what it has left, is not known."
        remedy = "Look at what that job was about; deleting that directory ends this message."
        return finding("damaged-journal", "warning", message, remedy)


@dataclass(frozen=True, slots=True)
class JournalSurvey:
    """All that lies in the directory of the journals, newest first."""

    journals: tuple[ReadJournal, ...] = ()
    newer: tuple[Path, ...] = ()
    """Those of a newer condatui: they are not read, and never pruned."""
    damaged: tuple[DamagedJournal, ...] = ()


def survey_journals(directory: Path, here: Owner) -> JournalSurvey:
    """Read all journals; what is no journal, or none yet, is left out. Never raises."""
    directories = _directories(directory)
    newer = tuple(each for each in directories if _format(each) > FORMAT)
    read = [_read_or_why_not(each, here) for each in directories if each not in newer and _has_begun(each)]
    return JournalSurvey(
        journals=tuple(each for each in read if isinstance(each, ReadJournal)),
        newer=newer,
        damaged=tuple(each for each in read if isinstance(each, DamagedJournal)),
    )


def read_jobs(directory: Path) -> tuple[Job, ...]:
    """The jobs of all journals that can be read, newest first; blocks."""
    return tuple(each.job for each in survey_journals(directory, this_process()).journals)


def _has_begun(directory: Path) -> bool:
    """Whether it is a journal: its plan is written last, and nothing happens before."""
    with suppress(OSError):
        return (directory / PLAN).exists() or os.path.getsize(directory / EVENTS) > 0
    return False


def _read_or_why_not(directory: Path, here: Owner) -> ReadJournal | DamagedJournal:
    try:
        return _read(directory, here)
    except OSError as error:
        return DamagedJournal(directory, _why(error))


def journal_findings(directory: Path) -> tuple[Finding, ...]:
    """What the next change should not be made without knowing: jobs that were interrupted, journals not read; blocks.

    What an interrupted job has left is not looked at here.
    """
    survey = survey_journals(directory, this_process())
    interrupted = (interrupted_finding(each.job) for each in survey.journals if each.needs_attention)
    return (*interrupted, *newer_findings(survey.newer), *(each.finding for each in survey.damaged))


def interrupted_finding(job: Job) -> Finding:
    """What to tell about an interrupted job, and about what it has left if that has been looked at."""
    stage = f" ({job.stage.title})" if job.stage else ""
    left = f": {job.recovery.message}" if job.recovery else "."
    remedy = SeeInterrupted(way_out=job.recovery is not None and job.recovery.way_out is not None)
    return finding("interrupted", "warning", sanitize(f"{job.plan.title} was interrupted{stage}{left}"), remedy)


def newer_findings(newer: Sequence[Path]) -> tuple[Finding, ...]:
    """What to tell about journals of a newer condatui: one finding for all, none if there are none."""
    return (finding("newer-journal", "warning", _of_newer(newer)),) if newer else ()


def _of_newer(newer: Sequence[Path]) -> str:
    formats = ", ".join(sorted({str(_format(each)) for each in newer}))
    jobs = "The journal of one job was" if len(newer) == 1 else f"The journals of {len(newer)} jobs were"
    return f"{jobs} made by a newer condatui (format {formats}); this one reads format {FORMAT} and leaves them alone."


def _read(directory: Path, here: Owner) -> ReadJournal:
    plan = _decoded(directory / PLAN, _PLAN)
    submission = _decoded(directory / OWNER, _SUBMISSION)
    entries = _entries(directory / EVENTS)
    job = apply_entries(new_job(directory.name, plan, submission.at), entries)
    owner = submission.owner
    if job.end is None and owner.near(here) and not _is_running(directory, owner, here):
        job = replace(job, state="interrupted")
    elif job.end is None and owner != here:
        job = replace(job, elsewhere=str(owner))
    settled = any(isinstance(each, Settled) for each in entries)
    return ReadJournal(directory, job, owner, settled=settled)


def _decoded(file: Path, decoder: msgspec.json.Decoder[_T]) -> _T:
    data = read_bounded(str(file), _LARGEST)
    if not data.strip(b"\0"):  # as a power cut leaves it
        raise OSError(errno.EILSEQ, "without content", str(file))
    try:
        return decode(data, decoder, own=True)
    except OSError as error:
        raise OSError(error.errno, reason(error), str(file)) from error


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


def _entries(file: Path) -> tuple[Entry, ...]:
    """All entries; a line that a full disk or a crash of the machine has cut off is skipped.

    Raises OSError if the file cannot be read, or has lines of which none can.
    """
    lines = [line for line in read_bounded(str(file), _LARGEST).split(b"\n") if line]
    entries = tuple(entry for line in lines if (entry := _entry(line)) is not None)
    if lines and not entries:
        raise OSError(errno.EILSEQ, "no line of it can be read", str(file))
    return entries


def _entry(line: bytes) -> Entry | None:
    try:
        return decode(line, _ENTRY, own=True)
    except OSError:
        return None


def _why(error: OSError) -> str:
    """Which file cannot be read, and why."""
    name = os.path.basename(str(error.filename or ""))
    return f"{name}: {reason(error)}" if name else reason(error)


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
