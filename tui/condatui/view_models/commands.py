"""The command log as rows."""

from __future__ import annotations

from collections.abc import Sequence

from rich.text import Text

from condatui.view_models import styles
from condatui.view_models.table import TableColumn
from condatui_core.proc.runner import CommandRun
from condatui_core.text import sanitize, shell_words

COLUMNS = (
    TableColumn("when", "when", 8, priority=2),
    TableColumn("milliseconds", "ms", 6, align="right", priority=1),
    TableColumn("exit", "exit", 11),
    TableColumn("command", "command", 120, cut="end", flexible=True),
)


class CommandsModel:
    """Commands as rows, in the order in which they ran."""

    def __init__(self, runs: Sequence[CommandRun]) -> None:
        self._runs = runs

    @property
    def columns(self) -> tuple[TableColumn, ...]:
        """The columns, left to right."""
        return COLUMNS

    def __len__(self) -> int:
        return len(self._runs)

    def key(self, index: int) -> str:
        """The time and the command; an index would change as the log drops its oldest entries."""
        run = self._runs[index]
        return f"{run.started.isoformat()} {command_line(run)}"

    def run(self, index: int) -> CommandRun:
        """The command behind a row."""
        return self._runs[index]

    def cells(self, index: int) -> tuple[Text, ...]:
        """The cells of a row."""
        run = self._runs[index]
        good = run.outcome == "done"
        return (
            Text(f"{run.started:%H:%M:%S}", styles.DIM),
            Text(str(run.milliseconds)),
            self._exit(run),
            Text(sanitize(command_line(run)), styles.PLAIN if good else styles.ERROR),
        )

    def _exit(self, run: CommandRun) -> Text:
        if run.outcome == "done":
            return Text(str(run.exit_code), styles.DIM)
        code = f" {run.exit_code}" if run.outcome == "failed" and run.exit_code is not None else ""
        return Text(f"{run.outcome}{code}", styles.ERROR)


def command_line(run: CommandRun) -> str:
    """The command, quoted for a shell. To be sanitized before it is shown."""
    return shell_words(run.argv)
