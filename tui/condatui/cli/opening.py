"""Opens the workbench on the terminal of this process, without click: `condatui` alone has no arguments to parse."""

from __future__ import annotations

from msgspec.structs import replace

from condatui.cli.invocation import Invocation
from condatui.cli.stderr import report
from condatui_core.errors import UsageError
from condatui_core.settings import SettingError, Settings


def open_workbench(invocation: Invocation, snapshots: str | None = None) -> int:
    """Run the workbench, with the `snapshots` in a directory if it is named; returns the exit code.

    UsageError without a terminal, or if there are no snapshots.
    """
    if not invocation.terminal:
        raise UsageError(
            "The workbench needs a terminal.",
            hint="`condatui list` prints the environments, `condatui --help` shows the other commands.",
        )
    if invocation.environ.get("TERM") == "dumb":
        raise UsageError(
            "The workbench cannot be drawn on a terminal without a cursor.",
            "The variable TERM is `dumb`.",
            "`condatui list` prints the environments. If the terminal can do more: TERM=xterm-256color condatui",
        )
    try:
        workbench = invocation.workbench()
        if snapshots is not None:
            workbench.look_at_snapshots(invocation.absolute(snapshots))
        return invocation.run_app(workbench, invocation.clock)
    except SettingError as error:
        located = invocation.located(error)
        if invocation.source_of(error.setting).source != "server":
            raise located from error
        report(located)  # the user cannot mend what an administrator has set for the machine
        settings = replace(invocation.settings, **{error.setting: getattr(Settings(), error.setting)})
        return invocation.run_app(invocation.workbench(settings), invocation.clock)
