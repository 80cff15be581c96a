"""The glyphs that carry a meaning without colour, each with an ASCII form for poor fonts."""

from __future__ import annotations

from msgspec import Struct

from condatui_core.records.finding import Severity


class Glyphs(Struct, frozen=True):
    """One set of glyphs; each takes one cell unless stated otherwise."""

    mark: str
    """The environment is marked."""
    base: str
    """The root environment of an installation."""
    active: str
    """The environment is active in the shell that condatui was started from."""
    frozen: str
    """conda refuses to change the environment."""
    kept: str
    """The user keeps the environment: nothing proposes it for removal."""
    baseline: str
    """New environments are cloned from it."""
    read_only: str
    """The user may not write in the prefix."""
    alias: str
    """The environment is also listed through a symlink; precedes the link's name."""
    error: str
    warning: str
    note: str
    good: str
    """No findings."""
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
    """The reference lacks the package, and the column has it."""
    remedy: str
    """Precedes the remedy of a finding."""
    minus: str
    """The reference has the package, and the column lacks it."""
    ascending: str
    """Sorted by this column, smallest first."""
    descending: str
    approximately: str
    """Precedes a number that was not measured, and an age of which the evidence is weak."""
    alike: str
    """Alike environments: precedes the name of the one to go to, and in place 3 the one that stays."""
    at_least: str
    """Precedes a lower bound: the number would be larger with what could not be read."""
    nothing: str
    """There is no value."""
    unread: str
    """Not read yet."""
    ellipsis: str
    """In place of what was cut; up to three cells."""
    separator: str
    """Between the parts of a line."""
    bar: str
    """One cell of a bar that shows a share."""
    bar_rest: str
    """One cell of what such a bar lacks."""

    def of(self, severity: Severity) -> str:
        """The glyph of a severity."""
        return {"error": self.error, "warning": self.warning, "note": self.note}[severity]


UNICODE = Glyphs(
    mark="●",
    base="⌂",
    active="►",
    frozen="◊",
    kept="■",
    baseline="≡",
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
    alike="≈",
    at_least="≥",
    nothing="–",
    unread="…",
    ellipsis="…",
    separator="·",
    bar="█",
    bar_rest="░",
)
"""For terminals whose font has them; none is an emoji, all are one cell wide."""

ASCII = Glyphs(
    mark="*",
    base="/",
    active=">",
    frozen="#",
    kept="K",
    baseline="B",
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
    alike="~",
    at_least=">",
    nothing="-",
    unread="...",
    ellipsis="..",
    separator="|",
    bar="#",
    bar_rest="-",
)
"""For poor fonts and terminals that do not speak UTF-8."""


# The shapes of the cursor, of rules and of choices


class Shapes(Struct, frozen=True):
    """One set of shapes, one cell each."""

    cursor: str
    """In front of the line under the cursor, in the pane with the focus."""
    cursor_elsewhere: str
    """The same in a pane without the focus."""
    rule: str
    """One cell of a horizontal line."""
    left: str
    """Before a choice: the left arrow key chooses another value. Of a table: there are columns further to the left."""
    right: str


UNICODE_SHAPES = Shapes(cursor="▌", cursor_elsewhere="▏", rule="─", left="‹", right="›")
ASCII_SHAPES = Shapes(cursor=">", cursor_elsewhere=".", rule="-", left="<", right=">")


def shapes_for(glyphs: Glyphs) -> Shapes:
    """The shapes that go with a set of glyphs."""
    return ASCII_SHAPES if glyphs == ASCII else UNICODE_SHAPES
