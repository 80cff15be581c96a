"""Opens a shell with an environment on the terminal of the workbench, which waits for its end."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from textual.app import App, SuspendNotSupported

from condatui_core.errors import CondatuiError, RefusedError
from condatui_core.proc.child import ChildNotStartedError
from condatui_core.proc.foreground import run_in_foreground
from condatui_core.records.environment import Environment
from condatui_core.text import sanitize

if TYPE_CHECKING:
    from condatui.session import Session


async def open_shell(app: App[None], session: Session, environment: Environment) -> str:
    """Suspend the app until a shell with this environment ends; say how it ended, for the status line.

    What runs beside the screens goes on meanwhile, and draws nothing. Raises CondatuiError if no shell can be opened,
    or none may: it could change everything.
    """
    name = sanitize(environment.name)
    if environment.prefix in session.prefixes_at_work:
        raise RefusedError(f"A job is at work on {name}: a shell in it can wait.")
    installations = session.inventory.installations
    owner = next((each for each in installations if each.root_prefix == environment.installation), None)
    shell = await asyncio.to_thread(session.workbench.shell_in, environment, owner)
    code = 0
    error: ChildNotStartedError | None = None
    try:
        with app.batch_update(), app.suspend():
            try:
                code = await run_in_foreground(shell.argv, shell.environ)
            except ChildNotStartedError as not_started:  # not through Textual's block, which would not resume then
                error = not_started
    except asyncio.CancelledError:
        shell.close()  # at once: a thread would be cancelled before it begins
        raise
    except SuspendNotSupported as unsupported:
        await asyncio.to_thread(shell.close)
        title = "No shell can be opened here: this is no terminal that could be given away."
        raise CondatuiError(title) from unsupported
    await asyncio.to_thread(shell.close)
    if error:
        raise CondatuiError("The shell could not be started.", f"{sanitize(shell.argv[0])}: {error.reason}") from error
    return f"The shell in {name} has ended{_how(code)}."


def _how(code: int) -> str:
    if code < 0:
        return f" by signal {-code}"
    return f" with exit code {code}" if code else ""
