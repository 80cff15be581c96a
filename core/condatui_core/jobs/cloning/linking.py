"""Let conda link the packages of a clone: from the package cache first, and only then from elsewhere."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from condatui_core.conda import changing
from condatui_core.conda.conda_environ import conda_environ
from condatui_core.conda.failure import check, last_words
from condatui_core.conda.runner import Answer
from condatui_core.errors import CondaError
from condatui_core.jobs.cloning.facts import CloneFacts
from condatui_core.jobs.cloning.packages import Provided, explicit_lines
from condatui_core.jobs.cloning.verify import wanted_packages
from condatui_core.jobs.work import Surroundings, Work
from condatui_core.records.installation import Installation
from condatui_core.whole_files import put_in_cache

_ASKED = "link the packages"
_LACKING = re.compile(
    r"OfflineError|CondaHTTPError|ackage cache records|PackagesNotFound|NoPackagesFound|offline", re.IGNORECASE
)
"""What condas say when a package is not in the cache."""
_MOST_LINES = 20


async def link_packages(facts: CloneFacts, around: Surroundings, work: Work) -> str:
    """Have the packages of the source linked into the target, which is reserved for them.

    Returns what conda has complained about, though it has done it. Raises CondaError if it has not, whatever it says.
    """
    assert facts.source is not None and facts.installation is not None  # else it would not have come so far
    if not facts.source.records:
        return ""
    file = around.locations.jobs / work.job_id / "explicit.txt"
    await work.beside(partial(_write_explicit, file, facts.source.prefix, facts.provided))
    try:
        answer = await _link(facts, facts.installation, file, around, work)
    finally:
        await work.beside(partial(file.unlink, missing_ok=True))
    _, missing = await work.beside(partial(wanted_packages, facts.source.records, facts.target.prefix))
    try:
        check(answer, _ASKED)
    except CondaError as error:
        if answer.exit_code or missing:
            raise
        return error.detail  # of a damaged package it complains, and goes on
    if missing:
        raise _not_done(answer, missing)
    return ""


def _write_explicit(file: Path, prefix: str, provided: Sequence[Provided]) -> None:
    lines = "".join(f"{line}\n" for line in explicit_lines(prefix, provided))
    put_in_cache(file, lines.encode("utf-8", "surrogateescape"))


async def _link(facts: CloneFacts, installation: Installation, file: Path, around: Surroundings, work: Work) -> Answer:
    environ = conda_environ(around.caller, installation)
    command = partial(changing.install_explicit, installation.executable, facts.target.prefix, str(file))
    if all(each.way != "download" for each in facts.provided) or facts.request.offline:
        answer = await work.run(command(offline=True), environ=environ)
        if answer.exit_code == 0 or facts.request.offline or not _LACKING.search(answer.stdout + answer.stderr):
            return answer
        work.say("The package cache does not have all of them: the rest is downloaded.")
    return await work.run(command(offline=False), environ=environ)


def _not_done(answer: Answer, missing: tuple[str, ...]) -> CondaError:
    shown = "\n".join(missing[:_MOST_LINES])
    said = last_words(answer.stdout) or last_words(answer.stderr) or "It said nothing."
    title = f"conda says that it is done, and has not linked {len(missing)} of the packages."
    return CondaError(title, f"{shown}\n{said}", "Run the command by hand to see more.")
