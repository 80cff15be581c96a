"""The panel with a proposed baseline: what is in it, what it would have saved, and the file that makes it."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from rich.text import Text
from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.message import Message
from textual.worker import Worker, WorkerState

from condatui.messages import BaselineProposed
from condatui.panels.base import BottomPanel, titled_rule
from condatui.session import Session
from condatui.view_models import styles
from condatui.view_models.baseline_proposal import making_command, proposal_text
from condatui.widgets.line import Line
from condatui.widgets.lines_pane import OutputPane
from condatui_core.log import unexpected

if TYPE_CHECKING:
    from condatui_core.analyses.baseline_proposal import BaselineDraft

_SHARE = 0.75
"""The part of the screen's height that the panel takes."""


class _Lines(OutputPane):
    """The lines of a proposal."""

    class Opened(Message):
        """The user wants what is proposed."""

    def action_open(self) -> None:
        """Tell the panel."""
        self.post_message(self.Opened())


class ProposalPanel(BottomPanel):
    """Shows a proposal once it is worked out; `enter` makes it, `y` copies the file from which conda makes it."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "leave", show=False),
        Binding("y", "copy", show=False, id="copy"),
    ]

    def __init__(self, session: Session) -> None:
        super().__init__()
        self._session = session
        self._draft: BaselineDraft | None = None
        self._notice = ""

    def compose(self) -> ComposeResult:
        """A rule with the title, and the lines of the proposal."""
        yield Line(id="proposal-title")
        yield _Lines(id="proposal")

    def on_mount(self) -> None:
        """Work the proposal out, beside the screen."""
        self.query_one("#proposal-title", Line).draw(self._title)
        self.query_one(_Lines).set_text(Text(f"Working it out{self._session.glyphs.unread}", styles.DIM))
        self.fit()
        self._work_out()

    @work(group="proposal", exclusive=True, exit_on_error=False, description="propose a baseline")
    async def _work_out(self) -> None:
        self._draft = await self._session.workbench.propose_baseline(self._session.inventory)
        making = making_command(self._draft, self._session.inventory)
        text = proposal_text(self._draft, self._session.names, making=making)
        self.query_one(_Lines).set_text(text)
        self.post_message(self.HintsChanged())

    @on(Worker.StateChanged)
    def _take_failure(self, event: Worker.StateChanged) -> None:
        """The error boundary of the panel's worker: show any failure as a message."""
        error = event.worker.error if event.state is WorkerState.ERROR else None
        if error is not None:
            described = unexpected(error, "The baseline could not be worked out.")
            self.query_one(_Lines).set_text(Text(described.in_one_line, styles.ERROR))

    def take_keys(self) -> None:
        """Focus the lines."""
        self.screen.set_focus(self.query_one(_Lines))

    def fit(self) -> None:
        """Take the most of the screen; how long the proposal is, is not known yet."""
        self.styles.height = max(6, int(self.screen.size.height * _SHARE))

    def hints(self) -> Text:
        """The keys, or what the last one has done."""
        copy = f"  {self._session.key('copy')} copy the file that makes it" if self._draft else ""
        make = f"{self._session.key('list.open')} make it  " if self._draft and self._draft.proposal.packages else ""
        more = f"  {self._session.key('list.page_down')} more" if self.query_one(_Lines).ends_below else ""
        return Text(self._notice or f"{make}esc leave{copy}{more}")

    def _title(self, width: int) -> Text:
        return titled_rule("A baseline of what most environments share", width, self._session.glyphs)

    @on(_Lines.Scrolled)
    def _see_end(self) -> None:
        """Say in the hints whether there is more."""
        self.post_message(self.HintsChanged())

    @on(_Lines.Opened)
    def _make(self) -> None:
        """Ask for a name, and show the plan that makes it."""
        if self._draft and self._draft.proposal.packages:
            self.post_message(BaselineProposed(self._draft.proposal))

    def action_copy(self) -> None:
        """Copy the text of the file."""
        if self._draft:
            what = "an explicit list" if self._draft.format == "explicit" else "an environment.yml"
            self._session.clipboard.copy(self._draft.text, f"{what}, from which conda makes the baseline", self._say)

    def _say(self, notice: str) -> None:
        self._notice = notice
        self.post_message(self.HintsChanged())

    def action_leave(self) -> None:
        """Close the panel."""
        self.post_message(self.PanelClosed())
