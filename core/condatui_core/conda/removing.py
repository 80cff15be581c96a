"""The commands that remove environments and clean caches, as pure argument lists."""

from __future__ import annotations

from collections.abc import Sequence


def remove_all(executable: str, prefix: str, *, override_frozen: bool = False) -> tuple[str, ...]:
    """Remove an environment with everything in it."""
    frozen = ("--override-frozen",) if override_frozen else ()
    return (executable, "remove", "--prefix", prefix, "--all", "--json", "--yes", *frozen)


def clean(executable: str, what: Sequence[str]) -> tuple[str, ...]:
    """Clean package caches: `what` are the names of the options, such as `tarballs`."""
    return (executable, "clean", *(f"--{each}" for each in what), "--json", "--yes")
