"""Read what a file asks of pip, with the files that it names, so that nothing of it is dropped without a word.

Nothing is run. What is read may hold passwords: `asks` is for pip alone, and everything else is masked.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import TypeAlias
from urllib.parse import unquote, urlsplit

from msgspec import Struct

from condatui_core.analyses.requirements import parse_requirement
from condatui_core.errors import UsageError
from condatui_core.text import mask_credentials

_DEEPEST = 20
"""Files that name each other, one inside the other."""
_MOST = 10_000
"""Lines of all files together, those of a file as often as it is named."""

_OPTION = re.compile(r"(?P<option>--?[A-Za-z][A-Za-z-]*)(?:\s*=\s*|\s+|(?<=^-[a-zA-Z]))?(?P<value>.*)")
_REQUIREMENTS = frozenset({"-r", "--requirement"})
_CONSTRAINTS = frozenset({"-c", "--constraint"})
_EDITABLE = frozenset({"-e", "--editable"})
_LINKS = frozenset({"-f", "--find-links"})
_PASSED_ON = frozenset(
    {
        *("-i", "--index-url", "--extra-index-url", "--no-index", "--trusted-host"),
        *("--no-binary", "--only-binary", "--prefer-binary", "--pre", "--require-hashes", "--use-feature"),
    }
)
"""The options that pip itself reads in a file, and that mean the same in any other."""
_COMMENT = re.compile(r"(?:^|\s)#.*$")
_LOCAL = re.compile(r"(?:\.{0,2}/|~/)")
_FOREIGN = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:")
"""How a URL begins."""
_INSTALLED_FROM = re.compile(r"(?:https?|ftp|file|(?:git|hg|svn|bzr)(?:\+[a-z]+)?):", re.IGNORECASE)
"""How one begins that pip installs from: not every line with a colon in it is one."""


class PipAsked(Struct, frozen=True, kw_only=True):
    """What pip is asked for."""

    asks: tuple[str, ...] = ()
    """The lines for pip, each path absolute; they may hold passwords."""
    constraints: tuple[str, ...] = ()
    """The lines that only restrict versions; they may hold passwords, too."""
    refused: tuple[str, ...] = ()
    """The lines that cannot be done, each with the reason."""
    in_place: tuple[str, ...] = ()
    """The directories that stay where they are, and are used from there."""
    files: tuple[str, ...] = ()
    """The paths of the files that are named, and were read."""
    texts: tuple[str, ...] = ()
    """Their texts."""

    @property
    def requirements(self) -> tuple[str, ...]:
        """The lines that ask for something, masked."""
        return tuple(mask_credentials(each) for each in self.asks if _asks_for_something(each))


ReadPipLines: TypeAlias = Callable[[Iterable[str]], PipAsked]
"""Follows lines for pip of one file, as `read_pip_lines` does."""


def names_a_file(line: str) -> bool:
    """Whether a line for pip names another file, by `-r` or `-c`."""
    option = _OPTION.fullmatch(_COMMENT.sub("", line).strip())
    return option is not None and option["option"] in _REQUIREMENTS | _CONSTRAINTS


def _asks_for_something(line: str) -> bool:
    return not line.startswith("-") or line.startswith("-e ")


def read_pip_lines(lines: Iterable[str], directory: Path, read: Callable[[Path], str]) -> PipAsked:
    """Follow the lines for pip of a file in this directory, which `read` reads the files that they name with."""
    reader = _Reader(read)
    reader.follow(joined(lines), directory, (), constrains=False)
    return PipAsked(
        asks=tuple(reader.asks),
        constraints=tuple(reader.constraints),
        refused=tuple(reader.refused),
        in_place=tuple(reader.in_place),
        files=tuple(reader.texts),
        texts=tuple(reader.texts.values()),
    )


def joined(lines: Iterable[str]) -> Iterator[str]:
    """Join the lines that end in a backslash, as pip does, and drop comments and empty lines."""
    for line in "\n".join(lines).replace("\\\n", " ").split("\n"):
        if text := _COMMENT.sub("", line).strip():
            yield text


class _Reader:
    """Reads files of requirements, each line as pip would."""

    def __init__(self, read: Callable[[Path], str]) -> None:
        self._read = read
        self.asks: list[str] = []
        self.constraints: list[str] = []
        self.refused: list[str] = []
        self.in_place: list[str] = []
        self.texts: dict[str, str] = {}
        self._lines = 0
        self._named: tuple[str, ...] = ()
        """The files in which the current line is, if it is not in the first one."""

    def follow(self, lines: Iterable[str], directory: Path, inside: tuple[str, ...], *, constrains: bool) -> None:
        """Read these lines of a file, which is named in the files `inside`."""
        for line in lines:
            self._lines += 1
            self._named = inside
            if self._lines > _MOST:
                self._refuse(line, f"there are more than {_MOST} lines")
                return
            option = _OPTION.fullmatch(line) if line.startswith("-") else None
            if option is None:
                self._add(self._requirement(line, directory), constrains=constrains)
            elif option["option"] in _REQUIREMENTS | _CONSTRAINTS:
                below = constrains or option["option"] in _CONSTRAINTS
                self._follow_file(line, option["value"], directory, inside, constrains=below)
            else:
                self._add(self._option(line, option["option"], option["value"], directory), constrains=constrains)

    def _add(self, line: str, *, constrains: bool) -> None:
        if line:
            (self.constraints if constrains else self.asks).append(line)

    def _follow_file(self, line: str, name: str, directory: Path, inside: tuple[str, ...], *, constrains: bool) -> None:
        if _FOREIGN.match(name):
            self._refuse(line, "only a file on this machine is read")
            return
        path = Path(os.path.normpath(directory / name))
        if str(path) in inside or len(inside) >= _DEEPEST:
            self._refuse(line, "the files name each other in a circle")
            return
        try:
            if str(path) not in self.texts:
                self.texts[str(path)] = self._read(path)
        except UsageError as error:
            self._refuse(line, error.detail or error.title)
            return
        self.follow(joined(self.texts[str(path)].split("\n")), path.parent, (*inside, str(path)), constrains=constrains)

    def _option(self, line: str, option: str, value: str, directory: Path) -> str:
        """The option as pip is to read it in another file; empty if it is refused."""
        if option in _PASSED_ON:
            return line
        if option in _LINKS:
            return line if _FOREIGN.match(value) else f"--find-links {_absolute(value, directory)}"
        if option in _EDITABLE:
            return self._editable(line, value, directory)
        line = f"{option} in {self._named[-1]}" if self._named else line
        return self._refuse(line, "this option is not known to be harmless")

    def _editable(self, line: str, value: str, directory: Path) -> str:
        if _FOREIGN.match(value) and not value.startswith("file:"):
            return f"-e {value}"
        if value.startswith("file:"):
            path, bracket, extras = unquote(urlsplit(value).path), "", ""
        else:
            place, bracket, extras = value.partition("[")
            path = _absolute(place, directory)
        if not os.path.isdir(path):
            return self._refuse(line, f"{path} is no directory")
        self.in_place.append(path)
        return f"-e {path}{bracket}{extras}" if not value.startswith("file:") else f"-e {value}"

    def _requirement(self, line: str, directory: Path) -> str:
        """A requirement, a path in it made absolute; empty if it is refused."""
        place = line.split(" ", 1)[0]
        if _LOCAL.match(place) or (parse_requirement(line) is None and not _INSTALLED_FROM.match(line)):
            bare, bracket, extras = place.partition("[")
            path = _absolute(bare, directory)
            if not os.path.lexists(path):
                return self._refuse(line, f"{path} is not there") if _LOCAL.match(place) else self._refuse_unread(line)
            return f"{path}{bracket}{extras}{line[len(place) :]}"
        if place.endswith(".whl") and not _FOREIGN.match(place):
            return f"{_absolute(place, directory)}{line[len(place) :]}"
        return line

    def _refuse_unread(self, line: str) -> str:
        """Refuse a line that is none. One of a file that was merely named is not told: it may be anybody's secret."""
        return self._refuse(f"a line of {self._named[-1]}" if self._named else line, "pip could not read it")

    def _refuse(self, line: str, why: str) -> str:
        self.refused.append(f"{mask_credentials(line)}: {mask_credentials(why)}")
        return ""


def _absolute(path: str, directory: Path) -> str:
    return os.path.normpath(directory / path.strip())
