"""Plans a pack: checks the target, and surveys the environment in a child process."""

from __future__ import annotations

import asyncio
import os
import shutil
from collections.abc import Collection, Iterator, Sequence
from functools import partial

import msgspec
from msgspec.structs import replace

from condatui_core.actions.checksum_file import checksum_path, stated_checksum
from condatui_core.actions.guards import no_environment
from condatui_core.actions.pack.formats import UNCOMPRESSED, checked_format
from condatui_core.actions.pack.messages import PackSurvey
from condatui_core.actions.pack.place import archive_path
from condatui_core.actions.protocol import JobContext
from condatui_core.actions.written_files import blockers_to_write
from condatui_core.conda.errors import last_words
from condatui_core.errors import CondatuiError
from condatui_core.fs.documents import decode
from condatui_core.fs.safe_read import reason
from condatui_core.prefixes.prefix import read_prefix
from condatui_core.proc.child import STDERR, STDOUT, ChildError, Output, own_argv, own_environ
from condatui_core.proc.runner import run_to_end
from condatui_core.records.environment import Environment
from condatui_core.records.finding import Finding, Severity, blocker, finding
from condatui_core.records.job import Plan, Step
from condatui_core.records.prefix import PrefixContents
from condatui_core.records.request import PackRequest
from condatui_core.remedy import ExcludeFiles, FreeSpace, IgnoreEditable, IgnoreMissing
from condatui_core.text import counted, format_bytes, sanitize

# The plan, from facts


_PACKED_SHARE = 0.4
"""The usual size of a compressed environment, relative to that of its files."""
_EVIDENCE = 50
"""Lines of evidence at most: some environments have thousands of such files."""
_finding = partial(finding, most=_EVIDENCE)


def plan_of(
    request: PackRequest,
    form: str,
    environment: Environment,
    survey: PackSurvey,
    *,
    blockers: Sequence[Finding],
    free_bytes: int | None,
) -> Plan:
    """Build the plan from the survey; `blockers` are the blockers against writing the file."""
    needed = survey.bytes if form in UNCOMPRESSED else int(survey.bytes * _PACKED_SHARE)
    room = tuple(_space_findings(needed, free_bytes, sure=form in UNCOMPRESSED, place=os.path.dirname(request.file)))
    findings = (*blockers, *_findings(request, environment, survey), *room)
    return Plan(
        request=request,
        title=f"Pack {environment.name} to {request.file}",
        steps=(
            Step(title=f"Pack {environment.name}", argv=_by_hand(request, environment, form)),
            Step(title="Read the archive back"),
            Step(title=f"Put it in its place: {request.file}"),
            *(() if form == "no-archive" else (Step(title="Write its sha256 beside it"),)),
        ),
        bytes_needed=needed,
        packages=len(environment.contents.packages) if environment.contents else 0,
        facts=tuple(_facts(form, survey)),
        warnings=tuple(each for each in findings if each.severity != "error"),
        blockers=tuple(each for each in findings if each.severity == "error"),
    )


def _facts(form: str, survey: PackSurvey) -> Iterator[tuple[str, str]]:
    looked = survey.differences
    yield "format", form
    yield "files", f"{survey.files:,}, {format_bytes(survey.bytes)} before they are packed"
    if looked.linked or looked.alike or looked.compared:
        yield (
            "compared with the package cache",
            (
                f"{looked.linked:,} are links to it, {looked.alike:,} have its sizes and times, "
                f"{looked.compared:,} were read: {len(looked.changed):,} have changed"
            ),
        )


def _findings(request: PackRequest, environment: Environment, survey: PackSurvey) -> Iterator[Finding]:
    if survey.problem:
        yield _finding("cannot-pack", "error", "conda-pack cannot pack it.", "", survey.problem.splitlines())
    yield from _editable(request, environment, survey)
    yield from _missing(request, environment, survey)
    if survey.unreadable:
        message = f"This user may not read {counted(len(survey.unreadable), 'file')} of it."
        yield _finding("unreadable", "error", message, ExcludeFiles(), survey.unreadable)
    if changed := survey.differences.changed:
        count = counted(
            len(changed),
            "file of conda's packages has changed since; it is packed as it is now",
            "files of conda's packages have changed since; they are packed as they are now",
        )
        message = f"{count}."
        yield _finding(
            "changed-files", "warning", message, "If that is not intended, install their packages again.", changed
        )
    if survey.uncached:
        count = counted(len(survey.uncached), "package is", "packages are")
        message = f"{count} not in the package cache any more: packed from the environment."
        remedy = "In binary files the old prefix stays, which few packages mind."
        yield _finding("no-cache", "warning", message, remedy, survey.uncached)
    if survey.special:
        count = counted(len(survey.special), "pipe, socket or device is", "pipes, sockets and devices are")
        message = f"{count} left out."
        yield _finding("special-files", "warning", message, "", survey.special)
    if environment.contents and (variables := environment.contents.variables):
        message = f"{counted(len(variables), 'environment variable')} will be in the archive, with their values."
        yield _finding("variables", "warning", message, "Is any of them a secret?", [name for name, _ in variables])


def _missing(request: PackRequest, environment: Environment, survey: PackSurvey) -> Iterator[Finding]:
    """What is gone, told apart by why: where pip has put a package over conda's, that is what it does."""
    replaced = {each.package: each.pip_version for each in (environment.contents or PrefixContents()).replaced}
    gone = [line for each in survey.missing if each.package not in replaced for line in each.lines]
    if gone:
        severity: Severity = "warning" if request.ignore_missing else "error"
        message = "Files that conda has installed are gone, so the archive will lack them."
        yield _finding("missing-files", severity, message, IgnoreMissing(), gone)
    for each in survey.missing:
        if by := replaced.get(each.package):
            message = (
                f"pip has put {sanitize(each.package)} {by} over conda's {each.version}: it is packed as it is now."
            )
            yield _finding("pip-over-conda", "warning", message, "", each.lines)


def _editable(request: PackRequest, environment: Environment, survey: PackSurvey) -> Iterator[Finding]:
    contents = environment.contents
    found = [each for each in contents.distributions if each.origin == "editable"] if contents else []
    lines = [*(f"{each.name} {each.version}: {each.location or each.url}" for each in found), *survey.outside]
    if lines:
        severity: Severity = "warning" if request.ignore_editable else "error"
        message = (
            f"What is installed in place stays behind: {', '.join([each.name for each in found] or survey.outside)}."
        )
        yield _finding("editable", severity, message, IgnoreEditable(), lines)


def _space_findings(needed: int, free: int | None, *, sure: bool, place: str) -> Iterator[Finding]:
    if free is not None and needed > free:
        how = "" if sure else "perhaps "
        message = f"{how}{format_bytes(needed)} are needed, {format_bytes(free)} are free at {place}."
        yield _finding("no-space", "error" if sure else "warning", message.capitalize(), FreeSpace())


def _by_hand(request: PackRequest, environment: Environment, form: str) -> tuple[str, ...]:
    """The closest command of conda-pack; instead of changed files it packs the cache's."""
    argv = ["conda-pack", "--prefix", request.prefix, "--output", request.file, "--format", form]
    argv += ["--compress-level", str(request.level), "--n-threads", str(request.threads if request.threads > 0 else -1)]
    argv += ["--dest-prefix", request.dest_prefix] if request.dest_prefix else []
    for pattern in request.excludes:
        argv += ["--exclude", pattern]
    slimmed = environment.contents is not None and environment.contents.slimmed is not None
    flags = {
        "--force": request.replace,
        "--ignore-editable-packages": request.ignore_editable,
        "--ignore-missing-files": request.ignore_missing or slimmed,
    }
    return (*argv, *(flag for flag, wanted in flags.items() if wanted))


_MOST_BYTES = 64 << 20
_SECONDS = 600.0
"""Seconds after which a survey counts as hanging, as on a network file system that does not answer."""


def packing_environ(context: JobContext) -> dict[str, str]:
    """The variables for the child processes that survey, pack and read back."""
    return {**own_environ(context.caller.environ), "HOME": str(context.caller.home), "PYTHONUTF8": "1"}


async def survey_of(request: PackRequest, form: str, context: JobContext, left_out: Collection[str] = ()) -> PackSurvey:
    """Survey everything that would be packed, in a child process. Raises CondatuiError if it gives no answer."""
    stdin = b"".join(os.fsencode(each) + b"\0" for each in left_out)
    argv = own_argv("condatui_core.actions.pack.survey", request.prefix, form, *request.excludes)
    output = Output(_MOST_BYTES)
    try:
        exit_code = await run_to_end(argv, packing_environ(context), output, seconds=_SECONDS, stdin=stdin)
        if exit_code:
            raise _no_survey(request, output, f"The process that looks at it ended with exit code {exit_code}.")
        return decode(bytes(output.written[STDOUT]), msgspec.json.Decoder(PackSurvey), own=True)
    except ChildError as error:
        raise _no_survey(request, output, str(error)) from error
    except OSError as error:
        raise _no_survey(request, output, f"The process that looks at it gave no answer: {reason(error)}") from error


def _no_survey(request: PackRequest, output: Output, otherwise: str) -> CondatuiError:
    """That a prefix cannot be looked at, in the last words of the process or, if it said nothing, in others."""
    words = last_words(output.written[STDERR].decode("utf-8", "replace")) or otherwise
    return CondatuiError(f"{sanitize(request.prefix)} cannot be looked at.", sanitize(words))


def target_blockers(request: PackRequest, form: str, context: JobContext) -> tuple[Finding, ...]:
    """The blockers against writing the archive to its path and in its format."""
    return (*_place(request, form), *_tools(form, context.caller.environ.get("PATH")))


def free_bytes(file: str) -> int | None:
    """The free bytes on the file system of a file; None if unknown."""
    try:
        return shutil.disk_usage(os.path.dirname(os.path.realpath(file))).free
    except OSError:
        return None


def _place(request: PackRequest, form: str) -> Iterator[Finding]:
    # An existing directory is never replaced.
    yield from blockers_to_write(request.file, replace=request.replace, replaceable=form != "no-archive")
    yield from _checksum(request, form)
    prefix = os.path.realpath(request.prefix)
    if os.path.realpath(request.file).startswith(prefix + os.sep):
        message = f"{sanitize(request.file)} would lie in the environment that is packed."
        yield blocker("inside-environment", message, "Choose another place.")


def _checksum(request: PackRequest, form: str) -> Iterator[Finding]:
    """What stands against the checksum beside the archive: one that is about the same name is replaced."""
    file = checksum_path(archive_path(request))
    if form == "no-archive" or not os.path.lexists(file):
        return
    try:
        of_the_same = bool(stated_checksum(archive_path(request)))
    except OSError:
        of_the_same = False
    if not of_the_same:
        message = f"{sanitize(file)} exists already, and is no checksum of such an archive."
        yield blocker("file-exists", message, "Choose another name.")
    else:
        yield from blockers_to_write(file, replace=True)


def _tools(form: str, path: str | None) -> Iterator[Finding]:
    if form == "squashfs" and not all(shutil.which(tool, path=path) for tool in ("mksquashfs", "unsquashfs")):
        remedy = "Install squashfs-tools, or choose another format."
        yield blocker("no-tool", "squashfs needs mksquashfs and unsquashfs.", remedy)


async def plan(request: PackRequest, context: JobContext) -> Plan:
    """Find out what packing would involve. Raises UsageError if the options do not fit together."""
    return (await plan_and_survey(request, context))[0]


async def plan_and_survey(
    request: PackRequest, context: JobContext, left_out: Collection[str] = ()
) -> tuple[Plan, PackSurvey]:
    """The plan, as `plan` makes it, and the survey that it is made from, without the paths that are left out."""
    form = checked_format(request)
    environment = await asyncio.to_thread(_read, request, context)
    if environment is None:
        gone = await asyncio.to_thread(no_environment, request.prefix)
        return Plan(request=request, title=f"Pack {request.prefix}", blockers=(gone,)), PackSurvey()
    survey = await survey_of(request, form, context, left_out)
    blockers = await asyncio.to_thread(target_blockers, request, form, context)
    free = await asyncio.to_thread(free_bytes, request.file)
    return plan_of(request, form, environment, survey, blockers=blockers, free_bytes=free), survey


def _read(request: PackRequest, context: JobContext) -> Environment | None:
    """The environment with its contents now; None if it is no environment."""
    environment = context.environment(request.prefix)
    contents = read_prefix(request.prefix)
    if environment is None or not contents.has_history:  # conda-pack needs the history, for the time of its own files
        return None
    return replace(environment, contents=contents)
