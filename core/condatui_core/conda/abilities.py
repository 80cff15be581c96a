"""What an installation can do, by its kind and version."""

from __future__ import annotations

from packaging.version import InvalidVersion, Version

from condatui_core.records.installation import Installation


def can_export(installation: Installation) -> bool:
    """Whether there is `conda export`; before, only `conda env export`."""
    return _is_conda_since(installation, 24, 3)


def can_export_formats(installation: Installation) -> bool:
    """Whether `conda export` knows `--format` and writes explicit files and requirements."""
    return _is_conda_since(installation, 25, 7)


def can_freeze(installation: Installation) -> bool:
    """Whether conda honours conda-meta/frozen, and knows `--override-frozen`."""
    return _is_conda_since(installation, 25, 5)


def can_give_details(installation: Installation) -> bool:
    """Whether `conda env list` tells more of an environment than its prefix."""
    return _is_conda_since(installation, 25, 11)


def can_give_sizes(installation: Installation) -> bool:
    """Whether `conda env list` and `conda list` know `--size`."""
    return _is_conda_since(installation, 26, 1)


def can_list_sha256(installation: Installation) -> bool:
    """Whether `conda list --explicit` knows `--sha256`."""
    return _is_conda_since(installation, 24, 9)


def clones_conda(installation: Installation) -> bool:
    """Whether a clone of base holds conda itself; before, conda and what needs it stayed behind."""
    return _is_conda_since(installation, 25, 7)


def can_change(installation: Installation) -> bool:
    """Whether environments may be changed through it: a conda that works, no mamba."""
    return installation.kind == "conda" and not installation.error


def _is_conda_since(installation: Installation, *release: int) -> bool:
    if installation.kind != "conda":
        return False
    try:
        return Version(installation.version).release >= release
    except InvalidVersion:
        return False
