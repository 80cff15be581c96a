"""The environment variables that a conda is run with."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from msgspec import Struct

from condatui_core.records.installation import Installation

_FOREIGN = re.compile(
    r"PYTHON"  # conda's interpreter must not import, trace or inspect what the user's own python should
    r"|(FORCE_COLOR|CLICOLOR_FORCE)$"  # escape sequences in JSON and in error messages
)
_ACTIVATION = re.compile(
    # A reading is about the installation: which environment the user is in would add that one's own .condarc.
    r"CONDA_(PREFIX(_\d+)?|DEFAULT_ENV|PROMPT_MODIFIER|SHLVL|STACKED_\d+)$"
)


class Caller(Struct, frozen=True):
    """On whose behalf conda runs."""

    environ: Mapping[str, str]
    home: Path
    euid: int
    """The effective user id; 0 is root."""


def conda_environ(caller: Caller, installation: Installation) -> dict[str, str]:
    """The variables for any command of an installation: the caller's, without what would spoil conda's answer."""
    environ = {name: value for name, value in caller.environ.items() if not _FOREIGN.match(name)}
    environ |= {
        "HOME": str(caller.home),  # the one whose files we look at, even if the caller's says nothing
        "NO_COLOR": "1",
        "PYTHONUTF8": "1",
        "PYTHONIOENCODING": "utf-8:surrogateescape",  # paths that are no UTF-8 come through as they are
        "PYTHONDONTWRITEBYTECODE": "1",  # running a conda does not add files to it
        "CONDA_REPORT_ERRORS": "false",  # old versions offer to upload a report when they crash
    }
    if installation.kind != "conda" and installation.root_prefix:
        environ["MAMBA_ROOT_PREFIX"] = installation.root_prefix  # else it picks, or makes, a root of its own
    return environ


def reading_environ(caller: Caller, installation: Installation) -> dict[str, str]:
    """The variables for a command that only reads.

    Not for one that solves: it would believe that the machine has no GPU.
    """
    environ = conda_environ(caller, installation)
    for name in tuple(filter(_ACTIVATION.match, environ)):
        del environ[name]
    # Empty means "no CUDA" to every version, and that no driver is asked: a sick one hangs, and conda waits a minute.
    environ.setdefault("CONDA_OVERRIDE_CUDA", "")
    return environ
