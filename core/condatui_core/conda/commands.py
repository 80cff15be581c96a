"""The commands that condatui runs of a conda, as argument lists, and the environment variables they run with."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from msgspec import Struct

from condatui_core.records.installation import Installation

# Environment variables


_FOREIGN = re.compile(
    r"PYTHON"  # conda's interpreter must not import, trace or inspect what the user's own python should
    r"|(FORCE_COLOR|CLICOLOR_FORCE)$"  # escape sequences in JSON and in error messages
)
_ACTIVATION = re.compile(
    # A reading is about the installation; an active environment would add its own .condarc.
    r"CONDA_(PREFIX(_\d+)?|DEFAULT_ENV|PROMPT_MODIFIER|SHLVL|STACKED_\d+)$"
)


class Caller(Struct, frozen=True):
    """The user and the environment variables that conda runs with."""

    environ: Mapping[str, str]
    home: Path
    euid: int
    """The effective user id; 0 is root."""


def program_environ(caller: Caller) -> dict[str, str]:
    """The variables for a program of an environment: the caller's, without those that would spoil its answer."""
    environ = {name: value for name, value in caller.environ.items() if not _FOREIGN.match(name)}
    return environ | {
        "HOME": str(caller.home),  # the home whose files condatui reads, even if the caller's HOME is unset
        "NO_COLOR": "1",
        "PYTHONUTF8": "1",
        "PYTHONIOENCODING": "utf-8:surrogateescape",  # paths that are not UTF-8 come through unchanged
        "PYTHONDONTWRITEBYTECODE": "1",  # running a program must not add files to its environment
    }


def conda_environ(caller: Caller, installation: Installation) -> dict[str, str]:
    """The variables for any command of an installation: the caller's, without those that would spoil the answer."""
    environ = program_environ(caller)
    environ["CONDA_REPORT_ERRORS"] = "false"  # old versions offer to upload a report when they crash
    if installation.kind != "conda" and installation.root_prefix:
        environ["MAMBA_ROOT_PREFIX"] = installation.root_prefix  # else it takes or creates another root
    return environ


def reading_environ(caller: Caller, installation: Installation) -> dict[str, str]:
    """The variables for a command that only reads.

    Not for a command that solves: the solver would believe that the machine has no GPU.
    """
    environ = solving_environ(caller, installation)
    # Empty means "no CUDA" to every version, and the driver is not asked: a broken one hangs, and conda waits a minute.
    environ.setdefault("CONDA_OVERRIDE_CUDA", "")
    return environ


def solving_environ(caller: Caller, installation: Installation) -> dict[str, str]:
    """The variables for a command that solves for an environment of its own, whatever environment is active."""
    environ = conda_environ(caller, installation)
    return {name: value for name, value in environ.items() if not _ACTIVATION.match(name)}


# Commands that only read


CONFIG_KEYS = (
    "channel_alias",
    "channels",
    "custom_channels",
    "custom_multichannels",
    "default_channels",
    "envs_dirs",
    "migrated_channel_aliases",
    "pkgs_dirs",
)
"""The configuration keys that condatui reads; every conda since 4.4 knows them."""


def version(executable: str) -> tuple[str, ...]:
    """Print the version, as text, not JSON."""
    return (executable, "--version")


def env_list(executable: str) -> tuple[str, ...]:
    """List the environments. This may rewrite environments.txt: see `registry.listing_would_change`."""
    return (executable, "env", "list", "--json")


def show_config(executable: str) -> tuple[str, ...]:
    """Show the effective configuration of conda; mamba has no such command."""
    return (executable, "config", "--show", *CONFIG_KEYS, "--json")


def mamba_info(executable: str) -> tuple[str, ...]:
    """Show where mamba or micromamba keeps its environments and packages."""
    return (executable, "info", "--json")


def root_prefix(executable: str) -> tuple[str, ...]:
    """Show the root prefix of a conda whose location does not reveal it."""
    return (executable, "config", "--show", "root_prefix", "--json")


# Commands that create and change environments


def clone(executable: str, source: str, target: str) -> tuple[str, ...]:
    """Clone an environment with conda, which first deletes an existing target without asking."""
    return (executable, "create", "-p", target, "--clone", source)


def list_explicit(executable: str, prefix: str) -> tuple[str, ...]:
    """List the archives that a prefix was installed from, with their checksums, as the text of an explicit file."""
    return (executable, "list", "-p", prefix, "--explicit", "--md5")


def install_explicit(executable: str, prefix: str, file: str, *, offline: bool) -> tuple[str, ...]:
    """Install the archives in an explicit file into an existing environment; conda solves and deletes nothing."""
    return (executable, "install", "-p", prefix, "--file", file, "--json", "--yes", *_offline(offline))


def install_specs(
    executable: str,
    prefix: str,
    specs: Iterable[str],
    *,
    offline: bool,
    channels: Iterable[str] = (),
    freeze: bool = False,
    dry_run: bool = False,
) -> tuple[str, ...]:
    """Solve for specs and install the result; with `freeze`, what is there stays where conda can do so.

    `channels` are the only ones that it searches, if there are any. With `dry_run` it prints what it would do, and
    does nothing.
    """
    frozen = ("--freeze-installed",) if freeze else ()
    dry = ("--dry-run",) if dry_run else ()
    options = (*dry, *frozen, *_offline(offline), *_only(channels))
    return (executable, "install", "-p", prefix, "--json", "--yes", *options, "--", *specs)


SOLVE_SECONDS = 900.0
"""Seconds that a solve may take."""


def solve_new(
    executable: str,
    prefix: str,
    specs: Iterable[str],
    *,
    offline: bool,
    channels: Iterable[str] = (),
    alone: bool = False,
) -> tuple[str, ...]:
    """Solve for a new environment at a path where nothing is, and make nothing; prints the packages that it would have.

    Not for a path that exists: conda refuses a dry run of an environment that is there. `channels` as for
    `install_specs`, which adds no packages by default, so neither does this. With `alone` nothing that these packages
    need is among them, although conda still looks whether it can be had.
    """
    without = ("--no-deps",) if alone else ()
    options = ("--no-default-packages", *without, *_offline(offline), *_only(channels))
    return (executable, "create", "-p", prefix, "--dry-run", "--json", "--yes", *options, "--", *specs)


def search(executable: str, spec: str, *, channels: Iterable[str] = ()) -> tuple[str, ...]:
    """Find the archives that match a spec, whatever they need; fails if there are none. `channels` as above."""
    return (executable, "search", "--json", *_only(channels), "--", spec)


def remove_exactly(executable: str, prefix: str, names: Iterable[str], *, dry_run: bool = False) -> tuple[str, ...]:
    """Remove these packages and no others, without solving: what needs them stays, and what they alone need, too."""
    dry = ("--dry-run",) if dry_run else ()
    return (executable, "remove", "-p", prefix, "--force-remove", "--json", "--yes", "--offline", *dry, "--", *names)


def _only(channels: Iterable[str]) -> tuple[str, ...]:
    """The options for these channels and no others; none for those that conda is configured with."""
    named = tuple(word for each in channels for word in ("--channel", each))
    return ("--override-channels", *named) if named else ()


def _offline(offline: bool) -> tuple[str, ...]:
    return ("--offline",) if offline else ()


# Commands that remove environments and clean caches


def remove_all(executable: str, prefix: str, *, override_frozen: bool = False) -> tuple[str, ...]:
    """Remove an environment with everything in it, as a user would by hand: condatui deletes it itself."""
    frozen = ("--override-frozen",) if override_frozen else ()
    return (executable, "remove", "--prefix", prefix, "--all", *frozen)


def clean(executable: str, what: Sequence[str]) -> tuple[str, ...]:
    """Clean package caches: `what` holds the names of conda's options, such as `tarballs`."""
    return (executable, "clean", *(f"--{each}" for each in what), "--json", "--yes")
