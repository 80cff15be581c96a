"""Restore points as rows, and the details of one of them."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from datetime import datetime

from rich.text import Text

from condatui.view_models import styles
from condatui.view_models.format import below_home, format_age, short_bytes, spell_age
from condatui.view_models.glyphs import UNICODE, Glyphs
from condatui.view_models.table import TableColumn
from condatui_core.records.restore_point import RestorePointSummary
from condatui_core.text import counted, format_bytes, sanitize

COLUMNS = (
    TableColumn("signs", "", 2),
    TableColumn("name", "name", 32),
    TableColumn("made", "made", 7, align="right"),
    TableColumn("packages", "packages", 8, priority=3),
    TableColumn("bytes", "kept", 6, align="right", priority=2),
    TableColumn("here", "to bring it back", 40, cut="end"),
    TableColumn("why", "why", 44, cut="end", flexible=True, priority=1),
    TableColumn("prefix", "prefix", 60, flexible=True, priority=4),
)


class RestorePointsModel:
    """Restore points as rows, in the order given."""

    def __init__(
        self,
        points: Sequence[RestorePointSummary],
        *,
        now: datetime,
        marked: Collection[str] = (),
        glyphs: Glyphs = UNICODE,
        home: str = "",
    ) -> None:
        """`home` is the home directory, for which `~` stands in prefixes."""
        self._points = points
        self._home = home
        self._now = now
        self._marked = marked
        self._glyphs = glyphs

    @property
    def columns(self) -> tuple[TableColumn, ...]:
        """The columns, left to right."""
        return COLUMNS

    def __len__(self) -> int:
        return len(self._points)

    def key(self, index: int) -> str:
        """The id of the restore point."""
        return self._points[index].id

    def cells(self, index: int) -> tuple[Text, ...]:
        """The cells of a row."""
        point, glyphs = self._points[index], self._glyphs
        pip = f"+{point.pip_packages}" if point.pip_packages else ""
        glyph, style = _state(point, glyphs)
        return (
            Text.assemble((glyphs.mark if point.id in self._marked else " ", styles.STRONG), (glyph, style)),
            Text(sanitize(point.name)),
            Text(_made(point.at, self._now)),
            Text(f"{point.packages}{pip}"),
            Text(short_bytes(point.bytes)),
            Text(bring_back_words(point), style),
            Text(sanitize(point.why), styles.DIM),
            Text(sanitize(below_home(point.prefix, self._home)), styles.DIM),
        )


def _made(at: datetime, now: datetime) -> str:
    """How long ago; of today the time, as each change of one day makes a restore point."""
    local = at.astimezone(now.tzinfo)
    return f"{local:%H:%M}" if local.date() == now.date() else format_age(at, now)


def bring_back_words(point: RestorePointSummary) -> str:
    """What it takes to restore it, in a few words."""
    if point.problem:
        return sanitize(point.problem)
    replaces = "replaces what is there" if point.exists else ""
    if not point.to_download:
        return replaces or "everything is here"
    size = f", {format_bytes(point.download_bytes)}" if point.download_bytes else ""
    return ", ".join(filter(None, (replaces, f"{counted(len(point.to_download), 'package')} to download{size}")))


def restore_point_text(point: RestorePointSummary, now: datetime, *, glyphs: Glyphs = UNICODE) -> Text:
    """The details of one restore point, in lines."""
    return Text("\n").join(_lines(point, now, glyphs))


def _state(point: RestorePointSummary, glyphs: Glyphs) -> tuple[str, str]:
    if point.problem:
        return glyphs.error, styles.ERROR
    if point.exists:
        return glyphs.nothing, styles.DIM
    return (glyphs.warning, styles.WARNING) if point.to_download else (glyphs.good, styles.GOOD)


def _lines(point: RestorePointSummary, now: datetime, glyphs: Glyphs) -> Iterator[Text]:
    glyph, style = _state(point, glyphs)
    yield Text.assemble((sanitize(point.name), styles.STRONG), (f"  {sanitize(point.id)}", styles.DIM))
    yield Text.assemble(("prefix    ", styles.DIM), sanitize(point.prefix))
    at = point.at.astimezone(now.tzinfo)
    made = f"{at:%Y-%m-%d %H:%M}, {spell_age(point.at, now)}"
    yield Text.assemble(("made      ", styles.DIM), made + (f", {sanitize(point.why)}" if point.why else ""))
    pip = f" and {point.pip_packages} of pip" if point.pip_packages else ""
    held = f", {format_bytes(point.environment_bytes)} in its files" if point.environment_bytes else ""
    yield Text.assemble(("held      ", styles.DIM), f"{counted(point.packages, 'package')}{pip}{held}")
    yield Text.assemble(("kept      ", styles.DIM), format_bytes(point.bytes))
    yield Text(f"{glyph} {bring_back_words(point)}", style)
    for name in point.to_download:
        yield Text(f"  {sanitize(name)}", styles.DIM)
