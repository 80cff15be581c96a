"""Place 4: the jobs that run, wait, and have ended."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from msgspec.structs import replace
from rich.text import Text
from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.events import ScreenResume, ScreenSuspend

from condatui.actions.action import KeyAction
from condatui.actions.context import ActionContext
from condatui.actions.registry import bindings
from condatui.messages import JobsSeen, RequestProposed
from condatui.screens.place import PlaceScreen
from condatui.session import Session
from condatui.view_models import styles
from condatui.view_models.jobs import JobsModel, job_commands, job_text
from condatui.widgets.lines_pane import OutputPane
from condatui.widgets.virtual_table import VirtualTable
from condatui_core.records.finding import Finding
from condatui_core.records.job import Job
from condatui_core.text import counted, sanitize

_TICK = 1.0
"""Seconds between two updates of the times while a job runs."""


class JobsScreen(PlaceScreen):
    """One row for each job, the newest first; details of the one under the cursor below, or beside it if wide."""

    PLACE = "jobs"
    BINDINGS: ClassVar[list[BindingType]] = [*bindings("jobs")]

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self._jobs: tuple[Job, ...] = ()
        self._shown: str | None = None
        """The id of the job whose details are shown."""
        self._visible = False
        """Whether this place is the visible one; while it is not, it draws nothing."""

    def compose_body(self) -> ComposeResult:
        """The jobs, and the one under the cursor."""
        yield VirtualTable(self.session.glyphs, id="jobs")
        yield OutputPane(id="job")

    @property
    def table(self) -> VirtualTable:
        """The table of jobs."""
        return self.query_one("#jobs", VirtualTable)

    @property
    def details(self) -> OutputPane:
        """The details of one job."""
        return self.query_one("#job", OutputPane)

    @property
    def current_job(self) -> Job | None:
        """The job under the cursor."""
        row = self.table.cursor_row
        return self._jobs[row] if row < len(self._jobs) else None

    @property
    def action_context(self) -> ActionContext:
        """The job under the cursor, for the actions."""
        return ActionContext(self.session.inventory, job=self.current_job)

    @property
    def actions(self) -> Iterable[KeyAction]:
        """The actions of this place; the line of keys offers to cancel only a job that is at work."""
        over = self.current_job is None or self.current_job.over
        for action in super().actions:
            yield replace(action, hint="") if over and action.id == "jobs.cancel" else action

    def on_mount(self) -> None:
        """Focus the jobs, and start the clock."""
        self.set_interval(_TICK, self._tick)
        self.focus_body()

    @on(ScreenResume)
    def _resume(self) -> None:
        """Show the jobs, and report that the user has seen what was interrupted."""
        self._visible = True
        self.show_jobs()
        self.post_message(JobsSeen())

    @on(ScreenSuspend)
    def _suspend(self) -> None:
        self._visible = False

    def focus_body(self) -> None:
        """Show and focus the jobs."""
        self.remove_class("-zoom-detail")
        self.table.focus()

    def show_session(self) -> None:
        """Show the new state; interrupted jobs are rows here, so the message about them at the top goes."""
        super().show_session()
        if self._visible and self.session.unseen:
            self.post_message(JobsSeen())

    def _told(self) -> tuple[Finding, ...]:
        session = self.session
        return (*session.damaged_journals, *session.interrupted, *session.inventory.problems)

    def show_jobs(self) -> None:
        """Show the progress of the jobs; the cursor stays on its job, or on the newest."""
        super().show_jobs()
        if not self._visible:
            return
        self._jobs = self.session.jobs
        model = JobsModel(self._jobs, now=self.session.clock(), glyphs=self.session.glyphs)
        follows = self.table.cursor_row == 0
        self.table.set_model(model, empty=self._why_empty())
        if follows:
            self.table.action_first()
        self._show_job()
        self.draw_bottom()

    def _why_empty(self) -> Text:
        return Text(
            "There are no jobs yet: 1 goes to the environments, where n e p d clone, export, pack, remove.", styles.DIM
        )

    def _tick(self) -> None:
        """Update the times of running jobs, and ask for the progress of other processes' jobs."""
        if self._visible and any(job.elsewhere and not job.over for job in self._jobs):
            self.post_message(JobsSeen())
        if self._visible and any(job.state in {"running", "cancelling"} for job in self._jobs):
            self.show_jobs()

    @on(VirtualTable.CursorMoved)
    def _follow_cursor(self, event: VirtualTable.CursorMoved) -> None:
        self.follow_notice(event)
        self._show_job()

    def _show_job(self) -> None:
        job = self.current_job
        fresh = (job.id if job else None) != self._shown
        self._shown = job.id if job else None
        text = job_text(job, self.session.clock(), key=self.session.key, glyphs=self.session.glyphs) if job else Text()
        self.details.show_output(text, fresh=fresh, follow=job is not None and not job.over)

    def status(self) -> Text:
        """The position of the cursor."""
        return Text(
            f"{self.table.cursor_row + 1 if self._jobs else 0} of {counted(len(self._jobs), 'job')}", styles.DIM
        )

    @on(VirtualTable.Selected)
    def _open(self) -> None:
        """Propose the request that repairs a failed job; if there is none, focus the details."""
        job = self.current_job
        if job and job.recovery and job.recovery.way_out and job.over:
            self.post_message(RequestProposed(job.recovery.way_out))
        else:
            self.action_switch()

    def action_switch(self) -> None:
        """Move the focus to the details, or back to the jobs."""
        if self.help_is_open:
            self.close_help()
        elif self.table.has_focus:
            self.set_class(not self.details.display, "-zoom-detail")
            self.details.focus()
        else:
            self.focus_body()

    def action_cancel(self) -> None:
        """Cancel the job under the cursor; a second time, kill its processes."""
        if job := self.current_job:
            again = job.state == "cancelling"
            self.session.workbench.jobs.cancel(job.id)
            self.say(f"{'Killing' if again else 'Cancelling'} {sanitize(job.plan.title)}")

    def action_copy(self) -> None:
        """Copy the commands of the job, one on each line."""
        commands = job_commands(job) if (job := self.current_job) else ""
        if commands:
            self.copy(commands)
        else:
            self.say("There is no command to copy.")

    def action_back(self) -> None:
        """Leave the innermost of the help, the details and the place."""
        if not self.help_is_open and not self.table.has_focus:
            self.focus_body()
        else:
            super().action_back()
