"""Probe a prefix with stats only, without reading a file."""

from __future__ import annotations

import os
import sys

from condatui_core.records.prefix import PrefixProbe

HALF_MADE = ".condatui-clone"
"""The file in an environment that condatui is creating: while it exists, the environment is incomplete."""
_REMAINS = ("conda-meta", "bin", "lib", "include", "share", "etc", "ssl", "Scripts", "Library", "pyvenv.cfg")


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
    return PrefixProbe(
        exists=True,
        readable=readable,
        has_conda_meta=has_conda_meta,
        has_history=has_history,
        half_made=os.path.lexists(os.path.join(prefix, HALF_MADE)),
        remains=() if has_history else _remains(prefix),
        writable=os.access(history, os.W_OK) and os.access(meta, os.W_OK) if has_history else None,
        owner=user_name(there.st_uid),
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
