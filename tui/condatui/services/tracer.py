"""Runs a command in an environment when the user asks for it, and knows what it has used; beside the screens."""

from __future__ import annotations

import asyncio
import shlex
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from msgspec.structs import replace

from condatui.workers import start_worker
from condatui_core.errors import CondatuiError, UsageError
from condatui_core.text import sanitize

if TYPE_CHECKING:
    from textual.screen import Screen
    from textual.worker import Worker

    from condatui.session import Session
    from condatui.view_models.details.traced import TracedSubject
    from condatui_core.records.environment import Environment
    from condatui_core.records.prefix import PrefixContents
    from condatui_core.records.usage import Run

_GROUP = "trace"
_IMPORT = "import"
"""The first word of an answer that only names modules."""


class Tracer:
    """Runs one command at a time; what came of it holds as long as the packages of its environment."""

    def __init__(self, screen: Screen[None], session: Session, on_change: Callable[[str], None]) -> None:
        """Calls `on_change` with what the user is told, which may be nothing."""
        self._screen = screen
        self._session = session
        self._on_change = on_change
        self._known: dict[str, tuple[PrefixContents | None, TracedSubject]] = {}
        """By prefix, the last run, and the contents that it is about."""
        self._stop = asyncio.Event()
        self._worker: Worker[None] | None = None
        self._running = ""
        """The prefix in which a command runs; empty if none does."""
        self._number = 0

    @property
    def at_work(self) -> bool:
        """Whether a command runs."""
        return bool(self._running)

    def of(self, environment: Environment) -> TracedSubject | None:
        """The last command that was run in an environment; None if its packages are others by now."""
        contents, found = self._known.get(environment.prefix, (None, None))
        if found and not found.at_work and contents is not environment.contents and contents != environment.contents:
            del self._known[environment.prefix]
            return None
        return found

    def run(self, environment: Environment, text: str) -> None:
        """Run what the user has typed: a command, or `import` and the names of modules."""
        from condatui.view_models.details.traced import TracedSubject  # noqa: PLC0415 - imported at the first run

        if self._running:
            self._on_change(f"A command runs already: {self._session.key('gpu.cancel')} stops it.")
            return
        try:
            run = _run_of(text, str(self._session.directory))
        except UsageError as error:
            self._on_change(sanitize(error.in_one_line))
            return
        self._number += 1
        self._running, self._stop = environment.prefix, asyncio.Event()
        self._known[environment.prefix] = (
            environment.contents,
            TracedSubject(environment.prefix, self._number, text.strip()),
        )
        self._worker = start_worker(
            self._screen, partial(self._trace, environment, run), group=_GROUP, description="trace a command"
        )
        self._on_change("")

    def stop(self) -> None:
        """Stop the command as by ctrl-c, so that what it used is shown; a second time end it at once."""
        if not self._running:
            return
        if self._stop.is_set() and self._worker:
            self._worker.cancel()
            return
        self._stop.set()
        self._set(self._running, state="stopping")
        self._on_change(f"The command is stopped; {self._session.key('gpu.cancel')} again ends it at once.")

    async def _trace(self, environment: Environment, run: Run) -> None:
        prefix = environment.prefix
        try:
            usage = await self._session.workbench.trace(environment, run, self._stop)
            self._set(prefix, state="ended", usage=usage)
        except CondatuiError as error:
            self._set(prefix, state="failed", why=sanitize(error.in_one_line))
        except BaseException:
            self._set(prefix, state="failed", why="The command was ended at once: what it used is not known.")
            raise
        finally:
            self._running = ""
            self._tell(prefix)

    def _tell(self, prefix: str) -> None:
        from condatui.view_models.details.traced import told  # noqa: PLC0415 - as above

        if self._screen.is_attached:
            self._on_change(told(self._known[prefix][1], self._session.glyphs))

    def _set(self, prefix: str, **fields: object) -> None:
        contents, subject = self._known[prefix]
        self._known[prefix] = contents, replace(subject, **fields)


def _run_of(text: str, directory: str) -> Run:
    """What an answer asks for. Raises UsageError if it cannot be read, or asks for nothing."""
    from condatui_core.records.usage import RUN_SECONDS, Run  # noqa: PLC0415 - as above

    try:
        words = tuple(shlex.split(text))
    except ValueError as error:
        raise UsageError("The command has a quotation mark that is not closed.") from error
    if words[:1] != (_IMPORT,):
        return Run(command=words, directory=directory, seconds=RUN_SECONDS)
    modules = tuple(each for word in words[1:] for each in word.split(",") if each)
    if not modules:
        raise UsageError("Import which modules?")
    return Run(modules=modules, directory=directory, seconds=RUN_SECONDS)
