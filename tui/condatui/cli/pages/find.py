"""Print which environments have what is wanted, and what the nearest others lack, for people."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

from rich.text import Text

from condatui.cli.invocation import Invocation
from condatui.cli.pages.tables import Printer
from condatui.view_models import styles
from condatui.view_models.format import format_age
from condatui.view_models.glyphs import Glyphs
from condatui.view_models.table import TableColumn
from condatui_core.analyses.suitability import Answer, Suitability
from condatui_core.records.environment import Environment
from condatui_core.text import counted, sanitize

MOST_OTHERS = 10
"""As many of the environments that lack something are shown, unless all are asked for."""

_NAME = TableColumn("name", "name", 36)
_SATISFYING = (
    _NAME,
    TableColumn("beside", "beside", 6, align="right"),
    TableColumn("used", "used", 5, align="right"),
    TableColumn("has", "has", 200, cut="end", flexible=True),
)
_LACKING = (
    _NAME,
    TableColumn("count", "lacks", 5, align="right"),
    TableColumn("lacks", "what", 200, cut="end", flexible=True),
)

_MakeCells = Callable[[Suitability], tuple[Text, ...]]


class _FoundModel:
    """Environments as rows."""

    def __init__(self, found: Sequence[Suitability], columns: tuple[TableColumn, ...], make: _MakeCells) -> None:
        self._found = found
        self._columns = columns
        self._make = make

    @property
    def columns(self) -> tuple[TableColumn, ...]:
        return self._columns

    def __len__(self) -> int:
        return len(self._found)

    def key(self, index: int) -> str:
        return self._found[index].environment.prefix

    def cells(self, index: int) -> tuple[Text, ...]:
        return self._make(self._found[index])


def print_found(invocation: Invocation, found: Sequence[Suitability], *, everything: bool) -> None:
    """Print the environments that satisfy with what they have, then the nearest others with what they lack."""
    printer = Printer(ascii_only=invocation.settings.ascii)
    satisfying = [each for each in found if each.satisfies]
    others = found[len(satisfying) :]
    printer.text(Text(_headline(len(satisfying), len(found)), styles.STRONG))
    if satisfying:
        now, glyphs = invocation.clock(), printer.glyphs
        printer.table(_FoundModel(satisfying, _SATISFYING, lambda each: _satisfying_cells(each, now, glyphs)))
    if others:
        shown = others if everything else others[:MOST_OTHERS]
        printer.text(Text("\nWhat the others lack, the nearest first:" if satisfying else "The nearest first:"))
        printer.table(_FoundModel(shown, _LACKING, lambda each: _lacking_cells(each, printer.glyphs)))
        if more := len(others) - len(shown):
            printer.text(Text(f"And {more} more: --all shows them.", styles.DIM))


def _headline(satisfying: int, every: int) -> str:
    environments = counted(every, "environment")
    if not satisfying:
        return (
            f"None of {environments} has all of it." if every > 1 else f"The only {environments[2:]} lacks some of it."
        )
    return f"{satisfying} of {environments} {'has' if satisfying == 1 else 'have'} all of it."


def _satisfying_cells(found: Suitability, now: datetime, glyphs: Glyphs) -> tuple[Text, ...]:
    used = found.environment.last_used
    has = f" {glyphs.separator} ".join(map(held_words, found.answers))
    return (
        _name(found.environment),
        Text(str(found.beside)),
        Text(format_age(used.at, now) if used else glyphs.nothing),
        Text(has),
    )


def _lacking_cells(found: Suitability, glyphs: Glyphs) -> tuple[Text, ...]:
    if not found.answers:
        return _name(found.environment), Text(glyphs.nothing), Text("nothing is asked of it", styles.DIM)
    lacks = found.lacks
    missing = ", ".join(sanitize(each.name) for each in lacks if each.lack == "missing")
    parts = [f"no {missing}"] if missing else []
    parts += [lack_words(each) for each in lacks if each.lack != "missing"]
    return (
        _name(found.environment),
        Text(str(len(lacks))),
        Text(f" {glyphs.separator} ".join(parts)),
    )


def _name(environment: Environment) -> Text:
    """Its name; where some of it could not be read, what seems to be missing may be there."""
    name = Text(sanitize(environment.full_name))
    return name if environment.state == "ok" else name.append(f" {environment.state}", styles.DIM)


def held_words(answer: Answer) -> str:
    """What is there: `numpy 1.26.4`, `torch 2.5.1 pip`."""
    return sanitize(" ".join(filter(None, (answer.name, answer.have, "pip" if answer.source == "pypi" else ""))))


def lack_words(answer: Answer) -> str:
    """In what a package that is there falls short: `numpy 1.26.4 is not >=2`."""
    if answer.lack == "channel":
        version, _, channel = answer.have.rpartition(" ")
        here = "pip's" if answer.source == "pypi" else f"from {channel}"
        wanted = answer.want.rpartition(" ")[2]
        return sanitize(f"{answer.name} {version} is {here}, not from {wanted}")
    verb = "may not be" if answer.lack == "unclear" else "is not"
    return f"{held_words(answer)} {verb} {sanitize(answer.want)}"
