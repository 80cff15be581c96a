"""What the archives of packed environments are called."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence

from condatui_core.records.environment import Environment
from condatui_core.text import sanitize

SUFFIXES = {
    "tar.gz": ".tar.gz",
    "tar.zst": ".tar.zst",
    "tar.xz": ".tar.xz",
    "tar.bz2": ".tar.bz2",
    "tar": ".tar",
    "zip": ".zip",
    "parcel": ".parcel",
    "squashfs": ".squashfs",
    "no-archive": "",
}
"""By conda-pack's name of a format, the suffix of its files."""


def file_name(environment: Environment) -> str:
    """The stem of a file of an environment."""
    return sanitize(os.path.basename(environment.prefix) if os.sep in environment.name else environment.name)


def archive_name(environment: Environment, form: str) -> str:
    """The name of an archive of this format, or of the directory that stands for one."""
    return f"{file_name(environment)}{'-packed' if form == 'no-archive' else ''}{SUFFIXES.get(form, f'.{form}')}"


def archive_names(names: Sequence[str], form: str) -> Iterator[str]:
    """Names of which each is there once: the second `nlp.tar.gz` becomes `nlp-2.tar.gz`."""
    suffix = SUFFIXES.get(form, f".{form}")
    used: set[str] = set()
    for name in names:
        stem, number, free = name.removesuffix(suffix), 2, name
        while free in used or (number > 2 and free in names):
            free = f"{stem}-{number}{suffix}"
            number += 1
        used.add(free)
        yield free
