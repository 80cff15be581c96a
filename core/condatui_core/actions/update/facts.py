"""What an update depends on: each environment as it is, and what conda's dry run says of it."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from condatui_core.actions.checkpoint import PlannedCheckpoint, plan_checkpoint, subject_of, unreadable
from condatui_core.actions.guards import blockers_to_alter, contents_blockers, observe_prefixes, unknown_to_conda
from condatui_core.actions.prefix_state import PrefixState
from condatui_core.actions.protocol import JobContext
from condatui_core.actions.update.like import LikeSpecs, conflicts_of, specs_like
from condatui_core.analyses.package_moves import Held, package_moves
from condatui_core.conda.commands import conda_environ, install_specs
from condatui_core.conda.parsers import Transaction, parse_transaction
from condatui_core.errors import CondaError, CondatuiError
from condatui_core.fs.held_tree import Identity
from condatui_core.prefixes.prefix import read_prefix
from condatui_core.prefixes.snapshot import read_snapshot
from condatui_core.records.environment import Environment
from condatui_core.records.finding import Finding
from condatui_core.records.installation import Installation
from condatui_core.records.job import PackageMove, PlannedUpdate
from condatui_core.records.package import PackageRecord
from condatui_core.records.prefix import PrefixContents
from condatui_core.records.request import UpdateRequest
from condatui_core.records.restore_point import Occasion

SECONDS = 900.0
"""Seconds that a solve may take."""


@dataclass(frozen=True, slots=True, kw_only=True)
class UpdateTarget:
    """One environment that is to be updated, as it is now."""

    prefix: str
    name: str
    observed: PrefixState
    environment: Environment | None = None
    installation: Installation | None = None
    contents: PrefixContents = field(default_factory=PrefixContents)
    identity: Identity = (0, 0)
    wanted: LikeSpecs = field(default_factory=LikeSpecs)
    conflicts: tuple[str, ...] = ()
    """What would not go together afterwards, in a line each, as far as it is known."""
    checkpoint: PlannedCheckpoint | None = None
    transaction: Transaction | None = None
    """What conda would do; None if it was not asked, or refuses."""
    refusal: CondaError | None = None
    offline: bool = True
    """Whether the transaction needs no network."""
    blockers: tuple[Finding, ...] = ()
    """What stands against any change of it."""

    @property
    def planned(self) -> PlannedUpdate:
        """What is going to be done to it."""
        transaction = self.transaction or Transaction()
        return PlannedUpdate(
            prefix=self.prefix,
            identity=self.identity,
            specs=self.wanted.specs,
            removed=tuple(each.dist_name for each in transaction.removed),
            added=tuple(each.dist_name for each in transaction.added),
            moves=moves_of(self.contents, transaction),
            offline=self.offline,
            over_limit=self.checkpoint is not None and self.checkpoint.too_large,
        )


def occasion_of(request: UpdateRequest) -> Occasion:
    """Why a restore point is made before an update."""
    return Occasion(change="update", like=request.like)


async def read_targets(request: UpdateRequest, context: JobContext, *, solve: bool = True) -> tuple[UpdateTarget, ...]:
    """Read the environments, and with `solve` ask conda what it would do; changes nothing."""
    prefixes = tuple(dict.fromkeys(request.prefixes))
    baseline = await asyncio.to_thread(read_prefix, request.like)
    targets = []
    for observed in await observe_prefixes(prefixes, context):
        target = await asyncio.to_thread(_read, observed, baseline, request, context)
        asked = solve and not target.blockers and target.wanted.specs
        targets.append(await _solved(target, context, offline=request.offline) if asked else target)
    return tuple(targets)


def _read(observed: PrefixState, baseline: PrefixContents, request: UpdateRequest, context: JobContext) -> UpdateTarget:
    environment = context.environment(observed.real)
    installation = context.installation(environment)
    subject = subject_of(observed.real, context, occasion_of(request))
    blockers = [*blockers_to_alter(observed, environment, context), *unknown_to_conda(observed, subject.name)]
    found = UpdateTarget(
        prefix=observed.real,
        name=subject.name,
        observed=observed,
        environment=environment,
        installation=installation,
        blockers=tuple(blockers),
    )
    try:
        snapshot = read_snapshot(observed.real)
        checkpoint = plan_checkpoint(snapshot, subject, context)
    except (OSError, CondatuiError) as error:
        return replace(found, blockers=(*blockers, unreadable(subject.name, error)))
    channels = context.inventory.channel_config(environment) if environment else None
    wanted = specs_like(snapshot.contents, baseline, channels) if channels else LikeSpecs()
    return replace(
        found,
        contents=snapshot.contents,
        identity=snapshot.tree.entries[0].inode,
        wanted=wanted,
        conflicts=conflicts_of(snapshot.contents, baseline, wanted),
        checkpoint=checkpoint,
        blockers=(*blockers, *checkpoint.blockers, *contents_blockers(snapshot, subject.name)),
    )


def solving_environ(target: UpdateTarget, context: JobContext) -> Mapping[str, str]:
    """The variables of both runs of conda, which must not delete records of what pip has replaced."""
    assert target.installation is not None
    return conda_environ(context.caller, target.installation) | {"CONDA_PIP_INTEROP_ENABLED": "false"}


def solving_argv(target: UpdateTarget, *, offline: bool, dry_run: bool) -> tuple[str, ...]:
    """The command that updates an environment, or says how it would."""
    assert target.installation is not None
    conda = target.installation.executable
    return install_specs(conda, target.prefix, target.wanted.specs, offline=offline, dry_run=dry_run)


async def _solved(target: UpdateTarget, context: JobContext, *, offline: bool) -> UpdateTarget:
    """Ask conda what it would do, of its caches alone first."""
    solved = await _ask(target, context, offline=True)
    if solved.transaction is not None or offline:
        return solved
    return await _ask(target, context, offline=False)


async def _ask(target: UpdateTarget, context: JobContext, *, offline: bool) -> UpdateTarget:
    environ = solving_environ(target, context)
    argv = solving_argv(target, offline=offline, dry_run=True)
    try:
        transaction = parse_transaction(
            await context.ask_conda(argv, environ=environ, seconds=SECONDS), f"update {target.name}"
        )
    except CondaError as error:
        return replace(target, refusal=error, offline=offline)
    return replace(target, transaction=transaction, refusal=None, offline=offline)


def moves_of(contents: PrefixContents, transaction: Transaction) -> tuple[PackageMove, ...]:
    """What a transaction does to each package of an environment."""
    before = {each.name: _held(each) for each in contents.packages}
    after = {name: held for name, held in before.items() if name not in {each.name for each in transaction.removed}}
    after |= {each.name: Held(each.version, each.build, each.base_url or "") for each in transaction.added}
    return package_moves(before, after, requested=contents.requested_names)


def _held(record: PackageRecord) -> Held:
    return Held(record.version, record.build, record.base_url or "")
