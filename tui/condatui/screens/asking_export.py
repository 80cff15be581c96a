"""What exporting asks: in which format, and into which file."""

from __future__ import annotations

from condatui.screens.asking import Where, file_name
from condatui.view_models.form import Answers, ChoiceField, Form, TextField
from condatui_core.printable import printable
from condatui_core.records.environment import Environment
from condatui_core.records.request import ExportFormat, ExportRequest

_FORMATS: dict[str, tuple[str, ExportFormat, str]] = {
    "yaml": ("environment.yml, with builds", "yaml", ".yml"),
    "no-builds": ("environment.yml, without builds", "yaml", ".yml"),
    "history": ("environment.yml, what was asked for", "yaml", ".yml"),
    "explicit": ("explicit, URLs with md5", "explicit", "-explicit.txt"),
    "requirements": ("specs, for conda create --file", "requirements", "-requirements.txt"),
    "json": ("JSON", "json", ".json"),
}
"""By choice: its words, the format and how the file's name ends."""


class AskingExport:
    """An export of one environment."""

    previews = True

    def __init__(self, environment: Environment, where: Where) -> None:
        self._environment = environment
        self._where = where

    def form(self, answers: Answers) -> Form:
        """The file is named after the format."""
        chosen = answers.get("format", "yaml")
        choices = tuple((value, said) for value, (said, _, _) in _FORMATS.items())
        file = self._where.suggested(file_name(self._environment) + _FORMATS[chosen][2])
        title = f"Export {printable(self._environment.name)}"
        return Form(title, (ChoiceField("format", "as", choices, chosen), TextField("file", "to", file)))

    async def request(self, answers: Answers) -> ExportRequest:
        """The export that was asked for; a file that is there is not replaced before that was asked."""
        chosen = answers["format"]
        return ExportRequest(
            prefix=self._environment.prefix,
            file=self._where.path(answers["file"]),
            format=_FORMATS[chosen][1],
            builds=chosen not in {"no-builds", "history"},
            from_history=chosen == "history",
        )
