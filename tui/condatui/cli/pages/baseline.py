"""Print the baseline, and a proposal of one, for people."""

from __future__ import annotations

from collections.abc import Iterator

from rich.text import Text

from condatui.cli.documents.baseline import BaselineDocument, ProposalDocument, ProposedDocument
from condatui.cli.invocation import Invocation
from condatui.cli.pages.tables import Printer
from condatui.view_models import styles
from condatui.view_models.table import TableColumn
from condatui_core.text import counted, format_bytes, sanitize

_COLUMNS = (
    TableColumn("name", "package", 40),
    TableColumn("version", "version", 20),
    TableColumn("channel", "channel", 24, priority=2),
    TableColumn("environments", "in", 4, align="right"),
    TableColumn("needed", "needed by", 40, flexible=True, priority=1),
)


class _ProposedRows:
    """A table model of the packages that are proposed."""

    columns = _COLUMNS

    def __init__(self, packages: tuple[ProposedDocument, ...]) -> None:
        self._packages = packages

    def __len__(self) -> int:
        return len(self._packages)

    def key(self, index: int) -> str:
        return self._packages[index].name

    def cells(self, index: int) -> tuple[Text, ...]:
        each = self._packages[index]
        return (
            Text(sanitize(each.name)),
            Text(sanitize(each.version)),
            Text(sanitize(each.channel)),
            Text(str(each.environments)),
            Text(sanitize(each.needed_by or ""), styles.DIM),
        )


def baseline_words(document: BaselineDocument) -> str:
    """One sentence that says which it is."""
    if document.name is None:
        return "There is no baseline: new environments are cloned from conda's base."
    by = " by the setting `baseline`" if document.by_setting else ""
    return f"The baseline is {sanitize(document.name)}{by}: {sanitize(document.prefix or '')}"


def print_baseline(invocation: Invocation, document: BaselineDocument) -> None:
    """Print which it is, and which environments are behind it in which packages."""
    printer = Printer(ascii_only=invocation.settings.ascii)
    printer.text(Text(baseline_words(document)))
    for each in document.behind:
        printer.text(Text(f"\n{sanitize(each.name)} is behind it in {len(each.packages)}:"))
        for package in each.packages:
            line = f"  {sanitize(package.name)} {sanitize(package.version)} → {sanitize(package.newer)}"
            printer.text(Text(line))


def print_proposal(invocation: Invocation, document: ProposalDocument, *, file: str) -> None:
    """Print what is proposed, what is left out, what it would have saved, and how to make it."""
    printer = Printer(ascii_only=invocation.settings.ascii)
    if document.packages:
        printer.table(_ProposedRows(document.packages))
        printer.text(Text())
    for line in _about(document, file):
        printer.text(Text(line))


def _about(document: ProposalDocument, file: str) -> Iterator[str]:
    of = counted(len(document.environments), "environment")
    added = sum(1 for each in document.packages if each.needed_by)
    shared = counted(len(document.packages) - added, "package")
    yield f"More than {document.share:.0%} of {of} with python have {shared} in one version; {added} more are needed."
    for left in document.left_out:
        yield f"Left out: {sanitize(left.name)} {sanitize(left.version)}: {sanitize(left.why)}"
    if not document.packages:
        return
    for each in document.environments:
        yield f"{sanitize(each.name)}: {each.same} of {each.packages} packages would have come from it"
    yield _saved(document.saved_bytes)
    yield "`condatui baseline --propose -o FILE` writes it." if not file else f"It is written to {sanitize(file)}."
    yield f"Make it:  {sanitize(document.command)}"
    yield "Then:     condatui baseline --set baseline"


def _saved(saved: int) -> str:
    if not saved:
        return "None of it is stored more than once."
    return f"Clones of it would share what is stored several times now: {format_bytes(saved)}."
