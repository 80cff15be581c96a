"""The baseline: which environment it is, and what it says of the others."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from msgspec import Struct
from msgspec.structs import replace

from condatui_core.analyses.environments import resolve
from condatui_core.errors import UsageError
from condatui_core.records.environment import Environment

# Which environment it is


class Baseline(Struct, frozen=True, kw_only=True):
    """The environment that the user or the settings have made the baseline."""

    environment: Environment | None = None
    """None if none is named, or if it cannot be found."""
    problem: str = ""
    """Why it cannot be used; empty if it can, or if none is named."""


def find_baseline(
    environments: Sequence[Environment], wanted: str, *, cwd: str, real_path: Callable[[str], str]
) -> Baseline:
    """Find the baseline by a name or a path; a relative path counts from `cwd`."""
    if not wanted:
        return Baseline()
    try:
        found = resolve(environments, wanted, cwd=cwd, real_path=real_path)
    except UsageError as error:
        return Baseline(problem=" ".join(filter(None, (error.title, error.detail))))
    problem = "" if found.readable else f"{found.name} cannot be used: its state is {found.state}."
    return Baseline(environment=found, problem=problem)


# What it says of the others


def beside_baseline(environment: Environment, baseline: Environment) -> Environment:
    """An environment with what the baseline says of it."""
    return replace(environment, baseline=True) if environment is baseline else environment
