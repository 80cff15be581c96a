"""The filter language for environments: words that must all match, `|` between sets of them, `!` for the inverse."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from types import MappingProxyType
from typing import NamedTuple

from msgspec import Struct

from condatui.view_models.environments.filter_fields import (
    FIELDS,
    NO_FACTS,
    FilterFacts,
    Term,
    completed,
    named,
    unknown,
)
from condatui_core.errors import UsageError
from condatui_core.records.environment import Environment
from condatui_core.text import sanitize

HELP: tuple[tuple[str, str], ...] = (
    ("word", "in the name, the prefix or an alias; all words must match"),
    ('"two words"', "a word with spaces"),
    ("a b | c", "matches a and b, or else c"),
    ("!…", "what does not match the rest; before a later word, what does not match that"),
    *((field.example, field.meaning) for field in FIELDS.values()),
    ("@NAME", "matches the filter that is remembered under this name"),
)
"""The language in (example, meaning) pairs."""

Remembered = Mapping[str, str]
"""The filters that the user has remembered, by name."""
NONE_REMEMBERED: Remembered = MappingProxyType({})

_WORD = re.compile(r'(?:"[^"]*"?|[^\s"])+')
_PIECE = re.compile(r'\||(?:"[^"]*"?|[^"|])+')
_FIELD = re.compile(r"(?P<field>[A-Za-z][A-Za-z_-]*):(?P<value>.*)", re.DOTALL)
_VERSIONED = re.compile(r"!?(?:package|python):", re.IGNORECASE)
_VERSION = re.compile(r"[\d<>=~!*]")
_OR = "|"


class Filter(Struct, frozen=True):
    """A parsed filter."""

    text: str
    """The text that the user typed."""
    error: str = ""
    """The syntax error, one line; a filter with an error matches everything."""
    position: int = 0
    """The index in the text of the word that has the error."""
    inverse: bool = False
    alternatives: tuple[tuple[Term, ...], ...] = ()
    """It matches what passes all terms of any of these."""
    packages: tuple[str, ...] = ()
    """The names of the packages that it is about, as they were typed, each once."""
    fields: frozenset[str] = frozenset()
    """The fields that it is about."""

    def judge(self, environment: Environment, facts: FilterFacts = NO_FACTS) -> bool | None:
        """Whether the environment passes; None if that is not known, as long as nobody has looked."""
        if not self.alternatives:
            return True
        passes = _any_of(_all_of(terms, environment, facts) for terms in self.alternatives)
        return passes if passes is None or not self.inverse else not passes

    def matches(self, environment: Environment, facts: FilterFacts = NO_FACTS) -> bool:
        """Whether the environment is known to pass."""
        return bool(self.judge(environment, facts))


def _all_of(terms: tuple[Term, ...], environment: Environment, facts: FilterFacts) -> bool | None:
    """Whether all terms pass: what is not known makes no difference where another one does not."""
    known = True
    for term in terms:
        passes = term.passes(environment, facts)
        if passes is False:
            return False
        known = known and passes is not None
    return True if known else None


def _any_of(answers: Iterator[bool | None]) -> bool | None:
    known = True
    for passes in answers:
        if passes:
            return True
        known = known and passes is not None
    return False if known else None


# Words


class Word(NamedTuple):
    """A word of a filter and where it begins."""

    text: str
    begin: int


def words_of(text: str, begin: int = 0) -> Iterator[Word]:
    """The words of a filter; each `|` that separates words is one of them. Those in a version's spec are part of it."""
    for found in _WORD.finditer(text, begin):
        yield from _split(found[0], found.start())


def _split(word: str, begin: int) -> Iterator[Word]:
    pieces = [Word(found[0], begin + found.start()) for found in _PIECE.finditer(word)]
    while pieces:
        first = pieces.pop(0)
        # `python:3.10|3.11` is one spec, as conda reads it.
        while _VERSIONED.match(first.text) and len(pieces) > 1 and _VERSION.match(pieces[1].text):
            first = Word(f"{first.text}{_OR}{pieces[1].text}", first.begin)
            del pieces[:2]
        yield first


def _with_fields(words: Iterable[Word]) -> Iterator[Word]:
    """The words, where `state:broken|missing` stands for `state:broken|state:missing`."""
    field, end, is_glued = "", 0, False
    for word in words:
        follows = word.begin == end
        end = word.begin + len(word.text)
        if word.text == _OR:
            is_glued = follows
        elif match := _FIELD.fullmatch(word.text):
            field = "" if _VERSIONED.match(word.text) else match["field"]
        elif field and is_glued and follows:
            yield Word(f"{field}:{word.text}", word.begin)
            continue
        else:
            field = ""
        yield word


# Parsing


def parse_filter(text: str, *, typed: bool = False, remembered: Remembered = NONE_REMEMBERED) -> Filter:
    """Parse a filter. A wrong one does not raise: it has an `error`.

    While it is `typed`, a quote that is still open and a field whose value is not complete yet are no errors, and hide
    nothing. `remembered` are the filters that it may name with `@`.
    """
    return _Parser(text, typed, remembered).parse()


def parse_to_remember(text: str) -> Filter:
    """Parse a filter that is to be remembered: an empty one, and one that names another, are errors too."""
    if not text.strip():
        return Filter(text, error="The filter is empty: it would show everything.")
    return _Parser(text, False, NONE_REMEMBERED, inside=True).parse()


class _Parser:
    """Goes through the words of one filter."""

    def __init__(self, text: str, typed: bool, remembered: Remembered, *, inside: bool = False) -> None:
        """`inside` is whether this is a remembered filter, which names no other: so no chain of them grows."""
        self._text = text
        self._typed = typed
        self._remembered = remembered
        self._inside = inside
        self._found: list[list[Term]] = [[]]
        self._packages: dict[str, None] = {}
        self._fields: set[str] = set()

    def parse(self) -> Filter:
        begin = position = len(self._text) - len(self._text.lstrip())
        inverse = self._text.startswith("!", begin)
        last, first = Word(_OR, begin), begin + inverse
        try:
            for word in _with_fields(words_of(self._text, begin + inverse)):
                position = word.begin
                self._take(word, last, later=inverse or word.begin > first)
                last = word
            position = last.begin
            self._end(last, nothing_inverse=inverse and not any(self._found))
        except UsageError as error:
            return Filter(self._text, error=error.title, position=position)
        return Filter(
            self._text,
            inverse=inverse,
            alternatives=tuple(tuple(each) for each in self._found if each),
            packages=tuple(self._packages),
            fields=frozenset(self._fields),
        )

    def _take(self, word: Word, last: Word, *, later: bool) -> None:
        if word.text != _OR:
            if term := self._term(word.text, later=later):
                self._found[-1].append(term)
            return
        if last.text == _OR and not self._typed:
            raise UsageError("There is nothing before the `|`.")
        self._found.append([])

    def _end(self, last: Word, *, nothing_inverse: bool) -> None:
        if nothing_inverse and not self._typed:
            raise UsageError("There is nothing after the `!`.")
        if last.text == _OR and len(self._found) > 1 and not self._typed:
            raise UsageError("There is nothing after the `|`.")

    def _term(self, word: str, *, later: bool) -> Term | None:
        """The term of a word; None while there is too little of it. A `later` one may have a `!` of its own."""
        if later and word.startswith("!"):
            return self._inverse(word[1:])
        if word.count('"') % 2 and not self._typed:
            raise UsageError("A quote is not closed.")
        if word.startswith("@"):
            return self._named_filter(word[1:])
        match = _FIELD.fullmatch(word)
        if match is None:
            return self._named(word.replace('"', ""))
        return self._of_field(match["field"], match["value"].replace('"', "").strip())

    def _inverse(self, word: str) -> Term | None:
        if not word and not self._typed:
            raise UsageError("There is nothing after the `!`.")
        term = self._term(word, later=True) if word else None
        if term is None:
            return None
        passes = term.passes
        return Term(lambda each, facts: None if (known := passes(each, facts)) is None else not known)

    def _named(self, text: str) -> Term | None:
        """The term for a part of a name; None if nothing stands between two quotes."""
        if not text.strip() and not self._typed:
            raise UsageError("There is nothing between the quotes.")
        return named(text) if text.strip() else None

    def _of_field(self, field: str, value: str) -> Term | None:
        name = field.lower()
        if name not in FIELDS:
            raise UsageError(unknown(f"field `{sanitize(field)}`", field, FIELDS))
        if self._typed:
            value = completed(name, value)
        elif not value:
            raise UsageError(f"The value of `{field}:` is missing.")
        if not value:
            return None
        term = FIELDS[name].make(value)
        self._fields.add(name)
        if term.package:
            self._packages[term.package] = None
        return term

    def _named_filter(self, name: str) -> Term | None:
        """The term for a remembered filter."""
        if self._inside:
            raise UsageError("A filter that is remembered names no other.")
        if name not in self._remembered:
            if self._typed and any(each.startswith(name) for each in self._remembered):
                return None
            none = "" if self._remembered else " None is remembered yet."
            raise UsageError(unknown(f"remembered filter `@{sanitize(name)}`", name, tuple(self._remembered)) + none)
        parsed = _Parser(self._remembered[name], False, self._remembered, inside=True).parse()
        if parsed.error:
            raise UsageError(f"The remembered filter `@{sanitize(name)}` is wrong: {parsed.error}")
        self._packages.update(dict.fromkeys(parsed.packages))
        self._fields |= parsed.fields
        return Term(parsed.judge)
