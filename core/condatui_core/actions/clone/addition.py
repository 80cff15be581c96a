"""What the specs that a clone gets in addition come to, by conda's dry run on its source, before anything is made."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from itertools import takewhile
from typing import TYPE_CHECKING

from msgspec import Struct

from condatui_core.actions.policy_warnings import packages_of
from condatui_core.actions.protocol import JobContext
from condatui_core.actions.room import bytes_of_coming, coming_by
from condatui_core.analyses.match_specs import names_builds
from condatui_core.analyses.package_moves import Held, package_moves
from condatui_core.conda.commands import SOLVE_SECONDS, conda_environ, install_specs
from condatui_core.conda.errors import no_solution
from condatui_core.conda.parsers import Transaction, parse_transaction
from condatui_core.errors import CondaError
from condatui_core.records.finding import Finding, blocker, finding
from condatui_core.records.job import PackageMove
from condatui_core.records.package import PackageRecord
from condatui_core.remedy import AllowDownloads
from condatui_core.text import counted, format_bytes, sanitize, some_of

if TYPE_CHECKING:
    from condatui_core.actions.clone.facts import CloneFacts


_NO_SPEC = ("invalid package specification", "InvalidMatchSpec", "InvalidSpec", "Invalid spec")
"""conda's words for what is no spec, in its releases from 4.6 on."""


class Addition(Struct, frozen=True, kw_only=True):
    """What conda would do for the specs."""

    specs: tuple[str, ...]
    offline: bool
    """Whether conda was told to do without downloads."""
    transaction: Transaction = Transaction()
    impossible: tuple[str, ...] = ()
    """conda's own words, line by line, if there is no solution."""
    unknown: str = ""
    """Why it cannot be told, in conda's words; the specs may be added all the same."""
    bytes_needed: int = 0
    """The most bytes that what comes takes on the disk, linked and in the package cache."""

    @property
    def added(self) -> tuple[PackageRecord, ...]:
        """The packages that come, as far as a dry run tells of them."""
        solved = ((each.name, each.version, each.build, each.base_url) for each in self.transaction.added)
        return packages_of(tuple(solved)).packages

    def moves(self, there: tuple[PackageRecord, ...]) -> tuple[PackageMove, ...]:
        """What becomes of the packages of the source in the clone."""
        before = {each.name: Held(each.version, each.build, each.base_url or "") for each in there}
        gone = {each.name for each in self.transaction.removed}
        after = {name: held for name, held in before.items() if name not in gone}
        after |= {each.name: Held(each.version, each.build, each.base_url or "") for each in self.transaction.added}
        return package_moves(before, after)


async def solve_addition(facts: CloneFacts, context: JobContext) -> Addition:
    """Ask conda what the specs of the request would do to the source, changing nothing.

    The package cache alone is asked first if each spec names one build: no other will be newer.
    """
    request = facts.request
    if request.offline or names_builds(request.add):
        alone = await _ask(facts, context, offline=True)
        if request.offline or not (alone.impossible or alone.unknown):
            return alone
    return await _ask(facts, context, offline=False)


async def _ask(facts: CloneFacts, context: JobContext, *, offline: bool) -> Addition:
    assert facts.installation is not None  # otherwise there are blockers
    specs, installation = facts.request.add, facts.installation
    argv = install_specs(installation.executable, facts.origin.real, specs, offline=offline, dry_run=True)
    # With this, conda would delete the records of what pip has replaced.
    environ = {**conda_environ(context.caller, installation), "CONDA_PIP_INTEROP_ENABLED": "false"}
    try:
        answer = await context.ask_conda(argv, environ=environ, seconds=SOLVE_SECONDS)
        if (impossible := no_solution(answer)) is not None:
            return Addition(specs=specs, offline=offline, impossible=impossible)
        transaction = parse_transaction(answer, f"add {' '.join(specs)}")
    except CondaError as error:
        words = f"{error.title}\n{error.detail}"
        if any(each in error.detail for each in _NO_SPEC):
            return Addition(specs=specs, offline=offline, impossible=tuple(filter(None, words.splitlines())))
        return Addition(specs=specs, offline=offline, unknown=words)
    coming = coming_by(transaction, context)
    takes = await asyncio.to_thread(bytes_of_coming, coming, facts.target, installation, context)
    return Addition(specs=specs, offline=offline, transaction=transaction, bytes_needed=takes)


def addition_blockers(addition: Addition) -> Iterator[Finding]:
    """Why the specs cannot be added, in conda's words."""
    specs = sanitize(" ".join(addition.specs))
    if addition.impossible:
        remedy = AllowDownloads() if addition.offline else ""
        message = f"conda cannot add {specs}: {_in_plain_words(addition.impossible)}."
        yield blocker("not-solved", message, remedy, map(sanitize, addition.impossible))
    if addition.offline and (missing := addition.transaction.to_download):
        message = f"{counted(len(missing), 'package')} would have to be downloaded for {specs}."
        yield blocker("not-cached", message, AllowDownloads(), map(sanitize, missing))


_NOWHERE = "not available from current channels"
"""conda's words for packages that no channel has; their names follow, a line each."""


def _in_plain_words(lines: Sequence[str]) -> str:
    """Why conda finds no solution, in a few words before its own."""
    if any(each in line for line in lines for each in _NO_SPEC):
        return "that is no spec of a package"
    begin = next((place for place, line in enumerate(lines) if _NOWHERE in line), None)
    if begin is None:
        return "it does not go together with what is there"
    named = takewhile(lambda line: line.lstrip().startswith("- "), filter(str.strip, lines[begin + 1 :]))
    names = [sanitize(line.strip()[2:]) for line in named]
    return f"no channel that it looks in has {some_of(names)}" if names else "no channel that it looks in has it"


def addition_warnings(addition: Addition) -> Iterator[Finding]:
    """What the user should know before: what is replaced or goes, or that it cannot be told."""
    if addition.unknown:
        specs = sanitize(" ".join(addition.specs))
        lines = map(sanitize, filter(None, addition.unknown.splitlines()))
        yield finding("not-solved", "warning", f"What adding {specs} takes cannot be told before.", "", lines)


def addition_cost(addition: Addition) -> str:
    """What it costs, in words."""
    if addition.unknown:
        return "cannot be told before"
    transaction = addition.transaction
    if not transaction.added and not transaction.removed:
        return "nothing: all of it is there"
    packages = counted(len(transaction.added), "package")
    if not transaction.to_download:
        return f"{packages}, nothing to download"
    size = format_bytes(transaction.download_bytes)
    return f"{packages}, {size} to download, about {format_bytes(addition.bytes_needed)} on the disk"
