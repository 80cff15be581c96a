"""The panel of an action: its form, its plan, and the confirmation that submits the job."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import ClassVar

from rich.text import Text
from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.widgets import Static
from textual.worker import Worker, WorkerState

from condatui.panels.base import BottomPanel, titled_rule
from condatui.panels.forms import ActionForm, ExportPreview
from condatui.panels.plan_state import PlanState
from condatui.session import Session
from condatui.view_models import styles
from condatui.view_models.form import Form
from condatui.view_models.plan import Facts, plan_commands
from condatui.widgets.form_bar import FormBar
from condatui.widgets.line import Line
from condatui.widgets.lines_pane import LinesPane
from condatui.widgets.plan_view import PlanView
from condatui_core.errors import CondatuiError
from condatui_core.log import unexpected
from condatui_core.records.job import Plan
from condatui_core.records.request import Request
from condatui_core.text import sanitize

_SHARE = 0.75
"""The largest part of the screen's height that the panel takes."""
_SEEN = 6
"""Lines of the screen that the panel leaves free: at the top two rows of the place, at the bottom status and hints."""


class ActionPanel(BottomPanel):
    """A form, then a plan; `enter` leads from one to the next and to the job, `esc` back."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("pageup", "move_preview(-1)", show=False),
        Binding("pagedown", "move_preview(1)", show=False),
    ]

    def __init__(
        self,
        session: Session,
        *,
        form: ActionForm | None = None,
        request: Request | None = None,
        find_request: Callable[[], Awaitable[Request]] | None = None,
        note: str = "",
        about: Facts = (),
    ) -> None:
        """Starts with the form, or with the plan of a request that is given or that `find_request` finds.

        `note` is a line above the form and the plan, `about` says in it why each of what it is for was chosen.
        """
        super().__init__()
        self._session = session
        self._action_form = form
        self._request = request
        self._find_request = find_request
        self._note = note
        self._about = about
        self._agreed: tuple[Request, Plan] | None = None
        """The request to replace a file, which the user has agreed to, and the plan that the user saw."""
        self._plan_state = PlanState()
        self._form: Form | None = form.form({}) if form else None
        self._notice = Text()
        """The result of the last key, such as why an answer is refused."""
        self._cut = False
        """Whether the contents are longer than the panel."""

    def compose(self) -> ComposeResult:
        """A rule with the title; below it the form, or the plan."""
        yield Line(id="action-title")
        if self._form:
            if self._note:
                yield Static(Text(self._note, styles.STRONG), id="action-note")
            yield FormBar(self._form, self._session.glyphs)
        if self._action_form and self._action_form.previews:
            yield ExportPreview(self._session, self._action_form)
        yield PlanView(id="action-plan")

    def on_mount(self) -> None:
        """Show the form, or start to plan."""
        self.query_one("#action-title", Line).draw(self._title_line)
        if self._request:
            self._propose(self._request)
        elif self._find_request:
            self._show_plan()
            self._find(self._find_request)
        else:
            self._show_form()
            self._follow_answers()

    @property
    def form_is_open(self) -> bool:
        """Whether the form is visible."""
        return bool(self._form) and self.query_one(FormBar).display

    def take_keys(self) -> None:
        """Focus the form while it is open, else the plan."""
        if self.form_is_open:
            self.query_one(FormBar).take_keys()
        else:
            self.query_one(PlanView).take_keys()

    def hints(self) -> Text:
        """The hints for the keys, or why the last key did nothing."""
        if self._notice:
            return self._notice
        if self.form_is_open:
            more = "  pgdn more" if any(each.ends_below for each in self.query(ExportPreview)) else ""
            return Text(f"enter go on  esc leave  tab next  left/right choose{more}")
        leave = "esc back" if self._form else "esc leave"
        more = f"  {self._key('list.page_down')} more" if self._cut and self.query_one(PlanView).ends_below else ""
        keys = (self._key("list.open"), self._key("copy"), leave, self._key("environments.mark"))
        return Text(self._plan_state.hints(*keys) + more)

    def _key(self, action: str) -> str:
        return self._session.key(action)

    def _title_line(self, width: int) -> Text:
        title = self._form.title if self._form and self.form_is_open else self._plan_state.title
        return titled_rule(title, width, self._session.glyphs)

    def _show_form(self) -> None:
        self._open_form(open_it=True)
        self.fit()

    def _open_form(self, *, open_it: bool) -> None:
        """Show the form with what belongs to it, and not the plan, or the other way round."""
        for each in (*self.query(FormBar), *self.query(ExportPreview), *self.query("#action-note")):
            each.display = open_it
        self.query_one(PlanView).display = not open_it

    def fit(self) -> None:
        """Set the height that the contents need, and leave a part of the place visible."""
        width, height = self.screen.size
        most = max(6, min(int(height * _SHARE), height - _SEEN))
        needed = 1
        if self.form_is_open:
            needed += self.query_one(FormBar).row_count + self._note_height(width - 2)
            needed = max(needed, most) if self._action_form and self._action_form.previews else needed
        else:
            needed += self.query_one(PlanView).needed_height(width - 2)
        self._cut = needed > most
        self.styles.height = min(most, needed)
        self.query_one("#action-title", Line).draw(self._title_line)
        self.post_message(self.HintsChanged())

    def _note_height(self, width: int) -> int:
        """The lines that the note above the form takes."""
        return len(Text(self._note).wrap(self.app.console, max(width, 1))) if self._note else 0

    @on(FormBar.FormChanged)
    def _follow_answers(self) -> None:
        """Update the form at once, and the preview when the user pauses."""
        assert self._action_form is not None
        bar = self.query_one(FormBar)
        self._form = self._action_form.form(bar.answers)
        bar.show_form(self._form)
        self.fit()
        for preview in self.query(ExportPreview):
            preview.follow(bar.answers)

    def action_move_preview(self, pages: int) -> None:
        """Scroll the preview while a field has the focus."""
        for preview in self.query(ExportPreview):
            preview.action_page_up() if pages < 0 else preview.action_page_down()

    @on(FormBar.FormAnswered)
    @work(group="answers", exclusive=True, exit_on_error=False, description="take answers")
    async def _take_answers(self) -> None:
        assert self._action_form is not None
        try:
            request = await self._action_form.request(self.query_one(FormBar).answers)
        except CondatuiError as error:
            self._refuse(error.title)
        else:
            self._propose(request)

    @work(group="answers", exclusive=True, exit_on_error=False, description="find the request")
    async def _find(self, find_request: Callable[[], Awaitable[Request]]) -> None:
        try:
            request = await find_request()
        except CondatuiError as error:
            self._take_plan(None, error)
        else:
            self._propose(request)

    def _refuse(self, why: str) -> None:
        self._say(Text(sanitize(why), styles.WARNING))

    def _say(self, notice: Text) -> None:
        self._notice = notice
        self.post_message(self.HintsChanged())

    def on_key(self) -> None:
        """Clear the result of the previous key."""
        if self._notice:
            self._say(Text())

    def _propose(self, request: Request) -> None:
        """Plan a request and drop the previous plan."""
        self._plan_state = self._state_of(request)
        self._open_form(open_it=False)
        self._show_plan()
        self._plan(request)

    @work(group="plan", exclusive=True, exit_on_error=False, description="plan")
    async def _plan(self, request: Request) -> None:
        try:
            plan = await self._session.workbench.jobs.plan(request)
        except CondatuiError as error:
            self._take_plan(request, error)
        else:
            self._take_plan(request, plan)

    def _take_plan(self, request: Request | None, result: Plan | CondatuiError) -> None:
        if request is self._plan_state.request:  # the user may have proposed another request meanwhile
            self._plan_state = self._state_of(request, result)
            self._show_plan()
            if (plan := self._plan_state.ready) and self._is_agreed(plan):
                self._submit(plan)

    def _state_of(self, request: Request | None, result: Plan | CondatuiError | None = None) -> PlanState:
        return PlanState(request, result, read_only=self._session.workbench.read_only)

    def _is_agreed(self, plan: Plan) -> bool:
        """Whether the user has agreed to this plan already, and it has nothing more to tell."""
        if self._agreed is None or plan.confirm:
            return False
        request, seen = self._agreed
        return request is self._plan_state.request and plan.warnings == seen.warnings

    def _show_plan(self) -> None:
        view = self.query_one(PlanView)
        view.show(self._plan_text(), word=self._plan_state.word)
        self.fit()
        view.take_keys()

    def _plan_text(self) -> Text:
        text = self._plan_state.text(self._session.glyphs, self._session.words, self._about)
        note = f"{self._note}\n" if self._note and self._plan_state.plan else ""
        return Text.assemble((note, styles.STRONG), text)

    @on(Worker.StateChanged)
    def _take_failure(self, event: Worker.StateChanged) -> None:
        """The error boundary of the panel's workers: show any failure as a message."""
        error = event.worker.error if event.state is WorkerState.ERROR else None
        if error is not None and self.form_is_open:
            self._refuse(" ".join(unexpected(error).detail.splitlines()))
        elif error is not None:
            self._take_plan(self._plan_state.request, unexpected(error, "This could not be planned."))

    @on(PlanView.Accepted)
    def _run(self, event: PlanView.Accepted) -> None:
        """Submit the plan, or propose the alternative to a blocked one."""
        if alternative := self._plan_state.alternative:
            seen = self._plan_state.plan
            self._agreed = (alternative.request, seen) if alternative.agreed and seen else None
            self._propose(alternative.request)
            return
        plan = self._plan_state.ready
        if plan is None:
            return
        if event.typed.strip() != self._plan_state.word:
            self._refuse(f"Type {self._plan_state.word} and enter to go on, or esc to leave it.")
            return
        self._submit(plan)

    def _submit(self, plan: Plan) -> None:
        try:
            self._session.workbench.jobs.submit(plan)
        except CondatuiError as error:
            self._refuse(f"{error.title} {self._session.words(error.advice)}".rstrip())
        else:
            self.post_message(self.PanelClosed(self._started_notice(plan)))

    def _started_notice(self, plan: Plan) -> str:
        return f"Begun: {sanitize(plan.title)}. {self._key('place.jobs')} shows it."

    @on(LinesPane.Scrolled)
    def _see_end(self) -> None:
        """Say in the hints whether there is more."""
        self.post_message(self.HintsChanged())

    @on(PlanView.Copied)
    def _copy(self) -> None:
        """Copy the commands, one on each line."""
        commands = plan_commands(self._plan_state.plan) if self._plan_state.plan else ""
        if not commands:
            self._refuse("There is no command to copy: condatui does this itself.")
        else:
            self._session.clipboard.copy(commands, "", lambda notice: self._say(Text(notice)))

    @on(PlanView.Switched)
    def _switch(self) -> None:
        """Plan the removal with the kernels, or without them."""
        if switched := self._plan_state.switched:
            self._propose(switched.request)

    @on(PlanView.PlanLeft)
    def _leave_plan(self) -> None:
        """Go back to the form; if there is none, close the panel."""
        self.workers.cancel_group(self, "plan")
        if self._form is None:
            self.post_message(self.PanelClosed())
            return
        self._plan_state = PlanState()
        self._show_form()
        self.take_keys()

    @on(FormBar.FormLeft)
    def _leave_form(self) -> None:
        self.post_message(self.PanelClosed())
