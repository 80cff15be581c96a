"""Reads what an activation of an environment would set: an image has to have it without one."""

from __future__ import annotations

import os
import re
from collections.abc import Collection, Iterator, Mapping

import msgspec

from condatui_core.fs.documents import decode
from condatui_core.fs.safe_read import read_bounded

_LARGEST = 1 << 20
_EXPORT = re.compile(r"(?:^|[;&]|\bthen\b)[ \t]*export[ \t]+([A-Za-z_][A-Za-z0-9_]*)=", re.MULTILINE)
_KEPT_BY_CONDA = re.compile(r"_?CONDA_|_?CE_")
"""What scripts note for their deactivation, which an image has none of."""
_VARIABLES = msgspec.json.Decoder(dict[str, str])


def packages_variables(prefix: str, left_out: Collection[str] = ()) -> Mapping[str, str]:
    """The variables that packages want set, from the files in etc/conda/env_vars.d; those that cannot be read are none.

    A later file wins, as in conda; names are in capitals, likewise. Paths that are `left_out` are not looked at.
    """
    found: dict[str, str] = {}
    for name in _files(prefix, "etc/conda/env_vars.d", ".json", left_out):
        try:
            stated = decode(read_bounded(os.path.join(prefix, name), _LARGEST), _VARIABLES)
        except OSError:
            continue
        found.update((variable.upper(), value) for variable, value in stated.items())
    return found


def script_variables(prefix: str, left_out: Collection[str] = ()) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """By script in etc/conda/activate.d, by its path in the prefix, the variables that it exports."""
    found = []
    for script in _files(prefix, "etc/conda/activate.d", ".sh", left_out):
        try:
            text = read_bounded(os.path.join(prefix, script), _LARGEST).decode("utf-8", "replace")
        except OSError:
            continue
        names = dict.fromkeys(each for each in _EXPORT.findall(text) if not _KEPT_BY_CONDA.match(each))
        if names:
            found.append((script, tuple(names)))
    return tuple(found)


def _files(prefix: str, directory: str, suffix: str, left_out: Collection[str]) -> Iterator[str]:
    """The paths of files in a directory, relative to the prefix, sorted."""
    try:
        names = sorted(os.listdir(os.path.join(prefix, directory)))
    except OSError:
        return
    paths = (os.path.join(directory, each) for each in names if each.endswith(suffix))
    yield from (path for path in paths if path not in left_out)
