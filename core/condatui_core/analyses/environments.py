"""Describe environments: their names and states, and find one by what a user typed."""

from __future__ import annotations

import difflib
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime

from msgspec.structs import replace

from condatui_core.analyses.channel_shares import channel_counts
from condatui_core.analyses.health import PrefixObservations, findings_of, state_of
from condatui_core.errors import UsageError
from condatui_core.records.environment import Environment, Inventory, KeepMark
from condatui_core.records.finding import Finding, FindingSource, merged
from condatui_core.records.prefix import PrefixContents, PrefixPointer
from condatui_core.remedy import Advice, ListEnvironments
from condatui_core.settings import absolute_path
from condatui_core.text import first_of, sanitize, some_of

# The environment that a user means by a name or path


_MOST_PREFIXES = 12
"""Lines of an error that lists prefixes: two hundred machines may have one of that name."""


def resolve(
    environments: Sequence[Environment],
    text: str,
    *,
    cwd: str,
    real_path: Callable[[str], str] = os.path.normpath,
) -> Environment:
    """Find an environment by its prefix (any text with a slash, `.` or `..`), its name or the name of a link to it.

    A path that is none may be the label of an environment of a project, as lists show it: `PROJECT/NAME`. Those of
    other machines are found as `HOST:NAME` and `HOST:PREFIX` too. `real_path` follows the links of an absolute path;
    by default none is followed.
    Raises UsageError if there is none, with similar names, or if there are several, with their prefixes, and for a
    relative path if `cwd` is empty, since there is no working directory.
    """
    host, _, text_there = text.partition(":")
    if text_there and (on_host := [each for each in environments if each.host and each.host == host]):
        return resolve(on_host, text_there, cwd="/", real_path=os.path.normpath)
    if _is_path(text):
        found = _by_path(environments, absolute_path(text, cwd), real_path)
        found = found or tuple(each for each in environments if each.label == text)
    else:
        found = _by_name(environments, text)
    if len(found) == 1:
        return found[0]
    if found:
        prefixes = "\n".join(first_of([sanitize(environment.prefix) for environment in found], _MOST_PREFIXES))
        hint = f"Say which: `{found[0].host}:{sanitize(text)}`." if found[0].host else "Give the prefix."
        raise UsageError(f"More than one environment is called `{sanitize(text)}`.", prefixes, hint)
    raise UsageError(f"There is no environment `{sanitize(text)}`.", hint=_hint(environments, text))


def _is_path(text: str) -> bool:
    return os.sep in text or text in (os.curdir, os.pardir)


def _by_path(
    environments: Sequence[Environment], path: str, real_path: Callable[[str], str]
) -> tuple[Environment, ...]:
    if "\0" in path:  # no path of any system
        return ()
    spellings = {os.path.normpath(path), real_path(path)}
    return tuple(each for each in environments if spellings.intersection((each.path, *each.aliases)))


def _by_name(environments: Sequence[Environment], name: str) -> tuple[Environment, ...]:
    """Names take precedence over links: a link may have the name of an environment elsewhere."""
    named = tuple(each for each in environments if each.name == name)
    return named or tuple(each for each in environments if name in map(os.path.basename, each.aliases))


def _hint(environments: Sequence[Environment], text: str) -> Advice:
    names = {
        *(environment.name for environment in environments),
        *(os.path.basename(alias) for environment in environments for alias in environment.aliases),
    }
    host, colon, _ = text.partition(":")
    machines = {environment.host for environment in environments if environment.host}
    if colon and host not in machines:
        if machines:
            return f"The other machines are {some_of(sorted(map(sanitize, machines)))}."
        return "Other machines can be looked at (`--snapshots DIR`), not changed."
    close = difflib.get_close_matches(text, sorted(names), n=3)
    if close:
        return f"Did you mean {' or '.join(f'`{sanitize(name)}`' for name in close)}?"
    return ListEnvironments()


# The environment that the list shows


def environment_name(pointer: PrefixPointer) -> str:
    """`base` for a root prefix, the directory's name in an envs directory, otherwise the whole prefix."""
    if pointer.root:
        return "base"
    if pointer.envs_dir is None:
        return pointer.prefix
    for path in (pointer.prefix, *pointer.aliases):
        if os.path.dirname(path) == pointer.envs_dir:
            return os.path.basename(path)
    return os.path.basename(pointer.prefix)


def describe(
    observed: PrefixObservations,
    *,
    installation: str | None,
    active_prefix: str | None,
    now: datetime,
    stale_days: int,
    keep: KeepMark | None = None,
) -> Environment:
    """Combine everything that is known about one prefix."""
    contents = observed.contents
    history = contents.history if contents else None
    return Environment(
        prefix=observed.pointer.prefix,
        name=observed.name,
        aliases=observed.pointer.aliases,
        installation=installation,
        base=observed.pointer.root,
        active=active_prefix == observed.pointer.prefix,
        frozen=contents is not None and contents.frozen is not None,
        writable=observed.probe.writable,
        owner=observed.probe.owner,
        manager=observed.probe.manager,
        project=observed.probe.project,
        state=state_of(observed),
        foreign=observed.foreign,
        contents=contents,
        python=_python(contents) if contents else "",
        channels=channel_counts(contents, observed.config) if contents else (),
        managed_bytes=managed_bytes(contents) if contents else 0,
        created=history.created if history else None,
        modified=history.modified if history else None,
        last_used=observed.last_used,
        keep=keep,
        findings=findings_of(observed, now=now, stale_days=stale_days),
    )


def with_findings(environment: Environment, newer: Iterable[Finding], *, source: FindingSource) -> Environment:
    """The environment with newer findings of one source, the gravest first; it itself if it has the same already."""
    newer = tuple(newer)
    if not newer and all(each.source != source for each in environment.findings):
        return environment
    findings = merged(environment.findings, newer, source=source)
    return environment if findings == environment.findings else replace(environment, findings=findings)


def with_findings_of(
    inventory: Inventory, findings: Mapping[str, Sequence[Finding]], *, source: FindingSource
) -> Inventory:
    """The inventory in which environments have newer findings of one source, by prefix, and no older ones of it."""
    every = inventory.environments
    if not findings and not any(each.source == source for environment in every for each in environment.findings):
        return inventory
    changed = tuple(with_findings(each, findings.get(each.prefix, ()), source=source) for each in every)
    return replace(inventory, environments=changed)


def managed_bytes(contents: PrefixContents) -> int:
    """The bytes that the records claim for the files of conda's packages and pip's distributions."""
    return sum(each.installed_bytes for each in contents.packages) + sum(
        each.installed_bytes for each in contents.pip_distributions
    )


def in_order(environments: Iterable[Environment]) -> tuple[Environment, ...]:
    """Sort environments: base first, then those with a name, then those known only by their prefix.

    Of the last, those of one project stand together, wherever they lie.
    """

    def key(each: Environment) -> tuple[bool, bool, str, str]:
        unnamed = each.name == each.path
        return not each.base, unnamed, ((unnamed and each.project) or each.name).casefold(), each.prefix

    return tuple(sorted(environments, key=key))


def _python(contents: PrefixContents) -> str:
    return next((record.version for record in contents.packages if record.name == "python"), "")
