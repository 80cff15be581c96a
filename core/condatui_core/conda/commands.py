"""What condas are asked and told, as pure argument lists, one function a verb; and the variables they run with."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from msgspec import Struct

from condatui_core.records.installation import Installation

# The environment variables that a conda is run with.


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


# The commands that are asked of conda, as pure argument lists: one function a verb.


CONFIG_KEYS = (
    "channel_alias",
    "custom_channels",
    "custom_multichannels",
    "default_channels",
    "envs_dirs",
    "pkgs_dirs",
)
"""What is read of a conda's configuration; every conda since 4.4 knows these."""


def version(executable: str) -> tuple[str, ...]:
    """Ask for the version; text, not JSON."""
    return (executable, "--version")


def env_list(executable: str) -> tuple[str, ...]:
    """List the environments. It may rewrite environments.txt: see `environments_txt`."""
    return (executable, "env", "list", "--json")


def show_config(executable: str) -> tuple[str, ...]:
    """Show how conda is configured, after all its files and variables; mamba has no such command."""
    return (executable, "config", "--show", *CONFIG_KEYS, "--json")


def mamba_info(executable: str) -> tuple[str, ...]:
    """Ask mamba or micromamba where it keeps its environments and packages."""
    return (executable, "info", "--json")


def root_prefix(executable: str) -> tuple[str, ...]:
    """Ask a conda for its root prefix, where the place of its executable does not tell."""
    return (executable, "config", "--show", "root_prefix", "--json")


# The commands that make and change environments, as pure argument lists: one function a verb.


def clone(executable: str, source: str, target: str) -> tuple[str, ...]:
    """Clone an environment as conda does it; a target that exists is deleted first, without a question."""
    return (executable, "create", "-p", target, "--clone", source)


def list_explicit(executable: str, prefix: str) -> tuple[str, ...]:
    """List the archives that a prefix is made of, with their checksums; text, for an explicit file."""
    return (executable, "list", "-p", prefix, "--explicit", "--md5")


def install_explicit(executable: str, prefix: str, file: str, *, offline: bool) -> tuple[str, ...]:
    """Install the archives in a file into an environment that is there; nothing is solved, nothing is deleted."""
    return (executable, "install", "-p", prefix, "--file", file, "--json", "--yes", *_offline(offline))


def install_specs(executable: str, prefix: str, specs: Iterable[str], *, offline: bool) -> tuple[str, ...]:
    """Solve for specs and install them."""
    return (executable, "install", "-p", prefix, "--json", "--yes", *_offline(offline), "--", *specs)


def _offline(offline: bool) -> tuple[str, ...]:
    return ("--offline",) if offline else ()


# The commands that remove environments and clean caches, as pure argument lists.


def remove_all(executable: str, prefix: str, *, override_frozen: bool = False) -> tuple[str, ...]:
    """Remove an environment with everything in it."""
    frozen = ("--override-frozen",) if override_frozen else ()
    return (executable, "remove", "--prefix", prefix, "--all", "--json", "--yes", *frozen)


def clean(executable: str, what: Sequence[str]) -> tuple[str, ...]:
    """Clean package caches: `what` are the names of the options, such as `tarballs`."""
    return (executable, "clean", *(f"--{each}" for each in what), "--json", "--yes")
