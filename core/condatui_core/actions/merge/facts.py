"""Reads the facts that a merge depends on: both environments, its clone and its removal, and what conda says."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial

from condatui_core.actions.clone.facts import CloneFacts
from condatui_core.actions.clone.facts import read_facts as read_clone_facts
from condatui_core.actions.clone.plan import plan_of as plan_of_clone
from condatui_core.actions.clone.source import Source
from condatui_core.actions.merge.extras import Extras, extras_of
from condatui_core.actions.protocol import JobContext, caches_of
from condatui_core.actions.remove.plan import plan as plan_removal
from condatui_core.analyses.specs import exact_spec
from condatui_core.conda import commands
from condatui_core.conda.commands import conda_environ
from condatui_core.conda.parsers import SolvedPackage, Transaction, parse_transaction
from condatui_core.errors import CondaError
from condatui_core.prefixes.distribution_files import DistributionFiles, files_of_distributions
from condatui_core.prefixes.snapshot import PrefixRecords, read_records
from condatui_core.records.environment import Environment
from condatui_core.records.installation import Installation
from condatui_core.records.job import Plan
from condatui_core.records.request import CloneRequest, MergeRequest, RemoveRequest

# What conda says of it


_SECONDS = 600.0
"""How long conda may think about it."""


@dataclass(frozen=True, slots=True)
class Solution:
    """What conda would make of the keeper's packages and the extras."""

    transaction: Transaction = field(default_factory=Transaction)
    offline: bool = True
    """Whether it needs no network."""
    problem: CondaError | None = None
    """Why it would not make it."""

    @property
    def packages(self) -> tuple[SolvedPackage, ...]:
        """The packages of the new environment."""
        return self.transaction.added


async def solve(
    installation: Installation, beside: str, specs: Sequence[str], context: JobContext, *, offline: bool
) -> Solution:
    """Ask conda for a dry run, of its caches alone first; `beside` is where the environment would be made.

    The dry run names a hidden path there, since conda makes none of a path that exists.
    """
    place = os.path.join(os.path.dirname(beside), f".{os.path.basename(beside)}.condatui-dry-run")
    command = partial(commands.solve_new, installation.executable, place, specs)
    environ = conda_environ(context.caller, installation)
    solution = await _ask(command(offline=True), context, environ)
    if solution.problem is None or offline:
        return solution
    return await _ask(command(offline=False), context, environ, offline=False)


async def _ask(
    argv: Sequence[str], context: JobContext, environ: Mapping[str, str], *, offline: bool = True
) -> Solution:
    try:
        answer = await context.ask_conda(argv, environ=environ, seconds=_SECONDS)
        transaction = parse_transaction(answer, "put them together")
    except CondaError as error:
        return Solution(offline=offline, problem=error)
    return Solution(transaction, offline=offline)


# All facts together


@dataclass(frozen=True, slots=True, kw_only=True)
class MergeFacts:
    """Everything that a merge depends on."""

    request: MergeRequest
    target: str
    """The prefix of the merged environment."""
    keeper: Environment | None
    member: Environment | None
    member_prefix: str
    clone: CloneFacts
    cloning: Plan
    """The plan to clone the keeper."""
    removal: Plan
    """The plan to remove the member, with a restore point."""
    records: PrefixRecords
    """Those of the member."""
    extras: Extras = field(default_factory=Extras)
    carried: DistributionFiles = field(default_factory=DistributionFiles)
    """The files of what pip has installed in the member, to be carried over."""
    solution: Solution = field(default_factory=Solution)
    pkgs_dirs: tuple[str, ...] = ()
    """The package caches that conda links from."""

    @property
    def in_place(self) -> bool:
        """Whether the merged environment gets the path of the member."""
        return self.target == self.member_prefix

    @property
    def source(self) -> Source | None:
        """What is cloned of the keeper; None if it cannot be read."""
        return self.clone.source


def target_of(request: MergeRequest) -> str:
    """The prefix of the merged environment."""
    return os.path.normpath(request.target or request.member)


def clone_request(request: MergeRequest) -> CloneRequest:
    """The clone of the keeper that a merge begins with."""
    return CloneRequest(source=request.keeper, target=target_of(request), offline=request.offline)


def remove_request(request: MergeRequest) -> RemoveRequest:
    """The removal of the member."""
    return RemoveRequest(prefixes=(os.path.normpath(request.member),))


async def read_facts(request: MergeRequest, context: JobContext) -> MergeFacts:
    """Read the facts without asking conda, changing nothing."""
    clone = await read_clone_facts(clone_request(request), context)
    removal = await plan_removal(remove_request(request), context)
    (member,) = remove_request(request).prefixes
    records = await asyncio.to_thread(read_records, member)
    extras = extras_of(records.contents, clone.source.contents) if clone.source else Extras()
    return MergeFacts(
        request=request,
        target=target_of(request),
        keeper=context.environment(request.keeper),
        member=context.environment(member),
        member_prefix=member,
        clone=clone,
        cloning=await asyncio.to_thread(plan_of_clone, clone, context),
        removal=removal,
        records=records,
        extras=extras,
        pkgs_dirs=await asyncio.to_thread(caches_of, clone.installation, context),
        carried=await asyncio.to_thread(files_of_distributions, records, extras.distributions),
    )


def specs_of(facts: MergeFacts) -> tuple[str, ...]:
    """What the merged environment is asked to have: the very packages of the keeper, and the extras."""
    keeper = facts.source.records if facts.source else ()
    return (*map(exact_spec, keeper), *facts.extras.specs)
