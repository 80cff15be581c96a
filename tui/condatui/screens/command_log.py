"""The command log: every command that condatui has run, to read, copy and run by hand."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

from rich.text import Text
from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType

from condatui.actions.registry import bindings
from condatui.messages import CommandRan
from condatui.screens.place import PlaceScreen
from condatui.session import Session
from condatui.view_models import styles
from condatui.view_models.commands import CommandsModel, command_line
from condatui.widgets.lines_pane import TextPane
from condatui.widgets.virtual_table import VirtualTable
from condatui_core.proc.runner import CommandRun
from condatui_core.text import counted, sanitize


class CommandLogScreen(PlaceScreen):
    """One row for each command, the newest last; below them, the one under the cursor in full."""

    PLACE = "log"
    BINDINGS: ClassVar[list[BindingType]] = [*bindings("log")]

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self._runs: tuple[CommandRun, ...] = ()
        self._opened_from = ""
        self._unsubscribe: Callable[[], None] = lambda: None

    def compose_body(self) -> ComposeResult:
        """The commands and the one under the cursor."""
        yield VirtualTable(self.session.glyphs, id="commands")
        yield TextPane(id="command", only_to_scroll=True)

    @property
    def table(self) -> VirtualTable:
        """The table of commands."""
        return self.query_one("#commands", VirtualTable)

    @property
    def current_run(self) -> CommandRun | None:
        """The command under the cursor."""
        row = self.table.cursor_row
        return self._runs[row] if row < len(self._runs) else None

    @property
    def numbered_place(self) -> str:
        """The place that it was opened from, which is the one that is shown when it is first drawn."""
        self._opened_from = self._opened_from or self.app.current_mode
        return self._opened_from

    def on_mount(self) -> None:
        """Show the commands so far, and subscribe to new ones."""
        self._unsubscribe = self.session.workbench.log.subscribe(self._post_command_ran)
        self.show_log()
        self.focus_body()

    def on_unmount(self) -> None:
        """Unsubscribe from the log."""
        self._unsubscribe()

    def _post_command_ran(self, _run: CommandRun) -> None:
        self.post_message(CommandRan())

    def focus_body(self) -> None:
        """Focus the commands."""
        self.table.focus()

    @on(CommandRan)
    def show_log(self) -> None:
        """Show all commands; a cursor on the last one stays on the last one."""
        follows = self.table.cursor_row >= len(self._runs) - 1
        self._runs = self.session.workbench.log.runs
        self.table.set_model(CommandsModel(self._runs), empty=Text("No command has been run yet.", styles.DIM))
        if follows:
            self.table.go_to_row(len(self._runs) - 1, by_user=False)
        self._show_run()
        self.draw_bottom()

    @on(VirtualTable.CursorMoved)
    def _follow_cursor(self, event: VirtualTable.CursorMoved) -> None:
        if not isinstance(event, VirtualTable.Selected):
            self._show_run()
            self.follow(event)

    @on(VirtualTable.Selected)
    def action_switch(self) -> None:
        """Move the focus to the command in full if there is more of it than is shown, or back to the commands."""
        details = self.query_one("#command", TextPane)
        if self.help_is_open:
            self.close_help()
        elif self.table.has_focus and details.allow_focus():
            details.focus()
        else:
            self.focus_body()

    def _show_run(self) -> None:
        run = self.current_run
        self.query_one("#command", TextPane).set_text(_describe(run) if run else Text(), fresh=True)

    def status(self) -> Text:
        """The position of the cursor."""
        return Text(
            f"{self.table.cursor_row + 1 if self._runs else 0} of {counted(len(self._runs), 'command')}", styles.DIM
        )

    def action_copy(self) -> None:
        """Copy the command under the cursor, quoted for a shell."""
        if run := self.current_run:
            self.copy(command_line(run))

    def action_back(self) -> None:
        """Close the help, or go back to the place that the log was opened from."""
        if self.help_is_open:
            self.close_help()
        elif not self.table.has_focus:
            self.focus_body()
        elif self.is_current:  # a second key may come while it closes
            self.dismiss()


def _describe(run: CommandRun) -> Text:
    """A command in full, with its time, outcome and message."""
    when = f"{run.started:%Y-%m-%d %H:%M:%S}, {run.milliseconds} ms, {run.outcome}"
    code = "" if run.exit_code is None else f", exit {run.exit_code}"
    text = Text.assemble((sanitize(command_line(run)), styles.STRONG), "\n", (when + code, styles.DIM))
    for line in run.message.splitlines():
        text.append(f"\n{sanitize(line)}")
    return text
