"""The line in which the user answers one question: why environments stay, which file describes one, a name."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from typing import ClassVar

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.content import Content
from textual.message import Message
from textual.widgets import Input, Static

from condatui.messages import FilterDropped, FilterNamed, KeepProposed, TraceProposed, VerifyProposed
from condatui.panels.base import BottomPanel
from condatui.widgets.input_bars import ready_to_be_replaced
from condatui.widgets.line_input import LineInput
from condatui_core.records.environment import Environment
from condatui_core.text import counted, sanitize, some_of


class LinePanel(BottomPanel):
    """Asks one question; `enter` proposes what is to be done with the answer."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "leave", show=False)]

    def __init__(self, question: str, answer: str, hints: str, propose: Callable[[str], Message | None]) -> None:
        """`answer` is offered; `propose` makes the message of an answer, None if it is none."""
        super().__init__()
        self._question = question
        self._answer = answer
        self._hints = hints
        self._propose = propose

    def compose(self) -> ComposeResult:
        """The question, and the answer that is offered."""
        with Horizontal(classes="field"):
            yield Static(Content(f"{self._question}: "), classes="question")
            yield ready_to_be_replaced(LineInput(self._answer))

    def on_mount(self) -> None:
        """Take one line."""
        self.styles.height = 1

    def take_keys(self) -> None:
        """Focus the line."""
        self.screen.set_focus(self.query_one(Input))

    def hints(self) -> Text:
        """What the keys do."""
        return Text(self._hints)

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Propose it, and close."""
        event.stop()
        if proposed := self._propose(event.value):
            self.post_message(self.PanelClosed())  # first: closing clears the status line
            self.post_message(proposed)

    def action_leave(self) -> None:
        """Close without proposing anything."""
        self.post_message(self.PanelClosed())


def note_panel(chosen: Sequence[Environment]) -> LinePanel:
    """Asks why the chosen environments stay; a note that is there already is offered."""
    one = chosen[0] if len(chosen) == 1 else None
    return LinePanel(
        f"Why {sanitize(one.name)} stays" if one else f"Why {counted(len(chosen), 'environment')} stay",
        one.keep.note if one and one.keep else "",
        "enter keep  esc leave  without a note, the one that is there stays",
        lambda note: KeepProposed(tuple(chosen), note),
    )


def file_panel(environment: Environment, file: str) -> LinePanel:
    """Asks which file an environment is held against; `file` is remembered from the last time, or empty."""
    return LinePanel(
        f"Verify {sanitize(environment.name)} against",
        file if file == sanitize(file) else "",  # what cannot be typed cannot be offered
        "enter verify  esc leave  environment.yml, a list, a lock file",
        lambda answer: VerifyProposed(environment, answer.strip()) if answer.strip() else None,
    )


def run_panel(environment: Environment, command: str) -> LinePanel:
    """Asks what is run in an environment; `command` is remembered from the last time, or empty."""
    return LinePanel(
        f"Run in {sanitize(environment.name)}",
        command if command == sanitize(command) else "",
        "enter run  esc leave  python -m my_service; or `import numpy, pandas`",
        lambda answer: TraceProposed(environment, answer) if answer.strip() else None,
    )


def name_panel(text: str, names: Collection[str]) -> LinePanel:
    """Asks under which name a filter is remembered; `names` are those that are taken."""
    taken = f"  of these a new one takes the place: {some_of([sanitize(each) for each in names])}" if names else ""
    return LinePanel(
        f"Remember `{sanitize(text)}` as",
        "",
        f"enter remember  esc leave  @NAME in a filter then stands for it{taken}",
        lambda name: FilterNamed(name, text) if name.strip() else None,
    )


def forget_panel(names: Sequence[str], offered: str) -> LinePanel:
    """Asks which remembered filter is forgotten; `offered` is the one that is shown, or the last."""
    return LinePanel(
        "Forget the filter",
        offered,
        f"enter forget  esc leave  remembered: {some_of([sanitize(each) for each in names], 8)}",
        lambda name: FilterDropped(name) if name.strip() else None,
    )
