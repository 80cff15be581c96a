"""The forms of Pack: one environment into an archive, several into a directory of them."""

from __future__ import annotations

from collections.abc import Sequence

from condatui.panels.forms import FormPaths, split_words
from condatui.view_models.archives import SUFFIXES, archive_name, archive_names
from condatui.view_models.form import YES, Answers, ChoiceField, Form, TextField, yes_or_no
from condatui_core.errors import UsageError
from condatui_core.records.environment import Environment
from condatui_core.records.request import PackRequest, SeveralRequest
from condatui_core.text import counted, sanitize

_LABELS = {"no-archive": "no archive, a directory"}


def _format_field(answers: Answers) -> ChoiceField:
    choices = tuple((value, _LABELS.get(value, value)) for value in SUFFIXES)
    return ChoiceField("format", "as", choices, answers.get("format", "tar.gz"))


class PackForm:
    """Packs one environment into an archive."""

    previews = False

    def __init__(self, environment: Environment, paths: FormPaths) -> None:
        self._environment = environment
        self._paths = paths

    def form(self, answers: Answers) -> Form:
        """The fields; the suffix of the file follows from the format."""
        chosen = _format_field(answers)
        fields = (
            chosen,
            TextField("file", "to", self._paths.suggested(archive_name(self._environment, chosen.value))),
            TextField("level", "compressed", "4", "0 to 9; to 22 for zst"),
            TextField("dest_prefix", "destination prefix", example="not known: conda-unpack is run there"),
            TextField("excludes", "without", example="nothing; or, say, *.pyc 'my data/*'"),
            yes_or_no("ignore_editable", "ignore editable"),
            yes_or_no("ignore_missing", "ignore missing"),
        )
        return Form(f"Pack {sanitize(self._environment.name)}", fields)

    async def request(self, answers: Answers) -> PackRequest:
        """The request for the archive."""
        return PackRequest(
            prefix=self._environment.prefix,
            file=self._paths.path(answers["file"]),
            format=answers["format"],
            level=_level(answers["level"]),
            threads=0,
            dest_prefix=answers["dest_prefix"].strip(),
            excludes=split_words(answers["excludes"], "What to leave out"),
            ignore_editable=answers["ignore_editable"] == YES,
            ignore_missing=answers["ignore_missing"] == YES,
        )


class PackAllForm:
    """Packs several environments, each into an archive of its own."""

    previews = False

    def __init__(self, environments: Sequence[Environment], paths: FormPaths) -> None:
        self._environments = environments
        self._paths = paths

    def form(self, answers: Answers) -> Form:
        """The fields; the title says where the archives will be."""
        chosen = _format_field(answers)
        directory = TextField("directory", "into", self._paths.suggested(""), "a directory that is there")
        typed = sanitize(answers.get("directory", directory.value)).rstrip("/")
        title = f"Pack {counted(len(self._environments), 'environment')} to {typed}/NAME{SUFFIXES[chosen.value]}"
        fields = (
            chosen,
            directory,
            TextField("level", "compressed", "4", "0 to 9; to 22 for zst"),
            TextField("excludes", "without", example="nothing; or, say, *.pyc 'my data/*'"),
            yes_or_no("ignore_editable", "ignore editable"),
            yes_or_no("ignore_missing", "ignore missing"),
        )
        return Form(title, fields)

    async def request(self, answers: Answers) -> SeveralRequest:
        """The request for all archives, one after the other."""
        directory, form = self._paths.path(answers["directory"]), answers["format"]
        names = archive_names([archive_name(each, form) for each in self._environments], form)
        return SeveralRequest(
            parts=tuple(
                PackRequest(
                    prefix=each.prefix,
                    file=f"{directory.rstrip('/')}/{name}",
                    format=form,
                    level=_level(answers["level"]),
                    threads=0,
                    excludes=split_words(answers["excludes"], "What to leave out"),
                    ignore_editable=answers["ignore_editable"] == YES,
                    ignore_missing=answers["ignore_missing"] == YES,
                )
                for each, name in zip(self._environments, names, strict=True)
            )
        )


def _level(text: str) -> int:
    if text.strip().isdecimal() and int(text) <= 22:
        return int(text)
    raise UsageError("How much to compress is a number: 0 to 9, to 22 for zst.")
