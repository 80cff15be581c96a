"""What a shell may complete: environments, restore points and settings, from what is remembered; no conda is started.

A shell puts a completion into the command line unquoted, and names may be another user's. So only names and paths
without any character that means something to a shell are offered.
"""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TypeAlias

import click
from click.shell_completion import CompletionItem

from condatui.cli.invocation import Invocation
from condatui_core.errors import UsageError
from condatui_core.settings import Settings
from condatui_core.text import sanitize

Items: TypeAlias = "list[CompletionItem[str]]"
Complete: TypeAlias = Callable[[click.Context, click.Parameter, str], Items]

_HARMLESS = re.compile(r"[\w./+@%][\w./+@%=-]*")
"""No space, no quote, no comma, which fish takes for a separator, and no beginning of an option."""


def environments(context: click.Context, _parameter: click.Parameter, incomplete: str) -> Items:
    """The names of the environments of the last run, or their prefixes once a slash is typed."""
    invocation: Invocation = context.obj
    from condatui_core.prefixes.last_list import read_last_list  # noqa: PLC0415 - most calls complete nothing

    names = read_last_list(invocation.locations.last_list)
    if os.sep not in incomplete:
        return _offered(_unambiguous(names), incomplete, given=context.params.values())
    typed = invocation.spelled_out(incomplete)
    found = _offered({_spelled_as(each, typed, incomplete): "" for each in names}, incomplete)
    return found or directories(context, _parameter, incomplete)


def restore_points(context: click.Context, _parameter: click.Parameter, incomplete: str) -> Items:
    """The ids of restore points, newest first."""
    from condatui_core.restore_points.store import directory_of_points, point_ids  # noqa: PLC0415 - as above

    invocation: Invocation = context.obj
    try:
        directory = directory_of_points(invocation.settings, invocation.locations)
    except UsageError:  # the command itself tells it
        return []
    return _offered(dict.fromkeys(point_ids(directory), ""), incomplete)


def settings(context: click.Context, _parameter: click.Parameter, incomplete: str) -> Items:
    """The names of settings."""
    names = dict.fromkeys(Settings.__struct_fields__, "")
    return _offered(names, incomplete, given=context.params.values())


def files(_context: click.Context, _parameter: click.Parameter, incomplete: str) -> Items:
    """Leave it to the shell to complete files."""
    return [CompletionItem(incomplete, type="file")]


def directories(_context: click.Context, _parameter: click.Parameter, incomplete: str) -> Items:
    """Leave it to the shell to complete directories."""
    return [CompletionItem(incomplete, type="dir")]


def environments_or_files(context: click.Context, parameter: click.Parameter, incomplete: str) -> Items:
    """Environments, or files where no environment is meant."""
    found = environments(context, parameter, incomplete)
    named = [each for each in found if each.type == "plain"]
    return named or files(context, parameter, incomplete)


def words(*offered: str) -> Complete:
    """Offer these words."""
    return lambda _context, _parameter, incomplete: _offered(dict.fromkeys(offered, ""), incomplete)


def _unambiguous(names: Mapping[str, str]) -> dict[str, str]:
    """What names an environment, with its prefix as a help: one whose name others have as well by its prefix."""
    times = Counter(names.values())
    return {name if times[name] == 1 else prefix: prefix for prefix, name in names.items()}


def _spelled_as(prefix: str, typed: str, incomplete: str) -> str:
    """A prefix with its beginning as the user has typed that, such as `~`."""
    return f"{incomplete}{prefix.removeprefix(typed)}" if prefix.startswith(typed) else prefix


def _offered(words: Mapping[str, str], incomplete: str, *, given: Iterable[object] = ()) -> Items:
    """The words, with a help each, that begin so, may stand in a command line, and are not given already."""
    used = {word for each in given if isinstance(each, Sequence) and not isinstance(each, str) for word in each}
    return [
        CompletionItem(word, help=sanitize(help_) or None)
        for word, help_ in words.items()
        if word.startswith(incomplete) and word not in used and _HARMLESS.fullmatch(word.removeprefix("~/"))
    ]
