"""The baseline: which environment it is, which others are made from it, and what they are behind in."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from operator import is_

from msgspec import Struct
from msgspec.structs import replace
from packaging.utils import canonicalize_name

from condatui_core.analyses.environments import resolve
from condatui_core.analyses.match_specs import Wanted, parse_match_spec
from condatui_core.analyses.overlap import share
from condatui_core.analyses.package_sets import package_sets, takes_part
from condatui_core.analyses.specs import meets
from condatui_core.analyses.versions import Scheme, version_key
from condatui_core.errors import UsageError
from condatui_core.records.environment import BehindPackage, Environment, Inventory
from condatui_core.records.finding import Finding, in_order_of_severity
from condatui_core.records.installation import ChannelConfig
from condatui_core.records.package import PackageRecord
from condatui_core.records.prefix import PrefixContents
from condatui_core.remedy import FollowBaseline, SetBaseline
from condatui_core.text import percent, sanitize

_NAMED = 3
"""Packages that the line of a finding names; its evidence has them all."""

# What it says of a machine


class _Compared(Struct, frozen=True):
    """An environment compared with the baseline, and what from, so that it is compared again only if that changes."""

    sources: tuple[Environment, Environment]
    """The environment and the baseline."""
    channel_configs: tuple[tuple[str, ChannelConfig], ...]
    result: Environment


def _kept_as_baseline(finding: Finding) -> Finding:
    """The finding as it is said of the baseline: that it is unused is no reason to remove it."""
    return replace(finding, remedy="") if finding.cleanup == "unused" else finding


class BaselineComparison:
    """Compares the environments of one inventory after the other with the baseline, and remembers what still holds."""

    def __init__(self, threshold: float) -> None:
        """`threshold` is the share of equal packages from which on two environments are alike."""
        self._threshold = threshold
        self._known: dict[str, _Compared] = {}

    def of(self, machine: Inventory, wanted: str, *, cwd: str, real_path: Callable[[str], str]) -> Inventory:
        """The inventory with the baseline, which is `wanted` by a name or a path, and with what it says of the others.

        Once everything has been looked for, the inventory also says why the baseline cannot be used.
        """
        baseline, problem = _find(machine.environments, wanted, cwd, real_path)
        if baseline:
            compared = [self._compared(each, baseline, machine) for each in machine.environments]
            self._known = {each.result.prefix: each for each in compared}
            machine = replace(machine, environments=tuple(each.result for each in compared))
        if not problem or machine.asking_conda:
            return machine
        return replace(machine, problems=(*machine.problems, _gone(problem)), baseline_problem=problem)

    def _compared(self, environment: Environment, baseline: Environment, machine: Inventory) -> _Compared:
        sources = (environment, baseline)
        former = self._known.get(environment.prefix)
        if former and all(map(is_, former.sources, sources)) and former.channel_configs == machine.channel_configs:
            return former
        result = beside_baseline(environment, baseline, machine, self._threshold)
        return _Compared(sources, machine.channel_configs, result)


def _find(
    environments: Sequence[Environment], wanted: str, cwd: str, real_path: Callable[[str], str]
) -> tuple[Environment | None, str]:
    """The baseline and why it cannot be used; empty if it can."""
    try:
        found = resolve(environments, wanted, cwd=cwd, real_path=real_path)
    except UsageError as error:
        return None, " ".join(filter(None, (error.title, error.detail)))
    return found, "" if found.readable else f"{sanitize(found.name)} has the state {found.state}."


def _gone(problem: str) -> Finding:
    message = f"The baseline cannot be used: {problem}"
    return Finding(id="baseline-gone", severity="warning", message=message, remedy=SetBaseline(), source="machine")


# What it says of one environment


def beside_baseline(
    environment: Environment, baseline: Environment, machine: Inventory, threshold: float
) -> Environment:
    """An environment with what the baseline says of it: that it is the baseline, or what it is behind in.

    `machine` has the channels of both; `threshold` is the share of equal packages from which on two are alike.
    """
    if environment.prefix == baseline.prefix:
        return replace(environment, baseline=True, findings=tuple(map(_kept_as_baseline, environment.findings)))
    behind = behind_baseline(environment, baseline)
    why = origin(environment, baseline, machine, threshold) if behind else ""
    if not why:
        return environment
    findings = in_order_of_severity((*environment.findings, _finding(environment, baseline, behind, why)))
    return replace(environment, behind=behind, findings=findings)


def behind_baseline(environment: Environment, baseline: Environment) -> tuple[BehindPackage, ...]:
    """The packages that both have, and the baseline in a newer version; requested ones first, then by name."""
    if not (takes_part(environment) and takes_part(baseline)) or environment.foreign != baseline.foreign:
        return ()
    return tuple(sorted(_behind(environment, baseline), key=lambda each: (not each.requested, each.name)))


def _behind(environment: Environment, baseline: Environment) -> Iterator[BehindPackage]:
    mine, its = environment.contents or PrefixContents(), baseline.contents or PrefixContents()
    requested = mine.requested_names
    conda = {each.name: each for each in its.packages}
    for record in mine.packages:
        newer = conda.get(record.name)
        if newer and _is_newer(newer.version, record.version, "conda"):
            yield BehindPackage(
                name=record.name,
                version=record.version,
                newer=newer.version,
                requested=record.name in requested,
                held=next(wanted_otherwise(newer, mine), ""),
            )
    pip = {canonicalize_name(each.name): each.version for each in its.pip_distributions}
    for each in mine.pip_distributions:
        name = canonicalize_name(each.name)
        if _is_newer(pip.get(name), each.version, "pep440"):
            yield BehindPackage(name=name, version=each.version, newer=pip[name], pip=True)


def _is_newer(one: str | None, other: str, scheme: Scheme) -> bool:
    return one is not None and one != other and version_key(one, scheme) > version_key(other, scheme)


def origin(environment: Environment, baseline: Environment, machine: Inventory, threshold: float) -> str:
    """What shows that an environment is made from the baseline: its history, or their likeness; empty if nothing."""
    if command := _cloned_by(environment, baseline):
        return f"made from it: {command}"
    both = replace(machine, environments=(environment, baseline))
    held = package_sets(both)
    alike = share(*held) if len(held) == 2 else 0.0
    return f"{percent(alike)} of their packages are the same" if alike >= threshold else ""


def _cloned_by(environment: Environment, baseline: Environment) -> str:
    """The command that has cloned an environment from the baseline; empty if its history has none."""
    sources = [baseline.prefix, *baseline.aliases]
    if environment.installation == baseline.installation:
        sources.append(baseline.name)
    history = environment.contents.history.revisions if environment.contents else ()
    commands = (each.command for each in history if " --clone" in each.command)
    return next((each for each in commands if _names_one(each, sources)), "")


def _names_one(command: str, sources: Sequence[str]) -> bool:
    source = command.partition(" --clone")[2].lstrip(" =")
    return any(source == each or source.startswith((f"{each} ", f"{each}/ ")) for each in sources)


def _finding(environment: Environment, baseline: Environment, behind: Sequence[BehindPackage], why: str) -> Finding:
    lines = tuple(map(_line, behind))
    held = sum(bool(each.held) for each in behind)
    follow = FollowBaseline(prefix=environment.prefix, baseline=baseline.prefix)
    more = ", …" if len(lines) > _NAMED else ""
    return Finding(
        id="behind-baseline",
        severity="note",
        message=f"behind the baseline in {len(behind)}: {', '.join(lines[:_NAMED])}{more}{_held_back(held, behind)}",
        remedy=_ALL_HELD if held == len(behind) else follow,
        evidence=(
            f"the baseline is {sanitize(baseline.name)}; {sanitize(why)}",
            *(
                f"{line} ({sanitize(each.held)})" if each.held else line
                for line, each in zip(lines, behind, strict=True)
            ),
        ),
    )


def _line(found: BehindPackage) -> str:
    return f"{sanitize(found.name)} {sanitize(found.version)} → {sanitize(found.newer)}"


def _held_back(held: int, behind: Sequence[BehindPackage]) -> str:
    """How many of the packages stay behind, because the user wants them so."""
    if not held:
        return ""
    return "; its user wants it so" if held == len(behind) else f"; {held} of them its user wants so"


# What makes an environment a poor one to clone from


_FLAWS: Mapping[str, str] = {
    "pip-over-conda": "pip has put its files in place of those of conda",
    "scratch-name": "it has the name of a trial",
}
"""In words, by the id of a finding."""


def flaws_of(environment: Environment) -> tuple[str, ...]:
    """What the clones of an environment would inherit, in words; empty if nothing is known."""
    found = {each.id for each in environment.findings}
    return tuple(words for name, words in _FLAWS.items() if name in found)


# What the user of an environment wants otherwise


_ALL_HELD = "An update leaves them as they are: change the requests or pins first."


def wanted_otherwise(record: PackageRecord, contents: PrefixContents) -> Iterator[str]:
    """Words for each pin and request of the user of an environment that a package does not meet."""
    for spec in contents.pinned:
        if _refuses(parse_match_spec(spec), record):
            yield f"pinned as `{spec}`"
    copied = contents.history.cloned_specs
    for name, spec in contents.history.requested:
        wanted = parse_match_spec(spec) if name == record.name and spec not in copied else None
        if wanted and not wanted.names_one_build and _refuses(wanted, record):
            yield f"requested as `{spec}`"


def _refuses(wanted: Wanted | None, record: PackageRecord) -> bool:
    return wanted is not None and wanted.name == record.name.lower() and meets(record, wanted) is False
