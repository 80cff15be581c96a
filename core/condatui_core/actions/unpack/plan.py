"""Plans the unpacking of an archive: reads it to its end, and compares what it needs with this machine."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Iterator
from functools import partial

from condatui_core.actions import guards
from condatui_core.actions.packed_archive import open_archive
from condatui_core.actions.prefix_state import PrefixState
from condatui_core.actions.protocol import JobContext
from condatui_core.actions.room import OWN_NOTES
from condatui_core.actions.unpack.host import read_host
from condatui_core.actions.unpack.survey import ArchiveSurvey, survey_archive
from condatui_core.analyses.machine_needs import unmet_needs, virtual_needs
from condatui_core.analyses.platforms import main_platform, runs_programs_of
from condatui_core.records.finding import Finding, blocker, finding
from condatui_core.records.host import Host, UnmetNeed
from condatui_core.records.job import Plan, PlannedUnpack, Step
from condatui_core.records.request import UnpackRequest
from condatui_core.text import counted, format_bytes, sanitize, some_of

_MOST_LINES = 20
_blocker = partial(blocker, most=_MOST_LINES)
_finding = partial(finding, most=_MOST_LINES)


async def plan(request: UnpackRequest, context: JobContext) -> Plan:
    """Find out what unpacking an archive would make, changing nothing.

    Raises UsageError if the file is no archive, CondatuiError if it is damaged.
    """
    await asyncio.to_thread(_check_archive, request)
    observed = await guards.observe_prefix(request.target, context)
    blockers = await asyncio.to_thread(target_blockers, observed, context)
    if blockers:  # no need to read gigabytes
        return Plan(request=request, title=_title(request), blockers=blockers)
    survey = await asyncio.to_thread(survey_archive, request.archive)
    wants_cuda = any(name == "__cuda" for each in survey.packages for name, _, _ in virtual_needs(each))
    host = await read_host(context.caller.environ, cuda=wants_cuda)
    return plan_of(request, observed, survey, host)


def _check_archive(request: UnpackRequest) -> None:
    with open_archive(request.archive):
        pass


def plan_of(request: UnpackRequest, observed: PrefixState, survey: ArchiveSurvey, host: Host) -> Plan:
    """Build the plan from what was read; pure."""
    findings = (*_content_findings(survey), *_checksum_findings(request, survey), *_machine_findings(survey, host))
    findings = (
        *findings,
        *_place_findings(request, survey),
        *guards.bytes_problem(survey.bytes_needed + OWN_NOTES, observed),
    )
    return Plan(
        request=request,
        title=_title(request),
        steps=tuple(_steps(request, survey)),
        prefixes=(request.target,),
        bytes_needed=survey.bytes_needed + OWN_NOTES,
        packages=len(survey.packages),
        facts=tuple(_facts(survey, host)),
        warnings=tuple(each for each in findings if each.severity != "error"),
        blockers=tuple(each for each in findings if each.severity == "error"),
        unpacking=PlannedUnpack(sha256=survey.sha256, files=survey.members, bytes=survey.bytes),
    )


def target_blockers(observed: PrefixState, context: JobContext) -> tuple[Finding, ...]:
    """What stands against making an environment at a path; an empty directory may be there. Blocks."""
    return guards.blockers_to_make(observed, context, with_conda=False, though_empty=is_empty_directory(observed))


def is_empty_directory(observed: PrefixState) -> bool:
    """Whether a directory is there that holds nothing, and that no link leads to; blocks."""
    if not observed.directory or observed.symlink:
        return False
    try:
        with os.scandir(observed.prefix) as entries:
            return next(entries, None) is None
    except OSError:
        return False


def _title(request: UnpackRequest) -> str:
    return f"Unpack {sanitize(os.path.basename(request.archive))} to {sanitize(request.target)}"


def _steps(request: UnpackRequest, survey: ArchiveSurvey) -> Iterator[Step]:
    target = sanitize(request.target)
    yield Step(title=f"Make {target}, and mark it as not whole")
    yield Step(title=f"Unpack {counted(survey.members, 'path')} into it, and compare the checksum")
    if survey.conda_unpack:
        argv = unpacking_argv(request.target, python=survey.python)
        yield Step(title="Let conda-unpack write the path into its files", argv=argv)
    if survey.python:
        yield Step(title="Start its python")
    yield Step(title="Look for files that still name where it was packed")
    if request.register:
        yield Step(title="Register it in environments.txt")


def unpacking_argv(target: str, *, python: bool) -> tuple[str, ...]:
    """The command that writes the new path into the files of an unpacked environment."""
    runner = os.path.join(target, "bin/python") if python else sys.executable
    return (runner, os.path.join(target, "bin/conda-unpack"))


def _facts(survey: ArchiveSurvey, host: Host) -> Iterator[tuple[str, str]]:
    yield "format", survey.form
    yield "holds", f"{counted(survey.members, 'path')}, {format_bytes(survey.bytes)}"
    yield "sha256", survey.sha256
    if platform := platform_of(survey):
        yield "built for", platform
    if survey.glibc:
        here = dict(host.virtual).get("__glibc", "none")
        yield "C library", f"{_dotted(survey.glibc)} or newer is needed, {here} is here"


def platform_of(survey: ArchiveSurvey) -> str:
    """The platform that an environment was made for; empty if it runs anywhere."""
    return main_platform(survey.packages) or survey.binary_platform


def _content_findings(survey: ArchiveSurvey) -> Iterator[Finding]:
    if survey.faults:
        message = f"{counted(len(survey.faults), 'path')} in the archive must not be unpacked."
        yield _blocker("bad-archive", message, "Ask whoever packed it.", survey.faults)
    if not survey.has_history:
        message = "It holds no environment at its top: there is no conda-meta/history."
        yield blocker("not-an-environment", message, "A parcel, or one with a directory around it, is for other tools.")
    if survey.unreadable:
        message = f"{counted(len(survey.unreadable), 'record')} of packages cannot be read."
        yield _finding("broken", "warning", message, "", survey.unreadable)


def _checksum_findings(request: UnpackRequest, survey: ArchiveSurvey) -> Iterator[Finding]:
    beside = sanitize(f"{os.path.basename(request.archive)}.sha256")
    if survey.stated_sha256 is None:
        message = f"There is no {beside} beside it: whether it came whole is not known."
        yield finding("no-checksum", "note", message, "Compare the sha256 with the sender's.")
    elif not survey.stated_sha256:
        message = f"{beside} states no checksum of this archive."
        yield blocker("bad-checksum", message, "Fetch it again, or delete it if you trust the archive.")
    elif survey.stated_sha256 != survey.sha256:
        lines = (f"stated: {survey.stated_sha256}", f"is:     {survey.sha256}")
        message = f"It is not the archive that {beside} is about."
        yield blocker("bad-checksum", message, "Fetch both again.", lines)


def _machine_findings(survey: ArchiveSurvey, host: Host) -> Iterator[Finding]:
    platform = platform_of(survey)
    if platform and not runs_programs_of(host.platform, platform):
        message = f"It was made for {platform}, and this machine is {host.platform}."
        yield blocker("other-platform", message, "Make it here again, from an export for other machines.")
        return  # what else is missing is of no interest
    for each in unmet_needs(survey.packages, host):
        yield _unmet(each)
    here = dict(host.virtual).get("__glibc", "")
    if survey.glibc and here and survey.glibc > tuple(map(int, here.split("."))):
        message = f"It needs a GNU C library of {_dotted(survey.glibc)} or newer, and this machine has {here}."
        yield blocker("no-glibc", message, "Unpack it on a newer system.", (sanitize(survey.glibc_of),))


def _unmet(need: UnmetNeed) -> Finding:
    has = f"has {need.has}" if need.has else "has none"
    message = f"{some_of(need.packages)} need {sanitize(need.needs)}, and this machine {has}."
    if need.name == "__cuda":
        return _finding("no-cuda", "warning", message, "What needs a GPU will not run here.", need.packages)
    return _blocker("machine", message, "Unpack it on a newer system.", need.packages)


def _place_findings(request: UnpackRequest, survey: ArchiveSurvey) -> Iterator[Finding]:
    if survey.conda_unpack:
        if not survey.python:
            message = "It has no python of its own: condatui's runs its conda-unpack."
            yield finding("no-python", "note", message)
    elif survey.packed_for and survey.packed_for != request.target:
        message = f"It was packed for {sanitize(survey.packed_for)}, and has no conda-unpack for another place."
        yield blocker("other-place", message, "Unpack it there, or pack it again for any place.")
    elif not survey.packed_for:
        message = "It has no conda-unpack, and does not say which place it was packed for."
        yield finding("other-place", "warning", message, "Unless this is the place, files in it name another.")


def _dotted(version: tuple[int, ...]) -> str:
    return ".".join(map(str, version))
