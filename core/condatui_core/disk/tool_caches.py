"""The caches of pip and uv: where they are, what in them may go, and how uv links from its own.

This follows what `pip cache dir` and `uv cache dir` say, and runs neither. A cache counts even where its use is turned
off since (`no-cache`): what lies in it takes space, and environments may hold links to it.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from itertools import zip_longest
from pathlib import Path
from types import MappingProxyType
from typing import Literal, TypeAlias

from condatui_core.fs.safe_read import read_bounded
from condatui_core.records.disk import CacheTool
from condatui_core.settings import expand_home

# What in a cache is its tool's own


Installer: TypeAlias = Literal["pip", "uv"]
"""A tool whose cache is emptied as a whole."""

TRASH = ".condatui-trash-"
"""Prefix of directories at the top of a cache whose contents are being deleted; to conda they are no packages."""

_TRASH = re.escape(TRASH) + r".+"
_BUCKETS = (
    r"archive|binaries|builds|built-wheels|environments|files|flat-index|git|interpreter|osv|python|sdists|simple|"
    r"wheel-metadata|wheels"
)
"""What uv puts before the version of a layout; others may have a `final-v2` where their uv has its cache."""
_DIGIT, _TWO_DIGITS, _DIGEST = (re.compile(each) for each in ("[0-9a-f]", "[0-9a-f]{2}", "[0-9a-f]{56}.*"))

_Levels: TypeAlias = tuple[re.Pattern[str], ...]
"""How all that lies in a directory is named, then all that lies in that; what is further below is not looked at."""

_ENTRIES: Mapping[CacheTool, Sequence[tuple[re.Pattern[str], _Levels]]] = MappingProxyType(
    {
        "pip": (
            (re.compile(r"http(?:-v[0-9]+)?"), (_DIGIT, _DIGIT)),
            (re.compile("wheels"), (_TWO_DIGITS, _TWO_DIGITS)),
            (re.compile("selfcheck"), (_DIGEST,)),
            (re.compile(_TRASH), ()),
        ),
        "uv": ((re.compile(rf"(?:{_BUCKETS})-v[0-9]+|\.tmp[A-Za-z0-9]{{6}}|{_TRASH}"), ()),),
    }
)
"""The names at the top of a cache that its tool makes, and what lies in them: a setting may name a directory that holds
other things too, and those may be called `wheels` as well.
"""
_TAG = "CACHEDIR.TAG"
"""The file by which uv marks every directory that it has made a cache of."""

INSTALLERS: tuple[Installer, ...] = ("pip", "uv")

_BUILT: Mapping[CacheTool, re.Pattern[str]] = MappingProxyType(
    {"pip": re.compile("wheels"), "uv": re.compile(r"(?:sdists|built-wheels)-v\d+")}
)
"""The names of directories with wheels that were built on this machine."""


def is_installer(tool: CacheTool) -> bool:
    """Whether a cache is emptied as a whole, not package by package."""
    return tool in _ENTRIES


def holds_built_wheels(tool: CacheTool, path: str) -> bool:
    """Whether a directory of a cache has wheels that were built on this machine, and cannot be downloaded again."""
    if tool not in _BUILT or not _BUILT[tool].fullmatch(os.path.basename(path)):
        return False
    with suppress(OSError), os.scandir(path) as entries:
        return any(each.is_dir(follow_symlinks=False) for each in entries)  # uv's has two files from the beginning
    return False


def own_entries(tool: CacheTool, cache: str) -> tuple[str, ...]:
    """The paths in a cache that go when it is emptied, sorted; none if it cannot be read, or is none of its tool.

    uv's tag and lock stay, and what is not its.
    """
    if tool == "uv" and not os.path.isfile(os.path.join(cache, _TAG)):
        return ()
    try:
        with os.scandir(cache) as entries:
            return tuple(sorted(each.path for each in entries if _is_own(tool, each)))
    except OSError:
        return ()


def _is_own(tool: CacheTool, entry: os.DirEntry[str]) -> bool:
    shapes = (levels for name, levels in _ENTRIES.get(tool, ()) if name.fullmatch(entry.name))
    return not entry.is_symlink() and any(not levels or _is_filled(entry.path, levels) for levels in shapes)


def _is_filled(directory: str, levels: _Levels) -> bool:
    """Whether something lies in a directory, and all of it has the names of these levels."""
    try:
        return bool(os.listdir(directory)) and _has_levels(directory, levels)
    except OSError:
        return False


def _has_levels(directory: str, levels: _Levels) -> bool:
    """Whether all that lies in the levels of a directory has their names. Raises OSError if it cannot be listed."""
    if not levels:
        return True
    first, below = levels[0], levels[1:]
    names = os.listdir(directory)
    return all(first.fullmatch(each) and _has_levels(os.path.join(directory, each), below) for each in names)


# Where the caches are


_LARGEST = 1 << 20
"""Bytes of a configuration file."""
_ETC = "/etc"
_CACHE_DIR: Mapping[Installer, str] = MappingProxyType({"pip": "PIP_CACHE_DIR", "uv": "UV_CACHE_DIR"})
_NO_CACHE: Mapping[Installer, str] = MappingProxyType({"pip": "PIP_NO_CACHE_DIR", "uv": "UV_NO_CACHE"})
_YES = ("1", "true", "yes", "on", "t", "y")
_UNCACHED: Mapping[Installer, frozenset[str]] = MappingProxyType(
    {"pip": frozenset({"--no-cache-dir"}), "uv": frozenset({"--no-cache", "--no-cache-dir", "-n"})}
)
"""The options by which a tool works without its cache."""


def installer_caches(
    environ: Mapping[str, str], home: Path, prefixes: Iterable[str] = (), *, etc: str = _ETC
) -> Iterator[tuple[Installer, str]]:
    """Find the caches of pip and uv that exist, belong to this user and have something in them, as they are spelled.

    `prefixes` are environments, whose `pip.conf` pip reads as well.
    """
    for path in dict.fromkeys(_pip_caches(environ, home, prefixes, etc)):
        if _is_cache("pip", path):
            yield "pip", path
    for path in dict.fromkeys(_uv_caches(environ, home, etc)):
        if _is_cache("uv", path):
            yield "uv", path


def may_use(
    tool: Installer,
    cache: str,
    arguments: Sequence[str],
    environ: Mapping[str, str] | None,
    prefixes: Iterable[str] = (),
    *,
    etc: str = _ETC,
) -> bool:
    """Whether a running pip or uv may work on a cache, which is a real path, by its command line and its variables.

    What is not known counts as yes: variables that may not be read are None.
    """
    if not _UNCACHED[tool].isdisjoint(arguments):
        return False
    if named := _option(arguments, "--cache-dir"):
        return _may_be(named, cache)
    if environ is None or not environ.get("HOME"):
        return True
    if environ.get(_NO_CACHE[tool], "").lower() in _YES:
        return False
    home = Path(environ["HOME"])
    if named := expand_home(environ.get(_CACHE_DIR[tool], ""), home):
        return _may_be(named, cache)
    found = _pip_caches(environ, home, prefixes, etc) if tool == "pip" else _uv_caches(environ, home, etc)
    return any(path and _may_be(path, cache) for path in found)


def _may_be(path: str, cache: str) -> bool:
    """Whether a path may lead to a cache: it is not known from where a relative one does."""
    return not os.path.isabs(path) or os.path.realpath(path) == cache


def _option(arguments: Sequence[str], name: str) -> str:
    """The value of an option in a command line; empty if it is not there."""
    for each, following in zip_longest(arguments, arguments[1:], fillvalue=""):
        if each == name:
            return following
        if each.startswith(f"{name}="):
            return each.partition("=")[2]
    return ""


def links_softly(environ: Mapping[str, str], home: Path, *, etc: str = _ETC) -> bool:
    """Whether uv is told to make symlinks into its cache, also in environments that condatui does not know."""
    settings = (_uv_setting(file, "link-mode") for file in _uv_files(environ, home, etc))
    return next(filter(None, (environ.get("UV_LINK_MODE", ""), *settings)), "") == "symlink"


def _is_cache(tool: Installer, path: str) -> bool:
    try:
        own = os.path.isabs(path) and os.stat(path).st_uid == os.geteuid()
    except (OSError, ValueError):  # ValueError: a NUL
        return False
    return own and bool(own_entries(tool, path))


def _pip_caches(environ: Mapping[str, str], home: Path, prefixes: Iterable[str], etc: str) -> Iterator[str]:
    yield expand_home(environ.get("PIP_CACHE_DIR", ""), home)
    for file in _pip_files(environ, home, prefixes, etc):
        yield expand_home(_pip_setting(file), home)
    yield os.path.join(_usual_caches(environ, home), "pip")
    yield str(home / "Library" / "Caches" / "pip")


def _uv_caches(environ: Mapping[str, str], home: Path, etc: str) -> Iterator[str]:
    yield expand_home(environ.get("UV_CACHE_DIR", ""), home)
    for file in _uv_files(environ, home, etc):
        yield expand_home(_uv_setting(file, "cache-dir"), home)
    yield os.path.join(_usual_caches(environ, home), "uv")


def _usual_caches(environ: Mapping[str, str], home: Path) -> str:
    return environ.get("XDG_CACHE_HOME") or str(home / ".cache")


def _pip_files(environ: Mapping[str, str], home: Path, prefixes: Iterable[str], etc: str) -> Iterator[str]:
    """The configuration files of pip, those that win first: PIP_CONFIG_FILE, environments, user, machine."""
    named = environ.get("PIP_CONFIG_FILE", "")
    if named == os.devnull:  # so pip is told to read none
        return
    if named:
        yield named
    yield from (os.path.join(prefix, "pip.conf") for prefix in prefixes)
    directories = (str(home / "Library" / "Application Support"), _user_settings(environ, home))
    yield from (os.path.join(each, "pip", "pip.conf") for each in directories)
    yield str(home / ".pip" / "pip.conf")
    yield from (os.path.join(each, "pip", "pip.conf") for each in _machine_settings(environ, etc))
    yield os.path.join(etc, "pip.conf")


def _uv_files(environ: Mapping[str, str], home: Path, etc: str) -> Iterator[str]:
    """The configuration files of uv, those that win first; those of projects cannot name a cache for others."""
    if named := environ.get("UV_CONFIG_FILE"):
        yield named
    elif not environ.get("UV_NO_CONFIG"):
        directories = (_user_settings(environ, home), *_machine_settings(environ, etc), etc)
        yield from (os.path.join(each, "uv", "uv.toml") for each in directories)


def _user_settings(environ: Mapping[str, str], home: Path) -> str:
    return environ.get("XDG_CONFIG_HOME") or str(home / ".config")


def _machine_settings(environ: Mapping[str, str], etc: str) -> list[str]:
    return (environ.get("XDG_CONFIG_DIRS") or os.path.join(etc, "xdg")).split(os.pathsep)


def _pip_setting(file: str) -> str:
    """The `cache-dir` of one of pip's configuration files; empty if it has none."""
    if not (text := _text_of(file)):
        return ""
    import configparser  # noqa: PLC0415 - most have no such file

    parser = configparser.RawConfigParser(strict=False)
    try:
        parser.read_string(text)
    except configparser.Error:
        return ""
    return parser.get("global", "cache-dir", fallback="")


def _uv_setting(file: str, name: str) -> str:
    """A setting of text in a uv.toml; empty if it has none. Only the part above the first table can have it."""
    above = re.split(r"^[ \t]*\[", _text_of(file), maxsplit=1, flags=re.MULTILINE)[0]
    found = re.search(rf"^[ \t]*{name}[ \t]*=[ \t]*([\"'])(.*?)\1", above, re.MULTILINE)
    return found[2] if found else ""


def _text_of(file: str) -> str:
    """The text of a file; empty if it is not there, not to be read, or too large."""
    try:
        return read_bounded(file, _LARGEST).decode(errors="replace")
    except (OSError, ValueError):  # ValueError: a NUL
        return ""
