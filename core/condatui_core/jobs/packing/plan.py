"""What packing an environment comes to: facts to a plan, pure."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence

from condatui_core.byte_words import spell_bytes
from condatui_core.jobs.packing.facts import Survey
from condatui_core.jobs.packing.formats import UNCOMPRESSED
from condatui_core.records.environment import Environment
from condatui_core.records.finding import Finding, Severity
from condatui_core.records.job import Plan, Step
from condatui_core.records.request import PackRequest

_PACKED_SHARE = 0.4
"""What usually remains of an environment when it is compressed."""
_EVIDENCE = 50
"""Lines of evidence at most: some environments have thousands of such files."""


def plan_of(
    request: PackRequest,
    form: str,
    environment: Environment,
    survey: Survey,
    *,
    in_the_way: Sequence[Finding],
    free_bytes: int | None,
) -> Plan:
    """Put together what was found out; `in_the_way` is what stands against writing the file."""
    needed = survey.bytes if form in UNCOMPRESSED else int(survey.bytes * _PACKED_SHARE)
    room = tuple(_room(needed, free_bytes, sure=form in UNCOMPRESSED, place=os.path.dirname(request.file)))
    findings = (*in_the_way, *_findings(request, environment, survey), *room)
    return Plan(
        request=request,
        title=f"Pack {environment.name} to {request.file}",
        steps=(
            Step(title=f"Pack {environment.name}", argv=_by_hand(request, form)),
            Step(title="Read the archive back"),
            Step(title=f"Put it in its place: {request.file}"),
        ),
        bytes_needed=needed,
        packages=len(environment.contents.packages) if environment.contents else 0,
        facts=tuple(_facts(form, survey)),
        warnings=tuple(each for each in findings if each.severity != "error"),
        blockers=tuple(each for each in findings if each.severity == "error"),
    )


def _facts(form: str, survey: Survey) -> Iterator[tuple[str, str]]:
    looked = survey.differences
    yield "format", form
    yield "files", f"{survey.files:,}, {spell_bytes(survey.bytes)} before they are packed"
    if looked.linked or looked.alike or looked.compared:
        yield (
            "compared with the package cache",
            (
                f"{looked.linked:,} are links to it, {looked.alike:,} have its sizes and times, "
                f"{looked.compared:,} were read: {len(looked.changed):,} have changed"
            ),
        )


def _findings(request: PackRequest, environment: Environment, survey: Survey) -> Iterator[Finding]:
    if survey.problem:
        yield _finding("cannot-pack", "error", "conda-pack cannot pack it.", "", survey.problem.splitlines())
    yield from _editable(request, environment, survey)
    if survey.missing:
        severity: Severity = "warning" if request.ignore_missing else "error"
        message = "Files that conda has installed are gone, so the archive will lack them."
        yield _finding(
            "missing-files",
            severity,
            message,
            "Install their packages again, or pass `--ignore-missing`.",
            survey.missing,
        )
    if survey.unreadable:
        message = f"This user may not read {_count(survey.unreadable, 'file')} of it."
        yield _finding(
            "unreadable", "error", message, "Ask its owner, or leave them out: `--exclude`.", survey.unreadable
        )
    if changed := survey.differences.changed:
        message = f"{_count(changed, 'file')} of conda's packages have changed since; they are packed as they are now."
        yield _finding(
            "changed-files", "warning", message, "Where they are not meant, install their packages again.", changed
        )
    if survey.uncached:
        message = (
            f"{_count(survey.uncached, 'package')} are not in the package cache any more: packed from the environment."
        )
        remedy = "In binary files the old prefix stays, which few packages mind."
        yield _finding("no-cache", "warning", message, remedy, survey.uncached)
    if survey.special:
        message = f"{_count(survey.special, 'pipe, socket or device', 'pipes, sockets and devices')} are left out."
        yield _finding("special-files", "warning", message, "", survey.special)
    if environment.contents and (variables := environment.contents.variables):
        message = f"{_count(variables, 'environment variable')} will be in the archive, with their values."
        yield _finding("variables", "warning", message, "Is any of them a secret?", [name for name, _ in variables])


def _editable(request: PackRequest, environment: Environment, survey: Survey) -> Iterator[Finding]:
    contents = environment.contents
    found = [each for each in contents.distributions if each.origin == "editable"] if contents else []
    lines = [*(f"{each.name} {each.version}: {each.location or each.url}" for each in found), *survey.outside]
    if lines:
        severity: Severity = "warning" if request.ignore_editable else "error"
        message = (
            f"What is installed in place stays behind: {', '.join([each.name for each in found] or survey.outside)}."
        )
        remedy = "Install it for good (`pip install DIRECTORY`), or pass `--ignore-editable`."
        yield _finding("editable", severity, message, remedy, lines)


def _room(needed: int, free: int | None, *, sure: bool, place: str) -> Iterator[Finding]:
    if free is not None and needed > free:
        how = "" if sure else "perhaps "
        message = f"{how}{spell_bytes(needed)} are needed, {spell_bytes(free)} are free at {place}."
        yield _finding("no-space", "error" if sure else "warning", message.capitalize(), "Free some first.")


def _by_hand(request: PackRequest, form: str) -> tuple[str, ...]:
    """The command that comes nearest: it packs the cache's files for those that have changed."""
    argv = ["conda-pack", "--prefix", request.prefix, "--output", request.file, "--format", form]
    argv += ["--compress-level", str(request.level), "--n-threads", str(request.threads if request.threads > 0 else -1)]
    argv += ["--dest-prefix", request.dest_prefix] if request.dest_prefix else []
    for pattern in request.excludes:
        argv += ["--exclude", pattern]
    flags = {
        "--force": request.replace,
        "--ignore-editable-packages": request.ignore_editable,
        "--ignore-missing-files": request.ignore_missing,
    }
    return (*argv, *(flag for flag, wanted in flags.items() if wanted))


def _count(things: Sequence[object], one: str, several: str = "") -> str:
    return f"1 {one}" if len(things) == 1 else f"{len(things):,} {several or one + 's'}"


def _finding(name: str, severity: Severity, message: str, remedy: str = "", evidence: Iterable[str] = ()) -> Finding:
    lines = tuple(evidence)
    shown = lines if len(lines) <= _EVIDENCE else (*lines[:_EVIDENCE], f"and {len(lines) - _EVIDENCE:,} more")
    return Finding(id=name, severity=severity, message=message, remedy=remedy, evidence=shown)
