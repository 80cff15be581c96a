"""Chooses the caches that a clean is about, where the user has named none or only what is to go."""

from __future__ import annotations

import os
from collections.abc import Collection, Sequence

from condatui_core.actions.clean.installers import InstallerCaches, known_installer_caches
from condatui_core.actions.clean.needs import known_caches
from condatui_core.actions.protocol import JobContext
from condatui_core.disk.tool_caches import INSTALLERS
from condatui_core.errors import UsageError
from condatui_core.records.request import CLEANABLES, Cleanable, CleanRequest

USUAL: tuple[Cleanable, ...] = ("tarballs", "packages")
"""What is cleaned unless the user says what."""
_WRITABLE = "No cache that was looked for exists and may be written by this user."


def clean_request(what: Collection[Cleanable], paths: Sequence[str], context: JobContext) -> CleanRequest:
    """Make the request to clean these parts of some caches; without paths, of all that this user may write to.

    Without parts, they are the usual ones: of a cache of pip or uv all of it. It looks at directories, so it blocks
    for a moment. Raises UsageError if there is no such cache.
    """
    of_tools = known_installer_caches(context)
    chosen = paths or _of_this_user(what or USUAL, of_tools, context)
    if not chosen:
        raise UsageError("There is no cache to clean.", _WRITABLE, "--cache names one.")
    parts = what or _usual_of(chosen, of_tools)
    return CleanRequest(
        pkgs_dirs=tuple(dict.fromkeys(chosen)), what=tuple(each for each in CLEANABLES if each in parts)
    )


def _of_this_user(what: Collection[Cleanable], of_tools: InstallerCaches, context: JobContext) -> Sequence[str]:
    """The caches that have such parts and may be written: those of conda first."""
    of_conda = known_caches(context) if not set(what) <= set(INSTALLERS) else ()
    chosen = (*of_conda, *(path for path, tool in of_tools.items() if tool in what))
    return [path for path in chosen if os.path.isdir(path) and os.access(path, os.W_OK)]


def _usual_of(paths: Sequence[str], of_tools: InstallerCaches) -> set[Cleanable]:
    parts: set[Cleanable] = set()
    for path in paths:
        tool = of_tools.get(os.path.realpath(path))
        parts.update((tool,) if tool else USUAL)
    return parts
