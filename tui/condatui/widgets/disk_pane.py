"""The disk tab: whose the bytes of an environment are, and what they are."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from rich.text import Text
from textual.containers import Vertical

from condatui.view_models.signs import Signs
from condatui.widgets.line import Line
from condatui.widgets.virtual_table import VirtualTable

if TYPE_CHECKING:
    from condatui.view_models.disk_parts import DiskPartsModel
    from condatui.view_models.disk_shares import DiskSubject


class DiskPane(Vertical):
    """Three lines that sum up, and below them packages and directories; made when it is first looked at."""

    def __init__(self, signs: Signs, *, id: str | None = None) -> None:  # noqa: A002 - Textual's word
        super().__init__(id=id)
        self._signs = signs
        self._subject: DiskSubject | None = None
        self._model: DiskPartsModel | None = None
        self._lines = tuple(Line(id=f"disk-{name}") for name in ("shares", "sharers", "sum"))
        self.table = VirtualTable(signs, id="disk-parts")
        """The packages and directories; takes the keys."""

    @property
    def path(self) -> str | None:
        """The path under the cursor."""
        if self._model is None or not len(self._model):
            return None
        return self._model.path(self.table.cursor_row)

    @property
    def text(self) -> str:
        """What the lines say."""
        return "\n".join(line.text for line in self._lines)

    def show(self, subject: DiskSubject) -> None:
        """Show what is known of an environment's bytes."""
        if not self.children:
            self.mount(*self._lines, self.table)
        before = self._subject
        if subject == before:
            return
        self._subject = subject
        self._show_lines(subject)
        if before and before.breakdown is subject.breakdown and before.environment is subject.environment:
            return
        fresh = before is None or before.environment.prefix != subject.environment.prefix
        self._show_parts(subject, fresh=fresh)

    def _show_lines(self, subject: DiskSubject) -> None:
        from condatui.view_models.disk_shares import (  # noqa: PLC0415 - not before somebody looks
            parts_line,
            sharers_line,
            shares_line,
        )

        for line, make in zip(self._lines, (shares_line, sharers_line, parts_line), strict=True):
            line.draw(partial(make, subject, self._signs))

    def _show_parts(self, subject: DiskSubject, *, fresh: bool) -> None:
        from condatui.view_models.disk_parts import DiskPartsModel  # noqa: PLC0415 - as above

        self._model = DiskPartsModel(subject, chosen=self._signs)
        self.table.set_model(self._model, empty=Text(), fresh=fresh)
