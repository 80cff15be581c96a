"""The packages of an environment by what a command has used of them, as rows and words."""

from __future__ import annotations

from rich.text import Text

from condatui.view_models import styles
from condatui.view_models.format import short_bytes
from condatui.view_models.table import TableColumn
from condatui_core.records.usage import PACKAGE_USES, PackageUsage, PackageUse, Usage
from condatui_core.text import counted, format_bytes, sanitize

_SENTENCES: dict[PackageUse, str] = {
    "used": "used",
    "needed": "needed by those",
    "metadata": "asked only for their metadata",
    "never": "never touched",
}
_STYLES: dict[PackageUse, str] = {
    "used": styles.GOOD,
    "needed": "",
    "metadata": styles.WARNING,
    "never": styles.DIM,
}
_COLUMNS = (
    TableColumn("use", "use", 8),
    TableColumn("name", "package", 36),
    TableColumn("source", "by", 5),
    TableColumn("size", "size", 6, align="right"),
    TableColumn("why", "because of", 200, flexible=True),
)


def end_words(usage: Usage) -> str:
    """How the command came to its end: `ended after 1.2 s`, `ended with 3 after 1.2 s`."""
    after = f"after {usage.seconds:.1f} s"
    if usage.end != "exited":
        return f"was ended {after}, at its time limit." if usage.end == "timed-out" else f"was stopped {after}."
    if usage.exit_code == 0:
        return f"ended {after}."
    if usage.exit_code is not None and usage.exit_code < 0:
        return f"was ended by signal {-usage.exit_code} {after}."
    return f"ended with exit code {usage.exit_code} {after}."


def summary_words(usage: Usage, separator: str) -> str:
    """How many packages have which mark, and what they take."""
    parts = []
    for use in PACKAGE_USES:
        found = usage.of(use)
        if found:
            size = format_bytes(sum(each.bytes for each in found))
            parts.append(f"{counted(len(found), 'package')} {_SENTENCES[use]} ({size})")
    return f" {separator} ".join(parts) or "no packages"


class UsageModel:
    """Packages as rows, those with one mark together, the largest first."""

    def __init__(self, usage: Usage, *, most: int | None = None) -> None:
        """With `most`, so many with one mark at most."""
        marked = [usage.of(use) for use in PACKAGE_USES]
        self._rows: list[PackageUsage] = [each for found in marked for each in found[:most]]
        self.hidden = len(usage.packages) - len(self._rows)
        """How many packages have no row."""

    @property
    def columns(self) -> tuple[TableColumn, ...]:
        """The columns of the table."""
        return _COLUMNS

    def __len__(self) -> int:
        return len(self._rows)

    def key(self, index: int) -> str:
        """The name of the package, with pip's told from conda's."""
        return f"{self._rows[index].source}:{self._rows[index].name}"

    def cells(self, index: int) -> tuple[Text, ...]:
        """The cells of one row."""
        each = self._rows[index]
        return (
            Text(each.use, _STYLES[each.use]),
            Text(sanitize(each.name)),
            Text("pip" if each.source == "pypi" else "conda"),
            Text(short_bytes(each.bytes)),
            Text(_because(each)),
        )


def _because(package: PackageUsage) -> str:
    if package.needed_by:
        return f"{sanitize(package.needed_by)} needs it"
    if not package.files:
        return ""
    more = f" and {counted(package.files - 1, 'file')} more" if package.files > 1 else ""
    return f"{sanitize(package.example)}{more}"
