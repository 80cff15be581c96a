"""How processes of condatui's own are started: they import what this one does, and nothing from where the user is."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping

DIRECTORY = "/"
"""Where they run: `python -m` looks for modules where it is started, and there may be an `email.py` of the user's."""


def own_argv(module: str, *arguments: str) -> tuple[str, ...]:
    """The command that runs a module of condatui's with this very Python."""
    return (sys.executable, "-m", module, *arguments)


def own_environ(environ: Mapping[str, str]) -> dict[str, str]:
    """These variables, and the way to all that this process can import."""
    return {**environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
