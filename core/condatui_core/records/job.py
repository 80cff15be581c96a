"""Plans and jobs: what will be done, what is being done, and what came of it."""

from __future__ import annotations

from datetime import datetime
from typing import Literal, TypeAlias

from msgspec import Struct

from condatui_core.records.finding import Finding
from condatui_core.records.request import Request
from condatui_core.remedy import Advice

JobState = Literal["queued", "running", "cancelling", "done", "failed", "cancelled", "interrupted"]


class Step(Struct, frozen=True, kw_only=True):
    """One thing that a plan does, in its order."""

    title: str
    """One line, in the imperative: `Remove nlp-exp with conda`."""
    argv: tuple[str, ...] = ()
    """The command that does it, as it can be run by hand; empty if condatui does it itself."""


class PlannedRemoval(Struct, frozen=True, kw_only=True):
    """What a removal was planned by, so that nothing goes that was not seen then."""

    directories: tuple[str, ...] = ()
    """The paths at which there was a directory, of whose contents the plan tells."""
    over_limit: tuple[str, ...] = ()
    """Those whose restore point goes over the limit of the settings: whoever lets the plan be done agrees to it."""


class Plan(Struct, frozen=True, kw_only=True):
    """What an action will do, found out without doing it."""

    request: Request
    title: str
    """One line: `Clone nlp-base to nlp-2`."""
    steps: tuple[Step, ...] = ()
    prefixes: tuple[str, ...] = ()
    """The environments that it changes, makes or removes."""
    bytes_needed: int | None = None
    """On the disk it writes to; None if unknown."""
    bytes_freed: int | None = None
    """What `df` gains; None if unknown."""
    packages: int = 0
    """How many it clones, exports, packs, removes or brings back."""
    facts: tuple[tuple[str, str], ...] = ()
    """More that is worth seeing before it is done: (label, text) pairs."""
    warnings: tuple[Finding, ...] = ()
    """What the user should know first; it can be done all the same."""
    blockers: tuple[Finding, ...] = ()
    """Why it cannot be done: a plan with one is never carried out."""
    restore_points: tuple[str, ...] = ()
    """Ids of those that its prefixes had already when it was planned."""
    confirm: str = ""
    """What has to be typed before it is done, because something is really at risk; empty if a key is enough."""
    removal: PlannedRemoval | None = None
    """Of removals alone."""


class StageBegun(Struct, frozen=True, kw_only=True, tag="stage"):
    """A job goes on to its next stage; written to the journal before anything of that stage is done."""

    at: datetime
    name: str
    """A stable word: `unlink`, `archive`."""
    title: str
    """One line: `Removing nlp-exp`."""


class CommandBegun(Struct, frozen=True, kw_only=True, tag="command"):
    """A job starts a command."""

    at: datetime
    argv: tuple[str, ...]
    """Credentials masked."""


class CommandEnded(Struct, frozen=True, kw_only=True, tag="command-ended"):
    """The command of a job has ended."""

    at: datetime
    exit_code: int
    milliseconds: int


class Said(Struct, frozen=True, kw_only=True, tag="output"):
    """A line that a command wrote, or that the job itself has to say; printable, credentials masked."""

    at: datetime
    line: str


class Progressed(Struct, frozen=True, kw_only=True, tag="progress"):
    """How far a stage has come; not kept in the journal."""

    at: datetime
    done: int
    total: int | None
    """None if nobody knows."""
    unit: Literal["bytes", "files", "packages", "environments", "percent"]


class Outcome(Struct, frozen=True, kw_only=True):
    """What came of a job, judged by what is on the disk."""

    message: str
    """One line that is true: `nlp-2 was made: 212 packages, 14 MB`."""
    findings: tuple[Finding, ...] = ()
    """What is not as it should be, and what to do about it."""
    bytes_freed: int | None = None
    bytes_used: int | None = None
    says_bytes: bool = False
    """Whether the message tells what was freed or used, so that it need not be said again."""
    files: tuple[str, ...] = ()
    """Files and directories that were made for the user: archives, exports, prefixes."""
    restore_points: tuple[str, ...] = ()
    """Ids of those that were made."""
    receiver: tuple[str, ...] = ()
    """Lines that whoever receives the result has to run."""


class Ended(Struct, frozen=True, kw_only=True, tag="ended"):
    """The end of a job."""

    at: datetime
    state: JobState
    message: str
    """One line."""
    detail: str = ""
    """The words of whoever refused; may have several lines."""
    hint: Advice = ""
    """What the user can do about it."""
    outcome: Outcome | None = None
    """None if it failed or was cancelled before it came to anything."""
    exit_code: int = 0
    """What a command that waited for it exits with."""


Event: TypeAlias = StageBegun | CommandBegun | CommandEnded | Said | Progressed | Ended


class Recovery(Struct, frozen=True, kw_only=True):
    """What is on the disk after a job was interrupted, cancelled or has failed, and the way out."""

    state: Literal["untouched", "done", "half"]
    """As before, as wanted, or neither."""
    message: str
    """One line that is true of the disk now."""
    way_out: Request | None = None
    """What puts it right; None if nothing has to be done."""
    way_out_title: str = ""
    """What the way out does, one line: `Remove the half-made prefix`."""


class Job(Struct, frozen=True, kw_only=True):
    """A plan that is being carried out, at one moment; a later one replaces it whole."""

    id: str
    """Sorts by time: `20261120-233853-4f2a`."""
    plan: Plan
    state: JobState
    submitted: datetime
    started: datetime | None = None
    ended: datetime | None = None
    stage: StageBegun | None = None
    progress: Progressed | None = None
    """Of the stage."""
    commands: tuple[tuple[str, ...], ...] = ()
    """What was run, oldest first; credentials masked."""
    output: tuple[str, ...] = ()
    """The last lines."""
    end: Ended | None = None
    recovery: Recovery | None = None
    waiting: str = ""
    """What a queued job waits for, if it is not another job of this process: `pid 4711 on gpu07 is at work`."""
    elsewhere: str = ""
    """Which other process carries it out: `pid 4711 on gpu07`; empty if it is, or was, this one."""
