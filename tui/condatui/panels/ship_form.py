"""The form of Ship: a directory that an image with an environment is built from."""

from __future__ import annotations

from condatui.panels.forms import FormPaths, split_words
from condatui.view_models.archives import file_name
from condatui.view_models.form import NO, YES, Answers, ChoiceField, Form, TextField, yes_or_no
from condatui_core.analyses.slimming.classes import USUAL
from condatui_core.errors import UsageError
from condatui_core.records.environment import Environment
from condatui_core.records.request import ShipRequest, ShipSource
from condatui_core.text import sanitize

_SOURCES: tuple[tuple[ShipSource, str], ...] = (
    ("lock", "a list of packages with checksums"),
    ("archive", "the packed environment, without network"),
)
_SLIM = ((NO, "with all that it has"), (YES, "without what a service hardly misses"))


class ShipForm:
    """Writes what an image with one environment is built from."""

    previews = False

    def __init__(self, environment: Environment, paths: FormPaths) -> None:
        self._environment = environment
        self._paths = paths

    def form(self, answers: Answers) -> Form:
        """The fields; nothing is asked about variables where there are none."""
        contents = self._environment.contents
        fields = (
            TextField("directory", "into", self._paths.suggested(f"{file_name(self._environment)}-image")),
            ChoiceField("source", "built from", _SOURCES, answers.get("source", "lock")),
            ChoiceField("slim", "slim", _SLIM, answers.get("slim", NO)),
            TextField("command", "runs", example="python; or, say, gunicorn -b :8080 app:app"),
            TextField("port", "port", example="none"),
            yes_or_no("variables", "without variables"),
        )
        hidden = frozenset() if contents and contents.variables else frozenset({"variables"})
        return Form(f"Ship {sanitize(self._environment.name)}", fields, hidden)

    async def request(self, answers: Answers) -> ShipRequest:
        """The request for the directory; it replaces nothing."""
        return ShipRequest(
            prefix=self._environment.prefix,
            directory=self._paths.path(answers["directory"]),
            source="archive" if answers["source"] == "archive" else "lock",
            command=split_words(answers["command"], "The command"),
            port=_port(answers["port"]),
            variables=answers["variables"] != YES,
            slim=USUAL if answers["slim"] == YES else (),
        )


def _port(text: str) -> int | None:
    """A port, None for an empty answer. UsageError for anything else; whether it is in range is judged by the plan."""
    if not text.strip():
        return None
    if text.strip().isdecimal():
        return int(text)
    raise UsageError("A port is a number, such as 8080.")
