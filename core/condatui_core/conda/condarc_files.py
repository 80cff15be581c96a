"""The files that a conda reads its configuration from."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path

_NAMES = (".condarc", "condarc", "condarc.d", ".mambarc", "mambarc", "mambarc.d")


def condarc_files(root_prefix: str, home: Path, environ: Mapping[str, str]) -> tuple[str, ...]:
    """Every file and directory that conda, mamba or micromamba would read, existing or not, none twice.

    Those of the active environment are not among them: nobody is in an environment while an installation is asked.
    """
    directories = ["/etc/conda", "/var/lib/conda", root_prefix]
    if config := environ.get("XDG_CONFIG_HOME"):
        directories += [os.path.join(config, "conda"), os.path.join(config, "mamba")]
    directories += [str(home / each) for each in (".config/conda", ".config/mamba", ".conda", ".mamba", "")]
    files = [os.path.join(directory, name) for directory in directories for name in _NAMES]
    files += [os.path.expanduser(environ[name]) for name in ("CONDARC", "MAMBARC") if environ.get(name)]
    return tuple(dict.fromkeys(each for file in files for each in (file, *_inside(file))))


def _inside(directory: str) -> Iterator[str]:
    if not directory.endswith(".d"):
        return
    try:
        names = sorted(os.listdir(directory))
    except OSError:
        return
    yield from (os.path.join(directory, name) for name in names if name.endswith((".yml", ".yaml")))
