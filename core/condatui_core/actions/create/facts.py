"""Reads what a new environment depends on: its place, and what conda's dry run finds for its specs."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial

from msgspec.structs import replace

from condatui_core.actions.from_file import asked_of, pip_itself
from condatui_core.actions.guards import observe_prefix
from condatui_core.actions.prefix_state import PrefixState
from condatui_core.actions.protocol import JobContext, caches_of
from condatui_core.analyses.match_specs import names_builds
from condatui_core.conda import commands
from condatui_core.conda.commands import conda_environ
from condatui_core.conda.parsers import SolvedPackage, Transaction, parse_transaction
from condatui_core.environment_files.asked import NOTHING, Asked
from condatui_core.errors import CondaError
from condatui_core.records.installation import Installation
from condatui_core.records.request import CreateRequest
from condatui_core.records.restore_point import kept_package
from condatui_core.restore_points.cached_packages import missing_packages


@dataclass(frozen=True, slots=True)
class Solution:
    """What conda finds for the specs."""

    transaction: Transaction = field(default_factory=Transaction)
    offline: bool = True
    """Whether it needs no network."""
    refusal: CondaError | None = None
    """Why it finds nothing."""
    installed_bytes: tuple[int, ...] = ()
    """The bytes of the files of each package that some environment of this machine has."""
    takes: int = 0
    """The most bytes that the environment and what comes into package caches take on the disk."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CreateFacts:
    """Everything that a new environment depends on."""

    request: CreateRequest
    """With its target as a normal path."""
    asking: CreateRequest
    """The same as conda is asked; with what a file asks for, which is never written down."""
    asked: Asked = NOTHING
    """What the file asks for."""
    installation: Installation | None
    """The installation whose conda makes it."""
    target: PrefixState
    links: bool = True
    """Whether a package cache lies on the same file system, so that what is in it need not be copied."""
    solution: Solution | None = None
    """None if conda was not asked."""

    @property
    def name(self) -> str:
        """What the environment is called."""
        return os.path.basename(self.target.prefix) or self.target.prefix


async def read_facts(request: CreateRequest, context: JobContext) -> CreateFacts:
    """Look at the place, in a thread, without asking conda; changes nothing."""
    request = replace(request, target=os.path.normpath(request.target))  # noqa: ASYNC240 - it reads nothing
    installation = installation_of(request, context)
    target = await observe_prefix(request.target, context, installation=installation)
    links = await asyncio.to_thread(_links, installation, target, context)
    asked = await asyncio.to_thread(asked_of, request.file, context.inventory.first_channel_config)
    return CreateFacts(
        request=request,
        asking=_asking(request, asked) if request.file else request,
        asked=asked,
        installation=installation,
        target=target,
        links=links,
    )


def _asking(request: CreateRequest, asked: Asked) -> CreateRequest:
    specs = (*asked.specs, *pip_itself(asked))
    return replace(request, specs=specs, channels=asked.channels, variables=asked.variables, requested=(), pip=())


def _links(installation: Installation | None, target: PrefixState, context: JobContext) -> bool:
    caches = filter(os.path.isdir, caches_of(installation, context))
    return any(os.stat(each).st_dev == target.device for each in caches)


def installation_of(request: CreateRequest, context: JobContext) -> Installation | None:
    """The installation that the request names, otherwise the first that works; None if there is none."""
    working = (each for each in context.inventory.installations if not each.error)
    return next((each for each in working if request.installation in ("", each.root_prefix)), None)


def find_archives(asked: Asked, installation: Installation, context: JobContext) -> Solution:
    """What is installed as it is, and what of it no package cache has; blocks."""
    caches = caches_of(installation, context)
    missing = missing_packages([kept_package(each, kept=False) for each in asked.archives], caches)
    added = sorted(asked.archives, key=lambda each: each.name)
    transaction = Transaction(
        added=tuple(SolvedPackage(name=each.name, version=each.version, build=each.build) for each in added),
        to_download=tuple(each.dist_name for each in missing),
    )
    return Solution(transaction, offline=not missing)


async def solve(request: CreateRequest, installation: Installation, context: JobContext) -> Solution:
    """Ask conda for a dry run; of its caches alone first, if each spec names one build: no other will be newer."""
    ask = partial(_ask, request, installation, context)
    if not request.offline and not names_builds(request.specs):
        return await ask(offline=False)
    solution = await ask(offline=True)
    return solution if request.offline or solution.refusal is None else await ask(offline=False)


async def _ask(request: CreateRequest, installation: Installation, context: JobContext, *, offline: bool) -> Solution:
    conda, channels = installation.executable, request.channels
    argv = commands.solve_new(conda, request.target, request.specs, offline=offline, channels=channels)
    environ = making_environ(installation, context)
    try:
        answer = await context.ask_conda(argv, environ=environ, seconds=commands.SOLVE_SECONDS)
        return Solution(parse_transaction(answer, "find packages for it"), offline)
    except CondaError as error:
        return Solution(offline=offline, refusal=error)


def making_environ(installation: Installation, context: JobContext) -> Mapping[str, str]:
    """The variables of the commands that solve for and make it."""
    return conda_environ(context.caller, installation)
