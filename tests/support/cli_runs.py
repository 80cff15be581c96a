"""Commands run as a user of a sandbox would, with nobody at a terminal unless said otherwise."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from click.testing import CliRunner, Result

from condatui.cli.invocation import Invocation
from condatui.cli.main import condatui
from condatui_sandbox import Sandbox


def run_in(
    sandbox: Sandbox,
    *arguments: str,
    terminal: bool = False,
    answer: str = "",
    environ: Mapping[str, str] | None = None,
    cwd: str | None = None,
) -> Result:
    """Run `condatui ARGUMENTS…` in the home of the sandbox's user, or in another directory: empty if that is gone."""
    invocation = Invocation(
        environ={**sandbox.environ, "CONDATUI_USUAL_PLACES": "0", **(environ or {})},
        home=sandbox.home,
        cwd=str(sandbox.home) if cwd is None else cwd,
        clock=lambda: datetime.now().astimezone(),
        terminal=terminal,
    )
    return CliRunner().invoke(condatui, list(arguments), obj=invocation, input=answer)
