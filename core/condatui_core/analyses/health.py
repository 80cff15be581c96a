"""Determine the state and the findings of one environment."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from types import MappingProxyType

from msgspec import Struct
from msgspec.structs import replace

from condatui_core.analyses.platforms import foreign_platform
from condatui_core.records.environment import LastUsed, State
from condatui_core.records.finding import Finding, Problem, SecondRecord, in_order_of_severity
from condatui_core.records.installation import ChannelConfig
from condatui_core.records.prefix import Manager, PrefixContents, PrefixPointer, PrefixProbe, SetAsideBy
from condatui_core.remedy import Advice, RemoveEnvironment
from condatui_core.text import counted, sanitize, shell_words

_SCRATCH = re.compile(
    r"(?:^|[-_. ])(?:test(?:s|ing|env)?|try|tmp|temp|foo|bar|baz|asdf|scratch|junk|dummy|delete(?:me)?|trash|untitled"
    r"|copy|backup|bak|old|wip|again|final)(?:\d*)(?:$|[-_. ])",
    re.IGNORECASE,
)


class PrefixObservations(Struct, frozen=True, kw_only=True):
    """Everything that was observed of one prefix, as the input of the analyses."""

    pointer: PrefixPointer
    probe: PrefixProbe
    name: str
    contents: PrefixContents | None = None
    last_used: LastUsed | None = None
    processes: tuple[str, ...] = ()
    """The processes that run from it, one line each: `pid 4711 python (ann)`."""
    kernels: tuple[str, ...] = ()
    """The directories of Jupyter kernels elsewhere that start it."""
    config: ChannelConfig = ChannelConfig()
    machine: str = ""
    """The platform of this machine as conda calls it, such as `linux-64`; empty if it does not matter."""

    @property
    def foreign(self) -> str:
        """The platform of the packages if this machine does not run their programs; otherwise empty."""
        return foreign_platform(self.contents.packages, self.machine) if self.contents and self.machine else ""


def state_of(observed: PrefixObservations) -> State:
    """The state of a prefix: an environment in order, or what is wrong with it."""
    probe, contents = observed.probe, observed.contents
    if not probe.exists:
        return "missing"
    if not probe.readable:
        return "unreadable"
    if (probe.half_made or probe.set_aside_from or not probe.has_conda_meta) and not observed.pointer.root:
        return "orphan"
    if not probe.has_history and not observed.pointer.root and probe.manager is None:
        # Records without a history: conda does not list the environment, but its packages are there.
        return "broken" if contents and contents.packages else "orphan"
    return "broken" if contents and _damage(contents) else "ok"


def findings_of(observed: PrefixObservations, *, now: datetime, stale_days: int) -> tuple[Finding, ...]:
    """The findings about one environment, the gravest first."""
    found = [*_state_findings(observed, state_of(observed))]
    if observed.contents is not None and observed.probe.exists:
        from condatui_core.analyses.consistency import consistency_findings  # noqa: PLC0415 - delays the first screen
        from condatui_core.analyses.provenance import provenance_findings  # noqa: PLC0415 - as above

        found += _other_platform(observed)
        contents, prefix = observed.contents, observed.pointer.prefix
        known = (*consistency_findings(contents, prefix), *provenance_findings(contents, observed.config, prefix))
        found += [replace(each, remedy="", command="") for each in known] if observed.foreign else known
        found += _lesser_problems(observed.contents)
        found += _frozen(observed.contents)
        found += _slimmed(observed.contents)
    found += _managed(observed.probe.manager)
    found += _writable(observed)
    found += _in_use(observed.processes)
    found += _kernels(observed.kernels)
    if not observed.pointer.root:
        found += _stale(observed.last_used, now, stale_days)
        found += _scratch(observed.name)
    return in_order_of_severity(found)


def _damage(contents: PrefixContents) -> tuple[Problem, ...]:
    """The problems with files that conda itself reads."""
    return tuple(each for each in contents.problems if "conda-meta" in each.path.split("/")[-3:])


def _lines(problems: Sequence[Problem]) -> tuple[str, ...]:
    return tuple(f"{problem.path}: {problem.reason}" for problem in problems)


def _state_findings(observed: PrefixObservations, state: State) -> list[Finding]:
    prefix = observed.pointer.prefix
    if state == "missing":
        return [_missing(observed)]
    if state == "unreadable":
        message = "this user may not read it"
        remedy = f"ask {observed.probe.owner or 'its owner'}, or run condatui as a user who may"
        return [Finding(id="broken", severity="error", message=message, remedy=remedy, evidence=(prefix,))]
    if state == "orphan":
        return [_orphan(observed)]
    if state == "broken" and observed.contents is not None:
        return [*_broken(observed, observed.contents), *_second_records(observed.contents)]
    return []


def _missing(observed: PrefixObservations) -> Finding:
    return Finding(
        id="missing",
        severity="warning",
        cleanup="missing",
        message="registered but does not exist",
        remedy="if its disk is not mounted, mount it; `conda env list` would drop the entry permanently",
        evidence=tuple(f"named by {source}" for source in observed.pointer.sources),
    )


def _orphan(observed: PrefixObservations) -> Finding:
    prefix, probe = observed.pointer.prefix, observed.probe
    if probe.set_aside_from:
        return _set_aside(prefix, probe.set_aside_from, probe.set_aside_by)
    if probe.half_made:
        return _half_made(prefix)
    return _unfinished_or_left_over(probe.remains) if probe.remains else _other_directory(prefix)


def _set_aside(prefix: str, origin: str, by: SetAsideBy | None) -> Finding:
    put_back = shell_words(("mv", "--", prefix, origin))
    if by not in _PUTTING_BACK:
        remedy = f"if no job is removing it: `{put_back}` puts it back, as far as it is whole; or remove it"
        found = _remains("set aside by a removal that has not ended", remedy, f"it was {origin}")
        return replace(found, command=put_back)
    remedy = (
        "its job, among the interrupted ones, says what is whole and puts it right; "
        f"by hand, once {origin} is free: `{put_back}`"
    )
    found = _remains(f"set aside by {_PUTTING_BACK[by]} that has not ended", remedy, f"it was {origin}")
    return replace(found, cleanup="set-aside", command=put_back)


_PUTTING_BACK: Mapping[SetAsideBy | None, str] = MappingProxyType(
    {"merging": "a merge", "restoring": "a restore that replaces it"}
)
"""The jobs that leave an environment whole: if one of them dies, what it has set aside may be all that there is."""


def _half_made(prefix: str) -> Finding:
    evidence = f"its marker still exists: {prefix}/.condatui-clone"
    return _remains(
        "incomplete: condatui is creating it, or was interrupted", RemoveEnvironment(prefix=prefix), evidence
    )


def _unfinished_or_left_over(found: Sequence[str]) -> Finding:
    remedy = "a clone, a creation or a removal has failed: look into it, then delete the directory"
    return _remains("unfinished clone or leftover", remedy, f"no conda-meta/history; there are {', '.join(found)}")


def _remains(message: str, remedy: Advice, evidence: str) -> Finding:
    return Finding(
        id="orphan", severity="warning", cleanup="remains", message=message, remedy=remedy, evidence=(evidence,)
    )


def _other_directory(prefix: str) -> Finding:
    return Finding(
        id="orphan",
        severity="note",
        message="a directory among environments, but not an environment",
        remedy="move it elsewhere if it is yours",
        evidence=(f"{prefix} has no conda-meta, bin or lib",),
    )


def _broken(observed: PrefixObservations, contents: PrefixContents) -> list[Finding]:
    damage = [each for each in _damage(contents) if each.second is None]
    if not observed.probe.has_history and not observed.pointer.root:
        return [_without_history(observed, contents, damage)]
    if not damage:
        return []
    count = counted(len(damage), "file")
    return [
        Finding(
            id="broken",
            severity="error",
            cleanup="broken",
            message=f"{count} of conda-meta cannot be read",
            remedy="reinstall the packages named, or delete the file if it is not a record; conda fails on it",
            evidence=_lines(damage),
        )
    ]


def _without_history(observed: PrefixObservations, contents: PrefixContents, damage: Sequence[Problem]) -> Finding:
    touch = shell_words(("touch", f"{observed.pointer.prefix}/conda-meta/history"))
    return Finding(
        id="broken",
        severity="error",
        cleanup="broken",
        message="conda-meta/history is missing, so conda does not see it",
        remedy=f"`{touch}` lets conda see it",
        command=touch,
        evidence=(f"{counted(len(contents.packages), 'record is', 'records are')} still there", *_lines(damage)),
    )


def _second_records(contents: PrefixContents) -> Iterator[Finding]:
    for problem in contents.problems:
        if problem.second is not None:
            yield _second_record(problem, problem.second)


def _second_record(problem: Problem, second: SecondRecord) -> Finding:
    leftover = shell_words(("rm", "--", problem.path))
    return Finding(
        id="broken",
        severity="error",
        message=f"{second.package} has a second record: {second.true} counts, {second.version} does not",
        remedy=f"conda may take either; delete the other one: `{leftover}`"
        if second.proven
        else f"conda may take either; if {second.package} works, set the other one aside: {problem.path}",
        command=leftover if second.proven else "",
        evidence=_lines((problem,)),
    )


def _other_platform(observed: PrefixObservations) -> list[Finding]:
    if not observed.foreign:
        return []
    return [
        Finding(
            id="other-platform",
            severity="warning",
            message=f"built for {observed.foreign}, which this machine ({observed.machine}) does not run",
            remedy="look at it, compare it and export it here; change it on a machine that runs it",
        )
    ]


def _lesser_problems(contents: PrefixContents) -> list[Finding]:
    damage = _damage(contents)
    rest = [each for each in contents.problems if each not in damage]
    if not rest:
        return []
    message = rest[0].reason if len(rest) == 1 else f"{len(rest)} files or directories cannot be read"
    remedy = "their contents are missing in what you see here"
    return [Finding(id="broken", severity="warning", message=message, remedy=remedy, evidence=_lines(rest))]


def _slimmed(contents: PrefixContents) -> Iterator[Finding]:
    if contents.slimmed is not None:
        message = "a slimmed copy: it lacks what a service does not need"
        remedy = "use what it was copied from for anything else; an update by conda brings files back"
        evidence = tuple(map(sanitize, contents.slimmed))
        yield Finding(id="slimmed", severity="note", message=message, remedy=remedy, evidence=evidence)


def _frozen(contents: PrefixContents) -> list[Finding]:
    if contents.frozen is None:
        return []
    evidence = ("conda-meta/frozen", contents.frozen) if contents.frozen else ("conda-meta/frozen",)
    remedy = "conda 25.5 and later refuse to change it without --override-frozen"
    return [Finding(id="frozen", severity="note", message="frozen", remedy=remedy, evidence=evidence, cleanup="frozen")]


def _managed(manager: Manager | None) -> list[Finding]:
    if manager is None:
        return []
    return [
        Finding(
            id="managed-by",
            severity="note",
            message=f"{manager.tool} manages it",
            label=f"managed by {manager.tool}",
            remedy=manager.advice,
            evidence=(manager.project,) if manager.project else (),
            cleanup="managed",
        )
    ]


def _writable(observed: PrefixObservations) -> list[Finding]:
    if observed.probe.writable is not False:
        return []
    owner = observed.probe.owner
    return [
        Finding(
            id="not-writable",
            severity="note",
            message=f"belongs to {owner}" if owner else "not writable",
            remedy="it can be read, compared, exported and cloned, not changed",
            evidence=(f"{observed.pointer.prefix}/conda-meta is not writable for this user",),
            cleanup="not-writable",
        )
    ]


def _in_use(processes: tuple[str, ...]) -> list[Finding]:
    if not processes:
        return []
    count = f"{len(processes)} processes run" if len(processes) > 1 else "a process runs"
    return [Finding(id="in-use", severity="note", message=f"{count} from it", evidence=processes, cleanup="in-use")]


def _kernels(kernels: tuple[str, ...]) -> list[Finding]:
    if not kernels:
        return []
    message = f"{len(kernels)} Jupyter kernels start it" if len(kernels) > 1 else "a Jupyter kernel starts it"
    return [Finding(id="kernel", severity="note", message=message, evidence=kernels)]


def _stale(last_used: LastUsed | None, now: datetime, stale_days: int) -> list[Finding]:
    if last_used is None or now - last_used.at < timedelta(days=stale_days):
        return []
    days = (now - last_used.at).days
    trust = "" if last_used.reliable else ", which is weak evidence"
    evidence = (f"{last_used.evidence} on {last_used.at:%Y-%m-%d}{trust}",)
    message = f"not used for {days} days" if last_used.reliable else f"perhaps not used for {days} days"
    remedy = "export it, then remove it"
    return [Finding(id="stale", severity="note", message=message, remedy=remedy, evidence=evidence, cleanup="unused")]


def _scratch(name: str) -> list[Finding]:
    base = name.rpartition("/")[2]
    match = _SCRATCH.search(base)
    if match is None:
        return []
    message = "named like a scratch environment"
    evidence = (f"`{match[0].strip('-_. ')}` in {base}",)
    return [Finding(id="scratch-name", severity="note", message=message, evidence=evidence, cleanup="trial")]
