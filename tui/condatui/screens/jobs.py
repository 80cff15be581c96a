"""Place 4: what is being done, what waits, and what was done."""

from __future__ import annotations

from typing import ClassVar

from rich.text import Text
from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.events import ScreenResume, ScreenSuspend

from condatui.actions.context import ActionContext
from condatui.actions.registry import bindings
from condatui.messages import JobsSeen, RequestProposed
from condatui.screens.place import PlaceScreen
from condatui.session import Session
from condatui.view_models import styles
from condatui.view_models.jobs import JobsModel, is_over, job_commands, job_text
from condatui.widgets.lines_pane import OutputPane
from condatui.widgets.virtual_table import VirtualTable
from condatui_core.records.job import Job
from condatui_core.text import counted, sanitize

_TICK = 1.0
"""Seconds between two looks at the clock while a job runs."""


class JobsScreen(PlaceScreen):
    """A row a job, the newest first; all about the one under the cursor below, or beside where there is room."""

    PLACE = "jobs"
    BINDINGS: ClassVar[list[BindingType]] = [*bindings("jobs")]

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self._jobs: tuple[Job, ...] = ()
        self._shown: str | None = None
        """The job that the details are of."""
        self._seen = False
        """Whether the user is here: what is drawn elsewhere is drawn for nobody."""

    def compose_body(self) -> ComposeResult:
        """The jobs and the one under the cursor."""
        yield VirtualTable(self.session.signs, id="jobs")
        yield OutputPane(id="job")

    @property
    def table(self) -> VirtualTable:
        """The jobs."""
        return self.query_one("#jobs", VirtualTable)

    @property
    def details(self) -> OutputPane:
        """All about one job."""
        return self.query_one("#job", OutputPane)

    @property
    def current_job(self) -> Job | None:
        """The job under the cursor."""
        row = self.table.cursor_row
        return self._jobs[row] if row < len(self._jobs) else None

    @property
    def action_context(self) -> ActionContext:
        """How things stand here."""
        return ActionContext(self.session.inventory, job=self.current_job)

    def on_mount(self) -> None:
        """The keys go to the jobs, and the clock goes on."""
        self.set_interval(_TICK, self._tick)
        self.focus_body()

    @on(ScreenResume)
    def _come(self) -> None:
        """Who looks here knows what was interrupted; others may have jobs as well."""
        self._seen = True
        self.show_jobs()
        self.post_message(JobsSeen())

    @on(ScreenSuspend)
    def _go(self) -> None:
        self._seen = False

    def focus_body(self) -> None:
        """The keys go to the jobs."""
        self.remove_class("-zoom-detail")
        self.table.focus()

    def show_session(self) -> None:
        """What was interrupted stands in the rows here: above them nothing has to be said of it."""
        super().show_session()
        if self._seen and self.session.interrupted:
            self.post_message(JobsSeen())

    def show_jobs(self) -> None:
        """Show how far the jobs have come, the cursor staying on its job, or on the newest."""
        super().show_jobs()
        if not self._seen:
            return
        self._jobs = self.session.jobs
        model = JobsModel(self._jobs, now=self.session.clock(), signs=self.session.signs)
        follows = self.table.cursor_row == 0
        self.table.set_model(model, empty=self._why_empty())
        if follows:
            self.table.action_first()
        self._show_job()
        self.draw_bottom()

    def _why_empty(self) -> Text:
        return Text(
            "Nothing was done yet: 1 goes to the environments, where n e p d clone, export, pack, remove.", "dim"
        )

    def _tick(self) -> None:
        """A second more for what runs; how far others have come has to be looked for."""
        if self._seen and any(job.elsewhere and not is_over(job) for job in self._jobs):
            self.post_message(JobsSeen())
        if self._seen and any(job.state in {"running", "cancelling"} for job in self._jobs):
            self.show_jobs()

    @on(VirtualTable.CursorMoved)
    def _follow_cursor(self) -> None:
        self.say("")
        self._show_job()

    def _show_job(self) -> None:
        job = self.current_job
        fresh = (job.id if job else None) != self._shown
        self._shown = job.id if job else None
        text = job_text(job, self.session.clock(), key=self.session.key, signs=self.session.signs) if job else Text()
        self.details.show_output(text, fresh=fresh, follow=job is not None and not is_over(job))

    def status(self) -> Text:
        """Where the cursor is."""
        return Text(
            f"{self.table.cursor_row + 1 if self._jobs else 0} of {counted(len(self._jobs), 'job')}", styles.DIM
        )

    @on(VirtualTable.Selected)
    def _open(self) -> None:
        """To the way out of what went wrong; where there is none, into the details."""
        job = self.current_job
        if job and job.recovery and job.recovery.way_out and is_over(job):
            self.post_message(RequestProposed(job.recovery.way_out))
        else:
            self.action_switch()

    def action_switch(self) -> None:
        """Give the keys to the details, or back to the jobs."""
        if self.help_is_open:
            self.close_help()
        elif self.table.has_focus:
            self.set_class(not self.details.display, "-zoom-detail")
            self.details.focus()
        else:
            self.focus_body()

    def action_cancel(self) -> None:
        """Cancel the job under the cursor; once more kills what does not end."""
        if job := self.current_job:
            again = job.state == "cancelling"
            self.session.workbench.jobs.cancel(job.id)
            self.say(f"{'Killing' if again else 'Cancelling'} {sanitize(job.plan.title)}")

    def action_copy(self) -> None:
        """Copy the commands of the job, a line each."""
        commands = job_commands(job) if (job := self.current_job) else ""
        if commands:
            self.app.copy_to_clipboard(commands)
            self.say("Copied the commands")
        else:
            self.say("There is no command to copy.")

    def action_back(self) -> None:
        """Out of the help or the details."""
        if self.help_is_open:
            self.close_help()
        else:
            self.focus_body()
