"""The commands that make and change environments, as pure argument lists: one function a verb."""

from __future__ import annotations

from collections.abc import Iterable


def clone(executable: str, source: str, target: str) -> tuple[str, ...]:
    """Clone an environment as conda does it; a target that exists is deleted first, without a question."""
    return (executable, "create", "-p", target, "--clone", source)


def list_explicit(executable: str, prefix: str) -> tuple[str, ...]:
    """List the archives that a prefix is made of, with their checksums; text, for an explicit file."""
    return (executable, "list", "-p", prefix, "--explicit", "--md5")


def create_explicit(executable: str, prefix: str, file: str, *, offline: bool) -> tuple[str, ...]:
    """Make an environment of the archives in a file; nothing is solved, and no default packages are added.

    An environment that is there already is deleted first.
    """
    command = (executable, "create", "-p", prefix, "--file", file, "--no-default-packages", "--json", "--yes")
    return (*command, *_offline(offline))


def install_explicit(executable: str, prefix: str, file: str, *, offline: bool) -> tuple[str, ...]:
    """Install the archives in a file into an environment that is there; nothing is solved, nothing is deleted."""
    return (executable, "install", "-p", prefix, "--file", file, "--json", "--yes", *_offline(offline))


def install_specs(executable: str, prefix: str, specs: Iterable[str], *, offline: bool) -> tuple[str, ...]:
    """Solve for specs and install them."""
    return (executable, "install", "-p", prefix, "--json", "--yes", *_offline(offline), "--", *specs)


def _offline(offline: bool) -> tuple[str, ...]:
    return ("--offline",) if offline else ()
