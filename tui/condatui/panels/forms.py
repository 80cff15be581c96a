"""The forms of Export, its preview, and what all forms share."""

from __future__ import annotations

import os
import shlex
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from msgspec.structs import asdict, replace
from rich.text import Text
from textual import on, work
from textual.timer import Timer
from textual.worker import Worker, WorkerState

from condatui.session import Session
from condatui.view_models import styles
from condatui.view_models.archives import file_name
from condatui.view_models.form import YES, Answers, ChoiceField, Form, TextField, yes_or_no
from condatui.view_models.plan import preview_text
from condatui.widgets.lines_pane import LinesPane
from condatui_core.environment_files.export_directory import file_ending
from condatui_core.errors import CondatuiError, UsageError
from condatui_core.log import unexpected
from condatui_core.records.environment import Environment
from condatui_core.records.request import ExportAllRequest, ExportOptions, ExportRequest, Request
from condatui_core.settings import expand_home
from condatui_core.text import counted, sanitize

# What all forms share


class ActionForm(Protocol):
    """The form of one action."""

    def form(self, answers: Answers) -> Form:
        """The fields for these answers, which are empty at first."""
        ...

    async def request(self, answers: Answers) -> Request:
        """The request that the answers make. Raises CondatuiError for an impossible answer."""
        ...

    @property
    def previews(self) -> bool:
        """Whether the form has a preview."""
        ...


@dataclass(frozen=True, slots=True)
class FormPaths:
    """The directories that typed paths are relative to."""

    home: Path
    directory: Path
    """The directory that paths without `~` are relative to."""

    def path(self, text: str) -> str:
        """The absolute form of a typed path; `~` is home. UsageError for an empty one."""
        if not text.strip():
            raise UsageError("A path is needed.")
        return os.path.normpath(self.directory / expand_home(text.strip(), self.home))

    def suggested(self, name: str) -> str:
        """A file in the directory, in the form that a user types."""
        directory, home = str(self.directory), str(self.home)
        if directory == home or directory.startswith(home.rstrip("/") + "/"):
            directory = "~" + directory[len(home.rstrip("/")) :]
        return sanitize(f"{directory.rstrip('/')}/{name}")


def split_words(text: str, what: str) -> tuple[str, ...]:
    """The words of an answer, split as a shell does. UsageError if a quotation mark is not closed."""
    try:
        return tuple(shlex.split(text))
    except ValueError as error:
        raise UsageError(f"{what}: a quotation mark is not closed.") from error


class OneOfForm:
    """Asks first to which one of several environments something is done; the other fields are those of its own form."""

    previews = False

    def __init__(self, environments: Sequence[Environment], form_of: Callable[[Environment], ActionForm]) -> None:
        """The form of each environment has the same fields."""
        self._environments = environments
        self._form_of = form_of

    def form(self, answers: Answers) -> Form:
        """The environment, and the fields for it."""
        chosen = self._chosen(answers)
        inner = self._form_of(chosen).form(answers)
        which = ChoiceField("which", "of", environment_choices(self._environments), chosen.prefix)
        title = f"{inner.title}: one of the {len(self._environments)} that are marked"
        return Form(title, (which, *inner.fields), inner.hidden, first="which")

    async def request(self, answers: Answers) -> Request:
        """The request for the chosen environment."""
        return await self._form_of(self._chosen(answers)).request(answers)

    def _chosen(self, answers: Answers) -> Environment:
        wanted = answers.get("which")
        return next((each for each in self._environments if each.prefix == wanted), self._environments[0])


def environment_choices(environments: Sequence[Environment]) -> tuple[tuple[str, str], ...]:
    """Environments to choose from: by their name, where several have it by their prefix."""
    uses = Counter(each.name for each in environments)
    return tuple((each.prefix, sanitize(each.name if uses[each.name] == 1 else each.prefix)) for each in environments)


# The form of Export


_CHOICES: Mapping[str, tuple[str, ExportOptions]] = {
    "yaml": ("environment.yml, with builds", ExportOptions()),
    "no-builds": ("environment.yml, without builds", ExportOptions(builds=False)),
    "portable": ("environment.yml, for other machines", ExportOptions(portable=True)),
    "history": ("environment.yml, what was asked for", ExportOptions(builds=False, from_history=True)),
    "leaves": ("environment.yml, what nothing needs", ExportOptions(builds=False, leaves=True)),
    "conda-lock": ("conda-lock.yml, also for micromamba", ExportOptions(format="conda-lock")),
    "explicit": ("explicit, URLs with md5", ExportOptions(format="explicit")),
    "requirements": ("specs, for conda create --file", ExportOptions(format="requirements")),
    "json": ("JSON", ExportOptions(format="json")),
}
"""By choice: its label, and what is exported."""


def _format_field(answers: Answers) -> ChoiceField:
    choices = tuple((value, label) for value, (label, _) in _CHOICES.items())
    return ChoiceField("format", "as", choices, answers.get("format", "yaml"))


_WITH_VARIABLES = ("yaml", "json")
"""The formats that hold environment variables."""


def _variables_field() -> ChoiceField:
    return yes_or_no("variables", "without variables")


def _hidden_fields(how: ExportOptions, environments: Sequence[Environment]) -> frozenset[str]:
    """Nothing is asked about variables where none would be written."""
    some = any(each.contents.variables for each in environments if each.contents)
    return frozenset() if some and how.format in _WITH_VARIABLES else frozenset({"variables"})


def _options(answers: Answers) -> dict[str, Any]:
    """How it is exported, as the fields of a request."""
    return asdict(replace(_CHOICES[answers["format"]][1], variables=answers["variables"] != YES))


class ExportForm:
    """Exports one environment."""

    previews = True

    def __init__(self, environment: Environment, paths: FormPaths) -> None:
        self._environment = environment
        self._paths = paths

    def form(self, answers: Answers) -> Form:
        """The fields; the suffix of the file follows from the format."""
        chosen = _format_field(answers)
        how = _CHOICES[chosen.value][1]
        file = self._paths.suggested(file_name(self._environment) + file_ending(how.format))
        fields = (chosen, TextField("file", "to", file), _variables_field())
        hidden = _hidden_fields(how, (self._environment,))
        return Form(f"Export {sanitize(self._environment.name)}", fields, hidden)

    async def request(self, answers: Answers) -> ExportRequest:
        """The request for the export; it does not replace an existing file."""
        file = self._paths.path(answers["file"])
        return ExportRequest(prefix=self._environment.prefix, file=file, **_options(answers))


class ExportAllForm:
    """Exports several environments into a directory."""

    previews = False

    def __init__(self, environments: Sequence[Environment], paths: FormPaths) -> None:
        self._environments = environments
        self._paths = paths

    def form(self, answers: Answers) -> Form:
        """The fields; the title says where the files will be."""
        chosen = _format_field(answers)
        directory = TextField("directory", "into", self._paths.suggested(""))
        typed = sanitize(answers.get("directory", directory.value)).rstrip("/")
        several = counted(len(self._environments), "environment")
        how = _CHOICES[chosen.value][1]
        title = f"Export {several} to {typed}/NAME{file_ending(how.format)}"
        return Form(title, (chosen, directory, _variables_field()), _hidden_fields(how, self._environments))

    async def request(self, answers: Answers) -> ExportAllRequest:
        """The request for the export; it replaces files of earlier exports only."""
        return ExportAllRequest(
            directory=self._paths.path(answers["directory"]),
            prefixes=tuple(each.prefix for each in self._environments),
            **_options(answers),
        )


# The preview of an export


_SETTLED = 0.15
"""Seconds without a change before the preview follows the answers."""


class ExportPreview(LinesPane, can_focus=False):
    """The text of the export; a worker makes it for the newest answers."""

    def __init__(self, session: Session, form: ActionForm) -> None:
        super().__init__()
        self._session = session
        self._form = form
        self._settling: Timer | None = None

    def follow(self, answers: Answers) -> None:
        """Show the export for these answers, once the user pauses."""
        if self._settling:
            self._settling.stop()
        self._settling = self.set_timer(_SETTLED, lambda: self._make(answers))

    @work(group="preview", exclusive=True, exit_on_error=False, description="preview")
    async def _make(self, answers: Answers) -> None:
        try:
            request = await self._form.request(answers)
            if isinstance(request, ExportRequest):
                export = await self._session.workbench.preview_export(request)
                self.set_text(preview_text(export, self._session.glyphs))
                self.post_message(self.Scrolled())
        except CondatuiError as error:
            self._fail(error.title)

    @on(Worker.StateChanged)
    def _take_failure(self, event: Worker.StateChanged) -> None:
        """The error boundary of the preview's worker: show any failure as a message."""
        if event.state is WorkerState.ERROR and event.worker.error is not None:
            self._fail(" ".join(str(unexpected(event.worker.error, "This could not be shown.")).splitlines()))

    def _fail(self, why: str) -> None:
        self.set_text(Text(sanitize(why), styles.WARNING))
