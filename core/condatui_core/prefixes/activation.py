"""What the activation of an environment comes to: the variables that it leaves, and the scripts that it would run."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping


def activated(environ: Mapping[str, str], prefix: str, variables: Iterable[tuple[str, str]] = ()) -> dict[str, str]:
    """The variables as activation would leave them; none of its scripts is run.

    `variables` are those that the environment sets by `conda env config vars`.
    """
    path = os.pathsep.join(filter(None, (os.path.join(prefix, "bin"), environ.get("PATH"))))
    own = {name: value for name, value in variables if _can_be_set(name, value)}
    return {**environ, "PATH": path, "CONDA_PREFIX": prefix, **own}


def activation_scripts(prefix: str) -> tuple[str, ...]:
    """The scripts that activation would run, relative to the prefix, sorted."""
    directory = os.path.join("etc", "conda", "activate.d")
    try:
        names = os.listdir(os.path.join(prefix, directory))
    except OSError:
        return ()
    return tuple(os.path.join(directory, name) for name in sorted(names) if name.endswith(".sh"))


def _can_be_set(name: str, value: str) -> bool:
    """Whether this can be a variable: a damaged file may hold anything."""
    return bool(name) and "=" not in name and "\0" not in name + value
