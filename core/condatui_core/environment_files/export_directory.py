"""A directory of exports, as it lies in version control: its files' names, how condatui knows its own, and the index.

Nothing in it tells a machine or a day, so that it changes only when environments do.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from urllib.parse import quote, unquote

from msgspec import Struct

from condatui_core.analyses.channel_shares import channel_counts
from condatui_core.analyses.channels import PYPI
from condatui_core.environment_files.export import ExportText, check_file_name
from condatui_core.errors import UsageError
from condatui_core.records.environment import Environment
from condatui_core.records.installation import ChannelConfig
from condatui_core.records.prefix import PrefixContents
from condatui_core.records.request import ExportFormat
from condatui_core.text import sanitize

# Names of files


_ENDINGS: Mapping[ExportFormat, str] = {
    "explicit": "-explicit.txt",
    "requirements": "-requirements.txt",
    "conda-lock": ".conda-lock.yml",
    "json": ".json",
    "yaml": ".yml",
}
_UNSAFE = re.compile(r"[^\w.+-]")
_LONGEST = 120
"""Bytes; a directory entry has 255, of which an ending and a temporary name take some."""


def file_ending(form: ExportFormat) -> str:
    """How the names of files of a format end."""
    return _ENDINGS[form]


def file_names(environments: Iterable[Environment], form: ExportFormat) -> Mapping[str, str]:
    """Prefix → name of the file of each environment, distinct even where upper and lower case are one.

    Environments of the same name get as many of the directories above them into their names as tell them apart, so
    that the name of one depends on nothing that changes by itself. `…/segmentation/env` gets one in any case.
    """
    paths = {each.prefix: _path_words(each) for each in environments}
    depths = {prefix: min(len(words), 2 if words[-1] in _SAY_NOTHING else 1) for prefix, words in paths.items()}
    while deeper := [each for each in _clashing(paths, depths) if depths[each] < len(paths[each])]:
        for prefix in deeper:
            depths[prefix] += 1
    stems = {prefix: _stem(words, depths[prefix], form) for prefix, words in paths.items()}
    return {prefix: f"{stem}{_ENDINGS[form]}" for prefix, stem in _numbered(stems).items()}


_SAY_NOTHING = frozenset({"env", "venv", ".env", ".venv", "conda-env", "condaenv", "conda", ".conda", "default"})
"""What people and tools call the environment of a project, which has its name from the directory above."""
_BETWEEN = frozenset({"envs", ".pixi"})
"""Directories that lead to environments and tell nothing of any."""


def _path_words(environment: Environment) -> Sequence[str]:
    """The directories that lead to an environment, its name last, without those that tell nothing."""
    words = [each for each in environment.prefix.split(os.sep) if each and each not in _BETWEEN]
    return (*words, "base") if environment.base else words or [environment.name]


def _clashing(paths: Mapping[str, Sequence[str]], depths: Mapping[str, int]) -> list[str]:
    stems = {prefix: _folded(_joined(words, depths[prefix])) for prefix, words in paths.items()}
    uses = Counter(stems.values())
    return [prefix for prefix, stem in stems.items() if uses[stem] > 1]


def _stem(words: Sequence[str], depth: int, form: ExportFormat) -> str:
    """The name without its ending; one that stands for a file of another kind gets a word more."""
    stem = _joined(words, depth)
    try:
        check_file_name(f"{stem}{_ENDINGS[form]}", form)
    except UsageError:
        return f"{stem}-environment"
    return stem


def _joined(words: Sequence[str], depth: int) -> str:
    name = "-".join(words[-depth:])
    safe = _UNSAFE.sub("_", name).lstrip(".-") or "environment"
    if len(safe.encode()) <= _LONGEST:
        return safe
    digest = hashlib.sha256(name.encode("utf-8", "surrogatepass")).hexdigest()[:8]
    return f"{safe.encode()[:_LONGEST].decode('utf-8', 'ignore')}-{digest}"


def _numbered(stems: Mapping[str, str]) -> Mapping[str, str]:
    """The same with numbers where unsafe characters have made names equal, in the order of the prefixes."""
    taken: set[str] = set()
    numbered: dict[str, str] = {}
    for prefix in sorted(stems):
        number, stem = 1, stems[prefix]
        while _folded(stem) in taken:
            number += 1
            stem = f"{stems[prefix]}-{number}"
        taken.add(_folded(stem))
        numbered[prefix] = stem
    return numbered


def _folded(name: str) -> str:
    return unicodedata.normalize("NFC", name).casefold()


# Files that condatui has written


_HEADING = "# Written by condatui, which replaces this file when its environment changes.\n"
_KEYS = (("name", "channels", "dependencies"), ("name", "channels", "dependencies", "variables"))


def file_content(export: ExportText, form: ExportFormat, options: str = "") -> bytes:
    """The content of a file of the directory: a heading by which it is known again, where the format has comments.

    `options` say in words what is exported.
    """
    text = export.text if form == "json" else f"{_heading(options)}{export.text}"
    return text.encode("utf-8", "replace")


def has_options(content: bytes, options: str) -> bool:
    """Whether a file that condatui has written says that it was exported in this way; JSON says nothing."""
    return content.startswith(_heading(options).encode())


def _heading(options: str) -> str:
    return f"{_HEADING}# What it is: {options}.\n" if options else _HEADING


def is_own_file(content: bytes) -> bool:
    """Whether an export into a directory has written this: by its heading; JSON by its keys and exact form."""
    return content.startswith((_HEADING.encode(), _INDEX_HEADING.encode())) or _is_own_json(content)


def _is_own_json(content: bytes) -> bool:
    try:
        document = json.loads(content)
    except (ValueError, RecursionError):
        return False
    if not isinstance(document, dict) or tuple(document) not in _KEYS:
        return False
    forms = (json.dumps(document, indent=2, ensure_ascii=each) + "\n" for each in (False, True))
    return any(each.encode("utf-8", "replace") == content for each in forms)


# The index


INDEX = "index.md"
_INDEX_HEADING = "<!-- Written by condatui, which replaces this file when an environment changes. -->\n"
_COLUMNS = "| environment | python | packages | channels | file |\n| --- | --- | --- | --- | --- |\n"
_GONE = "## No longer there\n"
_ROW = re.compile(r"\|.*\| \[[^\]]*\]\((?P<file>[^()\s]+)\) \|")
_MARKS = re.compile(r"([\\`*_{}\[\]<>|#])")


class Index(Struct, frozen=True):
    """The rows of an index, by the names of their files."""

    present: Mapping[str, str] = {}
    gone: Mapping[str, str] = {}
    """Of environments that are gone."""

    def text(self) -> str:
        """The index as Markdown; the same rows are the same bytes."""
        gone = ("\n", _GONE, "\n", _COLUMNS, *_in_order(self.gone)) if self.gone else ()
        return "".join((_INDEX_HEADING, "# Environments\n\n", _COLUMNS, *_in_order(self.present), *gone))


def read_index(text: str) -> Index:
    """The rows of an index that condatui has written; what is no row of one is passed over."""
    before, _, after = text.partition(_GONE)
    return Index(dict(_rows(before)), dict(_rows(after)))


def index_row(environment: Environment, contents: PrefixContents, config: ChannelConfig, file: str) -> str:
    """The row of an environment whose file is this: name, python, conda's packages+pip's, and conda's channels."""
    python = next((each.version for each in contents.packages if each.name == "python"), "–")
    pip = len(contents.pip_distributions)
    packages = f"{len(contents.packages)}+{pip}" if pip else f"{len(contents.packages)}"
    name = "base" if environment.base else os.path.basename(environment.prefix)
    channels = ", ".join(sorted({channel for channel, _ in channel_counts(contents, config)} - {PYPI}))
    cells = " | ".join(map(_marked, (name, python, packages, channels or "–", file)))
    head, _, shown = cells.rpartition(" | ")
    return f"| {head} | [{shown}]({quote(file)}) |\n"


def merged_index(
    former: Index, rows: Mapping[str, str], form: ExportFormat, *, complete: bool, exists: frozenset[str]
) -> Index:
    """The index with new rows; rows whose file does not exist any more go.

    If the rows are `complete`, the others of files of the same format are of environments that are gone.
    """
    others = {file: row for file, row in former.present.items() if file not in rows and file in exists}
    lost = {file for file in others if complete and _format_of(file) == form}
    still_gone = {file: row for file, row in former.gone.items() if file not in rows and file in exists}
    return Index(
        {**{file: row for file, row in others.items() if file not in lost}, **rows},
        {**still_gone, **{file: others[file] for file in lost}},
    )


def _format_of(file: str) -> ExportFormat:
    for form, ending in _ENDINGS.items():
        if file.endswith(ending):
            return form
    return "yaml"


def _rows(text: str) -> Iterator[tuple[str, str]]:
    for line in text.splitlines():
        if match := _ROW.fullmatch(line):
            yield unquote(match["file"]), f"{line}\n"


def _in_order(rows: Mapping[str, str]) -> Iterator[str]:
    return (rows[file] for file in sorted(rows, key=lambda each: (_folded(each), each)))


def _marked(text: str) -> str:
    """A foreign text in a cell of a table."""
    return _MARKS.sub(r"\\\1", sanitize(text.encode("utf-8", "surrogateescape").decode("utf-8", "replace")))
