"""The file that says which environments stay, which is the baseline, which files describe them, and what filters show.

A person may read and edit it.
"""

from __future__ import annotations

import os
import re
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import MAXYEAR, MINYEAR, date, datetime, timezone
from typing import TypeAlias

from condatui_core.environment_files.plain_yaml import parse_plain_yaml
from condatui_core.errors import CondatuiError, NewerFormatError, UsageError
from condatui_core.fs.atomic_write import write_whole
from condatui_core.fs.locks import FileLock
from condatui_core.fs.safe_read import read_bounded, reason
from condatui_core.records.environment import KeepMark, UserMarks
from condatui_core.settings import Locations, expand_home
from condatui_core.text import sanitize

_FORMAT = 1
_LARGEST_FORMAT = 1_000_000
"""No format will ever be newer; a larger number is none."""
_LARGEST = 1 << 20
"""Bytes of the file."""
_LONGEST_NOTE = 1000
"""Characters of a note."""
_FILTER_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,39}")
"""What a filter may be called, so that `@NAME` is one word."""
_LONGEST_FILTER = 1000
"""Characters of a filter."""
_LOCK_SECONDS = 10.0
"""How long to wait for another process that changes the file."""
_HEAD = """\
# The environments that stay, whatever is proposed for removal, the baseline that new ones are cloned from,
# the files that environments were verified against, and the filters that are remembered.
# You may edit this. Comments at the top stay; those below are lost when condatui changes the file: use `note`.
"""

_Document: TypeAlias = dict[str, object]
"""What the file holds, as YAML; what condatui does not know stays in it."""


class KeepMarks:
    """The marks of one user. Its methods use the disk and may wait for another process: call them in a thread."""

    def __init__(self, locations: Locations) -> None:
        self._file = locations.keep_file
        self._lock_file = locations.keep_lock
        self._home = locations.home

    def read(self) -> UserMarks:
        """The marks; none if there is no file.

        Raises UsageError if the file is damaged, NewerFormatError if a newer condatui has written it.
        """
        text = self._text()
        return self._marks(self._document(text)) if text else UserMarks()

    def keep(
        self, prefixes: Sequence[str], note: str, *, by: str, at: datetime, marks: Mapping[str, KeepMark] | None = None
    ) -> UserMarks:
        """Mark these real paths; an empty note leaves the note of one that is marked already. Raises as `read`.

        `marks` has those that come back as they were, by path.
        """
        words, former = _one_line(note), marks or {}

        def edit(kept: dict[str, object]) -> None:
            for prefix in prefixes:
                spelled = next(iter(self._spellings(kept, prefix)), prefix)
                if words or spelled not in kept:
                    mark = former.get(prefix) or KeepMark(note=words, at=at, by=by)
                    kept[spelled] = {**_entry(kept.get(spelled)), **_written(mark)}

        return self._change(lambda document: edit(_section(document, "keep")))

    def unkeep(self, prefixes: Sequence[str]) -> UserMarks:
        """Take the marks of these real paths away. Raises as `read`."""

        def edit(kept: dict[str, object]) -> None:
            for spelled in [each for prefix in prefixes for each in self._spellings(kept, prefix)]:
                del kept[spelled]

        return self._change(lambda document: edit(_section(document, "keep")))

    def set_baseline(self, prefix: str) -> UserMarks:
        """Remember the baseline; an empty one means that there is none. Raises as `read`."""

        def edit(document: _Document) -> None:
            document.pop("baseline", None)
            if prefix:
                document["baseline"] = prefix

        return self._change(edit)

    def remember_file(self, prefix: str, file: str) -> UserMarks:
        """Remember the file that describes an environment, both given by their absolute paths. Raises as `read`."""

        def edit(document: _Document) -> None:
            files = _section(document, "verify")
            files[next(iter(self._spellings(files, prefix)), prefix)] = file

        return self._change(edit)

    def remember_filter(self, name: str, text: str) -> UserMarks:
        """Remember a filter under a name, in place of another of that name. Raises as `read`, and for a bad name."""
        if not _FILTER_NAME.fullmatch(name):
            title = f"`{sanitize(name)}` cannot be the name of a filter."
            raise UsageError(title, hint="Letters, digits, `.`, `_` and `-` can be, 40 at most.")
        if len(text) > _LONGEST_FILTER:
            raise UsageError(f"The filter has {len(text):,} characters; {_LONGEST_FILTER:,} at most.")
        return self._change(lambda document: _section(document, "filters").update({name: text}))

    def forget_filter(self, name: str) -> UserMarks:
        """Forget the filter of a name. UsageError if there is none; raises as `read` besides."""

        def edit(document: _Document) -> None:
            filters = _section(document, "filters")
            if name not in filters:
                raise UsageError(f"No filter is remembered as `{sanitize(name)}`.")
            del filters[name]

        return self._change(edit)

    def _spellings(self, kept: Mapping[str, object], prefix: str) -> list[str]:
        """The paths in the file that lead to a prefix: a person may have written `~` or a link."""
        return [each for each in kept if prefix in (each, self._real_path(each))]

    def _is_path(self, text: object) -> bool:
        """Whether it is an absolute path, or one below the home of a user that there is."""
        return isinstance(text, str) and "\0" not in text and os.path.isabs(expand_home(text, self._home))

    def _real_path(self, path: str) -> str:
        return os.path.realpath(expand_home(path, self._home))

    # The file

    def _text(self) -> str:
        try:
            return read_bounded(str(self._file), _LARGEST).decode("utf-8-sig")
        except FileNotFoundError:
            return ""
        except OSError as error:
            raise self._unusable(reason(error)) from error
        except UnicodeDecodeError as error:
            raise self._unusable("not UTF-8") from error

    def _document(self, text: str) -> _Document:
        """The YAML document in a text, once it is sure that all of it is understood."""
        import yaml  # noqa: PLC0415 - only those who keep something need it

        try:
            parse_plain_yaml(
                text, surrogates=True
            )  # refuses what is nested deeply, holds itself, or grows with its aliases
            document = yaml.safe_load(text)
        except (yaml.YAMLError, ArithmeticError, LookupError, TypeError, ValueError, RecursionError) as error:
            raise self._unusable(f"not valid YAML: {error}") from error
        document = {} if document is None else document
        if not isinstance(document, dict):
            raise self._unusable("it must hold `name: value` lines")
        try:
            self._check(document)
            self._marks(document)
        except ValueError as error:  # a lone surrogate in a path, or a number with a million digits
            raise self._unusable(str(error)) from error
        return document

    def _check(self, document: _Document) -> None:
        stated = document.get("format", _FORMAT)
        if not isinstance(stated, int) or stated > _LARGEST_FORMAT:
            raise self._unusable("`format` must be a small number")
        if stated > _FORMAT:
            raise NewerFormatError("The file of keep marks", str(self._file), found=stated, known=_FORMAT)
        kept = document.get("keep") or {}
        if not isinstance(kept, dict):
            raise self._unusable("`keep` must hold `path: note` lines")
        paths = [*kept, *filter(None, [document.get("baseline")])]
        if wrong := next((each for each in paths if not self._is_path(each)), None):
            raise self._unusable(f"{wrong!r} is no path: it must begin with / or ~")
        if wrong := next((path for path, entry in kept.items() if isinstance(entry, list)), None):
            raise self._unusable(f"what is said of {wrong} must be a note, or `name: value` lines")

    def _marks(self, document: _Document) -> UserMarks:
        kept = document.get("keep")
        entries = kept.items() if isinstance(kept, dict) else ()
        described = document.get("verify")
        files = described if isinstance(described, dict) else {}
        baseline = document.get("baseline")
        return UserMarks(
            kept=tuple((self._real_path(path), _mark(entry)) for path, entry in entries),
            baseline=self._real_path(str(baseline)) if baseline else "",
            files=tuple(
                (self._real_path(path), expand_home(str(file), self._home))
                for path, file in files.items()
                if self._is_path(path) and self._is_path(file)  # what is none must not stand in the way of what stays
            ),
            filters=tuple(_filters(document.get("filters"))),
        )

    def _unusable(self, why: str) -> UsageError:
        hint = "Nothing is changed in it: repair it, or move it away."
        return UsageError("The file of keep marks cannot be read.", f"{self._file}: {sanitize(why)}", hint)

    def _change(self, edit: Callable[[_Document], None]) -> UserMarks:
        """Read the file again under its lock, edit that, and write it if anything has changed."""
        try:
            with self._locked():
                text = self._text()
                document, before = self._document(text), self._document(text)
                edit(document)
                if document != before:
                    self._write(document, _comments_at_top(text) if text else _HEAD)
                return self._marks(document)
        except OSError as error:
            raise CondatuiError("The keep marks cannot be written.", f"{self._file}: {reason(error)}") from error

    @contextmanager
    def _locked(self) -> Iterator[None]:
        self._lock_file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        lock, deadline = FileLock(self._lock_file), time.monotonic() + _LOCK_SECONDS
        while not lock.try_take():
            if time.monotonic() > deadline:
                raise CondatuiError("Another condatui is changing the keep marks.", str(self._file), "Try again.")
            time.sleep(0.02)
        try:
            yield
        finally:
            lock.release()

    def _write(self, document: _Document, head: str) -> None:
        import yaml  # noqa: PLC0415 - as above

        self._file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        whole = {"format": _FORMAT, **document}
        body = yaml.safe_dump(whole, sort_keys=False, allow_unicode=True, width=10_000)
        write_whole(self._file, f"{head}{body}".encode(), replace=True)


def _comments_at_top(text: str) -> str:
    lines = text.splitlines(keepends=True)
    end = next((at for at, line in enumerate(lines) if line.strip() and not line.startswith("#")), len(lines))
    return "".join(lines[:end])


# The entries: a note, nothing, or lines


def _section(document: _Document, name: str) -> dict[str, object]:
    """A part of the file by its name, which is made if it is not there."""
    section = document.get(name)
    if not isinstance(section, dict):
        document[name] = section = {}
    return section


def _filters(section: object) -> Iterator[tuple[str, str]]:
    """The filters that can be used; what a person has written and is none must not stand in the way of what stays."""
    for name, text in section.items() if isinstance(section, dict) else ():
        if isinstance(name, str) and isinstance(text, str) and _FILTER_NAME.fullmatch(name):
            yield name, text[:_LONGEST_FILTER]


def _entry(given: object) -> dict[str, object]:
    if isinstance(given, dict):
        return given
    return {} if given is None else {"note": str(given)}


def _mark(given: object) -> KeepMark:
    entry = _entry(given)
    return KeepMark(note=_text_of(entry.get("note")), at=_time(entry.get("at")), by=_text_of(entry.get("by")))


def _text_of(value: object) -> str:
    return "" if value is None else " ".join(str(value).split())


def _time(value: object) -> datetime | None:
    """The time that an entry states; None for what is none, since nothing depends on it."""
    if isinstance(value, date) and not isinstance(value, datetime):
        value = datetime(value.year, value.month, value.day)  # noqa: DTZ001 - the zone follows
    try:
        at = value if isinstance(value, datetime) else datetime.fromisoformat(str(value))
    except ValueError:
        return None
    # At the ends of the calendar no time can be told in another zone.
    return (at if at.tzinfo else at.replace(tzinfo=timezone.utc)) if MINYEAR < at.year < MAXYEAR else None


def _written(mark: KeepMark) -> dict[str, object]:
    """The lines of an entry: what is said, and nothing else."""
    at = mark.at.replace(microsecond=0) if mark.at else None
    return {name: value for name, value in (("note", mark.note), ("at", at), ("by", mark.by)) if value}


def _one_line(note: str) -> str:
    words = " ".join(note.split())
    if len(words) > _LONGEST_NOTE:
        raise UsageError(f"The note has {len(words):,} characters; {_LONGEST_NOTE:,} at most.")
    return sanitize(words)
