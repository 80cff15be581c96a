"""From a wish to a job: what is asked first, the plan, and the key that has it carried out."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import ClassVar

from rich.text import Text
from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.worker import Worker, WorkerState

from condatui.panels.base import BottomPanel
from condatui.panels.forms import ActionForm, ExportPreview
from condatui.panels.plan_state import PlanState
from condatui.session import Session
from condatui.view_models import styles
from condatui.view_models.form import Form
from condatui.view_models.glyphs import shapes_for
from condatui.view_models.plan import plan_commands
from condatui.widgets.form_bar import FormBar
from condatui.widgets.line import Line
from condatui.widgets.plan_view import PlanView
from condatui_core.errors import CondatuiError
from condatui_core.log import unexpected
from condatui_core.records.job import Plan
from condatui_core.records.request import Request
from condatui_core.text import sanitize

_CLIPBOARD = 70_000
"""Bytes; terminals drop what is larger."""
_SHARE = 0.75
"""Of the height of the screen, at most."""
_SEEN = 6
"""Lines of the screen that stay as they are: above two rows of the place, below its status and the hints."""


class ActionPanel(BottomPanel):
    """A form, then a plan; `enter` leads from one to the next and to the job, `esc` out of it."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("pageup", "move_preview(-1)", show=False),
        Binding("pagedown", "move_preview(1)", show=False),
    ]

    def __init__(
        self,
        session: Session,
        *,
        asking: ActionForm | None = None,
        request: Request | None = None,
        finding: Callable[[], Awaitable[Request]] | None = None,
        then: str = "",
    ) -> None:
        """Begins with what is asked or, where all is known, with the plan of a request, which may have to be found.

        `then` names what gets a plan of its own once this is done.
        """
        super().__init__()
        self._session = session
        self._asking = asking
        self._first = request
        self._finding = finding
        self._then = then
        self._planned = PlanState()
        self._form: Form | None = asking.form({}) if asking else None
        self._said = Text()
        """What came of the last key, such as why an answer cannot be."""
        self._cut = False
        """Whether there is more to see than there is room for."""

    def compose(self) -> ComposeResult:
        """A rule with the title; below it what is asked, or the plan."""
        yield Line(id="acting-title")
        if self._form:
            yield FormBar(self._form, self._session.signs)
        if self._asking and self._asking.previews:
            yield ExportPreview(self._session, self._asking)
        yield PlanView(id="acting-plan")

    def on_mount(self) -> None:
        """Ask, or plan at once."""
        self.query_one("#acting-title", Line).draw(self._title_line)
        if self._first:
            self._propose(self._first)
        elif self._finding:
            self._show_planned()
            self._find(self._finding)
        else:
            self._show_form()
            self._follow_answers()

    @property
    def asks(self) -> bool:
        """Whether the form is open."""
        return bool(self._form) and self.query_one(FormBar).display

    def take_keys(self) -> None:
        """To the form while it is open, else to the plan."""
        if self.asks:
            self.query_one(FormBar).take_keys()
        else:
            self.query_one(PlanView).take_keys()

    def hints(self) -> Text:
        """What the keys do, or why they do not."""
        if self._said:
            return self._said
        if self.asks:
            return Text("enter go on  esc leave  tab next  left/right choose")
        leave = "esc back" if self._form else "esc leave"
        more = f"  {self._key('list.page_down')} more" if self._cut else ""
        return Text(self._planned.hints(self._key("list.open"), self._key("copy"), leave) + more)

    def _key(self, action: str) -> str:
        return self._session.key(action)

    def _title_line(self, width: int) -> Text:
        rule = shapes_for(self._session.signs).rule
        title = self._form.title if self._form and self.asks else self._planned.title
        line = Text.assemble((f"{rule} ", "dim"), (sanitize(title), "bold"), " ")
        line.truncate(max(0, width - 1))
        return line.append(rule * max(0, width - line.cell_len), "dim")

    def _show_form(self) -> None:
        self.query_one(FormBar).display = True
        self.query_one(PlanView).display = False
        for preview in self.query(ExportPreview):
            preview.display = True
        self.fit()

    def fit(self) -> None:
        """Be as tall as what is shown, and leave some of the place to see."""
        width, height = self.screen.size
        most = max(6, min(int(height * _SHARE), height - _SEEN))
        needed = 1
        if self.asks:
            needed += self.query_one(FormBar).row_count
            needed = max(needed, most) if self._asking and self._asking.previews else needed
        else:
            needed += self.query_one(PlanView).needed_height(width - 2)
        self._cut = needed > most
        self.styles.height = min(most, needed)
        self.query_one("#acting-title", Line).draw(self._title_line)
        self.post_message(self.HintsChanged())

    @on(FormBar.FormChanged)
    def _follow_answers(self) -> None:
        """What follows from an answer follows at once; a preview follows when the user pauses."""
        assert self._asking is not None
        bar = self.query_one(FormBar)
        self._form = self._asking.form(bar.answers)
        bar.show_form(self._form)
        self.fit()
        for preview in self.query(ExportPreview):
            preview.follow(bar.answers)

    def action_move_preview(self, pages: int) -> None:
        """Move through the preview, while a field has the keys."""
        for preview in self.query(ExportPreview):
            preview.action_page_up() if pages < 0 else preview.action_page_down()

    @on(FormBar.FormAnswered)
    @work(group="answers", exclusive=True, exit_on_error=False, description="take answers")
    async def _take_answers(self) -> None:
        assert self._asking is not None
        try:
            request = await self._asking.request(self.query_one(FormBar).answers)
        except CondatuiError as error:
            self._refuse(error.title)
        else:
            self._propose(request)

    @work(group="answers", exclusive=True, exit_on_error=False, description="find what is wanted")
    async def _find(self, finding: Callable[[], Awaitable[Request]]) -> None:
        try:
            request = await finding()
        except CondatuiError as error:
            self._take_plan(None, error)
        else:
            self._propose(request)

    def _refuse(self, why: str) -> None:
        self._say(Text(sanitize(why), styles.WARNING))

    def _say(self, said: Text) -> None:
        self._said = said
        self.post_message(self.HintsChanged())

    def on_key(self) -> None:
        """What came of the key before is over."""
        if self._said:
            self._say(Text())

    def _propose(self, request: Request) -> None:
        """Plan a request; what was planned before is forgotten."""
        self._planned = PlanState(request)
        for each in (*self.query(FormBar), *self.query(ExportPreview)):
            each.display = False
        self.query_one(PlanView).display = True
        self._show_planned()
        self._plan(request)

    @work(group="plan", exclusive=True, exit_on_error=False, description="plan")
    async def _plan(self, request: Request) -> None:
        try:
            plan = await self._session.workbench.jobs.plan(request)
        except CondatuiError as error:
            self._take_plan(request, error)
        else:
            self._take_plan(request, plan)

    def _take_plan(self, request: Request | None, came_of_it: Plan | CondatuiError) -> None:
        if request is self._planned.request:  # another one may be wanted by now
            self._planned = PlanState(request, came_of_it)
            self._show_planned()

    def _show_planned(self) -> None:
        view = self.query_one(PlanView)
        view.show(self._planned_text(), word=self._planned.word)
        self.fit()
        view.take_keys()

    def _planned_text(self) -> Text:
        text = self._planned.text(self._session.signs, self._session.words)
        if not self._then or not self._planned.ready:
            return text
        next_one = (
            f"This comes first: {self._then} get a plan of their own, by {self._key('list.open')}, once it is done."
        )
        return Text.assemble((f"{next_one}\n", styles.STRONG), text)

    @on(Worker.StateChanged)
    def _take_failure(self, event: Worker.StateChanged) -> None:
        """The boundary at which whatever went wrong while planning becomes words."""
        error = event.worker.error if event.state is WorkerState.ERROR else None
        if error is not None and self.asks:
            self._refuse(" ".join(unexpected(error).detail.splitlines()))
        elif error is not None:
            self._take_plan(self._planned.request, unexpected(error, "This could not be planned."))

    @on(PlanView.Accepted)
    def _run(self, event: PlanView.Accepted) -> None:
        """Have it carried out, if it is a plan that can be."""
        if other := self._planned.other_way:
            self._propose(other[0])
            return
        plan = self._planned.ready
        if plan is None:
            return
        if event.typed.strip() != plan.confirm:
            self._refuse(f"Type {plan.confirm} and enter to go on, or esc to leave it.")
            return
        try:
            self._session.workbench.jobs.submit(plan)
        except CondatuiError as error:
            self._refuse(error.title)
        else:
            self.post_message(self.PanelClosed(self._begun(plan)))

    def _begun(self, plan: Plan) -> str:
        then = f" Next, by {self._key('list.open')}: {self._then}." if self._then else ""
        return f"Begun: {sanitize(plan.title)}. {self._key('place.jobs')} shows it.{then}"

    @on(PlanView.Copied)
    def _copy(self) -> None:
        """Copy the commands, a line each."""
        commands = plan_commands(self._planned.plan) if self._planned.plan else ""
        if not commands:
            self._refuse("There is no command to copy: condatui does this itself.")
        elif len(commands.encode("utf-8", "backslashreplace")) > _CLIPBOARD:
            self._refuse("The commands are too much for a terminal's clipboard.")
        else:
            self.app.copy_to_clipboard(commands)
            self._say(Text("Copied the commands."))

    @on(PlanView.PlanLeft)
    def _leave_plan(self) -> None:
        """Back to the form, or out."""
        self.workers.cancel_group(self, "plan")
        if self._form is None:
            self.post_message(self.PanelClosed())
            return
        self._planned = PlanState()
        self._show_form()
        self.take_keys()

    @on(FormBar.FormLeft)
    def _leave_form(self) -> None:
        self.post_message(self.PanelClosed())
