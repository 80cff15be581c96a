"""Read what conda has installed in a prefix: its records, and what the user has asked for."""

import os
import re
from datetime import datetime
from typing import Any, Dict, Iterator, List, Mapping, NamedTuple, Optional, Tuple

from condatui_core.collector.reading import (
    Deadline,
    Unread,
    channel_location,
    listed,
    read_object,
    reason,
    text,
    text_of,
    total,
    whole,
)

_DISTRIBUTION = re.compile(
    r"(?P<directory>(?:(?:[Ll]ib|lib64)/(?:(?:python|pypy)[^/]*/)?)?site-packages/[^/]+(?:"
    r"\.dist-info(?=/METADATA$)|\.egg-info(?=/PKG-INFO$|$)|\.egg(?=/EGG-INFO/PKG-INFO$)|\.egg-link$))"
)
_DECLARING = ("/METADATA", "-INFO", ".egg-info", ".egg-link")
_NOT_FILES = ("softlink", "directory")
_KIND = re.compile(r"\.(?:dist-info|egg-info|egg-link|egg)$")
_NAME_VERSION = re.compile(r"(?P<name>.+?)-(?P<version>v?\d[^-]*)(?:-py\d.*)?$")
_LARGEST_HISTORY = 32 << 20
_YEAR_2200 = 7258118400
"""Its begin, in seconds since 1970."""
_DATE = re.compile(r"==>\s*(.+?)\s*<==")
_COMMAND = re.compile(r"#\s*cmd:\s*(\S.*)")
_SPECS = re.compile(r"#\s*(\w+)\s*specs:\s*(\[.*)")
_QUOTED = re.compile(r"""'((?:[^'\\]|\\.)*)'|"((?:[^"\\]|\\.)*)\"""")
_ASKS = ("update", "install", "create", "neutered")
_SPEC_NAME = re.compile(r"[\w.-]+")


class CondaPackage(NamedTuple):
    """One record of conda-meta."""

    name: str
    row: Tuple[Any, ...]
    """What the table of the snapshot says of it."""
    directories: Tuple[str, ...]
    """The dist-info, egg-info, and egg-link that it brings, relative to the prefix."""
    requested: bool
    written: float
    """When the record was written, seconds since 1970."""
    site_packages: str
    """Of python alone: the site-packages that it reads, if the record states it."""


def name_and_version(file_name: str) -> Tuple[str, str]:
    """Split the name of a dist-info, egg-info, egg, or egg-link into name and version."""
    stem = _KIND.sub("", file_name)
    match = _NAME_VERSION.match(stem)
    return (match.group("name"), match.group("version")) if match else (stem, "")


def read_packages(prefix: str, deadline: Deadline, unread: Unread) -> List[CondaPackage]:
    """Read all records, sorted by name; of several records of one package only the one that was written last.

    Raises OSError if conda-meta cannot be listed, OutOfTimeError.
    """
    directory = os.path.join(prefix, "conda-meta")
    names = sorted(each for each in os.listdir(directory) if each.endswith(".json") and not each.startswith("._"))
    found: Dict[str, CondaPackage] = {}
    for name in names:
        deadline.check()
        path = os.path.join(directory, name)
        try:
            package = _package(path, read_object(path))
        except OSError as error:
            unread.append((prefix, "%s: %s" % (name, reason(error))))
            continue
        other = found.get(package.name)
        if other is not None:
            unread.append((prefix, "%s has two records" % package.name))
        if other is None or package.written > other.written:
            found[package.name] = package
    return [found[name] for name in sorted(found)]


def _package(path: str, record: Mapping[str, Any]) -> CondaPackage:
    name, version, build = (text(record.get(each)) for each in ("name", "version", "build"))
    if not name or os.path.basename(path) != "%s-%s-%s.json" % (name, version, build):
        raise OSError(0, "holds the record of %s %s %s" % (name, version, build), path)
    subdir, files = text(record.get("subdir")), listed(record.get("files"))
    provided = list(dict.fromkeys(_directories(files)))
    row = (
        name,
        version,
        build,
        channel_location(text(record.get("channel")), text(record.get("url")), subdir),
        subdir,
        "conda",
        total(_sizes(record.get("paths_data"))),
        whole(record.get("build_number")),
        text(record.get("md5")),
        text(record.get("sha256")),
        text(record.get("license")),
        len(files),
        tuple(name_and_version(os.path.basename(each)) for each in provided),
    )
    specs = listed(record.get("requested_specs")) or [text(record.get("requested_spec"))]
    requested = any(each and each != "None" for each in specs)
    site_packages = text(record.get("python_site_packages_path"))
    return CondaPackage(name, row, tuple(provided), requested, os.stat(path).st_mtime, site_packages)


def _directories(files: List[str]) -> Iterator[str]:
    for file in files:
        if file.endswith(_DECLARING):
            match = _DISTRIBUTION.match(file)
            if match:
                yield match.group("directory")


def _sizes(paths_data: object) -> Iterator[int]:
    paths = paths_data.get("paths") if isinstance(paths_data, dict) else None
    for each in paths if isinstance(paths, list) else ():
        if isinstance(each, dict) and each.get("path_type") not in _NOT_FILES:
            yield whole(each.get("size_in_bytes"))


# The history


class History(NamedTuple):
    """What conda-meta/history says."""

    created: Optional[str]
    modified: Optional[str]
    """Times in ISO 8601, with a zone."""
    requested: Dict[str, str]
    """Package name → the spec that the user has asked for; empty if no command is written down."""


def read_history(prefix: str) -> History:
    """Read when an environment was made and changed, and what the user has asked for."""
    path = os.path.join(prefix, "conda-meta", "history")
    dates: List[str] = []
    requested: Dict[str, str] = {}
    command = ""
    for line in map(str.strip, text_of(path, _LARGEST_HISTORY).splitlines()):
        date, ran = _DATE.match(line), _COMMAND.match(line)
        if date:
            dates.append(date.group(1))
            command = ""
        elif ran:
            command = ran.group(1)
        elif command:
            _take(line, command, requested)
    created = _seconds(text_of(os.path.join(prefix, "conda-meta", "created_at"), 1 << 10))
    return History(created or _local(dates[0] if dates else ""), _modified(path), requested)


def _take(line: str, command: str, requested: Dict[str, str]) -> None:
    """Note what a comment says of the user's wishes; a clone repeats all specs of its source, which nobody wished."""
    match = _SPECS.match(line)
    if match is None:
        return
    action = match.group(1)
    for single, double in _QUOTED.findall(match.group(2)):
        spec = re.sub(r"\\(.)", r"\1", single or double)
        named = _SPEC_NAME.match(spec.partition("[")[0].rpartition("::")[2].strip())
        name = named.group(0).lower() if named else ""
        if action in ("remove", "uninstall"):
            requested.pop(name, None)
        elif action in _ASKS and name and " --clone " not in command:
            requested[name] = spec


def _local(date: str) -> Optional[str]:
    try:
        return _seconds(str(datetime.strptime(date[:19], "%Y-%m-%d %H:%M:%S").astimezone().timestamp()))
    except (ValueError, OverflowError, OSError):
        return None


def _seconds(stated: str) -> Optional[str]:
    """A time by its seconds; none before 1970 or from 2200 on, which is a mistake and could not be told everywhere."""
    try:
        seconds = float(stated)
        return datetime.fromtimestamp(seconds).astimezone().isoformat() if 0 <= seconds < _YEAR_2200 else None
    except (ValueError, OverflowError, OSError):
        return None


def _modified(path: str) -> Optional[str]:
    try:
        return _seconds(str(os.stat(path).st_mtime))
    except OSError:
        return None
