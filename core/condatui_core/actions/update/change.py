"""Changes one environment as planned: looked at again, kept, changed by conda, and verified package by package."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from msgspec.structs import replace
from packaging.utils import canonicalize_name

from condatui_core.actions.checkpoint import Checkpoint, make_checkpoint, subject_of
from condatui_core.actions.from_file import (
    drift_from,
    install_by_pip,
    lacking,
    otherwise,
    pip_environ,
    pip_itself,
    refuse_if_changed,
    set_variables,
    uninstall_by_pip,
)
from condatui_core.actions.guards import refuse
from condatui_core.actions.protocol import JobContext, Work
from condatui_core.actions.python_start import python_problem
from condatui_core.actions.requested_specs import request_as_before
from condatui_core.actions.update.facts import (
    SECONDS,
    UpdateTarget,
    occasion_of,
    read_targets,
    solving_argv,
    solving_environ,
)
from condatui_core.actions.update.plan import blockers_of
from condatui_core.actions.update.prune import unneeded
from condatui_core.conda.commands import remove_packages
from condatui_core.conda.errors import check_answer
from condatui_core.conda.parsers import SolvedPackage, Transaction, parse_transaction
from condatui_core.errors import CondatuiError, RefusedError
from condatui_core.fs.held_tree import HeldTree
from condatui_core.fs.safe_read import reason
from condatui_core.fs.sync import sync_tree
from condatui_core.prefixes.prefix import read_prefix
from condatui_core.prefixes.snapshot import PrefixRecords, read_records
from condatui_core.records.drift import Drift
from condatui_core.records.finding import Finding
from condatui_core.records.installation import ChannelConfig
from condatui_core.records.job import PlannedUpdate
from condatui_core.records.prefix import PrefixContents
from condatui_core.records.request import UpdateRequest
from condatui_core.restore_points.store import bytes_of_point, directory_of_points
from condatui_core.text import counted, first_of, sanitize

_MOST_LINES = 20


@dataclass(frozen=True, slots=True)
class Changed:
    """An environment that was changed."""

    name: str
    packages: int
    point: str
    """The id of the restore point of how it was."""
    kept_bytes: int
    findings: tuple[Finding, ...] = ()
    """What is not as the file has it."""


class SpecsChange:
    """The change of one environment by specs that conda solves."""

    def __init__(self, planned: PlannedUpdate, request: UpdateRequest, context: JobContext, work: Work) -> None:
        self._planned = planned
        self._request = request
        self._context = context
        self._work = work
        self._name = os.path.basename(planned.prefix)

    async def carry_out(self) -> Changed:
        """Look again, keep, change and verify. CondatuiError at the first surprise."""
        work, planned = self._work, self._planned
        await work.stage("look", f"Looking at {sanitize(planned.prefix)}")
        target = await self._look()
        name = sanitize(target.name)
        await work.stage("keep", f"Making a restore point of {name}")
        kept = await work.in_thread(partial(self._keep, target))
        await work.stage("conda", f"Letting conda update {name}")
        if planned.added or len(planned.removed) > len(planned.pruned):
            await self._run_conda(target)
            if self._request.like or target.asked.lists_everything:
                await work.in_thread(partial(self._request_as_before, target, kept))
        if self._request.file:
            await self._follow_file(target, kept)
        await work.stage("verify", f"Verifying {name}")
        findings = await self._verify(target, kept)
        directory = directory_of_points(self._context.settings, self._context.locations)
        size = await work.in_thread(partial(bytes_of_point, directory, kept.point.id))
        return Changed(target.name, len(planned.moves), kept.point.id, size, findings)

    async def _look(self) -> UpdateTarget:
        """Read it again and let conda plan again. RefusedError if anything is not as it was planned."""
        request = replace(self._request, prefixes=(self._planned.prefix,))
        (target,) = await read_targets(request, self._context, solve=False)
        refuse(blockers_of(target, request))
        planned = self._planned
        refuse_if_changed(target.asked, planned.digest, request.file)
        if target.identity != planned.identity or (request.like and target.wanted.specs != planned.specs):
            raise _not_as_planned(target.name, "The environment or its baseline has changed.")
        transaction = await self._dry_run(target) if target.wanted.specs else Transaction()
        removed = tuple(each for each in planned.removed if each not in planned.pruned)
        if (_dist_names(transaction.removed), _dist_names(transaction.added)) != (removed, planned.added):
            raise _not_as_planned(target.name, "conda would do something else now.")
        return target

    async def _dry_run(self, target: UpdateTarget) -> Transaction:
        argv = solving_argv(target, offline=self._planned.offline, dry_run=True)
        answer = await self._work.run(argv, environ=solving_environ(target, self._context), seconds=SECONDS)
        return parse_transaction(answer, f"update {target.name}")

    def _keep(self, target: UpdateTarget) -> Checkpoint:
        subject = subject_of(target.prefix, self._context, occasion_of(self._request))
        kept = make_checkpoint(subject, self._context, self._work, limited=not self._planned.over_limit)
        self._work.say(f"restore point {kept.point.id}: {counted(kept.point.archived_files, 'file')}")
        return kept

    async def _run_conda(self, target: UpdateTarget) -> None:
        argv = solving_argv(target, offline=self._planned.offline, dry_run=False)
        answer = await self._work.run(argv, environ=solving_environ(target, self._context))
        check_answer(answer, f"update {target.name}")

    async def _follow_file(self, target: UpdateTarget, kept: Checkpoint) -> None:
        """What a file wants beyond conda's solution: pip's part, and that goes which it has no need for."""
        assert target.installation
        planned, work, name = self._planned, self._work, sanitize(target.name)
        environ = pip_environ(target.prefix, target.installation, self._context)
        if planned.by_pip:
            await work.stage("pip", f"Letting pip install what the file asks of it into {name}")
            await install_by_pip(target.prefix, target.asked, environ, work, offline=self._request.offline)
        if target.variables:
            await work.in_thread(partial(set_variables, target.prefix, planned.identity, target.variables))
        if not planned.pruned and not planned.pruned_by_pip:
            return
        await work.stage("prune", f"Taking out of {name} what the file has no need for")
        contents = await work.in_thread(partial(read_prefix, target.prefix))
        found = await work.in_thread(partial(unneeded, contents, target.asked))
        if distributions := sorted(found.distributions & set(planned.pruned_by_pip)):
            await uninstall_by_pip(target.prefix, distributions, environ, work)
        gone = {each.dist_name: each.name for each in contents.packages if each.dist_name in planned.pruned}
        pruned = {each: name for each, name in gone.items() if name in found.packages}
        if pruned:
            await self._remove(target, pruned, kept.point.id)
        stay = set(gone) - set(pruned)  # what came needs them, which could not be known before
        removed = tuple(each for each in planned.removed if each not in stay)
        self._planned = replace(planned, removed=removed, pruned=tuple(pruned))

    async def _remove(self, target: UpdateTarget, pruned: Mapping[str, str], point: str) -> None:
        """Let conda remove packages, unless it would do anything else. CondatuiError if it would."""
        assert target.installation
        command = partial(remove_packages, target.installation.executable, target.prefix, sorted(pruned.values()))
        environ, what = solving_environ(target, self._context), f"remove packages of {target.name}"
        answer = await self._work.run(command(dry_run=True), environ=environ, seconds=SECONDS)
        transaction = parse_transaction(answer, what)
        if transaction.added or {each.dist_name for each in transaction.removed} != set(pruned):
            others = {each.dist_name for each in transaction.removed} ^ set(pruned)
            more = [f"{each}: conda would treat it otherwise" for each in sorted(others)]
            raise _surprise(target.name, more or ["conda would install something"], point)
        check_answer(await self._work.run(command(), environ=environ), what)

    def _request_as_before(self, target: UpdateTarget, kept: Checkpoint) -> None:
        """Let the environment's history say what its user requested, not the exact builds that conda was asked for."""
        try:
            with HeldTree(target.prefix, self._planned.identity) as tree:
                request_as_before(tree, kept.snapshot)
                tree.sync()
        except OSError as error:
            where = f"{error.filename or target.prefix}: {reason(error)}"
            raise CondatuiError("What was requested could not be noted as it was before.", where) from error

    async def _verify(self, target: UpdateTarget, kept: Checkpoint) -> tuple[Finding, ...]:
        work, prefix = self._work, target.prefix
        records = await work.in_thread(partial(read_records, prefix))
        problems = [*_differences(records, kept.snapshot, self._planned)]
        problems += await work.in_thread(partial(_missing_files, records, self._planned))
        drift = await work.in_thread(partial(self._drift, target, records.contents))
        problems += lacking(drift)
        if not problems and (python := await python_problem(prefix, target.installation, self._context, work)):
            problems.append(f"python: {python}")
        if problems:
            raise _surprise(target.name, problems, kept.point.id)
        await work.in_thread(partial(sync_tree, prefix))
        shown = drift if self._request.prune else [each for each in drift if each.kind != "extra"]
        return tuple(otherwise(shown))

    def _drift(self, target: UpdateTarget, contents: PrefixContents) -> Sequence[Drift]:
        if not self._request.file:
            return ()
        config = self._context.inventory.channel_config(target.environment) if target.environment else None
        added = pip_itself(target.asked)
        found = drift_from(contents, self._request.file, target.asked, config or ChannelConfig())
        return [each for each in found if each.kind != "extra" or each.name not in added]


def _dist_names(packages: Sequence[SolvedPackage]) -> tuple[str, ...]:
    return tuple(each.dist_name for each in packages)


def expected_packages(before: PrefixRecords, planned: PlannedUpdate) -> set[str]:
    """The packages that an environment is to have afterwards, as `name-version-build`."""
    return ({each.dist_name for each in before.contents.packages} - set(planned.removed)) | set(planned.added)


def _differences(records: PrefixRecords, before: PrefixRecords, planned: PlannedUpdate) -> Sequence[str]:
    """Lines that name what the records of an environment state otherwise than planned."""
    there, wanted = {each.dist_name for each in records.contents.packages}, expected_packages(before, planned)
    names = {each.name for each in records.contents.packages}
    return (
        *(f"{each}: is not there" for each in sorted(wanted - there)),
        *(f"{each}: was not planned" for each in sorted(there - wanted)),
        *(
            f"{each}: was requested, and is gone"
            for each in sorted(before.contents.requested_names - names - _names_of(before, planned.pruned))
        ),
        *(f"{each.path}: {each.reason}" for each in records.contents.unreadable),
        *(f"{each}, which pip has installed: is gone" for each in _lost_by_pip(before, records, planned)),
    )


def _of_pip(records: PrefixRecords) -> set[str]:
    """What pip has installed, where a python reads it or another one has left it behind."""
    contents = records.contents
    stale = {name for each in contents.stale_site_packages for name in each.names}
    return {f"{each.name} {each.version}" for each in contents.pip_distributions} | stale


def _names_of(before: PrefixRecords, packages: Sequence[str]) -> set[str]:
    return {each.name for each in before.contents.packages if each.dist_name in packages}


def _lost_by_pip(before: PrefixRecords, records: PrefixRecords, planned: PlannedUpdate) -> list[str]:
    """What pip had installed and is gone, but for what was to be uninstalled or may have got another version."""
    lost = _of_pip(before) - _of_pip(records)
    there = {canonicalize_name(each.partition(" ")[0]) for each in _of_pip(records)} if planned.by_pip else set()
    gone = there | set(planned.pruned_by_pip)
    return sorted(each for each in lost if canonicalize_name(each.partition(" ")[0]) not in gone)


def _missing_files(records: PrefixRecords, planned: PlannedUpdate) -> Sequence[str]:
    """The files of the new packages that are not there."""
    added = set(planned.added)
    paths = (path.path for each in records.packages if each.record.dist_name in added for path in each.paths)
    missing = (path for path in paths if not os.path.lexists(os.path.join(records.prefix, path)))
    return tuple(f"{path}: is missing" for path in missing)


def _not_as_planned(name: str, why: str) -> RefusedError:
    return RefusedError(
        f"{sanitize(name)} was not updated: it is not as it was planned any more.", why, "Plan it again."
    )


def _surprise(name: str, problems: Sequence[str], point: str) -> CondatuiError:
    lines = "\n".join(map(sanitize, first_of(problems, _MOST_LINES)))
    title = f"{sanitize(name)} is not as it was to become."
    return CondatuiError(title, lines, f"Restore point {point} has it as it was.")
