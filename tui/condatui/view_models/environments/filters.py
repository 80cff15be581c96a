"""The filter language for environments: words that must all match, some of them about a field."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from types import MappingProxyType

from msgspec import Struct

from condatui_core.errors import UsageError
from condatui_core.records.environment import Environment

_Test = Callable[[Environment], bool]

HELP: tuple[tuple[str, str], ...] = (
    ("word", "in the name, the prefix or an alias; all words must match"),
    ('"two words"', "a word with spaces"),
    ("!…", "what does not match the rest"),
    ("finding:ID", "has this finding, such as pip-over-conda"),
    ("channel:NAME", "has packages from it; pypi for pip"),
    ("python:3.10", "has python 3.10; also python:>=3.10"),
    ("package:torch", "has it, by conda's name or by pip's; also package:numpy>=2, package:numpy=1.26"),
    ("state:STATE", "is ok, broken, orphan, missing or unreadable"),
    ("is:kept", "stays, by the user's word; also is:frozen, is:baseline, is:base, is:active"),
)
"""The language in (example, meaning) pairs."""

_WORD = re.compile(r'(?:"[^"]*"?|[^\s"])+')
_FIELD = re.compile(r"(?P<field>[A-Za-z][A-Za-z_-]*):(?P<value>.*)", re.DOTALL)


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

    def matches(self, environment: Environment) -> bool:
        """Whether the environment passes."""
        if not self.tests:
            return True
        return all(test(environment) for test in self.tests) != self.inverse


def parse_filter(text: str, *, typed: bool = False) -> Filter:
    """Parse a filter. A wrong one does not raise: it has an `error`.

    While it is `typed`, a quote that is still open and a field that has no value yet are no errors.
    """
    begin = len(text) - len(text.lstrip())
    inverse = text.startswith("!", begin)
    tests, position = [], begin
    try:
        for word in _WORD.finditer(text, begin + inverse):
            position = word.start()
            tests.append(_test_of(word[0], typed=typed))
    except UsageError as error:
        return Filter(text, error=error.title, position=position)
    return Filter(text, inverse=inverse, tests=tuple(tests))


def _test_of(word: str, *, typed: bool) -> _Test:
    if word.count('"') % 2 and not typed:
        raise UsageError("A quote is not closed.")
    match = _FIELD.fullmatch(word)
    if match is None:
        return _named(word.replace('"', ""))
    make = _FIELDS.get(match["field"].lower())
    if make is None:
        raise UsageError(f"There is no field `{match['field']}`; there are {', '.join(_FIELDS)}.")
    value = match["value"].replace('"', "").strip()
    if value:
        return make(value)
    if not typed:
        raise UsageError(f"The value of `{match['field']}:` is missing.")
    return _anything


def _anything(_environment: Environment) -> bool:
    return True


def _named(word: str) -> _Test:
    wanted = word.casefold()
    return lambda environment: any(
        wanted in text.casefold() for text in (environment.name, environment.prefix, *environment.aliases)
    )


def _with_finding(value: str) -> _Test:
    wanted = value.casefold()
    return lambda environment: any(finding.id == wanted for finding in environment.findings)


def _with_channel(value: str) -> _Test:
    """Compare with the whole name or its last part, so that `main` finds `pkgs/main`."""
    wanted = value.casefold()
    return lambda environment: any(
        wanted in (name.casefold(), name.casefold().rpartition("/")[2]) for name, _ in environment.channels
    )


def _with_python(value: str) -> _Test:
    from condatui.view_models.environments.version_specs import version_test  # noqa: PLC0415 - only filters need it

    test = version_test(value)
    return lambda environment: bool(environment.python) and test(environment.python)


def _with_package(value: str) -> _Test:
    from condatui.view_models.environments.version_specs import package_test  # noqa: PLC0415 - only filters need it

    test = package_test(value)
    return lambda environment: environment.contents is not None and test(environment.contents)


def _with_state(value: str) -> _Test:
    wanted = value.casefold()
    return lambda environment: environment.state == wanted


_QUALITIES: Mapping[str, _Test] = MappingProxyType(
    {
        "kept": lambda environment: environment.keep is not None,
        "frozen": lambda environment: environment.frozen,
        "baseline": lambda environment: environment.baseline,
        "base": lambda environment: environment.base,
        "active": lambda environment: environment.active,
    }
)


def _being(value: str) -> _Test:
    try:
        return _QUALITIES[value.casefold()]
    except KeyError:
        raise UsageError(f"There is no `is:{value}`; there are {', '.join(_QUALITIES)}.") from None


_FIELDS: Mapping[str, Callable[[str], _Test]] = MappingProxyType(
    {
        "finding": _with_finding,
        "channel": _with_channel,
        "python": _with_python,
        "package": _with_package,
        "state": _with_state,
        "is": _being,
    }
)
