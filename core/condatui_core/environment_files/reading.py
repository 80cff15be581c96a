"""Read any file that describes an environment as a column of a comparison."""

from __future__ import annotations

from pathlib import Path
from typing import NoReturn, Protocol, TypeVar

import msgspec

from condatui_core.analyses.columns import entries_of
from condatui_core.environment_files.conda_lock import LockFile, lock_contents
from condatui_core.environment_files.environment_yml import EnvironmentFile, environment_file_entries
from condatui_core.environment_files.explicit_list import explicit_contents, looks_explicit
from condatui_core.environment_files.package_list import PACKAGE_LIST_FORMAT, PackageList, package_list_contents
from condatui_core.errors import NewerFormatError, UsageError
from condatui_core.fs.safe_read import read_bounded, reason
from condatui_core.records.comparison import Column, ColumnKind, Entry, Listing
from condatui_core.records.installation import ChannelConfig

# Untrusted YAML, read as texts, lists and mappings only


_DEEPEST = 50
"""The deepest nesting; no file that describes an environment is nested as deeply."""


class YamlMark(Protocol):
    """The position in a text where an event begins."""

    line: int
    """From 0."""


def parse_plain_yaml(text: str) -> object:
    """Parse one document: `1.10` stays a text, no tag creates an object, and no alias can expand to billions of lines.

    It is built from the parser's events, because the parser's own loaders recurse and the C loader crashes on deep
    nesting. Raises ValueError, with the line, for broken YAML and everything beyond this subset.
    """
    import yaml  # noqa: PLC0415 - only a comparison of files needs it

    stack: list[list[object]] = [[]]
    try:
        for event in yaml.parse(text, Loader=getattr(yaml, "CBaseLoader", yaml.BaseLoader)):
            if isinstance(event, yaml.ScalarEvent):
                stack[-1].append(event.value)
            elif isinstance(event, yaml.CollectionStartEvent):
                stack.append([])
                if len(stack) > _DEEPEST:
                    raise ValueError(f"nested too deeply{_place(event.start_mark)}")
            elif isinstance(event, yaml.CollectionEndEvent):
                items = stack.pop()
                stack[-1].append(_mapping(items) if isinstance(event, yaml.MappingEndEvent) else items)
            elif isinstance(event, yaml.AliasEvent):
                raise ValueError(f"aliases are not read{_place(event.start_mark)}")
    except yaml.YAMLError as error:
        raise ValueError(str(error)) from error
    if len(stack[0]) > 1:
        raise ValueError("more than one document")
    return stack[0][0] if stack[0] else None


def _place(mark: YamlMark | None) -> str:
    return f", line {mark.line + 1}" if mark else ""


def _mapping(items: list[object]) -> dict[str, object]:
    keys = items[::2]
    if not all(isinstance(key, str) for key in keys):
        raise ValueError("a key that is not a text")
    return dict(zip(map(str, keys), items[1::2], strict=True))


# Environment files; nothing in them is ever executed


LARGEST = 64 << 20
"""Bytes; a lock file for ten platforms takes a tenth of that."""

_HINT = (
    "These can be compared: an environment.yml, an explicit list, a conda-lock.yml, "
    "and the JSON that condatui has written about an environment."
)
_T = TypeVar("_T")


def read_environment_file(file: Path, config: ChannelConfig, platform: str) -> Listing:
    """Read a file as a column; of a lock file for several platforms, the part for `platform` (such as `linux-64`).

    Raises UsageError if it cannot be read, is of an unknown kind or is broken, and NewerFormatError if a newer
    condatui has written it.
    """
    text = _read(file)
    if looks_explicit(text):
        contents, left_out = explicit_contents(text)
        return _listing(file, "explicit list", entries_of(contents, config), left_out=left_out)
    document = _parse(text, file)
    if isinstance(document, list):
        document = {"packages": document}
    if isinstance(document, dict) and "packages" in document:
        packages = _convert(document, PackageList, file)
        if packages.format > PACKAGE_LIST_FORMAT:
            raise NewerFormatError("The list", str(file), found=packages.format, known=PACKAGE_LIST_FORMAT)
        entries = entries_of(package_list_contents(packages), config)
        return _listing(file, "package list", entries, prefix=packages.prefix)
    if isinstance(document, dict) and "dependencies" in document:
        wanted = _convert(document, EnvironmentFile, file)
        entries, left_out = environment_file_entries(wanted, config)
        return _listing(file, "environment file", entries, prefix=wanted.prefix, left_out=left_out)
    if isinstance(document, dict) and "package" in document:
        contents = lock_contents(_convert(document, LockFile, file), platform, str(file))
        return _listing(file, "lock file", entries_of(contents, config))
    raise UsageError("This file does not describe an environment.", str(file), _HINT)


def _listing(
    file: Path,
    kind: ColumnKind,
    entries: tuple[Entry, ...],
    *,
    prefix: str | None = None,
    left_out: tuple[str, ...] = (),
) -> Listing:
    column = Column(label=file.name, kind=kind, prefix=prefix, file=str(file), left_out=left_out)
    return Listing(column=column, entries=entries)


def _read(file: Path) -> str:
    try:
        return read_bounded(str(file), LARGEST).decode("utf-8-sig")
    except OSError as error:
        raise UsageError("The file cannot be read.", f"{file}: {reason(error)}", _HINT) from error
    except UnicodeDecodeError as error:
        raise UsageError("The file is not text in UTF-8.", f"{file}: {error}", _HINT) from error


def _parse(text: str, file: Path) -> object:
    try:
        return msgspec.json.decode(text) if text.lstrip()[:1] in ("{", "[") else parse_plain_yaml(text)
    except (msgspec.DecodeError, ValueError) as error:
        _broken(file, str(error), error)
    except RecursionError as error:
        _broken(file, "nested too deeply", error)


def _convert(document: object, kind: type[_T], file: Path) -> _T:
    try:
        return msgspec.convert(document, kind)
    except msgspec.ValidationError as error:
        _broken(file, str(error), error)


def _broken(file: Path, why: str, cause: Exception) -> NoReturn:
    raise UsageError("The file is broken.", f"{file}: {why}", "Create it again, or repair it there.") from cause
