"""What an action asks before it can be planned."""

from __future__ import annotations

import os
import shlex
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from condatui.view_models.form import Answers, Form
from condatui_core.errors import UsageError
from condatui_core.printable import printable
from condatui_core.records.environment import Environment
from condatui_core.records.request import Request


class Asking(Protocol):
    """The questions of one action."""

    def form(self, answers: Answers) -> Form:
        """The fields as they are once these answers were given; there are none at first."""
        ...

    async def request(self, answers: Answers) -> Request:
        """What was asked for. CondatuiError if an answer cannot be."""
        ...

    @property
    def previews(self) -> bool:
        """Whether what comes of it can be shown while the form is filled in."""
        ...


@dataclass(frozen=True, slots=True)
class Where:
    """What paths that a user types are relative to."""

    home: Path
    directory: Path
    """What other paths begin at."""

    def path(self, text: str) -> str:
        """The absolute path that was typed; `~` is home. UsageError for none."""
        if not text.strip():
            raise UsageError("A path is needed.")
        path = Path(text.strip())
        if path.parts[:1] == ("~",):
            return str(self.home.joinpath(*path.parts[1:]))
        return os.path.normpath(self.directory / path)

    def suggested(self, name: str) -> str:
        """A file in the directory, as it is typed."""
        directory, home = str(self.directory), str(self.home)
        if directory == home or directory.startswith(home.rstrip("/") + "/"):
            directory = "~" + directory[len(home.rstrip("/")) :]
        return printable(f"{directory.rstrip('/')}/{name}")


def file_name(environment: Environment) -> str:
    """What a file of an environment is called, without its suffix."""
    return printable(os.path.basename(environment.prefix) if os.sep in environment.name else environment.name)


def words(text: str, what: str) -> tuple[str, ...]:
    """The words of an answer, split as a shell does. UsageError where a quote is not closed."""
    try:
        return tuple(shlex.split(text))
    except ValueError as error:
        raise UsageError(f"{what}: a quotation mark is not closed.") from error
