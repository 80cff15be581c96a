"""The filter language for environments: words that must all match, some of them about a field."""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Collection, Mapping
from fnmatch import fnmatchcase
from types import MappingProxyType
from typing import get_args

from msgspec import Struct

from condatui_core.errors import UsageError
from condatui_core.records.environment import Environment, State
from condatui_core.records.finding import FINDING_IDS
from condatui_core.records.prefix import ManagingTool

_Passes = Callable[[Environment], bool]

HELP: tuple[tuple[str, str], ...] = (
    ("word", "in the name, the prefix or an alias; all words must match"),
    ('"two words"', "a word with spaces"),
    ("!…", "what does not match the rest"),
    ("finding:pip-over-conda", "has this finding, by its id"),
    ("channel:NAME", "has packages from it; pypi for pip"),
    ("python:3.10", "has python 3.10; also python:>=3.10"),
    ("package:torch", "has it, by conda's name or by pip's, and a column says what; also package:numpy>=2"),
    ("host:gpu07", "is on this machine, of those that snapshots tell of; also host:gpu*"),
    ("state:orphan", "is in this state: ok, broken, orphan, missing or unreadable"),
    ("managed:pixi", "is managed by this tool; also managed:snakemake, managed:conda-project and others"),
    ("is:kept", "stays, by the user's word; also is:frozen, is:baseline, is:base, is:active"),
)
"""The language in (example, meaning) pairs."""

_WORD = re.compile(r'(?:"[^"]*"?|[^\s"])+')
_FIELD = re.compile(r"(?P<field>[A-Za-z][A-Za-z_-]*):(?P<value>.*)", re.DOTALL)


class _Test(Struct, frozen=True):
    """One word of a filter."""

    passes: _Passes
    package: str = ""
    """The name of the package that it is about; empty if it is about something else."""


class Filter(Struct, frozen=True):
    """A parsed filter."""

    text: str
    """The text that the user typed."""
    error: str = ""
    """The syntax error, one line; a filter with an error matches everything."""
    position: int = 0
    """The index in the text of the word that has the error."""
    inverse: bool = False
    tests: tuple[_Test, ...] = ()
    packages: tuple[str, ...] = ()
    """The names of the packages that it is about, as they were typed, each once."""

    def matches(self, environment: Environment) -> bool:
        """Whether the environment passes."""
        if not self.tests:
            return True
        return all(test.passes(environment) for test in self.tests) != self.inverse


def parse_filter(text: str, *, typed: bool = False, here: str = "") -> Filter:
    """Parse a filter. A wrong one does not raise: it has an `error`.

    While it is `typed`, a quote that is still open and a field whose value is not complete yet are no errors. `here` is
    the name of this machine.
    """
    begin = len(text) - len(text.lstrip())
    inverse = text.startswith("!", begin)
    tests, position = [], begin
    try:
        for word in _WORD.finditer(text, begin + inverse):
            position = word.start()
            tests.append(_test_of(word[0], typed=typed, here=here))
    except UsageError as error:
        return Filter(text, error=error.title, position=position)
    packages = dict.fromkeys(test.package for test in tests if test.package)
    return Filter(text, inverse=inverse, tests=tuple(tests), packages=tuple(packages))


def _test_of(word: str, *, typed: bool, here: str) -> _Test:
    if word.count('"') % 2 and not typed:
        raise UsageError("A quote is not closed.")
    match = _FIELD.fullmatch(word)
    if match is None:
        return _named(word.replace('"', ""))
    field, value = match["field"].lower(), match["value"].replace('"', "").strip()
    if field not in _FIELDS:
        raise UsageError(_unknown(f"field `{match['field']}`", match["field"], _FIELDS))
    if typed:
        value = _completed(field, value)
    elif not value:
        raise UsageError(f"The value of `{match['field']}:` is missing.")
    if not value:
        return _Test(lambda _environment: True)
    return _on_host(value, here) if field == "host" else _FIELDS[field](value)


def _completed(field: str, value: str) -> str:
    """The part of a value that is complete while it is typed: `numpy` of `numpy>=`; empty for `finding:mis`."""
    choices = _CHOICES.get(field)
    if choices is None:
        return value.rstrip("<>=!~,|") if field in ("package", "python") else value
    begun = value.casefold()
    return "" if begun not in choices and any(each.startswith(begun) for each in choices) else value


# The tests, by field


def _named(word: str) -> _Test:
    wanted = word.casefold()
    return _Test(
        lambda environment: any(
            wanted in text.casefold() for text in (environment.label, environment.prefix, *environment.aliases)
        )
    )


def _on_host(value: str, here: str = "") -> _Test:
    """Compare with the whole name or its first part, so that `gpu07` finds `gpu07.cluster`; `gpu*` is a pattern.

    What is on no other machine is on this one, `here`.
    """
    wanted = value.casefold()

    def passes(environment: Environment) -> bool:
        host = (environment.host or here).casefold()
        return fnmatchcase(host, wanted) or wanted == host.partition(".")[0]

    return _Test(passes)


def _with_finding(value: str) -> _Test:
    wanted = _choose("finding", value)
    return _Test(lambda environment: any(finding.id == wanted for finding in environment.findings))


def _with_channel(value: str) -> _Test:
    """Compare with the whole name or its last part, so that `main` finds `pkgs/main`."""
    wanted = value.casefold()
    return _Test(
        lambda environment: any(
            wanted in (name.casefold(), name.casefold().rpartition("/")[2]) for name, _ in environment.channels
        )
    )


def _with_python(value: str) -> _Test:
    from condatui.view_models.environments.version_specs import version_test  # noqa: PLC0415 - only filters need it

    test = version_test(value)
    return _Test(lambda environment: bool(environment.python) and test(environment.python))


def _with_package(value: str) -> _Test:
    from condatui.view_models.environments.version_specs import PackageTest  # noqa: PLC0415 - only filters need it

    test = PackageTest(value)
    return _Test(test.passes, package=test.name)


def _managed(value: str) -> _Test:
    wanted = _choose("managed", value)
    return _Test(lambda environment: environment.manager is not None and environment.manager.tool == wanted)


def _with_state(value: str) -> _Test:
    wanted = _choose("state", value)
    return _Test(lambda environment: environment.state == wanted)


_QUALITIES: Mapping[str, _Passes] = MappingProxyType(
    {
        "kept": lambda environment: environment.keep is not None,
        "frozen": lambda environment: environment.frozen,
        "baseline": lambda environment: environment.baseline,
        "base": lambda environment: environment.base,
        "active": lambda environment: environment.active,
    }
)


def _being(value: str) -> _Test:
    return _Test(_QUALITIES[_choose("is", value)])


_FIELDS: Mapping[str, Callable[[str], _Test]] = MappingProxyType(
    {
        "finding": _with_finding,
        "channel": _with_channel,
        "python": _with_python,
        "package": _with_package,
        "host": _on_host,
        "state": _with_state,
        "managed": _managed,
        "is": _being,
    }
)


# Fields that have few values


_CHOICES: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {"finding": FINDING_IDS, "state": get_args(State), "managed": get_args(ManagingTool), "is": tuple(_QUALITIES)}
)


def _choose(field: str, value: str) -> str:
    """The value of a field that has few; UsageError for any other."""
    choices = _CHOICES[field]
    if value.casefold() not in choices:
        raise UsageError(_unknown(f"`{field}:{value}`", value, choices))
    return value.casefold()


def _unknown(what: str, text: str, known: Collection[str]) -> str:
    """Say that there is no such thing, what may be meant, and what there is."""
    wanted = text.casefold()
    close = difflib.get_close_matches(wanted, known, n=1) or [each for each in known if wanted in each][:1]
    meant = f" Did you mean `{close[0]}`?" if close else ""
    return f"There is no {what}.{meant} There are {', '.join(known)}."
