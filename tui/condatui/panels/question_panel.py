"""A question that is answered with yes or no, before something that takes long begins."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from rich.text import Text
from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.message import Message

from condatui.messages import GpuChecksConfirmed
from condatui.panels.base import BottomPanel, titled_rule
from condatui.session import Session
from condatui.view_models.gpu import check_all_question
from condatui.widgets.line import Line
from condatui.widgets.lines_pane import LinesPane
from condatui_core.records.environment import Environment

_MOST = 8
"""The largest number of lines that it takes."""


class _Question(LinesPane):
    """The question itself."""

    class Opened(Message):
        """The user agrees."""

    def action_open(self) -> None:
        """Tell the panel."""
        self.post_message(self.Opened())


class QuestionPanel(BottomPanel):
    """Asks; `enter` or `y` posts the message that begins it, `esc` or `n` leaves it."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("y", "agree", show=False),
        Binding("escape,n", "leave", show=False),
    ]

    def __init__(self, session: Session, question: Text, agreed: Message, *, title: str, begins: str) -> None:
        """`agreed` is posted if the user agrees; `begins` says what that does."""
        super().__init__()
        self._session = session
        self._question = question
        self._title = title
        self._agreed = agreed
        self._begins = begins

    def compose(self) -> ComposeResult:
        """A rule with the title, and the question."""
        yield Line()
        yield _Question()

    def on_mount(self) -> None:
        """Show the question."""
        glyphs = self._session.glyphs
        self.query_one(Line).draw(lambda width: titled_rule(self._title, width, glyphs))
        self.query_one(_Question).set_text(self._question)
        self.fit()

    def fit(self) -> None:
        """Take as many lines as the question has at this width."""
        lines = self.query_one(_Question).lines_of(self._question, max(1, self.screen.size.width - 2))
        self.styles.height = min(_MOST, len(lines) + 1)

    def take_keys(self) -> None:
        """Focus the question."""
        self.screen.set_focus(self.query_one(_Question))

    def hints(self) -> Text:
        """The keys that agree and leave."""
        return Text(f"{self._session.key('list.open')} or y {self._begins}  esc leave")

    @on(_Question.Opened)
    def action_agree(self) -> None:
        """Begin it, and close."""
        self.post_message(self._agreed)
        self.post_message(self.PanelClosed())

    def action_leave(self) -> None:
        """Close."""
        self.post_message(self.PanelClosed())


def gpu_checks_panel(session: Session, environments: Sequence[Environment], *, left_out: int) -> QuestionPanel:
    """Asks before many environments are checked; `left_out` are those of other users."""
    question = check_all_question(environments, left_out=left_out)
    checks = GpuChecksConfirmed(environments)
    return QuestionPanel(session, question, checks, title="Check the GPU everywhere", begins="check them")
