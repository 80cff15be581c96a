"""Read any file that describes an environment as a column of a comparison."""

from __future__ import annotations

import codecs
import os
import re
from functools import partial
from pathlib import Path
from typing import NoReturn, TypeVar

import msgspec
from msgspec import Struct
from msgspec.structs import replace
from packaging.utils import canonicalize_name

from condatui_core.analyses.columns import entries_of, listed_again
from condatui_core.environment_files.conda_lock import LockFile, lock_contents
from condatui_core.environment_files.environment_yml import EnvironmentFile, environment_file_requests, ignored_sections
from condatui_core.environment_files.explicit_list import explicit_contents, listed_lines, looks_explicit
from condatui_core.environment_files.foreign_files import HINT, Foreign, foreign_document, foreign_error, foreign_text
from condatui_core.environment_files.package_list import PACKAGE_LIST_FORMAT, PackageList, package_list_contents
from condatui_core.environment_files.pip_column import Requests
from condatui_core.environment_files.pip_files import ReadPipLines, read_pip_lines
from condatui_core.environment_files.pixi_lock import PixiLock, pixi_contents
from condatui_core.environment_files.plain_yaml import parse_plain_yaml
from condatui_core.environment_files.selectors import Target, apply_selectors
from condatui_core.environment_files.spec_list import commented_entries, installer_of, spec_list_requests
from condatui_core.errors import NewerFormatError, UsageError
from condatui_core.fs.safe_read import read_bounded, reason
from condatui_core.records.comparison import Column, ColumnKind, Entry, Listing
from condatui_core.records.installation import ChannelConfig
from condatui_core.text import mask_credentials, schema_fault

# Environment files; nothing in them is ever executed


LARGEST = 64 << 20
"""Bytes; a lock file for ten platforms takes a tenth of that."""

_T = TypeVar("_T")


def read_environment_file(
    file: Path,
    config: ChannelConfig,
    platform: str,
    *,
    python: str = "",
    environment: str = "",
    platform_asked: bool = False,
) -> Listing:
    """Read a file as a column.

    What a file has for several platforms is read for `platform` (such as `linux-64`; empty if every line applies),
    environment markers for `python` unless the file names its own, and of a lock file `environment` is read.
    Raises UsageError if it cannot be read, is of an unknown kind or is broken, and NewerFormatError if a newer
    condatui has written it.
    """
    target = Target(platform=platform, platform_asked=platform_asked, python=python, environment=environment)
    return listing_of(text_of_file(file), file, config, target)


def listing_of(text: str, file: Path, config: ChannelConfig, target: Target) -> Listing:
    """The column of a file's text; raises UsageError as `read_environment_file` does."""
    source = _Source(file, config, target)
    return _distinct(_of_text(text, source) or _of_document(text, source))


def follow_from(file: Path) -> ReadPipLines:
    """What follows lines for pip of a file; it reads the files that they name, relative to that one."""
    directory = Path(os.path.abspath(file)).parent
    return lambda lines: read_pip_lines(lines, directory, partial(text_of_file, may_be_empty=True))


def stated_channels(file: Path) -> tuple[str, ...]:
    """The channels that an environment.yml names for all of its packages, credentials and all; empty for other files.

    Raises UsageError as `read_environment_file` does.
    """
    text = text_of_file(file)
    if looks_explicit(text) or installer_of(text, file.name):
        return ()
    document = parse_document(text, file)
    channels = document.get("channels") if isinstance(document, dict) else None
    return tuple(each for each in channels if isinstance(each, str)) if isinstance(channels, list) else ()


def file_and_part(file: str) -> tuple[Path, str]:
    """A file, and which environment or category of a lock file is meant: `pixi.lock#test`. Looks whether it exists."""
    path, mark, part = file.rpartition("#")
    return (Path(path), part) if mark and not os.path.lexists(file) else (Path(file), "")


class _Source(Struct, frozen=True):
    """A file, and what it is read for."""

    file: Path
    config: ChannelConfig
    target: Target

    def listing(
        self,
        kind: ColumnKind,
        entries: tuple[Entry, ...],
        *,
        prefix: str | None = None,
        left_out: tuple[str, ...] = (),
    ) -> Listing:
        label = f"{self.file.name}#{self.target.environment}" if self.target.environment else self.file.name
        column = Column(label=label, kind=kind, prefix=prefix, file=str(self.file), left_out=left_out)
        return Listing(column=column, entries=entries)

    def requests(self, kind: ColumnKind, found: Requests, *, prefix: str | None = None) -> Listing:
        listing = self.listing(kind, found.entries, prefix=prefix, left_out=found.left_out)
        return replace(listing, bounds=found.bounds)

    def unsuitable(self, what: Foreign) -> NoReturn:
        raise foreign_error(what, str(self.file))


def _distinct(listing: Listing) -> Listing:
    """Each package once; what is listed again in another way is told, and kept apart."""
    kept: dict[tuple[str, str], Entry] = {}
    again: list[Entry] = []
    for entry in listing.entries:
        name = entry.package or canonicalize_name(entry.cell.name)
        first = kept.setdefault((entry.cell.source, name), entry)
        if first.cell != entry.cell:
            again.append(entry)
    told = (listed_again(each.cell) for each in again)
    column = replace(listing.column, left_out=(*listing.column.left_out, *told))
    return replace(listing, column=column, entries=tuple(kept.values()), again=tuple(again))


# Lists of a package a line


def _of_text(text: str, source: _Source) -> Listing | None:
    """The listing of a text that is neither YAML nor JSON; None if it may be one of these."""
    if looks_explicit(text):
        return _explicit(text, source)
    if foreign := foreign_text(text, source.file.name):
        source.unsuitable(foreign)
    if installer := installer_of(text, source.file.name):
        follow = follow_from(source.file)
        return source.requests("spec list", spec_list_requests(text, installer, source.config, source.target, follow))
    return None


def _explicit(text: str, source: _Source) -> Listing:
    listed = listed_lines(text)
    wheels = tuple(line for line in listed.lines if line.partition("#")[0].endswith(".whl"))
    listed = replace(
        listed, lines=tuple(line for line in listed.lines if line not in wheels), pip=(*listed.pip, *wheels)
    )
    contents, left_out = explicit_contents(listed)
    by_pip = commented_entries(listed, source.target)
    return source.listing(
        "explicit list",
        (*entries_of(contents, source.config), *(each for each in by_pip if isinstance(each, Entry))),
        left_out=(*left_out, *(each for each in by_pip if isinstance(each, str))),
    )


# Documents


def _of_document(text: str, source: _Source) -> Listing:
    document = parse_document(text, source.file)
    if isinstance(document, list):
        document = _list_of_packages(document, source)
    if not isinstance(document, dict):
        raise UsageError("This file does not describe an environment.", str(source.file), HINT)
    if foreign := foreign_document(document, source.file.name):
        source.unsuitable(foreign)
    if "environments" in document and "packages" in document:
        contents = pixi_contents(_convert(document, PixiLock, source), source.target, str(source.file))
        return source.listing("lock file", entries_of(contents, source.config))
    if "packages" in document:
        return _package_list(document, source)
    if "dependencies" in document:
        return _environment_yml(text, document, source)
    if "package" in document:
        contents, left_out = lock_contents(_convert(document, LockFile, source), source.target, str(source.file))
        return source.listing("lock file", entries_of(contents, source.config), left_out=left_out)
    raise UsageError("This file does not describe an environment.", str(source.file), HINT)


def _list_of_packages(items: list[object], source: _Source) -> dict[str, object]:
    if not items:
        raise UsageError("The list in this file is empty: it names no package.", str(source.file), HINT)
    if not all(isinstance(each, dict) and "name" in each for each in items):
        raise UsageError("This file does not describe an environment.", str(source.file), HINT)
    return {"packages": items}


def _package_list(document: dict[str, object], source: _Source) -> Listing:
    packages = _convert(document, PackageList, source)
    if packages.format > PACKAGE_LIST_FORMAT:
        raise NewerFormatError("The list", str(source.file), found=packages.format, known=PACKAGE_LIST_FORMAT)
    return source.listing(
        "package list", entries_of(package_list_contents(packages), source.config), prefix=packages.prefix
    )


def _environment_yml(text: str, document: dict[str, object], source: _Source) -> Listing:
    selected, others = apply_selectors(text, source.target)
    wanted = _convert(parse_document(selected, source.file) if others else document, EnvironmentFile, source)
    found = environment_file_requests(wanted, source.config, source.target, follow_from(source.file))
    left_out = (*map(mask_credentials, others), *found.left_out, *ignored_sections(document))
    return source.requests("environment file", replace(found, left_out=left_out), prefix=wanted.prefix)


# Bytes, texts, documents


_BOMS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))


def text_of_file(file: Path, *, may_be_empty: bool = False) -> str:
    """The text of a file that describes an environment; raises UsageError if it cannot be read, or is none."""
    try:
        data = read_bounded(str(file), LARGEST)
    except OSError as error:
        raise UsageError("The file cannot be read.", f"{file}: {reason(error)}", "Check the path.") from error
    try:
        text = decode_text(data)
    except UnicodeDecodeError as error:
        raise UsageError("The file is not text.", f"{file}: {error}", HINT) from error
    if "\0" in text:
        raise UsageError("The file is not text.", f"{file}: there are NUL characters in it", HINT)
    if not text.strip() and not may_be_empty:
        raise UsageError("The file is empty.", str(file), HINT)
    return text


def decode_text(data: bytes) -> str:
    """Decode text as editors and shells write it: UTF-8, with a byte order mark UTF-16, or Windows' code page 1252.

    Line ends become `\\n`. Raises UnicodeDecodeError for everything else.
    """
    mark, encoding = next(((mark, name) for mark, name in _BOMS if data.startswith(mark)), (b"", ""))
    try:
        text = data[len(mark) :].decode(encoding or "utf-8")
    except UnicodeDecodeError:
        if encoding:
            raise
        text = data.decode("cp1252")
    return text.replace("\r\n", "\n").replace("\r", "\n")


_KEYS = re.compile(r"""(?:^|[{,\n])[ \t]*["']?(?:dependencies|packages?|environments)["']?[ \t]*:""")
"""The keys of the documents that describe an environment; a broken text without any is of another kind."""


def parse_document(text: str, file: Path) -> object:
    """Parse YAML or JSON; raises UsageError, which names the file, if it is broken."""
    try:
        return msgspec.json.decode(text) if text.lstrip()[:1] in ("{", "[") else parse_plain_yaml(text)
    except (msgspec.DecodeError, ValueError, RecursionError) as error:
        why = "nested too deeply" if isinstance(error, RecursionError) else str(error)
        if _KEYS.search(text):
            _broken(file, why, error)
        raise UsageError("This file does not describe an environment.", f"{file}: {why}", HINT) from error


def _convert(document: object, kind: type[_T], source: _Source) -> _T:
    try:
        return msgspec.convert(document, kind)
    except msgspec.ValidationError as error:
        _broken(source.file, schema_fault(str(error)), error)


def _broken(file: Path, why: str, cause: Exception) -> NoReturn:
    raise UsageError("The file is broken.", f"{file}: {why}", "Create it again, or repair it there.") from cause
