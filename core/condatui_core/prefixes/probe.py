"""Probe a prefix with stats only; of its files only the mark of another tool is read."""

from __future__ import annotations

import os
import re
import sys
from typing import cast, get_args

from condatui_core.prefixes.managers import managed_by, project_of
from condatui_core.records.prefix import PrefixProbe, SetAsideBy

HALF_MADE = ".condatui-clone"
"""The file in an environment that condatui is creating: while it exists, the environment is incomplete."""
_SET_ASIDE = re.compile(rf"\.(?P<of>.+)\.condatui-(?P<by>{'|'.join(get_args(SetAsideBy))})-[0-9a-f]{{16}}", re.DOTALL)
"""The name under which a job sets a directory aside; it ends in random digits."""
_REMAINS = (
    "conda-meta",
    "bin",
    "lib",
    "include",
    "share",
    "etc",
    "ssl",
    "Scripts",
    "Library",
    "pyvenv.cfg",
    ".condatmp",  # all that there is of an environment if conda is killed before it links the first file
)


def set_aside_name(stem: str, by: SetAsideBy, digits: str) -> str:
    """The hidden name for what a job sets aside, by the name that it had and 16 hexadecimal digits."""
    return f".{stem}.condatui-{by}-{digits}"


def set_aside_from(path: str) -> str:
    """Where a directory was that a job has set aside; empty if the path is none of those."""
    directory, name = os.path.split(path)
    found = _SET_ASIDE.fullmatch(name)
    return os.path.join(directory, found["of"]) if found else ""


def set_aside_by(path: str) -> SetAsideBy | None:
    """What the job does that has set a directory aside; None if the path is none of those."""
    found = _SET_ASIDE.fullmatch(os.path.basename(path))
    return cast("SetAsideBy", found["by"]) if found else None


def probe_prefix(prefix: str) -> PrefixProbe:
    """Find out whether a prefix exists, is an environment, who owns it, and whether this user may change it."""
    try:
        there = os.stat(prefix)
    except (FileNotFoundError, NotADirectoryError):
        return PrefixProbe(exists=False)
    except OSError:
        return PrefixProbe(exists=True, readable=False)
    meta = os.path.join(prefix, "conda-meta")
    history = os.path.join(meta, "history")
    has_conda_meta = os.path.isdir(meta)
    has_history = os.path.isfile(history)
    readable = os.access(meta if has_conda_meta else prefix, os.R_OK | os.X_OK)
    manager = managed_by(prefix)
    return PrefixProbe(
        exists=True,
        readable=readable,
        has_conda_meta=has_conda_meta,
        has_history=has_history,
        half_made=os.path.lexists(os.path.join(prefix, HALF_MADE)),
        set_aside_from=set_aside_from(prefix),
        set_aside_by=set_aside_by(prefix),
        remains=() if has_history else _remains(prefix),
        writable=os.access(history, os.W_OK) and os.access(meta, os.W_OK) if has_history else None,
        owner=user_name(there.st_uid),
        manager=manager,
        project=project_of(prefix, manager),
    )


def _remains(prefix: str) -> tuple[str, ...]:
    return tuple(name for name in _REMAINS if os.path.lexists(os.path.join(prefix, name)))


def user_name(uid: int) -> str:
    """The name of a user, or the number if this machine has no name for it."""
    if sys.platform == "win32":
        return str(uid)
    import pwd  # noqa: PLC0415 - not available on every platform

    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)
