"""All about one environment, in tabs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar, cast

from msgspec import Struct
from rich.text import Text
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.widget import Widget
from textual.widgets import ContentSwitcher

from condatui.view_models.details.packages import PackagesModel
from condatui.view_models.details.subject import DetailSubject
from condatui.view_models.format import shorten_middle
from condatui.view_models.glyphs import Glyphs, shapes_for
from condatui.widgets.line import Line
from condatui.widgets.virtual_table import VirtualTable
from condatui_core.records.environment import Environment
from condatui_core.text import sanitize

if TYPE_CHECKING:
    from condatui.view_models.gpu import GpuSubject
    from condatui.view_models.table import TableModel
    from condatui.widgets.detail_views import DiskPane
    from condatui.widgets.lines_pane import TextPane


# The rule above the details, which is their tabs as well.


_LEAST_NAME = 6
"""Cells in which a name says something."""


class Tab(Struct, frozen=True):
    """One of several views of the same thing."""

    id: str
    title: str
    count: int | None = None
    """How many lines there are to see; None where that says nothing."""


def tab_line(tabs: Sequence[Tab], active: str, subject: str, signs: Glyphs, width: int) -> Text:
    """The tabs along a rule, the active one reversed, and at its end whose details these are.

    Where there is no room for them, the counts are left out.
    """
    rule = shapes_for(signs).rule
    line = Text.assemble((rule, "dim"))
    counted = 1 + sum(len(_label(tab)) + 1 for tab in tabs) <= width
    for tab in tabs:
        label = _label(tab) if counted else f" {tab.title} "
        line.append(label, "bold reverse" if tab.id == active else "").append(rule, "dim")
    room = width - line.cell_len - 4
    name = shorten_middle(subject, room, signs.ellipsis) if room >= _LEAST_NAME else ""
    end = Text.assemble(f" {name} ", (rule, "dim")) if name else Text()
    line.append(rule * max(0, width - line.cell_len - end.cell_len), "dim")
    return line.append_text(end)


def _label(tab: Tab) -> str:
    return f" {tab.title} {tab.count} " if tab.count else f" {tab.title} "


class _Views(ContentSwitcher):
    """The view that is seen covers all of it: there is nothing to draw below."""

    BLANK = True


class DetailPane(Vertical):
    """The packages, channels, bytes, health and history of one environment; only the tab that is seen is made."""

    TABS: ClassVar[tuple[str, ...]] = ("packages", "channels", "disk", "health", "gpu", "history")

    def __init__(self, signs: Glyphs, *, id: str | None = None) -> None:  # noqa: A002 - Textual's word
        super().__init__(id=id)
        self._signs = signs
        self._subject: DetailSubject | None = None
        self._gpu: GpuSubject | None = None
        """What the GPU tab shows."""
        self._made: dict[str, DetailSubject] = {}
        """Of whom each tab shows the details."""

    def compose(self) -> ComposeResult:
        """The tabs' rule and, below it, the first view; the others come when they are looked at."""
        yield Line(id="tabs")
        with _Views(initial=self.TABS[0]):
            yield VirtualTable(self._signs, id=self.TABS[0])

    @property
    def tab(self) -> str:
        """The tab that is seen."""
        return self.query_one(ContentSwitcher).current or self.TABS[0]

    @property
    def view(self) -> Widget:
        """The widget of that tab, which takes the keys."""
        return self._disk.table if self.tab == "disk" else self.query_one(f"#{self.tab}")

    @property
    def path(self) -> str | None:
        """The path under the cursor, where the tab that is seen shows paths and has the keys."""
        return self._disk.path if self.tab == "disk" and self._disk.table.has_focus else None

    @property
    def command(self) -> str:
        """The way out that the GPU tab names, where it is seen and has the keys; empty if it names none."""
        gpu = self._subject.gpu if self._subject and self.tab == "gpu" and self.view.has_focus else None
        return gpu.command if gpu else ""

    @property
    def _disk(self) -> DiskPane:
        return cast("DiskPane", self.query_one("#disk"))

    def show(self, subject: DetailSubject | None) -> None:
        """Show the details of an environment; None is that there is none."""
        self._subject = subject
        self.query_one(ContentSwitcher).visible = subject is not None
        self._make()

    def turn(self, steps: int) -> None:
        """Go so many tabs to the right; the last one is followed by the first."""
        focused = self.view.has_focus
        tab = self.TABS[(self.TABS.index(self.tab) + steps) % len(self.TABS)]
        switcher = self.query_one(ContentSwitcher)
        if not switcher.query_children(f"#{tab}"):
            from condatui.widgets.detail_views import view_of  # noqa: PLC0415 - not before somebody looks

            switcher.mount(view_of(tab, self._signs))
        switcher.current = tab
        self._make()
        if focused:
            self.view.focus()

    def _make(self) -> None:
        """Fill the tab that is seen, unless it shows this already."""
        tab, subject = self.tab, self._subject
        self.query_one("#tabs", Line).draw(self._tab_line)
        if tab == "disk":
            if subject and subject.disk:
                self._disk.show(subject.disk)
            return
        if tab == "gpu":
            if subject and subject.gpu:
                self._show_gpu(subject, subject.gpu)
            return
        before = self._made.get(tab)
        if subject is None or (before and before.shown == subject.shown):
            return
        self._made[tab] = subject
        fresh = before is None or before.environment.prefix != subject.environment.prefix
        if tab == "health":
            self._show_text(tab, subject, fresh=fresh)
        else:
            table = self.query_one(f"#{tab}", VirtualTable)
            table.set_model(self._model(tab, subject), empty=_why_empty(tab, subject.environment), fresh=fresh)

    def _show_gpu(self, subject: DetailSubject, gpu: GpuSubject) -> None:
        if self._gpu and self._gpu.shown == gpu.shown:
            return
        fresh = self._gpu is None or self._gpu.environment.prefix != gpu.environment.prefix
        self._gpu = gpu
        self._show_text("gpu", subject, fresh=fresh)

    def _show_text(self, tab: str, subject: DetailSubject, *, fresh: bool) -> None:
        from condatui.widgets.detail_views import text_of  # noqa: PLC0415 - as above

        cast("TextPane", self.view).set_text(text_of(tab, subject, self._signs), fresh=fresh)

    def _model(self, tab: str, subject: DetailSubject) -> TableModel:
        if tab == "packages":
            return PackagesModel(subject.environment, subject.channels, signs=self._signs)
        from condatui.widgets.detail_views import model_of  # noqa: PLC0415 - as above

        return model_of(tab, subject, self._signs)

    def _tab_line(self, width: int) -> Text:
        environment = self._subject.environment if self._subject else None
        contents = environment.contents if environment else None
        tabs = (
            Tab("packages", "Packages", len(contents.packages) + len(contents.pip_distributions) if contents else None),
            Tab("channels", "Channels", len(environment.channels) if environment else None),
            Tab("disk", "Disk"),
            Tab("health", "Health", len(environment.findings) if environment else None),
            Tab("gpu", "GPU"),
            Tab("history", "History", len(contents.history.revisions) if contents else None),
        )
        name = sanitize(environment.name) if environment else ""
        return tab_line(tabs, self.tab, name, self._signs, width)


def _why_empty(tab: str, environment: Environment) -> Text:
    """Why there is nothing to see in a tab."""
    if environment.contents is None and environment.state == "ok":
        return Text("Not read yet.", "dim")
    if environment.state != "ok":
        return Text(f"Nothing to show: its state is {environment.state}, and Health says more.", "dim")
    why = {
        "packages": "No packages: nothing is installed here.",
        "channels": "No channels: nothing is installed here.",
        "history": "No history: conda-meta/history says nothing.",
    }
    return Text(why[tab], "dim")
