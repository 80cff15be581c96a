"""The question before quitting while jobs are at work."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding, BindingType

from condatui.messages import LeavingConfirmed
from condatui.panels.base import BottomPanel
from condatui.view_models import styles
from condatui.widgets.lines_pane import LinesPane
from condatui_core.records.job import Job
from condatui_core.text import sanitize


class QuitPanel(BottomPanel):
    """Lists the jobs at work; the quit key, pressed again, cancels them and quits."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("y", "leave", show=False),
        Binding("escape,n", "stay", show=False),
    ]

    def __init__(self, jobs: Sequence[Job], key: str) -> None:
        """`key` is the label of the quit key."""
        super().__init__()
        self._jobs = jobs
        self._key = key
        self._leaving = False

    def compose(self) -> ComposeResult:
        """The list of jobs."""
        yield LinesPane()

    def on_mount(self) -> None:
        """Show the jobs."""
        self._show()

    def take_keys(self) -> None:
        """Focus the list."""
        self.screen.set_focus(self.query_one(LinesPane))

    def hints(self) -> Text:
        """The keys that quit and stay."""
        if self._leaving:
            return Text("Cancelling, and then leaving: commands get a moment to end in order.", styles.WARNING)
        return Text(f"{self._key} or y cancel and leave  esc stay")

    def action_leave(self) -> None:
        """Cancel the jobs, then quit."""
        if self._leaving:
            return
        self._leaving = True
        self.post_message(self.HintsChanged())
        self.post_message(LeavingConfirmed())

    def action_stay(self) -> None:
        """Close the question; once the jobs are being cancelled, do nothing."""
        if not self._leaving:
            self.post_message(self.PanelClosed())

    def _show(self) -> None:
        count = len(self._jobs)
        head = "A job is at work:" if count == 1 else f"{count} jobs are at work or wait:"
        lines = [Text(head, styles.WARNING), *(Text(f"  {sanitize(job.plan.title)}") for job in self._jobs)]
        self.query_one(LinesPane).set_text(Text("\n").join(lines))
        self.styles.height = min(8, len(lines))
