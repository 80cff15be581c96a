"""Print what a service would not need of an environment, for people."""

from __future__ import annotations

from rich.text import Text

from condatui.cli.invocation import Invocation
from condatui.cli.pages.tables import Printer
from condatui.view_models import styles
from condatui.view_models.details.slim import SlimModel, notes, sum_words
from condatui.view_models.format import short_bytes
from condatui.view_models.table import TableColumn
from condatui_core.records.slimming import SlimmedPackage, Slimming
from condatui_core.text import counted, format_bytes, sanitize

_PACKAGES = (
    TableColumn("name", "package", 40, flexible=True),
    TableColumn("version", "version", 14, priority=2),
    TableColumn("class", "class", 20, priority=1),
    TableColumn("disk", "disk", 5, align="right"),
    TableColumn("needed", "needed only by", 40, cut="end", priority=3),
)
_MOST = 20
"""The packages that a terminal shows; elsewhere all of them are printed."""


class _PackageRows:
    """The packages that go as a whole."""

    columns = _PACKAGES

    def __init__(self, packages: tuple[SlimmedPackage, ...]) -> None:
        self._packages = packages

    def __len__(self) -> int:
        return len(self._packages)

    def key(self, index: int) -> str:
        return f"{self._packages[index].source}:{self._packages[index].name}"

    def cells(self, index: int) -> tuple[Text, ...]:
        each = self._packages[index]
        needed = ", ".join(each.needed_by)
        texts = (each.name, each.version, each.class_name, short_bytes(each.bytes), needed)
        return tuple(Text(sanitize(text)) for text in texts)


def print_slimming(invocation: Invocation, slimming: Slimming) -> None:
    """Print a row with a bar for each class, the packages that go as a whole, and what could not be told."""
    printer = Printer(ascii_only=invocation.settings.ascii)
    printer.table(SlimModel(slimming, glyphs=printer.glyphs))
    shown = slimming.packages[:_MOST] if printer.on_terminal else slimming.packages
    if shown:
        printer.text(Text())
        printer.table(_PackageRows(shown))
        if more := len(slimming.packages) - len(shown):
            printer.text(Text(f"and {counted(more, 'more package')}: piped or with --json all are listed", styles.DIM))
    if found := notes(slimming):
        printer.text(Text())
        printer.text(Text("\n").join(Text(f"{printer.glyphs.warning} {each}", styles.WARNING) for each in found))
    printer.text(Text())
    printer.text(Text(f"{sum_words(slimming, printer.glyphs)}."))
    printer.text(Text(f"Deleting everything but what stays would free {format_bytes(slimming.frees)} on this disk."))
