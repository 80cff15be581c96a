"""The columns of place 1: which there are, which the user has chosen, and how wide they want to be."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Iterable, Mapping, Sequence
from types import MappingProxyType

from msgspec import Struct
from msgspec.structs import replace

from condatui.view_models.environments.query import PACKAGE
from condatui.view_models.table import TableColumn, least_width
from condatui_core.settings import SettingError
from condatui_core.text import sanitize

# The columns that there are


CODES = "channel codes"
"""The id of the column that stands in place of that of channels where there is less room."""

COLUMNS = (
    TableColumn("mark", "", 1),
    TableColumn("host", "host", 16),
    TableColumn("name", "name", 36),
    TableColumn("python", "python", 8, priority=3, reserved=7),
    TableColumn("packages", "packages", 8, priority=3),
    TableColumn("channels", "channels", 28, priority=2),
    TableColumn(CODES, "channels", 16, priority=2, comfort=8, brief=True),
    TableColumn("disk", "disk", 6, align="right", priority=1, reserved=6),
    TableColumn("frees", "frees", 6, align="right", priority=1, reserved=6),
    TableColumn("inodes", "inodes", 6, align="right", priority=7, reserved=6),
    TableColumn("behind", "behind", 6, align="right", priority=6),
    TableColumn("used", "used", 6, align="right", priority=4, reserved=6),
    TableColumn("gpu", "gpu", 5, priority=4, reserved=5),
    TableColumn("findings", "findings", 60, cut="end", flexible=True, comfort=19),
)
"""In their usual order. The mark, the host if there are several, and the name are always there; the findings stay in a
terminal of any width unless the user has left them out."""

MEANINGS: Mapping[str, str] = MappingProxyType(
    {
        "python": "the version of its Python",
        "packages": "how many conda has installed, and with + how many pip has",
        "channels": "where its conda packages came from, that of most first",
        "disk": "what it takes on the disk, with what it shares",
        "frees": "what df gains if it goes",
        "inodes": "how many files and directories it has, which quotas limit too",
        "behind": "how many packages the baseline has in a newer version",
        "used": "when it was last used",
        "gpu": "what a GPU check or its files say of CUDA",
        "findings": "what is worth knowing about it",
    }
)
"""By column that the user can choose, what it says."""

NAME = "name"
_ALWAYS = ("mark", "host", NAME)
CHOICES = tuple(MEANINGS)
"""The ids of the columns that the user can leave out and put into another order."""


# What the user chooses


class ColumnChoice(Struct, frozen=True):
    """The columns that can be chosen, in the order of the user, and which of them are on."""

    order: tuple[str, ...]
    on: frozenset[str]

    @staticmethod
    def of(shown: Sequence[str]) -> ColumnChoice:
        """The choice of the columns that are `shown`; those that are not come last, in their usual order."""
        on = [each for each in shown if each in CHOICES]
        return ColumnChoice((*on, *(each for each in CHOICES if each not in on)), frozenset(on))

    @property
    def chosen(self) -> tuple[str, ...]:
        """The ids for the settings: those that are on, in their order; the name alone if none is."""
        return tuple(each for each in self.order if each in self.on) or (NAME,)

    def turned(self, column: str) -> ColumnChoice:
        """The choice with one column on instead of off, or the reverse."""
        return replace(self, on=self.on ^ {column})

    def moved(self, column: str, steps: int) -> ColumnChoice:
        """The choice with one column so many places further down, as far as there are any."""
        order = [each for each in self.order if each != column]
        order.insert(max(0, self.order.index(column) + steps), column)
        return replace(self, order=tuple(order))


# Which of them are shown


def columns_of(
    chosen: Sequence[str] = (),
    *,
    absent: Collection[str] = (),
    packages: Sequence[str] = (),
    sorted_by: str = NAME,
    wanted: str = "",
) -> tuple[TableColumn, ...]:
    """The columns of the table, left to right: those that the user has `chosen`, or else the usual ones.

    Chosen columns stay in a terminal of any width, which scrolls then; usual ones leave a narrow one. What the rows
    are sorted by, and what is `wanted` because the user has asked for it, stays in any case. `absent` ones have
    nothing to say. Each of the `packages` has a column after the name.
    """
    shown = [each for each in (_staying(chosen) if chosen else _usual(wanted)) if each.id not in absent]
    asked = [TableColumn(f"{PACKAGE}{each}", each, 36, cut="end", flexible=True) for each in packages]
    there = {each.id for each in (*shown, *asked)}
    asked += [each for each in COLUMNS if each.id == sorted_by and sorted_by not in there]
    after_name = 1 + next(place for place, each in enumerate(shown) if each.id == NAME)
    shown[after_name:after_name] = asked
    return tuple(replace(each, priority=0) if each.id == sorted_by else each for each in shown)


def _usual(wanted: str) -> Iterable[TableColumn]:
    return (replace(each, priority=1) if each.id == wanted else each for each in COLUMNS)


def _staying(chosen: Sequence[str]) -> Iterable[TableColumn]:
    """The columns that are always there and then the chosen ones, all of which stay."""
    ids = [each for each in chosen if each not in _ALWAYS]
    ordered = [*_ALWAYS, *(each for name in ids for each in ((name, CODES) if name == "channels" else (name,)))]
    known = {each.id: replace(each, priority=0) for each in COLUMNS}
    return (known[name] for name in ordered)


def while_reading(column: TableColumn) -> TableColumn:
    """A column of a table of which much is still to come: that of the channels keeps its place then."""
    return replace(column, reserved=column.width) if column.id == "channels" else column


# The layout that they leave room for


_LEAST_BESIDE = 132
"""The width of a terminal from which on the details may stand beside the table."""
_TABLE = 2 / 3
"""The part of it that the table has then."""


def fit_beside(width: int, columns: Sequence[TableColumn], findings: int = 0) -> bool:
    """Whether a terminal is so wide that the table has all of its columns, in full, with the details beside it.

    `findings` are the cells that the findings which are shown need, as far as their column goes.
    """
    fuller = [
        replace(each, comfort=max(each.comfort, min(findings, each.width))) if each.id == "findings" else each
        for each in columns
    ]
    return width >= _LEAST_BESIDE and int(width * _TABLE) - 1 >= least_width(fuller)


# What the settings may say


def check_columns(names: Sequence[str]) -> None:
    """Raise SettingError for a column that there is not, or that is named twice."""
    for place, name in enumerate(names):
        if name not in (NAME, *CHOICES):
            close = difflib.get_close_matches(name, (NAME, *CHOICES), n=1)
            hint = f"Did you mean `{close[0]}`?" if close else f"There are {', '.join((NAME, *CHOICES))}."
            raise SettingError(f"There is no column `{sanitize(name)}`.", "columns", hint=hint)
        if name in names[:place]:
            raise SettingError(f"The column `{name}` is named twice.", "columns")
