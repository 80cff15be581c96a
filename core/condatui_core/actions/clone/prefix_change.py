"""Whether a file of a clone is the one of its source, the prefix in it apart."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from urllib.parse import quote

from condatui_core.fs.safe_read import open_regular
from condatui_core.fs.tree import TreeEntry

# The old prefix in files and links, and the new one in its place.


_LONGEST_SHEBANG = 127
"""Bytes of a first line that every kernel reads."""
_GOES_ON = rb"(?![\w+~@%\x80-\xff-]|\.\w)"
"""What follows a prefix is not the rest of another directory's name: `/envs/nlp` is not in `/envs/nlp-2`."""


class PrefixChange:
    """One prefix instead of another, in all that may name it."""

    def __init__(self, source: str, target: str, *, spellings: Iterable[str] = (), spared: Iterable[str] = ()) -> None:
        """`spellings` are other paths to the source; `spared` directories below it stay where they are."""
        self.source = source
        self.target = target
        old = dict.fromkeys((source, *spellings))
        quoted = dict.fromkeys(each for path in old if (each := quote(path)) != path)
        self._old = tuple(os.fsencode(each) for each in sorted((*old, *quoted), key=len, reverse=True))
        self._quoted = frozenset(map(os.fsencode, quoted))
        within = b"|".join(re.escape(os.fsencode(each)) for each in spared)
        stays = rb"(?!/(?:" + within + rb")(?![\w.-]))" if within else b""
        self._pattern = re.compile(b"(?:" + b"|".join(map(re.escape, self._old)) + b")" + stays + _GOES_ON)

    def carried_by(self, data: bytes) -> bool:
        """Whether the old prefix is in there."""
        return self._pattern.search(data) is not None

    def of_link(self, target: str) -> str:
        """Where a link is to lead instead; where it did if that is not in the source."""
        if not os.path.isabs(target):
            return target
        return os.fsdecode(self._replace(os.fsencode(target)))

    def of_file(self, data: bytes) -> bytes:
        """What a file is to hold instead; the same where it is binary or does not name the prefix."""
        if is_binary(data) or not self.carried_by(data):
            return data
        changed = self._replace(data)
        return self._with_working_shebang(changed) if changed.startswith(b"#!") else changed

    def without(self, data: bytes) -> bytes:
        """A binary file without either prefix, and without the NULs that conda fills up with."""
        for each in (*self._old, os.fsencode(self.target)):
            data = data.replace(each, b"")
        return data.replace(b"\0", b"")

    def _replace(self, data: bytes) -> bytes:
        plain, quoted = os.fsencode(self.target), os.fsencode(quote(self.target))
        return self._pattern.sub(lambda match: quoted if match[0] in self._quoted else plain, data)

    def _with_working_shebang(self, data: bytes) -> bytes:
        """A kernel reads no long first line and no space in a path: then the shell starts the interpreter."""
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
    """Whether a file is not text: text has no NUL."""
    return b"\0" in data


def spellings_of(prefix: str, scripts: Iterable[bytes]) -> tuple[str, ...]:
    """Other paths to a prefix by which its scripts call their interpreter, found in their first lines."""
    found: dict[str, None] = {}
    for data in scripts:
        for match in re.finditer(rb"^(?:#!|'''exec' \"?)(/[^\n\"]*?)/bin/[^/\s\"]+", data[:1024], re.MULTILINE):
            path = os.fsdecode(match[1])
            if path != prefix and path not in found and os.path.realpath(path) == prefix:
                found[path] = None
    return tuple(found)


LARGEST_TEXT = 64 << 20
"""Bytes; a larger file is copied as it is."""
_LARGEST_COMPARED = 512 << 20
"""Bytes; of a larger file nobody expects that conda wrote the prefix into it."""
_CHUNK = 1 << 20
_PYC_HEADER = 16
"""Bytes that say which source a compiled module is of; what follows names its path, which Python corrects."""


def same(source: TreeEntry, target: TreeEntry, change: PrefixChange) -> bool:
    """Whether a path of the target is what the source has there. Raises OSError if it has to be read and cannot be."""
    if source.kind == "symlink" and target.kind == "symlink":
        return change.of_link(source.target) == target.target
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
        return change.without(old) == change.without(new)
    return change.of_file(old) == new


def _same_bytes(source: str, target: str) -> bool:
    with open_regular(source) as one, open_regular(target) as other:
        while (chunk := one.read(_CHUNK)) == other.read(_CHUNK):
            if not chunk:
                return True
    return False


def _head(path: str) -> bytes:
    with open_regular(path) as stream:
        return stream.read(_PYC_HEADER)
