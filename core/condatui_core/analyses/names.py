"""What a user means by the name or the path of an environment."""

from __future__ import annotations

import difflib
import os
from collections.abc import Callable, Sequence

from condatui_core.errors import UsageError
from condatui_core.printable import printable
from condatui_core.records.environment import Environment


def resolve(
    environments: Sequence[Environment],
    text: str,
    *,
    cwd: str,
    real_path: Callable[[str], str] = os.path.normpath,
) -> Environment:
    """Find the environment by its prefix (anything with a slash, `.` and `..`), its name or the name of a link to it.

    `real_path` follows the links of an absolute path; by default none is followed.
    Raises UsageError if there is none, with the names that come close, or more than one, with their prefixes.
    """
    found = (
        _by_path(environments, os.path.join(cwd, text), real_path) if _is_path(text) else _by_name(environments, text)
    )
    if len(found) == 1:
        return found[0]
    if found:
        prefixes = "\n".join(printable(environment.prefix) for environment in found)
        raise UsageError(f"More than one environment is called `{printable(text)}`.", prefixes, "Give the prefix.")
    raise UsageError(f"There is no environment `{printable(text)}`.", hint=_hint(environments, text))


def _is_path(text: str) -> bool:
    return os.sep in text or text in (os.curdir, os.pardir)


def _by_path(
    environments: Sequence[Environment], path: str, real_path: Callable[[str], str]
) -> tuple[Environment, ...]:
    spellings = {os.path.normpath(path), real_path(path)}
    return tuple(each for each in environments if spellings.intersection((each.prefix, *each.aliases)))


def _by_name(environments: Sequence[Environment], name: str) -> tuple[Environment, ...]:
    """Names come before links: a link may be called like an environment elsewhere."""
    named = tuple(each for each in environments if each.name == name)
    return named or tuple(each for each in environments if name in map(os.path.basename, each.aliases))


def _hint(environments: Sequence[Environment], text: str) -> str:
    names = {
        *(environment.name for environment in environments),
        *(os.path.basename(alias) for environment in environments for alias in environment.aliases),
    }
    close = difflib.get_close_matches(text, sorted(names), n=3)
    if close:
        return f"Did you mean {' or '.join(f'`{printable(name)}`' for name in close)}?"
    return "`condatui list` shows them all."
