"""Reads what an activation of an environment would set: an image has to have it without one."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping

import msgspec

from condatui_core.fs.documents import decode
from condatui_core.fs.safe_read import read_bounded

_LARGEST = 1 << 20
_EXPORT = re.compile(r"(?:^|[;&]|\bthen\b)[ \t]*export[ \t]+([A-Za-z_][A-Za-z0-9_]*)=", re.MULTILINE)
_KEPT_BY_CONDA = re.compile(r"_?CONDA_|_?CE_")
"""What scripts note for their deactivation, which an image has none of."""
_VARIABLES = msgspec.json.Decoder(dict[str, str])


def packages_variables(prefix: str) -> Mapping[str, str]:
    """The variables that packages want set, from the files in etc/conda/env_vars.d; those that cannot be read are none.

    A later file wins, as in conda; names are in capitals, likewise.
    """
    found: dict[str, str] = {}
    for path in _files(os.path.join(prefix, "etc/conda/env_vars.d"), ".json"):
        try:
            stated = decode(read_bounded(path, _LARGEST), _VARIABLES)
        except OSError:
            continue
        found.update((name.upper(), value) for name, value in stated.items())
    return found


def script_variables(prefix: str) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """By script in etc/conda/activate.d, by its path in the prefix, the variables that it exports."""
    found = []
    for path in _files(os.path.join(prefix, "etc/conda/activate.d"), ".sh"):
        try:
            text = read_bounded(path, _LARGEST).decode("utf-8", "replace")
        except OSError:
            continue
        names = dict.fromkeys(each for each in _EXPORT.findall(text) if not _KEPT_BY_CONDA.match(each))
        if names:
            found.append((os.path.relpath(path, prefix), tuple(names)))
    return tuple(found)


def _files(directory: str, suffix: str) -> Iterator[str]:
    try:
        names = sorted(os.listdir(directory))
    except OSError:
        return
    yield from (os.path.join(directory, each) for each in names if each.endswith(suffix))
