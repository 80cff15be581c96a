"""What packing asks: into which file, in which format, and what stays out."""

from __future__ import annotations

from condatui.screens.asking import Where, file_name, words
from condatui.view_models.form import YES, Answers, ChoiceField, Form, TextField, yes_or_no
from condatui_core.errors import UsageError
from condatui_core.printable import printable
from condatui_core.records.environment import Environment
from condatui_core.records.request import PackRequest

_SUFFIXES = {
    "tar.gz": ".tar.gz",
    "tar.zst": ".tar.zst",
    "tar.xz": ".tar.xz",
    "tar.bz2": ".tar.bz2",
    "tar": ".tar",
    "zip": ".zip",
    "parcel": ".parcel",
    "squashfs": ".squashfs",
    "no-archive": "",
}
"""How conda-pack calls its formats, and how their files end."""
_WORDS = {"no-archive": "no archive, a directory"}


class AskingPack:
    """An archive of one environment."""

    previews = False

    def __init__(self, environment: Environment, where: Where) -> None:
        self._environment = environment
        self._where = where

    def form(self, answers: Answers) -> Form:
        """The file is named after the format."""
        chosen = answers.get("format", "tar.gz")
        choices = tuple((value, _WORDS.get(value, value)) for value in _SUFFIXES)
        stem = file_name(self._environment) + ("-packed" if chosen == "no-archive" else "")
        fields = (
            ChoiceField("format", "as", choices, chosen),
            TextField("file", "to", self._where.suggested(stem + _SUFFIXES[chosen])),
            TextField("level", "compressed", "4", "0 to 9; to 22 for zst"),
            TextField("dest_prefix", "will lie in", example="not known: conda-unpack is run there"),
            TextField("excludes", "without", example="nothing; or, say, *.pyc 'my data/*'"),
            yes_or_no("ignore_editable", "ignore editable"),
            yes_or_no("ignore_missing", "ignore missing"),
        )
        return Form(f"Pack {printable(self._environment.name)}", fields)

    async def request(self, answers: Answers) -> PackRequest:
        """The archive that was asked for."""
        return PackRequest(
            prefix=self._environment.prefix,
            file=self._where.path(answers["file"]),
            format=answers["format"],
            level=_level(answers["level"]),
            threads=0,
            dest_prefix=answers["dest_prefix"].strip(),
            excludes=words(answers["excludes"], "What to leave out"),
            ignore_editable=answers["ignore_editable"] == YES,
            ignore_missing=answers["ignore_missing"] == YES,
        )


def _level(text: str) -> int:
    if text.strip().isdecimal() and int(text) <= 22:
        return int(text)
    raise UsageError("How much to compress is a number: 0 to 9, to 22 for zst.")
