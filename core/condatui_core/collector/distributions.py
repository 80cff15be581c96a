"""Read what pip and its like have installed in a prefix: the dist-infos that no record of conda owns."""

import os
import re
from typing import Any, Dict, Iterable, Iterator, List, Optional, Sequence, Set, Tuple

from condatui_core.collector.conda_records import CondaPackage, name_and_version
from condatui_core.collector.reading import (
    Deadline,
    Unread,
    read_bounded,
    read_object,
    reason,
    text,
    text_of,
    total,
)

_PYTHON = re.compile(r"(?:python|pypy)\d[\w.]*")
_MINOR = re.compile(r"/(?:python|pypy)(\d+\.\d+)")
_OF_PYPY = "site-packages"
_ENDINGS = (".dist-info", ".egg-info", ".egg")
_LEFT_BEHIND = ("~", "-")
"""pip renames a package to `~ame` before it removes it."""
_METADATA = ("METADATA", "PKG-INFO", "EGG-INFO/PKG-INFO")
_LARGEST = 16 << 20

Row = Tuple[Any, ...]


def read_distributions(prefix: str, packages: Sequence[CondaPackage], deadline: Deadline, unread: Unread) -> List[Row]:
    """Read the rows of all distributions in the site-packages that the prefix's own python reads.

    Raises OutOfTimeError.
    """
    directories = _site_packages(prefix, packages)
    owned = _owned(directories, packages)
    rows: List[Row] = []
    for path in directories:
        deadline.check()
        try:
            names = sorted(os.listdir(os.path.join(prefix, path)))
        except OSError as error:
            unread.append((prefix, "%s: %s" % (path, reason(error))))
            continue
        rows += _rows(prefix, path, names, owned, unread)
    return sorted(rows, key=lambda row: (row[0].lower(), row[1]))


def _rows(prefix: str, path: str, names: Iterable[str], owned: Set[str], unread: Unread) -> Iterator[Row]:
    for name in names:
        relative = "%s/%s" % (path, name)
        if relative in owned or name.startswith(_LEFT_BEHIND):
            continue
        try:
            if name.endswith(_ENDINGS):
                yield from _distribution(os.path.join(prefix, relative))
            elif name.endswith(".egg-link"):
                yield from _linked(os.path.join(prefix, relative))
        except OSError as error:
            unread.append((prefix, "%s: %s" % (relative, reason(error))))


def _distribution(directory: str) -> Iterator[Row]:
    """Read a dist-info, egg-info, or egg; without metadata it is what a removal has left, and Python ignores it."""
    metadata = _metadata(directory)
    if metadata is None:
        return
    name, version = name_and_version(os.path.basename(directory))
    origin, url, revision, location = _origin(os.path.join(directory, "direct_url.json"))
    size = _recorded_size(text_of(os.path.join(directory, "RECORD"), _LARGEST))
    yield _row(metadata.get("name", name), metadata.get("version", version), size, (origin, url, revision, location))


def _linked(file: str) -> Iterator[Row]:
    """Read the egg-link of an old editable install."""
    location = read_bounded(file, _LARGEST).decode("utf-8", "replace").partition("\n")[0].strip()
    if location:
        name = name_and_version(os.path.basename(file))[0]
        found = next((each for each in _names(location) if each == name.replace("-", "_") + ".egg-info"), "")
        metadata = _headers(text_of(os.path.join(location, found, "PKG-INFO"), _LARGEST)) if found else {}
        version = metadata.get("version", "")
        yield _row(metadata.get("name", name), version, 0, ("editable", "file://" + location, "", location))


def _row(name: str, version: str, size: int, origin: Tuple[str, Optional[str], str, str]) -> Row:
    return (name, version, "", None, "", "pypi", size, 0, "", "", "", 0, (), *origin)


def _metadata(path: str) -> Optional[Dict[str, str]]:
    """Read the headers of a distribution's metadata; None if it has none. Raises OSError."""
    if not os.path.isdir(path):  # an egg may be a zip: then only its name is used
        return {} if path.endswith(".egg") else _headers(read_bounded(path, _LARGEST).decode("utf-8", "replace"))
    for name in _METADATA:
        file = os.path.join(path, name)
        if os.path.lexists(file):
            return _headers(read_bounded(file, _LARGEST).decode("utf-8", "replace"))
    return None


def _headers(metadata: str) -> Dict[str, str]:
    """Take name and version from the headers, which end with an empty line."""
    found: Dict[str, str] = {}
    for line in metadata.splitlines():
        if not line.strip():
            break
        key, colon, value = line.partition(":")
        if colon and key.lower() in ("name", "version") and value.strip():
            found.setdefault(key.lower(), value.strip())
    return found


def _recorded_size(record: str) -> int:
    sizes = (line.rpartition(",")[2].strip() for line in record.splitlines())
    return total(int(each) for each in sizes if each.isdecimal() and len(each) < 16)


def _origin(path: str) -> Tuple[str, Optional[str], str, str]:
    """Tell where pip got a distribution from: its kind, URL, commit, and directory."""
    if not os.path.lexists(path):
        return "index", None, "", ""
    try:
        stated = read_object(path)
    except OSError:
        return "unknown", None, "", ""
    url = text(stated.get("url"))
    location = "/" + url.partition("://")[2].partition("/")[2] if url.startswith("file://") else ""
    vcs, directory = stated.get("vcs_info"), stated.get("dir_info")
    if isinstance(vcs, dict):
        return "vcs", url, text(vcs.get("commit_id")), location
    if isinstance(directory, dict) and directory.get("editable"):
        return "editable", url, "", location
    return ("local" if isinstance(directory, dict) or location else "url"), url, "", location


# The site-packages of a prefix


def _site_packages(prefix: str, packages: Sequence[CondaPackage]) -> Dict[str, List[str]]:
    """Find the site-packages that the prefix's python reads, each with all paths that lead to it."""
    paths = [
        "%s/%s/site-packages" % (lib, name)
        for lib in ("lib", "lib64")
        for name in sorted(filter(_PYTHON.fullmatch, _names(os.path.join(prefix, lib))))
    ]
    real: Dict[str, List[str]] = {}
    for path in [*paths, "Lib/site-packages", _OF_PYPY]:
        if os.path.isdir(os.path.join(prefix, path)):
            real.setdefault(os.path.realpath(os.path.join(prefix, path)), []).append(path)
    root = os.path.realpath(prefix)
    found = {}
    for directory, same in real.items():
        own = os.path.relpath(directory, root)
        found[own if own in same else same[0]] = same
    return _of_python(found, next((each for each in packages if each.name == "python"), None))


def _of_python(found: Dict[str, List[str]], python: Optional[CondaPackage]) -> Dict[str, List[str]]:
    if python is None:
        return found
    build, version = python.row[2], python.row[1]
    candidates = {path: same for path, same in found.items() if path != _OF_PYPY or "pypy" in build}
    stated = {path: same for path, same in candidates.items() if python.site_packages in same}
    if stated:
        return stated
    return {path: same for path, same in candidates.items() if _is_of(version, same)}


def _is_of(version: str, paths: Sequence[str]) -> bool:
    minors = [match.group(1) for match in map(_MINOR.search, paths) if match]
    return not minors or any((version + ".").startswith(minor + ".") for minor in minors)


def _owned(directories: Dict[str, List[str]], packages: Iterable[CondaPackage]) -> Set[str]:
    """Find the distributions that conda's records own, by whichever path to a site-packages the records use."""
    own = {alias: path for path, same in directories.items() for alias in same}
    owned = set()
    for package in packages:
        for each in package.directories:
            directory, _, name = each.rpartition("/")
            owned.add("%s/%s" % (own.get(directory, directory), name))
    return owned


def _names(directory: str) -> List[str]:
    try:
        return os.listdir(directory)
    except OSError:
        return []
