"""Creates an environment: made exclusively, filled by conda, verified by the disk, and only then whole."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from functools import partial

from condatui_core.actions.create.facts import CreateFacts, making_environ, read_facts
from condatui_core.actions.create.plan import blockers_of, making_argv
from condatui_core.actions.from_file import (
    drift_from,
    lacking,
    otherwise,
    pip_itself,
    refuse_if_changed,
    set_variables,
)
from condatui_core.actions.guards import refuse
from condatui_core.actions.incomplete_marker import (
    mark_bytes,
    mark_complete,
    mark_incomplete,
    remove_if_untouched,
    sync_made,
)
from condatui_core.actions.listed_archives import install_archives
from condatui_core.actions.pip_part import install_by_pip, pip_environ
from condatui_core.actions.protocol import JobContext, Work
from condatui_core.actions.python_start import python_problem
from condatui_core.actions.requested_specs import not_among, request_only
from condatui_core.actions.verified_change import missing_files, not_as_intended
from condatui_core.conda.errors import check_answer
from condatui_core.environment_files.asked import Asked
from condatui_core.errors import CondatuiError
from condatui_core.fs.held_tree import HeldTree, Identity
from condatui_core.fs.safe_read import reason
from condatui_core.fs.tree import read_tree
from condatui_core.prefixes.snapshot import PrefixRecords, read_records
from condatui_core.records.drift import Drift
from condatui_core.records.finding import Finding, finding
from condatui_core.records.job import Outcome, Plan, PlannedCreation
from condatui_core.records.package import PackageRecord
from condatui_core.records.prefix import PrefixContents
from condatui_core.records.request import CreateRequest
from condatui_core.text import counted, format_bytes, sanitize


async def perform(plan: Plan, request: CreateRequest, context: JobContext, work: Work) -> Outcome:
    """Create the environment as planned.

    Raises RefusedError if there are blockers by now, CondatuiError if it is not as it was to become; then it is gone,
    or still marked as incomplete.
    """
    assert plan.creation is not None  # otherwise there are blockers
    facts = await read_facts(request, context)
    refuse(await work.in_thread(partial(blockers_of, facts, context)))
    refuse_if_changed(facts.asked, plan.creation.digest, request.file)
    return await _Creation(facts, plan.creation, context, work).run()


class _Creation:
    """The making of one environment."""

    def __init__(self, facts: CreateFacts, planned: PlannedCreation, context: JobContext, work: Work) -> None:
        assert facts.installation is not None  # otherwise there are blockers
        self._installation = facts.installation
        self._request = facts.asking
        self._asked = facts.asked
        self._planned = planned
        self._context = context
        self._work = work
        self._target = facts.request.target
        self._name = sanitize(facts.name)
        self._identity: Identity | None = None
        """That of the directory, once it is made."""

    async def run(self) -> Outcome:
        """Go through all stages."""
        try:
            await self._make()
            await self._let_pip_install()
            outcome = await self._verify()
            await self._work.in_thread(partial(mark_complete, self._target, self._identity))
        except OSError as error:
            place = str(error.filename or self._target)
            raise CondatuiError(f"{self._name} could not be made.", f"{place}: {reason(error)}") from error
        return outcome

    async def _make(self) -> None:
        work, planned = self._work, self._planned
        await work.stage("create", f"Letting conda put {counted(len(planned.packages), 'package')} into {self._name}")
        marking = partial(
            mark_incomplete,
            self._target,
            job=work.job_id,
            now=self._context.clock(),
            packages=planned.packages,
            beyond_conda=bool(self._asked.pip.asks or self._request.variables),
        )
        self._identity = await work.in_thread(marking)
        try:
            await self._run_conda()
        except (CondatuiError, OSError, asyncio.CancelledError):
            await work.in_thread(partial(remove_if_untouched, self._target))
            raise

    async def _run_conda(self) -> None:
        environ, what = making_environ(self._installation, self._context), f"make {self._name}"
        offline = self._planned.offline
        if self._asked.archives:
            listed = self._asked.explicit
            installation, target, work = self._installation, self._target, self._work
            places = self._context.locations
            await install_archives(installation, target, listed, environ, work, places, offline=offline, what=what)
            return
        argv = making_argv(self._request, self._installation.executable, offline=offline)
        check_answer(await self._work.run(argv, environ=environ), what)

    async def _let_pip_install(self) -> None:
        if not self._asked.pip.asks:
            return
        await self._work.stage("pip", f"Letting pip install what the file asks of it into {self._name}")
        environ = pip_environ(self._target, self._installation, self._context)
        places, offline = self._context.locations, self._request.offline
        await install_by_pip(self._target, self._asked, environ, self._work, places, offline=offline)

    def _note(self) -> None:
        """Note what is requested, and the variables as `conda env config vars set` does."""
        request = self._request
        if request.requested:
            with HeldTree(self._target, self._identity) as tree:
                request_only(tree, request.requested)
        if request.variables:
            assert self._identity
            set_variables(self._target, self._identity, request.variables)

    async def _verify(self) -> Outcome:
        work, target = self._work, self._target
        await work.stage("verify", f"Verifying {self._name}")
        records = await work.in_thread(partial(read_records, target))
        problems = await work.in_thread(lambda: [*_problems(records, self._request, self._asked)])
        drift = await work.in_thread(partial(self._drift, records.contents))
        problems += lacking(drift)
        if not problems and (python := await python_problem(target, self._installation, self._context, work)):
            problems.append(f"python: {python}")
        if problems:
            raise not_as_intended(self._name, problems)
        await work.in_thread(self._note)
        await work.in_thread(partial(sync_made, target, self._context.caller.home))
        return await work.in_thread(partial(self._outcome, records, drift))

    def _drift(self, contents: PrefixContents) -> Sequence[Drift]:
        file, config = self._request.file, self._context.inventory.first_channel_config
        added = pip_itself(self._asked)
        found = drift_from(contents, file, self._asked, config) if file else ()
        return [each for each in found if each.kind != "extra" or each.name not in added]

    def _outcome(self, records: PrefixRecords, drift: Sequence[Drift]) -> Outcome:
        used = read_tree(self._target).exclusive_bytes - mark_bytes(self._target)
        by_pip = records.contents.pip_distributions
        packages = counted(len(records.packages), "package") + (f" and {len(by_pip)} by pip" if by_pip else "")
        return Outcome(
            message=f"{self._name} was made: {packages}, {format_bytes(used)} on the disk.",
            findings=(*_otherwise(records, self._planned), *otherwise(drift)),
            bytes_used=used,
            says_bytes=True,
            files=(self._target,),
        )


def _problems(records: PrefixRecords, request: CreateRequest, asked: Asked) -> Iterator[str]:
    """Lines that name what of the request is not there, and what of the packages."""
    there = [each.record for each in records.packages]
    yield from _not_those(there, asked.archives)
    yield from (f"{spec}: is not there" for spec in not_among(there, request.specs))
    yield from (f"{each.path}: {each.reason}" for each in records.contents.unreadable)
    yield from missing_files(records)


def _not_those(there: Sequence[PackageRecord], archives: Sequence[PackageRecord]) -> Iterator[str]:
    """Lines that name the archives that are not there, or are other ones by their checksum."""
    found = {each.dist_name: each for each in there}
    for each in archives:
        record = found.get(each.dist_name)
        if record is None:
            yield f"{each.dist_name}: is not there"
        elif each.md5 and record.md5 and each.md5.lower() != record.md5.lower():
            yield f"{each.dist_name}: is another archive, md5 {record.md5}"
        elif each.sha256 and record.sha256 and each.sha256.lower() != record.sha256.lower():
            yield f"{each.dist_name}: is another archive, sha256 {record.sha256}"


def _otherwise(records: PrefixRecords, planned: PlannedCreation) -> Iterator[Finding]:
    """What conda has found since the plan, such as a newer build, which the specs allow as well."""
    there = {each.record.dist_name for each in records.packages}
    if other := sorted(there ^ set(planned.packages)):
        message = "conda has found other packages than it did for the plan; all that was asked for is there."
        yield finding("not-as-planned", "note", message, evidence=other)
