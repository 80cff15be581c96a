"""What an export will say, while it is still being asked for."""

from __future__ import annotations

from rich.text import Text
from textual import on, work
from textual.timer import Timer
from textual.worker import Worker, WorkerState

from condatui.screens.asking import Asking
from condatui.screens.session import Session
from condatui.view_models import tones
from condatui.view_models.form import Answers
from condatui.view_models.plan import preview_text
from condatui.widgets.lines_pane import LinesPane
from condatui_core.errors import CondatuiError
from condatui_core.printable import printable
from condatui_core.records.request import ExportRequest

_SETTLED = 0.15
"""Seconds without a key before it follows what is typed."""


class ExportPreview(LinesPane, can_focus=False):
    """The text, made beside the loop; the newest answers are all that counts."""

    def __init__(self, session: Session, asking: Asking) -> None:
        super().__init__()
        self._session = session
        self._asking = asking
        self._settling: Timer | None = None

    def follow(self, answers: Answers) -> None:
        """Show what would come of these answers, once the user pauses."""
        if self._settling:
            self._settling.stop()
        self._settling = self.set_timer(_SETTLED, lambda: self._make(answers))

    @work(group="preview", exclusive=True, exit_on_error=False, description="preview")
    async def _make(self, answers: Answers) -> None:
        try:
            request = await self._asking.request(answers)
            if isinstance(request, ExportRequest):
                export = await self._session.workbench.jobs.preview(request)
                self.set_text(preview_text(export, self._session.signs))
        except CondatuiError as error:
            self._fail(error.title)

    @on(Worker.StateChanged)
    def _take_failure(self, event: Worker.StateChanged) -> None:
        """The boundary at which whatever went wrong becomes words."""
        if event.state is WorkerState.ERROR and event.worker.error is not None:
            self._fail(f"{type(event.worker.error).__name__}: {event.worker.error}")

    def _fail(self, why: str) -> None:
        self.set_text(Text(printable(why), tones.WARNING))
