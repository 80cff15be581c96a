"""What an update depends on: each environment as it is, and what conda's dry run says of it."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from condatui_core.actions.checkpoint import PlannedCheckpoint, plan_checkpoint, subject_of, unreadable
from condatui_core.actions.from_file import asked_of, file_blockers, pip_itself, python_version, variable_blockers
from condatui_core.actions.guards import blockers_to_alter, contents_blockers, observe_prefixes, unknown_to_conda
from condatui_core.actions.pip_part import PipComing, pip_environ, pip_would_install
from condatui_core.actions.prefix_state import PrefixState
from condatui_core.actions.protocol import JobContext
from condatui_core.actions.room import OWN_NOTES, bytes_of_coming, coming_by
from condatui_core.actions.update.another_channel import from_another_channel
from condatui_core.actions.update.like import LikeSpecs, conflicts_of, specs_like
from condatui_core.actions.update.moves import moves_by_conda, moves_by_pip, uninstalled
from condatui_core.actions.update.prune import (
    NONE,
    Unneeded,
    contents_after,
    unneeded,
    why_they_stay,
    with_coming,
)
from condatui_core.analyses.channels import same_package
from condatui_core.analyses.drift import drift_of
from condatui_core.analyses.match_specs import names_builds
from condatui_core.analyses.specs import exact_spec
from condatui_core.conda.commands import SOLVE_SECONDS, conda_environ, install_specs
from condatui_core.conda.parsers import Transaction, parse_transaction
from condatui_core.environment_files.asked import NOTHING, Asked
from condatui_core.errors import CondaError, CondatuiError
from condatui_core.fs.held_tree import Identity
from condatui_core.prefixes.prefix import read_prefix
from condatui_core.prefixes.snapshot import read_snapshot
from condatui_core.records.environment import Environment
from condatui_core.records.finding import Finding
from condatui_core.records.installation import ChannelConfig, Installation
from condatui_core.records.job import PlannedUpdate
from condatui_core.records.prefix import PrefixContents
from condatui_core.records.request import UpdateRequest
from condatui_core.records.restore_point import Occasion


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
    asked: Asked = NOTHING
    """What the file asks for."""
    unneeded: Unneeded = NONE
    """What goes in a second step, because the file has no need for it."""
    coming: tuple[PipComing, ...] | None = ()
    """What pip would install; None if it is not known."""
    stay: tuple[str, ...] = ()
    """What only that needs, and would go otherwise: why it stays, in a line each."""
    conflicts: tuple[str, ...] = ()
    """What would not go together afterwards, in a line each, as far as it is known."""
    checkpoint: PlannedCheckpoint | None = None
    transaction: Transaction | None = None
    takes: int = 0
    """The most bytes that the packages that come take on the disk, and what is noted meanwhile."""
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
        pruned = tuple(each for each in self.contents.packages if each.name in self.unneeded.packages)
        return PlannedUpdate(
            prefix=self.prefix,
            identity=self.identity,
            specs=() if self.asked.digest else self.wanted.specs,  # a file is read again: it may hold passwords
            removed=(*(each.dist_name for each in transaction.removed), *(each.dist_name for each in pruned)),
            added=tuple(each.dist_name for each in transaction.added),
            moves=(
                *moves_by_conda(self.contents, transaction, self.unneeded.packages),
                *moves_by_pip(self.contents, self.coming or ()),
                *uninstalled(self.contents, self.unneeded.distributions),
            ),
            offline=self.offline,
            over_limit=self.checkpoint is not None and self.checkpoint.too_large,
            digest=self.asked.digest,
            by_pip=() if self.coming == () else self.asked.pip.requirements,
            variables=tuple(name for name, _ in self.variables),
            pruned=tuple(each.dist_name for each in pruned),
            pruned_by_pip=tuple(sorted(self.unneeded.distributions)),
            from_another_channel=from_another_channel(self.contents, transaction),
        )

    @property
    def variables(self) -> tuple[tuple[str, str], ...]:
        """What its activation will set otherwise: names and values, which may be secret."""
        there = dict(self.contents.variables)
        return tuple((name, value) for name, value in self.asked.variables if there.get(name) != value)

    @property
    def changes(self) -> bool:
        """Whether anything is going to be done to it."""
        return self.planned.changes


def occasion_of(request: UpdateRequest) -> Occasion:
    """Why a restore point is made before an update."""
    return Occasion(change="update", like=request.like, file=request.file)


async def read_targets(request: UpdateRequest, context: JobContext, *, solve: bool = True) -> tuple[UpdateTarget, ...]:
    """Read the environments, and with `solve` ask conda what it would do; changes nothing."""
    prefixes = tuple(dict.fromkeys(request.prefixes))
    baseline = await asyncio.to_thread(read_prefix, request.like) if request.like else PrefixContents()
    targets = []
    for observed in await observe_prefixes(prefixes, context):
        target = await asyncio.to_thread(_read, observed, baseline, request, context)
        asked = solve and not target.blockers
        targets.append(await _followed(target, request, context) if asked else target)
    return tuple(targets)


async def _followed(target: UpdateTarget, request: UpdateRequest, context: JobContext) -> UpdateTarget:
    """Ask conda, and for a file pip as well, what they would do, and find what goes afterwards."""
    if target.wanted.specs:
        target = await _solved(target, context, offline=request.offline)
        target = replace(target, takes=await asyncio.to_thread(_takes, target, context))
    if not request.file or target.refusal:
        return target
    if target.asked.pip.asks and _may_move_by_pip(target, context):
        target = replace(target, coming=await _asked_of_pip(target, context, offline=request.offline))
    return await asyncio.to_thread(_pruned, target, context) if request.prune else target


def _takes(target: UpdateTarget, context: JobContext) -> int:
    coming = coming_by(target.transaction or Transaction(), context)
    return bytes_of_coming(coming, target.observed, target.installation, context) + OWN_NOTES


def _may_move_by_pip(target: UpdateTarget, context: JobContext) -> bool:
    """Whether pip has anything to do, as far as that can be told without asking it."""
    config = context.inventory.channel_config(target.environment) if target.environment else ChannelConfig()
    drift = drift_of(target.contents, target.asked.listing, config)
    moved = bool(target.transaction and target.transaction.removed)  # conda may take the place of what pip has put
    lacks = any(each.source == "pypi" and each.kind != "extra" for each in drift)
    return lacks or moved or bool(target.asked.pip.constraints)


def _pruned(target: UpdateTarget, context: JobContext) -> UpdateTarget:
    """With what the file has no need for once conda and pip have done their parts; never what comes by that."""
    transaction = target.transaction or Transaction()
    known = (record for each in context.inventory.environments if each.contents for record in each.contents.packages)
    by_conda = {each.name for each in transaction.added}
    after = contents_after(target.contents, transaction, known)
    complete = with_coming(after, target.coming or ())
    found, before_pip = (unneeded(each, target.asked, by_conda) for each in (complete, after))
    gone = {each.name for each in transaction.removed}
    by_pip = {each.name for each in target.coming or ()}
    going = Unneeded(found.packages - by_conda - gone, found.distributions - by_pip)
    would_go = Unneeded(before_pip.packages - by_conda - gone, before_pip.distributions - by_pip)
    return replace(target, unneeded=going, stay=why_they_stay(complete, would_go, going))


async def _asked_of_pip(target: UpdateTarget, context: JobContext, *, offline: bool) -> tuple[PipComing, ...] | None:
    assert target.installation
    environ = pip_environ(target.prefix, target.installation, context)
    return await pip_would_install(target.prefix, target.asked, environ, context, offline=offline)


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
    asked = asked_of(request.file, channels or ChannelConfig(), python=python_version(snapshot.contents))
    wanted = LikeSpecs()
    if request.file:
        wanted = LikeSpecs(specs_asked(snapshot.contents, asked, channels or ChannelConfig()))
    elif channels:
        wanted = specs_like(snapshot.contents, baseline, channels)
    return replace(
        found,
        contents=snapshot.contents,
        identity=snapshot.tree.entries[0].inode,
        wanted=wanted,
        asked=asked,
        conflicts=conflicts_of(snapshot.contents, baseline, wanted),
        checkpoint=checkpoint,
        blockers=(
            *blockers,
            *checkpoint.blockers,
            *contents_blockers(snapshot, subject.name),
            *file_blockers(asked),
            *variable_blockers(asked.variables),
        ),
    )


def specs_asked(contents: PrefixContents, asked: Asked, channels: ChannelConfig) -> tuple[str, ...]:
    """What conda is asked for so that an environment gets what a file asks for."""
    mine = {each.name: each for each in contents.packages}
    itself = (each for each in pip_itself(asked) if each not in mine)
    archives = (
        exact_spec(each)
        for each in asked.archives
        if each.name not in mine or not same_package(mine[each.name], each, channels)
    )
    return (*asked.specs, *itself, *archives)


def solving_environ(target: UpdateTarget, context: JobContext) -> Mapping[str, str]:
    """The variables of both runs of conda, which must not delete records of what pip has replaced."""
    assert target.installation is not None
    return conda_environ(context.caller, target.installation) | {"CONDA_PIP_INTEROP_ENABLED": "false"}


def solving_argv(target: UpdateTarget, *, offline: bool, dry_run: bool) -> tuple[str, ...]:
    """The command that updates an environment, or says how it would."""
    assert target.installation is not None
    conda = target.installation.executable
    channels = target.asked.channels
    return install_specs(conda, target.prefix, target.wanted.specs, offline=offline, dry_run=dry_run, channels=channels)


async def _solved(target: UpdateTarget, context: JobContext, *, offline: bool) -> UpdateTarget:
    """Ask conda what it would do; of its caches alone first, if each spec names one build: no other will be newer."""
    if not offline and not names_builds(target.wanted.specs):
        return await _ask(target, context, offline=False)
    solved = await _ask(target, context, offline=True)
    if solved.transaction is not None or offline:
        return solved
    return await _ask(target, context, offline=False)


async def _ask(target: UpdateTarget, context: JobContext, *, offline: bool) -> UpdateTarget:
    environ = solving_environ(target, context)
    argv = solving_argv(target, offline=offline, dry_run=True)
    try:
        transaction = parse_transaction(
            await context.ask_conda(argv, environ=environ, seconds=SOLVE_SECONDS), f"update {target.name}"
        )
    except CondaError as error:
        return replace(target, refusal=error, offline=offline)
    return replace(target, transaction=transaction, refusal=None, offline=offline)
