"""What an action gets to see and to use."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Generic, Literal, Protocol, TypeAlias, TypeVar

from condatui_core.conda.answer import CondaAnswer
from condatui_core.conda.commands import Caller
from condatui_core.conda.roots import package_caches
from condatui_core.records.environment import Environment, Inventory
from condatui_core.records.installation import CondaFacts, Installation
from condatui_core.records.job import Outcome, Plan, Recovery
from condatui_core.records.request import Request
from condatui_core.settings import Locations, Settings

_T = TypeVar("_T")
_R = TypeVar("_R", bound=Request)


def _unknown(prefixes: Sequence[str]) -> int | None:  # noqa: ARG001 - stands for what knows
    return None


@dataclass(frozen=True, slots=True, kw_only=True)
class JobContext:
    """All that an action gets to see; effects that tests give it others of are among it."""

    inventory: Inventory
    """Complete."""
    settings: Settings
    locations: Locations
    caller: Caller
    """Environment variables, home and user; `conda_environ(caller, installation)` makes those a command runs with."""
    clock: Callable[[], datetime]
    conda_facts: Mapping[str, CondaFacts] = field(default_factory=dict)
    """By root prefix: envs directories, package caches, channels."""
    frees: Callable[[Sequence[str]], int | None] = _unknown
    """What removing exactly these prefixes would free by the last walk of the disk; None if there was none."""

    def environment(self, prefix: str) -> Environment | None:
        """The environment with this prefix."""
        return next((each for each in self.inventory.environments if each.prefix == prefix), None)

    def installation(self, environment: Environment | None) -> Installation | None:
        """The installation that owns an environment; where none does, the first one that works."""
        working = [each for each in self.inventory.installations if not each.error]
        owner = environment.installation if environment else None
        return next((each for each in working if each.root_prefix == owner), working[0] if working else None)


class Work(Protocol):
    """What a job is carried out with: everything that it does is seen, written down and can be cancelled."""

    @property
    def job_id(self) -> str:
        """The id of the job."""
        ...

    async def stage(self, name: str, title: str) -> None:
        """Go on to the next stage; returns when the journal on the disk says so."""
        ...

    async def run(
        self, argv: Sequence[str], *, environ: Mapping[str, str], seconds: float | None = None
    ) -> CondaAnswer:
        """Run a command to its end, its lines being shown as they come; cancelling ends it with all its descendants.

        Raises CondaError if it cannot be started or takes longer. Its exit code is for the caller to judge.
        """
        ...

    def progress(
        self,
        done: int,
        total: int | None,
        unit: Literal["bytes", "files", "packages", "environments", "percent"],
    ) -> None:
        """Tell how far the stage has come; may be called from a thread, as often as one likes."""
        ...

    def say(self, line: str) -> None:
        """Add a line to the output; may be called from a thread."""
        ...

    async def beside(self, use: Callable[[], _T]) -> _T:
        """Do something that blocks in a thread. If the job is cancelled meanwhile, what was begun is waited for."""
        ...

    @property
    def cancelled(self) -> bool:
        """Whether the job is to end soon: for loops in threads, which nobody else can end."""
        ...


@dataclass(frozen=True, slots=True)
class Action(Generic[_R]):
    """What every action offers: three functions."""

    plan: Callable[[_R, JobContext], Awaitable[Plan]]
    """Finds out what the request would do, changing nothing; what stands against it is among the plan's blockers."""
    perform: Callable[[Plan, _R, JobContext, Work], Awaitable[Outcome]]
    """Does it, looks whether it really happened, and says what came of it; CondatuiError if it did not happen."""
    recover: Callable[[Plan, _R, str, JobContext], Awaitable[Recovery]]
    """Looks what is there after it was interrupted in a stage (empty: before the first), changing nothing."""


FindAction: TypeAlias = Callable[[Request], Action[Any]]
"""Gives the action that a request asks for; called in a thread, since it may import."""


def caches_of(installation: Installation | None, context: JobContext) -> tuple[str, ...]:
    """The package caches from which an installation would put packages back."""
    root = installation.root_prefix if installation else ""
    facts = context.conda_facts.get(root)
    return package_caches(root, facts.pkgs_dirs if facts else ())
