"""What a table widget needs to know of what it shows."""

from __future__ import annotations

from typing import Literal, Protocol

from msgspec import Struct
from rich.text import Text


class TableColumn(Struct, frozen=True):
    """One column of a table."""

    id: str
    """What `sort` and tests call it."""
    title: str
    width: int
    """Cells at most; the contents may need less."""
    align: Literal["left", "right"] = "left"
    cut: Literal["middle", "end"] = "middle"
    """Where a cell loses what does not fit: names differ at their ends, sentences begin with what matters."""
    flexible: bool = False
    """Whether it takes the room that is left over (and gives it up first)."""
    priority: int = 0
    """Columns of the highest number leave first when the terminal is narrow; 0 stays always."""


class TableModel(Protocol):
    """Rows by index, made when they are looked at: a table may have thousands and shows forty."""

    @property
    def columns(self) -> tuple[TableColumn, ...]:
        """The columns, left to right."""
        ...

    def __len__(self) -> int: ...

    def key(self, index: int) -> str:
        """The identity of a row, which the cursor follows when rows move."""
        ...

    def cells(self, index: int) -> tuple[Text, ...]:
        """The cells of a row, one a column, uncut; foreign text in them is printable and never markup."""
        ...
