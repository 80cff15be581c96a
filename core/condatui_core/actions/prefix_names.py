"""The names and paths that an environment can have, and the prefix that a name stands for."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence

from condatui_core.actions.protocol import JobContext
from condatui_core.errors import UsageError
from condatui_core.prefixes.probe import set_aside_from
from condatui_core.records.environment import Environment
from condatui_core.records.installation import CondaFacts
from condatui_core.settings import absolute_path, expand_home
from condatui_core.text import sanitize

# Valid names and paths


_RESERVED = ("base", "root")
_NOT_IN_NAMES = "/ :#"
"""Characters that conda itself refuses in a name."""
_LONGEST_NAME = 255
"""Bytes of a file name on all common file systems."""
_LONGEST_PREFIX = 254
"""Bytes of a prefix; conda writes it into files that have room for 255, the last of which is a NUL."""
_UNSAFE = re.compile(r"[$`\"'\\]")
"""conda writes the path between quotes into activation and start scripts, escapes nothing, and expands `$HOME`."""


def name_problem(name: str) -> str:
    """Say why an environment cannot have this name, as the predicate of a sentence; empty if it can."""
    if not name.strip():
        return "is empty"
    if name in _RESERVED:
        return "is what conda calls its own environment"
    if name in (os.curdir, os.pardir):
        return "is a directory, not a name"
    for character in _NOT_IN_NAMES:
        if character in name:
            return f"has `{character}` in it, which conda allows in no name"
    if len(os.fsencode(name)) > _LONGEST_NAME:
        return f"is longer than {_LONGEST_NAME} bytes"
    return _spelling_problem(name)


def prefix_problem(prefix: str) -> str:
    """Say why an environment cannot have this path, as the predicate of a sentence; empty if it can."""
    if not os.path.isabs(prefix) or os.path.normpath(prefix) != prefix:
        return "is no absolute path"
    if any(len(os.fsencode(part)) > _LONGEST_NAME for part in prefix.split(os.sep)):
        return f"has a name in it that is longer than {_LONGEST_NAME} bytes"
    if len(os.fsencode(prefix)) > _LONGEST_PREFIX:
        return f"is longer than {_LONGEST_PREFIX} bytes: conda could not write it into the files of its packages"
    return _characters_problem(prefix)


def _characters_problem(prefix: str) -> str:
    if not _is_utf8(prefix):
        return "is not UTF-8, in which conda writes it into files"
    if ":" in prefix:
        return "has `:` in it, which separates the directories of PATH"
    if unsafe := _UNSAFE.search(prefix):
        return f"has `{unsafe[0]}` in it: in the scripts that conda writes, a shell would take it for its own"
    spelling = _spelling_problem(os.path.basename(prefix))
    return f"has a name in it that {spelling}" if spelling else ""


def _is_utf8(path: str) -> bool:
    try:
        path.encode()
    except UnicodeEncodeError:
        return False
    return True


def _spelling_problem(name: str) -> str:
    if set_aside_from(os.path.join(os.sep, name)):
        return "is a name under which condatui sets aside what it removes"
    if name.startswith("-"):
        return "begins with `-`: every command would take it for an option"
    if name != name.strip():
        return "begins or ends with a space"
    if sanitize(name) != name:
        return "has characters in it that cannot be shown"
    return ""


# The prefix of a new environment


def target_prefix(text: str, source: Environment | None, context: JobContext, *, cwd: str) -> str:
    """The prefix for a text that a user typed: a path if there is a slash in it, else a name.

    A name goes into the first envs directory that this user may write to, of the installation that owns the source;
    this reads the disk. Raises UsageError if an environment cannot have the name.
    """
    if os.sep in text:
        return os.path.normpath(absolute_path(expand_home(text, context.locations.home), cwd))
    if problem := name_problem(text):
        hint = "Choose another, or give a path with a slash in it."
        raise UsageError(f"`{sanitize(text)[:80]}` cannot be the name of an environment: it {problem}.", hint=hint)
    installation = context.installation(source)
    root = installation.root_prefix if installation else ""
    envs_dirs = context.conda_facts.get(root, CondaFacts()).envs_dirs or (os.path.join(root, "envs"),)
    return os.path.join(_first_writable(envs_dirs), text)


def _first_writable(directories: Sequence[str]) -> str:
    """The directory that conda would choose; if none is writable, the first, which a guard then refuses."""
    return next((each for each in directories if _may_write(each)), directories[0])


def _may_write(directory: str) -> bool:
    while not os.path.lexists(directory) and os.path.dirname(directory) != directory:
        directory = os.path.dirname(directory)
    return os.access(directory, os.W_OK | os.X_OK)
