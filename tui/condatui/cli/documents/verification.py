"""Convert what came of holding an environment against a file to a JSON document."""

from __future__ import annotations

from msgspec import Struct

from condatui_core.records.drift import Drift, Verification
from condatui_core.records.environment import Environment
from condatui_core.records.solution import Solution


class VerifiedEnvironment(Struct, frozen=True, kw_only=True):
    """The environment."""

    name: str
    """As in `list`."""
    prefix: str
    """Its real path."""


class VerificationDocument(Struct, frozen=True, kw_only=True):
    """How an environment differs from a file that describes it."""

    environment: VerifiedEnvironment
    """The environment."""
    file: str
    """The absolute path of the file, with `#` and the name of what was read of it, if one was given."""
    matches: bool
    """Whether nothing differs."""
    drift: tuple[Drift, ...]
    """What differs, by name."""
    lists_everything: bool
    """Whether the file lists every package, so that each other one is `extra`."""
    compared: int
    """How many packages the file asks for."""
    solvable: bool | None
    """Whether conda can still build it; null if that was not asked, or cannot be told."""
    left_out: tuple[str, ...]
    """What of the file was not compared, and why."""
    solve: Solution | None
    """What `--solve` found; null without it."""


def describe_verification(
    environment: Environment, file: str, found: Verification, solution: Solution | None
) -> VerificationDocument:
    """Describe what was found."""
    return VerificationDocument(
        environment=VerifiedEnvironment(name=environment.name, prefix=environment.prefix),
        file=file,
        matches=not found.drift,
        drift=found.drift,
        lists_everything=found.lists_everything,
        compared=found.compared,
        solvable=solution.solvable if solution else None,
        left_out=found.left_out,
        solve=solution,
    )
