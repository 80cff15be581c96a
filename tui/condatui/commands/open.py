"""`condatui` without a command: the workbench."""

from __future__ import annotations

from condatui.commands.invocation import Invocation
from condatui_core.errors import UsageError


def open_workbench(invocation: Invocation) -> int:
    """Open the workbench and stay until it is left; returns the exit code. UsageError without a terminal."""
    if not invocation.terminal:
        raise UsageError(
            "The workbench needs a terminal.",
            hint="`condatui list` prints the environments, `condatui --help` says what else there is.",
        )
    return invocation.run_app(invocation.workbench(), invocation.clock)
