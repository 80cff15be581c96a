"""The signs that carry meaning before colour does, each with an ASCII form for poor fonts."""

from __future__ import annotations

from msgspec import Struct

from condatui_core.records.finding import Severity

# The signs that carry meaning before colour does, each with an ASCII form for poor fonts.


class Glyphs(Struct, frozen=True):
    """One set of signs; each takes one cell unless it says otherwise."""

    mark: str
    """The environment is marked."""
    base: str
    """The root environment of an installation."""
    active: str
    """The environment is active in the shell that condatui was started from."""
    frozen: str
    """conda refuses to change the environment."""
    read_only: str
    """The user may not write in the prefix."""
    alias: str
    """The environment is listed through a symlink too; stands before the link's name."""
    error: str
    warning: str
    note: str
    good: str
    """Nothing to find fault with."""
    requested: str
    """The user asked for the package."""
    pip: str
    """pip installed it."""
    replaced: str
    """pip replaced the files of the conda package."""
    other: str
    """The cell differs from the reference in build or channel."""
    newer: str
    """The version is newer than the reference's."""
    older: str
    added: str
    """The reference lacks what is here."""
    remedy: str
    """Stands before what to do about a finding."""
    minus: str
    """The reference has what is lacking here."""
    ascending: str
    """Sorted by this column, smallest first."""
    descending: str
    approximately: str
    """Stands before a number that was not measured."""
    at_least: str
    """Stands before a number that is more than this by what could not be read."""
    nothing: str
    """There is no such thing."""
    unread: str
    """Not read yet."""
    ellipsis: str
    """What a cut leaves; up to three cells."""
    separator: str
    """Between the parts of a line."""

    def of(self, severity: Severity) -> str:
        """The sign of a severity."""
        return {"error": self.error, "warning": self.warning, "note": self.note}[severity]


UNICODE = Glyphs(
    mark="●",
    base="⌂",
    active="►",
    frozen="◊",
    read_only="ø",
    alias="←",
    error="✗",
    warning="!",
    note="·",
    good="✓",
    requested="▪",
    pip="▫",
    replaced="≠",
    other="≠",
    newer="↑",
    older="↓",
    added="+",
    remedy="→",
    minus="−",
    ascending="▴",
    descending="▾",
    approximately="~",
    at_least="≥",
    nothing="–",
    unread="…",
    ellipsis="…",
    separator="·",
)
"""For terminals with a font that has them; none is an emoji, all are one cell wide."""

ASCII = Glyphs(
    mark="*",
    base="/",
    active=">",
    frozen="#",
    read_only="r",
    alias="@",
    error="x",
    warning="!",
    note="-",
    good="+",
    requested="*",
    pip="p",
    replaced="=",
    other="!",
    newer="^",
    older="v",
    added="+",
    remedy=">",
    minus="-",
    ascending="^",
    descending="v",
    approximately="~",
    at_least=">",
    nothing="-",
    unread="...",
    ellipsis="..",
    separator="|",
)
"""For poor fonts and terminals that do not speak UTF-8."""


# What is drawn rather than said: the cursor and the rules between panes.


class Shapes(Struct, frozen=True):
    """One set of shapes, one cell each."""

    cursor: str
    """In front of the line under the cursor, where the keys go."""
    cursor_elsewhere: str
    """The same in a pane that the keys do not go to."""
    rule: str
    """A horizontal line, cell by cell."""
    left: str
    """Before a choice: the arrow to the left chooses another."""
    right: str


UNICODE_SHAPES = Shapes(cursor="▌", cursor_elsewhere="▏", rule="─", left="‹", right="›")
ASCII_SHAPES = Shapes(cursor=">", cursor_elsewhere=".", rule="-", left="<", right=">")


def shapes_for(chosen: Glyphs) -> Shapes:
    """The shapes that go with a set of signs."""
    return ASCII_SHAPES if chosen == ASCII else UNICODE_SHAPES
