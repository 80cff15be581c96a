"""The fields of a filter, such as `channel:` and `disk:`: what each asks of an environment, and its values."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Collection, Mapping
from datetime import datetime
from fnmatch import fnmatchcase
from types import MappingProxyType
from typing import TYPE_CHECKING, get_args

from msgspec import Struct

from condatui.view_models.environments.measures import (
    NEVER,
    age_test,
    bytes_test,
    is_begun_age,
    is_begun_size,
)
from condatui_core.errors import UsageError
from condatui_core.records.environment import Environment, State
from condatui_core.records.finding import FINDING_IDS
from condatui_core.records.prefix import ManagingTool
from condatui_core.text import sanitize

if TYPE_CHECKING:
    from condatui_core.records.disk import Cost

Costs = Mapping[str, "Cost"]
"""The disk use of environments, by prefix."""

NO_COSTS: Costs = MappingProxyType({})


def _unknown_gpu(prefix: str) -> str:  # noqa: ARG001 - the signature of `gpu_word`
    return "unknown"


class FilterFacts(Struct, frozen=True):
    """What a filter asks about that no environment knows by itself."""

    now: datetime | None = None
    """When it is asked, for ages; None if nobody knows."""
    here: str = ""
    """The name of this machine."""
    costs: Costs = NO_COSTS
    """By prefix, as far as the disk is measured."""
    gpu_word: Callable[[str], str] = _unknown_gpu
    """By prefix, the word for what a GPU check came to: one of GPU_WORDS."""
    marked: frozenset[str] = frozenset()
    """The prefixes of the marked environments."""
    unexamined: frozenset[str] = frozenset()
    """The machines whose snapshots do not tell when environments were used."""


NO_FACTS = FilterFacts()

Passes = Callable[[Environment, FilterFacts], bool | None]
"""Whether an environment passes; None if that is not known, or not known yet."""


class Term(Struct, frozen=True):
    """One word of a filter."""

    passes: Passes
    package: str = ""
    """The name of the package that it is about; empty if it is about something else."""


class Field(Struct, frozen=True):
    """One field."""

    example: str
    """A filter with it, for the help."""
    meaning: str
    """What that shows."""
    make: Callable[[str], Term]
    """Makes the term of a value; UsageError for one that there is not."""
    choices: tuple[str, ...] = ()
    """All its values, if they are few."""
    offered: tuple[tuple[str, str], ...] = ()
    """Values that stand for many, each with its meaning."""
    is_begun: Callable[[str], bool] | None = None
    """Whether a value is still being typed, where a longer one may mean something else."""


# Names, machines and versions


def named(word: str) -> Term:
    """A word in the name, the prefix or an alias."""
    wanted = word.casefold()
    return Term(
        lambda environment, _: any(
            wanted in text.casefold() for text in (environment.label, environment.prefix, *environment.aliases)
        )
    )


def _on_host(value: str) -> Term:
    """Compare with the whole name or its first part, so that `gpu07` finds `gpu07.cluster`; `gpu*` is a pattern.

    What is on no other machine is on this one.
    """
    wanted = value.casefold()

    def passes(environment: Environment, facts: FilterFacts) -> bool:
        host = (environment.host or facts.here).casefold()
        return fnmatchcase(host, wanted) or wanted == host.partition(".")[0]

    return Term(passes)


def _is_unread(environment: Environment) -> bool:
    """Whether nothing is known of its packages: it is not read yet, or its snapshot does not tell them."""
    return environment.contents is None and environment.state == "ok"


def _with_python(value: str) -> Term:
    from condatui.view_models.environments.version_specs import version_test  # noqa: PLC0415 - only filters need it

    test = version_test(value)

    def passes(environment: Environment, _facts: FilterFacts) -> bool | None:
        if environment.python:
            return test(environment.python)
        return None if _is_unread(environment) else False

    return Term(passes)


def _with_package(value: str) -> Term:
    from condatui.view_models.environments.version_specs import PackageTest  # noqa: PLC0415 - only filters need it

    test = PackageTest(value)
    return Term(lambda environment, _: None if _is_unread(environment) else test.passes(environment), package=test.name)


def _is_begun_spec(value: str) -> bool:
    return value != value.rstrip("<>=!~,|")


def _channel_test(wanted: str) -> Callable[[str], bool]:
    """A test of a channel's short name."""
    if wanted == "defaults":
        from condatui_core.analyses.provenance import is_of_anaconda  # noqa: PLC0415 - only filters need it

        return is_of_anaconda
    return lambda name: wanted in (name.casefold(), name.casefold().rpartition("/")[2])


def _with_channel(value: str) -> Term:
    """Compare with the whole name or its last part, so that `main` finds `pkgs/main`; `defaults` is all of Anaconda's.

    A snapshot may tell the channels of what it does not list.
    """
    fits = _channel_test(value.casefold())

    def passes(environment: Environment, _facts: FilterFacts) -> bool | None:
        if any(fits(name) for name, _ in environment.channels):
            return True
        return None if not environment.channels and _is_unread(environment) else False

    return Term(passes)


# Ages, bytes, GPUs and marks


def _used(value: str) -> Term:
    test = age_test("used", value)

    def passes(environment: Environment, facts: FilterFacts) -> bool | None:
        if facts.now is None:
            return None
        if used := environment.last_used:
            then = used.at.astimezone(facts.now.tzinfo)
            return test((facts.now.date() - then.date()).days)
        silent = environment.host in facts.unexamined if environment.host else _is_unread(environment)
        return None if silent else test(NEVER)

    return Term(passes)


def _on_disk(value: str) -> Term:
    test = bytes_test("disk", value)

    def passes(environment: Environment, facts: FilterFacts) -> bool | None:
        if cost := facts.costs.get(environment.prefix):
            return test(cost.total, cost.at_least)
        return test(environment.managed_bytes, False) if environment.managed_bytes else None

    return Term(passes)


def _freeing(value: str) -> Term:
    test = bytes_test("frees", value)

    def passes(environment: Environment, facts: FilterFacts) -> bool | None:
        cost = facts.costs.get(environment.prefix)
        return None if cost is None or cost.frees is None else test(cost.frees, cost.at_least)

    return Term(passes)


GPU_WORDS: Mapping[str, str] = MappingProxyType(
    {
        "works": "a check has seen it compute",
        "broken": "a check, or its files, say that it cannot",
        "elsewhere": "it is the machine that does not let it",
        "none": "nothing in it computes on a GPU",
        "unknown": "nobody has checked it",
    }
)
"""What a GPU check can have come to, each with its meaning."""


def _gpu(value: str) -> Term:
    wanted = _choose("gpu", value, tuple(GPU_WORDS))
    return Term(lambda environment, facts: facts.gpu_word(environment.prefix) == wanted)


_YES_NO = {"yes": True, "no": False}


def _marked(value: str) -> Term:
    wanted = _YES_NO[_choose("marked", value, tuple(_YES_NO))]
    return Term(lambda environment, facts: (environment.prefix in facts.marked) is wanted)


# Findings, states and qualities


def _with_finding(value: str) -> Term:
    wanted = _choose("finding", value, FINDING_IDS)
    return Term(lambda environment, _: any(finding.id == wanted for finding in environment.findings))


def _with_state(value: str) -> Term:
    wanted = _choose("state", value, get_args(State))
    return Term(lambda environment, _: environment.state == wanted)


def _managed(value: str) -> Term:
    wanted = _choose("managed", value, get_args(ManagingTool))
    return Term(lambda environment, _: environment.manager is not None and environment.manager.tool == wanted)


_QUALITIES: Mapping[str, Callable[[Environment], bool]] = MappingProxyType(
    {
        "kept": lambda environment: environment.keep is not None,
        "frozen": lambda environment: environment.frozen,
        "baseline": lambda environment: environment.baseline,
        "base": lambda environment: environment.base,
        "active": lambda environment: environment.active,
    }
)


def _being(value: str) -> Term:
    test = _QUALITIES[_choose("is", value, tuple(_QUALITIES))]
    return Term(lambda environment, _: test(environment))


# The table of fields


_SIZES = (
    (">5G", "more than 5 GB"),
    (">1G", "more than 1 GB"),
    (">100M", "more than 100 MB"),
    ("<100M", "less than 100 MB"),
)

FIELDS: Mapping[str, Field] = MappingProxyType(
    {
        "finding": Field("finding:pip-over-conda", "has this finding, by its id", _with_finding, FINDING_IDS),
        "channel": Field(
            "channel:defaults",
            "has packages from it; defaults is all of Anaconda's, pypi what pip has installed",
            _with_channel,
            offered=(("defaults", "all of Anaconda's channels"),),
            is_begun=lambda value: "defaults".startswith(value.casefold()) and value.casefold() != "defaults",
        ),
        "python": Field("python:3.10", "has python 3.10; also python:>=3.10", _with_python, is_begun=_is_begun_spec),
        "package": Field(
            "package:torch",
            "has it, by conda's name or by pip's, and a column says what; also package:numpy>=2",
            _with_package,
            is_begun=_is_begun_spec,
        ),
        "used": Field(
            "used:>90d",
            "was last used more than 90 days ago, or never; with >= < <= too, and in w m y",
            _used,
            offered=(
                (">90d", "not for more than 90 days, or never"),
                (">1y", "not for more than a year, or never"),
                ("<7d", "within the last 7 days"),
                ("never", "no sign of any use"),
            ),
            is_begun=is_begun_age,
        ),
        "disk": Field(
            "disk:>5G",
            "occupies more than 5 GB; K M G T, and >= < <= too",
            _on_disk,
            offered=_SIZES,
            is_begun=is_begun_size,
        ),
        "frees": Field(
            "frees:>1G", "frees more than 1 GB if it goes alone", _freeing, offered=_SIZES, is_begun=is_begun_size
        ),
        "gpu": Field(
            "gpu:broken",
            "what the GPU check came to: works, broken, elsewhere (it is the machine), none or unknown",
            _gpu,
            tuple(GPU_WORDS),
        ),
        "marked": Field("marked:yes", "is marked; also marked:no; in the workbench alone", _marked, tuple(_YES_NO)),
        "host": Field("host:gpu07", "is on this machine, of those that snapshots tell of; also host:gpu*", _on_host),
        "state": Field(
            "state:orphan",
            "is in this state: ok, broken, orphan, missing or unreadable",
            _with_state,
            get_args(State),
        ),
        "managed": Field(
            "managed:pixi",
            "is managed by this tool; also managed:snakemake, managed:conda-project and others",
            _managed,
            get_args(ManagingTool),
        ),
        "is": Field(
            "is:kept",
            "stays, by the user's word; also is:frozen, is:baseline, is:base, is:active",
            _being,
            tuple(_QUALITIES),
        ),
    }
)
"""By name, in the order of the help."""


def is_incomplete(field: str, value: str) -> bool:
    """Whether a value may only be the beginning of one: `numpy>=`, `mis` of `missing`, `>9` of `>90d`."""
    known = FIELDS[field]
    if known.choices:
        typed = value.casefold()
        return typed not in known.choices and any(each.startswith(typed) for each in known.choices)
    return known.is_begun(value) if known.is_begun else False


def completed(field: str, value: str) -> str:
    """The part of a value that is complete while it is typed: `numpy` of `numpy>=`; empty for `finding:mis`."""
    if not is_incomplete(field, value):
        return value
    return value.rstrip("<>=!~,|") if field in ("package", "python") else ""


def _choose(field: str, value: str, choices: tuple[str, ...]) -> str:
    """The value of a field that has few; UsageError for any other."""
    if value.casefold() not in choices:
        raise UsageError(unknown(f"`{field}:{sanitize(value)}`", value, choices))
    return value.casefold()


def unknown(what: str, text: str, known: Collection[str]) -> str:
    """Say that there is no such thing, what may be meant, and what there is."""
    wanted = text.casefold()
    close = difflib.get_close_matches(wanted, known, n=1) or [each for each in known if wanted in each][:1]
    meant = f" Did you mean `{close[0]}`?" if close else ""
    there = f" There are {', '.join(known)}." if known else ""
    return f"There is no {what}.{meant}{there}"
