"""Replaces the prefix in files and links, and compares files of a clone and its source apart from the prefix."""

from __future__ import annotations

import itertools
import os
import re
from collections.abc import Iterable, Iterator
from contextlib import suppress
from urllib.parse import quote

from condatui_core.fs.safe_read import open_regular
from condatui_core.fs.tree import TreeEntry

# Replacing the prefix in files and links


_LONGEST_SHEBANG = 127
"""Bytes of a shebang line that every kernel reads."""
_GOES_ON = rb"(?![\w+~@%\x80-\xff-]|\.\w)"
"""Requires that a prefix is not followed by the rest of a longer name: `/envs/nlp` is not in `/envs/nlp-2`."""


class PrefixChange:
    """Replaces one prefix by another in everything that may contain it."""

    def __init__(self, source: str, target: str, *, spellings: Iterable[str] = (), spared: Iterable[str] = ()) -> None:
        """`spellings` are other paths to the source; paths to `spared` directories below it are not replaced."""
        self.source = source
        self.target = target
        old = dict.fromkeys((source, *spellings))
        quoted = dict.fromkeys(each for path in old if (each := quote(os.fsencode(path))) != path)
        self._old = tuple(os.fsencode(each) for each in sorted((*old, *quoted), key=len, reverse=True))
        self._quoted = frozenset(map(os.fsencode, quoted))
        within = b"|".join(re.escape(os.fsencode(each)) for each in spared)
        stays = rb"(?!/(?:" + within + rb")(?![\w.-]))" if within else b""
        self._pattern = re.compile(b"(?:" + b"|".join(map(re.escape, self._old)) + b")" + stays + _GOES_ON)

    def occurs_in(self, data: bytes) -> bool:
        """Whether the data contain the old prefix."""
        return self._pattern.search(data) is not None

    def link_target(self, target: str) -> str:
        """The new target of a link; the same if it does not lead into the source."""
        if not os.path.isabs(target):
            return target
        return os.fsdecode(self._replace(os.fsencode(target)))

    def file_content(self, data: bytes) -> bytes:
        """The new content of a file; the same if it is binary or does not contain the prefix."""
        if is_binary(data) or not self.occurs_in(data):
            return data
        changed = self._replace(data)
        return self._with_working_shebang(changed) if changed.startswith(b"#!") else changed

    def without_prefixes(self, data: bytes) -> bytes:
        """The data of a binary file without either prefix, and without the NULs that conda pads with."""
        for each in (*self._old, os.fsencode(self.target)):
            data = data.replace(each, b"")
        return data.replace(b"\0", b"")

    def _replace(self, data: bytes) -> bytes:
        plain, quoted = os.fsencode(self.target), os.fsencode(quote(os.fsencode(self.target)))
        return self._pattern.sub(lambda match: quoted if match[0] in self._quoted else plain, data)

    def _with_working_shebang(self, data: bytes) -> bytes:
        """Let the shell start the interpreter if the kernel cannot: its line is too long, or its path has a space."""
        target = os.fsencode(self.target)
        line, newline, rest = data.partition(b"\n")
        if not line.startswith(b"#!" + target) or (len(line) <= _LONGEST_SHEBANG and b" " not in target):
            return data
        program, _, arguments = line[2 + len(target) :].partition(b" ")
        name = program.rpartition(b"/")[2]
        if not name.startswith((b"python", b"pypy")):
            return b"#!/usr/bin/env " + name + newline + rest
        words = b" ".join(filter(None, (arguments.strip(), b'"$0" "$@"')))
        return b"#!/bin/sh\n'''exec' \"" + target + program + b'" ' + words + b"\n' '''\n" + rest


def is_binary(data: bytes) -> bool:
    """Whether data are not text, which has no NUL."""
    return b"\0" in data


_FIRST_LINES = 1024
"""Bytes of a script that are searched for its interpreter."""
_MOST_SCRIPTS = 200


def first_lines(prefix: str, entries: Iterable[TreeEntry]) -> Iterator[bytes]:
    """The beginnings of the scripts of a prefix, where each names its interpreter."""
    scripts = (each for each in entries if each.kind == "file" and os.path.dirname(each.path) == "bin")
    for entry in itertools.islice(scripts, _MOST_SCRIPTS):
        with suppress(OSError), open_regular(os.path.join(prefix, entry.path)) as stream:
            yield stream.read(_FIRST_LINES)


def spellings_of(prefix: str, scripts: Iterable[bytes]) -> tuple[str, ...]:
    """Other paths to a prefix, found in the first lines of its scripts, which name their interpreter."""
    found: dict[str, None] = {}
    for data in scripts:
        for match in re.finditer(rb"^(?:#!|'''exec' \"?)(/[^\n\"]*?)/bin/[^/\s\"]+", data[:_FIRST_LINES], re.MULTILINE):
            path = os.fsdecode(match[1])
            if path != prefix and path not in found and os.path.realpath(path) == prefix:
                found[path] = None
    return tuple(found)


LARGEST_TEXT = 64 << 20
"""Bytes; a larger file is copied without replacing the prefix."""
_LARGEST_COMPARED = 512 << 20
"""Bytes; conda hardly writes the prefix into a larger file, so it has to be equal byte by byte."""
_CHUNK = 1 << 20
_PYC_HEADER = 16
"""Bytes that identify the source of a compiled module; the code after them contains its path, which Python corrects."""


def module_of(path: str) -> str:
    """The source file that a bytecode file was compiled from; empty for any other file."""
    directory, _, name = path.rpartition("/")
    if not name.endswith(".pyc") or not directory.endswith("__pycache__"):
        return ""
    return f"{directory.removesuffix('__pycache__')}{name.partition('.')[0]}.py"


def same(source: TreeEntry, target: TreeEntry, change: PrefixChange) -> bool:
    """Whether a path is the same in source and target, apart from the prefix. Raises OSError if it cannot be read."""
    if source.kind == "symlink" and target.kind == "symlink":
        return change.link_target(source.target) == target.target
    if source.kind != target.kind or source.kind != "file":
        return source.kind == target.kind
    if source.inode == target.inode:
        return True
    paths = os.path.join(change.source, source.path), os.path.join(change.target, target.path)
    if source.path.endswith(".pyc") and _head(paths[0]) == _head(paths[1]):
        return True
    if source.status.st_size == target.status.st_size and _same_bytes(*paths):
        return True
    return source.status.st_size <= _LARGEST_COMPARED and _same_but_for_prefix(*paths, change)


def _same_but_for_prefix(source: str, target: str, change: PrefixChange) -> bool:
    with open_regular(source) as one, open_regular(target) as other:
        old, new = one.read(), other.read()
    if is_binary(old):
        return change.without_prefixes(old) == change.without_prefixes(new)
    return change.file_content(old) == new


def _same_bytes(source: str, target: str) -> bool:
    with open_regular(source) as one, open_regular(target) as other:
        while (chunk := one.read(_CHUNK)) == other.read(_CHUNK):
            if not chunk:
                return True
    return False


def _head(path: str) -> bytes:
    with open_regular(path) as stream:
        return stream.read(_PYC_HEADER)
