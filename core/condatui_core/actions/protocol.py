"""The interface of actions: what each offers, and what it gets to see and to use."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any, Generic, Literal, Protocol, TypeAlias, TypeVar

from condatui_core.conda.answer import CondaAnswer
from condatui_core.conda.commands import Caller
from condatui_core.conda.roots import package_caches
from condatui_core.errors import CondaError
from condatui_core.log import unexpected
from condatui_core.records.environment import Environment, Inventory
from condatui_core.records.finding import Finding, blocker
from condatui_core.records.installation import CondaFacts, Installation
from condatui_core.records.job import Outcome, Plan, Recovery
from condatui_core.records.request import Request
from condatui_core.settings import Locations, Settings
from condatui_core.text import sanitize

if TYPE_CHECKING:
    from condatui_core.disk.usage import SharedMeasurement

_T = TypeVar("_T")
_R = TypeVar("_R", bound=Request)


def _unknown(prefixes: Sequence[str]) -> int | None:  # noqa: ARG001 - the signature of `frees`
    return None


class AskConda(Protocol):
    """Runs a command of conda that changes no environment, while something is planned."""

    async def __call__(self, argv: Sequence[str], *, environ: Mapping[str, str], seconds: float | None) -> CondaAnswer:
        """Run it for `seconds` at most; CondaError if it cannot be started or takes longer. Check its exit code."""
        ...


async def _ask_nothing(
    argv: Sequence[str],
    *,
    environ: Mapping[str, str],  # noqa: ARG001 - the signature of `ask_conda`
    seconds: float | None,  # noqa: ARG001 - as above
) -> CondaAnswer:
    raise CondaError("No conda can be asked here.", " ".join(argv))


@dataclass(frozen=True, slots=True, kw_only=True)
class JobContext:
    """Everything that an action gets to see, including the effects that tests replace, such as the clock."""

    inventory: Inventory
    """The complete inventory."""
    settings: Settings
    locations: Locations
    caller: Caller
    """Environment variables, home and user; `conda_environ(caller, installation)` gives the variables of a command."""
    clock: Callable[[], datetime]
    conda_facts: Mapping[str, CondaFacts] = field(default_factory=dict)
    """By root prefix, the envs directories, package caches and channels."""
    frees: Callable[[Sequence[str]], int | None] = _unknown
    """The bytes that removing exactly these prefixes would free by the last disk scan; None if there was none."""
    freed_before: int = 0
    """The bytes that earlier parts of the same job will have freed where restore points go; negative if they take more.
    """
    measured: SharedMeasurement | None = None
    """The measurement of the disk that the parts of one plan share; None if each action measures for itself."""
    merged_before: tuple[str, ...] = ()
    """The members that earlier parts of the same job will have merged into their keepers."""
    ask_conda: AskConda = _ask_nothing
    """Runs the dry runs that plans need."""

    def environment(self, prefix: str) -> Environment | None:
        """The environment with this prefix; None if there is none."""
        return next((each for each in self.inventory.environments if each.prefix == prefix), None)

    def installation(self, environment: Environment | None) -> Installation | None:
        """The installation that owns an environment; if none does, the first one that works."""
        working = [each for each in self.inventory.installations if not each.error]
        owner = environment.installation if environment else None
        return next((each for each in working if each.root_prefix == owner), working[0] if working else None)


class Work(Protocol):
    """The tools of a job: everything that an action does with them is reported, journaled, and can be cancelled."""

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
        """Run a command to its end and report its lines as they come; a cancellation ends it with all its descendants.

        Raises CondaError if it cannot be started or takes longer. The caller has to check its exit code.
        """
        ...

    def progress(
        self,
        done: int,
        total: int | None,
        unit: Literal["bytes", "files", "packages", "environments", "percent"],
    ) -> None:
        """Report how far the stage has come; may be called from a thread, and any number of times."""
        ...

    def say(self, line: str) -> None:
        """Add a line to the output; may be called from a thread."""
        ...

    async def in_thread(self, function: Callable[[], _T]) -> _T:
        """Run a blocking function in a thread. If the job is cancelled meanwhile, this still waits until it returns."""
        ...

    @property
    def cancelled(self) -> bool:
        """Whether the job was cancelled; loops in threads have to check this, since nothing else can end them."""
        ...


@dataclass(frozen=True, slots=True)
class Action(Generic[_R]):
    """What every action offers: three functions."""

    plan: Callable[[_R, JobContext], Awaitable[Plan]]
    """Finds out what the request would do, changing nothing; reasons against it are among the plan's blockers."""
    perform: Callable[[Plan, _R, JobContext, Work], Awaitable[Outcome]]
    """Carries the plan out, checks that it really happened, and gives the outcome; CondatuiError if it did not."""
    recover: Callable[[Plan, _R, str, JobContext], Awaitable[Recovery]]
    """Inspects what an interruption in a stage (empty: before the first) has left, changing nothing."""


FindAction: TypeAlias = Callable[[Request], Action[Any]]
"""Finds the action for a request; called in a thread, since it may import a module."""


def stopped_by(error: Exception, message: str) -> Finding:
    """What the outcome of a job of several parts says of the part that has failed, in whichever way: why it stopped."""
    told = unexpected(error)
    return blocker("stopped", message, told.advice, map(sanitize, (told.title, *told.detail.splitlines())))


def caches_of(installation: Installation | None, context: JobContext) -> tuple[str, ...]:
    """The package caches that an installation would link packages from."""
    root = installation.root_prefix if installation else ""
    facts = context.conda_facts.get(root)
    return package_caches(root, facts.pkgs_dirs if facts else ())
