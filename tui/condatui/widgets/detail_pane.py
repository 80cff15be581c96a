"""The details of one environment, in tabs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar, cast

from msgspec import Struct
from rich.text import Text
from textual import on
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.message import Message
from textual.widget import Widget
from textual.widgets import ContentSwitcher

from condatui.view_models import styles
from condatui.view_models.details.packages import PackageRow, PackagesModel
from condatui.view_models.details.subject import DetailSubject
from condatui.view_models.format import shorten_middle
from condatui.view_models.glyphs import Glyphs, shapes_for
from condatui.widgets.input_bars import FilterBar
from condatui.widgets.line import Line
from condatui.widgets.virtual_table import VirtualTable
from condatui_core.text import sanitize

if TYPE_CHECKING:
    from condatui.view_models.details.channels import ChannelsModel
    from condatui.view_models.gpu import GpuSubject
    from condatui.widgets.blocks_pane import BlocksPane
    from condatui.widgets.detail_views import DiskPane, HistoryPane
    from condatui.widgets.lines_pane import TextPane
    from condatui.widgets.slim_pane import SlimPane
    from condatui_core.records.environment import Environment
    from condatui_core.records.prefix import Revision


# The line above the details: a rule that carries the tabs


_LEAST_NAME = 6
"""Cells below which a shortened name is left out."""


class Tab(Struct, frozen=True):
    """One of several views of the same thing."""

    id: str
    title: str
    count: int | None = None
    """How many lines the tab has; None for a tab whose lines are not counted."""
    shown: int | None = None
    """How many of them a filter lets pass; None if there is no filter."""


def tab_line(tabs: Sequence[Tab], active: str, subject: str, glyphs: Glyphs, width: int) -> Text:
    """The tabs along a rule, the active one reversed, and at its end the name of the environment.

    Where the line is too narrow for them, the counts are left out.
    """
    rule = shapes_for(glyphs).rule
    line = Text.assemble((rule, styles.DIM))
    counted = 1 + sum(len(_label(tab)) + 1 for tab in tabs) <= width
    for tab in tabs:
        label = _label(tab) if counted else f" {tab.title} "
        line.append(label, "bold reverse" if tab.id == active else "").append(rule, styles.DIM)
    room = width - line.cell_len - 4
    name = shorten_middle(subject, room, glyphs.ellipsis) if room >= _LEAST_NAME else ""
    end = Text.assemble(f" {name} ", (rule, styles.DIM)) if name else Text()
    line.append(rule * max(0, width - line.cell_len - end.cell_len), styles.DIM)
    return line.append_text(end)


def _label(tab: Tab) -> str:
    of = f"{tab.shown} of " if tab.shown is not None else ""
    return f" {tab.title} {of}{tab.count} " if tab.count else f" {tab.title} "


class _Views(ContentSwitcher):
    """The visible view covers the whole switcher, so the switcher itself draws nothing."""

    BLANK = True


class DetailPane(Vertical):
    """What there is to see of one environment, in tabs; only visited tabs are built."""

    class FilterTyped(Message):
        """The user has typed a filter for the packages."""

    TABS: ClassVar[tuple[str, ...]] = ("packages", "channels", "disk", "health", "gpu", "history", "slim")

    def __init__(self, glyphs: Glyphs, *, id: str | None = None) -> None:  # noqa: A002 - Textual's word
        super().__init__(id=id)
        self._glyphs = glyphs
        self._subject: DetailSubject | None = None
        self._gpu: GpuSubject | None = None
        """What the GPU tab shows."""
        self._shown: dict[str, DetailSubject] = {}
        """By tab, what it shows."""
        self._packages_filter = ""
        self._models: dict[str, PackagesModel | ChannelsModel] = {}
        """By tab, the rows of its table."""

    def compose(self) -> ComposeResult:
        """The line of tabs and, below it, the first view; the others are built at the first visit."""
        yield Line(id="tabs")
        with _Views(initial=self.TABS[0]):
            yield VirtualTable(self._glyphs, id=self.TABS[0])

    @property
    def tab(self) -> str:
        """The visible tab."""
        return self.query_one(ContentSwitcher).current or self.TABS[0]

    @property
    def view(self) -> Widget:
        """The widget of the visible tab, which takes the focus."""
        if self.tab == "disk":
            return self._disk.table
        if self.tab == "slim":
            return self._slim.table
        return self._history.table if self.tab == "history" else self.query_one(f"#{self.tab}")

    @property
    def copied(self) -> str:
        """What is copied of the line under the cursor of the visible tab; empty if there is nothing.

        A spec, a URL, a path, the command of a revision or that a finding or the GPU check advises, a class.
        """
        match self.tab:
            case "disk":
                return self._disk.copied
            case "health":
                block = cast("BlocksPane", self.view).block
                return block.to_copy if block else ""
            case "gpu":
                return self._gpu.command if self._gpu else ""
            case "history":
                return self._history.revision.command if self._history.revision else ""
            case "slim":
                return self._slim.name_under_cursor
        model, row = self._models.get(self.tab), self.query_one(f"#{self.tab}", VirtualTable).cursor_row
        return model.copied(row) if model is not None and row < len(model) else ""

    @property
    def revision(self) -> Revision | None:
        """The revision under the cursor, if the history tab is visible and has the focus."""
        return self._history.revision if self.tab == "history" and self._history.is_entered else None

    @property
    def package(self) -> PackageRow | None:
        """The package under the cursor, if the packages tab is visible and has the focus."""
        model, table = self._models.get("packages"), self.query_one("#packages", VirtualTable)
        if not isinstance(model, PackagesModel) or self.tab != "packages" or not table.has_focus:
            return None
        return model.row(table.cursor_row) if table.cursor_row < len(model) else None

    @property
    def packages_are_filtered(self) -> bool:
        """Whether a filter hides packages in the visible tab."""
        return self.tab == "packages" and bool(self._packages_filter)

    @property
    def package_filter_is_in_use(self) -> bool:
        """Whether a filter hides packages in the visible tab, and the tab has the focus."""
        return self.packages_are_filtered and self.view.has_focus

    @property
    def is_typed_in(self) -> bool:
        """Whether the user types a filter for the packages."""
        return any(bar.is_typed_in for bar in self.query(FilterBar))

    async def type_packages_filter(self) -> None:
        """Open the line for the filter of the packages, which is made at the first use."""
        if not self.query(FilterBar):
            await self.mount(FilterBar(id="packages-filter"))
        self.query_one(FilterBar).open(self._packages_filter)

    def filter_packages(self, text: str) -> None:
        """Show only the packages that match, in this environment and in those that are gone to."""
        self._apply_packages_filter(text)
        self._show_filter_bar()

    def _apply_packages_filter(self, text: str) -> None:
        self._packages_filter = text
        if self._subject and self.tab == "packages":
            self._show_rows("packages", self._subject, fresh=False)
            self.query_one("#packages", VirtualTable).rest_at_top()
            self.query_one("#tabs", Line).draw(self._tab_line)

    def _show_filter_bar(self) -> None:
        """Keep the filter visible below the packages as long as it hides some."""
        for bar in self.query(FilterBar):
            bar.display = self.packages_are_filtered

    @on(FilterBar.FilterChanged)
    def _take_filter(self, event: FilterBar.FilterChanged) -> None:
        event.stop()
        self._apply_packages_filter(event.text)

    @on(FilterBar.FilterClosed)
    def _close_filter(self, event: FilterBar.FilterClosed) -> None:
        event.stop()
        self._show_filter_bar()
        self.view.focus()
        self.post_message(self.FilterTyped())

    @property
    def _disk(self) -> DiskPane:
        return cast("DiskPane", self.query_one("#disk"))

    @property
    def _history(self) -> HistoryPane:
        return cast("HistoryPane", self.query_one("#history"))

    @property
    def _slim(self) -> SlimPane:
        return cast("SlimPane", self.query_one("#slim"))

    def show(self, subject: DetailSubject | None) -> None:
        """Show the details of an environment, or nothing for None."""
        self._subject = subject
        self.query_one(ContentSwitcher).visible = subject is not None
        self._fill()

    def turn(self, steps: int) -> None:
        """Go so many tabs to the right; after the last tab comes the first."""
        self.go_to(self.TABS[(self.TABS.index(self.tab) + steps) % len(self.TABS)])

    def turn_slim(self) -> bool:
        """In the slim tab, turn between the classes and what a command used; returns whether there are both."""
        return self.tab == "slim" and self._slim.turn()

    def go_to(self, tab: str) -> None:
        """Go to a tab, which is built at the first visit; the focus stays in the details if it is there."""
        focused = self.view.has_focus
        switcher = self.query_one(ContentSwitcher)
        if not switcher.query_children(f"#{tab}"):
            from condatui.widgets.detail_views import view_of  # noqa: PLC0415 - imported at the first visit

            switcher.mount(view_of(tab, self._glyphs))
        switcher.current = tab
        self._fill()
        self._show_filter_bar()
        if focused:
            self.view.focus()

    def _fill(self) -> None:
        """Fill the visible tab, unless it shows this already."""
        tab, subject = self.tab, self._subject
        self.query_one("#tabs", Line).draw(self._tab_line)
        if tab == "disk":
            if subject and subject.disk:
                self._disk.show(subject.disk)
            return
        if tab == "gpu":
            if subject and subject.gpu:
                self._show_gpu(subject.gpu)
            return
        if tab == "history":
            if subject:
                self._history.show(subject, empty=_why_empty(tab, subject))
            return
        if tab == "slim":
            if subject and subject.slim:
                self._slim.show(subject.slim, subject.traced, subject.stop_key)
            return
        before = self._shown.get(tab)
        if subject is None or (before and before.shown == subject.shown):
            return
        self._shown[tab] = subject
        fresh = before is None or before.environment.prefix != subject.environment.prefix
        if tab == "health":
            from condatui.widgets.detail_views import show_health  # noqa: PLC0415 - imported at the first visit

            show_health(cast("BlocksPane", self.view), subject, self._glyphs, fresh=fresh)
        else:
            self._show_rows(tab, subject, fresh=fresh)

    def _show_rows(self, tab: str, subject: DetailSubject, *, fresh: bool) -> None:
        table, model = self.query_one(f"#{tab}", VirtualTable), self._model(tab, subject)
        self._models[tab] = model
        table.set_model(model, empty=self._why_no_rows(tab, subject), fresh=fresh)

    def _show_gpu(self, gpu: GpuSubject) -> None:
        if self._gpu and self._gpu.shown == gpu.shown:
            return
        fresh = self._gpu is None or self._gpu.environment.prefix != gpu.environment.prefix
        self._gpu = gpu
        from condatui.widgets.detail_views import show_gpu  # noqa: PLC0415 - imported at the first visit

        show_gpu(cast("TextPane", self.view), gpu, self._glyphs, fresh=fresh)

    def _model(self, tab: str, subject: DetailSubject) -> PackagesModel | ChannelsModel:
        if tab == "packages":
            return PackagesModel(
                subject.environment,
                subject.channels,
                glyphs=self._glyphs,
                codes=subject.codes,
                text=self._packages_filter,
            )
        from condatui.view_models.details.channels import ChannelsModel  # noqa: PLC0415 - imported at the first visit

        return ChannelsModel(subject.environment, subject.channels, glyphs=self._glyphs, codes=subject.codes)

    def _why_no_rows(self, tab: str, subject: DetailSubject) -> Text:
        if tab == "packages" and self._packages_filter.strip() and _count_packages(subject.environment):
            return Text(f"No package matches `{sanitize(self._packages_filter)}`: esc clears the filter.", styles.DIM)
        return _why_empty(tab, subject)

    @property
    def _packages_shown(self) -> int | None:
        """How many packages pass the filter; None without one, or where another tab is visible."""
        model = self._models.get("packages")
        return len(model) if model is not None and self.packages_are_filtered else None

    def _tab_line(self, width: int) -> Text:
        environment = self._subject.environment if self._subject else None
        contents = environment.contents if environment else None
        tabs = (
            Tab("packages", "Packages", _count_packages(environment), self._packages_shown),
            Tab("channels", "Channels", _count_channels(environment)),
            Tab("disk", "Disk"),
            Tab("health", "Health", len(environment.findings) if environment else None),
            Tab("gpu", "GPU"),
            Tab("history", "History", len(contents.history.revisions) if contents else None),
            Tab("slim", "Slim"),
        )
        name = sanitize(environment.label) if environment else ""
        if self._subject and (told := self._subject.told):
            name = f"{name} on {told.host}"
        return tab_line(tabs, self.tab, name, self._glyphs, width)


def _count_packages(environment: Environment | None) -> int | None:
    contents = environment.contents if environment else None
    return len(contents.packages) + len(contents.pip_distributions) if contents else None


def _count_channels(environment: Environment | None) -> int | None:
    """How many rows the tab of the channels has: pip's packages have one for each kind of origin."""
    if environment is None:
        return None
    pip = environment.contents.pip_distributions if environment.contents else ()
    kinds = len({each.origin for each in pip})
    return len(environment.channels) + max(0, kinds - 1)  # of pip's, `channels` counts one


def _why_empty(tab: str, subject: DetailSubject) -> Text:
    """Why a tab is empty."""
    environment = subject.environment
    if environment.host and (tab == "history" or environment.contents is None):
        from condatui.view_models.told import no_history, no_packages  # noqa: PLC0415 - only snapshots need it

        untold = no_history(environment.host) if tab == "history" else no_packages(environment, subject.told)
        return Text(untold, styles.DIM)
    if environment.contents is None and environment.state == "ok":
        return Text("Not read yet.", styles.DIM)
    if environment.state != "ok":
        return Text(f"Nothing to show: its state is {environment.state}, and Health says more.", styles.DIM)
    why = {
        "packages": "No packages: nothing is installed here.",
        "channels": "No channels: nothing is installed here.",
        "history": "No history: conda-meta/history says nothing.",
    }
    return Text(why[tab], styles.DIM)
